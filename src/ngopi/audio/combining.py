"""From recordings to one sound: decoded, cleaned, tracks mixed, parts joined in their order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.alignment import lag_between, lag_on_one_clock
from ngopi.audio.channels import choose_channels, chosen, view
from ngopi.audio.cleanup import cleaned, plan_cleanup
from ngopi.audio.clips import Clip, ClipSound, GainCurve
from ngopi.audio.cores import cores, in_order
from ngopi.audio.loudness import loudness_of
from ngopi.audio.mixing import mix
from ngopi.audio.moment import require_one_moment
from ngopi.audio.pcm import PcmWriter
from ngopi.audio.recording import decode, delivery_rate_hz
from ngopi.audio.survey import survey
from ngopi.i18n import N_
from ngopi.model import AudioSettings, Loudness, Progress, Recording, Sound, Treatment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ngopi.audio.likeness import Likeness
    from ngopi.audio.pcm import Pcm
    from ngopi.model import Source

_SPOOL_S = 5
_LOWEST_COMMON_HZ = 48000
_DECLICK_S = 0.005
# A step at a joint that the sound itself makes nearby is none.
_STEP_NEAR_S, _STEP_RATIO, _LEAST_STEP = 0.005, 1.5, 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What all work on one source shares; *open_files* closes what was opened."""

    open_files: ExitStack
    rate_hz: int
    settings: AudioSettings
    folder: Path
    progress: Progress
    checks: list[Callable[[], None]] = field(default_factory=list)

    def read(self, recording: Recording, *, channels: int | None) -> Pcm:
        """Return *recording* decoded, at the rate of all."""
        with self.progress.step(N_("Reading"), recording.duration_s or 0.0) as advance:
            pcm = decode(
                recording,
                folder=self.folder,
                channels=channels,
                sample_rate_hz=self.rate_hz,
                advance=advance,
            )
        self.checks.append(pcm.check)
        return self.open_files.enter_context(pcm)

    def keep(self, sound: Sound, advance: Callable[[float], None]) -> Sound:
        """Return *sound* as it is, written to a temporary file: it is read several times."""
        spooled = _spooled(sound, folder=self.folder, advance=advance)
        return self.open_files.enter_context(spooled)

    def check(self) -> None:
        """Raise RecordingChangedError if a recording is not what it was."""
        for check in self.checks:
            check()


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """One sound out of all, in which the parts begin at the frames *starts*.

    *before* is the recordings' own loudness, where *sound* is no longer just them; None: it is,
    or there is no such thing.
    """

    sound: Sound
    before: Loudness | None
    treatments: tuple[Treatment, ...]
    starts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One part, decoded: *tracks* with their sounds, in the order of both."""

    tracks: tuple[Recording, ...]
    sounds: tuple[Sound, ...]

    @property
    def maker(self) -> tuple[object, ...]:
        """Return what is equal in parts that one recorder made in one go; tracks stay apart."""
        (first, *more) = self.tracks
        alone = () if not more else tuple(track.path for track in self.tracks)
        return first.codec, first.sample_rate_hz, first.channels, alone


def common_rate_hz(source: Source) -> int:
    """Return the rate to which all of *source* is brought: 44.1 kHz if all are of that family."""
    rates = {delivery_rate_hz(track) for part in source.parts for track in part}
    return rates.pop() if len(rates) == 1 else _LOWEST_COMMON_HZ


def combine(source: Source, desk: Desk) -> Combined:
    """Return all of *source* as one sound.

    Parts that one recorder made are joined as they were recorded, and cleaned as one; others are
    cleaned each by itself. Nothing is lost or added at a joint, and only where the sound itself
    does not go on there it is faded, over 5 ms.

    Raises:
        TracksApartError: tracks do not belong to one moment, and nobody said that they do.
        NgopiError: a recording cannot be read, or all of a part's tracks are silent.
    """
    treatments: list[Treatment] = []
    parts: list[_Part] = []
    for tracks in source.parts:
        pcms = [desk.read(track, channels=None) for track in tracks]
        treatments += (treatment for pcm in pcms for treatment in pcm.mended)
        parts.append(_Part(tracks=tracks, sounds=tuple(pcms)))
    groups = [list(group) for _, group in groupby(parts, key=lambda part: part.maker)]
    made: list[Sound] = []
    starts: list[int] = []
    before = None
    for group in groups:
        begin = sum(sound.frames for sound in made)
        if len(group[0].sounds) > 1:
            clean, done = _mixed(group[0], source, desk)
            starts.append(begin)
        else:
            raw = _joined([part.sounds[0] for part in group])
            clean, done = _clean(raw, desk)
            starts += accumulate((part.sounds[0].frames for part in group[:-1]), initial=begin)
            if clean is not raw and len(groups) == 1:
                before = loudness_of(raw)
        made.append(clean)
        treatments += done
    channels = desk.settings.channels or max(sound.channels for sound in made)
    return Combined(
        sound=_joined(made, channels=channels),
        before=before,
        treatments=tuple(treatments),
        starts=tuple(starts),
    )


def _clean(sound: Sound, desk: Desk) -> tuple[Sound, tuple[Treatment, ...]]:
    duration_s = sound.frames / sound.sample_rate_hz
    with desk.progress.step(N_("Surveying"), duration_s) as advance:
        found = survey(sound, advance=advance)
    choice = choose_channels(found, desk.settings.channels)
    plan = plan_cleanup(chosen(found, choice), desk.settings)
    picked = view(sound, choice)
    clean = cleaned(picked, plan)
    if clean is not picked:
        with desk.progress.step(N_("Cleaning"), duration_s) as advance:
            clean = desk.keep(clean, advance)
    return clean, (*choice.treatments, *plan.treatments)


# -- tracks of one moment -----------------------------------------------------------------


def _mixed(part: _Part, source: Source, desk: Desk) -> tuple[Sound, tuple[Treatment, ...]]:
    cleaned_ones = [_clean(sound, desk) for sound in part.sounds]
    sounds = [sound for sound, _ in cleaned_ones]
    total_s = sum(sound.frames / sound.sample_rate_hz for sound in sounds)
    one_file = len({track.path for track in part.tracks}) == 1

    def settle(
        present: list[int], energies: Sequence[NDArray[np.float64]], likeness: Likeness
    ) -> None:
        if not one_file and not source.together:
            require_one_moment([part.tracks[n] for n in present], energies, likeness)

    with desk.progress.step(N_("Mixing"), 2 * total_s) as advance:
        together = mix(
            sounds,
            channels=desk.settings.channels or max(sound.channels for sound in sounds),
            advance=advance,
            numbers=[track.sound or 1 for track in part.tracks] if one_file else None,
            lag_of=lag_on_one_clock if one_file else lag_between,
            settle=settle,
        )
        spooled = desk.keep(together, advance)
    done = (treatment for _, treatments in cleaned_ones for treatment in treatments)
    return spooled, (*done, *together.treatments)


# -- parts --------------------------------------------------------------------------------


def _joined(sounds: Sequence[Sound], *, channels: int | None = None) -> Sound:
    """Return *sounds* one after the other, without a click where they meet."""
    if len(sounds) == 1:
        return sounds[0]
    rate_hz = sounds[0].sample_rate_hz
    goes_on = [False, *map(_goes_on, sounds[:-1], sounds[1:]), False]
    starts = accumulate((sound.frames for sound in sounds), initial=0)
    clips = [
        Clip(
            sound=sound,
            first=0,
            frames=sound.frames,
            at=at,
            curve=GainCurve.fades(
                sound.frames,
                fade_in=_fade(rate_hz, seamless=n == 0 or goes_on[n]),
                fade_out=_fade(rate_hz, seamless=n == len(sounds) - 1 or goes_on[n + 1]),
            ),
        )
        for n, (sound, at) in enumerate(zip(sounds, starts, strict=False))
    ]
    return ClipSound(
        clips,
        sample_rate_hz=rate_hz,
        channels=channels or sounds[0].channels,
        frames=sum(sound.frames for sound in sounds),
    )


def _fade(rate_hz: int, *, seamless: bool) -> int:
    return 0 if seamless else round(_DECLICK_S * rate_hz)


def _goes_on(before: Sound, after: Sound) -> bool:
    """Say whether the step from one to the other is one that the sound makes anyway."""
    near = round(_STEP_NEAR_S * before.sample_rate_hz)
    end = before.read(before.frames - near, before.frames).mean(axis=1)
    begin = after.read(0, near).mean(axis=1)
    own = max(float(np.abs(np.diff(side)).max(initial=0.0)) for side in (end, begin))
    return abs(float(begin[0] - end[-1])) <= max(_STEP_RATIO * own, _LEAST_STEP)


# -- temporary files ----------------------------------------------------------------------


def _spooled(sound: Sound, *, folder: Path, advance: Callable[[float], None]) -> Pcm:
    """Write *sound* to a temporary file once, filtered on all cores."""
    rate_hz = sound.sample_rate_hz
    with (
        PcmWriter(
            sample_rate_hz=rate_hz,
            channels=sound.channels,
            dtype=np.float32,
            folder=folder,
            expected_frames=sound.frames,
        ) as writer,
        ThreadPoolExecutor(cores()) as threads,
    ):
        starts = range(0, sound.frames, _SPOOL_S * rate_hz)
        read = partial(_window, sound, _SPOOL_S * rate_hz)
        for window in in_order(threads, read, starts, ahead=cores()):
            writer.write(window)
            advance(len(window) / rate_hz)
        return writer.finish()


def _window(sound: Sound, frames: int, start: int) -> NDArray[np.float32]:
    return sound.read(start, min(start + frames, sound.frames))
