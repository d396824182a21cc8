"""From recordings to one sound: decoded, cleaned, tracks mixed, parts joined in their order."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import accumulate, groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.activity import TICKS_PER_S, gated_lufs, tick_count, tick_energies
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
from ngopi.audio.timeline import SHORTEST_S
from ngopi.errors import TooShortRecordingError
from ngopi.i18n import N_
from ngopi.model import AudioSettings, Loudness, Progress, Recording, Sound, Treatment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from ngopi.audio.likeness import Likeness
    from ngopi.audio.pcm import Pcm
    from ngopi.model import Source

_SPOOL_S = 5
_LOWEST_COMMON_HZ = 48000
_ANYTHING_S = 1e-9  # a part may be as short as it likes, if it is any
_SILENCE_S = 5  # so much is looked at, until something is heard
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

    def read(
        self, recording: Recording, *, channels: int | None, least_s: float = SHORTEST_S
    ) -> Pcm:
        """Return *recording* decoded, at the rate of all; one shorter than *least_s* is refused."""
        with self.progress.step(N_("Reading"), recording.duration_s or 0.0) as advance:
            pcm = decode(
                recording,
                folder=self.folder,
                channels=channels,
                sample_rate_hz=self.rate_hz,
                least_s=least_s,
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
    """One part, decoded: *tracks* with their sounds, in the order of both.

    *number* is that of the part, where there are several.
    """

    number: int | None
    tracks: tuple[Recording, ...]
    sounds: tuple[Sound, ...]

    @property
    def maker(self) -> tuple[object, ...]:
        """Return what is equal in parts that one recorder made in one go; tracks stay apart."""
        (first, *more) = self.tracks
        alone = () if not more else tuple(track.path for track in self.tracks)
        return first.codec, first.sample_rate_hz, first.channels, alone

    @property
    def is_one_file(self) -> bool:
        """Whether all are sound tracks of one file, which have numbers of their own there."""
        return len({track.path for track in self.tracks}) == 1

    @property
    def numbers(self) -> tuple[int, ...]:
        """What people know the tracks by."""
        if self.is_one_file:
            return tuple(track.sound or 1 for track in self.tracks)
        return tuple(range(1, len(self.tracks) + 1))

    def of_track(self, treatments: Iterable[Treatment], nth: int) -> Iterator[Treatment]:
        """Yield *treatments* as said of track *nth*, from 0 on; plainly where it is all there is.

        Of a part that has several tracks it is said of the part.
        """
        number = None if len(self.tracks) == 1 or self.number else self.numbers[nth]
        for treatment in treatments:
            yield replace(treatment, part=self.number, track=number)


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
    several = len(source.parts) > 1
    for number, tracks in enumerate(source.parts, start=1):
        # Of tracks, one may be empty: of a recorder that died, or that nobody spoke into.
        least_s = 0.0 if len(tracks) > 1 else _ANYTHING_S if several else SHORTEST_S
        pcms = [desk.read(track, channels=None, least_s=least_s) for track in tracks]
        part = _Part(number=number if several else None, tracks=tracks, sounds=tuple(pcms))
        for nth, pcm in enumerate(pcms):
            treatments += part.of_track(pcm.mended, nth)
        parts.append(part)
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
            if len(group) == 1:
                done = tuple(group[0].of_track(done, 0))
            if several:
                done += tuple(_silent_ones(group))
            starts += accumulate((part.sounds[0].frames for part in group[:-1]), initial=begin)
            if clean is not raw and len(groups) == 1:
                before = loudness_of(raw)
        made.append(clean)
        treatments += done
    channels = desk.settings.channels or max(sound.channels for sound in made)
    sound = _joined(made, channels=channels)
    duration_s = sound.frames / sound.sample_rate_hz
    if duration_s < SHORTEST_S:
        raise TooShortRecordingError(path=source.files[0].path, duration_s=duration_s)
    return Combined(
        sound=sound,
        before=before,
        treatments=tuple(treatments),
        starts=tuple(starts),
    )


def _clean(sound: Sound, desk: Desk) -> tuple[Sound, tuple[Treatment, ...]]:
    duration_s = sound.frames / sound.sample_rate_hz
    if duration_s < SHORTEST_S:
        return sound, ()  # a part of which nothing can be said
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
    one_file = part.is_one_file

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
            numbers=part.numbers,
            lag_of=lag_on_one_clock if one_file else lag_between,
            settle=settle,
        )
        spooled = desk.keep(together, advance)
    done = [
        treatment
        for nth, (_, treatments) in enumerate(cleaned_ones)
        for treatment in part.of_track(treatments, nth)
    ]
    done += (replace(treatment, part=part.number) for treatment in together.treatments)
    return spooled, tuple(done)


# -- parts --------------------------------------------------------------------------------


def _silent_ones(parts: Sequence[_Part]) -> Iterator[Treatment]:
    """Yield that a part is silent, of each that is: somebody may have thought it was recorded."""
    for part in parts:
        if _is_silent(part.sounds[0]):
            yield Treatment(name="part-silent", count=part.number)


def _is_silent(sound: Sound) -> bool:
    step = _SILENCE_S * TICKS_PER_S
    ticks = tick_count(sound)
    return all(
        math.isinf(gated_lufs(tick_energies(sound, first, min(first + step, ticks))))
        for first in range(0, ticks, step)
    )


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
                fade_in=_fade(sound, seamless=n == 0 or goes_on[n]),
                fade_out=_fade(sound, seamless=n == len(sounds) - 1 or goes_on[n + 1]),
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


def _fade(sound: Sound, *, seamless: bool) -> int:
    return 0 if seamless else min(round(_DECLICK_S * sound.sample_rate_hz), sound.frames // 2)


def _goes_on(before: Sound, after: Sound) -> bool:
    """Say whether the step from one to the other is one that the sound makes anyway."""
    near = min(round(_STEP_NEAR_S * before.sample_rate_hz), before.frames, after.frames)
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
