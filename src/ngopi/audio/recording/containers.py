"""Samples in containers that are wider than they are, 24 bits in 32 for example.

FFmpeg goes by the bits that are valid and reads noise. Given a header that tells of whole
containers it reads the samples; the bits below the valid ones are zero.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import BinaryIO

    from ngopi.audio.recording.chunks import Chunked

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_FORMAT_BYTES, _EXTENSIBLE_BYTES = 16, 40
_WIDEST = 4
_READ_BYTES = 12 << 16  # whole samples of 2, 3 and 4 bytes
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_CAF_FORMAT = ">d4sIIIII"
_CAF_HEAD_BYTES = 1 << 20


def wide_wav(file: BinaryIO, found: Chunked, *, end: int) -> tuple[bytes, int] | None:
    """Return a header for the sound of a WAV, and where that then begins; None: its own will do.

    *end* is where its sound ends. Samples stand at the upper end of their containers; those of
    programs that put them at the lower one are taken a few bytes earlier, which lifts them there.
    """
    description = found.description
    if found.form == b"FORM" or len(description) < _FORMAT_BYTES:
        return None
    tag, channels, rate_hz, _, block_bytes, bits = struct.unpack("<HHIIHH", description[:16])
    mask = 0
    if tag == _EXTENSIBLE:
        if len(description) < _EXTENSIBLE_BYTES or description[26:40] != _GUID_TAIL:
            return None
        stated, mask, tag = struct.unpack("<HIH", description[18:26])
        bits = stated or bits
    if not channels or block_bytes % channels or tag not in {_PCM, _FLOAT}:
        return None
    width, valid = block_bytes // channels, -(-bits // 8)
    if width <= valid or (width > _WIDEST and tag == _PCM):
        return None
    begin = found.begin
    if tag == _PCM and _stands_low(file, begin, end, width=width, bits=8 * valid):
        begin -= width - valid
    return _wav_header(tag, channels, rate_hz, width, mask), begin


def _stands_low(file: BinaryIO, begin: int, end: int, *, width: int, bits: int) -> bool:
    """Say whether all samples fit into *bits*, and so stand at the lower end of their bytes."""
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    heard = False
    file.seek(begin)
    while begin < end:
        data = file.read(min(_READ_BYTES, end - begin))
        if not data:
            break
        begin += len(data)
        samples = _as_integers(data[: len(data) // width * width], width)
        if samples.max(initial=0) > high or samples.min(initial=0) < low:
            return False
        heard = heard or bool(samples.any())
    return heard


def _as_integers(data: bytes, width: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Return little-endian integers of *width* bytes as int32."""
    wide = np.zeros((len(data) // width, 4), np.uint8)
    wide[:, 4 - width :] = np.frombuffer(data, np.uint8).reshape(-1, width)
    return wide.view("<i4")[:, 0].astype(np.int32) >> 8 * (4 - width)


def _wav_header(tag: int, channels: int, rate_hz: int, width: int, mask: int) -> bytes:
    block_bytes = channels * width
    form = (channels, rate_hz, rate_hz * block_bytes, block_bytes, 8 * width)
    body = struct.pack("<HHIIHH", _EXTENSIBLE if mask else tag, *form)
    if mask:
        body += struct.pack("<HHIH", 22, 8 * width, mask, tag) + _GUID_TAIL
    chunks = b"WAVEfmt " + struct.pack("<I", len(body)) + body + b"data" + b"\xff" * 4
    return b"RIFF" + b"\xff" * 4 + chunks


def wide_caf(file: BinaryIO) -> tuple[bytes, int] | None:
    """Return the head of a CAF with the bits of its whole containers, and how long it is.

    None: its own will do.
    """
    file.seek(0)
    head = file.read(8 + 12 + struct.calcsize(_CAF_FORMAT))
    if not head.startswith(b"caff") or head[8:12] != b"desc" or len(head) < 52:  # noqa: PLR2004
        return None
    values = struct.unpack(_CAF_FORMAT, head[20:])
    _, kind, _, packet_bytes, packet_frames, channels, bits = values
    if kind != b"lpcm" or packet_frames != 1 or not channels or packet_bytes % channels:
        return None
    width = packet_bytes // channels
    if width not in {2, 3, 4, 8} or width <= -(-bits // 8):
        return None
    return head[:-4] + struct.pack(">I", 8 * width), len(head)
