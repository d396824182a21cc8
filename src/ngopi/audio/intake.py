"""What is settled about a recording's file before and after anybody decodes it."""

from __future__ import annotations

import contextlib
import stat
from typing import TYPE_CHECKING

from ngopi.errors import (
    DamagedRecordingError,
    EmptyRecordingError,
    FolderRecordingError,
    NgopiError,
    NoSuchRecordingError,
    NotARecordingError,
    RecordingChangedError,
    UnreadableRecordingError,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

    from ngopi.model import Recording

_SIGNATURES = (
    *((0, magic) for magic in (b"RIFF", b"RF64", b"riff", b"FORM", b"OggS", b"fLaC")),
    *((0, magic) for magic in (b"ID3", b"caff", b"\x1aE\xdf\xa3")),
    *((4, magic) for magic in (b"ftyp", b"moov", b"mdat", b"wide", b"free")),
)


def status(path: Path) -> os.stat_result:
    """Return the status of a regular file that has something in it.

    Raises:
        NoSuchRecordingError, FolderRecordingError, UnreadableRecordingError,
        EmptyRecordingError, NotARecordingError: it is not one.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise NoSuchRecordingError(path=path) from error
    except OSError as error:
        raise UnreadableRecordingError(path=path, reason=error.strerror or error) from error
    if stat.S_ISDIR(found.st_mode):
        raise FolderRecordingError(path=path)
    if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for ever
        raise NotARecordingError(path=path)
    if found.st_size == 0:
        raise EmptyRecordingError(path=path)
    return found


def refusal(path: Path) -> NgopiError:
    """Return what to say if FFmpeg refuses the file: a broken recording, or none at all."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise UnreadableRecordingError(path=path, reason=error.strerror or error) from error
    known = any(head[offset:].startswith(magic) for offset, magic in _SIGNATURES)
    if not known or (head.startswith(b"RIFF") and head[8:12] not in {b"WAVE", b""}):
        return NotARecordingError(path=path)
    return DamagedRecordingError(path=path)


@contextlib.contextmanager
def unchanged(recording: Recording) -> Iterator[None]:
    """Refuse a file that is not the one that was probed, or not the same at the end."""
    path = recording.path
    before = status(path)
    if before.st_size != recording.size_bytes:
        raise RecordingChangedError(path=path)
    try:
        yield
    except NgopiError as error:
        # What looks like damage may be somebody who is writing at this moment.
        if _differs(path, before):
            raise RecordingChangedError(path=path) from error
        raise
    if _differs(path, before):
        raise RecordingChangedError(path=path)


def _differs(path: Path, before: os.stat_result) -> bool:
    try:
        after = path.stat()
    except OSError:
        return True
    return (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns)
