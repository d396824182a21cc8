"""Timestamps against the sound that came: gaps, overlaps, jumps."""

import pytest

from ngopi.audio.timeline import Clock, Tally

FRAME_S = 0.02


def placed(times_s):
    tally = Tally()
    clock = Clock(tally)
    return [clock.place(time_s, FRAME_S) for time_s in times_s], tally


def steady(start_s, count):
    return [start_s + n * FRAME_S for n in range(count)]


def test_steady_timestamps_need_no_silence_wherever_they_start():
    silences, tally = placed(steady(3600.0, 500))

    assert silences == [0.0] * 500
    assert tally == Tally()


def test_frames_without_timestamps_follow_each_other():
    assert placed([None] * 10) == ([0.0] * 10, Tally())


def test_rounded_and_late_timestamps_are_no_gaps():
    silences, tally = placed([0.0, 0.021, 0.09, 0.1, 0.081])

    assert silences == [0.0] * 5
    assert tally.gaps == 0


def test_a_gap_is_filled_once_with_its_length():
    silences, tally = placed(steady(0, 10) + steady(2.2, 10))

    assert silences[10] == pytest.approx(2.0)
    assert sum(silences) == pytest.approx(2.0)
    assert (tally.gaps, tally.gaps_s) == (1, pytest.approx(2.0))


def test_frames_that_were_heard_already_are_dropped():
    silences, tally = placed(steady(0, 50) + steady(0.5, 50))

    # 1.0 s came, then 0.5 to 1.5 s: half of the second run is new
    assert silences.count(None) == 25
    assert silences[-25:] == [0.0] * 25
    assert (tally.gaps, tally.jumps) == (0, 0)


@pytest.mark.parametrize("jump_s", [61.0, 1e9, -2.0, -3600.0])
def test_an_absurd_jump_loses_no_sound_and_adds_no_silence(jump_s):
    silences, tally = placed(steady(4000.0, 10) + steady(4000.2 + jump_s, 10))

    assert silences == [0.0] * 20
    assert tally.jumps == 1


def test_damage_takes_its_time():
    tally = Tally()
    clock = Clock(tally)
    clock.place(0.0, FRAME_S)

    silence_s = [clock.damage(FRAME_S) for _ in range(20)]

    assert silence_s == [FRAME_S] * 20
    assert clock.place(21 * FRAME_S, FRAME_S) == 0.0
    assert tally.damaged_frames == 20
