"""The leveller: people at different distances from the microphone come to one loudness.

The recording is complete, so nothing has to be followed: it is cut into turns of even level
(a hidden Markov model over phrases, solved exactly), and each turn gets one gain. It
changes where a turn does, on the quieter side, within 100 ms. A turn keeps all its dynamics,
and so does music; pauses keep their noise down.

Compared in benchmarks/leveller.py with a gain rider, which is what most levellers are, and tried
on real voices in benchmarks/conversations.py: of voices that it was not made with, the gain moves
by more than 0.6 dB within 1.4 % of the turns, of the two that vary most within 13 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ngopi.audio.activity import TICKS_PER_S, gated_lufs, runs
from ngopi.audio.speaking import silent, spoken, sustained
from ngopi.audio.turns import turns_of
from ngopi.model import Turn

if TYPE_CHECKING:
    from ngopi.audio.loudness import Profile

_TICKS_PER_HOP = 10

_MAX_CHANGE_DB = 15.0
_DEEPEST_BELOW_LU = 20.0  # what is quieter against everybody's loudness is not speech

_RAMP_TICKS = 10
_LONG_PAUSE_TICKS = 100
_HANG_TICKS = 20  # the room's reverberation
_PAUSE_RAMP_TICKS = 25
_BEFORE_SPEECH_TICKS = 5  # soft consonants begin before they are noticed
_ROOMY_LEAD_TICKS = 10
# The noise is turned down in a pause between people already if it has this much room for it.
_ROOMY_PAUSE_TICKS = 20
_EDGE_REACH_TICKS, _EDGE_GAP_TICKS = 70, 20


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
    on either side, most of a pause between two people has the lower one, and long ones (1 s;
    between two people 0.2 s) not more than 0 dB, so the noise of the room stays down.
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
    quiet = silent(ticks, hops)
    heard = np.flatnonzero(voiced)
    starts = np.array([stretch.runs[0][0] // _TICKS_PER_HOP for stretch in music])
    # What is said before some music and after it is never one turn.
    parts = np.split(heard, np.searchsorted(heard, starts))
    speech = [
        turn for part in parts if part.size for turn in _speech(ticks, part, quiet, common_lufs)
    ]
    if not speech:
        return UNLEVELLED
    stretches = sorted(speech + music, key=lambda stretch: stretch.runs)
    curve = _curve(stretches, quiet, hop_frames / _TICKS_PER_HOP)
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
    heard: NDArray[np.intp],
    quiet: NDArray[np.bool_],
    common_lufs: float,
) -> list[_Stretch]:
    """Return the turns of those who speak in the hops *heard*."""
    found = []
    for spoken_runs, lufs in turns_of(ticks, heard, quiet, common_lufs):
        gain_db = min(max(common_lufs - lufs, -_MAX_CHANGE_DB), _MAX_CHANGE_DB)
        found.append(_Stretch(runs=tuple(spoken_runs), lufs=lufs, gain_db=gain_db))
    return found


def _curve(
    stretches: list[_Stretch], quiet: NDArray[np.bool_], frames_per_tick: float
) -> GainCurve:
    spans = [(*run, stretch.gain_db) for stretch in stretches for run in stretch.runs]
    spans = _with_soft_edges(spans, quiet)
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
    pause = begin - stop
    if pause >= _LONG_PAUSE_TICKS or (pause >= _ROOMY_PAUSE_TICKS and before_db != after_db):
        quiet_db = min(before_db, after_db, 0.0)
        hang, fall = min(_HANG_TICKS, pause // 5), min(_PAUSE_RAMP_TICKS, pause // 4)
        rise, lead = min(_RAMP_TICKS, pause // 4), min(_ROOMY_LEAD_TICKS, pause // 6)
        return [
            (stop + hang, before_db),
            (stop + hang + fall, quiet_db),
            (begin - lead - rise, quiet_db),
            (begin - lead, after_db),
        ]
    if after_db > before_db:
        # What is louder must not be lifted: the ramp is in the pause or in the quieter turn.
        start = max(stop, begin - _BEFORE_SPEECH_TICKS - _RAMP_TICKS)
        return [(start, before_db), (start + _RAMP_TICKS, after_db)]
    start = min(stop + pause // 5, begin - _RAMP_TICKS)
    return [(start, before_db), (start + _RAMP_TICKS, after_db)]


def _with_soft_edges(
    spans: list[tuple[int, int, float]], quiet: NDArray[np.bool_]
) -> list[tuple[int, int, float]]:
    """Return *spans* up to where sound begins and ends: with soft syllables, without silence."""
    divides = [_divide(quiet, left[1], right[0]) for left, right in pairwise(spans)]
    found = []
    for (start, stop, gain_db), before, after in zip(
        spans, [0, *divides], [*divides, len(quiet)], strict=True
    ):
        inside = min(_TICKS_PER_HOP, (stop - start) // 2)
        first, last = max(before, start - _EDGE_REACH_TICKS), min(after, stop + _EDGE_REACH_TICKS)
        begin = start + inside - _sounding(~quiet[first : start + inside][::-1])
        found.append((begin, stop - inside + _sounding(~quiet[stop - inside : last]), gain_db))
    return found


def _divide(quiet: NDArray[np.bool_], stop: int, begin: int) -> int:
    """Return the middle of the longest silence: what is soft belongs to whoever is nearer."""
    silences = runs(quiet[stop:begin])
    if not len(silences):
        return (stop + begin) // 2
    longest = silences[np.diff(silences, axis=1).argmax()]
    return stop + int(longest.sum()) // 2


def _sounding(sound: NDArray[np.bool_]) -> int:
    """Return for how long *sound* goes on, with short gaps."""
    places = np.flatnonzero(sound)
    if not places.size:
        return len(sound[:1])
    gaps = np.flatnonzero(np.diff(places) > _EDGE_GAP_TICKS)
    return int(places[gaps[0]] if gaps.size else places[-1]) + 1
