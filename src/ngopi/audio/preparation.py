"""From recordings to the one sound that is mastered: channels, clean-up, mix, cuts, jingles."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.assembly import assemble
from ngopi.audio.combining import Combined, Desk, combine, common_rate_hz
from ngopi.audio.loudness import loudness_of
from ngopi.audio.recording import probe
from ngopi.errors import ExcerptError, SilentRecordingError
from ngopi.i18n import N_
from ngopi.model import Loudness, Sound, TimeMap, Treatment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ngopi.model import AudioSettings, Progress, Source


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
    source: Source,
    *,
    settings: AudioSettings,
    excerpt_s: tuple[float, float] | None,
    folder: Path,
    progress: Progress,
) -> Iterator[Prepared]:
    """Open all that *source* is made of and yield the sound to master.

    *excerpt_s* keeps a passage only. Temporary files lie in *folder*, and are gone afterwards.

    Raises:
        ExcerptError: the passage lies beyond the recording.
        NgopiError: a recording cannot be read (see `recording.decode`), or is silent; its tracks
            are not of one moment.
        RecordingChangedError: perhaps only when the context is left.
    """
    rate_hz = common_rate_hz(source)
    with ExitStack() as open_files:
        desk = Desk(
            open_files=open_files,
            rate_hz=rate_hz,
            settings=settings,
            folder=folder,
            progress=progress,
        )
        combined = combine(source, desk)
        sound = combined.sound
        if excerpt_s is not None:
            sound = _Excerpt.of(sound, *excerpt_s)
        jingles = [
            None if name is None else desk.read(probe(Path(name)), channels=sound.channels)
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
            before=combined.before,
            treatments=(
                *source.found,
                *combined.treatments,
                *assembled.cuts,
                *_parts(combined, assembled.time_map, excerpt_s, rate_hz),
            ),
            time_map=assembled.time_map,
            check=desk.check,
        )


def _parts(
    combined: Combined,
    time_map: TimeMap,
    excerpt_s: tuple[float, float] | None,
    rate_hz: int,
) -> Iterator[Treatment]:
    """Yield where in the master each part but the first begins."""
    if excerpt_s is not None:
        return
    for number, start in enumerate(combined.starts[1:], start=2):
        at_s = time_map.nearest_in_master(start / rate_hz)
        yield Treatment(name="part", count=number, at_s=at_s)


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
