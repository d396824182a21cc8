"""What a master came to, over time: for the picture that ``ngopi show --plot`` draws."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.loudness import HOPS_PER_S, decibels
from ngopi.model import Curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ngopi.audio.heard import Heard
    from ngopi.audio.mastering import MasterPlan

_MOST_POINTS = 400
_LOWEST = 1e-6
_SHORT_TERM_HOPS = 3 * HOPS_PER_S


def curve_of(plan: MasterPlan, heard: Heard) -> Curve:
    """Return at most 400 points of loudness before and after, of the leveller's gain, of peaks.

    Loudness is the mean of 3 s or of a point's own time, whichever is longer.
    """
    after = heard.ticks.mean(axis=1)
    hops = min(len(plan.energies), len(after))
    step = max(HOPS_PER_S, math.ceil(hops / _MOST_POINTS))
    gain_db = np.zeros(len(plan.energies))
    gain_db[: len(plan.levelling.hop_gains_db)] = plan.levelling.hop_gains_db[: len(gain_db)]
    before = plan.energies / 10 ** (gain_db / 10)
    return Curve(
        step_s=step / HOPS_PER_S,
        before_lufs=_rounded(decibels(_means(before[:hops], step))),
        after_lufs=_rounded(decibels(_means(after[:hops], step))),
        gain_db=_rounded(gain_db[:hops:step]),
        peak_dbtp=_rounded(_peaks_dbtp(heard, step, count=-(-hops // step))),
    )


def _means(energies: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    """Return the mean around every *step*-th hop, over at least 3 s."""
    half = max(step, _SHORT_TERM_HOPS) // 2
    sums = np.concatenate(([0.0], np.cumsum(energies)))
    centres = np.arange(0, len(energies), step)
    first, last = np.maximum(centres - half, 0), np.minimum(centres + half + 1, len(energies))
    return np.asarray((sums[last] - sums[first]) / (last - first))


def _peaks_dbtp(heard: Heard, step: int, *, count: int) -> NDArray[np.float64]:
    """Return the highest peak of every *step* hops.

    A true peak where it is near the ceiling; elsewhere, where none was measured, a sample.
    """
    known = heard.peaks > heard.floor
    frames = np.concatenate((heard.coarse_peaks[:, 0], np.flatnonzero(known) * heard.window_frames))
    seconds = frames / heard.sample_rate_hz
    points = np.minimum((seconds * HOPS_PER_S / step).astype(np.int64), count - 1)
    highest = np.zeros(count)
    np.maximum.at(highest, points, np.concatenate((heard.coarse_peaks[:, 1], heard.peaks[known])))
    return np.asarray(20 * np.log10(np.maximum(highest, _LOWEST)))


def _rounded(values: NDArray[np.floating]) -> tuple[float, ...]:
    return tuple(round(float(value), 1) for value in values)
