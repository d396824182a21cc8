"""Where somebody speaks and where music plays, told from loudness over time alone.

Everything here reads K-weighted mean squares of 10 ms (ticks) and of 100 ms (hops), which the
meter has anyway, so it costs no second look at the recording.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.activity import runs
from ngopi.audio.loudness import HOPS_PER_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

_QUIETEST = 1e-10  # -100 LUFS: digital silence would make every mean of decibels -inf

# The quietest 100 ms of 20 s are a pause between two words at the latest.
_FLOOR_REACH_HOPS = 10 * HOPS_PER_S
_ABOVE_FLOOR = 10 ** (8 / 10)
_ABSOLUTE_FLOOR = 10 ** (-70 / 10)
# Breath and reverberation lie further below the voice than a neighbour at the far end of the
# table does, which is 12 to 15 dB.
_LOUDEST_REACH_HOPS = 15
_BELOW_LOUDEST = 10 ** (-20 / 10)

# Within two seconds speech has pauses: its mean stands 4 dB and more above the mean of its
# decibels, 2 dB in a noisy room. Of chords it stands 0.5 dB above, of a band with drums 1.1.
# What is less even must go on for longer.
_EVEN_WINDOW_TICKS = 200
_EVEN_DB_FOR_TICKS = ((0.8, 200), (1.5, 400))


def spoken(hops: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell for each of *hops*, energies of 100 ms, whether a voice is heard in it.

    Room noise is not, nor are breaths beside a voice; steady music is not either.
    """
    floor = -_highest_around(-hops, _FLOOR_REACH_HOPS)
    loudest = _highest_around(hops, _LOUDEST_REACH_HOPS)
    least = np.maximum(floor * _ABOVE_FLOOR, loudest * _BELOW_LOUDEST)
    return np.asarray(hops > np.maximum(least, _ABSOLUTE_FLOOR))


def sustained(ticks: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the stretches of *ticks*, energies of 10 ms, that go on without a syllable's gap.

    That is music, or the noise of an empty room: four seconds and more of it, as (start, stop)
    in ticks. Drums alone are as uneven as speech.
    """
    if len(ticks) < _EVEN_WINDOW_TICKS:
        return []
    heard = np.maximum(ticks, _QUIETEST)
    mean = _running_mean(heard, _EVEN_WINDOW_TICKS)
    mean_db = _running_mean(10 * np.log10(heard), _EVEN_WINDOW_TICKS)
    uneven_db = 10 * np.log10(mean) - mean_db
    inside = np.zeros(len(ticks), np.bool_)
    for even_db, least_ticks in _EVEN_DB_FOR_TICKS:
        for start, stop in runs(uneven_db < even_db):
            if stop - start >= least_ticks:
                # A window is even only when all of it is.
                inside[start : stop + _EVEN_WINDOW_TICKS - 1] = True
    return [(int(start), int(stop)) for start, stop in runs(inside)]


def _highest_around(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Return the highest value within *reach* of each."""
    highest = np.pad(values, reach, constant_values=-np.inf)
    window, have = 2 * reach + 1, 1
    while have < window:
        # The highest of n + m neighbours is the higher of two that overlap.
        step = min(have, window - have)
        highest = np.maximum(highest[:-step], highest[step:])
        have += step
    return highest


def _running_mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    sums = np.cumsum(np.insert(values, 0, 0.0))
    return np.asarray((sums[window:] - sums[:-window]) / window)
