"""Deliver a master: made, encoded, decoded again and measured as a listener would get it."""

from __future__ import annotations

import logging
import os
import secrets
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from ngopi.atomic import sync_folder
from ngopi.audio.encode import encode_mp3
from ngopi.audio.loudness import LoudnessMeter
from ngopi.audio.mastering import corrected, plan_master, render
from ngopi.audio.recording import decode, probe, windows
from ngopi.errors import DiskError, MasterNotVerifiedError
from ngopi.i18n import N_
from ngopi.model import Master, Measurement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ngopi.audio.mastering import MasterPlan
    from ngopi.audio.pcm import Pcm
    from ngopi.model import AudioSettings, Loudness, Progress, Recording

_log = logging.getLogger(__name__)

# Promised are 0.3 LU; encoding again takes as long as encoding did, so it must be worth it.
_TOLERANCE_LU = 0.2
# Other meters interpolate a little differently.
_METERS_DIFFER_DB = 0.02
_CORRECTION_SPARE_DB = 0.1
_CORRECTIONS = 3


def measure_file(path: Path, *, advance: Callable[[float], None]) -> Measurement:
    """Return the loudness of any recording; *advance* gets seconds measured since.

    Raises:
        NgopiError: the recording cannot be read (see `recording.probe` and `windows`).
    """
    recording = probe(path)
    meter = LoudnessMeter(sample_rate_hz=recording.sample_rate_hz, channels=recording.channels)
    frames = 0
    with ThreadPoolExecutor(1) as thread:
        # The meter works on one window while the next one is being decoded.
        feeding: Future[None] | None = None
        for window in windows(recording, advance=advance):
            frames += len(window)
            if feeding is not None:
                feeding.result()
            feeding = thread.submit(meter.feed, window)
        if feeding is not None:
            feeding.result()
    return Measurement(
        path=path,
        duration_s=frames / recording.sample_rate_hz,
        sample_rate_hz=recording.sample_rate_hz,
        channels=recording.channels,
        loudness=meter.result(),
    )


def deliver(
    recording: Recording, out: Path, *, settings: AudioSettings, progress: Progress
) -> Master:
    """Master *recording* and write it as MP3 to *out*, whole or not at all.

    What is delivered was decoded again and measured: within 0.2 LU of the target and below
    the ceiling. The steps of *progress* count seconds of the recording; a total of 0 is unknown.

    Raises:
        SilentRecordingError, TooQuietRecordingError, NotReachableError: it cannot be mastered.
        MasterNotVerifiedError: encoding spoils what was mastered, even when corrected.
        SpoolFullError, DiskError: the folder of *out* cannot hold it.
        NgopiError: *recording* cannot be read (see `recording.decode`).
    """
    with progress.step(N_("Reading"), recording.duration_s or 0.0) as advance:
        pcm = decode(recording, folder=out.parent, channels=settings.channels, advance=advance)
    with pcm:
        with progress.step(N_("Measuring"), pcm.duration_s) as advance:
            plan = plan_master(pcm, settings, advance=advance)
        with _beside(out) as encoded:
            plan, after = _verified(pcm, plan, encoded, progress)
    return Master(
        path=out,
        duration_s=after.duration_s,
        sample_rate_hz=pcm.sample_rate_hz,
        channels=pcm.channels,
        bitrate_kbps=plan.bitrate_kbps,
        target_lufs=plan.target_lufs,
        ceiling_dbtp=plan.ceiling_dbtp,
        gain_db=plan.gain_db,
        before=plan.before,
        after=after.loudness,
    )


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """Yield a path to write to, which takes the place of *out* in the end."""
    temporary = out.with_name(f".{out.stem}.{secrets.token_hex(4)}.mp3")
    try:
        yield temporary
        try:
            with temporary.open("r+b") as file:
                os.fsync(file.fileno())
            temporary.replace(out)
            sync_folder(out.parent)
        except OSError as error:
            raise DiskError(path=out, reason=error.strerror or error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _verified(
    pcm: Pcm, plan: MasterPlan, path: Path, progress: Progress
) -> tuple[MasterPlan, Measurement]:
    """Encode to *path*, corrected until the file itself measures as it should."""
    for _ in range(_CORRECTIONS):
        after = _encoded(pcm, plan, path, progress)
        louder_lu, lower_peaks_db = _missing(plan, after.loudness)
        if not louder_lu and not lower_peaks_db:
            return plan, after
        _log.debug("corrected by %+.2f LU, peaks by %.2f dB", louder_lu, -lower_peaks_db)
        plan = corrected(plan, pcm, louder_lu=louder_lu, lower_peaks_db=lower_peaks_db)
    after = _encoded(pcm, plan, path, progress)
    if any(_missing(plan, after.loudness)):
        raise MasterNotVerifiedError(
            integrated_lufs=after.loudness.integrated_lufs,
            true_peak_dbtp=after.loudness.true_peak_dbtp,
            target_lufs=plan.target_lufs,
            ceiling_dbtp=plan.ceiling_dbtp,
        )
    return plan, after


def _encoded(pcm: Pcm, plan: MasterPlan, path: Path, progress: Progress) -> Measurement:
    with progress.step(N_("Mastering"), pcm.duration_s) as advance:
        encode_mp3(
            partial(render, pcm, plan),
            frames=pcm.frames,
            sample_rate_hz=pcm.sample_rate_hz,
            channels=pcm.channels,
            bitrate_kbps=plan.bitrate_kbps,
            path=path,
            advance=advance,
        )
    with progress.step(N_("Checking"), pcm.duration_s) as advance:
        return measure_file(path, advance=advance)


def _missing(plan: MasterPlan, after: Loudness) -> tuple[float, float]:
    """Return by how much *after* is too quiet (LU), and its peaks too high (dB); 0 is good."""
    louder_lu = plan.target_lufs - after.integrated_lufs
    over_db = after.true_peak_dbtp - (plan.ceiling_dbtp - _METERS_DIFFER_DB)
    lower_peaks_db = over_db + _CORRECTION_SPARE_DB if over_db > 0 else 0.0
    # Once it must be encoded again anyway, the loudness may as well become exact.
    if abs(louder_lu) <= _TOLERANCE_LU and not lower_peaks_db:
        return 0.0, 0.0
    return louder_lu, lower_peaks_db
