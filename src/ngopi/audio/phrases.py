"""What is said between one pause and the next, told from loudness over time.

People change in pauses, so a phrase is one person's. Where nobody makes a pause, a hidden Markov
model over energies of 100 ms finds the places at which the level changes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.activity import runs, without_short_runs
from ngopi.audio.levels import STATES_LU, likeliest
from ngopi.audio.loudness import decibels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Span = tuple[int, int]

_TICKS_PER_HOP = 10

_SHORTEST_PAUSE_TICKS = 8
_SHORTEST_SOUND_TICKS = 4  # less is a click
_FROM_PAUSE_TICKS = 15  # nearer to a pause, a change of level is in the pause

# Every voice falls at the end of a phrase: before a long pause, no change to a lower level this
# near to the end (and as much nearer as the pause is shorter) is somebody else's.
_TAIL_TICKS, _LONGEST_TAIL_TICKS = 40, 120

_RESOLUTION_PER_LU = 4
_TABLE_FROM_LU = -50.0
# How much 100 ms of speech tell of its level: of 0.8, 1.1 and 1.4, this one found all of 40 real
# turns 5 to 12 dB apart, and nothing to change in five minutes of one real voice.
_SHAPE = 1.1
_WORST_MISFIT = 3.2  # so that neither a knock nor a breath makes a turn
_CHANGE_COST, _SMALL_CHANGE_COST = 1.5, 4.0
_STEP_HOPS = 2
_SUMMED_STEPS = 1 << 12
_CHANGE_REACH_TICKS = 60
_WORST_TICK = 20.0


def phrases_of(
    ticks: NDArray[np.float64],
    heard: NDArray[np.intp],
    silent: NDArray[np.bool_],
    common_lufs: float,
) -> list[Span]:
    """Return the phrases of those who speak in the hops *heard*, in ticks.

    *ticks* are K-weighted mean squares of 10 ms, *silent* are those without any sound, and
    *common_lufs* is everybody's loudness.
    """
    found = _between_pauses(heard, silent)
    cuts = _within(found, _changes(ticks, heard, silent, common_lufs), len(ticks))
    edges = np.sort(np.concatenate([found.ravel(), cuts, cuts])).astype(np.intp)
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _changes(
    ticks: NDArray[np.float64],
    heard: NDArray[np.intp],
    silent: NDArray[np.bool_],
    common_lufs: float,
) -> list[tuple[int, bool]]:
    """Return at which ticks the level changes, and whether it falls."""
    hops_lu = decibels(ticks.reshape(-1, _TICKS_PER_HOP).mean(axis=1)[heard]) - common_lufs
    levels_lu = _levels(hops_lu, _pauses_before(heard, silent))
    found = []
    for place in np.flatnonzero(np.diff(levels_lu)).tolist():
        before_lu, after_lu = levels_lu[place : place + 2]
        at = int(heard[place + 1]) * _TICKS_PER_HOP
        exact = _exact_change(ticks, at, before_lu + common_lufs, after_lu + common_lufs)
        found.append((exact, bool(after_lu < before_lu)))
    return found


def _within(
    phrases: NDArray[np.intp], changes: list[tuple[int, bool]], end: int
) -> NDArray[np.intp]:
    """Return those of *changes* that are in one of *phrases*, and not near a pause."""
    starts, stops = phrases.T
    tails = np.minimum(_TAIL_TICKS + np.append(starts[1:], end) - stops, _LONGEST_TAIL_TICKS)
    cuts = []
    for place, falls in changes:
        phrase = int(np.searchsorted(stops, place, side="right"))
        if phrase < len(stops):
            tail = tails[phrase] if falls else _FROM_PAUSE_TICKS
            if starts[phrase] + _FROM_PAUSE_TICKS < place < stops[phrase] - tail:
                cuts.append(place)
    return np.array(cuts, np.intp)


def _between_pauses(heard: NDArray[np.intp], silent: NDArray[np.bool_]) -> NDArray[np.intp]:
    voiced = np.zeros(len(silent) // _TICKS_PER_HOP, np.bool_)
    voiced[heard] = True
    sounding = without_short_runs(~silent, _SHORTEST_SOUND_TICKS)
    pauses = without_short_runs(~sounding, _SHORTEST_PAUSE_TICKS)
    return runs(np.repeat(voiced, _TICKS_PER_HOP) & ~pauses)


def _pauses_before(heard: NDArray[np.intp], silent: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return for each of the hops *heard* the longest silence at its begin, in ticks."""
    lengths = np.zeros(len(silent))
    for start, stop in runs(silent):
        lengths[start:stop] = stop - start
    longest = lengths.reshape(-1, _TICKS_PER_HOP).max(axis=1)
    pauses = longest[heard]
    pauses[1:] = np.maximum(pauses[1:], np.maximum.reduceat(longest, heard)[:-1])
    return np.asarray(pauses)


def _levels(hops_lu: NDArray[np.float64], pauses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the level of whoever speaks in each of *hops_lu*.

    The misfit of an energy to a level is that of an exponential distribution (Itakura-Saito):
    strict about sound that is too loud for its level, patient with weak syllables.
    """
    rows = _TABLE_FROM_LU + np.arange(100 * _RESOLUTION_PER_LU) / _RESOLUTION_PER_LU
    ratio = 10 ** ((rows[:, None] - STATES_LU) / 10)
    table = _SHAPE * np.minimum(ratio - 1 - np.log(ratio), _WORST_MISFIT)
    quantised = np.rint((hops_lu - _TABLE_FROM_LU) * _RESOLUTION_PER_LU).astype(np.intp)
    quantised = np.clip(quantised, 0, len(table) - 1)
    steps = _steps(pauses)
    misfits = _summed(table.astype(np.float32), quantised, steps)
    lengths = np.diff(steps, append=len(pauses))
    path = likeliest(
        misfits,
        pauses[steps],
        lengths,
        change_cost=_CHANGE_COST,
        small_change_cost=_SMALL_CHANGE_COST,
    )
    return np.asarray(STATES_LU[np.repeat(path, lengths)])


def _summed(
    table: NDArray[np.float32], rows: NDArray[np.intp], steps: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return the sums of the *rows* of *table* from each of *steps* to the next."""
    sums = np.empty((len(steps), table.shape[1]), np.float32)
    # In pieces: all rows of a long recording at once are several times as large.
    for first in range(0, len(steps), _SUMMED_STEPS):
        here = steps[first : first + _SUMMED_STEPS]
        stop = steps[first + len(here)] if first + len(here) < len(steps) else len(rows)
        np.add.reduceat(
            table[rows[here[0] : stop]], here - here[0], axis=0, out=sums[first : first + len(here)]
        )
    return sums


def _steps(pauses: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the hops at which a change is looked for: at pauses, else at every second hop."""
    at_pause = pauses >= _SHORTEST_PAUSE_TICKS
    at_pause[0] = True
    places = np.arange(len(pauses))
    since = places - np.maximum.accumulate(np.where(at_pause, places, 0))
    return np.flatnonzero(since % _STEP_HOPS == 0)


def _exact_change(
    ticks: NDArray[np.float64], near: int, before_lufs: float, after_lufs: float
) -> int:
    """Return the tick around *near* at which one level best gives way to the other."""
    before, after = 10 ** ((before_lufs + 0.691) / 10), 10 ** ((after_lufs + 0.691) / 10)
    first = max(near - _CHANGE_REACH_TICKS, 0)
    around = ticks[first : near + _CHANGE_REACH_TICKS]
    misfit = np.minimum(around / before, _WORST_TICK) + math.log(before)
    misfit -= np.minimum(around / after, _WORST_TICK) + math.log(after)
    return first + int(np.insert(np.cumsum(misfit), 0, 0.0).argmin())
