"""Lower steady noise, gently: each band as far as nothing stands out of the noise there.

The noise is known from the quiet passages of the whole recording, so nothing is learned on
the way and any stretch comes out the same whichever was asked for. What decides is power
averaged over neighbouring times and frequencies: single peaks of the noise, which would
chirp ("musical noise"), average out. The gain never falls below the stated reduction, and
what is left of the noise keeps its own colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ngopi.audio.survey import NOISE_FRAMES

if TYPE_CHECKING:
    from ngopi.audio.rumble import Read

_FRAMES = 2048
_HOP = _FRAMES // 2
# Both times a window's root, so that overlapping pairs add up to the sound itself.
_WINDOW = np.sin(np.pi * (np.arange(_FRAMES) + 0.5) / _FRAMES).astype(np.float32)
# The transforms divide by their length both times: numpy multiplies the other way round by an
# integer 1, which takes twice as long.
_BACK = _WINDOW * np.float32(_FRAMES)
_WINDOW_POWER = float(_WINDOW @ _WINDOW) / _FRAMES**2
_TIMES = (0.25, 0.5, 0.25)
_AROUND = len(_TIMES) // 2
_BINS = 5
_PIECE_HOPS = 64

# Averaged power above the noise, in dB: below the first all is noise, above the second none.
_NOISE_DB, _VOICE_DB = 3.0, 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseReduction:
    """How far which noise is lowered: by *reduction_db* where nothing else is heard.

    *noise* is its power spectrum, float32 (_FRAMES // 2 + 1,), of all channels together,
    where white noise has its mean square in every bin.
    """

    noise: NDArray[np.float32]
    reduction_db: float

    def removed(self, read: Read, start: int, stop: int) -> NDArray[np.float32]:
        """Return frames *start* to *stop* of what *read* gives, with less noise."""
        first, last = start // _HOP, -(-stop // _HOP)
        whole: NDArray[np.float32] | None = None
        for hop in range(first, last, _PIECE_HOPS):
            piece = self._hops(read, hop, min(hop + _PIECE_HOPS, last))
            if whole is None:
                whole = np.empty(((last - first) * _HOP, len(piece)), np.float32)
            whole[(hop - first) * _HOP :][: piece.shape[1]] = piece.T
        assert whole is not None
        return whole[start - first * _HOP :][: stop - start]

    def _hops(self, read: Read, first: int, last: int) -> NDArray[np.float32]:
        """Return the sound of hops *first* to *last*: (channels, frames)."""
        # A hop is the end of the window before and the beginning of its own.
        samples = read((first - 1 - _AROUND) * _HOP, (last + 1 + _AROUND) * _HOP)
        planar = np.ascontiguousarray(samples.T)
        windows = np.lib.stride_tricks.sliding_window_view(planar, _FRAMES, axis=1)[:, ::_HOP]
        spectra = np.fft.rfft(windows * _WINDOW, axis=2, norm="forward")
        power = (spectra.real**2 + spectra.imag**2).sum(axis=0)
        inner = spectra[:, _AROUND : spectra.shape[1] - _AROUND]
        inner *= self._gains(power)
        parts = np.asarray(np.fft.irfft(inner, axis=2), np.float32)
        parts *= _BACK
        both = parts[:, :-1, _HOP:]
        both += parts[:, 1:, :_HOP]
        return both.reshape(len(planar), -1)

    def _gains(self, power: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the gain of each bin, for all but the first and the last windows of *power*."""
        inner = len(power) - 2 * _AROUND
        smooth = sum(
            power[place : place + inner] * np.float32(weight) for place, weight in enumerate(_TIMES)
        )
        padded = np.pad(smooth, ((0, 0), (_BINS // 2, _BINS // 2)), mode="edge")
        bins = power.shape[1]
        smooth = sum(padded[:, place : place + bins] for place in range(_BINS))
        ratio = smooth / (self.noise * np.float32(_BINS * _WINDOW_POWER))
        log_noise, log_voice = _NOISE_DB * np.log2(10) / 10, _VOICE_DB * np.log2(10) / 10
        share = np.log2(np.maximum(ratio, np.float32(1e-9)))
        share -= np.float32(log_voice)
        share *= np.float32(1 / (log_voice - log_noise))
        np.clip(share, -1, 0, out=share)
        return np.asarray(np.exp2(share * np.float32(self.reduction_db / 20 * np.log2(10))))


def noise_reduction(noise: NDArray[np.float32], *, reduction_db: float) -> NoiseReduction:
    """Prepare the reduction of *noise*, a spectrum of `survey`, summed over the channels."""
    fine = np.linspace(0, 1, NOISE_FRAMES // 2 + 1)
    coarse = np.linspace(0, 1, _FRAMES // 2 + 1)
    # Averaged over a few bins, as the power that it is compared with.
    width = 2 * _BINS * NOISE_FRAMES // _FRAMES // 2 + 1
    smooth = np.convolve(np.pad(noise, width // 2, mode="edge"), np.full(width, 1 / width), "valid")
    floor = max(float(smooth.max()) * 1e-9, 1e-20)
    spectrum = np.maximum(np.interp(coarse, fine, smooth), floor)
    return NoiseReduction(noise=spectrum.astype(np.float32), reduction_db=reduction_db)
