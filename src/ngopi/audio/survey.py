"""What is wrong with a recording: one pass over it, and a closer look at samples of it.

Offset, clipping and the difference of the channels are exact. Levels and spectra come from
windows spread evenly over the recording: enough to decide by, at a cost that hardly grows
with its length. Loudness here is an estimate for decisions; `loudness` is the meter.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ngopi.audio.cores import cores
from ngopi.audio.extremes import Tally, extremes_of
from ngopi.audio.loudness import decibels
from ngopi.audio.weighting import k_weighting

if TYPE_CHECKING:
    from collections.abc import Callable

    from ngopi.model import Sound

NOISE_FRAMES = 4096
"""Window of the noise spectrum: about 85 ms, short enough for the pauses between words."""

_WINDOW_FRAMES = 16384  # 3 Hz apart: hum against what lies beside it
_WINDOWS = 300
_ROWS = 16  # spectra at a time

_SILENT_LUFS = -90.0
_GATE_LUFS, _GATE_LU = -70.0, -10.0
_QUIETEST = 0.1
_FLOOR_FROM_HZ = 100.0
_STEADY_DB = 3.0
_STEADY_BANDS_HZ = np.geomspace(200.0, 8000.0, 21)
_RUMBLE_HZ, _VOICES_HZ = (8.0, 42.0), (100.0, 8000.0)

_MAINS_HZ = (50, 60)
_HUM_BELOW_HZ = 1050.0
_HUM_PERCENTILE = 10
_HUM_ABOVE_DB = 13.0
_THERE_IN_PAUSES = 0.25
_HUM_BESIDE_HZ = (11.0, 20.0)
_HUM_DRIFT = 0.004  # 0.2 Hz at 50 Hz
_LOW_HARMONICS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Hum:
    """Hum of the mains: *harmonics* are multiples of *mains_hz*, 1 included where it is there.

    *level_dbfs* is the RMS of all of them (0 dBFS: RMS 1), *above_db* how far the strongest
    stands out of what lies beside it.
    """

    mains_hz: int
    harmonics: tuple[int, ...]
    level_dbfs: float
    above_db: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSurvey:
    """One channel of a recording.

    *dc* is its mean, -1..1. *programme_lufs* is its gated loudness, *floor_lufs* that of its
    quietest passages above 100 Hz, hum excluded; both -inf in silence. *steady*: these
    passages sound alike, as noise does. *noise* is their power spectrum, float32
    (NOISE_FRAMES // 2 + 1), where white noise has its mean square in every bin.
    *rumble_db* is what lies below 42 Hz against 100 to 8000 Hz. *clipped* counts the samples
    that stand in runs at the same extreme value, *clipped_at* is the first one's frame.
    """

    dc: float
    programme_lufs: float
    floor_lufs: float
    steady: bool
    noise: NDArray[np.float32]
    rumble_db: float
    hum: Hum | None
    clipped: int
    clipped_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A whole recording.

    *difference_db* and *sum_db* are the peaks of L - R and of L + R against the highest peak
    of either (-inf: none; 0 for mono).
    """

    sample_rate_hz: int
    frames: int
    channels: tuple[ChannelSurvey, ...]
    difference_db: float
    sum_db: float


def survey(sound: Sound, *, advance: Callable[[float], None]) -> Survey:
    """Measure what `choose_channels` and `plan_cleanup` decide by.

    *advance* is called with seconds measured since. Lossy and resampled recordings lose the
    equal values that clipping leaves: there it is not found.
    """
    every = extremes_of(sound, advance=advance)
    tallies = every.channels
    peak = max(top.level for tally in tallies for top in tally.tops)
    look = _Look(sound, [tally.total / max(sound.frames, 1) for tally in tallies])
    return Survey(
        sample_rate_hz=sound.sample_rate_hz,
        frames=sound.frames,
        channels=tuple(look.channel(n, tally) for n, tally in enumerate(tallies)),
        difference_db=_against(every.difference, peak) if sound.channels > 1 else 0.0,
        sum_db=_against(every.together, peak) if sound.channels > 1 else 0.0,
    )


def _against(level: float, reference: float) -> float:
    return 20 * math.log10(level / reference) if level and reference else -math.inf


# -- windows here and there ---------------------------------------------------------------


class _Look:
    """Windows spread over the recording, and what they show of each channel."""

    def __init__(self, sound: Sound, means: list[float]) -> None:
        self._sound, self._means = sound, np.array(means, np.float32)
        rate_hz = sound.sample_rate_hz
        last = max(sound.frames - _WINDOW_FRAMES, 0)
        count = min(max(sound.frames // _WINDOW_FRAMES, 1), _WINDOWS)
        starts = np.linspace(0, last, count).astype(int)
        self._hz = _frequencies(rate_hz, _WINDOW_FRAMES)
        self._noise_hz = _frequencies(rate_hz, NOISE_FRAMES)
        weights = _k_power(rate_hz, NOISE_FRAMES) * (self._noise_hz >= _FLOOR_FROM_HZ)
        self._floor_weights = weights.astype(np.float32)
        bands = [_band(self._hz, *_RUMBLE_HZ), _band(self._hz, *_VOICES_HZ)]
        figures = np.stack([_k_power(rate_hz, _WINDOW_FRAMES), *bands], axis=1).astype(np.float32)
        self._hum_bins = int(np.searchsorted(self._hz, _HUM_BELOW_HZ + _HUM_BESIDE_HZ[1]))
        self._quiet_starts = (starts[:, None] + np.arange(0, _WINDOW_FRAMES, NOISE_FRAMES)).ravel()
        with ThreadPoolExecutor(cores()) as threads:
            rows = [starts[first : first + _ROWS] for first in range(0, len(starts), _ROWS)]
            parts = list(threads.map(partial(self._figures, figures), rows))
        long, low, short = zip(*parts, strict=True)
        # (channel, window, figure), (channel, window, bin), (channel, short window)
        self._long = np.concatenate(long, axis=1) * (2 / _WINDOW_FRAMES)
        self._low = np.concatenate(low, axis=1)
        self._short = np.concatenate(short, axis=1) * (2 / NOISE_FRAMES)

    def _figures(
        self, figures: NDArray[np.float32], starts: NDArray[np.int_]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Return of the windows at *starts*: *figures*, low bins, and levels of short windows."""
        samples = self._windows(starts, _WINDOW_FRAMES)
        power = _power(samples)
        parts = samples.reshape(*samples.shape[:2], -1, NOISE_FRAMES)
        short = (_power(parts) @ self._floor_weights).reshape(len(samples), -1)
        return power @ figures, power[..., : self._hum_bins].copy(), short

    def channel(self, number: int, tally: Tally) -> ChannelSurvey:
        energies = self._long[number].astype(np.float64)
        quiet = self._quiet(number)
        noise = quiet.mean(axis=0)
        hum = self._hum(number, noise)
        if hum is not None:
            _bridge(noise, self._noise_hz, hum)
        loudness = np.float64(noise @ self._floor_weights) * (2 / NOISE_FRAMES)
        rumble, voices = energies[:, 1].mean(), energies[:, 2].mean()
        return ChannelSurvey(
            dc=float(self._means[number]),
            programme_lufs=_gated_lufs(energies[:, 0]),
            floor_lufs=float(decibels(loudness)),
            steady=_steady(quiet, self._noise_hz),
            noise=noise,
            rumble_db=10 * math.log10(rumble / voices) if rumble and voices else -math.inf,
            hum=hum,
            clipped=sum(top.flat for top in tally.clipped),
            clipped_at=min((top.first or 0 for top in tally.clipped), default=None),
        )

    def _windows(self, starts: NDArray[np.int_], frames: int) -> NDArray[np.float32]:
        """Return float32 (channels, len(starts), frames) without their offset."""
        read = [self._sound.read(int(start), int(start) + frames) for start in starts]
        return np.ascontiguousarray(np.moveaxis(np.stack(read) - self._means, 2, 0))

    def _quiet(self, number: int) -> NDArray[np.float32]:
        """Return the power spectra of the quietest short windows that are not silent."""
        lufs = decibels(self._short[number].astype(np.float64))
        heard = np.flatnonzero(lufs > _SILENT_LUFS)
        if not heard.size:
            return np.zeros((1, len(self._noise_hz)), np.float32)
        quiet = heard[np.argsort(lufs[heard])][: max(int(len(heard) * _QUIETEST), 4)]
        power = np.zeros((len(quiet), len(self._noise_hz)), np.float32)
        for first in range(0, len(quiet), _ROWS):
            starts = self._quiet_starts[quiet[first : first + _ROWS]]
            power[first : first + _ROWS] = _power(self._windows(starts, NOISE_FRAMES)[number])
        return power

    def _hum(self, number: int, noise: NDArray[np.float32]) -> Hum | None:
        # Speech comes and goes in every bin, hum stays: what is left there in its quietest
        # tenth is hum or noise, unless nobody ever pauses for long.
        power = np.percentile(self._low[number], _HUM_PERCENTILE, axis=0)
        hz = self._hz[: len(power)]
        paused = np.interp(hz, self._noise_hz, noise)
        found = [
            hum for mains in _MAINS_HZ if (hum := _hum_of(power, paused, hz, mains)) is not None
        ]
        return max(found, key=lambda hum: (len(hum.harmonics), hum.above_db), default=None)


def _frequencies(sample_rate_hz: int, frames: int) -> NDArray[np.float64]:
    return np.asarray(np.fft.rfftfreq(frames, 1 / sample_rate_hz), np.float64)


def _power(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    window = _hann(samples.shape[-1])
    # "forward" divides by the length: numpy is twice as fast with that as without.
    spectra = np.fft.rfft(samples * window, axis=-1, norm="forward")
    scale = len(window) ** 2 / np.float32(window @ window)
    return np.asarray((spectra.real**2 + spectra.imag**2) * scale)


@cache
def _hann(frames: int) -> NDArray[np.float32]:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frames) / frames)).astype(np.float32)


@cache
def _k_power(sample_rate_hz: int, frames: int) -> NDArray[np.float64]:
    impulse = np.zeros((1, frames), np.float32)
    impulse[0, 0] = 1
    response = np.fft.rfft(k_weighting(sample_rate_hz).apply(impulse)[0])
    return np.asarray(np.abs(response) ** 2, np.float64)


def _band(hz: NDArray[np.float64], low: float, high: float) -> NDArray[np.bool_]:
    return np.asarray((hz >= low) & (hz < high))


def _gated_lufs(energies: NDArray[np.float64]) -> float:
    energies = energies[decibels(energies) > _GATE_LUFS]
    if not energies.size:
        return -math.inf
    gate = decibels(energies.mean()) + _GATE_LU
    return float(decibels(energies[decibels(energies) > gate].mean()))


def _steady(power: NDArray[np.float32], hz: NDArray[np.float64]) -> bool:
    """Tell whether windows, (windows, bins), have the same level in most bands.

    Noise has; the tails of words, applause and music have not.
    """
    cuts = np.searchsorted(hz, _STEADY_BANDS_HZ)
    bands = np.add.reduceat(power, cuts, axis=1)[:, :-1]
    with np.errstate(divide="ignore"):
        levels_db = 10 * np.log10(bands)
    if not np.isfinite(levels_db).all():
        return False
    return bool(np.median(levels_db.std(axis=0)) <= _STEADY_DB)


def _hum_of(
    power: NDArray[np.float64],
    paused: NDArray[np.float64],
    hz: NDArray[np.float64],
    mains_hz: int,
) -> Hum | None:
    """Return the hum in *power* that is also there in the pauses between words (*paused*)."""
    step_hz = hz[1]
    harmonics, above_db, total = [], [], 0.0
    for number in range(1, int(_HUM_BELOW_HZ / mains_hz) + 1):
        away = np.abs(hz - number * mains_hz)
        near = away <= max(1.5 * step_hz, number * mains_hz * _HUM_DRIFT)
        beside = float(np.median(power[(away >= _HUM_BESIDE_HZ[0]) & (away <= _HUM_BESIDE_HZ[1])]))
        strongest = float(power[near].max())
        if strongest == 0 or 10 * math.log10(strongest / max(beside, 1e-20)) < _HUM_ABOVE_DB:
            continue
        halfway_hz = np.array([number - 0.5, number + 0.5]) * mains_hz
        between = np.interp(halfway_hz, hz, paused).min()
        # A tone stands lower in the shorter windows, as they are shorter.
        there = (paused[near].max() - between) * _WINDOW_FRAMES / NOISE_FRAMES
        if there < strongest * _THERE_IN_PAUSES:
            continue
        harmonics.append(number)
        above_db.append(10 * math.log10(strongest / max(beside, 1e-20)))
        total += float(power[away <= 3 * step_hz].sum()) * 2 / _WINDOW_FRAMES
    if not harmonics or harmonics[0] > _LOW_HARMONICS:
        return None
    return Hum(
        mains_hz=mains_hz,
        harmonics=tuple(harmonics),
        level_dbfs=10 * math.log10(total),
        above_db=max(above_db),
    )


def _bridge(noise: NDArray[np.float32], hz: NDArray[np.float64], hum: Hum) -> None:
    """Replace hum in *noise* by straight lines over it, in place."""
    between = (np.arange(max(hum.harmonics) + 1) + 0.5) * hum.mains_hz
    inside = hz < between[-1]
    noise[inside] = np.interp(hz[inside], between, np.interp(between, hz, noise))
