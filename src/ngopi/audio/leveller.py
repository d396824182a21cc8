"""The leveller: people at different distances from the microphone come to one loudness.

The recording is complete, so nothing has to be followed: it is cut into turns of even level
(a hidden Markov model over 100 ms energies, solved exactly), and each turn gets one gain. It
changes where a turn does, on the quieter side, within 100 ms. A turn keeps all its dynamics,
and so does music; pauses keep their noise down.

Compared in benchmarks/leveller.py with a gain rider, which is what most levellers are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.activity import in_hops, runs, spoken, sustained
from ngopi.audio.loudness import decibels, integrated_lufs
from ngopi.model import Turn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ngopi.audio.loudness import Profile

TICKS_PER_S = 100
_TICKS_PER_HOP = 10

_MAX_CHANGE_DB = 15.0
_DEEPEST_BELOW_LU = 20.0  # what is quieter against everybody's loudness is not speech

# Levels that a turn may have, against everybody's loudness.
_STATES_LU = np.arange(-25.0, 16.0)
_RESOLUTION_PER_LU = 4
_TABLE_FROM_LU = -50.0
# 100 ms of speech scatter like the energy of noise with this many degrees of freedom, halved.
_SHAPE = 0.8
_WORST_MISFIT = 3.2  # so that neither a knock nor a breath makes a turn
# A change of level costs as much as a lasting misfit; a small one costs more, because one
# voice alone rises and falls by 3 dB from sentence to sentence.
_SWITCH_COST, _SMALL_SWITCH_COST, _SMALL_SWITCH_LU = 4.0, 8.0, 4.0
_SAME_LEVEL_LU = 1.5

_RAMP_TICKS = 10
_LONG_PAUSE_TICKS = 120
_HANG_TICKS = 30  # the room's reverberation
_PAUSE_RAMP_TICKS = 40
_BEFORE_SPEECH_TICKS = 10  # soft consonants begin before they are noticed
_BOUNDARY_REACH_TICKS = 20


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


UNCHANGED = GainCurve(frames=np.zeros(1, np.int64), gains_db=np.zeros(1))
"""The curve of a recording that is not levelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Levelling:
    """What the leveller does to a recording.

    *turns* tell what becomes of each stretch of speech or music; their *after_lufs* are those
    of the levelled sound, before the gain that the whole master gets.
    """

    curve: GainCurve
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """A stretch of even level, in ticks; *pauses* are the long ones in it."""

    start: int
    stop: int
    lufs: float
    is_music: bool
    pauses: tuple[tuple[int, int], ...]


def level(profile: Profile, *, hop_frames: int) -> Levelling:
    """Return how to bring everybody in *profile* to one loudness; *hop_frames* are 100 ms.

    Speech is brought to the loudness of all speech, by 15 dB at most; music louder than that
    is turned down to it as a whole, and never up. In pauses the gain does not exceed its value
    on both sides, and in long ones (1.2 s) not 0 dB, so the noise of the room stays down.
    """
    # Rates that ten ticks do not divide have longer ones.
    ticks = np.repeat(profile.ticks, _TICKS_PER_HOP // profile.ticks.shape[1], axis=1).ravel()
    music = [
        (start // _TICKS_PER_HOP, stop // _TICKS_PER_HOP) for start, stop in sustained(ticks)
    ]
    hops = in_hops(ticks)
    active = spoken(hops)
    for start, stop in music:
        active[start:stop] = False
    if not active.any():
        return Levelling(curve=UNCHANGED, turns=())
    common_lufs = _common_lufs(hops, active)
    stretches = _speech(ticks, hops, active, common_lufs) + _music(hops, music, common_lufs)
    stretches.sort(key=lambda stretch: stretch.start)
    gains_db = [_gain_db(stretch, common_lufs) for stretch in stretches]
    return Levelling(
        curve=_curve(stretches, gains_db, frames_per_tick=hop_frames / _TICKS_PER_HOP),
        turns=tuple(
            Turn(
                start_s=stretch.start / TICKS_PER_S,
                stop_s=stretch.stop / TICKS_PER_S,
                before_lufs=stretch.lufs,
                after_lufs=stretch.lufs + gain_db,
            )
            for stretch, gain_db in zip(stretches, gains_db, strict=True)
        ),
    )
