"""Deliver a master: made, encoded, decoded again and measured as a listener would get it."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ngopi.atomic import move_flushed
from ngopi.audio.certificate import curve_of
from ngopi.audio.heard import hear_recording
from ngopi.audio.mastering import plan_master
from ngopi.audio.preparation import prepared
from ngopi.audio.verification import encode_verified
from ngopi.audio.workplace import private_folder
from ngopi.errors import DiskError
from ngopi.i18n import N_
from ngopi.model import Master, Measurement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ngopi.model import AudioSettings, Progress, Recording, Source


def measure_recording(recording: Recording, *, advance: Callable[[float], None]) -> Measurement:
    """Return the loudness of any recording; *advance* gets seconds measured since.

    Raises:
        NgopiError: the recording cannot be read (see `recording.windows`).
    """
    heard = hear_recording(recording, floor_dbtp=math.inf, advance=advance)
    return Measurement(
        path=recording.path,
        sound=recording.sound,
        duration_s=heard.duration_s,
        sample_rate_hz=heard.sample_rate_hz,
        channels=heard.channels,
        loudness=heard.loudness,
    )


def deliver(
    source: Source,
    out: Path,
    *,
    settings: AudioSettings,
    progress: Progress,
    excerpt_s: tuple[float, float] | None = None,
) -> Master:
    """Master *source* as one MP3 at *out*, whole or not at all.

    *excerpt_s* is the passage, from and to, that is wanted; None: the whole.

    What is delivered was decoded again and measured: within 0.2 LU of the target and below
    the ceiling. The steps of *progress* count seconds of the recording; a total of 0 is unknown.

    Raises:
        SilentRecordingError, TooQuietRecordingError, NotReachableError: it cannot be mastered.
        MasterNotVerifiedError: encoding spoils what was mastered, even when corrected.
        SpoolFullError, DiskError: the folder of *out* cannot hold it.
        NgopiError: *source* cannot be read, or its tracks are not of one moment (see `prepared`).
    """
    # The recording is left first: if it changed until then, nothing takes the place of *out*.
    with (
        _beside(out) as encoded,
        prepared(
            source, settings=settings, excerpt_s=excerpt_s, folder=out.parent, progress=progress
        ) as found,
    ):
        sound = found.sound
        with progress.step(N_("Measuring"), sound.frames / sound.sample_rate_hz) as advance:
            plan = plan_master(sound, settings, advance=advance)
        found.check()  # rather now than after the encoder
        plan, heard = encode_verified(sound, plan, encoded, progress)
    return Master(
        path=out,
        duration_s=heard.duration_s,
        sample_rate_hz=sound.sample_rate_hz,
        channels=sound.channels,
        bitrate_kbps=plan.bitrate_kbps,
        target_lufs=plan.target_lufs,
        ceiling_dbtp=plan.ceiling_dbtp,
        gain_db=plan.gain_db,
        before=found.before or plan.before,
        after=heard.loudness,
        done=found.treatments,
        turns=plan.turns,
        curve=curve_of(plan, heard),
        time_map=found.time_map,
    )


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """Yield a path in a private folder to write to, which takes the place of *out* in the end."""
    with private_folder(out) as folder:
        temporary = folder / out.name
        yield temporary
        try:
            move_flushed(temporary, out)
        except OSError as error:
            raise DiskError(path=out, reason=error.strerror or error) from error
