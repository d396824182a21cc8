"""Who speaks when, told from loudness over time: turns of one level each.

A recording of speech is a sequence of few levels, one for each person at the table. It is found
as a whole, by a hidden Markov model over phrases: a phrase tells the more of its speaker's level
the longer it is, people change in pauses, and come back to the levels that they had. Compared in
benchmarks/conversations.py.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.activity import TICKS_PER_S, gated_lufs
from ngopi.audio.levels import STATES_LU, likeliest
from ngopi.audio.loudness import decibels
from ngopi.audio.phrases import phrases_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Span = tuple[int, int]
    _Turn = tuple[list[Span], float]  # its phrases and its loudness

# How far phrases lie from the level of their turn (standard deviation): of real voices 3.2 LU
# at 0.3 s, 2.3 at 0.5 s, 1.2 at 1 s, 0.9 at 3 s and more.
_PHRASE_LU, _SECOND_LU = 1.3, 1.3
_WORST_MISFIT_PER_S = 12.0  # a cough, a knock or half a word is nobody else's phrase
_CHANGE_COST, _SMALL_CHANGE_COST = 0.0, 2.0
# A change without a pause is as likely as one in a pause of this length.
_SUDDEN_TICKS = 11

_SAME_LEVEL_LU = 1.5
_SHORTEST_TURN_TICKS = 30
_DEEPEST_BELOW_LU = 20.0  # what is quieter against everybody's loudness is not speech
_KNOCK_ABOVE_MEDIAN = 10 ** (20 / 10)
_GATED_TICKS = 40  # what is shorter has no gated loudness
_LONG_PAUSE_TICKS = 100


def turns_of(
    ticks: NDArray[np.float64],
    heard: NDArray[np.intp],
    silent: NDArray[np.bool_],
    common_lufs: float,
) -> list[tuple[list[Span], float]]:
    """Return the turns of those who speak in the hops *heard*, with the loudness of each.

    *ticks* are K-weighted mean squares of 10 ms, *silent* are those without any sound, and
    *common_lufs* is everybody's loudness. A turn is the ticks between its pauses of a second.
    """
    phrases = phrases_of(ticks, heard, silent, common_lufs)
    if not phrases:
        return []
    levels = _levels(ticks, np.array(phrases), common_lufs)
    cuts = [0, *(np.flatnonzero(np.diff(levels)) + 1).tolist(), len(phrases)]
    parts = [phrases[first:last] for first, last in pairwise(cuts)]
    # A cough keeps the gain of whoever spoke before.
    turns = [(part, _lufs(ticks, part)) for part in parts if _length(part) >= _SHORTEST_TURN_TICKS]
    deepest_lufs = common_lufs - _DEEPEST_BELOW_LU
    turns = _without_small_steps(ticks, [turn for turn in turns if turn[1] > deepest_lufs])
    return [(_runs_of(turn), lufs) for turn, lufs in turns]


def _levels(
    ticks: NDArray[np.float64], phrases: NDArray[np.intp], common_lufs: float
) -> NDArray[np.intp]:
    """Return the level of whoever speaks each of *phrases*."""
    starts, stops = phrases.T
    lengths = stops - starts
    sums = np.insert(np.cumsum(ticks), 0, 0.0)
    phrases_lu = decibels((sums[stops] - sums[starts]) / lengths) - common_lufs
    seconds = lengths[:, None] / TICKS_PER_S
    deviation_lu = np.sqrt(_PHRASE_LU**2 + _SECOND_LU**2 / seconds**1.5)
    misfits = 0.5 * ((phrases_lu[:, None] - STATES_LU) / deviation_lu) ** 2
    misfits = np.minimum(misfits, _WORST_MISFIT_PER_S * seconds)
    pauses = np.insert(starts[1:] - stops[:-1], 0, 0)
    pauses[pauses == 0] = _SUDDEN_TICKS
    return likeliest(
        misfits.astype(np.float32),
        pauses,
        lengths,
        change_cost=_CHANGE_COST,
        small_change_cost=_SMALL_CHANGE_COST,
    )


def _length(turn: list[Span]) -> int:
    return sum(stop - start for start, stop in turn)


def _without_small_steps(ticks: NDArray[np.float64], turns: list[_Turn]) -> list[_Turn]:
    """Return *turns*, neighbours joined as long as they are nearly as loud."""
    turns = turns.copy()
    while len(turns) > 1:
        steps = np.abs(np.diff([lufs for _, lufs in turns]))
        least = int(steps.argmin())
        if steps[least] >= _SAME_LEVEL_LU:
            break
        joined = turns[least][0] + turns[least + 1][0]
        turns[least : least + 2] = [(joined, _lufs(ticks, joined))]
    return turns


def _runs_of(turn: list[Span]) -> list[Span]:
    """Return a turn's phrases as runs between its long pauses."""
    found = turn[:1]
    for start, stop in turn[1:]:
        if start - found[-1][1] > _LONG_PAUSE_TICKS:
            found.append((start, stop))
        else:
            found[-1] = found[-1][0], stop
    return found


def _lufs(ticks: NDArray[np.float64], turn: list[Span]) -> float:
    heard = np.concatenate([ticks[start:stop] for start, stop in _runs_of(turn)])
    # Speech never is, but a knock on the table would count for seconds of it.
    heard = np.minimum(heard, _KNOCK_ABOVE_MEDIAN * np.median(heard))
    gated = gated_lufs(heard) if len(heard) >= _GATED_TICKS else -math.inf
    return float(decibels(heard.mean())) if math.isinf(gated) else gated
