"""Peaks turned down one by one: a short dip in the gain where the MP3 came out too high.

Only what lies around a peak changes, so only that much must be encoded again. A dip is as
short as the limiter's own gain changes, and smooth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from pydub import AudioSegment

from ngopi.audio.weighting import BLOCK_FRAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_FLAT_S = 0.003  # on either side, held down
_RAMP_S = 0.015  # then, on either side, back to where it was


class Dip(NamedTuple):
    """A gain of -depth_db over the block of samples at *frame*."""

    frame: int
    depth_db: float

    def reach(self, sample_rate_hz: int) -> range:
        """Return the samples it changes."""
        around = round((_FLAT_S + _RAMP_S) * sample_rate_hz)
        return range(max(self.frame - around, 0), self.frame + BLOCK_FRAMES + around)


def dipped(
    render: Callable[[int, int], AudioSegment], rounds: Sequence[Sequence[Dip]]
) -> Callable[[int, int], AudioSegment]:
    """Return *render* with dips; those of one round do not add up, those of several do."""
    if not rounds:
        return render

    def render_dipped(start: int, stop: int) -> AudioSegment:
        segment = render(start, stop)
        gain_db = _gain_db(rounds, start, stop, segment.frame_rate)
        if not gain_db.any():
            return segment
        sound = np.frombuffer(segment.raw_data, "<i2").reshape(stop - start, -1)
        turned_down = np.rint(sound * 10 ** (gain_db[:, None] / 20))
        return AudioSegment(
            data=turned_down.astype("<i2").tobytes(),
            sample_width=segment.sample_width,
            frame_rate=segment.frame_rate,
            channels=segment.channels,
        )

    return render_dipped


def _gain_db(
    rounds: Sequence[Sequence[Dip]], start: int, stop: int, sample_rate_hz: int
) -> NDArray[np.float64]:
    gain_db = np.zeros(stop - start)
    for dips in rounds:
        deepest = np.zeros(stop - start)
        for dip in dips:
            reach = dip.reach(sample_rate_hz)
            if reach.start >= stop or reach.stop <= start:
                continue
            here = slice(max(reach.start, start) - start, min(reach.stop, stop) - start)
            at = np.arange(here.start, here.stop) + start
            np.minimum(deepest[here], _shape(dip, at, sample_rate_hz), out=deepest[here])
        gain_db += deepest
    return gain_db


def _shape(dip: Dip, at: NDArray[np.int64], sample_rate_hz: int) -> NDArray[np.float64]:
    away = np.maximum(dip.frame - at, at - (dip.frame + BLOCK_FRAMES - 1)) / sample_rate_hz
    ramp = np.clip((away - _FLAT_S) / _RAMP_S, 0, 1)
    return np.asarray(-dip.depth_db * (1 + np.cos(np.pi * ramp)) / 2)
