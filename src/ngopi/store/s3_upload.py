"""Large files into a bucket, in parts: what has landed is journalled and not sent again."""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ngopi.errors import NgopiError, SourceChangedError, StoreWriteError, SwapConflictError
from ngopi.store.journal import Journal, LandedPart, Upload
from ngopi.store.s3_bucket import Body, Bucket, hex_md5
from ngopi.store.source import checked_blocks
from ngopi.store.turns import StoppedError, Turns

if TYPE_CHECKING:
    from pathlib import Path

    from ngopi.store.s3_bucket import Condition

_log = logging.getLogger(__name__)

# How long parts under way may take to notice that they shall stop: a moment, unless the
# connection hangs; then their threads end with the process.
_STOP_LIMIT_S = 2.0


@dataclass(slots=True, kw_only=True)
class _Sending:
    """Which parts of *upload* have *landed*, and which are under way (number and bytes)."""

    bucket: Bucket
    journal: Journal
    turns: Turns
    upload: Upload
    advance: Callable[[float], None]
    landed: dict[int, LandedPart]
    under_way: dict[Future[LandedPart], tuple[int, int]] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def send_missing(self, path: Path) -> dict[int, LandedPart]:
        buffer = bytearray()
        blocks = checked_blocks(path, sha256=self.upload.sha256, buffer=lambda: buffer)
        try:
            for number in itertools.count(1):
                buffer = self._turn()
                with contextlib.ExitStack() as turn:
                    turn.callback(self.turns.give_back, buffer)
                    block = next(blocks, None)
                    if block is None:
                        break
                    if self._has(number, block):
                        self.advance(len(block))
                    else:
                        self._start(number, block, turn.pop_all())
            while self.under_way:
                self._settle()
        finally:
            self._end()
        return self.landed

    def _turn(self) -> bytearray:
        # What has landed is written down before one waits for other files to give way.
        while self.under_way:
            buffer = self.turns.take_if_free()
            if buffer is not None:
                return buffer
            self._settle()
        return self.turns.take()

    def _has(self, number: int, block: memoryview) -> bool:
        return number in self.landed and self.landed[number].md5 == hex_md5(block)

    def _start(self, number: int, block: memoryview, turn: contextlib.ExitStack) -> None:
        future: Future[LandedPart] = Future()

        def run() -> None:
            try:
                with turn:
                    md5, body = hex_md5(block), Body(block, self.stop.is_set)
                    etag = self.bucket.send_part(
                        self.upload.key, self.upload.upload_id, number, body, md5=md5
                    )
                future.set_result(LandedPart(etag=etag, md5=md5))
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is wanted
                future.set_exception(error)

        # Not a pool, whose threads the interpreter waits for at its end: a part that hangs in a
        # dead connection would keep a person waiting a minute after Ctrl-C.
        threading.Thread(target=run, name=f"ngopi-part-{number}", daemon=True).start()
        self.under_way[future] = (number, len(block))

    def _settle(self) -> None:
        """Wait for parts to land, and write them down."""
        watched: list[Future[Any]] = [*self.under_way, self.turns.stopped]
        wait(watched, return_when=FIRST_COMPLETED)
        if self.turns.stopped.done():
            raise StoppedError
        for future in [future for future in self.under_way if future.done()]:
            number, part_bytes = self.under_way[future]
            self.landed[number] = future.result()
            del self.under_way[future]
            self.journal.write(replace(self.upload, parts=self.landed))
            self.advance(part_bytes)

    def _end(self) -> None:
        """Stop the parts that are still under way, and write down those that land all the same."""
        self.stop.set()
        late = wait(self.under_way, timeout=_STOP_LIMIT_S).done
        for future in (future for future in late if future.exception() is None):
            self.landed[self.under_way[future][0]] = future.result()
        if late:
            self.journal.write(replace(self.upload, parts=self.landed))


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsUpload:
    """The way of one file into *bucket*, in parts of *part_bytes*, each when it has its turn.

    Memory: one part for each of the *turns*. What has landed stays in the store until the next
    run, if the *journal* is kept: a lost connection or Ctrl-C costs the parts that were under
    way. It is dropped when it can be of no use: the file has changed, somebody else stored the
    key, or the store refuses the parts as a whole.
    """

    bucket: Bucket
    journal: Journal
    part_bytes: int
    turns: Turns

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
            sending = _Sending(
                bucket=self.bucket,
                journal=self.journal,
                turns=self.turns,
                upload=upload,
                advance=advance,
                landed=dict(upload.parts),
            )
            landed = sending.send_missing(path)
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
        if (upload.key, upload.sha256, upload.part_bytes) != (key, sha256, self.part_bytes):
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
