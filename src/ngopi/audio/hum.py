"""Take out the hum of the mains by subtracting it, not by filtering.

A notch takes out the voice at the same frequency too, and rings. Hum is a sum of sine waves
that change slowly: followed through the pauses between words, it can be written down, and
subtracted from the words as well. Segments of 200 ms hold whole periods of 50 and of 60 Hz,
so that harmonics do not mix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ngopi.audio.rumble import Read
    from ngopi.audio.survey import Hum

_SEGMENTS_PER_S = 5
_ROW_FRAMES = 60  # divides a segment at 44.1 and at 48 kHz
_CHUNK_SEGMENTS = 5
_DRIFT_SEGMENTS = 25  # the mains drift over seconds
_NEAR_SEGMENTS = 10
# Where nobody pauses for four seconds, what was heard further away counts.
_FAR_SEGMENTS, _FAR_WEIGHT = 50, 0.02
_LOUDEST = 2.0  # times the usual level: more is not hum
_QUIET_PERCENTILE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class HumTrack:
    """Hum over time: of each segment its *turn* against the nominal frequency, in radians of
    the first harmonic, and the complex *amplitudes*, (segments, harmonics, channels).
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
        inside = self._phases(np.arange(_ROW_FRAMES))
        waves = np.concatenate([np.cos(inside), -np.sin(inside)], axis=1).T.astype(np.float32)
        kept = read(start, stop).copy()
        for channel in range(kept.shape[1]):
            parts = coefficients[:, :, channel]
            parts = np.concatenate([parts.real, parts.imag], axis=1).astype(np.float32)
            hum = (parts @ waves).reshape(-1)
            kept[:, channel] -= hum[start - first * _ROW_FRAMES :][: stop - start]
        return kept

    def _phases(self, frames: NDArray[np.int64]) -> NDArray[np.float64]:
        # In whole numbers: hours later a float would have lost the phase.
        turns = frames[:, None] * self.hz % self.sample_rate_hz
        return np.asarray(turns * (2 * np.pi / self.sample_rate_hz))

    def _rows(self, rows: NDArray[np.int64]) -> NDArray[np.complex128]:
        segment_frames = self.sample_rate_hz // _SEGMENTS_PER_S
        at = (rows + 0.5) * _ROW_FRAMES / segment_frames - 0.5
        at = np.clip(at, 0, len(self.turn) - 1)
        before = np.minimum(at.astype(np.int64), max(len(self.turn) - 2, 0))
        after = np.minimum(before + 1, len(self.turn) - 1)
        share = at - before
        turn = self.turn[before] * (1 - share) + self.turn[after] * share
        share = share[:, None, None]
        amplitudes = self.amplitudes[before] * (1 - share) + self.amplitudes[after] * share
        phases = self._phases(rows * _ROW_FRAMES) + turn[:, None] * self.harmonics
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
    drift = _drift(found, weights, harmonics)
    turn = np.cumsum(drift) - drift[0]
    # Hum that is off its nominal frequency turns inside a segment, and looks weaker for it.
    spread = np.sinc(drift[:, None] * harmonics / (2 * np.pi))
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
    """Return amplitudes (segments, harmonics, channels) and mean squares (segments, channels)."""
    size = sample_rate_hz // _SEGMENTS_PER_S
    segments = max(frames // size, 1)
    phases = 2 * np.pi / sample_rate_hz * (np.arange(size)[:, None] * hz % sample_rate_hz)
    waves = np.concatenate([np.cos(phases), -np.sin(phases)], axis=1) * (2 / size)
    waves = waves.astype(np.float32)
    found = np.empty((segments, len(hz), channels), np.complex128)
    energies = np.empty((segments, channels))
    for first in range(0, segments, _CHUNK_SEGMENTS):
        last = min(first + _CHUNK_SEGMENTS, segments)
        samples = read(first * size, last * size)
        for channel in range(channels):
            parts = np.ascontiguousarray(samples[:, channel]).reshape(-1, size)
            both = parts @ waves
            found[first:last, :, channel] = both[:, : len(hz)] + 1j * both[:, len(hz) :]
            energies[first:last, channel] = np.vecdot(parts, parts) / size
    return found, energies


def _weights(
    found: NDArray[np.complex128], energies: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how far each segment can be trusted: the less else is heard, the more."""
    tones = (np.abs(found) ** 2).sum(axis=1) / 2
    other = np.maximum(energies - tones, 0).sum(axis=1)
    least = np.percentile(other, _QUIET_PERCENTILE) + 1e-12
    return np.asarray((least / (other + least)) ** 2)


def _drift(
    found: NDArray[np.complex128], weights: NDArray[np.float64], harmonics: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return how far the first harmonic turns in each segment, against its nominal frequency."""
    trust = np.sqrt(weights[1:] * weights[:-1])[:, None]
    turns = (found[1:] * found[:-1].conj()).sum(axis=2) * trust
    turns = np.concatenate([turns[:1], turns]) if len(turns) else np.ones((1, len(harmonics)))
    window = np.hanning(2 * _DRIFT_SEGMENTS + 3)[1:-1]
    turns = _convolved(turns, window) + _FAR_WEIGHT * turns.mean(axis=0)
    trust = np.abs(turns)
    turned = (trust * harmonics * np.angle(turns)).sum(axis=1)
    return np.asarray(turned / np.maximum((trust * harmonics**2).sum(axis=1), 1e-300))


def _smoothed(
    still: NDArray[np.complex128], weights: NDArray[np.float64]
) -> NDArray[np.complex128]:
    window = np.zeros(2 * _FAR_SEGMENTS + 1)
    window += _FAR_WEIGHT * np.hanning(len(window) + 2)[1:-1]
    near = slice(_FAR_SEGMENTS - _NEAR_SEGMENTS, _FAR_SEGMENTS + _NEAR_SEGMENTS + 1)
    window[near] += np.hanning(2 * _NEAR_SEGMENTS + 3)[1:-1]
    flat = still.reshape(len(still), -1)
    trust = _convolved(weights[:, None], window)
    smooth = _convolved(flat * weights[:, None], window) / np.maximum(trust, 1e-300)
    usual = np.median(np.abs(smooth), axis=0)
    smooth *= np.minimum(1, _LOUDEST * usual / np.maximum(np.abs(smooth), 1e-300))
    return np.asarray(smooth.reshape(still.shape))


def _convolved(columns: NDArray[np.inexact], window: NDArray[np.float64]) -> NDArray[np.inexact]:
    """Return each column smoothed by *window*, in the same shape."""
    side = len(window) // 2
    whole = [np.convolve(column, window) for column in columns.T]
    return np.stack(whole, axis=1)[side : side + len(columns)]
