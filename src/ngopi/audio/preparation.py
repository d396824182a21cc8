"""From recordings to the one sound that is mastered: channels, clean-up, mix, cuts, jingles."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.assembly import assemble
from ngopi.audio.channels import choose_channels, chosen, view
from ngopi.audio.cleanup import cleaned, plan_cleanup
from ngopi.audio.cores import cores, in_order
from ngopi.audio.loudness import loudness_of
from ngopi.audio.mixing import mix
from ngopi.audio.pcm import PcmWriter
from ngopi.audio.recording import decode, delivery_rate_hz, probe
from ngopi.audio.survey import survey
from ngopi.errors import ExcerptError, SilentRecordingError
from ngopi.i18n import N_
from ngopi.model import Loudness, Sound, TimeMap, Treatment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ngopi.audio.pcm import Pcm
    from ngopi.model import AudioSettings, Progress, Recording

_SPOOL_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The sound to master, what was done to it, and where its seconds come from.

    *before* is the one recording's own loudness, where *sound* is no longer just that. *check*
    raises RecordingChangedError if a recording is not what it was.
    """

    sound: Sound
    before: Loudness | None
    treatments: tuple[Treatment, ...]
    time_map: TimeMap
    check: Callable[[], None]


@contextmanager
def prepared(
    tracks: Sequence[Recording],
    *,
    settings: AudioSettings,
    excerpt_s: tuple[float, float] | None,
    folder: Path,
    progress: Progress,
) -> Iterator[Prepared]:
    """Open *tracks* (of one meeting, equal start) and yield the sound to master.

    *excerpt_s* keeps a passage only. Temporary files lie in *folder*, and are gone afterwards.

    Raises:
        ExcerptError: the passage lies beyond the recording.
        NgopiError: a recording cannot be read (see `recording.decode`), or is silent.
        RecordingChangedError: perhaps only when the context is left.
    """
    rate_hz = delivery_rate_hz(tracks[0])
    with ExitStack() as open_files:
        read = partial(_read, open_files, rate_hz=rate_hz, folder=folder, progress=progress)
        sounds: list[Sound] = []
        before: Loudness | None = None
        treatments: list[Treatment] = []
        checks: list[Callable[[], None]] = []
        for track in tracks:
            pcm = read(track, channels=None)
            sound, done = _clean(open_files, pcm, settings, folder=folder, progress=progress)
            if sound is not pcm and len(tracks) == 1:
                before = loudness_of(pcm)
            sounds.append(sound)
            treatments += (*pcm.mended, *done)
            checks.append(pcm.check)
        sound = sounds[0]
        if len(sounds) > 1:
            sound, done = _mixed(open_files, sounds, settings, folder=folder, progress=progress)
            treatments += done
        if excerpt_s is not None:
            sound = _Excerpt.of(sound, *excerpt_s)
        jingles = [
            None if name is None else read(probe(Path(name)), channels=sound.channels)
            for name in (settings.intro, settings.outro)
        ]
        with progress.step(N_("Assembling"), sound.frames / rate_hz) as advance:
            assembled = assemble(
                sound,
                settings=settings,
                intro=jingles[0],
                outro=jingles[1],
                programme_lufs=_programme_lufs(sound, jingles),
                advance=advance,
            )
        yield Prepared(
            sound=assembled,
            before=before,
            treatments=(*treatments, *assembled.cuts),
            time_map=assembled.time_map,
            check=partial(_all, checks),
        )


def _all(checks: Sequence[Callable[[], None]]) -> None:
    for check in checks:
        check()


def _read(
    open_files: ExitStack,
    recording: Recording,
    *,
    channels: int | None,
    rate_hz: int,
    folder: Path,
    progress: Progress,
) -> Pcm:
    with progress.step(N_("Reading"), recording.duration_s or 0.0) as advance:
        pcm = decode(
            recording, folder=folder, channels=channels, sample_rate_hz=rate_hz, advance=advance
        )
    return open_files.enter_context(pcm)


def _clean(
    open_files: ExitStack,
    pcm: Pcm,
    settings: AudioSettings,
    *,
    folder: Path,
    progress: Progress,
) -> tuple[Sound, tuple[Treatment, ...]]:
    with progress.step(N_("Surveying"), pcm.duration_s) as advance:
        found = survey(pcm, advance=advance)
    choice = choose_channels(found, settings.channels)
    plan = plan_cleanup(chosen(found, choice), settings)
    picked = view(pcm, choice)
    clean = cleaned(picked, plan)
    if clean is not picked:
        # It is read several times from here on; filtering it once is cheaper.
        with progress.step(N_("Cleaning"), pcm.duration_s) as advance:
            clean = open_files.enter_context(_spooled(clean, folder=folder, advance=advance))
    return clean, (*choice.treatments, *plan.treatments)


def _mixed(
    open_files: ExitStack,
    sounds: list[Sound],
    settings: AudioSettings,
    *,
    folder: Path,
    progress: Progress,
) -> tuple[Sound, tuple[Treatment, ...]]:
    total_s = sum(sound.frames / sound.sample_rate_hz for sound in sounds)
    channels = settings.channels or max(sound.channels for sound in sounds)
    with progress.step(N_("Mixing"), 2 * total_s) as advance:
        together = mix(sounds, channels=channels, advance=advance)
        spooled = open_files.enter_context(_spooled(together, folder=folder, advance=advance))
    return spooled, together.treatments


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


def _programme_lufs(sound: Sound, jingles: Sequence[Sound | None]) -> float | None:
    """Measure the loudness to which jingles are matched; None: there are none."""
    if not any(jingles):
        return None
    programme_lufs = loudness_of(sound).integrated_lufs
    if not math.isfinite(programme_lufs):
        raise SilentRecordingError
    return programme_lufs


def _unseen(done_s: float) -> None:
    """The step has a bar of its own."""
    del done_s


@dataclass(frozen=True, slots=True, kw_only=True)
class _Excerpt:
    """Frames *first* to *first* + *frames* of *whole*."""

    whole: Sound
    first: int
    frames: int

    @classmethod
    def of(cls, whole: Sound, start_s: float, stop_s: float) -> _Excerpt:
        rate_hz = whole.sample_rate_hz
        first, last = round(start_s * rate_hz), min(round(stop_s * rate_hz), whole.frames)
        if first >= last:
            raise ExcerptError(start_s=start_s, duration_s=whole.frames / rate_hz)
        return cls(whole=whole, first=first, frames=last - first)

    @property
    def sample_rate_hz(self) -> int:
        return self.whole.sample_rate_hz

    @property
    def channels(self) -> int:
        return self.whole.channels

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        found = self.whole.read(
            self.first + max(start, 0), self.first + min(max(stop, 0), self.frames)
        )
        before, after = max(-start, 0), max(stop - self.frames, 0)
        return np.pad(found, ((before, after), (0, 0))) if before or after else found
