"""The leveller inside the mastering: real speech, and every figure judged by libebur128."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest

from dialogue import Dialogue
from ngopi.audio.mastering import plan_master, render
from ngopi.audio.pcm import Pcm
from ngopi.model import AudioSettings
from other_meter import decoded, judge
from speech import RATE_HZ, conversation

# Who speaks when in the demo recording, host and guest in turn, in seconds; found by ear.
DEMO_TURNS_S = [(0.5, 6.0), (6.4, 11.4), (11.7, 14.8), (15.2, 27.3), (27.6, 29.5), (29.9, 37.2)]
DEMO_TURNS_S += [(37.6, 44.0)]


def ignore(_done_s):
    pass


def mastered(sound, settings=None):
    """Return the plan for *sound* and the master as float32, -1..1."""
    with Pcm.of(sound, RATE_HZ) as pcm:
        plan = plan_master(pcm, settings or AudioSettings(), advance=ignore)
        raw = render(pcm, plan, 0, pcm.frames).raw_data
    return plan, np.frombuffer(raw, np.int16).reshape(sound.shape).astype(np.float32) / 32768


@pytest.fixture(scope="module")
def demo():
    """The recording that comes with ngopi: two voices, 11 dB apart."""
    sound, rate_hz = decoded(files("ngopi") / "data" / "obrolan.m4a")
    assert rate_hz == RATE_HZ
    return np.ascontiguousarray(sound)


def loudness_of(sound, turns_s):
    cuts = [(round(start * RATE_HZ), round(stop * RATE_HZ)) for start, stop in turns_s]
    return [judge(sound[start:stop], RATE_HZ).integrated_lufs for start, stop in cuts]


def test_both_voices_of_the_demo_come_to_one_loudness(demo):
    plan, sound = mastered(demo)

    before, after = loudness_of(demo, DEMO_TURNS_S), loudness_of(sound, DEMO_TURNS_S)
    assert max(before) - min(before) > 10
    assert max(after) - min(after) <= 1.0
    assert judge(sound, RATE_HZ).integrated_lufs == pytest.approx(-16.0, abs=0.1)
    assert judge(sound, RATE_HZ).true_peak_dbtp <= plan.limit_dbtp + 0.03


def test_turns_of_the_plan_are_what_the_master_has(demo):
    plan, sound = mastered(demo)

    spans = [(turn.start_s, turn.stop_s) for turn in plan.turns]
    assert [turn.after_lufs for turn in plan.turns] == pytest.approx(
        loudness_of(sound, spans), abs=0.5
    )
    assert [turn.before_lufs for turn in plan.turns] == pytest.approx(
        loudness_of(demo, spans), abs=0.5
    )


def test_without_leveller_one_gain_is_all(demo):
    # So low a target leaves the limiter nothing to do.
    settings = AudioSettings(leveller=False, target_lufs=-30.0)

    plan, sound = mastered(demo, settings)

    before, after = (loudness_of(part, DEMO_TURNS_S) for part in (demo, sound))
    assert plan.turns == ()
    assert max(after) - min(after) == pytest.approx(max(before) - min(before), abs=0.1)


@pytest.mark.parametrize("channels", [1, 2])
def test_target_and_ceiling_hold_with_turns_and_knocks(channels):
    """The limiter sees peaks as the leveller leaves them."""
    sound = Dialogue.of_turns([(5, -24), (5, -36)] * 3).sound
    sound[RATE_HZ // 2 :: 2 * RATE_HZ] = 0.5
    sound = np.repeat(sound, channels, axis=1)

    plan, master = mastered(sound)

    judged = judge(master, RATE_HZ)
    assert judged.integrated_lufs == pytest.approx(plan.target_lufs, abs=0.1)
    assert judged.true_peak_dbtp <= plan.limit_dbtp + 0.03
    assert plan.levelling.curve.highest_db > 5  # otherwise nothing is tested here


@pytest.mark.parametrize("piece", [1152 * 9, 100_003])
def test_any_cutting_renders_the_same_samples(piece):
    sound = conversation([-20.0, -32.0], duration_s=18, channels=1)
    with Pcm.of(sound, RATE_HZ) as pcm:
        plan = plan_master(pcm, AudioSettings(), advance=ignore)
        whole = render(pcm, plan, 0, pcm.frames).raw_data
        pieces = [
            render(pcm, plan, start, min(start + piece, pcm.frames)).raw_data
            for start in range(0, pcm.frames, piece)
        ]

    assert not plan.levelling.curve.is_flat
    assert b"".join(pieces) == whole
