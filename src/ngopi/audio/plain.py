"""A recording whose own file can be read like decoded sound: 16-bit WAV, which most are.

Writing it all to a temporary file first would only cost time, and as much disk again.
"""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.intake import Unchanged
from ngopi.audio.pcm import Pcm
from ngopi.errors import UnreadableRecordingError

if TYPE_CHECKING:
    from ngopi.model import Recording

_CODEC, _SAMPLE_BYTES = "pcm_s16le", 2


def plain(recording: Recording, *, sample_rate_hz: int, channels: int) -> Pcm | None:
    """Return the sound of *recording* as it lies in its file; None where that takes a decoder.

    So it is for another rate or number of channels, and where the header does not tell the
    length (a recorder that died), or tells of more than there is.

    Raises:
        RecordingChangedError: it is not the file that was probed. The result's context says
            the same of what happens meanwhile.
        UnreadableRecordingError: it cannot be opened.
    """
    kind = (recording.codec, recording.sample_rate_hz, recording.channels)
    if kind != (_CODEC, sample_rate_hz, channels):
        return None
    own = Unchanged(recording)
    try:
        file = recording.path.open("rb", buffering=0)
    except OSError as error:
        reason = error.strerror or error
        raise UnreadableRecordingError(path=recording.path, reason=reason) from error
    try:
        with wave.open(file) as header:
            begin_bytes, frames = file.tell(), header.getnframes()
            form = (header.getsampwidth(), header.getframerate(), header.getnchannels())
    except (wave.Error, EOFError):
        file.close()
        return None
    end_bytes = begin_bytes + frames * channels * _SAMPLE_BYTES
    stated_frames = round((recording.duration_s or 0.0) * sample_rate_hz)
    is_whole = frames == stated_frames and end_bytes <= recording.size_bytes
    if form != (_SAMPLE_BYTES, sample_rate_hz, channels) or not is_whole:
        file.close()
        return None
    return Pcm(
        file,
        sample_rate_hz=sample_rate_hz,
        channels=channels,
        frames=frames,
        dtype=np.int16,
        own=own,
        begin_bytes=begin_bytes,
    )
