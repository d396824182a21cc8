"""From a recording to its master: leveller, one gain, and a limiter for what they lift too far.

A plan is made once from the whole recording; after that any stretch can be rendered on its
own, by any thread, and comes out the same. Samples are rounded to 16 bit without dither: the
MP3 encoder's own noise is far above what dither would mask.
"""

from __future__ import annotations

import math
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydub import AudioSegment

from ngopi.audio.cores import cores
from ngopi.audio.leveller import UNLEVELLED, Levelling, level
from ngopi.audio.limiter import edge_gains_db, kept_energy
from ngopi.audio.loudness import HOPS_PER_S, hop_frames, integrated_lufs, measure
from ngopi.audio.truepeak import rounded_up, true_peaks
from ngopi.audio.weighting import BLOCK_FRAMES
from ngopi.errors import NotReachableError, SilentRecordingError, TooQuietRecordingError
from ngopi.model import Loudness, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ngopi.audio.leveller import GainCurve
    from ngopi.audio.loudness import Profile
    from ngopi.model import AudioSettings, Sound

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

_REFINED_BLOCKS = 8192  # about 11 s: in smaller pieces threads wait for each other
_LEVELLED_BLOCKS, _LEVELLED_HOPS = 1 << 16, 1 << 12
_RENDERED_BLOCKS = 512  # about 0.7 s: what a window needs fits the processor's cache


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterPlan:
    """What is done to a recording.

    *target_lufs* and *ceiling_dbtp* are what listeners get; *aim_lufs* and *limit_dbtp* what
    the rendered sound has, so that the encoded one gets there. *levelling* comes first, then
    *gain_db*, then the limiter; *turns* tell what all of that makes of each speaker.
    *energies* (of each 100 ms) and *levels* (of each block) are those of the levelled
    recording, as in `Profile`; *peaks* are its linear peaks, of each block: true peaks where they
    exceed *refined_dbtp*, bounds of them elsewhere, and *highest_peak* the highest.
    """

    before: Loudness
    levelling: Levelling
    turns: tuple[Turn, ...]
    energies: NDArray[np.float64]
    peaks: NDArray[np.float16]
    levels: NDArray[np.float16]
    refined_dbtp: float
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
        return limited_db + self.gain_db + self.levelling.curve.at(_edges(first, last))


def plan_master(
    sound: Sound, settings: AudioSettings, *, advance: Callable[[float], None]
) -> MasterPlan:
    """Measure *sound* and decide what to do to it; *advance* gets seconds measured since.

    Raises:
        SilentRecordingError: nothing passes the gate of BS.1770.
        TooQuietRecordingError: the target would need more than 45 dB of gain.
        NotReachableError: the peaks stand too high above the loudness.
    """
    profile = measure(sound, advance=advance)
    target_lufs = settings.target_lufs
    if target_lufs is None:
        target_lufs = _TARGET_LUFS[sound.channels]
    before = profile.loudness
    if math.isinf(before.integrated_lufs):
        raise SilentRecordingError
    if target_lufs - before.integrated_lufs > _MAX_GAIN_DB:
        raise TooQuietRecordingError(measured_lufs=before.integrated_lufs, target_lufs=target_lufs)
    bitrate_kbps = settings.bitrate_kbps or _BITRATE_KBPS[sound.channels]
    hop = hop_frames(sound.sample_rate_hz)
    levelling = level(profile, hop_frames=hop) if settings.leveller else UNLEVELLED
    energies = _level_in_place(profile, levelling.curve, hop)
    plan = MasterPlan(
        before=before,
        levelling=levelling,
        turns=levelling.turns,
        energies=energies,
        peaks=profile.block_peaks,
        levels=profile.block_levels,
        refined_dbtp=math.inf,
        highest_peak=profile.true_peak,
        target_lufs=target_lufs,
        ceiling_dbtp=settings.true_peak_dbtp,
        aim_lufs=target_lufs,
        limit_dbtp=settings.true_peak_dbtp - _overshoot_db(bitrate_kbps),
        bitrate_kbps=bitrate_kbps,
        gain_db=target_lufs - integrated_lufs(energies),
    )
    return _solved(plan, sound)


def _level_in_place(profile: Profile, curve: GainCurve, hop_frames: int) -> NDArray[np.float64]:
    """Apply *curve* to the block peaks and levels of *profile*; return the levelled energies."""
    if curve.is_flat:
        return profile.energies
    energies = np.empty(len(profile.ticks))
    # In pieces: of a long recording, the gain of every block is as large as its peaks.
    with ThreadPoolExecutor(cores()) as threads:
        blocks = range(0, len(profile.block_peaks), _LEVELLED_BLOCKS)
        hops = range(0, len(energies), _LEVELLED_HOPS)
        deque(threads.map(partial(_level_blocks, profile, curve), blocks), maxlen=0)
        deque(threads.map(partial(_level_hops, profile, curve, hop_frames, energies), hops), 0)
    return energies


def _level_blocks(profile: Profile, curve: GainCurve, first: int) -> None:
    last = min(first + _LEVELLED_BLOCKS, len(profile.block_peaks))
    edges_db = curve.at(_edges(first - 1, last + 1))
    highest = profile.block_peaks[first:last] * _highest_gains(edges_db)
    profile.block_peaks[first:last] = rounded_up(highest)
    gains = 10 ** (edges_db[1:-2] / 20)
    profile.block_levels[first:last] = profile.block_levels[first:last] * gains


def _level_hops(
    profile: Profile, curve: GainCurve, hop_frames: int, energies: NDArray[np.float64], first: int
) -> None:
    part = profile.ticks[first : first + _LEVELLED_HOPS]
    middles = (np.arange(part.size) + first * part.shape[1] + 0.5) * (hop_frames / part.shape[1])
    gains = 10 ** (curve.at(middles) / 10)
    energies[first : first + len(part)] = (part * gains.reshape(part.shape)).mean(axis=1)


def _edges(first: int, last: int) -> NDArray[np.int64]:
    """Return the frames where blocks *first* to *last* begin and end."""
    return np.arange(first, last + 1, dtype=np.int64) * BLOCK_FRAMES


def _highest_gains(edges_db: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the highest linear gain in and beside each block, the samples its peak comes of.

    *edges_db* begin and end a block earlier and later.
    """
    pairs_db = np.maximum(edges_db[:-1], edges_db[1:])
    return np.asarray(10 ** (np.maximum(pairs_db[:-2], pairs_db[2:]) / 20), np.float32)


def corrected(
    plan: MasterPlan, sound: Sound, *, louder_lu: float, lower_peaks_db: float
) -> MasterPlan:
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
    return _solved(aimed, sound)


def render(sound: Sound, plan: MasterPlan, start: int, stop: int) -> AudioSegment:
    """Return frames *start* to *stop* of the master as 16-bit sound; silence beyond its ends.

    May be called from several threads; the frames do not depend on how they are asked for.
    """
    first, last = start // BLOCK_FRAMES, -(-stop // BLOCK_FRAMES)
    master = np.empty(((last - first) * BLOCK_FRAMES, sound.channels), dtype=np.int16)
    edges_db = plan.edges_db(first, last, sample_rate_hz=sound.sample_rate_hz)
    edges = (10 ** (edges_db / 20) * 32768).astype(np.float32)
    for low in range(first, last, _RENDERED_BLOCKS):
        high = min(low + _RENDERED_BLOCKS, last)
        samples = sound.read(low * BLOCK_FRAMES, high * BLOCK_FRAMES)
        _apply(samples, edges[low - first : high - first + 1])
        np.rint(samples, out=samples)
        begin = (low - first) * BLOCK_FRAMES
        master[begin : begin + len(samples)] = samples
    offset = start - first * BLOCK_FRAMES
    return AudioSegment(
        data=master[offset : offset + stop - start].tobytes(),
        sample_width=2,
        frame_rate=sound.sample_rate_hz,
        channels=sound.channels,
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


def _solved(plan: MasterPlan, sound: Sound) -> MasterPlan:
    """Return *plan* with the gain that meets its aim, what the limiter takes made up for."""
    hop = hop_frames(sound.sample_rate_hz)
    unlimited_db = plan.aim_lufs - integrated_lufs(plan.energies)
    gain_db, refined_dbtp = plan.gain_db, plan.refined_dbtp
    ahead_db = _REFINED_AHEAD_DB
    slope, last = 1.0, (math.nan, math.nan)
    for _ in range(_SOLVER_TURNS):
        if plan.limit_dbtp - gain_db < refined_dbtp:
            refined_dbtp = plan.limit_dbtp - gain_db - ahead_db
            ahead_db *= 2
            _find_true_peaks(plan, sound, level_dbtp=refined_dbtp)
        kept = kept_energy(
            plan.peaks,
            plan.levels,
            hop_frames=hop,
            headroom_db=plan.limit_dbtp - gain_db,
            sample_rate_hz=sound.sample_rate_hz,
        )[: len(plan.energies)]  # the last block may reach beyond the last hop
        reached_lufs = integrated_lufs(plan.energies[: len(kept)] * kept) + gain_db
        missing_lu = plan.aim_lufs - reached_lufs
        if abs(missing_lu) <= _SOLVED_WITHIN_LU:
            return replace(
                plan,
                gain_db=gain_db,
                refined_dbtp=refined_dbtp,
                highest_peak=float(plan.peaks.max()),
                turns=_turns_after(plan, kept, gain_db),
            )
        if not math.isnan(last[0]) and gain_db != last[0]:
            slope = max((reached_lufs - last[1]) / (gain_db - last[0]), _MIN_SLOPE)
        last = gain_db, reached_lufs
        gain_db += missing_lu / slope
        if gain_db - unlimited_db > _MAX_MAKE_UP_DB:
            break
    # What the encoder takes away was asked for on top, and is not what listeners get.
    reached_lufs = last[1] - (plan.aim_lufs - plan.target_lufs)
    raise NotReachableError(
        target_lufs=plan.target_lufs,
        reached_lufs=reached_lufs,
        # A little less than what it got to: the last decibel costs most.
        lower_lufs=math.floor(reached_lufs) - 1,
        ceiling_dbtp=plan.ceiling_dbtp,
    )


def _turns_after(plan: MasterPlan, kept: NDArray[np.float64], gain_db: float) -> tuple[Turn, ...]:
    """Return the turns with the loudness that leveller, gain and limiter give them."""
    energies = plan.energies[: len(kept)]
    after = []
    for turn in plan.levelling.turns:
        hops = slice(round(turn.start_s * HOPS_PER_S), round(turn.stop_s * HOPS_PER_S))
        whole, left = energies[hops].sum(), (energies[hops] * kept[hops]).sum()
        limited_db = 10 * math.log10(left / whole) if left else 0.0
        after.append(replace(turn, after_lufs=turn.after_lufs + gain_db + limited_db))
    return tuple(after)


def _find_true_peaks(plan: MasterPlan, sound: Sound, *, level_dbtp: float) -> None:
    """Put true peaks in the place of bounds wherever these exceed *level_dbtp*."""
    level = 10 ** (level_dbtp / 20)
    peaks = plan.peaks
    # Found before any is replaced: what one thread finds must not move another's choice.
    work = list(_candidates(peaks, level))
    true_peaks_at = partial(_true_peaks_at, sound, plan.levelling.curve, level)
    with ThreadPoolExecutor(cores()) as threads:
        for blocks, found in threads.map(true_peaks_at, work):
            # What lies below the level was not looked at closely: it stays a bound.
            peaks[blocks] = rounded_up(np.maximum(found, np.float32(level)))


def _candidates(peaks: NDArray[np.float16], level: float) -> Iterator[NDArray[np.int32]]:
    for start in range(0, len(peaks), _REFINED_BLOCKS):
        here = peaks[start : start + _REFINED_BLOCKS].astype(np.float32)
        blocks = np.flatnonzero(here > level) + start
        if blocks.size:
            yield blocks.astype(np.int32)  # half as large, of up to all blocks


def _true_peaks_at(
    sound: Sound, curve: GainCurve, level: float, blocks: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return *blocks* and their true peaks after the leveller, where these exceed *level*."""
    first, last = int(blocks[0]) - 1, int(blocks[-1]) + 2
    samples = sound.read(first * BLOCK_FRAMES, last * BLOCK_FRAMES)
    inside = blocks.astype(np.intp) - first
    around_db = curve.at((blocks[:, None] + np.arange(-1, 3, dtype=np.int64)) * BLOCK_FRAMES)
    gains = np.asarray(10 ** (around_db.max(axis=1) / 20), np.float32)
    found = true_peaks(samples.T, inside, level / float(gains.max()))
    return blocks, found * gains
