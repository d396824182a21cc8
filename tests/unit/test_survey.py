"""A survey finds what was put in, at the level at which it was put in."""

from __future__ import annotations

import numpy as np
import pytest

from ngopi.audio.pcm import Pcm
from ngopi.audio.survey import survey
from other_meter import judge
from speech import RATE_HZ, conversation, voice

SECONDS = 30


def surveyed(sound, rate_hz=RATE_HZ):
    with Pcm.of(sound.astype(np.float32), rate_hz) as pcm:
        return survey(pcm, advance=lambda _done_s: None)


def noise(dbfs, *, seconds=SECONDS, channels=1, seed=3):
    random = np.random.default_rng(seed)
    shape = (round(seconds * RATE_HZ), channels)
    return random.standard_normal(shape) * 10 ** (dbfs / 20)


def hum(mains_hz, *, seconds=SECONDS, harmonics=(1, 2, 3), rate_hz=RATE_HZ):
    """Return harmonics with an RMS of -43 dBFS each."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    peak = 10 ** (-40 / 20)
    waves = [peak * np.sin(2 * np.pi * mains_hz * n * time_s + n) for n in harmonics]
    return sum(waves)[:, None]


def test_offset_is_found_exactly():
    sound = voice(SECONDS, channels=2).astype(np.float64)
    sound -= sound.mean(axis=0)

    left, right = surveyed(sound + np.array([0.02, -0.003])).channels

    assert left.dc == pytest.approx(0.02, abs=1e-6)
    assert right.dc == pytest.approx(-0.003, abs=1e-6)


def test_floor_is_the_loudness_of_the_noise_alone():
    added = noise(-55)
    sound = voice(SECONDS) + added

    channel = surveyed(sound).channels[0]

    assert channel.steady
    assert channel.floor_lufs == pytest.approx(judge(added, RATE_HZ).integrated_lufs, abs=1)


def test_programme_is_what_another_meter_says():
    sound = conversation([-20, -26], duration_s=SECONDS, channels=1)

    channel = surveyed(sound).channels[0]

    assert channel.programme_lufs == pytest.approx(judge(sound, RATE_HZ).integrated_lufs, abs=1)


def test_words_alone_are_not_taken_for_noise():
    assert not surveyed(voice(SECONDS)).channels[0].steady


def test_silence_between_words_is_not_taken_for_noise():
    sound = voice(SECONDS)
    sound[RATE_HZ : 10 * RATE_HZ] = 0

    assert not surveyed(sound).channels[0].steady


@pytest.mark.parametrize("mains_hz", [50, 60])
@pytest.mark.parametrize("rate_hz", [44100, 48000])
def test_hum_is_found_with_its_level(mains_hz, rate_hz):
    sound = voice(SECONDS, rate_hz=rate_hz) + hum(mains_hz, rate_hz=rate_hz)

    found = surveyed(sound, rate_hz).channels[0].hum

    assert found.mains_hz == mains_hz
    assert found.harmonics[:3] == (1, 2, 3)
    # Three times -43 dBFS are -38.2.
    assert found.level_dbfs == pytest.approx(-38.2, abs=1.5)


@pytest.mark.parametrize("pitch_hz", [50.0, 60.0, 100.0, 120.0, 150.0])
def test_a_voice_at_a_multiple_of_the_mains_is_no_hum(pitch_hz):
    sound = voice(SECONDS, pitch_hz=pitch_hz) + noise(-70)

    assert surveyed(sound).channels[0].hum is None


def test_rumble_is_told_from_voices():
    random = np.random.default_rng(4)
    frames = SECONDS * RATE_HZ
    spectrum = np.zeros(frames // 2 + 1, complex)
    low = slice(10 * SECONDS, 40 * SECONDS)  # 10 to 40 Hz
    spectrum[low] = random.standard_normal(30 * SECONDS)
    rumble = np.fft.irfft(spectrum, frames)[:, None]
    words = voice(SECONDS)
    rumble *= np.sqrt(np.mean(words**2) / np.mean(rumble**2))  # 0 dB against the voices

    assert surveyed(words).channels[0].rumble_db < -40
    assert surveyed(words + rumble).channels[0].rumble_db == pytest.approx(0, abs=1.5)


def test_clipped_samples_are_counted():
    sound = noise(-30)
    # Seven runs of five, wherever chunks may end, and pairs that are no run.
    for start in (40000, 32766, 65533, 98303, 200000, 300000, 400000):
        sound[start : start + 5] = 0.9
    sound[500000:500002] = 0.9

    channel = surveyed(sound).channels[0]

    assert channel.clipped == 35
    assert channel.clipped_at == 32766


def test_both_signs_are_counted_as_clipped():
    sound = noise(-30)
    sound[1000:1010] = 0.5
    sound[5000:5004] = -0.7

    channel = surveyed(sound).channels[0]

    assert (channel.clipped, channel.clipped_at) == (14, 1000)


def test_flat_tops_of_16_bit_steps_are_not_clipped():
    time_s = np.arange(SECONDS * RATE_HZ) / RATE_HZ
    sound = np.rint(6553 * np.sin(2 * np.pi * 83 * time_s))[:, None] / 32768

    assert surveyed(sound).channels[0].clipped == 0


def test_difference_and_sum_of_the_channels():
    left = np.zeros((RATE_HZ, 1))
    left[1000], left[2000] = 0.5, -0.25
    right = left * 0.9

    found = surveyed(np.hstack([left, right]))

    assert found.difference_db == pytest.approx(-20, abs=0.01)  # 0.05 against 0.5
    assert found.sum_db == pytest.approx(5.58, abs=0.01)  # 0.95 against 0.5


def test_silence_has_no_figures_to_act_on():
    left, right = surveyed(np.zeros((RATE_HZ, 2))).channels

    assert left.programme_lufs == right.programme_lufs == -np.inf
    assert left.floor_lufs == -np.inf
    assert left.hum is None
    assert left.clipped == 0


@pytest.mark.parametrize("frames", [1, 100, 16383, 16385])
def test_a_recording_shorter_than_a_window_is_surveyed(frames):
    sound = voice(1)[:frames]

    assert surveyed(sound).frames == frames


def test_progress_adds_up_to_the_length():
    done_s = []
    with Pcm.of(voice(3.5), RATE_HZ) as pcm:
        survey(pcm, advance=done_s.append)

    assert sum(done_s) == pytest.approx(3.5)
