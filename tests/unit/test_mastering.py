"""Gain, limiter and rendering, judged by libebur128 and by arithmetic."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ngopi.audio.limiter import edge_gains_db
from ngopi.audio.mastering import plan_master, render
from ngopi.audio.pcm import Pcm
from ngopi.errors import NotReachableError, SilentRecordingError, TooQuietRecordingError
from ngopi.model import AudioSettings
from other_meter import judge
from speech import conversation, voice

RATE_HZ = 48000


def ignore(_done_s):
    pass


def samples(segment):
    return np.frombuffer(segment.raw_data, np.int16).reshape(-1, segment.channels)


def rendered(sound, settings=None):
    """Return the plan for *sound* and the master as float32, -1..1."""
    with Pcm.of(sound, RATE_HZ) as pcm:
        plan = plan_master(pcm, settings or AudioSettings(), advance=ignore)
        return plan, samples(render(pcm, plan, 0, pcm.frames)).astype(np.float32) / 32768


def hot(*, channels):
    """Return a voice with 20 dB between its peaks and its loudness, before any limiter."""
    sound = voice(12, rms_dbfs=-30, channels=channels)
    knocks = np.zeros_like(sound)
    knocks[12_000::24_000] = 0.9
    knocks[12_003::24_000] = -0.7
    return sound + knocks


@pytest.mark.parametrize(
    ("channels", "target_lufs"),
    [pytest.param(1, -19.0, id="mono"), pytest.param(2, -16.0, id="stereo")],
)
@pytest.mark.parametrize("level_dbfs", [-45, -30, -12])
def test_default_target_is_met_under_the_ceiling(channels, target_lufs, level_dbfs):
    plan, sound = rendered(voice(10, rms_dbfs=level_dbfs, channels=channels))

    judged = judge(sound, RATE_HZ)
    assert plan.target_lufs == target_lufs
    assert judged.integrated_lufs == pytest.approx(target_lufs, abs=0.05)
    assert judged.true_peak_dbtp <= plan.limit_dbtp + 0.03


@pytest.mark.parametrize("channels", [1, 2])
def test_what_the_limiter_takes_is_made_up_for(channels):
    plan, sound = rendered(hot(channels=channels))

    judged = judge(sound, RATE_HZ)
    unlimited_db = plan.target_lufs - plan.before.integrated_lufs
    assert plan.gain_db > unlimited_db + 0.2  # otherwise nothing is tested here
    assert judged.integrated_lufs == pytest.approx(plan.target_lufs, abs=0.1)
    assert judged.true_peak_dbtp <= plan.limit_dbtp + 0.03


def test_settings_choose_target_ceiling_and_bit_rate():
    settings = AudioSettings(target_lufs=-20.0, true_peak_dbtp=-3.0, bitrate_kbps=192)

    plan, sound = rendered(hot(channels=2), settings)

    judged = judge(sound, RATE_HZ)
    assert plan.bitrate_kbps == 192
    assert judged.integrated_lufs == pytest.approx(-20.0, abs=0.1)
    assert judged.true_peak_dbtp <= -3.0


def test_loud_and_quiet_channel_are_turned_down_together():
    sound = hot(channels=2) * np.array([1.0, 0.5], np.float32)

    _, master = rendered(sound)

    audible = np.abs(sound[:, 1]) > 0.01
    ratio = master[audible, 0] / master[audible, 1]
    assert ratio == pytest.approx(np.full(len(ratio), 2.0), abs=0.02)


def test_sound_below_the_ceiling_is_only_scaled():
    sound = voice(8, rms_dbfs=-12, channels=2)

    plan, master = rendered(sound)

    assert np.abs(master - sound * 10 ** (plan.gain_db / 20)).max() <= 0.51 / 32768


@pytest.mark.parametrize("piece", [1000, 1152 * 7, 100_003])
def test_any_cutting_renders_the_same_samples(piece):
    with Pcm.of(hot(channels=2)[: 7 * RATE_HZ], RATE_HZ) as pcm:
        plan = plan_master(pcm, AudioSettings(), advance=ignore)
        whole = samples(render(pcm, plan, -5000, pcm.frames + 5000))
        cuts = [*range(-5000, pcm.frames + 5000, piece), pcm.frames + 5000]
        pieces = [samples(render(pcm, plan, *cut)) for cut in itertools.pairwise(cuts)]

    assert np.array_equal(np.concatenate(pieces), whole)
    assert not whole[:5000].any()
    assert not whole[-5000:].any()


def test_two_plans_of_one_recording_are_equal():
    """Threads share the work; nothing may depend on which one is first."""
    plans = [rendered(hot(channels=2))[0] for _ in range(2)]

    assert plans[0].gain_db == plans[1].gain_db
    assert np.array_equal(plans[0].peaks, plans[1].peaks)


def test_a_window_is_16_bit_sound_of_the_recordings_rate():
    with Pcm.of(voice(4, rate_hz=44100), 44100) as pcm:
        plan = plan_master(pcm, AudioSettings(), advance=ignore)
        segment = render(pcm, plan, 100, 1100)

    assert (segment.frame_rate, segment.channels, segment.sample_width) == (44100, 1, 2)
    assert segment.frame_count() == 1000


def test_limiter_leaves_no_peak_above_the_headroom_and_does_not_pump():
    peaks = np.full(4000, 0.1, np.float32)
    peaks[2000] = 1.0

    edges_db = edge_gains_db(peaks, 0, 4000, highest=1.0, headroom_db=-6.0, sample_rate_hz=RATE_HZ)

    assert edges_db[2000:2002] == pytest.approx([-6.0, -6.0], abs=0.0011)
    # 6 dB in 8 ms before it and in 100 ms after it (75 blocks), nothing beyond.
    assert not edges_db[:1993].any()
    assert not edges_db[2078:].any()
    assert np.all(np.diff(edges_db)[2001:] >= 0)
    # From one block (64 samples) to the next, and never faster: a jump would be heard.
    assert np.diff(edges_db).min() == pytest.approx(-1.0, abs=0.002)
    assert np.diff(edges_db).max() == pytest.approx(0.08, abs=0.002)


def test_limiter_does_not_depend_on_the_stretch():
    peaks = np.random.default_rng(3).exponential(0.3, 5000).astype(np.float32)
    facts = {"highest": peaks.max(), "headroom_db": -20.0, "sample_rate_hz": RATE_HZ}
    whole = edge_gains_db(peaks, 0, 5000, **facts)

    for first, last in [(0, 10), (4321, 4987), (2500, 2501), (4000, 5000)]:
        part = edge_gains_db(peaks, first, last, **facts)

        assert np.array_equal(part, whole[first : last + 1])


def test_silence_is_an_error():
    with pytest.raises(SilentRecordingError):
        rendered(np.zeros((RATE_HZ * 3, 2), np.float32))


def test_noise_of_an_open_input_is_too_quiet():
    noise = np.random.default_rng(1).standard_normal((RATE_HZ * 3, 1)).astype(np.float32)

    with pytest.raises(TooQuietRecordingError, match=r"-6\d\.\d LUFS"):
        rendered(noise * 10 ** (-68 / 20))


def test_clicks_alone_cannot_become_loud():
    clicks = np.zeros((RATE_HZ * 6, 2), np.float32)
    clicks[::RATE_HZ] = 0.9

    with pytest.raises((NotReachableError, TooQuietRecordingError)):
        rendered(clicks)


def test_a_hum_below_hearing_cannot_become_loud():
    time_s = np.arange(RATE_HZ * 6) / RATE_HZ
    hum = 0.5 * np.sin(2 * np.pi * 16 * time_s).astype(np.float32)[:, None]

    with pytest.raises(NotReachableError):
        rendered(hum, AudioSettings(target_lufs=-16.0))


def test_speakers_of_very_different_level_still_meet_the_target():
    plan, sound = rendered(conversation([-20.0, -38.0], duration_s=24))

    judged = judge(sound, RATE_HZ)
    assert judged.integrated_lufs == pytest.approx(-16.0, abs=0.1)
    assert judged.true_peak_dbtp <= plan.limit_dbtp + 0.03


@pytest.mark.parametrize("frames", [RATE_HZ * 9 + extra for extra in (0, 1, 63, 64, 4799, 4800)])
def test_every_length_can_be_solved(frames):
    """The last block of samples may reach beyond the last 100 ms that the meter counts."""
    sound = np.tile(voice(10, rms_dbfs=-12, channels=1), (1, 1))[:frames]
    with Pcm.of(sound, RATE_HZ) as pcm:
        plan = plan_master(pcm, AudioSettings(), advance=lambda _: None)

    assert plan.target_lufs == -19.0
