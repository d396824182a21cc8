"""Files that are whole or not there at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import time
from typing import TYPE_CHECKING, BinaryIO

from ngopi.errors import DiskError, LockedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CHUNK_BYTES = 1 << 20
# What `replacing` names its new files; nothing is under way for so long.
_LEFT = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")
_LEFT_AFTER_S = 3600
_RENAMES, _READER_S = 50, 0.02  # a second in all


def write_atomic(path: Path, data: bytes) -> None:
    """Replace *path* by *data*: a reader sees the old file or the new one, never a part.

    Raises:
        DiskError: the disk is full, the folder read-only, or the like.
    """
    with replacing(path) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a new file that takes the place of *path* when the block ends without an error.

    Raises:
        DiskError: the disk is full, the folder read-only, or the like.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
        move_flushed(temporary, path)
    except OSError as error:
        raise DiskError(path=path, reason=error.strerror or error) from error
    finally:
        # Gone already after the rename; after a failure nothing half-written stays.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes *folder*, whole, when the block ends without an error.

    What killed runs left of the same folder is removed, and nothing else: these names are ours.

    Raises:
        DiskError: it could not be written, or *folder* is there; nothing is left behind.
    """
    left = re.compile(rf"\.{re.escape(folder.name)}\.[0-9a-f]{{8}}\.tmp")
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for path in folder.parent.iterdir():
            if left.fullmatch(path.name) and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
        temporary.mkdir()
        yield temporary
        temporary.replace(folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise DiskError(path=folder, reason=error.strerror or error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sweep(path: Path) -> None:
    """Remove what a killed run left of a new *path*; nobody else may be writing it meanwhile."""
    with contextlib.suppress(OSError):  # litter harms nobody
        for left in path.parent.glob(f".{path.name}.*.tmp"):
            left.unlink(missing_ok=True)


def sweep_old(folder: Path) -> None:
    """Remove what killed runs left half-written in *folder* an hour ago or earlier."""
    before_s = time.time() - _LEFT_AFTER_S
    with contextlib.suppress(OSError):
        for left in (name for name in os.listdir(folder) if _LEFT.fullmatch(name)):  # noqa: PTH208 - thousands, of which hardly one is looked at
            path = folder / left
            if path.lstat().st_mtime < before_s:
                path.unlink()


def move_flushed(path: Path, target: Path) -> None:
    """Let the file *path* take the place of *target*, in a way that a power cut leaves it whole.

    A file that gets its name before its bytes are on the disk can come back empty.

    Raises:
        OSError: it could not be moved; or it was, and may not be there after a power cut.
    """
    with path.open("r+b") as file:  # Windows flushes only what may be written
        os.fsync(file.fileno())
    _replace(path, target)
    sync_folder(target.parent)


def _replace(path: Path, target: Path) -> None:
    """Rename; Windows lets nobody replace a file that is being read, and readers are soon done."""
    for _ in range(_RENAMES if os.name == "nt" else 0):
        with contextlib.suppress(PermissionError):
            path.replace(target)
            return
        time.sleep(_READER_S)
    path.replace(target)


def sync_folder(folder: Path) -> None:
    """Make renames inside *folder* survive a power cut, where the system can."""
    if os.name == "nt":  # a folder has no handle to flush there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path, *, advance: Callable[[float], None] | None = None) -> str:
    """Return the SHA-256 of a file as hex; *advance* is called with bytes read since."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            if advance is not None:
                advance(len(chunk))
    return digest.hexdigest()


@contextlib.contextmanager
def lock(path: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock file *path*; who wants it meanwhile is told after *wait_s* seconds.

    Raises:
        LockedError: another run of ngopi holds it.
    """
    from filelock import FileLock, Timeout

    held = FileLock(path)
    try:
        held.acquire(timeout=wait_s)
    except Timeout as error:
        raise LockedError(folder=path.parent) from error
    except OSError as error:
        raise DiskError(path=path, reason=error.strerror or error) from error
    try:
        yield
    finally:
        held.release()
