"""K-weighting (ITU-R BS.1770-4), and a voice's band, as matrix products: fast inner parts.

A recursive filter cannot be vectorised sample by sample. Cut into blocks it can: inside a
block the output is a product with a small matrix, and what a block leaves to the next is a
state of four numbers. BLAS does that some ten times faster than an FFT of the same filter.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    # x' = A x + b u, y = c x + d u
    _StateSpace: TypeAlias = tuple[
        NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float
    ]
    # Two of them: numerator, and denominator without its leading 1.
    _Biquads: TypeAlias = list[tuple[list[float], list[float]]]

BLOCK_FRAMES = 64

# A state that has decayed this far is below anything that float32 could show.
_FORGOTTEN = 1e-9

# The analog prototype behind the coefficients that BS.1770-4 prints for 48 kHz only:
# (frequency Hz, Q) of both stages, and the shelf's gain in dB.
_SHELF_HZ, _SHELF_Q, _SHELF_GAIN_DB = 1681.974450955533, 0.7071752369554196, 3.999843853973347
_SHELF_BAND_EXPONENT = 0.4996667741545416
_HIGH_PASS_HZ, _HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773

_VOICE_LOW_HZ, _VOICE_HIGH_HZ = 300.0, 3400.0


class Weighting:
    """A filter of two biquads, ready to be applied to many windows."""

    def __init__(self, biquads: _Biquads) -> None:
        a, b, c, d = _output_normal(*_cascade(biquads))
        powers = [np.linalg.matrix_power(a, n) for n in range(BLOCK_FRAMES + 1)]
        response = np.array([d, *(c @ power @ b for power in powers[: BLOCK_FRAMES - 1])])
        lag = np.arange(BLOCK_FRAMES) - np.arange(BLOCK_FRAMES)[:, None]
        self._inside = _float32(np.where(lag >= 0, response[np.maximum(lag, 0)], 0.0))
        self._into_state = _float32([powers[BLOCK_FRAMES - 1 - n] @ b for n in range(BLOCK_FRAMES)])
        self._out_of_state = _float32([c @ powers[n] for n in range(BLOCK_FRAMES)]).T.copy()
        self._carry = []
        carry = powers[BLOCK_FRAMES]
        while np.abs(carry).max() > _FORGOTTEN:
            self._carry.append(_float32(carry.T))
            carry = carry @ carry

    def apply(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return *samples*, float32 (channels, frames), filtered from rest, in the same shape.

        *frames* must be a multiple of BLOCK_FRAMES.
        """
        blocks = samples.reshape(samples.shape[0], -1, BLOCK_FRAMES)
        states = blocks @ self._into_state
        reach = 1
        for carry in self._carry:
            # Each turn doubles how many blocks back a state remembers.
            states[:, reach:] += states[:, :-reach] @ carry
            reach *= 2
            if reach >= states.shape[1]:
                break
        weighted = blocks @ self._inside
        weighted[:, 1:] += states[:, :-1] @ self._out_of_state
        return weighted.reshape(samples.shape)


@cache
def k_weighting(sample_rate_hz: int) -> Weighting:
    """Return the K-weighting of BS.1770-4 for *sample_rate_hz*; made once for each rate."""
    return Weighting(_k_biquads(sample_rate_hz))


@cache
def voice_band(sample_rate_hz: int) -> Weighting:
    """Return a filter that lets 300 to 3400 Hz through; made once for each rate.

    That is the band in which telephones carry speech: a voice stands out in it from rumble below
    and hiss above, which K-weighting hears as loud as the voice.
    """
    return Weighting(_voice_biquads(sample_rate_hz))


def _float32(values: object) -> NDArray[np.float32]:
    return np.ascontiguousarray(values, dtype=np.float32)


def _k_biquads(sample_rate_hz: int) -> _Biquads:
    k = math.tan(math.pi * _SHELF_HZ / sample_rate_hz)
    high = 10 ** (_SHELF_GAIN_DB / 20)
    band = high**_SHELF_BAND_EXPONENT
    a0 = 1 + k / _SHELF_Q + k * k
    shelf = (
        [
            (high + band * k / _SHELF_Q + k * k) / a0,
            2 * (k * k - high) / a0,
            (high - band * k / _SHELF_Q + k * k) / a0,
        ],
        [2 * (k * k - 1) / a0, (1 - k / _SHELF_Q + k * k) / a0],
    )
    k = math.tan(math.pi * _HIGH_PASS_HZ / sample_rate_hz)
    a0 = 1 + k / _HIGH_PASS_Q + k * k
    # The numerator stays 1, -2, 1 at every rate, as in the standard's table.
    high_pass = ([1.0, -2.0, 1.0], [2 * (k * k - 1) / a0, (1 - k / _HIGH_PASS_Q + k * k) / a0])
    return [shelf, high_pass]


def _voice_biquads(sample_rate_hz: int) -> _Biquads:
    """Return Butterworth's high-pass and low-pass of second order, by the bilinear transform."""
    k = math.tan(math.pi * _VOICE_LOW_HZ / sample_rate_hz)
    a0 = 1 + math.sqrt(2) * k + k * k
    feedback = [2 * (k * k - 1) / a0, (1 - math.sqrt(2) * k + k * k) / a0]
    high_pass = ([1 / a0, -2 / a0, 1 / a0], feedback)
    k = math.tan(math.pi * _VOICE_HIGH_HZ / sample_rate_hz)
    a0 = 1 + math.sqrt(2) * k + k * k
    feedback = [2 * (k * k - 1) / a0, (1 - math.sqrt(2) * k + k * k) / a0]
    low_pass = ([k * k / a0, 2 * k * k / a0, k * k / a0], feedback)
    return [high_pass, low_pass]


def _cascade(biquads: _Biquads) -> _StateSpace:
    (a1, b1, c1, d1), (a2, b2, c2, d2) = (_companion(*biquad) for biquad in biquads)
    a = np.block([[a1, np.zeros((2, 2))], [np.outer(b2, c1), a2]])
    return a, np.concatenate([b1, b2 * d1]), np.concatenate([d2 * c1, c2]), d2 * d1


def _companion(numerator: list[float], denominator: list[float]) -> _StateSpace:
    (b0, b1, b2), (a1, a2) = numerator, denominator
    a = np.array([[-a1, 1.0], [-a2, 0.0]])
    return a, np.array([b1 - a1 * b0, b2 - a2 * b0]), np.array([1.0, 0.0]), b0


def _output_normal(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], d: float
) -> _StateSpace:
    # Scaled so that a state's norm is the energy it will put out: poles this close to 1 would
    # otherwise make states so large that float32 loses the output among them.
    gramian, power = np.outer(c, c), a
    while np.abs(power).max() > _FORGOTTEN:
        gramian = gramian + power.T @ gramian @ power
        power = power @ power
    scale = np.linalg.cholesky(gramian).T
    inverse = np.linalg.inv(scale)
    return scale @ a @ inverse, scale @ b, c @ inverse, d
