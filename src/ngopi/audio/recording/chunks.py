"""Files made of chunks (WAV, RF64, Wave64, AIFF): where their sound lies, how long it should be."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_MOST_CHUNKS = 10_000
_MOST_FORMAT_BYTES = 1 << 12
_UNKNOWN_32 = 0xFFFFFFFF
# What recorders write that cannot go back to the header, to a pipe for example: the most that
# fits, a little less (their own header, a whole number of frames), or nothing.
_NEVER_WRITTEN = (range(1), range(0x7FFF0000, 0x80010000), range(0xFFFF0000, 0x100000000))
_W64_RIFF = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_W64_TAIL = b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunked:
    """One RIFF, RF64, Wave64 or AIFF: *form* is its FourCC.

    *description* is the body of ``fmt `` or ``COMM``. The sound begins at *begin*, and has
    *stated_bytes* (None: that was never written). *end* is where the whole ends (None: unknown).
    """

    form: bytes
    description: bytes
    begin: int
    stated_bytes: int | None
    end: int | None


def read_chunks(file: BinaryIO, begin: int) -> Chunked | None:
    """Return what lies at *begin* of *file*; None if it is none of these, or has no sound."""
    file.seek(begin)
    head = file.read(40)
    form = head[:4]
    if form in {b"RIFF", b"RF64", b"BW64"} and head[8:12] == b"WAVE":
        return _described(file, form, _little_chunks(file, begin), _end(head, begin, "<I"))
    if form == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return _described(file, form, _big_chunks(file, begin), _end(head, begin, ">I"))
    if head.startswith(_W64_RIFF) and len(head) == 40:  # noqa: PLR2004 - two GUIDs and a length
        (length,) = struct.unpack("<q", head[16:24])
        return _described(file, b"riff", _wide_chunks(file, begin), begin + length)
    return None


def _end(head: bytes, begin: int, order: str) -> int | None:
    (length,) = struct.unpack(order, head[4:8])
    if any(length in never for never in _NEVER_WRITTEN):
        return None
    return begin + 8 + int(length) + int(length) % 2


def _described(
    file: BinaryIO, form: bytes, chunks: Iterator[tuple[bytes, int, int]], end: int | None
) -> Chunked | None:
    description, wide = b"", 0
    for name, begin, length in chunks:
        if name in {b"fmt ", b"COMM"}:
            file.seek(begin)
            description = file.read(min(length, _MOST_FORMAT_BYTES))
        elif name == b"ds64" and length >= 16:  # noqa: PLR2004 - two lengths
            file.seek(begin)
            riff_bytes, wide = struct.unpack("<QQ", file.read(16).ljust(16, b"\0"))
            end = begin - 20 + 8 + riff_bytes
        elif name in {b"data", b"SSND"}:
            stated = wide if wide and length == _UNKNOWN_32 else length
            is_known = form == b"riff" or not any(stated in never for never in _NEVER_WRITTEN)
            # In AIFF an offset and a size of blocks come first.
            ahead = 8 if name == b"SSND" else 0
            return Chunked(
                form=form,
                description=description,
                begin=begin + ahead,
                stated_bytes=stated - ahead if is_known or stated == wide else None,
                end=end,
            )
    return None


def _little_chunks(file: BinaryIO, begin: int) -> Iterator[tuple[bytes, int, int]]:
    return _chunks(file, begin + 12, "<4sI")


def _big_chunks(file: BinaryIO, begin: int) -> Iterator[tuple[bytes, int, int]]:
    return _chunks(file, begin + 12, ">4sI")


def _chunks(file: BinaryIO, at: int, form: str) -> Iterator[tuple[bytes, int, int]]:
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        header = file.read(8)
        if len(header) < 8:  # noqa: PLR2004 - a name and a length
            return
        name, length = struct.unpack(form, header)
        yield name, at + 8, length
        at += 8 + length + length % 2


def _wide_chunks(file: BinaryIO, begin: int) -> Iterator[tuple[bytes, int, int]]:
    at = begin + 40
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        header = file.read(24)
        if len(header) < 24:  # noqa: PLR2004 - a GUID and a length
            return
        (length,) = struct.unpack("<q", header[16:])
        if length < 24 or header[4:16] != _W64_TAIL:  # noqa: PLR2004 - it counts its header
            return
        yield header[:4], at + 24, length - 24
        at += length + -length % 8
