"""A sound made of clips: stretches of other sounds, each with its place and its gain over time.

Cuts, cross-fades, jingles, ducking and the mixing of tracks are all this one thing. Nothing is
rendered beforehand: a clip is read when somebody listens there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from ngopi.model import Sound

if TYPE_CHECKING:
    from collections.abc import Sequence

_FADE_CORNERS = 65  # a quarter of a sine, straight between them: off by less than 0.01 %


@dataclass(frozen=True, slots=True)
class GainCurve:
    """A gain over the frames of a clip: straight lines between corners, level beyond them.

    *positions* are frames, float64 and rising, *gains* linear, float32, one for each.
    """

    positions: NDArray[np.float64]
    gains: NDArray[np.float32]

    @classmethod
    def level(cls, gain: float) -> Self:
        """Return the curve that is *gain* everywhere."""
        return cls(np.zeros(1), np.full(1, gain, np.float32))

    @classmethod
    def fades(cls, frames: int, *, fade_in: int, fade_out: int) -> Self:
        """Return the fades of a clip of *frames*, as quarters of a sine; 0: none.

        Two of them that overlap add up to constant power, as sounds do that are not alike.
        """
        along = np.linspace(0.0, 1.0, _FADE_CORNERS)
        rise = np.sin(along * np.pi / 2)
        positions, gains = [np.zeros(1)], [np.ones(1)]
        if fade_in:
            positions, gains = [along * fade_in], [rise]
        if fade_out:
            positions.append(frames - fade_out + along * fade_out)
            gains.append(rise[::-1])
        return cls(np.concatenate(positions), np.concatenate(gains).astype(np.float32))

    @classmethod
    def through(cls, positions: NDArray[np.floating], gains: NDArray[np.floating]) -> Self:
        """Return the curve through all these points, without those that change nothing."""
        turns = np.flatnonzero(np.diff(gains))
        needed = np.union1d(np.union1d(turns, turns + 1), [0])
        return cls(positions[needed].astype(np.float64), gains[needed].astype(np.float32))

    def times(self, other: GainCurve) -> GainCurve:
        """Return both curves, one after the other."""
        positions = np.union1d(self.positions, other.positions)
        return GainCurve(positions, self._at(positions) * other._at(positions))

    def apply(self, samples: NDArray[np.float32], first: int) -> None:
        """Multiply *samples*, (frames, channels) from frame *first* on, in place."""
        low = max(int(np.searchsorted(self.positions, first, "right")) - 1, 0)
        high = int(np.searchsorted(self.positions, first + len(samples), "left")) + 1
        gains = self.gains[low:high]
        if np.all(gains == gains[0]):
            if gains[0] != 1:
                samples *= gains[0]
            return
        near = GainCurve(self.positions[low:high], gains)
        samples *= near._at(np.arange(first, first + len(samples)))[:, None]

    def _at(self, positions: NDArray[np.floating] | NDArray[np.integer]) -> NDArray[np.float32]:
        return np.asarray(np.interp(positions, self.positions, self.gains), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """*frames* of *sound* from its frame *first* on, heard from frame *at* on."""

    sound: Sound
    first: int
    frames: int
    at: int
    curve: GainCurve


class ClipSound:
    """The sum of *clips*, a `Sound` of *frames* and *channels* (1 or 2).

    Every frame is the same however it is read. A mono clip is heard on both sides of a stereo
    sound; both sides of a stereo clip are averaged for a mono one. The clips' own sounds must
    have *sample_rate_hz*, and stay open as long as this is read.
    """

    def __init__(
        self, clips: Sequence[Clip], *, sample_rate_hz: int, channels: int, frames: int
    ) -> None:
        assert all(clip.sound.sample_rate_hz == sample_rate_hz for clip in clips)
        self.sample_rate_hz = sample_rate_hz
        self.channels = channels
        self.frames = frames
        self._clips = tuple(clips)
        self._starts = np.array([clip.at for clip in clips])
        self._stops = np.array([clip.at + clip.frames for clip in clips])

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return float32 (stop - start, channels); beyond -1..1 where loud clips meet."""
        mixed = np.zeros((max(stop - start, 0), self.channels), np.float32)
        for index in np.flatnonzero((self._starts < stop) & (self._stops > start)):
            clip = self._clips[index]
            low, high = max(start, clip.at), min(stop, clip.at + clip.frames)
            offset = clip.first - clip.at
            # A copy where the sound hands out its own memory.
            samples = np.array(clip.sound.read(low + offset, high + offset))
            clip.curve.apply(samples, low - clip.at)
            if samples.shape[1] > self.channels:
                samples = samples.mean(axis=1, keepdims=True)
            mixed[low - start : high - start] += samples
        return mixed
