"""What boto3 raises, turned into what a person can mend: the one place that knows both."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from ngopi.errors import (
    ClockSkewError,
    CredentialsMissingError,
    CredentialsRefusedError,
    NgopiError,
    NoSuchBucketError,
    StoreReadError,
    StoreUnreachableError,
    StoreWriteError,
    SwapConflictError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.exceptions import ClientError

_log = logging.getLogger(__name__)

# The policy action that each operation needs, where its name is another one.
_ACTIONS = {
    "HeadObject": "s3:GetObject",
    "ListObjectsV2": "s3:ListBucket",
    "ListParts": "s3:ListMultipartUploadParts",
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
}
# What a policy allows on the bucket, not on the objects in it.
_OF_BUCKETS = ("ListObjectsV2", "ListObjectVersions", "ListMultipartUploads")
_READS = (
    "HeadObject", "GetObject", "ListObjectsV2", "ListParts", "ListObjectVersions",
    "ListMultipartUploads",
)  # fmt: skip
# NoSuchUpload: a completion that landed, repeated by boto3 because its reply was lost.
_CONFLICTS = (
    "PreconditionFailed",
    "ConditionalRequestConflict",
    "OperationAborted",
    "NoSuchUpload",
)
# A header that the store does not know, as B2 does not know conditions on writes.
_UNKNOWN_HEADER = ("NotImplemented", "InvalidRequest", "InvalidArgument")
_NOT_IMPLEMENTED_STATUS = 501
_NOT_ALLOWED_STATUS = 405
_REFUSED_CODES = ("ExpiredToken", "InvalidToken", "TokenRefreshRequired")  # with status 400
_REFUSED_STATUS = (401, 403)
_BUSY_STATUS = (429, 500, 502, 503, 504)


@contextlib.contextmanager
def asking(operation: str, key: str, *, address: str, bucket: str, prefix: str) -> Iterator[None]:
    """Raise ngopi's errors for those of boto3 inside; what is not known here is a bug.

    *operation* is S3's name for what is asked, *key* lies below *prefix*, *address* is the
    endpoint as people know it.

    Raises:
        SwapConflictError: a condition did not hold (412, 409).
        NgopiError: the store's other errors, see Store.
    """
    from botocore import exceptions as aws

    try:
        yield
    except aws.ClientError as error:
        _log.debug("%s %s: %s", operation, key, error)
        status, code = status_and_code(error)
        if code == "NoSuchBucket":
            raise NoSuchBucketError(address=address, bucket=bucket) from error
        if code == "RequestTimeTooSkewed":
            raise ClockSkewError(address=address) from error
        if status in _REFUSED_STATUS or code in _REFUSED_CODES:
            raise CredentialsRefusedError(
                bucket=bucket,
                operation=operation,
                key=key,
                resource=bucket if operation in _OF_BUCKETS else f"{bucket}/{prefix}{key}",
                action=_ACTIONS.get(operation, f"s3:{operation}"),
                reason=f"{status} {code}",
            ) from error
        if status in _BUSY_STATUS:
            raise StoreUnreachableError(
                address=address, operation=operation, key=key, reason=f"{status} {code}"
            ) from error
        raise _refusal(error, operation=operation, key=key) from error
    except (
        aws.NoCredentialsError,
        aws.PartialCredentialsError,
        aws.CredentialRetrievalError,
        aws.ProfileNotFound,
        aws.ConfigParseError,
        aws.SSOError,
        aws.TokenRetrievalError,
    ) as error:
        raise CredentialsMissingError(bucket=bucket, reason=error) from error
    except (aws.ConnectionError, aws.HTTPClientError, aws.IncompleteReadError) as error:
        _log.debug("%s %s: %s", operation, key, error)
        raise StoreUnreachableError(
            address=address, operation=operation, key=key, reason=type(error).__name__
        ) from error


def status_and_code(error: ClientError) -> tuple[int, str]:
    """Return HTTP's status and S3's code; an answer to HEAD has the status in both places."""
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status, error.response["Error"].get("Code", str(status))


def is_unknown(error: ClientError) -> bool:
    """Tell whether the store does not know the operation at all."""
    status, code = status_and_code(error)
    return status in (_NOT_IMPLEMENTED_STATUS, _NOT_ALLOWED_STATUS) or code == "NotImplemented"


def knows_no_condition(error: StoreWriteError) -> bool:
    """Tell whether the store refused a condition as such, and not what was written."""
    from botocore.exceptions import ClientError

    cause = error.__cause__
    if not isinstance(cause, ClientError):
        return False
    status, code = status_and_code(cause)
    return status == _NOT_IMPLEMENTED_STATUS or code in _UNKNOWN_HEADER


def _refusal(error: ClientError, *, operation: str, key: str) -> NgopiError:
    status, code = status_and_code(error)
    # If-Match on an object that was deleted meanwhile is answered by 404.
    if code in _CONFLICTS or (operation, code) == ("PutObject", "NoSuchKey"):
        return SwapConflictError(key=key)
    reason = f"{status} {code}: {error.response['Error'].get('Message', '')}"
    if operation in _READS:
        return StoreReadError(key=key, reason=reason)
    return StoreWriteError(key=key, operation=operation, reason=reason)
