"""Timestamps against the sound that came: gaps, drift, jitter, jumps."""

from itertools import accumulate

import numpy as np
import pytest

from ngopi.audio.timeline import Clock, Piece, Tally

FRAME_S = 0.02


def placed(times_s, *, frame_s=FRAME_S):
    """Return the silence before each frame, and what was counted."""
    tally = Tally()
    pieces = (Piece(time_s, frame_s, number) for number, time_s in enumerate(times_s))
    before, silence_s, frames = [], 0.0, []
    for item in Clock(tally).placed(pieces):
        if isinstance(item, float):
            silence_s += item
        else:
            before.append(silence_s)
            frames.append(item)
            silence_s = 0.0
    assert frames == list(range(len(times_s)))  # no sound is ever dropped, moved or doubled
    return before, tally


def steady(start_s, count):
    return [start_s + n * FRAME_S for n in range(count)]


@pytest.mark.parametrize("start_s", [0.0, -0.0065, 0.5, 3600.0])
def test_steady_timestamps_need_no_silence_wherever_they_start(start_s):
    silences, tally = placed(steady(start_s, 500))

    assert silences == [0.0] * 500
    assert tally.treatments() == ()


def test_frames_without_timestamps_follow_each_other():
    silences, tally = placed([None] * 10)

    assert silences == [0.0] * 10
    assert tally == Tally()


def test_rounded_and_late_timestamps_are_no_gaps():
    silences, tally = placed([0.0, 0.021, 0.09, 0.1, 0.081])

    assert silences == [0.0] * 5
    assert tally.gaps == 0


@pytest.mark.parametrize("late_s", [0.15, 0.3, 0.9, 5.0])
@pytest.mark.parametrize("frames", [1, 5, 20])
def test_a_frame_that_is_late_for_once_leaves_no_gap(late_s, frames):
    times_s = steady(0, 200)
    times_s[100 : 100 + frames] = [time_s + late_s for time_s in times_s[100 : 100 + frames]]

    silences, tally = placed(times_s)

    assert silences == [0.0] * 200
    assert tally.treatments() == ()


@pytest.mark.parametrize("gap_s", [0.12, 0.5, 2.0, 59.0])
def test_a_gap_is_filled_once_with_its_length(gap_s):
    silences, tally = placed(steady(0, 10) + steady(0.2 + gap_s, 10))

    assert silences[10] == pytest.approx(gap_s)
    assert sum(silences) == pytest.approx(gap_s)
    assert (tally.gaps, tally.gaps_s) == (1, pytest.approx(gap_s))


@pytest.mark.parametrize("jump_s", [61.0, 1e9, -0.5, -2.0, -3600.0])
def test_an_absurd_jump_loses_no_sound_and_adds_no_silence(jump_s):
    silences, tally = placed(steady(4000.0, 10) + steady(4000.2 + jump_s, 10))

    assert silences == [0.0] * 20
    assert (tally.gaps, tally.jumps) == (0, 1)


@pytest.mark.parametrize("drift", [-0.02, -0.01, -0.005, -0.001, 0.001, 0.005, 0.01, 0.02, 0.08])
@pytest.mark.parametrize("frame_s", [0.0025, 0.02, 0.0853])
@pytest.mark.parametrize("jitter_s", [0.0, 0.008])
def test_a_clock_that_drifts_moves_no_sound(drift, frame_s, jitter_s):
    count = round(120 / frame_s)
    late_s = np.random.default_rng(4).uniform(0, jitter_s, count)
    times_s = np.round(np.arange(count) * frame_s * (1 + drift) + late_s, 3)

    silences, tally = placed(times_s.tolist(), frame_s=frame_s)

    assert not any(silences)
    (told,) = tally.treatments()
    assert (told.name, told.at_s) == ("drift", pytest.approx(120 * drift, rel=0.03, abs=0.01))


@pytest.mark.parametrize("frame_s", [0.0025, 0.02, 0.02322, 0.0853])
def test_milliseconds_of_rounding_and_jitter_are_not_worth_a_word(frame_s):
    count = round(600 / frame_s)
    late_s = np.random.default_rng(4).uniform(0, 0.015, count)

    silences, tally = placed(
        np.round(np.arange(count) * frame_s + late_s, 3).tolist(), frame_s=frame_s
    )

    assert not any(silences)
    assert tally.treatments() == ()


@pytest.mark.parametrize("drift", [-0.02, -0.005, 0.005, 0.02])
def test_a_gap_in_a_drifting_clock_is_filled_with_its_own_length(drift):
    steps_s = [FRAME_S * (1 + drift)] * 2000
    steps_s[1000] += 0.7
    times_s = [0.0, *accumulate(steps_s)]

    silences, tally = placed(times_s)

    assert [number for number, silence_s in enumerate(silences) if silence_s] == [1001]
    assert silences[1001] == pytest.approx(0.7, abs=0.04)
    assert (tally.gaps, tally.jumps) == (1, 0)
    assert tally.drift_s == pytest.approx(40 * drift, rel=0.1)


def test_many_gaps_in_a_row_are_each_filled():
    times_s = [time_s for part in range(30) for time_s in steady(part * 0.5, 10)]

    silences, tally = placed(times_s)

    assert (tally.gaps, tally.jumps) == (29, 0)
    assert sum(silences) == pytest.approx(29 * 0.3)


def test_damage_takes_its_time():
    tally = Tally()
    clock = Clock(tally)
    pieces = [Piece(0.0, FRAME_S, 0)]
    pieces += [Piece(None, FRAME_S, None)] * 20
    pieces += [Piece(21 * FRAME_S, FRAME_S, 1)]

    found = list(clock.placed(pieces))

    assert found == [0, *[FRAME_S] * 20, 1]
    assert clock.elapsed_s == pytest.approx(22 * FRAME_S)
    assert tally.gaps == 0


@pytest.mark.parametrize("step_s", [1 / 48000, 0.34])
def test_tiny_pieces_are_not_held_against_all_of_a_second(step_s):
    """A film or CAF may have a sample a packet: a second of those, each with each, never ends."""
    pulled = []

    def pieces():
        for number in range(20_000):
            pulled.append(number)
            yield Piece(number * step_s, 1 / 48000, number)

    next(iter(Clock(Tally()).placed(pieces())))

    assert len(pulled) < 1000
