"""The level of every 10 ms, and who is heard beside music or another microphone.

What nobody may cut away is decided in `silence`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.cores import cores
from ngopi.audio.loudness import decibels, integrated_lufs
from ngopi.audio.weighting import BLOCK_FRAMES, k_weighting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from ngopi.model import Sound

TICKS_PER_S = 100
_TICKS_PER_HOP = 10
_WINDOW_TICKS = 500
_LEAD_TICKS = 10  # 100 ms: then nothing is left of the filter's start
_LOWEST_LUFS = -120.0

_FLOOR_PERCENTILE = 10
_ABOVE_FLOOR_DB = 6.0
# Breath is heard 20 to 40 dB below the voice; what is deeper, nobody misses.
_LEAST_BELOW_DB, _MOST_BELOW_DB = 16.0, 45.0
_SHORTEST_SOUND_TICKS = 3  # less is a click
_FLOOR_BLOCK_TICKS, _FLOOR_AROUND_TICKS = 10 * TICKS_PER_S, 30 * TICKS_PER_S


def _nobody_looks(_done_s: float) -> None:
    pass


def tick_frames(sample_rate_hz: int) -> int:
    """Return the frames of 10 ms."""
    return round(sample_rate_hz / TICKS_PER_S)


def tick_count(sound: Sound) -> int:
    """Return how many ticks *sound* has, the last one perhaps not full."""
    return -(-sound.frames // tick_frames(sound.sample_rate_hz))


def tick_energies(
    sound: Sound, first: int, last: int, *, advance: Callable[[float], None] = _nobody_looks
) -> NDArray[np.float64]:
    """Return K-weighted mean squares over all channels of ticks *first* to *last*.

    They are found on all cores, and do not depend on where the range begins; *advance* gets
    seconds done since.
    """
    return _in_windows(partial(_forwards, sound), first, last, advance)


def energies_of(
    windows: Iterable[NDArray[np.float32]], *, sample_rate_hz: int
) -> NDArray[np.float64]:
    """Return what `tick_energies` does of sound that is read once, in *windows* of any length."""
    frames = tick_frames(sample_rate_hz)
    lead, step = _LEAD_TICKS * frames, _WINDOW_TICKS * frames
    found: list[NDArray[np.float64]] = []
    waiting = np.zeros((lead, 1), np.float32)
    for window in windows:
        if waiting.shape[1] != window.shape[1]:
            waiting = np.zeros((lead, window.shape[1]), np.float32)
        waiting = np.concatenate([waiting, window])
        while len(waiting) >= lead + step:
            found.append(
                _energies(_whole_blocks(waiting[: lead + step]), _WINDOW_TICKS, sample_rate_hz)
            )
            waiting = waiting[step:]
    ticks = -(-(len(waiting) - lead) // frames)
    if ticks:
        rest = np.pad(waiting, ((0, lead + ticks * frames - len(waiting)), (0, 0)))
        found.append(_energies(_whole_blocks(rest), ticks, sample_rate_hz))
    return np.concatenate(found) if found else np.zeros(0)


def _whole_blocks(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.pad(samples, ((0, -len(samples) % BLOCK_FRAMES), (0, 0)))


def sharp_levels(
    sound: Sound, first: int, last: int, *, advance: Callable[[float], None] = _nobody_looks
) -> NDArray[np.float64]:
    """Return the level of ticks *first* to *last* in LUFS; digital silence is -120.

    The filter rings on for 30 ms after a sound. Here it is run backwards too, and the lower
    one counts: so a sound ends when it ends. For times, not for loudness.
    """

    def lower(low: int, high: int) -> NDArray[np.float64]:
        return np.minimum(_forwards(sound, low, high), _backwards(sound, low, high))

    return tick_levels(_in_windows(lower, first, last, advance))


def _in_windows(
    found: Callable[[int, int], NDArray[np.float64]],
    first: int,
    last: int,
    advance: Callable[[float], None],
) -> NDArray[np.float64]:
    values = np.empty(last - first)
    starts = range(first, last, _WINDOW_TICKS)
    stops = [min(start + _WINDOW_TICKS, last) for start in starts]
    with ThreadPoolExecutor(cores()) as threads:
        for start, part in zip(starts, threads.map(found, starts, stops), strict=True):
            values[start - first : start - first + len(part)] = part
            advance(len(part) / TICKS_PER_S)
    return values


def _forwards(sound: Sound, first: int, last: int) -> NDArray[np.float64]:
    start, frames = _lead_and_ticks(sound, first - _LEAD_TICKS, last - first)
    return _energies(sound.read(start, start + frames), last - first, sound.sample_rate_hz)


def _backwards(sound: Sound, first: int, last: int) -> NDArray[np.float64]:
    stop, frames = _lead_and_ticks(sound, last + _LEAD_TICKS, last - first)
    samples = sound.read(stop - frames, stop)[::-1]
    return _energies(samples, last - first, sound.sample_rate_hz)[::-1]


def _lead_and_ticks(sound: Sound, tick: int, ticks: int) -> tuple[int, int]:
    """Return the frame of *tick*, and how many to read for the lead and *ticks*: whole blocks."""
    frames = tick_frames(sound.sample_rate_hz)
    return tick * frames, -(-(_LEAD_TICKS + ticks) * frames // BLOCK_FRAMES) * BLOCK_FRAMES


def _energies(samples: NDArray[np.float32], ticks: int, rate_hz: int) -> NDArray[np.float64]:
    weighted = k_weighting(rate_hz).apply(np.ascontiguousarray(samples.T))
    frames = tick_frames(rate_hz)
    lead = _LEAD_TICKS * frames
    parts = weighted[:, lead : lead + ticks * frames].reshape(len(weighted), ticks, frames)
    return np.asarray(np.vecdot(parts, parts).sum(axis=0, dtype=np.float64) / frames)


def tick_levels(energies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return *energies* in LUFS; digital silence is -120."""
    return np.maximum(decibels(energies), _LOWEST_LUFS)


def gated_lufs(energies: NDArray[np.float64]) -> float:
    """Return the gated loudness (BS.1770-4) of tick energies; -inf if nothing passes the gate.

    What is shorter than the gate's 400 ms is measured as if silence followed.
    """
    hops = max(-(-len(energies) // _TICKS_PER_HOP), 4)
    padded = np.pad(energies, (0, hops * _TICKS_PER_HOP - len(energies)))
    return integrated_lufs(padded.reshape(hops, _TICKS_PER_HOP).mean(axis=1))


def runs(flags: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return where *flags* are set: (runs, 2), each from its first to beyond its last."""
    turns = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    return turns.reshape(-1, 2)


def without_short_runs(flags: NDArray[np.bool_], shortest: int) -> NDArray[np.bool_]:
    """Return *flags* without runs of less than *shortest*."""
    kept = flags.copy()
    for first, last in runs(flags):
        if last - first < shortest:
            kept[first:last] = False
    return kept


def near(flags: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the distance of every place to the nearest flag that is set; inf if none is."""
    marked = np.flatnonzero(flags)
    if not marked.size:
        return np.full(len(flags), np.inf)
    places = np.arange(len(flags))
    after = np.searchsorted(marked, places)
    following = np.abs(marked[np.minimum(after, len(marked) - 1)] - places)
    preceding = np.abs(marked[np.maximum(after - 1, 0)] - places)
    return np.asarray(np.minimum(following, preceding), dtype=np.float64)


# -- beside music -----------------------------------------------------------------------


def _silent_below(floor_lufs: float, programme_lufs: float) -> float:
    """Return the level below which nobody speaks; -inf where noise would hide a soft voice."""
    low = max(floor_lufs + _ABOVE_FLOOR_DB, programme_lufs - _MOST_BELOW_DB)
    return low if low <= programme_lufs - _LEAST_BELOW_DB else -np.inf


def active(levels: NDArray[np.float64], programme_lufs: float) -> NDArray[np.bool_]:
    """Return in which ticks there is sound: above the floor of the minute around; no clicks."""
    sounding = np.empty(len(levels), np.bool_)
    for first in range(0, len(levels), _FLOOR_BLOCK_TICKS):
        last = first + _FLOOR_BLOCK_TICKS
        around = levels[max(first - _FLOOR_AROUND_TICKS, 0) : last + _FLOOR_AROUND_TICKS]
        floor = float(np.percentile(around, _FLOOR_PERCENTILE))
        sounding[first:last] = levels[first:last] > _silent_below(floor, programme_lufs)
    return without_short_runs(sounding, _SHORTEST_SOUND_TICKS)
