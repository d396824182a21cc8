"""Several recordings of one meeting, a microphone each, mixed to one.

Each track is brought to one loudness by what its own speaker says, and turned down while it
only holds what it hears of another one. Who speaks is decided on levels of every 10 ms, found
once; nothing else of the tracks stays in memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ngopi.audio.activity import (
    TICKS_PER_S,
    gated_lufs,
    near,
    tick_count,
    tick_energies,
    tick_frames,
    tick_levels,
    without_short_runs,
)
from ngopi.audio.alignment import lag_between
from ngopi.audio.clips import Clip, ClipSound, GainCurve
from ngopi.audio.likeness import Laid, Likeness, absent, compare, on_common_time
from ngopi.errors import SilentRecordingError
from ngopi.model import Sound, Treatment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ngopi.audio.likeness import LagOf

_LEVEL_LUFS = -23.0  # EBU R 128; mastering has its own target
_CLOSED_DB = -20.0
_RAMP_TICKS = 15
_FILL_RAMP_TICKS = 2
_OPEN_AROUND_TICKS = 15  # before the first and after the last that is certain

_SMOOTHED_TICKS = 5
# The room carries a voice on; what is heard of it in another track comes late.
_ECHO_TICKS = 15
_FLOOR_PERCENTILE = 10
_ABOVE_FLOOR_DB, _MOST_BELOW_DB = 6.0, 30.0
_LOUD_BELOW_DB = 10.0

# Of the times when one speaks, most are those when the other is silent.
_BLEED_PERCENTILE = 30
_BLEED_MARGIN_DB = 6.0
_DYING_AWAY_DB = 3.0
# A track that hears the other one as loud as itself does is no other track's shadow.
_LEAST_BLEED_DB = -3.0
_LEAST_EVIDENCE_TICKS = TICKS_PER_S // 2
_SHORTEST_WORD_TICKS = 5
_TURN_AROUND_TICKS = 40
# Who is heard in all tracks alike says hardly anything in one of them alone: what is seen of that
# is no measure for a gain.
_MOST_LIFT_DB = 6.0
_LATE_S = 0.03
_QUIET_WITHIN_TICKS = 2 * TICKS_PER_S
# Levels say who speaks, who speaks says the levels: that settles at once.
_TURNS = 3


def _settled(
    present: list[int], energies: Sequence[NDArray[np.float64]], likeness: Likeness
) -> None:
    """Take the tracks for what they are said to be."""
    del present, energies, likeness


@dataclass(frozen=True, slots=True)
class _Track:
    """*energies* are K-weighted mean squares of ticks, *levels* the same, smoothed, in LUFS.

    *lingering* is the highest level of the last 150 ms.
    """

    energies: NDArray[np.float32]
    levels: NDArray[np.float32]
    lingering: NDArray[np.float32]


class Mixed(ClipSound):
    """The mix as a `Sound`; *treatments* say what was found among its tracks."""

    def __init__(
        self, clips: list[Clip], *, like: Sound, frames: int, treatments: tuple[Treatment, ...]
    ) -> None:
        super().__init__(
            clips, sample_rate_hz=like.sample_rate_hz, channels=like.channels, frames=frames
        )
        self.treatments = treatments


def mix(
    tracks: Sequence[Sound],
    *,
    channels: int,
    advance: Callable[[float], None],
    numbers: Sequence[int] | None = None,
    lag_of: LagOf = lag_between,
    settle: Callable[[list[int], Sequence[NDArray[np.float64]], Likeness], None] = _settled,
) -> Mixed:
    """Return *tracks* of one moment mixed to *channels* (1 or 2).

    They are laid in line where their sound says how late each is. What another track holds too
    is heard once. Every speaker is brought to -23 LUFS by a plain gain, which is never more than
    6 dB above the one that the whole track needs for that. A track is lowered by 20 dB, with ramps
    of 150 ms, while it only holds another track's voice; when nobody speaks, or nobody can tell
    whose voice it is, all stay as they were. Tracks may differ in length and channels, not in
    sample rate, and stay open while the result is read. A silent track adds nothing. *advance*
    gets seconds of each track done since. *numbers* are what people know the tracks by (None: from
    1 on), *lag_of* says how late one is against another, and *settle*, which may refuse, sees which
    tracks have sound, the energies of these and what they have in common.

    Raises:
        SilentRecordingError: all tracks are silent.
    """
    heard = [_as_heard(track, channels) for track in tracks]
    energies = [tick_energies(sound, 0, tick_count(sound), advance=advance) for sound in heard]
    present = [n for n in range(len(heard)) if not math.isinf(gated_lufs(energies[n]))]
    if not present:
        raise SilentRecordingError
    numbers = numbers or range(1, len(heard) + 1)
    likeness = compare([energies[n] for n in present], lag_of=lag_of)
    settle(present, [energies[n] for n in present], likeness)
    lying = [
        _Lying(heard[n], laid, on_common_time(energies[n], laid, likeness.ticks))
        for n, laid in zip(present, likeness.laid, strict=True)
    ]
    clips, plainly = _clips(lying, likeness)
    treatments = [
        Treatment(name="track-silent", count=numbers[n])
        for n in range(len(heard))
        if n not in present
    ]
    for n, track in enumerate(present):
        treatments += _remarks(lying[n], likeness, n, numbers[track])
        if n in plainly:
            treatments.append(Treatment(name="track-plain", count=numbers[track]))
    frames = max(each.end for each in lying)
    return Mixed(clips, like=heard[0], frames=frames, treatments=tuple(treatments))


@dataclass(frozen=True, slots=True)
class _Lying:
    """A track on the time of all, where it has *energies* in each tick."""

    sound: Sound
    laid: Laid
    energies: NDArray[np.float64]

    @property
    def tick(self) -> int:
        return tick_frames(self.sound.sample_rate_hz)

    @property
    def end(self) -> int:
        """The frame of all at which the sound ends."""
        last = self.pieces()[-1][2]
        return self.sound.frames - last

    def pieces(self) -> list[tuple[int, int, int]]:
        """Return stretches of ticks, first and stop, and how many frames later each lies here.

        Where a clock drifts these change by 10 ms at a time, when little is heard.
        """
        ticks = len(self.energies)
        count = max(math.ceil(abs(self.laid.drift) * ticks), 1)
        cuts = [0]
        for nth in range(1, count):
            nominal = nth * ticks // count
            reach = min(ticks // count // 4, _QUIET_WITHIN_TICKS)
            around = self.energies[nominal - reach : nominal + reach + 1]
            cuts.append(nominal - reach + int(np.argmin(around)))
        return [
            (first, stop, round(self.laid.at((first + stop) / 2) * self.tick))
            for first, stop in pairwise([*cuts, ticks])
        ]

    def clips(self, curve: GainCurve) -> Iterator[Clip]:
        """Yield it with *curve*, whose positions are frames of all."""
        half = self.tick
        pieces = self.pieces()
        for first, stop, later in pieces:
            begins, ends = first == 0, stop == len(self.energies)
            at = first * self.tick - (0 if begins else half)
            end = self.end if ends else stop * self.tick + half
            joints = GainCurve.fades(
                end - at, fade_in=0 if begins else 2 * half, fade_out=0 if ends else 2 * half
            )
            gains = GainCurve(curve.positions - at, curve.gains)
            if len(pieces) > 1:
                gains = gains.times(joints)
            yield Clip(sound=self.sound, first=at + later, frames=end - at, at=at, curve=gains)


def _clips(lying: list[_Lying], likeness: Likeness) -> tuple[list[Clip], set[int]]:
    """Return what is heard, and which tracks hear others as loud as these are themselves."""
    used = [n for n in range(len(lying)) if n not in likeness.needless]
    found = {n: _track(lying[n].energies) for n in used}
    own, levels_lufs, plainly = _who_speaks(list(found.values()))
    tick = lying[0].tick
    clips: list[Clip] = []
    for n, is_open, level_lufs in zip(used, _opened(own), levels_lufs, strict=True):
        gain = GainCurve.level(10 ** ((_LEVEL_LUFS - level_lufs) / 20))
        clips += lying[n].clips(_gate(is_open, tick).times(gain))
        # Where this one has no sound, the first of those that hold the same has.
        missing = absent(lying[n].energies)
        for other in (m for m, better in likeness.same.items() if better == n):
            filling = missing & ~absent(lying[other].energies)
            if filling.any():
                louder_db = _louder_db(lying[other].energies, lying[n].energies)
                gain = GainCurve.level(10 ** ((_LEVEL_LUFS - level_lufs - louder_db) / 20))
                clips += lying[other].clips(_filled(filling, tick).times(gain))
                missing &= ~filling
    return clips, {used[n] for n in plainly}


def _louder_db(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    both = (one > 0) & (other > 0)
    return 10 * math.log10(one[both].sum() / other[both].sum()) if both.any() else 0.0


def _remarks(lying: _Lying, likeness: Likeness, n: int, number: int) -> Iterator[Treatment]:
    rate_hz = lying.sound.sample_rate_hz
    late_s = -lying.pieces()[0][2] / rate_hz
    if lying.laid.known and late_s > _LATE_S:
        yield Treatment(name="track-later", count=number, at_s=late_s)
    apart_s = abs(lying.laid.drift) * len(lying.energies) / TICKS_PER_S
    if len(lying.pieces()) > 1:
        yield Treatment(name="track-drifts", count=number, at_s=apart_s)
    if n in likeness.same:
        yield Treatment(name="track-same", count=number)
    elif n in likeness.sums:
        yield Treatment(name="track-sum", count=number)
    elif n in likeness.within:
        yield Treatment(name="track-within", count=number)


def _as_heard(track: Sound, channels: int) -> Sound:
    """Return *track* on the channels of the mix, where its loudness counts."""
    if track.channels == channels:
        return track
    rate_hz = track.sample_rate_hz
    whole = Clip(sound=track, first=0, frames=track.frames, at=0, curve=GainCurve.level(1.0))
    return ClipSound([whole], sample_rate_hz=rate_hz, channels=channels, frames=track.frames)


def _track(energies: NDArray[np.float64]) -> _Track:
    mean = np.convolve(energies, np.full(_SMOOTHED_TICKS, 1 / _SMOOTHED_TICKS), mode="same")
    levels = tick_levels(np.maximum(mean, 0)).astype(np.float32)
    lingering = levels.copy()
    for late in range(1, min(_ECHO_TICKS, len(levels))):
        np.maximum(lingering[late:], levels[:-late], out=lingering[late:])
    return _Track(energies.astype(np.float32), levels, lingering)


# -- who speaks ---------------------------------------------------------------------------


def _who_speaks(
    tracks: list[_Track],
) -> tuple[list[NDArray[np.bool_]], list[float], set[int]]:
    """Return for each track when its own speaker speaks, and how loud, in LUFS.

    The last are the tracks that hear another one as loud as that one is, and it them.
    """
    whole_lufs = [gated_lufs(track.energies.astype(np.float64)) for track in tracks]
    levels_lufs = whole_lufs
    own = [
        track.levels > level_lufs - _LOUD_BELOW_DB
        for track, level_lufs in zip(tracks, levels_lufs, strict=True)
    ]
    for _ in range(_TURNS):
        own = [
            _own(track, level_lufs, list(_bleeds(n, tracks, own)))
            for n, (track, level_lufs) in enumerate(zip(tracks, levels_lufs, strict=True))
        ]
        levels_lufs = [
            max(level_lufs, whole - _MOST_LIFT_DB)
            for level_lufs, whole in zip(_own_levels(tracks, own), whole_lufs, strict=True)
        ]
    return own, levels_lufs, _not_told_apart(tracks, own)


def _own(track: _Track, level_lufs: float, bleeds: list[NDArray[np.float32]]) -> NDArray[np.bool_]:
    """Return when *track* holds more than its floor and than all it hears of others."""
    floor = float(np.percentile(track.levels, _FLOOR_PERCENTILE))
    # Somebody who never pauses has no floor to be seen.
    floor = min(floor + _ABOVE_FLOOR_DB, level_lufs - _LOUD_BELOW_DB)
    speaks = track.levels > max(floor, level_lufs - _MOST_BELOW_DB)
    for bleed in bleeds:
        speaks &= track.levels > bleed + _BLEED_MARGIN_DB
    return without_short_runs(speaks, _SHORTEST_WORD_TICKS)


def _bleeds(
    n: int, tracks: list[_Track], own: list[NDArray[np.bool_]]
) -> Iterator[NDArray[np.float32]]:
    """Yield the level that every other track has in track *n*, for each that is heard there."""
    for source in range(len(tracks)):
        bleed_db = None if source == n else _bleed_db(tracks[n], tracks[source], own[source])
        if bleed_db is not None and bleed_db <= _LEAST_BLEED_DB:
            yield tracks[source].lingering + np.float32(bleed_db)


def _bleed_db(track: _Track, source: _Track, speaks: NDArray[np.bool_]) -> float | None:
    """Return how loud *source* is in *track* while it *speaks*; None: too little tells it."""
    # While a voice dies away, its echoes are no measure for what is heard of it.
    telling = speaks & (source.levels > source.lingering - _DYING_AWAY_DB)
    if np.count_nonzero(telling) < _LEAST_EVIDENCE_TICKS:
        return None
    differences = track.levels[telling] - source.lingering[telling]
    return float(np.percentile(differences, _BLEED_PERCENTILE))


def _not_told_apart(tracks: list[_Track], own: list[NDArray[np.bool_]]) -> set[int]:
    found: set[int] = set()
    for pair in combinations(range(len(tracks)), 2):
        each_way = (_bleed_db(tracks[n], tracks[m], own[m]) for n, m in (pair, reversed(pair)))
        if all(bleed_db is not None and bleed_db > _LEAST_BLEED_DB for bleed_db in each_way):
            found.update(pair)
    return found


def _own_levels(tracks: list[_Track], own: list[NDArray[np.bool_]]) -> list[float]:
    """Return the gated loudness of what each speaker says.

    A track on which nobody speaks is taken for as loud as the loudest: what it holds is not
    brought up. Where nobody can be told from the others, it is the loudness of all.
    """
    found = []
    for track, speaks in zip(tracks, own, strict=True):
        # The pauses between the words too, for they count in the loudness of anything.
        others = np.any([other for other in own if other is not speaks], axis=0)
        turns = (near(speaks) <= _TURN_AROUND_TICKS) & ~others
        found.append(gated_lufs(track.energies[turns].astype(np.float64)))
    enough = [
        level_lufs
        if np.count_nonzero(speaks) >= _LEAST_EVIDENCE_TICKS and not math.isinf(level_lufs)
        else None
        for level_lufs, speaks in zip(found, own, strict=True)
    ]
    spoken = [level_lufs for level_lufs in enough if level_lufs is not None]
    if not spoken:
        return [gated_lufs(track.energies.astype(np.float64)) for track in tracks]
    loudest = max(spoken)
    return [loudest if level_lufs is None else level_lufs for level_lufs in enough]


# -- the gate -----------------------------------------------------------------------------


def _opened(own: list[NDArray[np.bool_]]) -> Iterator[NDArray[np.bool_]]:
    """Yield for each track when it is open: from its own words until another one speaks."""
    anybody = np.any(own, axis=0)
    for speaks in own:
        # Where nobody speaks, what was decided last holds; before that, what comes first.
        decided = np.flatnonzero(anybody)
        if not decided.size:
            yield np.ones_like(speaks)
            continue
        last = np.searchsorted(decided, np.arange(len(speaks)), "right") - 1
        yield speaks[decided[np.maximum(last, 0)]]


def _gate(is_open: NDArray[np.bool_], tick: int) -> GainCurve:
    away = np.clip((near(is_open) - _OPEN_AROUND_TICKS) / _RAMP_TICKS, 0, 1)
    gains_db = _CLOSED_DB * (1 - np.cos(np.pi * away)) / 2
    return GainCurve.through((np.arange(len(is_open)) + 0.5) * tick, np.power(10.0, gains_db / 20))


def _filled(missing: NDArray[np.bool_], tick: int) -> GainCurve:
    """Return the gain of what is only heard while another track is *missing*."""
    away = np.clip(near(missing) / _FILL_RAMP_TICKS, 0, 1)
    gains = (1 + np.cos(np.pi * away)) / 2
    return GainCurve.through((np.arange(len(missing)) + 0.5) * tick, gains)
