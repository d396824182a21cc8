"""S3-compatible stores: Amazon's own and others; the only door to boto3."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from ngopi.errors import (
    NgopiError,
    ObjectMissingError,
    ObjectTakenError,
    SourceUnreadableError,
    StoreVerifyError,
    SwapConflictError,
)
from ngopi.model import ObjectHead
from ngopi.store.address import bucket_and_prefix, check_endpoint
from ngopi.store.kinds import find_kind, kind_of
from ngopi.store.s3_answers import asking, status_and_code
from ngopi.store.source import checked_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import (
        CompletedPartTypeDef,
        GetObjectOutputTypeDef,
        PutObjectRequestTypeDef,
    )

    from ngopi.model import StoreSettings

_log = logging.getLogger(__name__)

_CHUNK_BYTES = 1 << 20
# One request up to here; above it parts, so that a cut connection costs a part and not an hour.
_WHOLE_BYTES = 16 << 20
_PART_BYTES = 8 << 20  # S3 takes 10,000 parts at most: 80 GB
_PARTS_AT_ONCE = 4  # and so 40 MB of memory, with the part that is being read
_CONNECT_TIMEOUT_S = 10
_READ_TIMEOUT_S = 60
_ATTEMPTS = 3


class S3Store:
    """Objects below ``s3://bucket/prefix``; a version is the ETag.

    Access keys come from the standard AWS chain or *settings.profile*. Nothing is asked of the
    store, and boto3 is not loaded, before the first method is called.

    Raises:
        StoreAddressError: the URL or the endpoint cannot be.
        StoreSecretError: one of them holds a password.
    """

    def __init__(self, settings: StoreSettings) -> None:
        self._bucket, self._prefix = bucket_and_prefix(settings.url)
        if settings.endpoint is not None:
            check_endpoint(settings.endpoint)
        self._settings = settings

    def head(self, key: str) -> ObjectHead | None:
        """Return what is stored under *key*, or None."""
        kind_of(key)
        from botocore.exceptions import ClientError

        with self._asking("HeadObject", key):
            try:
                answer = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)
            except ClientError as error:
                if status_and_code(error)[1] in ("404", "NoSuchKey"):
                    return None
                raise
        return ObjectHead(
            key=key,
            size_bytes=answer["ContentLength"],
            sha256=answer["Metadata"].get("sha256"),
            version=answer["ETag"],
            media_type=answer["ContentType"],
        )

    def read(self, key: str) -> tuple[bytes, ObjectHead] | None:
        """Return a small object's bytes and head, both of one moment, or None.

        Raises:
            StoreVerifyError: the bytes are not those that were stored.
        """
        with self._asking("GetObject", key):
            answer = self._get(key)
            if answer is None:
                return None
            with contextlib.closing(answer["Body"]) as body:
                data = body.read()
        sha256 = hashlib.sha256(data).hexdigest()
        # Some stores answer with one object's headers and another's bytes while it is replaced.
        if answer["Metadata"].get("sha256", sha256) != sha256:
            raise StoreVerifyError(key=key, reason=f"SHA-256 {sha256}")
        return data, ObjectHead(
            key=key,
            size_bytes=len(data),
            sha256=sha256,
            version=answer["ETag"],
            media_type=answer["ContentType"],
        )

    def chunks(self, key: str) -> Iterator[bytes]:
        """Yield a large object's bytes, piece by piece."""
        with self._asking("GetObject", key):
            answer = self._get(key)
            if answer is None:
                raise ObjectMissingError(key=key)
            with contextlib.closing(answer["Body"]) as body:
                yield from body.iter_chunks(_CHUNK_BYTES)

    def add(
        self, key: str, path: Path, *, sha256: str, advance: Callable[[float], None]
    ) -> ObjectHead:
        """Store the file *path* for ever under *key*, unless the same is already there."""
        there = self.head(key)
        if there is not None:
            advance(there.size_bytes)
            return self._same(there, sha256=sha256)
        try:
            size_bytes = self._send(key, path, sha256=sha256, advance=advance)
        except SwapConflictError:
            # Another producer was faster, or this write landed and boto3 repeated it because
            # the reply was lost: either way it is the content that counts.
            there = self.head(key)
            if there is None:
                raise
            return self._same(there, sha256=sha256)
        return self._verified(key, size_bytes=size_bytes, sha256=sha256)

    def swap(self, key: str, data: bytes, *, expected: str | None) -> ObjectHead:
        """Replace *key* by *data* if its version still is *expected* (None: nothing is there)."""
        return self._put(key, data, sha256=hashlib.sha256(data).hexdigest(), expected=expected)

    def delete(self, key: str) -> None:
        """Remove *key*; nothing happens if it is not there."""
        kind_of(key)
        with self._asking("DeleteObject", key):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    def heads(self, prefix: str) -> Iterator[ObjectHead]:
        """Yield what lies under *prefix*, in the order of the keys; their sha256 is None."""
        with self._asking("ListObjectsV2", prefix):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                for found in page.get("Contents", ()):
                    key = found["Key"].removeprefix(self._prefix)
                    kind = find_kind(key)
                    if kind is not None:
                        yield ObjectHead(
                            key=key,
                            size_bytes=found["Size"],
                            sha256=None,
                            version=found["ETag"],
                            media_type=kind.media_type,
                        )

    @cached_property
    def _client(self) -> S3Client:
        # Its DEBUG log prints access keys and signatures, whatever level the person asked for.
        botocore_log = logging.getLogger("botocore")
        botocore_log.setLevel(max(logging.INFO, botocore_log.getEffectiveLevel()))
        from boto3.session import Session
        from botocore.config import Config

        session = Session(profile_name=self._settings.profile)
        return session.client(
            "s3",
            endpoint_url=self._settings.endpoint,
            region_name=self._settings.region or session.region_name or "us-east-1",
            config=Config(
                connect_timeout=_CONNECT_TIMEOUT_S,
                read_timeout=_READ_TIMEOUT_S,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                s3={"addressing_style": "path" if self._settings.endpoint else "auto"},
                # Many S3-compatible stores refuse the newer checksums. Content-MD5, which all
                # of them check, goes with every body instead.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def _get(self, key: str) -> GetObjectOutputTypeDef | None:
        kind_of(key)
        from botocore.exceptions import ClientError

        try:
            return self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
        except ClientError as error:
            if status_and_code(error)[1] == "NoSuchKey":
                return None
            raise

    def _put(self, key: str, data: bytes, *, sha256: str, expected: str | None) -> ObjectHead:
        kind = kind_of(key)
        request: PutObjectRequestTypeDef = {
            "Bucket": self._bucket,
            "Key": self._prefix + key,
            "Body": data,
            "ContentMD5": _md5(data),
            "ContentType": kind.media_type,
            "CacheControl": kind.cache_control,
            "Metadata": {"sha256": sha256},
        }
        if expected is None:
            request["IfNoneMatch"] = "*"
        else:
            request["IfMatch"] = expected
        with self._asking("PutObject", key):
            answer = self._client.put_object(**request)
        return ObjectHead(
            key=key,
            size_bytes=len(data),
            sha256=sha256,
            version=answer["ETag"],
            media_type=kind.media_type,
        )

    def _send(self, key: str, path: Path, *, sha256: str, advance: Callable[[float], None]) -> int:
        if _size_bytes_of(path) > _WHOLE_BYTES:
            blocks = checked_blocks(path, sha256=sha256, block_bytes=_PART_BYTES)
            return self._send_parts(key, blocks, sha256=sha256, advance=advance)
        data = b"".join(checked_blocks(path, sha256=sha256, block_bytes=_WHOLE_BYTES))
        self._put(key, data, sha256=sha256, expected=None)
        advance(len(data))
        return len(data)

    def _send_parts(
        self,
        key: str,
        blocks: Iterable[bytes],
        *,
        sha256: str,
        advance: Callable[[float], None],
    ) -> int:
        kind = kind_of(key)
        with self._asking("CreateMultipartUpload", key):
            upload_id = self._client.create_multipart_upload(
                Bucket=self._bucket,
                Key=self._prefix + key,
                ContentType=kind.media_type,
                CacheControl=kind.cache_control,
                Metadata={"sha256": sha256},
            )["UploadId"]
        with contextlib.ExitStack() as undo:
            undo.callback(self._abort, key, upload_id)
            parts: list[CompletedPartTypeDef] = []
            size_bytes = 0
            for part, part_bytes in self._sent_parts(key, upload_id, blocks):
                parts.append(part)
                size_bytes += part_bytes
                advance(part_bytes)
            with self._asking("CompleteMultipartUpload", key):
                self._client.complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=self._prefix + key,
                    UploadId=upload_id,
                    MultipartUpload={"Parts": parts},
                    IfNoneMatch="*",
                )
            undo.pop_all()
        return size_bytes

    def _sent_parts(
        self, key: str, upload_id: str, blocks: Iterable[bytes]
    ) -> Iterator[tuple[CompletedPartTypeDef, int]]:
        """Yield the parts and their bytes in their order, with few of them under way at once."""
        under_way: deque[Future[tuple[CompletedPartTypeDef, int]]] = deque()
        with ThreadPoolExecutor(_PARTS_AT_ONCE) as pool:
            for number, block in enumerate(blocks, start=1):
                if len(under_way) == _PARTS_AT_ONCE:
                    yield under_way.popleft().result()
                under_way.append(pool.submit(self._send_part, key, upload_id, number, block))
            while under_way:
                yield under_way.popleft().result()

    def _send_part(
        self, key: str, upload_id: str, number: int, block: bytes
    ) -> tuple[CompletedPartTypeDef, int]:
        with self._asking("UploadPart", key):
            answer = self._client.upload_part(
                Bucket=self._bucket,
                Key=self._prefix + key,
                UploadId=upload_id,
                PartNumber=number,
                Body=block,
                ContentMD5=_md5(block),
            )
        return {"ETag": answer["ETag"], "PartNumber": number}, len(block)

    def _abort(self, key: str, upload_id: str) -> None:
        try:
            with self._asking("AbortMultipartUpload", key):
                self._client.abort_multipart_upload(
                    Bucket=self._bucket, Key=self._prefix + key, UploadId=upload_id
                )
        except SwapConflictError:  # the store has dropped or completed it by itself
            return
        except NgopiError as error:
            # The failure that led here is the one to show; these parts are invisible.
            _log.warning("parts of %s stay in the store, unfinished: %s", key, error)

    def _same(self, there: ObjectHead, *, sha256: str) -> ObjectHead:
        if self._content_sha256(there) != sha256:
            raise ObjectTakenError(key=there.key)
        return replace(there, sha256=sha256)

    def _verified(self, key: str, *, size_bytes: int, sha256: str) -> ObjectHead:
        stored = self.head(key)
        if stored is None:
            raise StoreVerifyError(key=key, reason="404")
        if stored.size_bytes != size_bytes:
            raise StoreVerifyError(key=key, reason=f"{stored.size_bytes} != {size_bytes} B")
        if self._content_sha256(stored) != sha256:
            raise StoreVerifyError(key=key, reason=f"SHA-256 {stored.sha256}")
        return replace(stored, sha256=sha256)

    def _content_sha256(self, there: ObjectHead) -> str:
        if there.sha256 is not None:
            return there.sha256
        # Stored by other means, or by a store that forgets metadata.
        digest = hashlib.sha256()
        for chunk in self.chunks(there.key):
            digest.update(chunk)
        return digest.hexdigest()

    def _asking(self, operation: str, key: str) -> AbstractContextManager[None]:
        return asking(
            operation,
            key,
            address=self._settings.endpoint or "Amazon S3",
            bucket=self._bucket,
            prefix=self._prefix,
        )


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode("ascii")


def _size_bytes_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise SourceUnreadableError(path=path, reason=error.strerror or error) from error
