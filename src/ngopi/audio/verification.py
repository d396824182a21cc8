"""Encode a master until the file itself measures as it should, with as little work as possible.

Three ways, from dear to cheap: the whole again with another gain, where the loudness is off or
peaks are too high all over; only the stretches around a few peaks; and a sample of the
recording beforehand, so that the first way is seldom needed.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from pydub import AudioSegment

from ngopi.audio.encode import Job, encode_mp3
from ngopi.audio.growing import GrowingFile
from ngopi.audio.heard import hear, hear_again, hear_growing, overs
from ngopi.audio.loudness import HOPS_PER_S, LoudnessMeter
from ngopi.audio.mastering import corrected, render
from ngopi.audio.mp3_file import Mp3Writer
from ngopi.audio.mp3_frames import frame_count
from ngopi.audio.patch import frames_around, patch_mp3
from ngopi.audio.recording import probe
from ngopi.audio.touchup import Dip, dipped
from ngopi.errors import MasterIncompleteError, MasterNotVerifiedError, TooHighSoundError
from ngopi.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ngopi.audio.heard import Heard, Over
    from ngopi.audio.mastering import MasterPlan
    from ngopi.model import Progress, Sound

_log = logging.getLogger(__name__)

# Promised are 0.3 LU; encoding again takes as long as encoding did, so it must be worth it.
_TOLERANCE_LU = 0.2
# Other meters interpolate a little differently.
_METERS_DIFFER_DB = 0.02
_SPARE_DB = 0.1
#: After a touch-up the highest peak is somewhere in here, and so is known.
_TOLD_APART_DB = 0.5
_WHOLE_ENCODES, _TOUCH_UPS = 4, 6
#: Where more of the recording would be touched up, the limiter does it better.
_TOUCHED_SHARE = 0.25

#: Of a sample, stretches; more of them where the first few find something to foresee.
_LOOKS, _SAMPLE_S = (4, 12), 5
#: More would cost more than what it saves.
_SAMPLED_SHARE = 1 / 9
_GATE = 10 ** (-10 / 10)  # of BS.1770, against the mean: what is quieter hardly counts
_FORESEEN_LU = 0.1
#: Of a voice at the lowest bit rate it takes 6; what loses more is no voice.
_MOST_TAKEN_LU = 12.0


def encode_verified(
    sound: Sound, plan: MasterPlan, path: Path, progress: Progress
) -> tuple[MasterPlan, Heard]:
    """Encode *sound* by *plan* to *path*; return the plan as it became and what is heard.

    Temporary files lie beside *path* meanwhile.

    Raises:
        NotReachableError: the peaks stand too high above the loudness.
        TooHighSoundError: MP3 leaves out most of it.
        MasterNotVerifiedError: encoding spoils what was mastered, even when corrected.
        MasterIncompleteError: the file does not decode to all of it and no more.
        DiskError: *path* or its folder cannot be written.
    """
    plan = _foreseeing(sound, plan, path)
    dips: list[list[Dip]] = []
    heard = _whole(sound, plan, dips, path, progress)
    wholes = 1
    while _is_off(plan, heard) or _peak_limit_dbtp(plan) < heard.loudness.true_peak_dbtp:
        if not _is_off(plan, heard) and len(dips) < _TOUCH_UPS:
            found = _dips(plan, heard, path)
            if _is_worth_a_touch_up(sound, found):
                dips.append(found)
                heard = _touched_up(sound, plan, dips, path, progress, heard)
                continue
        if wholes == _WHOLE_ENCODES:
            raise _not_verified(plan, heard)
        plan = _corrected(plan, sound, heard)
        heard = _whole(sound, plan, dips, path, progress)
        wholes += 1
    _require_length(sound, path)
    return plan, heard


def _require_length(sound: Sound, path: Path) -> None:
    """What was heard was cut to length by us: a player does that by what the file states."""
    stated_s = probe(path).duration_s
    if stated_s is None or round(stated_s * sound.sample_rate_hz) != sound.frames:
        raise MasterIncompleteError


def _is_off(plan: MasterPlan, heard: Heard) -> bool:
    return abs(plan.target_lufs - heard.loudness.integrated_lufs) > _TOLERANCE_LU


def _peak_limit_dbtp(plan: MasterPlan) -> float:
    return plan.ceiling_dbtp - _METERS_DIFFER_DB


def _not_verified(plan: MasterPlan, heard: Heard) -> MasterNotVerifiedError:
    return MasterNotVerifiedError(
        integrated_lufs=heard.loudness.integrated_lufs,
        true_peak_dbtp=heard.loudness.true_peak_dbtp,
        target_lufs=plan.target_lufs,
        ceiling_dbtp=plan.ceiling_dbtp,
    )


# -- the whole ----------------------------------------------------------------------------


def _whole(
    sound: Sound, plan: MasterPlan, dips: Sequence[Sequence[Dip]], path: Path, progress: Progress
) -> Heard:
    floor_dbtp = _peak_limit_dbtp(plan) - _TOLD_APART_DB
    with (
        progress.step(N_("Mastering and checking"), sound.frames / sound.sample_rate_hz) as advance,
        GrowingFile(path) as growing,
        ThreadPoolExecutor(1) as listener,
    ):
        # A third thread for two cores: what is written is heard at once, and the file is
        # checked soon after it is whole.
        try:
            with Mp3Writer(path, samples=sound.frames, grown=growing.grown_to) as file:
                hearing = listener.submit(hear_growing, growing, sound, floor_dbtp=floor_dbtp)
                encode_mp3(
                    dipped(partial(render, sound, plan), dips),
                    file,
                    sample_rate_hz=sound.sample_rate_hz,
                    channels=sound.channels,
                    bitrate_kbps=plan.bitrate_kbps,
                    advance=advance,
                )
        finally:
            growing.end()  # whatever happened, nobody waits for more
        return hearing.result()


def _corrected(plan: MasterPlan, sound: Sound, heard: Heard) -> MasterPlan:
    over_db = heard.loudness.true_peak_dbtp - _peak_limit_dbtp(plan)
    lower_peaks_db = over_db + _SPARE_DB if over_db > 0 else 0.0
    louder_lu = plan.target_lufs - heard.loudness.integrated_lufs
    if louder_lu > _MOST_TAKEN_LU:
        raise TooHighSoundError(bitrate_kbps=plan.bitrate_kbps)
    _log.debug("corrected by %+.2f LU, peaks by %.2f dB", louder_lu, -lower_peaks_db)
    return corrected(plan, sound, louder_lu=louder_lu, lower_peaks_db=lower_peaks_db)


# -- a few peaks --------------------------------------------------------------------------


def _dips(plan: MasterPlan, heard: Heard, path: Path) -> list[Dip]:
    found: list[Over] = overs(heard, path, limit_dbtp=_peak_limit_dbtp(plan))
    return [Dip(over.frame, over.over_db + _SPARE_DB) for over in found]


def _is_worth_a_touch_up(sound: Sound, dips: Sequence[Dip]) -> bool:
    total = frame_count(sound.frames)
    touched = np.zeros(total, dtype=bool)
    for dip in dips:
        frames = frames_around(dip.reach(sound.sample_rate_hz), total)
        touched[frames.start : frames.stop] = True
    return bool(touched.mean() <= _TOUCHED_SHARE)


def _touched_up(
    sound: Sound,
    plan: MasterPlan,
    dips: Sequence[Sequence[Dip]],
    path: Path,
    progress: Progress,
    heard: Heard,
) -> Heard:
    changed = [dip.reach(sound.sample_rate_hz) for dip in dips[-1]]
    deepest_db = max(dip.depth_db for dip in dips[-1])
    _log.debug("touched up at %d blocks, by up to %.2f dB", len(changed), deepest_db)
    with progress.step(N_("Mastering and checking"), 0.0) as advance, _beside(path) as patched:
        job = Job(
            dipped(partial(render, sound, plan), dips),
            sound.frames,
            sound.sample_rate_hz,
            sound.channels,
            plan.bitrate_kbps,
            advance,
        )
        reached = patch_mp3(job, path=path, out=patched, changed=changed)
        patched.replace(path)
        return hear_again(heard, path, changed=reached)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f"{path.stem}.again.mp3")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


# -- beforehand ---------------------------------------------------------------------------


def _foreseeing(sound: Sound, plan: MasterPlan, path: Path) -> MasterPlan:
    """Return *plan* with what the encoder will take from the loudness made up for.

    That is nothing but for hissing sound, whose highest part MP3 leaves out.
    """
    lost_lu = 0.0
    for count in _LOOKS:
        if count * _SAMPLE_S * sound.sample_rate_hz > _SAMPLED_SHARE * sound.frames:
            break
        lost_lu = _loss_lu(sound, plan, path, _sampled(plan, sound, count))
        _log.debug("the encoder is going to take %.2f LU", lost_lu)
        if not _FORESEEN_LU < abs(lost_lu) <= _MOST_TAKEN_LU:
            return plan
    return corrected(plan, sound, louder_lu=lost_lu, lower_peaks_db=0.0) if lost_lu else plan


def _loss_lu(sound: Sound, plan: MasterPlan, path: Path, stretches: Sequence[range]) -> float:
    """Return how much quieter *stretches* of the master become in the encoder."""
    montage = _montage(partial(render, sound, plan), stretches)
    frames = sum(map(len, stretches))
    meter = LoudnessMeter(sample_rate_hz=sound.sample_rate_hz, channels=sound.channels)
    for start in range(0, frames, sound.sample_rate_hz):  # as floats it is thrice as large
        made = montage(start, min(start + sound.sample_rate_hz, frames))
        samples = np.frombuffer(made.raw_data, "<i2").reshape(-1, sound.channels)
        meter.feed(samples.astype(np.float32) / np.float32(32768))
    with _beside(path) as sample:
        with Mp3Writer(sample, samples=frames) as file:
            encode_mp3(
                montage,
                file,
                sample_rate_hz=sound.sample_rate_hz,
                channels=sound.channels,
                bitrate_kbps=plan.bitrate_kbps,
                advance=_unseen,
            )
        heard = hear(sample, floor_dbtp=0.0, advance=_unseen)
    return meter.result().integrated_lufs - heard.loudness.integrated_lufs


def _sampled(plan: MasterPlan, sound: Sound, count: int) -> list[range]:
    """Return up to *count* stretches of samples, one from the middle of what is heard in each part.

    Not the loudest: those are vowels, of which MP3 takes less than of the rest.
    """
    hops = _SAMPLE_S * HOPS_PER_S
    length = _SAMPLE_S * sound.sample_rate_hz
    part = len(plan.energies) // count
    stretches = []
    for first in range(0, part * count, part):
        sums = np.convolve(plan.energies[first : first + part], np.ones(hops), "valid")
        heard = np.flatnonzero(sums >= hops * _GATE * plan.energies.mean())
        if heard.size:
            start = (first + int(heard[heard.size // 2])) * length // hops
            stretches.append(range(start, start + length))
    return stretches


def _montage(
    render: Callable[[int, int], AudioSegment], stretches: Sequence[range]
) -> Callable[[int, int], AudioSegment]:
    """Return a render function for *stretches* in a row, with silence after them."""
    parts = [render(stretch.start, stretch.stop) for stretch in stretches]
    like = parts[0]
    data = b"".join(part.raw_data for part in parts)

    def render_montage(start: int, stop: int) -> AudioSegment:
        here = data[start * like.frame_width : stop * like.frame_width]
        return AudioSegment(
            data=here.ljust((stop - start) * like.frame_width, b"\0"),
            sample_width=like.sample_width,
            frame_rate=like.frame_rate,
            channels=like.channels,
        )

    return render_montage


def _unseen(done_s: float) -> None:
    del done_s
