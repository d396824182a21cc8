"""Chapters and captions stay with the words they belong to, whatever was cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngopi.model import KeptPiece, TimeMap

LENGTHS_S = st.floats(0.05, 4000).map(lambda value: round(value, 4))


@st.composite
def cuts(draw):
    """Return a map, the seconds kept (recording start, length) and the intro's length."""
    kept, recording_s = [], 0.0
    for _ in range(draw(st.integers(1, 12))):
        recording_s += draw(st.just(0.0) | LENGTHS_S)
        kept.append((recording_s, draw(LENGTHS_S)))
        recording_s += kept[-1][1]
    intro_s = master_s = draw(st.just(0.0) | LENGTHS_S)
    pieces = []
    for start_s, length_s in kept:
        pieces.append(
            KeptPiece(recording_start_s=start_s, master_start_s=master_s, duration_s=length_s)
        )
        master_s += length_s
    return TimeMap(pieces=tuple(pieces)), kept, intro_s


@given(cuts(), st.floats(0, 1))
def test_every_kept_instant_is_found_again(made, part):
    time_map, kept, intro_s = made
    before_s = 0.0
    for start_s, length_s in kept:
        inside_s = part * length_s
        master_s = time_map.to_master(start_s + inside_s)

        assert master_s == pytest.approx(intro_s + before_s + inside_s, abs=1e-6)
        assert time_map.nearest_in_master(start_s + inside_s) == pytest.approx(master_s, abs=1e-6)
        if 0.001 < part < 0.999:  # a cut is two instants of the recording
            back_s = time_map.to_recording(master_s)
            assert back_s == pytest.approx(start_s + inside_s, abs=1e-6)
        before_s += length_s


@given(cuts(), st.floats(0, 1))
def test_every_instant_of_the_programme_is_an_instant_of_the_recording(made, part):
    time_map, kept, intro_s = made
    whole_s = sum(length_s for _, length_s in kept)
    master_s = intro_s + part * whole_s

    recording_s = time_map.to_recording(master_s)

    assert any(start - 1e-6 <= recording_s <= start + length + 1e-6 for start, length in kept)
    assert time_map.to_master(recording_s) == pytest.approx(master_s, abs=1e-5)


@given(cuts(), st.lists(st.floats(-10, 60_000), min_size=2, max_size=20))
def test_time_never_runs_backwards(made, instants_s):
    time_map, _, _ = made
    instants_s.sort()

    nearest = [time_map.nearest_in_master(instant_s) for instant_s in instants_s]
    heard = [time_map.to_master(instant_s) for instant_s in instants_s]
    found = [time_map.to_recording(instant_s) for instant_s in instants_s]

    for times in (nearest, heard, found):
        kept = [instant_s for instant_s in times if instant_s is not None]
        assert all(early <= late + 1e-9 for early, late in pairwise(kept))


@given(cuts())
def test_length_is_that_of_all_pieces(made):
    time_map, kept, intro_s = made
    last_start_s, last_length_s = kept[-1]

    assert time_map.kept_s == pytest.approx(sum(length_s for _, length_s in kept))
    assert time_map.to_master(last_start_s + last_length_s) == pytest.approx(
        intro_s + time_map.kept_s, abs=1e-6
    )


@given(cuts(), st.floats(0.001, 0.999))
def test_what_was_cut_is_nowhere_but_near_something(made, part):
    time_map, kept, intro_s = made
    before_s = intro_s
    ends = zip(kept, [*kept[1:], None], strict=True)
    for (start_s, length_s), following in ends:
        before_s += length_s
        end_s = start_s + length_s
        if following is None or following[0] - end_s < 0.01:
            continue
        lost_s = end_s + part * (following[0] - end_s)

        assert time_map.to_master(lost_s) is None
        assert time_map.nearest_in_master(lost_s) == pytest.approx(before_s, abs=1e-6)


@given(cuts())
def test_jingles_are_not_in_the_recording(made):
    time_map, kept, intro_s = made
    end_s = intro_s + sum(length_s for _, length_s in kept)

    assert time_map.to_recording(intro_s - 0.01) is None
    assert time_map.to_recording(end_s + 0.01) is None


def test_a_map_by_hand():
    time_map = TimeMap(
        pieces=(
            KeptPiece(recording_start_s=2.0, master_start_s=10.0, duration_s=5.0),
            KeptPiece(recording_start_s=9.0, master_start_s=15.0, duration_s=4.0),
        )
    )

    assert time_map.to_master(1.9) is None
    assert time_map.to_master(2.0) == 10.0
    assert time_map.to_master(8.0) is None
    assert time_map.to_master(10.0) == 16.0
    assert time_map.to_master(13.5) is None
    assert time_map.nearest_in_master(0.0) == 10.0
    assert time_map.nearest_in_master(8.9) == 15.0
    assert time_map.nearest_in_master(99.0) == 19.0
    assert time_map.to_recording(9.9) is None
    assert time_map.to_recording(15.5) == 9.5
    assert time_map.to_recording(19.5) is None
    assert time_map.kept_s == 9.0
