"""What is settled about a recording's file before and after anybody decodes it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Self

from ngopi.audio.kinds import ASF, is_gsm, is_transport_stream, no_file, unknown
from ngopi.errors import (
    DamagedRecordingError,
    EmptyRecordingError,
    FolderRecordingError,
    NgopiError,
    NoSuchRecordingError,
    RecordingChangedError,
    UnreadableRecordingError,
)

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from ngopi.model import Recording

_HEAD_BYTES = 1 << 12
_SIGNATURES = (
    *((0, magic) for magic in (b"RIFF", b"RF64", b"riff", b"FORM", b"OggS", b"fLaC")),
    *((0, magic) for magic in (b"ID3", b"caff", b"\x1aE\xdf\xa3", b"#!AMR", b"FLV\1")),
    (0, ASF),
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
        raise no_file(path)
    if found.st_size == 0:
        raise EmptyRecordingError(path=path)
    return found


def refusal(path: Path) -> NgopiError:
    """Return what to say if FFmpeg refuses the file: a broken recording, or none at all."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise UnreadableRecordingError(path=path, reason=error.strerror or error) from error
    known = any(head.startswith(magic, offset) for offset, magic in _SIGNATURES)
    if not (known or is_gsm(head) or is_transport_stream(head)) or (
        head.startswith(b"RIFF") and head[8:12] not in {b"WAVE", b"AVI ", b""}
    ):
        return unknown(path, head)
    return DamagedRecordingError(path=path)


class Unchanged:
    """While inside, the file is the one that was probed: an error says so where it is not."""

    def __init__(self, recording: Recording) -> None:
        self.path = recording.path
        self._before = status(self.path)
        if self._before.st_size != recording.size_bytes:
            raise RecordingChangedError(path=self.path)

    def check(self) -> None:
        """Raise RecordingChangedError if somebody wrote to the file, or took it away."""
        if self._differs():
            raise RecordingChangedError(path=self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        # What looks like damage may be somebody who is writing at this moment.
        if (error is None or isinstance(error, NgopiError)) and self._differs():
            raise RecordingChangedError(path=self.path) from error

    def _differs(self) -> bool:
        try:
            after = self.path.stat()
        except OSError:
            return True
        before = self._before
        return (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns)
