"""Where nobody speaks, for certain: what may be cut away.

Silence is what lies at the floor of the minute around it, in every channel and both in the whole
spectrum and in the band of a voice: never an absolute level, never a distance to the loudest or to
the whole programme, for a far voice after a near one may be 30 dB softer. A recording that is
turned up or down is therefore cut at the same places. Where a floor is nearly as loud as the voice
beside it, somebody softer could be hidden in it, and all of it is kept.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.activity import TICKS_PER_S, runs, tick_count, tick_frames, without_short_runs
from ngopi.audio.cores import cores, in_order
from ngopi.audio.weighting import BLOCK_FRAMES, k_weighting, voice_band

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ngopi.audio.weighting import Weighting
    from ngopi.model import Sound

_WINDOW_TICKS = 500
_LEAD_TICKS = 10
# Beyond 24 bits: what is below is no sound of anybody, but what a computer fills in.
_NOTHING_DB = -150.0

# The floor is the quietest 0.3 s of the minute around: pauses between words are longer.
_FLOOR_TICKS, _FLOOR_REACH_TICKS = 30, 30 * TICKS_PER_S
# Sound stands out of the floor for 30 ms clearly, or most of 0.2 s a little: steady noise never
# does the one (its 10 ms vary by 1 to 2 dB), a soft voice in it does the other.
_CLEARLY_DB, _CLEAR_TICKS = 6.0, 3
_A_LITTLE_DB, _LITTLE_TICKS, _MOST_OF_TICKS = 4.0, 20, 12
# A knock or a mouse is no speech by itself: of what stands out clearly, so much of 0.4 s.
_CERTAIN_TICKS, _CERTAIN_WINDOW_TICKS = 8, 40
# A breath or a soft syllable this near belongs to the speech beside it.
_BELONGS_TICKS = 30
# A floor this near to the voice beside it, at its loudest, may hide softer words.
_BELOW_VOICE_DB, _VOICE_TICKS, _LOUD_PERCENTILE = 32.0, 3 * TICKS_PER_S, 95
# A floor this far above the lowest of all is applause, music or a machine, and not silence.
_FLOORS_APART_DB = 20.0
_FIRST_LOOK_TICKS = 60 * TICKS_PER_S


def _nobody_looks(_done_s: float) -> None:
    pass


def levels_of(
    sound: Sound, first: int, last: int, *, advance: Callable[[float], None] = _nobody_looks
) -> NDArray[np.float32]:
    """Return the levels of ticks *first* to *last* in dB, float32 (2 * channels, ticks).

    K-weighted levels of each channel come first, then those of the voice's band. A sound ends
    when it ends: the filters run forwards and backwards, and the lower level counts. *advance*
    gets seconds done since.
    """
    starts = range(first, last, _WINDOW_TICKS)
    levels = np.empty((2 * sound.channels, last - first), np.float32)
    with ThreadPoolExecutor(cores()) as threads:
        found = in_order(threads, partial(_levels, sound, last), starts, ahead=cores())
        for start, part in zip(starts, found, strict=True):
            levels[:, start - first : start - first + part.shape[1]] = part
            advance(part.shape[1] / TICKS_PER_S)
    return levels


def _levels(sound: Sound, last: int, start: int) -> NDArray[np.float32]:
    ticks = min(_WINDOW_TICKS, last - start)
    frames = tick_frames(sound.sample_rate_hz)
    whole = -(-(_LEAD_TICKS + ticks) * frames // BLOCK_FRAMES) * BLOCK_FRAMES
    begin = (start - _LEAD_TICKS) * frames
    end = (start + ticks + _LEAD_TICKS) * frames
    forwards = np.ascontiguousarray(sound.read(begin, begin + whole).T)
    backwards = np.ascontiguousarray(sound.read(end - whole, end)[::-1].T)
    filters = (k_weighting(sound.sample_rate_hz), voice_band(sound.sample_rate_hz))
    energies = [
        np.minimum(
            _energies(forwards, weighting, ticks, frames),
            _energies(backwards, weighting, ticks, frames)[:, ::-1],
        )
        for weighting in filters
    ]
    lowest = np.float32(10 ** (_NOTHING_DB / 10))
    return np.asarray(10 * np.log10(np.maximum(np.concatenate(energies), lowest)), np.float32)


def _energies(
    samples: NDArray[np.float32], weighting: Weighting, ticks: int, frames: int
) -> NDArray[np.float32]:
    weighted = weighting.apply(samples)
    lead = _LEAD_TICKS * frames
    parts = weighted[:, lead : lead + ticks * frames].reshape(len(weighted), ticks, frames)
    return np.asarray(np.vecdot(parts, parts) / frames, np.float32)


def speech_ends(sound: Sound) -> tuple[int, int] | None:
    """Return the first tick of speech and the one beyond the last; None: there is no speech.

    Only the ends are read, up to a minute, more where they are silent for longer.
    """
    total = tick_count(sound)
    begin = _onset(lambda ticks: levels_of(sound, 0, ticks), total)
    if begin is None:
        return None
    end = _onset(lambda ticks: levels_of(sound, total - ticks, total)[:, ::-1], total)
    return begin, total - (end or 0)


def _onset(levels_of_first: Callable[[int], NDArray[np.float32]], total: int) -> int | None:
    ticks = min(_FIRST_LOOK_TICKS, total)
    while True:
        found = _onset_in(levels_of_first(ticks))
        if found is not None or ticks == total:
            return found
        ticks = min(ticks * 2, total)


def _onset_in(levels: NDArray[np.float32]) -> int | None:
    floors = _floors(levels)
    certain = np.flatnonzero(_is_certain(levels, floors))
    if not certain.size:
        return None
    onset = int(certain[0])
    if not onset or not _is_apart(levels[:, :onset], levels[:, onset : onset + _VOICE_TICKS]):
        return 0
    # The head has its own floor; but where it is short, it may be a soft syllable itself.
    lowest = np.minimum(floors[:, onset], np.median(levels[:, :onset], axis=1))
    above = levels[:, :onset] > (lowest + _CLEARLY_DB)[:, None]
    for first, last in runs(_any_for(above, _CLEAR_TICKS))[::-1]:
        if onset - last > _BELONGS_TICKS:
            break
        onset = int(first)
    return onset


def silent_ticks(levels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell for each tick of a whole recording whether nobody speaks there, for certain."""
    floors = _floors(levels)
    heard = _any_for(levels > floors + _CLEARLY_DB, _CLEAR_TICKS) | _sustained(levels, floors)
    # A machine or applause for minutes has a floor of its own, and is no silence.
    there = _is_something(levels)
    lowest = np.min(floors, axis=1, where=_is_something(floors), initial=np.inf, keepdims=True)
    heard |= (there & (floors > lowest + _FLOORS_APART_DB)).any(axis=0)
    silent = ~heard
    for first, last in runs(silent):
        sides = (
            levels[:, max(first - _VOICE_TICKS, 0) : first],
            levels[:, last : last + _VOICE_TICKS],
        )
        if not all(_is_apart(levels[:, first:last], side) for side in sides if side.size):
            silent[first:last] = False
    return silent


def _is_something(levels: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray(levels > _NOTHING_DB + 1)


def _floors(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the floor around each tick, (features, ticks): the quietest 0.3 s with any sound.

    Digital silence is no floor to what a room has beside it, or a gate that closes in between
    would make a sound of every noise.
    """
    return np.stack([_floor(row) for row in levels])


def _floor(row: NDArray[np.float32]) -> NDArray[np.float32]:
    there = _is_something(row)
    ticks = min(_FLOOR_TICKS, len(row))
    ones = np.ones(ticks)
    # Not by differences of running sums: a voice's energy is a million times that of the floor.
    means = np.convolve(10 ** (row.astype(np.float64) / 10), ones, "valid") / ticks
    means[np.convolve(there, ones, "valid") < ticks] = np.inf
    lowest = 10 * np.log10(_lowest_around(means, _FLOOR_REACH_TICKS))
    lowest = np.pad(lowest, (ticks // 2, len(row) - len(lowest) - ticks // 2), mode="edge")
    return np.asarray(np.where(np.isinf(lowest), _NOTHING_DB, lowest), np.float32)


def _lowest_around(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    lowest = np.pad(values, reach, constant_values=np.inf)
    window, have = 2 * reach + 1, 1
    while have < window:
        # The lowest of n + m neighbours is the lower of two that overlap.
        step = min(have, window - have)
        lowest = np.minimum(lowest[:-step], lowest[step:])
        have += step
    return lowest


def _is_certain(levels: NDArray[np.float32], floors: NDArray[np.float32]) -> NDArray[np.bool_]:
    clear = _any_for(levels > floors + _CLEARLY_DB, 1)
    counted = np.convolve(clear, np.ones(_CERTAIN_WINDOW_TICKS))[_CERTAIN_WINDOW_TICKS - 1 :]
    return (clear & (counted >= _CERTAIN_TICKS)) | _sustained(levels, floors)


def _sustained(levels: NDArray[np.float32], floors: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell where most of 0.2 s stands out of the floor a little, in any channel or band."""
    found = np.zeros(levels.shape[1], np.bool_)
    ones = np.ones(_LITTLE_TICKS)
    for row in levels > floors + _A_LITTLE_DB:
        begins = np.convolve(row, ones)[_LITTLE_TICKS - 1 :] >= _MOST_OF_TICKS
        # All that stands out in the 0.2 s that begin there.
        found |= row & (np.convolve(begins, ones)[: len(found)] > 0)
    return found


def _any_for(flags: NDArray[np.bool_], ticks: int) -> NDArray[np.bool_]:
    """Tell where any row of *flags* is set for so many ticks."""
    return np.asarray(
        np.logical_or.reduce([without_short_runs(row, ticks) for row in flags]), np.bool_
    )


def _is_apart(silence: NDArray[np.float32], voice: NDArray[np.float32]) -> bool:
    """Say whether *silence* lies so far below the *voice* beside it that it hides nobody."""
    loud = np.percentile(voice, _LOUD_PERCENTILE, axis=1)
    quiet = np.median(silence, axis=1)
    # K-weighted: the band of a voice alone would make noise of all frequencies look low.
    return bool((loud - quiet)[: len(loud) // 2].max() >= _BELOW_VOICE_DB)
