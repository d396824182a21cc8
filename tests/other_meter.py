"""The judge: libebur128, which shares no line with ngopi's own meter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Judged:
    integrated_lufs: float
    range_lu: float
    true_peak_dbtp: float


def judge(sound: NDArray[np.float32], rate_hz: int) -> Judged:
    """Measure *sound*, float32 (frames, channels)."""
    libebur128 = pytest.importorskip("pyebur128", reason="has no wheel for this system")
    mode = libebur128.MeasurementMode
    channels = sound.shape[1]
    state = libebur128.R128State(
        channels, rate_hz, mode.MODE_I | mode.MODE_LRA | mode.MODE_TRUE_PEAK
    )
    state.add_frames(np.ascontiguousarray(sound, dtype=np.float32).ravel(), len(sound))
    peak = max(libebur128.get_true_peak(state, channel) for channel in range(channels))
    return Judged(
        libebur128.get_loudness_global(state),
        libebur128.get_loudness_range(state),
        20 * math.log10(peak) if peak else -math.inf,
    )


def decoded(path: Path) -> tuple[NDArray[np.float32], int]:
    """Return the sound of a file as a listener gets it, float32 (frames, channels), and rate."""
    with av.open(str(path)) as container:
        pieces = [frame.to_ndarray() for frame in container.decode(audio=0)]
        rate_hz = container.streams.audio[0].rate
    assert pieces[0].dtype == np.float32  # planar float, as FFmpeg's MP3 decoder gives it
    return np.concatenate(pieces, axis=1).T, rate_hz
