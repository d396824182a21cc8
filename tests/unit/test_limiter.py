"""The limiter's gain, asked for anywhere."""

from __future__ import annotations

import numpy as np
import pytest

from ngopi.audio.limiter import edge_gains_db


@pytest.mark.parametrize(("first", "last"), [(0, 100), (90, 113), (103, 113), (500, 510), (0, 1)])
@pytest.mark.parametrize("highest", [0.5, 1.0, 4.0])
def test_there_is_one_value_for_each_edge_even_beyond_the_end(first, last, highest):
    peaks = np.full(100, 0.1, np.float32)
    peaks[50] = highest

    gains_db = edge_gains_db(
        peaks, first, last, highest=highest, headroom_db=-1.0, sample_rate_hz=48000
    )

    assert len(gains_db) == last - first + 1
    assert gains_db.max() <= 0
