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

# The quietest 100 ms of 20 s are a pause between two words at the latest.
_FLOOR_REACH_HOPS = 10 * HOPS_PER_S
_ABOVE_FLOOR = 10 ** (8 / 10)
_ABSOLUTE_FLOOR = 10 ** (-70 / 10)
# Breath and reverberation lie further below the voice than a neighbour at the far end of the
# table does, which is 12 to 15 dB.
_LOUDEST_REACH_HOPS = 15
_BELOW_LOUDEST = 10 ** (-20 / 10)

# For a tick: the noise of a room varies by 1 dB from one to the next, soft syllables are near it.
_TICK_ABOVE_FLOOR = 10 ** (5 / 10)
_TICK_BELOW_LOUDEST = 10 ** (-30 / 10)

# Of speech, a sixth and more of all ticks lie 4 dB below the mean around them, even in noise;
# of chords 4 % at most, of a band with drums a tenth (Lu, Zhang, Jiang 2002: "low short-time
# energy ratio").
_WINDOW_TICKS = 200
_LOW_DB = 4.0
_LOW_SHARE = 0.12
_SHORTEST_TICKS = 400


def spoken(hops: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell for each of *hops*, energies of 100 ms, whether a voice is heard in it.

    Room noise is not, nor are breaths beside a voice; steady music is not either.
    """
    floor = -_highest_around(-hops, _FLOOR_REACH_HOPS)
    loudest = _highest_around(hops, _LOUDEST_REACH_HOPS)
    least = np.maximum(floor * _ABOVE_FLOOR, loudest * _BELOW_LOUDEST)
    return np.asarray(hops > np.maximum(least, _ABSOLUTE_FLOOR))


def silent(ticks: NDArray[np.float64], hops: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell for each of *ticks*, energies of 10 ms, whether nothing but the room is heard in it.

    *hops* are the means of each ten of them.
    """
    floor = -_highest_around(-hops, _FLOOR_REACH_HOPS) * _TICK_ABOVE_FLOOR
    loudest = _highest_around(hops, _LOUDEST_REACH_HOPS) * _TICK_BELOW_LOUDEST
    least = np.maximum(np.maximum(floor, loudest), _ABSOLUTE_FLOOR)
    return np.asarray(ticks < np.repeat(least, len(ticks) // len(hops)))


def sustained(ticks: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the stretches of *ticks*, energies of 10 ms, that go on without a syllable's gap.

    That is music, or the noise of an empty room: four seconds and more of it, as (start, stop)
    in ticks. Drums alone are as uneven as speech.
    """
    if len(ticks) < _SHORTEST_TICKS:
        return []
    least = _running_mean(ticks, _WINDOW_TICKS) * np.float32(10 ** (-_LOW_DB / 10))
    low = ticks < np.pad(least, (_WINDOW_TICKS // 2, (_WINDOW_TICKS - 1) // 2), mode="edge")
    even = _running_mean(low, _WINDOW_TICKS) < _LOW_SHARE
    return [
        # A window is even only when all of it is.
        (int(start), int(stop) + _WINDOW_TICKS - 1)
        for start, stop in runs(even)
        if stop - start + _WINDOW_TICKS > _SHORTEST_TICKS
    ]


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


def _running_mean(
    values: NDArray[np.float64] | NDArray[np.bool_], window: int
) -> NDArray[np.float32]:
    sums = np.zeros(len(values) + 1)
    np.cumsum(values, out=sums[1:])
    return np.asarray((sums[window:] - sums[:-window]) / window, np.float32)
