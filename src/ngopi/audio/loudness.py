"""Loudness of a recording: ITU-R BS.1770-4, EBU Tech 3341 and EBU Tech 3342."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ngopi.audio.cores import cores, in_order
from ngopi.audio.truepeak import peak_bounds, rounded_up, true_peaks
from ngopi.audio.weighting import BLOCK_FRAMES, k_weighting
from ngopi.model import Loudness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    from ngopi.model import Sound

    _Window: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.float16]]

HOPS_PER_S = 10
_TICKS_PER_HOP = 10

_MOMENTARY_HOPS, _SHORT_TERM_HOPS = 4, 30
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU, _RANGE_GATE_LU = -10.0, -20.0
_RANGE_PERCENTILES = (10, 95)
_WINDOW_HOPS = 30  # three seconds fit the processor's cache

# By number of channels, in the order that WAV and FFmpeg use: L R C LFE, back, sides.
_CHANNEL_WEIGHTS = {
    1: (1.0,),
    2: (1.0, 1.0),
    3: (1.0, 1.0, 1.0),
    4: (1.0, 1.0, 1.41, 1.41),
    5: (1.0, 1.0, 1.0, 1.41, 1.41),
    6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41),
    7: (1.0, 1.0, 1.0, 0.0, 1.0, 1.41, 1.41),
    8: (1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.41, 1.41),
}


def hop_frames(sample_rate_hz: int) -> int:
    """Return the frames of one step of 100 ms."""
    return (sample_rate_hz + HOPS_PER_S // 2) // HOPS_PER_S


def decibels(energy: NDArray[np.float64] | np.floating) -> NDArray[np.float64]:
    """Return mean squares of K-weighted sound in LUFS; silence is -inf."""
    with np.errstate(divide="ignore"):
        return np.asarray(-0.691 + 10 * np.log10(energy))


def integrated_lufs(energies: NDArray[np.float64]) -> float:
    """Return the gated loudness of 100 ms energies; -inf if nothing passes the gate."""
    blocks = _sliding_mean(energies, _MOMENTARY_HOPS)
    blocks = blocks[decibels(blocks) > _ABSOLUTE_GATE_LUFS]
    if not blocks.size:
        return -math.inf
    gate = decibels(blocks.mean()) + _RELATIVE_GATE_LU
    return float(decibels(blocks[decibels(blocks) > gate].mean()))


def _sliding_mean(energies: NDArray[np.float64], hops: int) -> NDArray[np.float64]:
    if energies.size < hops:
        return np.empty(0)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(energies, hops).mean(axis=1))


def _range_lu(short_term_lufs: NDArray[np.float32]) -> float:
    heard = short_term_lufs[short_term_lufs > _ABSOLUTE_GATE_LUFS]
    if not heard.size:
        return 0.0
    gate = decibels(np.mean(10 ** ((heard + 0.691) / 10))) + _RANGE_GATE_LU
    low, high = np.percentile(heard[heard > gate], _RANGE_PERCENTILES, method="nearest")
    return float(high - low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A measured recording: loudness over time, from which every figure follows.

    *ticks* are K-weighted mean squares over all channels, float64 (hops, ticks of a hop): a
    hop is 100 ms, a tick 10 ms where the rate allows it. *true_peak* is linear.
    Of each BLOCK_FRAMES, and empty when measured as a stream: *block_peaks* are bounds of the
    true peaks (see `peak_bounds`), linear, *block_levels* K-weighted RMS; both float16, since
    they are what grows with the recording.
    """

    ticks: NDArray[np.float64]
    block_peaks: NDArray[np.float16]
    block_levels: NDArray[np.float16]
    true_peak: float

    @property
    def energies(self) -> NDArray[np.float64]:
        """K-weighted mean squares of each 100 ms."""
        return np.asarray(self.ticks.mean(axis=1))

    @property
    def momentary_lufs(self) -> NDArray[np.float32]:
        """Loudness of the last 400 ms, every 100 ms, the first at 0.4 s."""
        return decibels(_sliding_mean(self.energies, _MOMENTARY_HOPS)).astype(np.float32)

    @property
    def short_term_lufs(self) -> NDArray[np.float32]:
        """Loudness of the last 3 s, every 100 ms, the first at 3 s."""
        return decibels(_sliding_mean(self.energies, _SHORT_TERM_HOPS)).astype(np.float32)

    @property
    def loudness(self) -> Loudness:
        """The figures of the whole recording."""
        short_term = self.short_term_lufs
        # The highest value must not depend on where between two steps a sound began.
        momentary = _sliding_mean(self.ticks.ravel(), _MOMENTARY_HOPS * self.ticks.shape[1])
        return Loudness(
            integrated_lufs=integrated_lufs(self.energies),
            range_lu=_range_lu(short_term),
            true_peak_dbtp=20 * math.log10(self.true_peak) if self.true_peak else -math.inf,
            momentary_max_lufs=float(decibels(momentary).max(initial=-math.inf)),
            short_term_max_lufs=float(short_term.max(initial=-math.inf)),
        )


class _Windows:
    """Measures windows of a recording one by one, in any order and on any thread.

    A window is *lead* frames from before it, *frames* of its own and *tail* frames after it.
    The lead is where the filter comes to rest: 100 ms later nothing is left of its start
    (-180 dB), at every rate. So windows need nothing from each other.
    """

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self.hop = hop_frames(sample_rate_hz)
        self.lead = -(-self.hop // BLOCK_FRAMES) * BLOCK_FRAMES
        self.tail = BLOCK_FRAMES
        whole = BLOCK_FRAMES // math.gcd(self.hop, BLOCK_FRAMES)  # hops that fill whole blocks
        self.frames = -(-_WINDOW_HOPS // whole) * whole * self.hop
        self.span = self.lead + self.frames + self.tail
        self.true_peak = 0.0
        self.hops = self.frames // self.hop
        self.ticks = math.gcd(self.hop, _TICKS_PER_HOP)
        self._weighting = k_weighting(sample_rate_hz)
        # Tracks without a layout count alike.
        weights = _CHANNEL_WEIGHTS.get(channels, (1.0,) * channels)
        self._channel_weights = np.array(weights)

    def measure(self, planar: NDArray[np.float32]) -> _Window:
        """Return ticks, block peaks and block levels of one window of (channels, span) samples.

        Raises *true_peak* where the window exceeds it.
        """
        weighted = self._weighting.apply(planar)[:, self.lead : self.lead + self.frames]
        ticks = self._energies(weighted, self.hop // self.ticks).reshape(-1, self.ticks)
        levels = np.sqrt(self._energies(weighted, BLOCK_FRAMES)).astype(np.float16)
        peaks = peak_bounds(planar)
        inside = slice(self.lead // BLOCK_FRAMES, -self.tail // BLOCK_FRAMES)
        # Another thread may raise the floor meanwhile: then a few blocks are looked at in vain.
        floor = self.true_peak
        high = np.flatnonzero(peaks[inside] > floor) + inside.start
        if high.size:
            highest = float(true_peaks(planar, high, floor).max())
            self.true_peak = max(self.true_peak, highest)
        return ticks, peaks[inside], levels

    def _energies(self, weighted: NDArray[np.float32], frames: int) -> NDArray[np.float64]:
        parts = weighted.reshape(len(weighted), -1, frames)
        return np.asarray(
            self._channel_weights @ np.vecdot(parts, parts).astype(np.float64) / frames
        )


class LoudnessMeter:
    """A meter that is fed a recording piece by piece.

    *sample_rate_hz* is 8000 to 192000; *channels* are mono, stereo, L R C, L R Ls Rs, 5.0 or
    in the order L R C LFE Ls Rs 5.1, 6.1 and 7.1; more are tracks that count alike.
    """

    def __init__(self, *, sample_rate_hz: int, channels: int) -> None:
        self._windows = _Windows(sample_rate_hz, channels)
        self._pending = np.zeros((channels, self._windows.span), dtype=np.float32)
        self._filled = self._windows.lead
        self._frames = 0
        self._ticks: list[NDArray[np.float64]] = []

    def feed(self, block: NDArray[np.float32]) -> None:
        """Measure the next *block*: float32 (frames, channels), any number of frames."""
        self._frames += len(block)
        while len(block):
            taken = block[: self._windows.span - self._filled]
            self._pending[:, self._filled : self._filled + len(taken)] = taken.T
            self._filled += len(taken)
            block = block[len(taken) :]
            if self._filled == self._windows.span:
                self._ticks.append(self._windows.measure(self._pending)[0])
                keep = self._windows.lead + self._windows.tail
                self._pending[:, :keep] = self._pending[:, -keep:]
                self._filled = keep

    def profile(self) -> Profile:
        """End the feed and return what was measured."""
        hops = self._frames // self._windows.hop
        # Silence pushes the last frames through; what it adds itself is cut off.
        self.feed(np.zeros_like(self._pending.T))
        return _profile_of(np.concatenate(self._ticks)[:hops], self._windows.true_peak)

    def result(self) -> Loudness:
        """End the feed and return its loudness; -inf where nothing passes the gate."""
        return self.profile().loudness


def measure(sound: Sound, *, advance: Callable[[float], None]) -> Profile:
    """Return the profile of *sound*, measured on all cores; *advance* gets seconds done since."""
    windows = _Windows(sound.sample_rate_hz, sound.channels)
    starts = range(0, sound.frames, windows.frames)
    # Filled in place: of a long recording these are large, and a list of parts doubles them.
    ticks = np.empty((len(starts) * windows.hops, windows.ticks))
    peaks = np.empty(len(starts) * windows.frames // BLOCK_FRAMES, np.float16)
    levels = np.empty(len(peaks), np.float16)
    for start, part in _measured(sound, windows, starts):
        hop, block = start // windows.hop, start // BLOCK_FRAMES
        ticks[hop : hop + len(part[0])] = part[0]
        peaks[block : block + len(part[1])] = rounded_up(part[1])
        levels[block : block + len(part[2])] = part[2]
        advance(min(windows.frames, sound.frames - start) / sound.sample_rate_hz)
    blocks = -(-sound.frames // BLOCK_FRAMES)
    return Profile(
        ticks=ticks[: sound.frames // windows.hop],
        block_peaks=peaks[:blocks],
        block_levels=levels[:blocks],
        true_peak=windows.true_peak,
    )


def loudness_of(sound: Sound) -> Loudness:
    """Return the loudness of *sound* alone, which takes less memory than `measure`."""
    windows = _Windows(sound.sample_rate_hz, sound.channels)
    starts = range(0, sound.frames, windows.frames)
    ticks = np.empty((len(starts) * windows.hops, windows.ticks))
    for start, part in _measured(sound, windows, starts):
        hop = start // windows.hop
        ticks[hop : hop + len(part[0])] = part[0]
    return _profile_of(ticks[: sound.frames // windows.hop], windows.true_peak).loudness


def _measured(sound: Sound, windows: _Windows, starts: range) -> Iterator[tuple[int, _Window]]:
    with ThreadPoolExecutor(cores()) as threads:
        parts = in_order(threads, partial(_measure_at, sound, windows), starts, ahead=cores())
        yield from zip(starts, parts, strict=True)


def _measure_at(sound: Sound, windows: _Windows, start: int) -> _Window:
    stop = start + windows.frames + windows.tail
    samples = sound.read(start - windows.lead, stop)
    return windows.measure(np.ascontiguousarray(samples.T))


def _profile_of(ticks: NDArray[np.float64], true_peak: float) -> Profile:
    return Profile(
        ticks=ticks,
        block_peaks=np.empty(0, dtype=np.float16),
        block_levels=np.empty(0, dtype=np.float16),
        true_peak=true_peak,
    )
