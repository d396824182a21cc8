"""The bound below which no block needs to be oversampled."""

from __future__ import annotations

import numpy as np
import pytest

from ngopi.audio.truepeak import BOUND, peak_bounds, true_peaks

BLOCKS, FRAMES = 200, 64


def noise(channels, seed=1):
    random = np.random.default_rng(seed)
    return random.uniform(-1, 1, (channels, BLOCKS * FRAMES)).astype(np.float32)


def worst_case():
    """Samples of alternating sign that all add up between two of them, again and again."""
    signs = (-1.0) ** np.arange(BLOCKS * FRAMES)
    signs[np.arange(len(signs)) % 50 >= 25] *= -1
    return signs.astype(np.float32)[None]


def tone(hz):
    return np.sin(2 * np.pi * hz / 48000 * np.arange(BLOCKS * FRAMES)).astype(np.float32)[None]


def clicks():
    sound = np.zeros((1, BLOCKS * FRAMES), np.float32)
    sound[0, ::63] = 1  # at every place of a block, its edges too
    return sound


@pytest.mark.parametrize(
    "sound",
    [noise(1), noise(2), worst_case(), tone(997), tone(11000), tone(23000), clicks()],
    ids=["noise", "stereo", "worst case", "997 Hz", "11 kHz", "23 kHz", "clicks"],
)
def test_no_block_exceeds_its_bound(sound):
    inner = np.arange(1, BLOCKS - 1)

    peaks = true_peaks(sound, inner, 0.0)

    assert (peaks <= peak_bounds(sound)[inner]).all()


def test_the_worst_case_comes_near_the_l1_norm():
    """Else the test above would hold for a bound that is far too high."""
    inner = np.arange(1, BLOCKS - 1)

    assert true_peaks(worst_case(), inner, 0.0).max() > 0.9 * BOUND


@pytest.mark.parametrize(("hz", "most_db"), [(200, 0.03), (1000, 0.09), (4000, 1.0)])
def test_the_bound_is_close_where_voices_are(hz, most_db):
    """The larger of two samples, plus 0.417 of the second difference: 0.417 w^2 of a tone."""
    bounds = peak_bounds(tone(hz))[2:-2]  # beyond is the step from and to silence

    assert 20 * np.log10(bounds.max()) <= most_db
