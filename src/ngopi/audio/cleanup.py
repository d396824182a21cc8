"""Decide by measurement what a recording needs, and filter it as it is read.

What is clean already is not touched. The steps come in this order: offset, rumble, hum,
noise. Each is a way to read the one before it, so any stretch can be had on its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ngopi.audio.hum import follow_hum
from ngopi.audio.noise import noise_reduction
from ngopi.audio.rumble import HIGH_PASS_HZ, low_part
from ngopi.audio.survey import Hum
from ngopi.model import Treatment

if TYPE_CHECKING:
    from ngopi.audio.rumble import Read
    from ngopi.audio.survey import Survey
    from ngopi.model import AudioSettings, Sound

# All against the programme, or the voices: what is heard depends on how loud they will be.
_OFFSET_ABOVE_DB = -40.0
_RUMBLE_ABOVE_DB = -30.0
_HUM_ABOVE_DB = -60.0
# At -16 LUFS: a floor above -55 LUFS is heard; above -28 it cannot be told from the programme.
_NOISE_ABOVE_DB, _NOISE_BELOW_DB = -39.0, -12.0
_LEAST_REDUCTION_DB, _MOST_REDUCTION_DB = 6.0, 12.0
_CLIPPED_SAMPLES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupPlan:
    """What a recording needs; *treatments* are the same as facts.

    *offset* is subtracted from each channel, *noise* is the spectrum of all channels together
    (see `survey`), lowered by *reduction_db*; None where a step is not needed.
    """

    offset: tuple[float, ...] | None = None
    high_pass: bool = False
    hum: Hum | None = None
    noise: NDArray[np.float32] | None = None
    reduction_db: float = 0.0
    treatments: tuple[Treatment, ...] = ()


def plan_cleanup(survey: Survey, settings: AudioSettings) -> CleanupPlan:
    """Return what *survey* shows to be needed and *settings* allow.

    *survey* is of the sound that is cleaned (see `channels.chosen`). Clipping is only stated.
    """
    programme_lufs = max(channel.programme_lufs for channel in survey.channels)
    if math.isinf(programme_lufs):
        return CleanupPlan()
    plan = CleanupPlan()
    if settings.remove_rumble:
        plan = _without_rumble(plan, survey, programme_lufs)
    if settings.remove_hum:
        plan = _without_hum(plan, survey, programme_lufs)
    if settings.reduce_noise:
        plan = _with_less_noise(plan, survey, programme_lufs)
    clipped = sum(channel.clipped for channel in survey.channels)
    if clipped < _CLIPPED_SAMPLES:
        return plan
    first = min(c.clipped_at for c in survey.channels if c.clipped_at is not None)
    return _with(plan, Treatment(name="clipped", count=clipped, at_s=first / survey.sample_rate_hz))


def _with(plan: CleanupPlan, treatment: Treatment) -> CleanupPlan:
    return replace(plan, treatments=(*plan.treatments, treatment))


def _without_rumble(plan: CleanupPlan, survey: Survey, programme_lufs: float) -> CleanupPlan:
    offset = max(abs(channel.dc) for channel in survey.channels)
    offset_dbfs = 20 * math.log10(offset) if offset else -math.inf
    if offset_dbfs > programme_lufs + _OFFSET_ABOVE_DB:
        plan = replace(plan, offset=tuple(channel.dc for channel in survey.channels))
        plan = _with(plan, Treatment(name="dc", db=offset_dbfs))
    rumble_db = max(channel.rumble_db for channel in survey.channels)
    if rumble_db <= _RUMBLE_ABOVE_DB:
        return plan
    plan = replace(plan, high_pass=True)
    return _with(plan, Treatment(name="high-pass", hz=HIGH_PASS_HZ, db=rumble_db))


def _without_hum(plan: CleanupPlan, survey: Survey, programme_lufs: float) -> CleanupPlan:
    found = [channel.hum for channel in survey.channels if channel.hum is not None]
    loudest = max(found, key=lambda hum: hum.level_dbfs, default=None)
    if loudest is None or loudest.level_dbfs <= programme_lufs + _HUM_ABOVE_DB:
        return plan
    same = [hum.harmonics for hum in found if hum.mains_hz == loudest.mains_hz]
    plan = replace(plan, hum=replace(loudest, harmonics=tuple(sorted(set().union(*same)))))
    return _with(plan, Treatment(name="hum", hz=loudest.mains_hz, db=loudest.above_db))


def _with_less_noise(plan: CleanupPlan, survey: Survey, programme_lufs: float) -> CleanupPlan:
    noisiest = max(survey.channels, key=lambda channel: channel.floor_lufs)
    above_db = noisiest.floor_lufs - programme_lufs
    if not noisiest.steady or not _NOISE_ABOVE_DB < above_db < _NOISE_BELOW_DB:
        return plan
    reduction_db = min(_LEAST_REDUCTION_DB + above_db - _NOISE_ABOVE_DB, _MOST_REDUCTION_DB)
    noise = np.sum([channel.noise for channel in survey.channels], axis=0)
    plan = replace(plan, noise=noise, reduction_db=reduction_db)
    return _with(plan, Treatment(name="noise", db=reduction_db))


def cleaned(sound: Sound, plan: CleanupPlan) -> Sound:
    """Return *sound* as *plan* wants it, filtered as it is read; itself if nothing is needed.

    Hum is followed through the whole of *sound* here, once.
    """
    read: Read = sound.read
    if plan.offset is not None:
        offset = np.array(plan.offset, np.float32)
        read = partial(_without_offset, read, offset, sound.frames)
    if plan.high_pass:
        read = partial(low_part(sound.sample_rate_hz).removed, read)
    if plan.hum is not None:
        track = follow_hum(
            read,
            plan.hum,
            frames=sound.frames,
            channels=sound.channels,
            sample_rate_hz=sound.sample_rate_hz,
        )
        read = partial(track.removed, read)
    if plan.noise is not None:
        reduction = noise_reduction(plan.noise, reduction_db=plan.reduction_db)
        read = partial(reduction.removed, read)
    return sound if read == sound.read else _Cleaned(sound, read)


def _without_offset(
    read: Read, offset: NDArray[np.float32], frames: int, start: int, stop: int
) -> NDArray[np.float32]:
    samples = read(start, stop).copy()
    # Beyond its ends there is no offset, and a step would be heard.
    samples[max(-start, 0) : max(frames - start, 0)] -= offset
    return samples


class _Cleaned:
    """A view of *sound* that filters as it is read."""

    def __init__(self, sound: Sound, read: Read) -> None:
        self.sample_rate_hz = sound.sample_rate_hz
        self.channels = sound.channels
        self.frames = sound.frames
        self._read = read

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """As Sound says."""
        first, last = max(start, 0), min(stop, self.frames)
        if first >= last:
            return np.zeros((max(stop - start, 0), self.channels), np.float32)
        samples = self._read(first, last)
        if (first, last) == (start, stop):
            return samples
        return np.pad(samples, ((first - start, stop - last), (0, 0)))
