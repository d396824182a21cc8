"""Sound as the encoder asks for it, and MP3 as players hear it. Nothing here uses ngopi."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import numpy as np
from pydub import AudioSegment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray


def renderer(sound: NDArray[np.float32], rate_hz: int) -> Callable[[int, int], AudioSegment]:
    """Return a render function over *sound*, float32 (frames, channels), with zeros around it."""
    pcm = np.clip(np.rint(sound * 32768), -32768, 32767).astype("<i2")

    def render(start: int, stop: int) -> AudioSegment:
        window = np.zeros((stop - start, sound.shape[1]), "<i2")
        found = pcm[max(start, 0) : max(stop, 0)]
        first = max(-start, 0)
        window[first : first + len(found)] = found
        return AudioSegment(
            window.tobytes(), sample_width=2, frame_rate=rate_hz, channels=sound.shape[1]
        )

    return render


def decoded(path: Path) -> NDArray[np.float32]:
    """Return all that FFmpeg's decoder gives, float32 (frames, channels)."""
    # Told that it is MP3: a tenth of a second of noise may look like anything.
    with av.open(str(path), format="mp3") as container:
        channels = container.streams.audio[0].codec_context.channels
        windows = [frame.to_ndarray().T for frame in container.decode(audio=0)]
    return np.concatenate([np.zeros((0, channels), np.float32), *windows])


def snr_db(sound: NDArray[np.float32], heard: NDArray[np.float32]) -> float:
    """Return the ratio of *sound* to what *heard* has besides."""
    return float(10 * np.log10(np.mean(np.square(sound)) / np.mean(np.square(heard - sound))))
