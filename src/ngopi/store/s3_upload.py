"""Large files into a bucket, in parts: what has landed is journalled and not sent again."""

from __future__ import annotations

import io
import logging
import threading
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ngopi.errors import NgopiError, SourceChangedError, StoreWriteError, SwapConflictError
from ngopi.store.journal import Journal, LandedPart, Upload
from ngopi.store.s3_bucket import Bucket, hex_md5
from ngopi.store.source import checked_blocks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ngopi.store.s3_bucket import Condition

_log = logging.getLogger(__name__)

# How long parts under way may take to notice that they shall stop: a moment, unless the
# connection hangs; then their threads end with the process.
_STOP_LIMIT_S = 2.0


class _StoppedError(BaseException):
    """A part was told to stop; no Exception, which boto3 would take for a lost connection."""


class _Body(io.BytesIO):
    """The bytes of one part, which end all at once when *stop* is set."""

    def __init__(self, data: bytes, stop: threading.Event) -> None:
        super().__init__(data)
        self._stop = stop

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next *size* bytes."""
        if self._stop.is_set():
            raise _StoppedError
        return super().read(size)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsUpload:
    """The way of one file into *bucket*, *at_once* parts of *part_bytes* at a time.

    Memory: at_once + 1 parts. What has landed stays in the store until the next run, if the
    *journal* is kept: a lost connection or Ctrl-C costs the parts that were under way. It is
    dropped when it can be of no use: the file has changed, somebody else stored the key, or
    the store refuses the parts as a whole.
    """

    bucket: Bucket
    journal: Journal
    part_bytes: int
    at_once: int

    def send(
        self,
        key: str,
        path: Path,
        *,
        sha256: str,
        condition: Callable[[], Condition],
        advance: Callable[[float], None],
    ) -> None:
        """Store *path* under *key*, going on where an earlier run was stopped.

        *advance* is called with bytes done since, those of earlier runs included; *condition*
        is asked for when all has landed.

        Raises:
            SwapConflictError: *condition* does not hold, or the upload is gone.
            SourceChangedError: the file is not the one that *sha256* says.
            NgopiError: the store's other errors; running again goes on.
        """
        upload = self._resumed(key, sha256=sha256) or self._begun(key, sha256=sha256)
        try:
            landed = self._send_missing(upload, path, advance)
            etags = {number: part.etag for number, part in landed.items()}
            self._complete(upload, etags, condition())
        except BaseException as error:
            if not self.journal.is_kept or isinstance(
                error, SourceChangedError | SwapConflictError
            ):
                self._drop(upload)
            raise
        self.journal.remove()

    def forget(self) -> None:
        """Drop what an earlier run left unfinished: it is of no use any more."""
        upload = self.journal.read()
        if upload is not None:
            self._drop(upload)

    def _begun(self, key: str, *, sha256: str) -> Upload:
        upload = Upload(
            key=key,
            sha256=sha256,
            upload_id=self.bucket.begin(key, sha256=sha256),
            part_bytes=self.part_bytes,
            parts={},
        )
        self.journal.write(upload)
        return upload

    def _resumed(self, key: str, *, sha256: str) -> Upload | None:
        """Return the upload of an earlier run with the parts that the store still has."""
        upload = self.journal.read()
        if upload is None:
            return None
        if (upload.key, upload.sha256) != (key, sha256):
            self._drop(upload)
            return None
        try:
            there = self.bucket.landed_parts(key, upload.upload_id)
        except SwapConflictError:  # the store has dropped it, or completed it for another run
            self.journal.remove()
            return None
        parts = {
            number: part
            for number, part in upload.parts.items()
            if there.get(number) == {part.etag.strip('"')}
        }
        return replace(upload, parts=parts)

    def _send_missing(
        self, upload: Upload, path: Path, advance: Callable[[float], None]
    ) -> dict[int, LandedPart]:
        landed = dict(upload.parts)
        under_way: dict[Future[LandedPart], tuple[int, int]] = {}
        stop = threading.Event()

        def settle() -> None:
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                number, part_bytes = under_way[future]
                landed[number] = future.result()
                del under_way[future]
                self.journal.write(replace(upload, parts=landed))
                advance(part_bytes)

        blocks = checked_blocks(path, sha256=upload.sha256, block_bytes=upload.part_bytes)
        try:
            for number, block in enumerate(blocks, start=1):
                if number in upload.parts and upload.parts[number].md5 == hex_md5(block):
                    advance(len(block))
                    continue
                if len(under_way) == self.at_once:
                    settle()
                future = self._started(upload, number, block, stop)
                under_way[future] = (number, len(block))
            while under_way:
                settle()
        finally:
            stop.set()
            late = wait(under_way, timeout=_STOP_LIMIT_S).done
            for future in (future for future in late if future.exception() is None):
                landed[under_way[future][0]] = future.result()
            if late:
                self.journal.write(replace(upload, parts=landed))
        return landed

    def _started(
        self, upload: Upload, number: int, block: bytes, stop: threading.Event
    ) -> Future[LandedPart]:
        future: Future[LandedPart] = Future()

        def run() -> None:
            try:
                md5, body = hex_md5(block), _Body(block, stop)
                etag = self.bucket.send_part(upload.key, upload.upload_id, number, body, md5=md5)
                future.set_result(LandedPart(etag=etag, md5=md5))
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is wanted
                future.set_exception(error)

        # Not a pool, whose threads the interpreter waits for at its end: a part that hangs in a
        # dead connection would keep a person waiting a minute after Ctrl-C.
        threading.Thread(target=run, name=f"ngopi-part-{number}", daemon=True).start()
        return future

    def _complete(self, upload: Upload, etags: dict[int, str], condition: Condition) -> None:
        try:
            self.bucket.complete(upload.key, upload.upload_id, etags, condition=condition)
        except StoreWriteError:
            # The store has acknowledged each part and does not take the whole: asking the same
            # again would get the same answer for ever.
            self._drop(upload)
            raise

    def _drop(self, upload: Upload) -> None:
        try:
            self.bucket.abort(upload.key, upload.upload_id)
        except SwapConflictError:  # the store has dropped or completed it by itself
            pass
        except NgopiError as error:
            # The failure that led here is the one to show; these parts are invisible.
            _log.warning("parts of %s stay in the store, unfinished: %s", upload.key, error)
        self.journal.remove()
