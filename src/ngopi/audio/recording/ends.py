"""Whether a file ends in the middle, and the length that it gives its sound.

Judged by its bytes: FFmpeg reads as far as it gets and says nothing.
"""

from __future__ import annotations

import math
import os
import struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ngopi.audio.recording.chunks import read_chunks
from ngopi.audio.recording.frames import (
    ends_within_a_frame,
    ends_within_a_page,
    ends_within_a_tag,
    ends_within_an_element,
    states_frames,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ngopi.audio.recording.chunks import Chunked
    from ngopi.audio.recording.parts import Part

_BUFFER_BYTES = 1 << 16
_MOST_NAMES, _BOX_BYTES = 1000, 8
_MOST_CHUNKS = 10_000
_MOST_TABLE_BYTES = 64 << 20
_NEVER_WRITTEN = 0xFFFF0000
_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_CUT_S = 0.1  # of what is cut for certain, more than rounding
_FRAMES_S = 0.3  # the encoder's own delay, and a frame that it did not count
_GSM_BYTES, _PACKET_BYTES = 33, 188
_AMR_HEAD_BYTES = 9
_AMR_FRAMES: dict[bytes, tuple[int, ...]] = {
    b"#!AMR\n": (13, 14, 16, 18, 20, 21, 27, 32, 6, 6, 6, 6, 1, 1, 1, 1),
    b"#!AMR-WB\n": (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 6, 1, 1, 1, 1, 1),
}


class Ending(NamedTuple):
    """What the bytes of a file say about its end.

    *is_cut*: it ends in the middle of what it holds. *is_indexed*: the length that FFmpeg tells
    of the track is not guessed. *stated_s* is the length of its sound, *missing_s* what is not
    there of it; None: it does not say. What is less than *slack_s* may be rounding. *is_whole*:
    the file was whole once, nobody else could have written what it says.
    """

    is_cut: bool = False
    is_indexed: bool = False
    stated_s: float | None = None
    missing_s: float | None = None
    slack_s: float = 1.0
    is_whole: bool = False

    def missing_of(self, heard_s: float) -> float:
        """Return what is missing of the sound after *heard_s* of it; 0 for what is not known."""
        missing_s = self.missing_s
        if missing_s is None:
            missing_s = 0.0 if self.stated_s is None else self.stated_s - heard_s
        slack_s = min(self.slack_s, _CUT_S) if self.is_cut else self.slack_s
        return missing_s if missing_s > slack_s else 0.0

    @property
    def is_cut_somewhere(self) -> bool:
        """Whether it is cut, and nobody knows how long it was."""
        return self.is_cut and self.stated_s is None and self.missing_s is None


#: It says nothing.
WHOLE = Ending()


def ending(path: Path, part: Part, *, kind: str) -> Ending:
    """Return how *part* of the file ends, FFmpeg's *kind* of container; nothing is decoded.

    Raises:
        OSError: the system does not let us read it.
    """
    judge = _JUDGES.get(kind)
    if judge is None:
        return WHOLE
    with path.open("rb", buffering=_BUFFER_BYTES) as file:
        size = os.fstat(file.fileno()).st_size
        end = size if part.end is None else min(part.end, size)
        return judge(file, part.begin if part.origin is None else part.origin, end)


# -- frames -------------------------------------------------------------------------------


def _mpeg(file: BinaryIO, begin: int, end: int) -> Ending:
    """Judge MP3 and AAC; where the first frame states the length, FFmpeg tells it."""
    is_cut = ends_within_a_frame(file, begin, end)
    return Ending(is_cut=is_cut, is_indexed=states_frames(file, begin, end), slack_s=_FRAMES_S)


def _flac(file: BinaryIO, begin: int, _: int) -> Ending:
    """Judge by the whole number of samples, where that was written; FFmpeg tells it."""
    file.seek(begin)
    info = file.read(26)
    is_indexed = bool(int.from_bytes(info[21:26], "big") & 0xFFFFFFFFF)
    return Ending(is_indexed=is_indexed, slack_s=_CUT_S, is_whole=True)


# -- chunks -------------------------------------------------------------------------------


def _chunked(file: BinaryIO, begin: int, _: int) -> Ending:
    found = read_chunks(file, begin)
    if found is None or found.stated_bytes is None:
        return WHOLE
    missing_bytes = found.begin + found.stated_bytes - os.fstat(file.fileno()).st_size
    if missing_bytes <= 0:
        return WHOLE
    return Ending(is_cut=True, missing_s=_seconds_of(found, missing_bytes))


def _seconds_of(found: Chunked, count: int) -> float | None:
    """Return how long *count* bytes of the sound last."""
    if found.form == b"FORM":
        if len(found.description) < 18 or not found.stated_bytes:  # noqa: PLR2004 - up to the rate
            return None
        frames, _, exponent, mantissa = struct.unpack(">IHHQ", found.description[2:18])
        rate_hz = math.ldexp(mantissa, (exponent & 0x7FFF) - 16383 - 63)
        return frames / rate_hz * count / found.stated_bytes if rate_hz >= 1 else None
    if len(found.description) < 12:  # noqa: PLR2004 - up to the bytes of a second
        return None
    (bytes_per_s,) = struct.unpack("<I", found.description[8:12])
    return count / bytes_per_s if bytes_per_s else None


def _caf(file: BinaryIO, begin: int, end: int) -> Ending:
    at, bytes_per_s = begin + 8, 0.0
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        header = file.read(12)
        if at >= end or len(header) < 12:  # noqa: PLR2004 - a name, and the length in 8 bytes
            break
        length = int.from_bytes(header[4:], "big", signed=True)
        if header[:4] == b"desc":
            rate_hz, _, _, packet_bytes, frames = struct.unpack(
                ">d4sIII", file.read(24).ljust(24, b"\0")
            )
            bytes_per_s = rate_hz * packet_bytes / frames if frames else 0.0
        if length < 0:  # up to the end of the file
            break
        at += 12 + length
        if at > end and not header[:4].isalnum():  # no chunk, but what somebody put behind them
            break
        if at > end and header[:4] != b"data":
            return Ending(is_cut=True)
        if at > end:
            missing_s = (at - end) / bytes_per_s if bytes_per_s > 0 else None
            return Ending(is_cut=True, missing_s=missing_s)
    return WHOLE


# -- videos -------------------------------------------------------------------------------


def _film(file: BinaryIO, begin: int, end: int) -> Ending:
    """Judge MP4 and its kin; where no fragments follow its index, FFmpeg tells its length."""
    at, stated_s, names, is_cut = begin, None, set[bytes](), False
    while at < end and len(names) < _MOST_NAMES:
        file.seek(at)
        header = file.read(16)
        length, name = int.from_bytes(header[:4], "big"), header[4:8]
        names.add(name)
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if name == b"moov":
            file.seek(at)
            stated_s = _fragments_s(file.read(min(length, _MOST_TABLE_BYTES)))
        if length < _BOX_BYTES and at + _BOX_BYTES <= end:  # 0: up to the end of the file
            break
        at += max(length, _BOX_BYTES)
        is_cut = at > end and (len(name) < len(b"name") or name.isalnum())
    return Ending(is_cut=is_cut, is_indexed=b"moof" not in names, stated_s=stated_s, is_whole=True)


def _fragments_s(contents: bytes) -> float | None:
    """Return the length that the index of a fragmented MP4 gives the whole (ISO 14496-12)."""
    whole, movie = contents.find(b"mehd"), contents.find(b"mvhd")
    if whole < 0 or movie < 0:
        return None
    wide = contents[whole + 4 : whole + 5] == b"\1"
    length = int.from_bytes(contents[whole + 8 : whole + (16 if wide else 12)], "big")
    at = movie + (24 if contents[movie + 4 : movie + 5] == b"\1" else 16)
    ticks = int.from_bytes(contents[at : at + 4], "big")
    return length / ticks if ticks and length else None


def _avi(file: BinaryIO, begin: int, end: int) -> Ending:
    file.seek(begin)
    contents = file.read(_BUFFER_BYTES)
    stated_s, at = None, contents.find(b"strh")
    while at >= 0:
        scale, rate, _, length = struct.unpack("<IIII", contents[at + 28 : at + 44].ljust(16))
        if contents[at + 8 : at + 12] == b"auds" and rate:
            stated_s = length * scale / rate
            break
        at = contents.find(b"strh", at + 4)
    at = begin
    while at < end:  # a long one has several
        file.seek(at)
        header = file.read(8)
        if not header.startswith(b"RIFF") or len(header) < 8:  # noqa: PLR2004 - a name, a length
            return Ending(stated_s=stated_s)
        (length,) = struct.unpack("<I", header[4:])
        if at + 8 + length > end:
            return Ending(is_cut=length < _NEVER_WRITTEN, stated_s=stated_s)
        at += 8 + length + length % 2
    return Ending(stated_s=stated_s)


def _asf(file: BinaryIO, begin: int, end: int) -> Ending:
    file.seek(begin)
    contents = file.read(_BUFFER_BYTES)
    at = contents.find(_ASF_FILE)
    values = contents[at + 24 : at + 92]
    if at < 0 or len(values) < 68:  # noqa: PLR2004 - up to the flags
        return WHOLE
    size, _, _, played, _, preroll_ms, flags = struct.unpack("<QQQQQQI", values[16:68])
    if flags & 1:  # a broadcast: nothing of it is true
        return WHOLE
    stated_s = played / 1e7 - preroll_ms / 1e3
    return Ending(is_cut=begin + size > end, stated_s=stated_s if stated_s > 0 else None)


def _amr(file: BinaryIO, begin: int, end: int) -> Ending:
    file.seek(begin)
    magic = file.readline(_AMR_HEAD_BYTES)
    lengths, at = _AMR_FRAMES.get(magic, ()), begin + len(magic)
    while lengths and at < end:
        head = file.read(1)
        if not head:
            break
        length = lengths[head[0] >> 3 & 15]
        at += length
        file.seek(length - 1, os.SEEK_CUR)
    return Ending(is_cut=at > end)


def _gsm(_file: BinaryIO, begin: int, end: int) -> Ending:
    return Ending(is_cut=bool((end - begin) % _GSM_BYTES))


def _stream(file: BinaryIO, begin: int, end: int) -> Ending:
    """Judge a transport stream, whose packets may have a time of four bytes before them."""
    file.seek(begin)
    packet_bytes = _PACKET_BYTES if file.read(1) == b"G" else _PACKET_BYTES + 4
    return Ending(is_cut=bool((end - begin) % packet_bytes))


def _ogg(file: BinaryIO, begin: int, end: int) -> Ending:
    return Ending(is_cut=ends_within_a_page(file, begin, end))


def _matroska(file: BinaryIO, begin: int, end: int) -> Ending:
    return Ending(is_cut=ends_within_an_element(file, begin, end))


def _flv(file: BinaryIO, _: int, end: int) -> Ending:
    return Ending(is_cut=ends_within_a_tag(file, end))


_JUDGES: dict[str, Callable[[BinaryIO, int, int], Ending]] = {
    "aac": _mpeg,
    "aiff": _chunked,
    "amr": _amr,
    "asf": _asf,
    "avi": _avi,
    "caf": _caf,
    "flac": _flac,
    "flv": _flv,
    "matroska,webm": _matroska,
    "gsm": _gsm,
    "mpegts": _stream,
    "mov,mp4,m4a,3gp,3g2,mj2": _film,
    "mp3": _mpeg,
    "ogg": _ogg,
    "w64": _chunked,
    "wav": _chunked,
}
