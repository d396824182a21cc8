"""A folder as a store: for a web server of one's own, a preview, or a copy on a disk."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ngopi.atomic import lock, replacing, sync_folder, write_atomic
from ngopi.errors import (
    DiskError,
    ObjectMissingError,
    ObjectTakenError,
    StoreLinkError,
    StoreNoFolderError,
    StoreReadError,
    StoreVerifyError,
    SwapConflictError,
)
from ngopi.model import ObjectHead
from ngopi.reading import kind_fault, leads_out_below
from ngopi.store.abilities import ABLE, Abilities
from ngopi.store.address import folder_of
from ngopi.store.kinds import find_kind, kind_of, require_readable
from ngopi.store.source import checked_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ngopi.model import StoreSettings
    from ngopi.store.source import Source

_BLOCK_BYTES = 1 << 20
# Hidden, so that a web server that knows its trade does not serve it.
_LOCK_NAME = ".ngopi.lock"
# Another producer's long copy to a slow disk is worth waiting for; a hung one is not.
_LOCK_WAIT_S = 60.0
# What `atomic.replacing` leaves of a file when it is killed (never by an error).
_LEFT = re.compile(r"\.(.+)\.[0-9a-f]{8}\.tmp")
# Under the lock nobody else writes; this is for file systems that only pretend to lock.
_LEFT_AFTER_S = 3600.0
_PLACES = ("", "audio/", "covers/", "releases/", "history/")


class FolderStore:
    """Objects as files below *folder*; a version is the content's SHA-256.

    Writers take turns by a lock file, readers never wait: files appear whole by a rename.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._swept = False

    @classmethod
    def of(cls, settings: StoreSettings, *, root: Path) -> FolderStore:
        """Return the store that a ``file:`` address names; a relative path starts at *root*.

        ``file:public``, ``file:/srv/www``, ``file:C:/www``, ``file:///srv/www`` and
        ``file:///C:/www`` are understood; only the last two are percent-decoded.

        Raises:
            StoreAddressError: it is no such address, or names another machine.
            StoreNoFolderError: a file lies there.
        """
        folder = folder_of(settings.url, root=root)
        there = next((part for part in (folder, *folder.parents) if part.exists()), folder)
        if there.is_file():
            raise StoreNoFolderError(folder=folder, file=there)
        return cls(folder)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Nothing: a folder keeps what is promised."""
        return ()

    def probe_abilities(self) -> Abilities:
        """Return what holds of every folder."""
        return ABLE

    def head(self, key: str) -> ObjectHead | None:
        """Return what is stored under *key*, or None; reads the whole file."""
        path = self._path(key)
        with _reading(path):
            try:
                with path.open("rb") as file:
                    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                    written_s = os.fstat(file.fileno()).st_mtime
                    modified = datetime.fromtimestamp(written_s, tz=UTC)
                    return _head(key, size_bytes=file.tell(), sha256=sha256, modified=modified)
            except FileNotFoundError:
                return None

    def read(self, key: str) -> tuple[bytes, ObjectHead] | None:
        """Return a small object's bytes and head, both of one moment, or None."""
        path = self._path(key)
        with _reading(path):
            try:
                with path.open("rb") as file:
                    require_readable(key, os.fstat(file.fileno()).st_size)
                    data = file.read()
            except FileNotFoundError:
                return None
        return data, _head_of(key, data)

    def chunks(self, key: str) -> Iterator[bytes]:
        """Yield a large object's bytes, piece by piece."""
        path = self._path(key)
        with _reading(path):
            try:
                file = path.open("rb")
            except FileNotFoundError as error:
                raise ObjectMissingError(key=key) from error
            with file:
                while chunk := file.read(_BLOCK_BYTES):
                    yield chunk

    def add(
        self, key: str, path: Path, *, sha256: str, advance: Callable[[float], None]
    ) -> ObjectHead:
        """Copy the file *path* to *key* for ever, unless the same is already there."""
        target = self._path(key)
        with self._writing(target):
            there = self.head(key)
            if there is None:
                buffer = bytearray(_BLOCK_BYTES)
                with replacing(target) as file:
                    for block in checked_blocks(path, sha256=sha256, buffer=lambda: buffer):
                        file.write(block)
                        advance(len(block))
                return self._verified(key, sha256=sha256)
        if there.sha256 != sha256:
            raise ObjectTakenError(key=key)
        advance(there.size_bytes)
        return there

    def add_all(
        self, sources: Sequence[Source], *, advance: Callable[[float], None]
    ) -> dict[str, ObjectHead]:
        """Copy all *sources*, one after another: a disk is not quicker with several."""
        return {
            source.key: self.add(source.key, source.path, sha256=source.sha256, advance=advance)
            for source in sources
        }

    def swap(self, key: str, data: bytes, *, expected: str | None) -> ObjectHead:
        """Replace *key* by *data* if its version still is *expected* (None: nothing is there)."""
        target = self._path(key)
        with self._writing(target):
            there = self.head(key)
            if (there and there.version) != expected:
                raise SwapConflictError(key=key)
            write_atomic(target, data)
        return _head_of(key, data)

    def delete(self, key: str) -> None:
        """Remove *key*; nothing happens if it is not there."""
        self._remove(self._path(key))

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise DiskError(path=path, reason=error.strerror or error) from error

    def erase(self, key: str) -> None:
        """Remove *key*, and what a killed run left half-written of it."""
        self.delete(key)
        path = self._path(key)
        for left in path.parent.glob(f".{path.name}.*.tmp"):
            if _LEFT.fullmatch(left.name):
                self._remove(left)

    def heads(self, prefix: str) -> Iterator[ObjectHead]:
        """Yield what lies under *prefix*, in the order of the keys; reads each file."""
        found = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*"))
        for key in sorted(key for key in found if key.startswith(prefix) and find_kind(key)):
            head = self.head(key)
            if head is not None:  # removed by another producer since the folder was read
                yield head

    def _path(self, key: str) -> Path:
        kind_of(key)
        path = self.folder / key
        if leads_out_below(self.folder, key):
            raise StoreLinkError(path=path)
        return path

    def _verified(self, key: str, *, sha256: str) -> ObjectHead:
        stored = self.head(key)
        if stored is None or stored.sha256 != sha256:
            raise StoreVerifyError(key=key, reason=f"SHA-256 {stored and stored.sha256}")
        return stored

    @contextlib.contextmanager
    def _writing(self, target: Path) -> Iterator[None]:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            sync_folder(self.folder)
        except OSError as error:
            raise DiskError(path=target, reason=error.strerror or error) from error
        with lock(self.folder / _LOCK_NAME, wait_s=_LOCK_WAIT_S):
            if not self._swept:
                self._sweep()
            yield

    def _sweep(self) -> None:
        """Remove, once a run, what killed runs left half-written an hour ago or earlier."""
        self._swept = True
        before_s = time.time() - _LEFT_AFTER_S
        for path in (path for place in _PLACES for path in _left(self.folder / place, place)):
            with contextlib.suppress(OSError):  # a colleague's, or gone: no reason not to publish
                if path.lstat().st_mtime < before_s:
                    path.unlink()


def _left(folder: Path, under: str) -> list[Path]:
    """Return the half-written files of ngopi in a folder that has the name *under* in the store."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - thousands, of which hardly one is looked at
    except OSError:  # nothing was written there yet
        return []
    found = ((name, _LEFT.fullmatch(name)) for name in names if name.startswith("."))
    ours = (name for name, left in found if left and find_kind(f"{under}{left[1]}"))
    return [folder / name for name in ours]


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    with contextlib.suppress(OSError):  # opening it says why
        if fault := kind_fault(path.stat()):  # a pipe would be waited for
            raise StoreReadError(key=path, reason=fault)
    try:
        yield
    except OSError as error:
        raise StoreReadError(key=path, reason=error.strerror or error) from error


def _head_of(key: str, data: bytes) -> ObjectHead:
    return _head(key, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def _head(
    key: str, *, size_bytes: int, sha256: str, modified: datetime | None = None
) -> ObjectHead:
    return ObjectHead(
        key=key,
        size_bytes=size_bytes,
        sha256=sha256,
        version=sha256,
        media_type=kind_of(key).media_type,
        modified=modified,
    )
