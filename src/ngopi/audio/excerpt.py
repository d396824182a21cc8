"""Stretches of a delivered MP3, decoded exactly as they sound in the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.mp3_file import Mp3Writer
from ngopi.audio.mp3_frames import (
    DECODER_DELAY,
    ENCODER_DELAY,
    SAMPLES_PER_FRAME,
    slot_offset,
)
from ngopi.audio.recording import probe, windows

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ngopi.audio.mp3_file import Mp3Reader

_DELAYS = ENCODER_DELAY + DECODER_DELAY
#: Frames a decoder needs before the first that counts, for its overlap and synthesis window.
_LEAD = 4
#: Frames before these, whose slots hold the 511 bytes that the bit reservoir may reach back.
_RESERVOIR = 10
#: More than half a second: less is refused as a recording.
_SHORTEST = 40


def decode_excerpt(reader: Mp3Reader, scratch: Path, start: int, stop: int) -> NDArray[np.float32]:
    """Return samples *start* to *stop* as a listener gets them: float32 (stop - start, channels).

    Fewer where the recording ends before. *scratch* is written, and removed.

    Raises:
        DiskError: *scratch* cannot be written.
    """
    stop = min(stop, reader.samples)
    last = min((stop + _DELAYS) // SAMPLES_PER_FRAME + 1, reader.count)
    first = min(start // SAMPLES_PER_FRAME, last - _SHORTEST) - _LEAD - _RESERVOIR
    frames = reader.frames(max(first, 0), last)
    if first > 0:
        frames[:_RESERVOIR] = map(_silenced, frames[:_RESERVOIR])
    first = max(first, 0)
    try:
        with Mp3Writer(scratch, samples=len(frames) * SAMPLES_PER_FRAME - _DELAYS) as writer:
            writer.write(frames)
        sound = np.concatenate(list(windows(probe(scratch), advance=_unseen)))
    finally:
        scratch.unlink(missing_ok=True)
    offset = first * SAMPLES_PER_FRAME
    return sound[start - offset : stop - offset]


def _silenced(frame: bytes) -> bytes:
    """Return *frame* with its slot, which later frames read, but without sound of its own."""
    offset = slot_offset(frame)
    return frame[:4] + bytes(offset - 4) + frame[offset:]


def _unseen(done_s: float) -> None:
    del done_s
