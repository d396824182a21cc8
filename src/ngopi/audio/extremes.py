"""What only a look at every sample tells: offset, clipping, and how the channels differ."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.cores import cores

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ngopi.model import Sound

_CHUNK_FRAMES = 1 << 18
_RUN = 3  # so many equal samples at the highest value are clipped
_JUST_BELOW = 0.998
_LOWEST_CLIPPED = 0.05  # in 8 bit, quiet peaks are flat by themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Extremes:
    """A whole recording: each channel's tally, and the peaks of L - R and of L + R (mono: 0)."""

    channels: list[Tally]
    difference: float
    together: float


def extremes_of(sound: Sound, *, advance: Callable[[float], None]) -> Extremes:
    """Look at every sample of *sound*, on all cores; *advance* gets seconds done since."""
    tallies = [Tally() for _ in range(sound.channels)]
    difference = together = 0.0
    starts = range(0, sound.frames, _CHUNK_FRAMES)
    with ThreadPoolExecutor(cores()) as threads:
        for start, (found, apart, added) in zip(
            starts, threads.map(partial(_tallied, sound, tallies), starts), strict=True
        ):
            for tally, part in zip(tallies, found, strict=True):
                tally.add(part)
            difference, together = max(difference, apart), max(together, added)
            advance(min(_CHUNK_FRAMES, sound.frames - start) / sound.sample_rate_hz)
    return Extremes(channels=tallies, difference=difference, together=together)


def _peak(samples: NDArray[np.float32]) -> float:
    return max(float(samples.max()), -float(samples.min()))


@dataclass(slots=True)
class Top:
    """The highest value of one sign, and who stands there."""

    level: float = 0.0
    flat: int = 0
    just_below: int = 0
    first: int | None = None

    @classmethod
    def of(cls, samples: NDArray[np.float32], sign: int, start: int, *, known: float) -> Top:
        """Look at *samples*, a margin at both ends; what is below *known* is not counted."""
        inside = slice(_RUN - 1, len(samples) - _RUN + 1)
        level = float(samples[inside].max() if sign > 0 else -samples[inside].min())
        if level < max(known, _LOWEST_CLIPPED):  # most chunks: nobody asks for more of them
            return cls(level=level)
        flat = _in_runs(samples == np.float32(sign * level))[inside]
        count = int(np.count_nonzero(flat))
        near = samples[inside] * sign > level * _JUST_BELOW
        return cls(
            level=level,
            flat=count,
            just_below=int(np.count_nonzero(near)) - count,
            first=start + int(flat.argmax()) if count else None,
        )

    def add(self, later: Top) -> None:
        """Take in what came after."""
        if later.level > self.level:
            self.level, self.flat, self.just_below, self.first = 0.0, 0, 0, None
        if later.level < self.level:
            return
        self.level = later.level
        self.flat += later.flat
        self.just_below += later.just_below
        self.first = later.first if self.first is None else self.first


def _tallied(sound: Sound, known: list[Tally], start: int) -> tuple[list[Tally], float, float]:
    """Return the tally of each channel of a chunk, and the peaks of L - R and of L + R.

    *known* is what was found so far, however far that is.
    """
    margin = _RUN - 1
    stop = min(start + _CHUNK_FRAMES, sound.frames)
    planar = np.ascontiguousarray(sound.read(start - margin, stop + margin).T)
    tallies = [Tally.of(*each, start) for each in zip(planar, known, strict=True)]
    if len(planar) == 1:
        return tallies, 0.0, 0.0
    return tallies, _peak(planar[0] - planar[1]), _peak(planar[0] + planar[1])


@dataclass(slots=True)
class Tally:
    """One channel: the sum of its samples, and its highest values of both signs."""

    total: float = 0.0
    tops: tuple[Top, Top] = field(default_factory=lambda: (Top(), Top()))

    @classmethod
    def of(cls, samples: NDArray[np.float32], known: Tally, start: int) -> Tally:
        """Look at *samples* of one channel, from frame *start* on, as `Top.of` does."""
        high, low = (top.level for top in known.tops)
        return cls(
            total=float(samples[_RUN - 1 : len(samples) - _RUN + 1].sum()),
            tops=(
                Top.of(samples, 1, start, known=high),
                Top.of(samples, -1, start, known=low),
            ),
        )

    def add(self, later: Tally) -> None:
        """Take in what came after."""
        self.total += later.total
        for top, other in zip(self.tops, later.tops, strict=True):
            top.add(other)

    @property
    def clipped(self) -> list[Top]:
        """Those of its highest values that it was cut off at."""
        # A slow wave has flat tops of 16-bit steps too, but comes to them step by step.
        return [top for top in self.tops if top.flat and top.flat >= top.just_below]


def _in_runs(there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return what of *there* stands in runs of _RUN or more."""
    begins = there[:-2] & there[1:-1] & there[2:]
    inside = np.zeros_like(there)
    for shift in range(_RUN):
        inside[shift : shift + len(begins)] |= begins
    return inside
