"""Several recordings of one meeting, a microphone each, mixed to one.

Each track is brought to one loudness by what its own speaker says, and turned down while it
only holds what it hears of another one. Who speaks is decided on levels of every 10 ms, found
once; nothing else of the tracks stays in memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
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
from ngopi.audio.clips import Clip, ClipSound, GainCurve
from ngopi.errors import SilentRecordingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ngopi.model import Sound

_LEVEL_LUFS = -23.0  # EBU R 128; mastering has its own target
_CLOSED_DB = -20.0
_RAMP_TICKS = 15
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
# Levels say who speaks, who speaks says the levels: that settles at once.
_TURNS = 3


@dataclass(frozen=True, slots=True)
class _Track:
    """*energies* are K-weighted mean squares of ticks, *levels* the same, smoothed, in LUFS.

    *lingering* is the highest level of the last 150 ms.
    """

    energies: NDArray[np.float32]
    levels: NDArray[np.float32]
    lingering: NDArray[np.float32]


def mix(tracks: Sequence[Sound], *, channels: int, advance: Callable[[float], None]) -> ClipSound:
    """Return *tracks*, which begin at one instant, mixed to *channels* (1 or 2).

    Every speaker is brought to -23 LUFS by a plain gain. A track is lowered by 20 dB, with ramps
    of 150 ms, while it only holds another track's voice; when nobody speaks, all stay as they
    were. Tracks may differ in length and channels, not in sample rate, and stay open while the
    result is read. A silent track adds nothing. *advance* gets seconds of each track done since.

    Raises:
        SilentRecordingError: all tracks are silent.
    """
    heard = [_as_heard(track, channels) for track in tracks]
    frames = max(sound.frames for sound in heard)
    ticks = max(tick_count(sound) for sound in heard)
    energies = [tick_energies(sound, 0, tick_count(sound), advance=advance) for sound in heard]
    present = [n for n in range(len(heard)) if not math.isinf(gated_lufs(energies[n]))]
    if not present:
        raise SilentRecordingError
    found = [_track(np.pad(energies[n], (0, ticks - len(energies[n])))) for n in present]
    own, levels_lufs = _who_speaks(found)
    tick = tick_frames(heard[0].sample_rate_hz)
    clips = [
        Clip(
            sound=heard[n],
            first=0,
            frames=heard[n].frames,
            at=0,
            curve=_gate(is_open, tick).times(
                GainCurve.level(10 ** ((_LEVEL_LUFS - level_lufs) / 20))
            ),
        )
        for n, is_open, level_lufs in zip(present, _opened(own), levels_lufs, strict=True)
    ]
    return ClipSound(
        clips, sample_rate_hz=heard[0].sample_rate_hz, channels=channels, frames=frames
    )


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


def _who_speaks(tracks: list[_Track]) -> tuple[list[NDArray[np.bool_]], list[float]]:
    """Return for each track when its own speaker speaks, and how loud, in LUFS."""
    levels_lufs = [gated_lufs(track.energies.astype(np.float64)) for track in tracks]
    own = [
        track.levels > level_lufs - _LOUD_BELOW_DB
        for track, level_lufs in zip(tracks, levels_lufs, strict=True)
    ]
    for _ in range(_TURNS):
        own = [
            _own(track, level_lufs, list(_bleeds(n, tracks, own)))
            for n, (track, level_lufs) in enumerate(zip(tracks, levels_lufs, strict=True))
        ]
        levels_lufs = _own_levels(tracks, own)
    return own, levels_lufs


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
    for source, speaks in zip(tracks, own, strict=True):
        # While a voice dies away, its echoes are no measure for what is heard of it.
        telling = speaks & (source.levels > source.lingering - _DYING_AWAY_DB)
        if source is tracks[n] or np.count_nonzero(telling) < _LEAST_EVIDENCE_TICKS:
            continue
        differences = tracks[n].levels[telling] - source.lingering[telling]
        bleed_db = float(np.percentile(differences, _BLEED_PERCENTILE))
        if bleed_db <= _LEAST_BLEED_DB:
            yield source.lingering + np.float32(bleed_db)


def _own_levels(tracks: list[_Track], own: list[NDArray[np.bool_]]) -> list[float]:
    """Return the gated loudness of what each speaker says.

    A track on which nobody speaks is taken for as loud as the loudest: what it holds is not
    brought up.
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
    loudest = max(
        (level_lufs for level_lufs in enough if level_lufs is not None), default=_LEVEL_LUFS
    )
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
