"""MPEG-1 Layer III frames: headers, side information, where their data lies, the Info frame.

A frame is four header bytes, side information and a slot. The slots of all frames in a row
form one stream of bytes, and a frame's main data may begin up to 511 bytes before its own
slot (``main_data_begin``): that is the bit reservoir.

Source: ISO/IEC 11172-3, 2.4.1 and 2.4.2; the LAME tag, revision 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

SAMPLES_PER_FRAME = 1152
#: Seek points of an Info frame.
TOC_ENTRIES = 100
#: LAME's own delay in samples, which the Info frame states.
ENCODER_DELAY = 576
#: What every decoder adds, and players take for granted when they read the Info frame.
DECODER_DELAY = 529
BITRATES_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
SAMPLE_RATES_HZ = (44100, 48000, 32000)

_HEADER_BYTES = 4
_MONO = 3
_GRANULE_BITS = 59
_LONG, _START, _SHORT, _STOP = range(4)
#: The window types that may come next, each with each (figure C.8 of the standard).
_FOLLOWERS = {
    _LONG: (_LONG, _START),
    _START: (_SHORT,),
    _SHORT: (_SHORT, _STOP),
    _STOP: (_LONG, _START),
}
_INFO_BYTES = 120
_LAME_TAG_BYTES = 36
#: Where in the LAME tag the delays are stated.
_DELAYS_OFFSET = 21
#: The LAME tag's numbers for the header's sample rates (44.1, 48, 32 kHz) and channel modes.
_SOURCE_RATES = (1, 2, 0)
_STEREO_MODES = (1, 3, 2, 0)


def frame_count(samples: int) -> int:
    """Return how many frames carry *samples*, both delays included.

    At least two: a file with one is not seen as MP3 by FFmpeg.
    """
    return max(2, -(-(samples + ENCODER_DELAY + DECODER_DELAY) // SAMPLES_PER_FRAME))


def frame_size(head: bytes | bytearray) -> int:
    """Return a frame's length in bytes, from its header.

    Raises:
        ValueError: these bytes do not begin a frame of MPEG-1 Layer III without CRC.
    """
    bitrate_index = head[2] >> 4
    rate_index = head[2] >> 2 & 3
    if head[0] != 0xFF or head[1] != 0xFB or bitrate_index in (0, 15) or rate_index == 3:  # noqa: PLR2004 - 15 and 3 are reserved
        raise ValueError(head[:3])
    padding = head[2] >> 1 & 1
    return 144_000 * BITRATES_KBPS[bitrate_index - 1] // SAMPLE_RATES_HZ[rate_index] + padding


def split_frames(stream: bytes | bytearray) -> list[bytes]:
    """Return the whole frames at the start of *stream*; a part of one at its end is left."""
    frames = []
    position = 0
    while position + _HEADER_BYTES <= len(stream):
        end = position + frame_size(stream[position : position + _HEADER_BYTES])
        if end > len(stream):
            break
        frames.append(bytes(stream[position:end]))
        position = end
    return frames


def slot_offset(frame: bytes) -> int:
    """Return where the slot begins in *frame*: after the header and the side information."""
    return _HEADER_BYTES + (17 if frame[3] >> 6 == _MONO else 32)


def widened(frame: bytes, wanted_bytes: int) -> bytes | None:
    """Return *frame* at the next bit rate that adds *wanted_bytes* to its slot, if there is one."""
    for bitrate_index in range((frame[2] >> 4) + 1, len(BITRATES_KBPS) + 1):
        head = bytes((*frame[:2], bitrate_index << 4 | frame[2] & 0x0F, frame[3]))
        added = frame_size(head) - len(frame)
        if added >= wanted_bytes:
            return head + frame[4:] + bytes(added)
    return None


@dataclass(frozen=True, slots=True)
class SideInfo:
    """What a frame says of its main data.

    *data_bits*: the length over both granules and all channels, without what is stuffed.
    *opens*, *closes*: for each channel, the window type of the first and last granule.
    *settings*: everything but ``main_data_begin``, for comparison.
    """

    main_data_begin: int
    data_bits: int
    opens: tuple[int, ...]
    closes: tuple[int, ...]
    settings: bytes

    @classmethod
    def of(cls, frame: bytes) -> SideInfo:
        """Read a frame's side information."""
        side = frame[_HEADER_BYTES : slot_offset(frame)]
        channels = 1 if frame[3] >> 6 == _MONO else 2
        bits = int.from_bytes(side)
        granules = [bits >> _GRANULE_BITS * back for back in reversed(range(2 * channels))]
        windows = tuple(_window_type(granule) for granule in granules)
        return cls(
            main_data_begin=bits >> len(side) * 8 - 9,
            data_bits=sum(granule >> 47 & 0xFFF for granule in granules),
            opens=windows[:channels],
            closes=windows[channels:],
            settings=bytes((frame[3], side[1] & 0x7F)) + side[2:],
        )


def _window_type(granule: int) -> int:
    switched = granule >> 25 & 1
    return granule >> 23 & 3 if switched else _LONG


def windows_meet(closing: SideInfo, opening: SideInfo) -> bool:
    """Tell whether the second frame's windows may follow the first's, in every channel."""
    return all(
        after in _FOLLOWERS[before]
        for before, after in zip(closing.closes, opening.opens, strict=True)
    )


class FrameRun:
    """Frames in a row with their slots joined, to find where each frame's data lies."""

    def __init__(self, frames: Sequence[bytes]) -> None:
        self.sides = [SideInfo.of(frame) for frame in frames]
        slots = [frame[slot_offset(frame) :] for frame in frames]
        self.slots = b"".join(slots)
        #: Where each frame's slot starts in the joined slots.
        self.starts = [0, *accumulate(len(slot) for slot in slots)]

    def data_start(self, index: int) -> int:
        """Return where the main data of a frame begins; negative before the run's first slot."""
        return self.starts[index] - self.sides[index].main_data_begin

    def data_end(self, index: int) -> int:
        """Return where the main data of a frame ends, stuffing left out."""
        return self.data_start(index) + -(-self.sides[index].data_bits // 8)

    def content(self, index: int) -> tuple[bytes, int] | None:
        """Return all that a frame decodes to; None when its data begins before the run."""
        start, end = self.data_start(index), self.data_end(index)
        if start < 0:
            return None
        spare_bits = -self.sides[index].data_bits % 8
        return self.sides[index].settings, int.from_bytes(self.slots[start:end]) >> spare_bits


# -- the Info frame -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """What the Info frame states; *positions* are the byte offsets at each hundredth.

    *samples*: the length of the recording for each channel. *size_bytes* and *crc* are those
    of the frames after the Info frame, and so are *positions*.
    """

    samples: int
    size_bytes: int
    crc: int
    positions: Sequence[int]


def info_head(model: bytes) -> bytes:
    """Return the header of the Info frame before frames like *model*.

    It keeps their bit rate, so that players see a constant one, unless it is too low to
    hold the tag.
    """
    needed = slot_offset(model) + _INFO_BYTES + _LAME_TAG_BYTES
    for bitrate_index in range(model[2] >> 4, len(BITRATES_KBPS) + 1):
        head = bytes((0xFF, 0xFB, bitrate_index << 4 | model[2] & 0x0C, model[3] & 0xCF))
        if frame_size(head) >= needed:
            return head
    raise ValueError(model[:4])


def info_frame(head: bytes, facts: StreamFacts) -> bytes:
    """Return the whole Info frame: length, seek table, delays and checksums."""
    info_size = frame_size(head)
    file_bytes = info_size + facts.size_bytes
    frames = frame_count(facts.samples)
    tag = bytearray(head.ljust(slot_offset(head), b"\0"))
    tag += b"Info" + (0b1111).to_bytes(4)  # frames, bytes, seek table and quality are stated
    tag += frames.to_bytes(4) + file_bytes.to_bytes(4)
    tag += bytes(min(255, (info_size + at) * 256 // file_bytes) for at in facts.positions)
    tag += (57).to_bytes(4)  # LAME's own mark for a constant bit rate at quality 3
    tag += _lame_tag(head, facts, file_bytes=file_bytes, frames=frames)
    tag += crc16(tag).to_bytes(2)
    return bytes(tag.ljust(info_size, b"\0"))


def _lame_tag(head: bytes, facts: StreamFacts, *, file_bytes: int, frames: int) -> bytes:
    padding = frames * SAMPLES_PER_FRAME - ENCODER_DELAY - facts.samples
    constant_bitrate = 1
    return b"".join(
        (
            b"LAME3.100",
            bytes((constant_bitrate, 0)),  # and no low-pass stated
            bytes(8),  # no peak, no replay gain: loudness is the master's business
            bytes((0, BITRATES_KBPS[(head[2] >> 4) - 1] & 0xFF)),
            (ENCODER_DELAY << 12 | padding).to_bytes(3),
            bytes((_SOURCE_RATES[head[2] >> 2 & 3] << 6 | _STEREO_MODES[head[3] >> 6] << 2,)),
            bytes(3),  # no gain, no preset
            file_bytes.to_bytes(4),
            facts.crc.to_bytes(2),
        )
    )


def samples_stated(info: bytes) -> int:
    """Return the length for each channel that an Info frame of ours states, delays left out."""
    tag = slot_offset(info)
    frames = int.from_bytes(info[tag + 8 : tag + 12])
    delays = tag + _INFO_BYTES + _DELAYS_OFFSET
    padding = int.from_bytes(info[delays : delays + 3]) & 0xFFF
    return frames * SAMPLES_PER_FRAME - ENCODER_DELAY - padding


def crc16(data: bytes | bytearray, crc: int = 0) -> int:
    """Return the CRC-16/ARC of *data* that follows bytes whose CRC is *crc*."""
    for level in range(len(data).bit_length()):
        if len(data) >> level & 1:
            crc = int(_crc_past_zeros(level)[crc])
    # A zero in front leaves a CRC of 0 as it is: so neighbours are joined in pairs, level
    # by level, without a rest.
    crcs = _crc_past_zeros(0)[np.frombuffer(b"\0" + data, np.uint8)]
    level = 0
    while len(crcs) > 1:
        crcs = np.concatenate((np.zeros(len(crcs) % 2, np.uint16), crcs))
        crcs = _crc_past_zeros(level)[crcs[::2]] ^ crcs[1::2]
        level += 1
    return crc ^ int(crcs[0])


@cache
def _crc_past_zeros(level: int) -> npt.NDArray[np.uint16]:
    """Return, for every CRC, what it becomes after 2**level zero bytes."""
    if level:
        half = _crc_past_zeros(level - 1)
        return half[half]
    crcs = np.arange(1 << 16, dtype=np.uint16)
    for _bit in range(8):
        crcs = np.where(crcs & 1, crcs >> 1 ^ 0xA001, crcs >> 1).astype(np.uint16)
    return crcs
