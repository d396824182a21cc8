"""The parts of a file, which FFmpeg is given one after the other.

Most files are one part. A recorder that was paused, or somebody who put files behind each
other, makes several: links of an Ogg chain, a second WAV behind the first. FFmpeg reads the
first of them, or stumbles over the second.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ngopi.audio.kinds import ASF, end_of_tags
from ngopi.audio.recording.chunks import read_chunks
from ngopi.audio.recording.containers import wide_caf, wide_wav
from ngopi.errors import DamagedRecordingError, UnreadableRecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO
    from pathlib import Path
    from typing import BinaryIO, Self

_BUFFER_BYTES = 1 << 20
_MOST_PARTS = 5000  # each costs milliseconds, whatever is in it
_MOST_BOXES = 1_000_000
# What may lie behind an ID3 tag that does not belong there; MP3 and AAC have it by right.
_BEHIND_TAGS = (
    *(b"RIFF", b"RF64", b"riff", b"FORM", b"fLaC", b"OggS", b"\x1aE\xdf\xa3"),
    *(b"#!AMR", b"FLV\1", ASF),
)
_PAGE_BYTES, _FIRST_PAGE = 27, 2
_CAF_HEAD = b"caff\0\1\0\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Bytes *begin* to *end* of a file (None: all that follows), with *header* in front of them.

    *origin* is where its own header begins, if that was left out.
    """

    begin: int = 0
    end: int | None = None
    header: bytes = b""
    origin: int | None = None

    @property
    def is_all(self) -> bool:
        """Whether it is the file as it is."""
        return not self.begin and self.end is None and not self.header


def parts(path: Path) -> tuple[Part, ...]:
    """Return the parts of the file, in their order; nothing is decoded.

    Raises:
        UnreadableRecordingError: the system does not let us read it.
        DamagedRecordingError: it has thousands of parts.
    """
    found: list[Part] = []
    try:
        with path.open("rb", buffering=_BUFFER_BYTES) as file:
            for part in _parts(file):
                found.append(part)
                if len(found) > _MOST_PARTS:
                    raise DamagedRecordingError(path=path)
    except OSError as error:
        raise UnreadableRecordingError(path=path, reason=error.strerror or error) from error
    return tuple(found)


def _parts(file: BinaryIO) -> Iterator[Part]:
    begin = _behind_tags(file)
    file.seek(begin)
    head = file.read(12)
    if head.startswith(b"OggS"):
        yield from _between(_links(file, begin))
    elif head[4:8] == b"ftyp":
        yield from _between(_films(file, begin))
    elif head.startswith(b"caff"):
        begin, *others = _cafs(file, begin)
        if others:
            yield from _between(iter((begin, *others)))
        else:
            header, start = wide_caf(file) or (b"", 0)
            yield Part(begin=start, header=header, origin=0)
    elif read_chunks(file, begin) is not None:
        yield from _chunked(file, begin)
    else:
        yield Part(begin=begin)


def _between(starts: Iterator[int]) -> Iterator[Part]:
    """Yield the parts that begin at *starts*, each up to the next."""
    begin = next(starts)
    for end in starts:
        yield Part(begin=begin, end=end)
        begin = end
    yield Part(begin=begin)


def _behind_tags(file: BinaryIO) -> int:
    """Return where a file begins that has ID3 tags before it which do not belong there."""
    at = end_of_tags(file, 0)
    file.seek(at)
    head = file.read(16)
    is_other = head.startswith(_BEHIND_TAGS) or head[4:8] == b"ftyp"
    return at if is_other else 0


def _chunked(file: BinaryIO, begin: int) -> Iterator[Part]:
    """Yield WAV or AIFF files that lie one behind the other."""
    size = os.fstat(file.fileno()).st_size
    while (found := read_chunks(file, begin)) is not None:
        end = found.end if found.end is not None and found.end < size else None
        if end is not None and (end <= begin or read_chunks(file, end) is None):
            end = None
        stated_end = found.begin + (found.stated_bytes or size)
        sound_end = min(stated_end, end or size)
        wide = wide_wav(file, found, end=sound_end)
        if wide is not None:
            yield Part(header=wide[0], begin=wide[1], end=sound_end, origin=begin)
        else:
            yield Part(begin=begin, end=end)
        if end is None:
            return
        begin = end


def _links(file: BinaryIO, begin: int) -> Iterator[int]:
    """Yield where the links of an Ogg chain begin: at first pages that follow others.

    Source: RFC 3533, 4 and 6.
    """
    yield begin
    at, inside = begin, False
    while True:
        file.seek(at)
        header = file.read(_PAGE_BYTES)
        if len(header) < _PAGE_BYTES:
            return
        if not header.startswith(b"OggS\0"):
            at = _next_page(file, at + 1)
            continue
        is_first = bool(header[5] & _FIRST_PAGE)
        if is_first and inside:
            yield at
        inside = not is_first
        at += _PAGE_BYTES + header[26] + sum(file.read(header[26]))


def _next_page(file: BinaryIO, at: int) -> int:
    """Return where the next page begins in what is damaged, or where the file ends."""
    while True:
        file.seek(at)
        data = file.read(_BUFFER_BYTES)
        found = data.find(b"OggS\0")
        if found >= 0:
            return at + found
        if len(data) < _BUFFER_BYTES:
            return at + len(data)
        at += len(data) - 4


def _films(file: BinaryIO, begin: int) -> Iterator[int]:
    """Yield where MP4 files begin that lie one behind the other."""
    yield begin
    size, at, names = os.fstat(file.fileno()).st_size, begin, set[bytes]()
    for _ in range(_MOST_BOXES):
        file.seek(at)
        header = file.read(16)
        if len(header) < 8:  # noqa: PLR2004 - a length and a name
            return
        length, name = int.from_bytes(header[:4], "big"), header[4:8]
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if name == b"ftyp" and {b"moov", b"mdat"} <= names:
            yield at
            names.clear()
        names.add(name)
        if length < 8 or at + length >= size:  # noqa: PLR2004 - 0: up to the end
            return
        at += length


def _cafs(file: BinaryIO, begin: int) -> Iterator[int]:
    """Yield where CAF files begin that lie one behind the other (Apple, CAF specification)."""
    yield begin
    at = begin + 8
    for _ in range(_MOST_BOXES):
        file.seek(at)
        header = file.read(12)
        if len(header) < 12:  # noqa: PLR2004 - a name, and the length in 8 bytes
            return
        if header.startswith(_CAF_HEAD):
            yield at
            at += 8
            continue
        length = int.from_bytes(header[4:], "big", signed=True)
        if length < 0:  # up to the end of the file
            return
        at += 12 + length


class Slice:
    """A part as a file of its own, to be read from anywhere."""

    def __init__(self, path: Path, part: Part) -> None:
        self.name = f"file:{path.absolute()}"
        self._file: FileIO = path.open("rb", buffering=0)
        self._part = part
        size = os.fstat(self._file.fileno()).st_size
        body = (size if part.end is None else min(part.end, size)) - part.begin
        self._size = len(part.header) + max(body, 0)
        self._at = 0

    def read(self, size: int) -> bytes:
        """Return up to *size* bytes, nothing only at the end."""
        header = self._part.header
        if self._at < len(header):
            data = header[self._at : self._at + size]
        else:
            self._file.seek(self._part.begin + self._at - len(header))
            data = self._file.read(max(min(size, self._size - self._at), 0))
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to *offset*, as in any file."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(start + offset, 0)
        return self._at

    def tell(self) -> int:
        """Return where the next byte is read from."""
        return self._at

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
