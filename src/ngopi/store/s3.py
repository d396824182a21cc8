"""S3-compatible stores: Amazon's own and others; the only door to boto3."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

from ngopi.errors import (
    ClockSkewError,
    ObjectMissingError,
    ObjectTakenError,
    SourceChangedError,
    SourceUnreadableError,
    StoreVerifyError,
    SwapConflictError,
)
from ngopi.i18n import _
from ngopi.model import ObjectHead
from ngopi.store.abilities import ABLE, probe_bucket, remember_abilities, remembered_abilities
from ngopi.store.address import bucket_and_prefix, check_endpoint
from ngopi.store.journal import Journal
from ngopi.store.kinds import find_kind, kind_of, require_readable
from ngopi.store.presets import endpoint_of, preset_of, region_of
from ngopi.store.s3_answers import asking
from ngopi.store.s3_bucket import Body, Bucket, hex_md5, stated_sha256
from ngopi.store.s3_upload import PartsUpload
from ngopi.store.source import Source, checked_blocks
from ngopi.store.turns import StoppedError, Turns, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from botocore.awsrequest import AWSResponse
    from types_boto3_s3 import S3Client

    from ngopi.model import StoreSettings
    from ngopi.store.abilities import Abilities
    from ngopi.store.s3_bucket import Condition

_CHUNK_BYTES = 1 << 20
# One request up to here; above it parts, so that a cut connection costs a part and not an hour.
# No preset has smaller parts: it fits into the buffer of one.
_WHOLE_BYTES = 8 << 20
_CONNECT_TIMEOUT_S = 10
_READ_TIMEOUT_S = 60
_ATTEMPTS = 3
# What becomes public, and when, is told from this machine's clock. Signed requests are refused
# only from a quarter of an hour on, and a slow answer takes a minute at most.
_CLOCK_LIMIT_S = 300.0


class S3Store:
    """Objects below ``s3://bucket/prefix``; a version is the ETag.

    Access keys come from the standard AWS chain or *settings.profile*. Nothing is asked of the
    store, and boto3 is not loaded, before the first method is called.

    *memory* is a folder of this machine. There the store's abilities are kept: they are probed
    before the first write, and where conditions do not work, writes are checked by reading
    before (see *warnings*). There, too, unfinished uploads are noted, for the next run to go
    on. Without a memory conditions are taken for granted, and a failed upload is dropped.

    Raises:
        StoreAddressError: the URL or the endpoint cannot be.
        StoreSecretError: one of them holds a password.
        UnknownPresetError: no provider has the name that *settings.preset* says.
        EndpointMissingError: the preset needs an endpoint.
    """

    def __init__(self, settings: StoreSettings, *, memory: Path | None = None) -> None:
        self._name, self._prefix = bucket_and_prefix(settings.url)
        self._endpoint = endpoint_of(settings)
        if self._endpoint is not None:
            check_endpoint(self._endpoint)
        self._settings = settings
        self._memory = memory
        self._abilities = ABLE if memory is None else None
        self._clock_off_s = 0.0

    @property
    def warnings(self) -> tuple[str, ...]:
        """What people should know, as sentences; only what is known without asking the store."""
        known = self._known_abilities()
        if known is None or known.safe_for_many:
            return ()
        text = _(
            "The store at {address} does not keep two publishers apart: "
            "let one person at a time publish to it."
        )
        return (text.format(address=self._address),)

    def probe_abilities(self) -> Abilities:
        """Ask the store anew what it can do, and remember it; writes below probe/ and tidies up."""
        self._abilities = probe_bucket(self._bucket)
        if self._memory is not None:
            remember_abilities(self._abilities_path(self._memory), self._abilities)
        return self._abilities

    def head(self, key: str) -> ObjectHead | None:
        """Return what is stored under *key*, or None."""
        return self._bucket.head(key)

    def read(self, key: str) -> tuple[bytes, ObjectHead] | None:
        """Return a small object's bytes and head, both of one moment, or None.

        Raises:
            StoreVerifyError: the bytes are not those that were stored.
        """
        with self._bucket.asking("GetObject", key):
            answer = self._bucket.get(key)
            if answer is None:
                return None
            with contextlib.closing(answer["Body"]) as body:
                require_readable(key, answer["ContentLength"])
                data = body.read()
        sha256 = hashlib.sha256(data).hexdigest()
        # Some stores answer with one object's headers and another's bytes while it is replaced.
        if stated_sha256(answer["Metadata"]) not in (None, sha256):
            raise StoreVerifyError(key=key, reason=f"SHA-256 {sha256}")
        if not self._may_have_etag(data, answer["ETag"]):
            raise StoreVerifyError(key=key, reason=f"ETag {answer['ETag']}")
        return data, ObjectHead(
            key=key,
            size_bytes=len(data),
            sha256=sha256,
            version=answer["ETag"],
            media_type=answer["ContentType"],
            modified=answer.get("LastModified"),
        )

    def chunks(self, key: str) -> Iterator[bytes]:
        """Yield a large object's bytes, piece by piece."""
        with self._bucket.asking("GetObject", key):
            answer = self._bucket.get(key)
            if answer is None:
                raise ObjectMissingError(key=key)
            with contextlib.closing(answer["Body"]) as body:
                yield from body.iter_chunks(_CHUNK_BYTES)

    def add(
        self, key: str, path: Path, *, sha256: str, advance: Callable[[float], None]
    ) -> ObjectHead:
        """Store the file *path* for ever under *key*, unless the same is already there."""
        source = Source(key=key, path=path, sha256=sha256)
        return self._added(source, advance=advance, turns=self._turns())

    def add_all(
        self, sources: Sequence[Source], *, advance: Callable[[float], None]
    ) -> dict[str, ObjectHead]:
        """Store all *sources*, several at once; their parts take turns.

        Memory: as for one file, however many there are.
        """
        self._able()  # asked here: the threads would each ask anew
        turns = self._turns()
        one_at_a_time = threading.Lock()

        def advance_alone(done_bytes: float) -> None:
            with one_at_a_time:
                if turns.stopped.done():  # whoever looked on is gone
                    raise StoppedError
                advance(done_bytes)

        heads: dict[str, ObjectHead] = {}

        def add(source: Source) -> None:
            heads[source.key] = self._added(source, advance=advance_alone, turns=turns)

        side_by_side(
            [partial(add, source) for source in sources],
            turns=turns,
            at_once=preset_of(self._settings).parts_at_once,
        )
        return heads

    def swap(self, key: str, data: bytes, *, expected: str | None) -> ObjectHead:
        """Replace *key* by *data* if its version still is *expected* (None: nothing is there)."""
        kind_of(key)
        if abs(self._clock_off_s) > _CLOCK_LIMIT_S:
            raise ClockSkewError(address=self._address)
        sha256 = hashlib.sha256(data).hexdigest()
        if expected is None:
            condition = self._absent(key, able=self._able().if_none_match)
        else:
            condition = self._unchanged(key, expected, able=self._able().if_match)
        return self._bucket.put(key, data, sha256=sha256, condition=condition)

    def delete(self, key: str) -> None:
        """Remove *key*; nothing happens if it is not there."""
        self._bucket.delete(key)

    def erase(self, key: str) -> None:
        """Remove *key* for good: every version that the bucket kept, and what was sent of it."""
        self._bucket.delete(key)  # first: nobody can listen to it from now on
        self._bucket.erase_versions(key)
        self._bucket.abort_uploads(key)

    def heads(self, prefix: str) -> Iterator[ObjectHead]:
        """Yield what lies under *prefix*, in the order of the keys; their sha256 is None."""
        with self._bucket.asking("ListObjectsV2", prefix):
            pages = self._bucket.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._name, Prefix=self._prefix + prefix):
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
                            modified=found.get("LastModified"),
                        )

    @cached_property
    def _client(self) -> S3Client:
        # Its DEBUG log prints access keys and signatures, whatever level the person asked for.
        botocore_log = logging.getLogger("botocore")
        botocore_log.setLevel(max(logging.INFO, botocore_log.getEffectiveLevel()))
        from boto3.session import Session
        from botocore.config import Config

        session = Session(profile_name=self._settings.profile)
        client = session.client(
            "s3",
            endpoint_url=self._endpoint,
            region_name=region_of(self._settings) or session.region_name or "us-east-1",
            config=Config(
                connect_timeout=_CONNECT_TIMEOUT_S,
                read_timeout=_READ_TIMEOUT_S,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                s3={"addressing_style": preset_of(self._settings).addressing},
                # Many S3-compatible stores refuse the newer checksums. Content-MD5, which all
                # of them check, goes with every body instead.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
        client.meta.events.register("after-call.s3", self._note_clock)
        return client

    def _note_clock(self, *, http_response: AWSResponse, **_rest: object) -> None:
        """Remember how far this machine's clock is from the store's."""
        with contextlib.suppress(ValueError, TypeError):  # it says no date, or none that is one
            there = parsedate_to_datetime(http_response.headers.get("date", ""))
            self._clock_off_s = (datetime.now(UTC) - there).total_seconds()

    @cached_property
    def _bucket(self) -> Bucket:
        # A profile that is not there is found here.
        with asking("", "", address=self._address, bucket=self._name, prefix=self._prefix):
            client = self._client
        return Bucket(client=client, name=self._name, prefix=self._prefix, address=self._address)

    @property
    def _address(self) -> str:
        return self._endpoint or "Amazon S3"

    def _abilities_path(self, memory: Path) -> Path:
        place = f"{self._address} {self._name}"
        return memory / "stores" / f"{hashlib.sha256(place.encode()).hexdigest()[:32]}.json"

    def _known_abilities(self) -> Abilities | None:
        if self._abilities is None and self._memory is not None:
            self._abilities = remembered_abilities(self._abilities_path(self._memory))
        return self._abilities

    def _able(self) -> Abilities:
        return self._known_abilities() or self.probe_abilities()

    def _absent(self, key: str, *, able: bool) -> Condition:
        """Return the condition that nothing is under *key*, looked at here if it must be."""
        if able:
            return {"IfNoneMatch": "*"}
        if self.head(key) is not None:
            raise SwapConflictError(key=key)
        return {}

    def _unchanged(self, key: str, expected: str, *, able: bool) -> Condition:
        """Return the condition that *expected* is under *key*, looked at here if it must be."""
        if able:
            return {"IfMatch": expected}
        there = self.head(key)
        if there is None or there.version != expected:
            raise SwapConflictError(key=key)
        return {}

    def _may_have_etag(self, data: bytes, etag: str) -> bool:
        """Tell False where the store is known for ETags that are MD5 sums, and this is not it."""
        known = self._known_abilities()
        if known is None or not known.etag_is_md5 or "-" in etag:
            return True
        return etag.strip('"') == hex_md5(data)

    def _turns(self) -> Turns:
        preset = preset_of(self._settings)
        return Turns(preset.parts_at_once, buffer_bytes=preset.part_bytes)

    def _added(
        self, source: Source, *, advance: Callable[[float], None], turns: Turns
    ) -> ObjectHead:
        key, sha256 = source.key, source.sha256
        there = self.head(key)
        if there is not None:
            self._parts_upload(key, turns).forget()
            advance(there.size_bytes)
            return self._same(there, sha256=sha256)
        try:
            size_bytes = self._send(source, advance=advance, turns=turns)
        except SwapConflictError:
            # Another producer was faster, or this write landed and boto3 repeated it because
            # the reply was lost: either way it is the content that counts.
            there = self.head(key)
            if there is None:
                raise
            return self._same(there, sha256=sha256)
        return self._verified(key, size_bytes=size_bytes, sha256=sha256)

    def _send(self, source: Source, *, advance: Callable[[float], None], turns: Turns) -> int:
        able = self._able()
        key, path, sha256 = source.key, source.path, source.sha256
        size_bytes = _size_bytes_of(path)
        if size_bytes > _WHOLE_BYTES:
            self._parts_upload(key, turns).send(
                key,
                path,
                sha256=sha256,
                condition=lambda: self._absent(key, able=able.if_none_match_parts),
                advance=advance,
            )
            return size_bytes
        buffer = turns.take()
        try:
            blocks = checked_blocks(path, sha256=sha256, buffer=lambda: buffer)
            data = next(blocks, memoryview(b""))
            for _more in blocks:  # and what *data* was is overwritten
                raise SourceChangedError(path=path)
            condition = self._absent(key, able=able.if_none_match)
            body = Body(data, turns.stopped.done)
            self._bucket.put(key, body, sha256=sha256, condition=condition)
        finally:
            turns.give_back(buffer)
        advance(size_bytes)
        return size_bytes

    def _parts_upload(self, key: str, turns: Turns) -> PartsUpload:
        folder = None if self._memory is None else self._memory / "uploads"
        return PartsUpload(
            bucket=self._bucket,
            journal=Journal(folder, place=f"{self._address} {self._name} {self._prefix}{key}"),
            part_bytes=preset_of(self._settings).part_bytes,
            turns=turns,
        )

    def _same(self, there: ObjectHead, *, sha256: str) -> ObjectHead:
        # What it says of itself proves nothing: whoever put it there wrote that too.
        if self._read_sha256(there.key) != sha256:
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
        return self._read_sha256(there.key)  # a store that forgets metadata

    def _read_sha256(self, key: str) -> str:
        digest = hashlib.sha256()
        for chunk in self.chunks(key):
            digest.update(chunk)
        return digest.hexdigest()


def _size_bytes_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise SourceUnreadableError(path=path, reason=error.strerror or error) from error
