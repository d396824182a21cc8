"""Take out the hum of the mains by subtracting it, not by filtering.

A notch takes out the voice at the same frequency too, and rings. Hum is a sum of sine waves
that change slowly: followed through the pauses between words, it can be written down, and
subtracted from the words as well. Segments of 200 ms fit into such a pause and hold whole
periods of 50 and of 60 Hz, so that harmonics do not mix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ngopi.audio.rumble import Read
    from ngopi.audio.survey import Hum

_HOPS_PER_S = 20
_SEGMENT_HOPS = 4
_CHUNK_HOPS = 20
_ROW_FRAMES = 60  # the hum's level may change this often

_DRIFT_STEP_HZ = 0.01
_DRIFT_HZ = _DRIFT_STEP_HZ * np.arange(
    -30, 31
)  # how far the mains and the recorder's clock may be off
_DRIFT_HOPS = 100  # looked at to either side
_DRIFT_EVERY_HOPS = 20
_DRIFT_CENTRES = 3  # centres that an estimate is smoothed with, on either side
_DRIFT_USUAL_HZ = 0.2
_NEAR_HOPS = 40
# Where nobody pauses for four seconds, what was heard further away counts.
_FAR_HOPS, _FAR_WEIGHT = 200, 0.02
_STIFF_S2 = 0.05  # pauses that all lie together say little about a slope
_LOUDEST = 2.0  # times the usual level: more is not hum
_QUIET_PERCENTILE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class HumTrack:
    """Hum over time, one segment every 50 ms.

    *turn* is how far the first harmonic has turned against its nominal frequency, in radians;
    *amplitudes* are complex, (segments, harmonics, channels).
    """

    sample_rate_hz: int
    hz: NDArray[np.int64]
    harmonics: NDArray[np.int64]
    turn: NDArray[np.float64]
    amplitudes: NDArray[np.complex128]

    def removed(self, read: Read, start: int, stop: int) -> NDArray[np.float32]:
        """Return frames *start* to *stop* of what *read* gives, without the hum."""
        first, last = start // _ROW_FRAMES, -(-stop // _ROW_FRAMES)
        coefficients = self._rows(np.arange(first, last))
        inside = _phases(np.arange(_ROW_FRAMES), self.hz, self.sample_rate_hz)
        waves = np.concatenate([np.cos(inside), -np.sin(inside)], axis=1).T.astype(np.float32)
        kept = read(start, stop).copy()
        for channel in range(kept.shape[1]):
            amplitudes = coefficients[:, :, channel]
            parts = np.concatenate([amplitudes.real, amplitudes.imag], axis=1)
            hum = (parts.astype(np.float32) @ waves).reshape(-1)
            kept[:, channel] -= hum[start - first * _ROW_FRAMES :][: stop - start]
        return kept

    def _rows(self, rows: NDArray[np.int64]) -> NDArray[np.complex128]:
        hop_frames = self.sample_rate_hz // _HOPS_PER_S
        at = (rows + 0.5) * _ROW_FRAMES / hop_frames - _SEGMENT_HOPS / 2
        before = np.clip(at.astype(np.int64), 0, max(len(self.turn) - 2, 0))
        after = np.minimum(before + 1, len(self.turn) - 1)
        share = at - before
        # Beyond the first and the last segment it turns on at the same speed.
        turn = self.turn[before] * (1 - share) + self.turn[after] * share
        share = np.clip(share, 0, 1)[:, None, None]
        amplitudes = self.amplitudes[before] * (1 - share) + self.amplitudes[after] * share
        phases = (
            _phases(rows * _ROW_FRAMES, self.hz, self.sample_rate_hz)
            + turn[:, None] * self.harmonics
        )
        return np.asarray(amplitudes * np.exp(1j * phases)[:, :, None])


def follow_hum(
    read: Read, hum: Hum, *, frames: int, channels: int, sample_rate_hz: int
) -> HumTrack:
    """Follow *hum* through the *frames* that *read* gives."""
    harmonics = np.array(hum.harmonics)
    hz = harmonics * hum.mains_hz
    found, energies = _analysed(
        read, hz, frames=frames, channels=channels, sample_rate_hz=sample_rate_hz
    )
    weights = _weights(found, energies)
    drift_hz = _drift_hz(found * weights[:, None, None], harmonics)
    turn = 2 * np.pi / _HOPS_PER_S * np.cumsum(drift_hz)
    # Hum that is off its nominal frequency turns inside a segment, and looks weaker for it.
    spread = np.sinc(drift_hz[:, None] * harmonics * _SEGMENT_HOPS / _HOPS_PER_S)
    still = found * (np.exp(-1j * turn[:, None] * harmonics) / spread)[:, :, None]
    return HumTrack(
        sample_rate_hz=sample_rate_hz,
        hz=hz,
        harmonics=harmonics,
        turn=turn,
        amplitudes=_smoothed(still, weights),
    )


def _analysed(
    read: Read, hz: NDArray[np.int64], *, frames: int, channels: int, sample_rate_hz: int
) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """Return amplitudes (segments, harmonics, channels) and mean squares (segments,).

    A segment begins with every hop.
    """
    size = sample_rate_hz // _HOPS_PER_S
    hops = max(frames // size, _SEGMENT_HOPS)
    inside = _phases(np.arange(size), hz, sample_rate_hz)
    waves = np.concatenate([np.cos(inside), -np.sin(inside)], axis=1) * (2 / size)
    waves = waves.astype(np.float32)
    found = np.empty((hops, len(hz), channels), np.complex128)
    energies = np.zeros(hops)
    for first in range(0, hops, _CHUNK_HOPS):
        last = min(first + _CHUNK_HOPS, hops)
        samples = read(first * size, last * size)
        for channel in range(channels):
            parts = np.ascontiguousarray(samples[:, channel]).reshape(-1, size)
            both = parts @ waves
            found[first:last, :, channel] = both[:, : len(hz)] + 1j * both[:, len(hz) :]
            energies[first:last] += np.vecdot(parts, parts) / size
    found *= np.exp(-1j * _phases(np.arange(hops) * size, hz, sample_rate_hz))[:, :, None]
    return _sliding_mean(found), _sliding_mean(energies)


def _sliding_mean(hops: NDArray[Any]) -> NDArray[Any]:
    count = len(hops) - _SEGMENT_HOPS + 1
    return np.asarray(sum(hops[hop : hop + count] for hop in range(_SEGMENT_HOPS)) / _SEGMENT_HOPS)


def _phases(
    frames: NDArray[np.int64], hz: NDArray[np.int64], sample_rate_hz: int
) -> NDArray[np.float64]:
    """Return the angle of each frequency at each frame: (frames, frequencies)."""
    # In whole numbers: hours later a float would have lost the phase.
    turns = frames[:, None] * hz % sample_rate_hz
    return np.asarray(turns * (2 * np.pi / sample_rate_hz))


def _weights(found: NDArray[np.complex128], energies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each segment can be trusted: the less else is heard, the more."""
    tones = (np.abs(found) ** 2).sum(axis=(1, 2)) / 2
    other = np.maximum(energies - tones, 0)
    least = np.percentile(other, _QUIET_PERCENTILE) + 1e-12
    return np.asarray((least / (other + least)) ** 2)


def _drift_hz(
    weighted: NDArray[np.complex128], harmonics: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return for each segment how far the first harmonic is off its nominal frequency.

    Every few seconds, the frequency that gathers most of what lies around.
    """
    offsets = np.arange(-_DRIFT_HOPS, _DRIFT_HOPS + 1)
    window = np.hanning(len(offsets) + 2)[1:-1]
    turns = np.exp(-2j * np.pi / _HOPS_PER_S * offsets[:, None] * _DRIFT_HZ)
    centres = np.arange(0, len(weighted), _DRIFT_EVERY_HOPS)
    padded = np.pad(weighted, ((_DRIFT_HOPS, _DRIFT_HOPS), (0, 0), (0, 0)))
    score = np.zeros((len(centres), len(_DRIFT_HZ)))
    for number, harmonic in enumerate(harmonics):
        matrix = turns**harmonic * window[:, None]
        for channel in range(weighted.shape[2]):
            around = np.lib.stride_tricks.sliding_window_view(
                padded[:, number, channel], len(offsets)
            )[centres]
            score += np.abs(around @ matrix) ** 2
    # Where pauses are few, several frequencies fit: then it is the one that is usual here.
    usual_hz = _DRIFT_HZ[score.sum(axis=0).argmax()]
    score *= np.exp(-(((_DRIFT_HZ - usual_hz) / _DRIFT_USUAL_HZ) ** 2))
    best = np.clip(score.argmax(axis=1), 1, len(_DRIFT_HZ) - 2)
    rows = np.arange(len(centres))
    left, top, right = (score[rows, best + beside] for beside in (-1, 0, 1))
    # The top of the parabola through the best and its neighbours.
    curve = np.maximum(2 * top - left - right, 1e-300)
    found = _DRIFT_HZ[best] + np.clip((right - left) / (2 * curve), -1, 1) * _DRIFT_STEP_HZ
    # A sharp top counts for more than a flat one, around it as well.
    window = np.hanning(2 * _DRIFT_CENTRES + 3)[1:-1]
    sharp = curve[:, None]
    found = (_convolved(found[:, None] * sharp, window) / _convolved(sharp, window))[:, 0]
    return np.asarray(np.interp(np.arange(len(weighted)), centres, found))


def _smoothed(
    still: NDArray[np.complex128], weights: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Return *still* averaged over time, as far as it can be trusted."""
    window = _FAR_WEIGHT * np.hanning(2 * _FAR_HOPS + 3)[1:-1]
    near = slice(_FAR_HOPS - _NEAR_HOPS, _FAR_HOPS + _NEAR_HOPS + 1)
    window[near] += np.hanning(2 * _NEAR_HOPS + 3)[1:-1]
    away_s = np.arange(_FAR_HOPS, -_FAR_HOPS - 1, -1) / _HOPS_PER_S
    flat = still.reshape(len(still), -1) * weights[:, None]
    # A straight line through what lies around: pauses are seldom as near on both sides.
    even, sloped, squared = (
        _convolved(weights[:, None], window * away_s**power) for power in (0, 1, 2)
    )
    squared += _STIFF_S2 * even
    line = squared * _convolved(flat, window) - sloped * _convolved(flat, window * away_s)
    smooth = line / np.maximum(even * squared - sloped**2, 1e-300)
    usual = np.median(np.abs(smooth), axis=0)
    smooth *= np.minimum(1, _LOUDEST * usual / np.maximum(np.abs(smooth), 1e-300))
    return np.asarray(smooth.reshape(still.shape))


def _convolved(columns: NDArray[Any], window: NDArray[np.float64]) -> NDArray[Any]:
    """Return each column smoothed by *window*, in the same shape."""
    side = len(window) // 2
    whole = [np.convolve(column, window) for column in columns.T]
    return np.stack(whole, axis=1)[side : side + len(columns)]
