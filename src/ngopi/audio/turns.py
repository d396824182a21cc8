"""Who speaks when, told from loudness over time: turns of one level each.

A recording of speech is a sequence of few levels, one for each person at the table. It is found
as a whole, by a hidden Markov model over energies of 100 ms, and each change is then moved to
the 10 ms where it fits best. People change in pauses, and come back to the levels that they had:
a change within a word costs most, and so does a level that nobody else had. Compared
in benchmarks/conversations.py.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.activity import gated_lufs, runs, without_short_runs
from ngopi.audio.loudness import decibels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Span = tuple[int, int]
    _Turn = tuple[NDArray[np.intp], float]  # its hops and its loudness

_TICKS_PER_HOP = 10

# Levels that a turn may have, against everybody's loudness.
_STATES_LU = np.arange(-25.0, 16.0)
_RESOLUTION_PER_LU = 4
_TABLE_FROM_LU = -50.0
# How much 100 ms of speech tell of its level: of 0.8, 1.1 and 1.4, this one found all of 40 real
# turns 5 to 12 dB apart, and nothing to change in five minutes of one real voice.
_SHAPE = 1.1
_WORST_MISFIT = 3.2  # so that neither a knock nor a breath makes a turn
# A change of level costs as much as a lasting misfit; a small one costs more, because one
# voice alone rises and falls by 3 dB from sentence to sentence.
_CHANGE_COST, _SMALL_CHANGE_COST, _SMALL_CHANGE_LU = 1.5, 4.0, 4.0
# Within a word a change costs this much more, and less and less the longer the pause is.
_NO_PAUSE_COST, _PAUSE_TICKS = 5.0, 20.0
_STEP_HOPS = 2
_SUMMED_STEPS = 1 << 12
# A level costs more the less is spoken at it in all, but never more than this.
_RARE_COST, _RAREST_COST, _SAME_PERSON_LU = 1.5, 6.0, 1.0

_SAME_LEVEL_LU = 1.5
_SHORTEST_TURN_HOPS = 4
_DEEPEST_BELOW_LU = 20.0  # what is quieter against everybody's loudness is not speech
_KNOCK_ABOVE_MEDIAN = 10 ** (20 / 10)
_GATED_TICKS = 40  # what is shorter has no gated loudness
_LONG_PAUSE_TICKS = 100

_BOUNDARY_REACH_TICKS = 100
_SILENT_SHARE = 10 ** (-12 / 10)
_SHORTEST_PAUSE_TICKS = 8
_WORST_TICK = 20.0
# In the misfit of a tick: a pause of 0.25 s is worth a word of 0.4 s with the gain of another
# speaker who is 12 dB louder.
_PAUSE_WORTH, _PAUSE_WORTH_PER_TICK, _PAUSE_WORTH_TICKS = 10.0, 1.5, 60


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
    hops = ticks.reshape(-1, _TICKS_PER_HOP).mean(axis=1)
    levels_lu = _levels(decibels(hops[heard]) - common_lufs, _pauses_before(heard, silent))
    parts = np.split(heard, np.flatnonzero(np.diff(levels_lu)) + 1)
    # A cough keeps the gain of whoever spoke before.
    turns = [(turn, _loudness(ticks, turn)) for turn in parts if len(turn) >= _SHORTEST_TURN_HOPS]
    deepest_lufs = common_lufs - _DEEPEST_BELOW_LU
    turns = _without_small_steps(ticks, [turn for turn in turns if turn[1] > deepest_lufs])
    spans = [(_runs_of(turn), 10 ** ((lufs + 0.691) / 10)) for turn, lufs in turns]
    for (left, before), (right, after) in pairwise(spans):
        # A turn of one word may have been given to its neighbour.
        if left and right and right[0][0] - left[-1][1] <= _LONG_PAUSE_TICKS:
            _settle_boundary(ticks, silent, (left, before), (right, after))
    return [(turn, _lufs(ticks, turn)) for turn, _ in spans if turn]


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
    """Return the level of whoever speaks in each of *hops_lu*: the likeliest sequence of all.

    The misfit of an energy to a level is that of an exponential distribution (Itakura-Saito):
    strict about sound that is too loud for its level, patient with weak syllables. Viterbi's
    algorithm then weighs misfits against changes. A second look knows what levels there are.
    """
    rows = _TABLE_FROM_LU + np.arange(100 * _RESOLUTION_PER_LU) / _RESOLUTION_PER_LU
    ratio = 10 ** ((rows[:, None] - _STATES_LU) / 10)
    table = _SHAPE * np.minimum(ratio - 1 - np.log(ratio), _WORST_MISFIT)
    quantised = np.rint((hops_lu - _TABLE_FROM_LU) * _RESOLUTION_PER_LU).astype(np.intp)
    quantised = np.clip(quantised, 0, len(table) - 1)
    steps = _steps(pauses)
    misfits = _summed(table.astype(np.float32), quantised, steps)
    distance_lu = np.abs(_STATES_LU[:, None] - _STATES_LU)
    change = _CHANGE_COST + _SMALL_CHANGE_COST * np.exp(-distance_lu / _SMALL_CHANGE_LU)
    extra = _NO_PAUSE_COST * np.exp(-pauses[steps] / _PAUSE_TICKS)
    lengths = np.diff(steps, append=len(pauses))
    first_look = np.repeat(_likeliest(misfits, change, extra), lengths)
    path = _likeliest(misfits, change + _rarity(first_look)[:, None], extra)
    return _STATES_LU[np.repeat(path, lengths)]


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
    """Return the hops at which a change is looked for: at pauses, else every second."""
    at_pause = pauses >= _SHORTEST_PAUSE_TICKS
    at_pause[0] = True
    places = np.arange(len(pauses))
    since = places - np.maximum.accumulate(np.where(at_pause, places, 0))
    return np.flatnonzero(since % _STEP_HOPS == 0)


def _rarity(path: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return what it costs to enter each level, by how much of *path* is near it."""
    distance = _STATES_LU[:, None] - _STATES_LU
    near = np.exp(-0.5 * (distance / _SAME_PERSON_LU) ** 2)
    share = near @ np.bincount(path, minlength=len(_STATES_LU))
    with np.errstate(divide="ignore"):
        return np.asarray(np.minimum(-_RARE_COST * np.log(share / share.max()), _RAREST_COST))


def _likeliest(
    misfits: NDArray[np.float32], change: NDArray[np.float64], extra: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the states of the cheapest path.

    *misfits* are (steps, states), *change* is [to, from], *extra* comes on top at each step.
    """
    np.fill_diagonal(change, 0.0)
    states = np.arange(len(change))
    came_from = np.empty(misfits.shape, np.uint8)
    cost = np.zeros(len(change))
    for step, (misfit, more) in enumerate(zip(misfits, extra, strict=True)):
        onward = cost + change
        onward.ravel()[:: len(states) + 1] -= more  # whoever goes on
        sources = onward.argmin(axis=1)
        came_from[step] = sources
        cost = onward[states, sources] + misfit
    state = int(cost.argmin())
    path = np.empty(len(misfits), np.intp)
    for step in range(len(path) - 1, -1, -1):
        path[step] = state
        state = came_from[step, state]
    return path


def _without_small_steps(ticks: NDArray[np.float64], turns: list[_Turn]) -> list[_Turn]:
    """Return *turns*, neighbours joined as long as they are nearly as loud."""
    turns = turns.copy()
    while len(turns) > 1:
        steps = np.abs(np.diff([lufs for _, lufs in turns]))
        least = int(steps.argmin())
        if steps[least] >= _SAME_LEVEL_LU:
            break
        joined = np.concatenate([turn for turn, _ in turns[least : least + 2]])
        turns[least : least + 2] = [(joined, _loudness(ticks, joined))]
    return turns


def _loudness(ticks: NDArray[np.float64], turn: NDArray[np.intp]) -> float:
    return _lufs(ticks, _runs_of(turn))


def _runs_of(turn: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Return the ticks of a turn's hops, as runs between its long pauses."""
    cuts = np.flatnonzero(np.diff(turn) * _TICKS_PER_HOP > _LONG_PAUSE_TICKS) + 1
    return [
        (int(part[0]) * _TICKS_PER_HOP, (int(part[-1]) + 1) * _TICKS_PER_HOP)
        for part in np.split(turn, cuts)
    ]


def _lufs(ticks: NDArray[np.float64], spans: list[tuple[int, int]]) -> float:
    heard = np.concatenate([ticks[start:stop] for start, stop in spans])
    # Speech never is, but a knock on the table would count for seconds of it.
    heard = np.minimum(heard, _KNOCK_ABOVE_MEDIAN * np.median(heard))
    gated = gated_lufs(heard) if len(heard) >= _GATED_TICKS else -math.inf
    return float(decibels(heard.mean())) if math.isinf(gated) else gated


def _settle_boundary(
    ticks: NDArray[np.float64],
    silent: NDArray[np.bool_],
    left_turn: tuple[list[Span], float],
    right_turn: tuple[list[Span], float],
) -> None:
    """Move the boundary between two turns that are near each other to where it fits best.

    Their runs are changed in place; beside them are their mean squares. A pause is worth some
    misfit, a longer one more: a soft last word is as quiet as another speaker, and the first
    word of a turn is often its loudest.
    """
    (left, before), (right, after) = left_turn, right_turn
    (start, stop), (begin, end) = left[-1], right[0]
    # All of a run may belong to the other turn, if its speaker goes on beyond a long pause.
    first = left[-2][1] if len(left) > 1 else (start + stop) // 2
    last = right[1][0] if len(right) > 1 else (begin + end) // 2
    first = max(first, stop - _BOUNDARY_REACH_TICKS)
    last = min(last, begin + _BOUNDARY_REACH_TICKS)
    near = ticks[first:last]
    misfit = np.minimum(near / before, _WORST_TICK) + math.log(before)
    misfit -= np.minimum(near / after, _WORST_TICK) + math.log(after)
    quiet = silent[first:last] | (near < min(before, after) * _SILENT_SHARE)
    misfit[quiet] = 0.0
    total = np.insert(np.cumsum(misfit), 0, 0.0)
    pauses = runs(without_short_runs(quiet, _SHORTEST_PAUSE_TICKS))
    for pause, word in pauses:
        length = min(word - pause, _PAUSE_WORTH_TICKS)
        total[pause:word] -= _PAUSE_WORTH + _PAUSE_WORTH_PER_TICK * length
    best = int(total.argmin())
    inside = [(int(pause), int(word)) for pause, word in pauses if pause <= best < word]
    until, since = (first + place for place in (inside[0] if inside else (best, best)))
    left[-1:] = [(start, until)] if until > start else []
    # What is left of the run before goes to the turn after.
    since = since if until > start else min(start, begin)
    right[:1] = [(since, end)] if since < end else []
