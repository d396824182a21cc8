"""How much later one track holds what another one holds too: found on levels of every 10 ms.

Stretches of one track are looked for in the whole other one. Each says how late it was found; only
what several of them say alike, on one straight line, is believed: clocks of recorders drift evenly.
Sounds that merely resemble each other are found here and there, on no line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.activity import TICKS_PER_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_WINDOWS = 40
_LONGEST_WINDOW_TICKS, _SHORTEST_WINDOW_TICKS = 20 * TICKS_PER_S, 3 * TICKS_PER_S
_WINDOWS_IN_SHORT = 4
_AROUND_TICKS = TICKS_PER_S + 1  # what is slower than syllables tells of the meeting, not of words
_DEEPEST_DB = 40.0
_LEAST_CHANGE_DB = 1.5
_LEAST_MATCH, _LEAST_AHEAD_OF_NEXT = 0.3, 1.5
_BESIDE_TICKS = 15

_MOST_DRIFT = 2e-3
_WITHIN_TICKS = 3.0
_LEAST_AGREEING = 3
_LEAST_SHARE = 0.5
_LEAST_ALIKE = 0.5


@dataclass(frozen=True, slots=True)
class Lag:
    """At tick *t* of one track another has what stands at ``t + ticks + drift * t`` in its own."""

    ticks: float
    drift: float

    def at(self, tick: float) -> float:
        """Return how many ticks later it stands there."""
        return self.ticks + self.drift * tick


def lag_between(one: NDArray[np.float32], other: NDArray[np.float32]) -> Lag | None:
    """Return how late *other* holds what *one* holds, both levels in LUFS; None: no sound says."""
    length = min(_LONGEST_WINDOW_TICKS, min(len(one), len(other)) // _WINDOWS_IN_SHORT)
    if length < _SHORTEST_WINDOW_TICKS:
        return None
    shape, whole = _syllables(other), _Searched(_syllables(one), length)
    count = min(max(2 * len(shape) // length - 1, _WINDOWS_IN_SHORT), _MOST_WINDOWS)
    starts = np.linspace(0, len(shape) - length, count).astype(int)
    found = [
        (place, start - place)
        for start in starts
        if (place := whole.place_of(shape[start : start + length])) is not None
    ]
    return _line(np.array(found)) if len(found) >= _LEAST_AGREEING else None


def lag_on_one_clock(one: NDArray[np.float32], other: NDArray[np.float32]) -> Lag | None:
    """Return what `lag_between` does, for tracks of one file: if they resemble each other, none."""
    found = lag_between(one, other)
    if found is not None:
        return found
    ticks = min(len(one), len(other))
    shapes = [_syllables(each[:ticks]) for each in (one, other)]
    if ticks < _SHORTEST_WINDOW_TICKS or min(shape.std() for shape in shapes) < _LEAST_CHANGE_DB:
        return None
    alike = float(shapes[0] @ shapes[1]) / float(np.prod([np.linalg.norm(s) for s in shapes]))
    return Lag(0.0, 0.0) if alike >= _LEAST_ALIKE else None


def _syllables(levels: NDArray[np.float32]) -> NDArray[np.float64]:
    heard = np.maximum(levels.astype(np.float64), levels.max() - _DEEPEST_DB)
    around = np.pad(heard, _AROUND_TICKS // 2, mode="edge")
    mean = np.convolve(around, np.full(_AROUND_TICKS, 1 / _AROUND_TICKS), mode="valid")
    return np.asarray(heard - mean, np.float64)


class _Searched:
    """A track in which stretches of *length* are looked for, beyond its ends too."""

    def __init__(self, shape: NDArray[np.float64], length: int) -> None:
        self._length = length
        padded = np.pad(shape, length // 2)
        self._size = 1 << int(np.ceil(np.log2(len(padded) + length)))
        self._spectrum = np.fft.rfft(padded, self._size)
        self._places = len(padded) - length + 1
        sums = np.concatenate([[0.0], np.cumsum(padded**2)])
        energies = sums[length:] - sums[:-length]
        # Where next to nothing is heard, anything would look like a match.
        self._energies = np.maximum(energies, max(float(np.median(energies)) / 4, 1e-9))

    def place_of(self, stretch: NDArray[np.float64]) -> float | None:
        """Return the tick at which *stretch* stands; None: nowhere, or in several places."""
        if stretch.std() < _LEAST_CHANGE_DB:
            return None
        spectrum = self._spectrum * np.conj(np.fft.rfft(stretch, self._size))
        products = np.fft.irfft(spectrum, self._size)[: self._places]
        match = products / np.sqrt(self._energies * float(stretch @ stretch))
        best = int(np.argmax(match))
        beside = match.copy()
        beside[max(best - _BESIDE_TICKS, 0) : best + _BESIDE_TICKS + 1] = 0
        if match[best] < max(_LEAST_MATCH, _LEAST_AHEAD_OF_NEXT * float(beside.max())):
            return None
        return best + _off_the_middle(match, best) - self._length // 2


def _off_the_middle(match: NDArray[np.float64], best: int) -> float:
    """Return where between the ticks the top of the parabola through three of them lies."""
    if not 0 < best < len(match) - 1:
        return 0.0
    before, top, after = match[best - 1 : best + 2]
    bend = before - 2 * top + after
    return float((before - after) / (2 * bend)) if bend < 0 else 0.0


def _line(found: NDArray[np.float64]) -> Lag | None:
    """Return the line on which most of *found*, (places, lags), lie."""
    places, lags = found.T
    apart = places[None, :] - places[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = (lags[None, :] - lags[:, None]) / apart
    slopes = np.where((np.abs(slopes) <= _MOST_DRIFT) & (apart > 0), slopes, 0.0)
    best = np.zeros(len(found), np.bool_)
    for first, of_first in enumerate(slopes):
        for slope in np.unique(of_first):
            off = lags - lags[first] - slope * (places - places[first])
            agreeing = np.abs(off) <= _WITHIN_TICKS
            if np.count_nonzero(agreeing) > np.count_nonzero(best):
                best = agreeing
    if np.count_nonzero(best) < max(_LEAST_AGREEING, _LEAST_SHARE * len(found)):
        return None
    drift, ticks = np.polyfit(places[best], lags[best], 1)
    return Lag(float(ticks), float(drift))
