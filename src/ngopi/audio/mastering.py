"""From a recording to its master: one gain, and a limiter for the peaks that it lifts too far.

A plan is made once from the whole recording; after that any stretch can be rendered on its
own, by any thread, and comes out the same. Samples are rounded to 16 bit without dither: the
MP3 encoder's own noise is far above what dither would mask.
"""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydub import AudioSegment

from ngopi.audio.limiter import edge_gains_db, kept_energy
from ngopi.audio.loudness import hop_frames, integrated_lufs, measure
from ngopi.audio.truepeak import could_exceed, true_peaks
from ngopi.audio.weighting import BLOCK_FRAMES
from ngopi.errors import NotReachableError, SilentRecordingError, TooQuietRecordingError
from ngopi.model import Loudness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ngopi.audio.pcm import Pcm
    from ngopi.model import AudioSettings

_TARGET_LUFS = {1: -19.0, 2: -16.0}
_BITRATE_KBPS = {1: 64, 2: 128}
_FINE_BITRATE_KBPS = 112

# More would lift the room's noise to where the voice should be.
_MAX_GAIN_DB = 45.0
# More than this on top, only to make up for the limiter, is no longer the same recording.
_MAX_MAKE_UP_DB = 12.0
_SOLVED_WITHIN_LU = 0.01
_SOLVER_TURNS = 20
_MIN_SLOPE = 0.1
_REFINED_AHEAD_DB = 1.0  # so that the solver's next gain is seldom beyond

_REFINED_BLOCKS = 2048
_RENDERED_BLOCKS = 512  # about 0.7 s: what a window needs fits the processor's cache


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterPlan:
    """What is done to a recording.

    *target_lufs* and *ceiling_dbtp* are what listeners get; *aim_lufs* and *limit_dbtp* what
    the rendered sound has, so that the encoded one gets there. *gain_db* comes before the
    limiter. *energies* (of each 100 ms) and *levels* (of each block) are the recording's, as in
    `Profile`; *peaks* are its linear peaks, of each block: true peaks wherever the limiter
    could have work, sample peaks elsewhere, and *highest_peak* the highest.
    """

    before: Loudness
    energies: NDArray[np.float64]
    peaks: NDArray[np.float32]
    levels: NDArray[np.float16]
    highest_peak: float
    target_lufs: float
    ceiling_dbtp: float
    aim_lufs: float
    limit_dbtp: float
    bitrate_kbps: int
    gain_db: float

    def edges_db(self, first: int, last: int, *, sample_rate_hz: int) -> NDArray[np.float64]:
        """Return the whole gain in dB at the edges of blocks *first* to *last*."""
        limited_db = edge_gains_db(
            self.peaks,
            first,
            last,
            highest=self.highest_peak,
            headroom_db=self.limit_dbtp - self.gain_db,
            sample_rate_hz=sample_rate_hz,
        )
        return limited_db + self.gain_db


def plan_master(
    pcm: Pcm, settings: AudioSettings, *, advance: Callable[[float], None]
) -> MasterPlan:
    """Measure *pcm* and decide what to do to it; *advance* gets seconds measured since.

    Raises:
        SilentRecordingError: nothing passes the gate of BS.1770.
        TooQuietRecordingError: the target would need more than 45 dB of gain.
        NotReachableError: the peaks stand too high above the loudness.
    """
    profile = measure(pcm, advance=advance)
    target_lufs = settings.target_lufs
    if target_lufs is None:
        target_lufs = _TARGET_LUFS[pcm.channels]
    before = profile.loudness
    if math.isinf(before.integrated_lufs):
        raise SilentRecordingError
    if target_lufs - before.integrated_lufs > _MAX_GAIN_DB:
        raise TooQuietRecordingError(measured_lufs=before.integrated_lufs, target_lufs=target_lufs)
    bitrate_kbps = settings.bitrate_kbps or _BITRATE_KBPS[pcm.channels]
    plan = MasterPlan(
        before=before,
        energies=profile.energies,
        peaks=profile.block_peaks,
        levels=profile.block_levels,
        highest_peak=profile.true_peak,
        target_lufs=target_lufs,
        ceiling_dbtp=settings.true_peak_dbtp,
        aim_lufs=target_lufs,
        limit_dbtp=settings.true_peak_dbtp - _overshoot_db(bitrate_kbps),
        bitrate_kbps=bitrate_kbps,
        gain_db=target_lufs - before.integrated_lufs,
    )
    return _solved(plan, pcm)


def corrected(plan: MasterPlan, pcm: Pcm, *, louder_lu: float, lower_peaks_db: float) -> MasterPlan:
    """Return *plan* aimed *louder_lu* higher, limited *lower_peaks_db* lower.

    Raises:
        NotReachableError: the peaks stand too high above the loudness.
    """
    aimed = replace(
        plan,
        aim_lufs=plan.aim_lufs + louder_lu,
        limit_dbtp=plan.limit_dbtp - lower_peaks_db,
        gain_db=plan.gain_db + louder_lu,
    )
    return _solved(aimed, pcm)


def render(pcm: Pcm, plan: MasterPlan, start: int, stop: int) -> AudioSegment:
    """Return frames *start* to *stop* of the master as 16-bit sound; silence beyond its ends.

    May be called from several threads; the frames do not depend on how they are asked for.
    """
    first, last = start // BLOCK_FRAMES, -(-stop // BLOCK_FRAMES)
    sound = np.empty(((last - first) * BLOCK_FRAMES, pcm.channels), dtype=np.int16)
    edges_db = plan.edges_db(first, last, sample_rate_hz=pcm.sample_rate_hz)
    edges = (10 ** (edges_db / 20) * 32768).astype(np.float32)
    for low in range(first, last, _RENDERED_BLOCKS):
        high = min(low + _RENDERED_BLOCKS, last)
        samples = pcm.read(low * BLOCK_FRAMES, high * BLOCK_FRAMES)
        _apply(samples, edges[low - first : high - first + 1])
        np.rint(samples, out=samples)
        begin = (low - first) * BLOCK_FRAMES
        sound[begin : begin + len(samples)] = samples
    offset = start - first * BLOCK_FRAMES
    return AudioSegment(
        data=sound[offset : offset + stop - start].tobytes(),
        sample_width=2,
        frame_rate=pcm.sample_rate_hz,
        channels=pcm.channels,
    )


def _apply(samples: NDArray[np.float32], edges: NDArray[np.float32]) -> None:
    """Multiply *samples* by the straight lines between *edges*, in place."""
    if np.all(edges == edges[0]):
        samples *= edges[0]
        return
    along = np.arange(BLOCK_FRAMES, dtype=np.float32) / np.float32(BLOCK_FRAMES)
    gains = edges[:-1, None] + (edges[1:] - edges[:-1])[:, None] * along
    samples *= gains.reshape(-1, 1)


def _overshoot_db(bitrate_kbps: int) -> float:
    """Return how far MP3 at this bit rate lifts the true peaks of speech, with some to spare."""
    return 1.0 if bitrate_kbps >= _FINE_BITRATE_KBPS else 1.5


def _solved(plan: MasterPlan, pcm: Pcm) -> MasterPlan:
    """Return *plan* with the gain that meets its aim, what the limiter takes made up for."""
    hop = hop_frames(pcm.sample_rate_hz)
    unlimited_db = plan.aim_lufs - plan.before.integrated_lufs
    gain_db, refined_db = plan.gain_db, -math.inf
    ahead_db = _REFINED_AHEAD_DB
    slope, last = 1.0, (math.nan, math.nan)
    for _ in range(_SOLVER_TURNS):
        if gain_db > refined_db:
            refined_db = gain_db + ahead_db
            ahead_db *= 2
            _raise_to_true_peaks(plan.peaks, pcm, level_dbtp=plan.limit_dbtp - refined_db)
        kept = kept_energy(
            plan.peaks,
            plan.levels,
            hop_frames=hop,
            headroom_db=plan.limit_dbtp - gain_db,
            sample_rate_hz=pcm.sample_rate_hz,
        )
        reached_lufs = integrated_lufs(plan.energies[: len(kept)] * kept) + gain_db
        missing_lu = plan.aim_lufs - reached_lufs
        if abs(missing_lu) <= _SOLVED_WITHIN_LU:
            return replace(plan, gain_db=gain_db, highest_peak=float(plan.peaks.max()))
        if not math.isnan(last[0]) and gain_db != last[0]:
            slope = max((reached_lufs - last[1]) / (gain_db - last[0]), _MIN_SLOPE)
        last = gain_db, reached_lufs
        gain_db += missing_lu / slope
        if gain_db - unlimited_db > _MAX_MAKE_UP_DB:
            break
    raise NotReachableError(
        target_lufs=plan.target_lufs, reached_lufs=last[1], ceiling_dbtp=plan.ceiling_dbtp
    )


def _raise_to_true_peaks(peaks: NDArray[np.float32], pcm: Pcm, *, level_dbtp: float) -> None:
    """Raise *peaks* in place to true peaks wherever these could exceed *level_dbtp*."""
    level = 10 ** (level_dbtp / 20)
    # Found before any is raised: what one thread raises must not move another's choice.
    work = list(_candidates(peaks, level))
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for blocks, found in threads.map(partial(_true_peaks_at, pcm, level), work):
            peaks[blocks] = np.maximum(peaks[blocks], found)


def _candidates(peaks: NDArray[np.float32], level: float) -> Iterator[NDArray[np.int32]]:
    for start in range(0, len(peaks), _REFINED_BLOCKS):
        stop = min(start + _REFINED_BLOCKS, len(peaks))
        around = np.pad(
            peaks[max(start - 1, 0) : stop + 1], (int(start == 0), int(stop == len(peaks)))
        )
        blocks = np.flatnonzero(could_exceed(around, level)) + start
        if blocks.size:
            yield blocks.astype(np.int32)  # half as large, of up to all blocks


def _true_peaks_at(
    pcm: Pcm, level: float, blocks: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    first, last = int(blocks[0]) - 1, int(blocks[-1]) + 2
    samples = pcm.read(first * BLOCK_FRAMES, last * BLOCK_FRAMES)
    inside = blocks.astype(np.intp) - first
    return blocks, true_peaks(np.ascontiguousarray(samples.T), inside, level)
