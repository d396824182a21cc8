"""The leveller: people at different distances from the microphone come to one loudness.

The recording is complete, so nothing has to be followed: it is cut into turns of even level
(a hidden Markov model over 100 ms energies, solved exactly), and each turn gets one gain. It
changes where a turn does, on the quieter side, within 100 ms. A turn keeps all its dynamics,
and so does music; pauses keep their noise down.

Compared in benchmarks/leveller.py with a gain rider, which is what most levellers are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ngopi.audio.activity import TICKS_PER_S, gated_lufs, runs, without_short_runs
from ngopi.audio.loudness import decibels
from ngopi.audio.speaking import spoken, sustained
from ngopi.model import Turn

if TYPE_CHECKING:
    from ngopi.audio.loudness import Profile

_TICKS_PER_HOP = 10

_MAX_CHANGE_DB = 15.0
_DEEPEST_BELOW_LU = 20.0  # what is quieter against everybody's loudness is not speech

# Levels that a turn may have, against everybody's loudness.
_STATES_LU = np.arange(-25.0, 16.0)
_EVERY_STATE = np.arange(len(_STATES_LU))
_RESOLUTION_PER_LU = 4
_TABLE_FROM_LU = -50.0
# How much 100 ms of speech tell of its level: of 0.8, 1.1 and 1.4, this one found all of 40 real
# turns 5 to 12 dB apart, and nothing to change in five minutes of one real voice.
_SHAPE = 1.1
_WORST_MISFIT = 3.2  # so that neither a knock nor a breath makes a turn
# A change of level costs as much as a lasting misfit; a small one costs more, because one
# voice alone rises and falls by 3 dB from sentence to sentence.
_SWITCH_COST, _SMALL_SWITCH_COST, _SMALL_SWITCH_LU = 4.0, 4.0, 4.0
_SAME_LEVEL_LU = 1.5
_SHORTEST_TURN_HOPS = 4
_KNOCK_ABOVE_MEDIAN = 10 ** (20 / 10)
_GATED_TICKS = 40  # what is shorter has no gated loudness

_RAMP_TICKS = 10
_LONG_PAUSE_TICKS = 100
_HANG_TICKS = 20  # the room's reverberation
_PAUSE_RAMP_TICKS = 25
_BEFORE_SPEECH_TICKS = 5  # soft consonants begin before they are noticed

_TOUCHING_TICKS = 20
_BOUNDARY_REACH_TICKS = 60
_SILENT_SHARE = 10 ** (-12 / 10)
_SHORTEST_PAUSE_TICKS = 8
_PAUSE_WORTH = 60.0  # 0.3 s of one speaker with the gain of another who is 12 dB away


@dataclass(frozen=True, slots=True, kw_only=True)
class GainCurve:
    """The leveller's gain over time: straight lines between points, level beyond the ends.

    *frames* are int64 and rise, *gains_db* are float64, of the same length.
    """

    frames: NDArray[np.int64]
    gains_db: NDArray[np.float64]

    def at(self, frames: NDArray[np.integer] | NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the gain in dB at each of *frames*."""
        return np.asarray(np.interp(frames, self.frames, self.gains_db))

    @property
    def is_flat(self) -> bool:
        """Whether it changes nothing at all."""
        return not self.gains_db.any()

    @property
    def lowest_db(self) -> float:
        """The deepest cut."""
        return float(self.gains_db.min())

    @property
    def highest_db(self) -> float:
        """The largest boost."""
        return float(self.gains_db.max())


@dataclass(frozen=True, slots=True, kw_only=True)
class Levelling:
    """What the leveller does to a recording.

    *hop_gains_db* is *curve* in the middle of each 100 ms, float32, to be drawn; *turns* tell
    what becomes of each stretch of speech or music; their *after_lufs* are those of the
    levelled sound, before the gain that the whole master gets.
    """

    curve: GainCurve
    hop_gains_db: NDArray[np.float32]
    turns: tuple[Turn, ...]


UNLEVELLED = Levelling(
    curve=GainCurve(frames=np.zeros(1, np.int64), gains_db=np.zeros(1)),
    hop_gains_db=np.empty(0, np.float32),
    turns=(),
)
"""Nothing is done: the leveller is off, or nobody speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """A stretch of one level, in ticks; *runs* are what it has between its long pauses."""

    runs: tuple[tuple[int, int], ...]
    lufs: float
    gain_db: float


def level(profile: Profile, *, hop_frames: int) -> Levelling:
    """Return how to bring everybody in *profile* to one loudness; *hop_frames* are 100 ms.

    Speech is brought to the loudness of all speech, by 15 dB at most; music louder than that
    is turned down to it as a whole, and never up. In pauses the gain does not exceed its value
    on both sides, and in long ones (1 s) not 0 dB, so the noise of the room stays down.
    """
    # Rates that ten ticks do not divide have longer ones.
    ticks = np.repeat(profile.ticks, _TICKS_PER_HOP // profile.ticks.shape[1], axis=1)
    hops, ticks = ticks.mean(axis=1), ticks.ravel()
    even = _joined(sustained(ticks))
    voiced = spoken(hops)
    for start, stop in even:
        voiced[start // _TICKS_PER_HOP : -(-stop // _TICKS_PER_HOP)] = False
    common_lufs = _loudness_of_speech(ticks, even)
    if not voiced.any() or math.isinf(common_lufs):
        return UNLEVELLED
    music = _music(ticks, even, common_lufs)
    heard = np.flatnonzero(voiced)
    starts = np.array([stretch.runs[0][0] // _TICKS_PER_HOP for stretch in music])
    # What is said before some music and after it is never one turn.
    parts = np.split(heard, np.searchsorted(heard, starts))
    speech = [
        turn for part in parts if part.size for turn in _speech(ticks, hops, part, common_lufs)
    ]
    if not speech:
        return UNLEVELLED
    stretches = sorted(speech + music, key=lambda stretch: stretch.runs)
    curve = _curve(stretches, hop_frames / _TICKS_PER_HOP)
    return Levelling(
        curve=curve,
        hop_gains_db=curve.at((np.arange(len(hops)) + 0.5) * hop_frames).astype(np.float32),
        turns=tuple(
            Turn(
                start_s=stretch.runs[0][0] / TICKS_PER_S,
                stop_s=stretch.runs[-1][1] / TICKS_PER_S,
                before_lufs=stretch.lufs,
                after_lufs=stretch.lufs + stretch.gain_db,
            )
            for stretch in stretches
        ),
    )


def _joined(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return *stretches* without the short gaps between them: a break in the music is music."""
    joined: list[tuple[int, int]] = []
    for start, stop in stretches:
        if joined and start - joined[-1][1] < _LONG_PAUSE_TICKS:
            joined[-1] = joined[-1][0], stop
        else:
            joined.append((start, stop))
    return joined


def _loudness_of_speech(ticks: NDArray[np.float64], even: list[tuple[int, int]]) -> float:
    uneven = np.ones(len(ticks), np.bool_)
    for start, stop in even:
        uneven[start:stop] = False
    return gated_lufs(ticks[uneven]) if uneven.any() else -math.inf


def _music(
    ticks: NDArray[np.float64], even: list[tuple[int, int]], common_lufs: float
) -> list[_Stretch]:
    found = []
    for start, stop in even:
        lufs = gated_lufs(ticks[start:stop])
        if lufs > common_lufs - _DEEPEST_BELOW_LU:
            gain_db = max(min(common_lufs - lufs, 0.0), -_MAX_CHANGE_DB)
            found.append(_Stretch(runs=((start, stop),), lufs=lufs, gain_db=gain_db))
    return found


def _speech(
    ticks: NDArray[np.float64],
    hops: NDArray[np.float64],
    heard: NDArray[np.intp],
    common_lufs: float,
) -> list[_Stretch]:
    """Return the turns of those who speak in the hops *heard*."""
    levels_lu = _levels(decibels(hops[heard]) - common_lufs)
    deepest_lufs = common_lufs - _DEEPEST_BELOW_LU
    turns = [
        turn
        for turn in np.split(heard, np.flatnonzero(np.diff(levels_lu)) + 1)
        # A cough keeps the gain of whoever spoke before.
        if len(turn) >= _SHORTEST_TURN_HOPS and _lufs(ticks, _runs_of(turn)) > deepest_lufs
    ]
    spans = [_runs_of(turn) for turn in _without_small_steps(ticks, turns)]
    _settle_boundaries(ticks, spans)
    found = []
    for spoken_runs in spans:
        lufs = _lufs(ticks, spoken_runs)
        gain_db = min(max(common_lufs - lufs, -_MAX_CHANGE_DB), _MAX_CHANGE_DB)
        found.append(_Stretch(runs=tuple(spoken_runs), lufs=lufs, gain_db=gain_db))
    return found


def _levels(hops_lu: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the level of whoever speaks in each of *hops_lu*: the likeliest sequence of all.

    The misfit of an energy to a level is that of an exponential distribution (Itakura-Saito):
    strict about sound that is too loud for its level, patient with weak syllables. Viterbi's
    algorithm then weighs misfits against changes.
    """
    rows = _TABLE_FROM_LU + np.arange(100 * _RESOLUTION_PER_LU) / _RESOLUTION_PER_LU
    ratio = 10 ** ((rows[:, None] - _STATES_LU) / 10)
    table = _SHAPE * np.minimum(ratio - 1 - np.log(ratio), _WORST_MISFIT)
    quantised = np.rint((hops_lu - _TABLE_FROM_LU) * _RESOLUTION_PER_LU).astype(np.intp)
    quantised = np.clip(quantised, 0, len(table) - 1)
    steps_lu = np.abs(_STATES_LU[:, None] - _STATES_LU)
    switch = _SWITCH_COST + _SMALL_SWITCH_COST * np.exp(-steps_lu / _SMALL_SWITCH_LU)
    np.fill_diagonal(switch, 0.0)

    came_from = np.empty((len(quantised), len(_STATES_LU)), np.uint8)
    cost = np.zeros(len(_STATES_LU))
    for hop, row in enumerate(quantised):
        onward = cost + switch  # [to, from]
        from_states = onward.argmin(axis=1)
        came_from[hop] = from_states
        cost = onward[_EVERY_STATE, from_states] + table[row]
    state = int(cost.argmin())
    path = np.empty(len(quantised), np.intp)
    for hop in range(len(path) - 1, -1, -1):
        path[hop] = state
        state = came_from[hop, state]
    return _STATES_LU[path]


def _without_small_steps(
    ticks: NDArray[np.float64], turns: list[NDArray[np.intp]]
) -> list[NDArray[np.intp]]:
    """Return *turns*, hops each, neighbours joined as long as they are nearly as loud."""
    turns = turns.copy()
    loudness = [_lufs(ticks, _runs_of(turn)) for turn in turns]
    while len(turns) > 1:
        steps = np.abs(np.diff(loudness))
        least = int(steps.argmin())
        if steps[least] >= _SAME_LEVEL_LU:
            break
        turns[least : least + 2] = [np.concatenate(turns[least : least + 2])]
        loudness[least : least + 2] = [_lufs(ticks, _runs_of(turns[least]))]
    return turns


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


def _settle_boundaries(ticks: NDArray[np.float64], turns: list[list[tuple[int, int]]]) -> None:
    """Move each boundary between turns that touch to the tick where it fits best.

    A pause nearby is worth a little misfit: a soft last word is as quiet as another speaker.
    """
    for left, right in pairwise(turns):
        (start, stop), (begin, end) = left[-1], right[0]
        if begin - stop > _TOUCHING_TICKS:
            continue
        first = max((start + stop) // 2, stop - _BOUNDARY_REACH_TICKS)
        # All of a run may belong to the one before, if its speaker goes on after a long pause.
        last = end + _SHORTEST_PAUSE_TICKS if len(right) > 1 else (begin + end) // 2
        last = min(last, begin + _BOUNDARY_REACH_TICKS)
        near = ticks[first:last]
        before, after = (10 ** ((_lufs(ticks, spans) + 0.691) / 10) for spans in (left, right))
        silent = near < min(before, after) * _SILENT_SHARE
        misfit = near / before + math.log(before) - near / after - math.log(after)
        misfit[silent] = 0.0
        total = np.insert(np.cumsum(misfit), 0, 0.0)
        pauses = without_short_runs(silent, _SHORTEST_PAUSE_TICKS)
        total[:-1][pauses] -= _PAUSE_WORTH
        best = int(total.argmin())
        until = next((int(stop) for start, stop in runs(pauses) if start <= best < stop), best)
        left[-1] = start, first + best
        if first + until < end:
            right[0] = first + until, end
        else:
            del right[0]


def _curve(stretches: list[_Stretch], frames_per_tick: float) -> GainCurve:
    spans = [(*run, stretch.gain_db) for stretch in stretches for run in stretch.runs]
    first, last = spans[0], spans[-1]
    points = [
        (first[0] - _BEFORE_SPEECH_TICKS - _RAMP_TICKS, min(first[2], 0.0)),
        (first[0] - _BEFORE_SPEECH_TICKS, first[2]),
    ]
    for left, right in pairwise(spans):
        points += _between(left, right)
    points += [
        (last[1] + _HANG_TICKS, last[2]),
        (last[1] + _HANG_TICKS + _PAUSE_RAMP_TICKS, min(last[2], 0.0)),
    ]
    at_ticks, gains_db = np.array(points).T
    # Where ramps meet within a turn shorter than both, a later point waits for the earlier.
    at_ticks = np.maximum.accumulate(at_ticks)
    return GainCurve(frames=np.rint(at_ticks * frames_per_tick).astype(np.int64), gains_db=gains_db)


def _between(
    left: tuple[int, int, float], right: tuple[int, int, float]
) -> list[tuple[int, float]]:
    """Return the points of the curve from the end of one run to the begin of the next."""
    (_, stop, before_db), (begin, _, after_db) = left, right
    quiet_db = min(before_db, after_db, 0.0)
    if begin - stop >= _LONG_PAUSE_TICKS:
        return [
            (stop + _HANG_TICKS, before_db),
            (stop + _HANG_TICKS + _PAUSE_RAMP_TICKS, quiet_db),
            (begin - _BEFORE_SPEECH_TICKS - _RAMP_TICKS, quiet_db),
            (begin - _BEFORE_SPEECH_TICKS, after_db),
        ]
    if after_db > before_db:
        # What is louder must not be lifted: the ramp is in the pause or in the quieter turn.
        start = max(stop, begin - _RAMP_TICKS)
        return [(start, before_db), (start + _RAMP_TICKS, after_db)]
    return [(begin - _RAMP_TICKS, before_db), (begin, after_db)]
