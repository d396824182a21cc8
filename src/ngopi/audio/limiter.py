"""A look-ahead limiter that decides once per block of 64 samples.

It knows the true peak of every block beforehand, so it turns down before a peak arrives and
never meets one unprepared. Gains are counted in thousandths of a decibel: integers add up
exactly, so any stretch of a recording comes out the same, whichever was asked for.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.weighting import BLOCK_FRAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS_PER_DB = 1000

_ATTACK_DB_PER_S = 750.0  # 6 dB in 8 ms: short enough to stay under the peak's own noise
_RELEASE_DB_PER_S = 60.0  # 6 dB in 100 ms: slow enough not to bend the waves of a voice


def edge_gains_db(
    peaks: NDArray[np.floating],
    first: int,
    last: int,
    *,
    highest: float,
    headroom_db: float,
    sample_rate_hz: int,
) -> NDArray[np.float64]:
    """Return the limiter's gain at the edges of blocks *first* to *last*.

    *peaks* are the true peaks of all blocks of the recording, linear, *highest* is the
    highest of them; blocks beyond are silent. The result has last - first + 1 values, 0 or
    negative; between two edges the gain is a straight line, and nowhere does a peak times
    its gain exceed *headroom_db* (in dBTP).
    """
    attack, release = (
        max(1, round(slope * _STEPS_PER_DB * BLOCK_FRAMES / sample_rate_hz))
        for slope in (_ATTACK_DB_PER_S, _RELEASE_DB_PER_S)
    )
    deepest = int(_needed(np.array([highest]), headroom_db)[0])
    # Beyond this distance the deepest cut has been released altogether.
    reach = -deepest // release + 1
    origin = first - reach
    needed = np.zeros(last + reach - origin, np.int64)
    begin, end = max(origin, 0), min(last + reach, len(peaks))
    if begin < end:  # else all of it lies beyond the recording
        needed[begin - origin : end - origin] = _needed(peaks[begin:end], headroom_db)
    edges = np.minimum(np.append(needed, 0), np.insert(needed, 0, 0))
    edges = _slope_limited(edges, release)
    edges = _slope_limited(edges[::-1], attack)[::-1]
    return edges[reach : len(edges) - reach] / _STEPS_PER_DB


def _needed(peaks: NDArray[np.floating], headroom_db: float) -> NDArray[np.int64]:
    floor = 10 ** (headroom_db / 20)
    over_db = 20 * np.log10(np.maximum(peaks.astype(np.float64), floor) / floor)
    return np.asarray(-np.ceil(over_db * _STEPS_PER_DB), dtype=np.int64)


def _slope_limited(edges: NDArray[np.int64], rise: int) -> NDArray[np.int64]:
    """Return *edges* where no value is more than *rise* above the one before it."""
    ramp = rise * np.arange(len(edges))
    return np.asarray(np.minimum.accumulate(edges - ramp) + ramp)


def kept_energy(
    peaks: NDArray[np.floating],
    levels: NDArray[np.float16],
    *,
    hop_frames: int,
    headroom_db: float,
    sample_rate_hz: int,
) -> NDArray[np.float64]:
    """Return the part of each hop's energy that the limiter leaves: 0..1, one value a hop.

    *peaks* and *headroom_db* as in `edge_gains_db`; *levels* are the blocks' RMS.
    """
    highest = float(peaks.max(initial=0.0))
    hops = len(peaks) * BLOCK_FRAMES // hop_frames
    piece_hops = math.ceil(8192 * BLOCK_FRAMES / hop_frames)  # fits the processor's cache
    kept = np.ones(hops)
    for start in range(0, hops, piece_hops):
        stop = min(start + piece_hops, hops)
        first, last = start * hop_frames // BLOCK_FRAMES, stop * hop_frames // BLOCK_FRAMES
        edges_db = edge_gains_db(
            peaks,
            first,
            last,
            highest=highest,
            headroom_db=headroom_db,
            sample_rate_hz=sample_rate_hz,
        )
        if not edges_db.any():
            continue
        edges = 10 ** (edges_db / 20)
        squares = (edges[:-1] ** 2 + edges[:-1] * edges[1:] + edges[1:] ** 2) / 3
        weights = levels[first:last].astype(np.float64) ** 2
        cuts = np.arange(start, stop) * hop_frames // BLOCK_FRAMES - first
        whole = np.add.reduceat(weights, cuts)
        left = np.add.reduceat(weights * squares, cuts)
        np.divide(left, whole, out=kept[start:stop], where=whole > 0)
    return kept
