"""Which channels of a recording are worth listening to."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ngopi.model import Treatment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ngopi.audio.survey import Survey
    from ngopi.model import Sound

_SAME_DB = -60.0
_TOO_QUIET_DB = 30.0
_SIDES = ("left", "right")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelChoice:
    """For each channel that is delivered, the recorded ones that it is the mean of.

    *treatments* say why, where it is not what was recorded or asked for.
    """

    sources: tuple[tuple[int, ...], ...]
    treatments: tuple[Treatment, ...] = ()


def choose_channels(survey: Survey, wanted: int | None) -> ChannelChoice:
    """Choose from the channels of *survey*; *wanted* is 1, 2 or None: what the sound needs.

    A channel that is dead or 30 dB below the other is left out; one sound on both channels
    is mono, upside down or not, unless two are wanted.
    """
    if len(survey.channels) == 1:
        return ChannelChoice(sources=((0,),) * (wanted or 1))
    levels = [channel.programme_lufs for channel in survey.channels]
    best = 0 if levels[0] >= levels[1] else 1
    quieter_db = levels[best] - levels[1 - best] if math.isfinite(levels[best]) else 0.0
    if quieter_db > _TOO_QUIET_DB:
        left_out = Treatment(name=f"left-out-{_SIDES[1 - best]}", db=quieter_db)
        return ChannelChoice(sources=((best,),) * (wanted or 1), treatments=(left_out,))
    if survey.sum_db <= _SAME_DB < survey.difference_db:
        opposite = Treatment(name="opposite-twice")
        return ChannelChoice(sources=((0,),) * (wanted or 1), treatments=(opposite,))
    if survey.difference_db <= _SAME_DB and wanted is None:
        return ChannelChoice(sources=((0,),), treatments=(Treatment(name="same-twice"),))
    return ChannelChoice(sources=((0, 1),) if wanted == 1 else ((0,), (1,)))


def view(sound: Sound, choice: ChannelChoice) -> Sound:
    """Return *sound* with the channels of *choice*: itself where these are its own."""
    if choice.sources == tuple((channel,) for channel in range(sound.channels)):
        return sound
    return _Chosen(sound, choice.sources)


def chosen(survey: Survey, choice: ChannelChoice) -> Survey:
    """Return the survey of ``view(sound, choice)`` without measuring again.

    A mean of two is described by the one with the higher floor: no step is left out for it.
    """
    channels = tuple(
        max((survey.channels[source] for source in mixed), key=lambda channel: channel.floor_lufs)
        if len(mixed) > 1
        else survey.channels[mixed[0]]
        for mixed in choice.sources
    )
    return replace(survey, channels=channels)


class _Chosen:
    """A view of some channels of *sound*."""

    def __init__(self, sound: Sound, sources: tuple[tuple[int, ...], ...]) -> None:
        self.sample_rate_hz = sound.sample_rate_hz
        self.channels = len(sources)
        self.frames = sound.frames
        self._sound, self._sources = sound, sources

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """As Sound says."""
        samples = self._sound.read(start, stop)
        picked = np.empty((len(samples), self.channels), np.float32)
        for channel, mixed in enumerate(self._sources):
            picked[:, channel] = samples[:, mixed[0]]
            for other in mixed[1:]:
                picked[:, channel] += samples[:, other]
            picked[:, channel] /= np.float32(len(mixed))
        return picked
