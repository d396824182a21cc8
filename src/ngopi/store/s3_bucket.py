"""A bucket and how it is asked: the requests that storing, probing and uploading share."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict

from ngopi.errors import SwapConflictError
from ngopi.model import ObjectHead
from ngopi.store.kinds import kind_of
from ngopi.store.s3_answers import asking, is_unknown, status_and_code
from ngopi.store.turns import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from types_boto3_s3 import S3Client  # noqa: TC004 - stubs, which only development has
    from types_boto3_s3.type_defs import GetObjectOutputTypeDef


class Condition(TypedDict, total=False):
    """When a write may happen: empty is always."""

    IfMatch: str
    IfNoneMatch: Literal["*"]


class Body(io.RawIOBase):
    """Bytes to send, which lie in a buffer and end all at once when *stopped* says so."""

    def __init__(self, data: memoryview, stopped: Callable[[], bool]) -> None:
        self.data = data
        self._stopped = stopped
        self._position = 0

    def __len__(self) -> int:
        return len(self.data)

    def readable(self) -> bool:
        """Tell that this is read."""
        return True

    def seekable(self) -> bool:
        """Tell that it is read again when a request is repeated."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next *size* bytes, or all that are left."""
        if self._stopped():
            raise StoppedError
        stop = len(self.data) if size is None or size < 0 else self._position + size
        piece = bytes(self.data[self._position : stop])
        self._position += len(piece)
        return piece

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to *offset* from the start, from here or from the end."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: len(self.data)}
        self._position = start[whence] + offset
        return self._position

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._position


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket's *name*, the *prefix* of all keys in it, and its *address* as people know it."""

    client: S3Client
    name: str
    prefix: str
    address: str

    def head(self, key: str) -> ObjectHead | None:
        """Return what is stored under *key*, or None."""
        kind_of(key)
        from botocore.exceptions import ClientError

        with self.asking("HeadObject", key):
            try:
                answer = self.client.head_object(Bucket=self.name, Key=self.prefix + key)
            except ClientError as error:
                if status_and_code(error)[1] in ("404", "NoSuchKey"):
                    return None
                raise
        return ObjectHead(
            key=key,
            size_bytes=answer["ContentLength"],
            sha256=stated_sha256(answer["Metadata"]),
            version=answer["ETag"],
            media_type=answer["ContentType"],
            modified=answer.get("LastModified"),
        )

    def get(self, key: str) -> GetObjectOutputTypeDef | None:
        """Return the answer to GetObject, or None; to be used inside `asking`."""
        kind_of(key)
        from botocore.exceptions import ClientError

        try:
            return self.client.get_object(Bucket=self.name, Key=self.prefix + key)
        except ClientError as error:
            if status_and_code(error)[1] == "NoSuchKey":
                return None
            raise

    def put(self, key: str, body: bytes | Body, *, sha256: str, condition: Condition) -> ObjectHead:
        """Store *body* in one request.

        Raises:
            SwapConflictError: the condition does not hold.
            StoreWriteError: the store refuses, perhaps the condition as such.
        """
        kind = kind_of(key)
        md5 = hex_md5(body if isinstance(body, bytes) else body.data)
        with self.asking("PutObject", key):
            answer = self.client.put_object(
                Bucket=self.name,
                Key=self.prefix + key,
                Body=body,  # type: ignore[arg-type] # boto3 reads, seeks and tells, no more
                ContentMD5=_content_md5(md5),
                ContentType=kind.media_type,
                CacheControl=kind.cache_control,
                Metadata={"sha256": sha256},
                **condition,
            )
        return ObjectHead(
            key=key,
            size_bytes=len(body),
            sha256=sha256,
            version=answer["ETag"],
            media_type=kind.media_type,
        )

    def begin(self, key: str, *, sha256: str) -> str:
        """Begin an upload in parts and return its id."""
        kind = kind_of(key)
        with self.asking("CreateMultipartUpload", key):
            return self.client.create_multipart_upload(
                Bucket=self.name,
                Key=self.prefix + key,
                ContentType=kind.media_type,
                CacheControl=kind.cache_control,
                Metadata={"sha256": sha256},
            )["UploadId"]

    def send_part(
        self, key: str, upload_id: str, number: int, body: bytes | Body, *, md5: str
    ) -> str:
        """Send one part, whose MD5 is *md5* as hex, and return its ETag."""
        with self.asking("UploadPart", key):
            answer = self.client.upload_part(
                Bucket=self.name,
                Key=self.prefix + key,
                UploadId=upload_id,
                PartNumber=number,
                Body=body,  # type: ignore[arg-type] # boto3 reads, seeks and tells, no more
                ContentMD5=_content_md5(md5),
            )
        return answer["ETag"]

    def landed_parts(self, key: str, upload_id: str) -> dict[int, set[str]]:
        """Return the ETags, without quotes, of an upload's parts by number.

        A part that was sent twice with different bytes has two of them on SeaweedFS.

        Raises:
            SwapConflictError: the upload is gone.
        """
        landed: dict[int, set[str]] = {}
        with self.asking("ListParts", key):
            pages = self.client.get_paginator("list_parts").paginate(
                Bucket=self.name, Key=self.prefix + key, UploadId=upload_id
            )
            for page in pages:
                for part in page.get("Parts", ()):
                    landed.setdefault(part["PartNumber"], set()).add(part["ETag"].strip('"'))
        return landed

    def complete(
        self, key: str, upload_id: str, etags: dict[int, str], *, condition: Condition
    ) -> None:
        """Make an object of the parts, whose ETags *etags* has by number.

        Raises:
            SwapConflictError: the condition does not hold, or the upload is gone.
            StoreWriteError: the store refuses, perhaps the condition as such.
        """
        with self.asking("CompleteMultipartUpload", key):
            self.client.complete_multipart_upload(
                Bucket=self.name,
                Key=self.prefix + key,
                UploadId=upload_id,
                MultipartUpload={
                    "Parts": [
                        {"ETag": etag, "PartNumber": number}
                        for number, etag in sorted(etags.items())
                    ]
                },
                **condition,
            )

    def abort(self, key: str, upload_id: str) -> None:
        """Drop an upload and its parts.

        Raises:
            SwapConflictError: it is gone already.
        """
        with self.asking("AbortMultipartUpload", key):
            self.client.abort_multipart_upload(
                Bucket=self.name, Key=self.prefix + key, UploadId=upload_id
            )

    def delete(self, key: str) -> None:
        """Remove *key*; nothing happens if it is not there."""
        kind_of(key)
        with self.asking("DeleteObject", key):
            self.client.delete_object(Bucket=self.name, Key=self.prefix + key)

    def erase_versions(self, key: str) -> None:
        """Remove all that a bucket with versions kept of *key*, and the marks that it is deleted.

        A store that keeps no versions, and says so, has nothing to remove.
        """
        kind_of(key)
        name = self.prefix + key
        found: list[str] = []
        with self.asking("ListObjectVersions", key), _unless_unknown():
            pages = self.client.get_paginator("list_object_versions")
            for page in pages.paginate(Bucket=self.name, Prefix=name):
                found += [v["VersionId"] for v in page.get("Versions", ()) if v["Key"] == name]
                found += [v["VersionId"] for v in page.get("DeleteMarkers", ()) if v["Key"] == name]
        for version in found:
            with self.asking("DeleteObjectVersion", key):
                self.client.delete_object(Bucket=self.name, Key=name, VersionId=version)

    def abort_uploads(self, key: str) -> None:
        """Drop all uploads of *key* that were begun, by whomever."""
        name = self.prefix + key
        found: list[str] = []
        with self.asking("ListMultipartUploads", key), _unless_unknown():
            pages = self.client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self.name, Prefix=name):
                found += [u["UploadId"] for u in page.get("Uploads", ()) if u["Key"] == name]
        for upload in found:
            with contextlib.suppress(SwapConflictError):  # it is gone already
                self.abort(key, upload)

    def asking(self, operation: str, key: str) -> AbstractContextManager[None]:
        """Raise ngopi's errors for those of boto3 inside."""
        return asking(operation, key, address=self.address, bucket=self.name, prefix=self.prefix)


@contextlib.contextmanager
def _unless_unknown() -> Iterator[None]:
    """Let a store answer that it does not know what it is asked for."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if not is_unknown(error):
            raise


def stated_sha256(metadata: dict[str, str]) -> str | None:
    """Return the SHA-256 that is written beside an object, or None."""
    # Some servers, among them rclone, give the name back as "Sha256".
    return next((value for name, value in metadata.items() if name.lower() == "sha256"), None)


def hex_md5(data: bytes | memoryview) -> str:
    """Return the MD5 of *data* as hex."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _content_md5(md5: str) -> str:
    # All stores check it, which cannot be said of the newer checksums.
    return base64.b64encode(bytes.fromhex(md5)).decode("ascii")
