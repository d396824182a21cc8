"""What was added to clean speech goes, and the speech stays, as arithmetic and libebur128 say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import numpy as np
import pytest

from ngopi.audio.cleanup import CleanupPlan, cleaned, plan_cleanup
from ngopi.audio.pcm import Pcm
from ngopi.audio.survey import survey
from ngopi.audio.treatment import sentence
from ngopi.model import AudioSettings
from other_meter import judge
from speech import RATE_HZ, voice

SECONDS = 24


def noise(dbfs, *, channels=1, rate_hz=RATE_HZ, seed=5):
    random = np.random.default_rng(seed)
    shape = (SECONDS * rate_hz, channels)
    return (random.standard_normal(shape) * 10 ** (dbfs / 20)).astype(np.float32)


def band_noise(dbfs, low_hz, high_hz, *, rate_hz=RATE_HZ):
    frames = SECONDS * rate_hz
    spectrum = np.fft.rfft(noise(0, rate_hz=rate_hz)[:, 0])
    hz = np.fft.rfftfreq(frames, 1 / rate_hz)
    spectrum[(hz < low_hz) | (hz > high_hz)] = 0
    sound = np.fft.irfft(spectrum, frames)
    return (sound * 10 ** (dbfs / 20) / sound.std()).astype(np.float32)[:, None]


def hum(mains_hz, *, peak_dbfs=-40, drift_hz=0.0, rate_hz=RATE_HZ):
    """Return hum whose frequency wanders by *drift_hz* up and down."""
    time_s = np.arange(SECONDS * rate_hz) / rate_hz
    turns = np.cumsum(mains_hz + drift_hz * np.sin(2 * np.pi * time_s / 40)) / rate_hz
    waves = [np.sin(2 * np.pi * n * turns + n) / n for n in (1, 2, 3, 5)]
    return (10 ** (peak_dbfs / 20) * sum(waves)).astype(np.float32)[:, None]


def speech(rate_hz=RATE_HZ, pitch_hz=120.0):
    return voice(SECONDS, rate_hz=rate_hz, pitch_hz=pitch_hz) + noise(-75, rate_hz=rate_hz)


def planned(sound, rate_hz=RATE_HZ, **settings):
    with Pcm.of(sound, rate_hz) as pcm:
        found = survey(pcm, advance=lambda _done_s: None)
        return plan_cleanup(found, AudioSettings(**settings))


def applied(sound, plan, rate_hz=RATE_HZ):
    with Pcm.of(sound, rate_hz) as pcm:
        return cleaned(pcm, plan).read(0, pcm.frames)


def names(plan):
    return [treatment.name for treatment in plan.treatments]


def level_db(sound, low_hz=0.0, high_hz=1e9, rate_hz=RATE_HZ):
    """Return the power of a band in dB."""
    power = np.abs(np.fft.rfft(sound[:, 0].astype(np.float64))) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / rate_hz)
    return 10 * np.log10(power[(hz >= low_hz) & (hz < high_hz)].sum() / len(sound) ** 2)


THIRDS_HZ = 200 * 2 ** (np.arange(16) / 3)  # to 6.4 kHz, the last third ends at 8 kHz


def changed_db(after, before, rate_hz=RATE_HZ):
    """Return by how much the thirds of an octave from 200 Hz to 8 kHz differ at most."""
    edges = [(low, low * 2 ** (1 / 3)) for low in THIRDS_HZ]
    return max(
        abs(level_db(after, *edge, rate_hz) - level_db(before, *edge, rate_hz)) for edge in edges
    )


def pauses(sound):
    """Return the frames where `voice` is silent, tails excluded."""
    silent = np.abs(voice(SECONDS)[:, 0]) == 0
    quarter = RATE_HZ // 4
    whole = silent.reshape(-1, quarter).mean(axis=1) > 0.99
    keep = np.repeat(whole, quarter).reshape(-1, quarter)
    keep[:, : quarter // 4] = keep[:, -quarter // 4 :] = False
    return sound[keep.ravel()]


@pytest.mark.parametrize("rate_hz", [44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_clean_recording_is_not_touched(rate_hz, channels):
    sound = np.repeat(speech(rate_hz), channels, axis=1)
    with Pcm.of(sound, rate_hz) as pcm:
        plan = plan_cleanup(survey(pcm, advance=lambda _done_s: None), AudioSettings())

        assert plan == CleanupPlan()
        assert cleaned(pcm, plan) is pcm


def test_silence_is_not_touched():
    assert planned(np.zeros((RATE_HZ, 2), np.float32)) == CleanupPlan()


@pytest.mark.parametrize("rate_hz", [44100, 48000])
def test_rumble_goes_and_voices_stay(rate_hz):
    words = speech(rate_hz)
    sound = words + band_noise(-30, 10, 40, rate_hz=rate_hz)

    plan = planned(sound, rate_hz)
    after = applied(sound, plan, rate_hz)

    assert names(plan) == ["high-pass"]
    assert level_db(after, 0, 30, rate_hz) < level_db(sound, 0, 30, rate_hz) - 24
    assert changed_db(after, words, rate_hz) <= 0.5


def test_offset_goes_without_a_click_at_the_ends():
    words = speech()
    sound = words + np.float32(0.02)

    plan = planned(sound)
    after = applied(sound, plan)

    assert names(plan) == ["dc"]
    assert plan.treatments[0].db == pytest.approx(-34, abs=0.1)  # 0.02
    np.testing.assert_allclose(after, words - words.mean(), atol=1e-5)


@pytest.mark.parametrize("mains_hz", [50, 60])
@pytest.mark.parametrize("rate_hz", [44100, 48000])
def test_hum_goes_and_voices_stay(mains_hz, rate_hz):
    words, added = speech(rate_hz), hum(mains_hz, rate_hz=rate_hz)
    sound = words + added

    plan = planned(sound, rate_hz)
    after = applied(sound, plan, rate_hz)

    assert names(plan) == ["hum"]
    assert plan.treatments[0].hz == mains_hz
    assert level_db(after - words) <= level_db(added) - 20
    assert changed_db(after, words, rate_hz) <= 0.5


def test_hum_is_followed_when_the_mains_drift():
    words, added = speech(), hum(50, drift_hz=0.04)
    sound = words + added

    after = applied(sound, planned(sound))

    assert level_db(after - words) <= level_db(added) - 20


def test_a_voice_at_the_frequency_of_the_hum_is_kept():
    words, added = speech(pitch_hz=100.0), hum(50)

    after = applied(words + added, planned(words + added))

    # A notch would leave the difference of the voice itself there: -25 dBFS and not -60.
    assert level_db(after - words, 90, 110) <= level_db(words, 90, 110) - 40


def test_noise_is_lowered_by_what_is_stated():
    sound = voice(SECONDS) + noise(-55)

    plan = planned(sound)
    after = applied(sound, plan)

    assert names(plan) == ["noise"]
    stated_db = plan.treatments[0].db
    assert 6 <= stated_db <= 12
    lowered_db = level_db(pauses(sound), 200) - level_db(pauses(after), 200)
    assert lowered_db == pytest.approx(stated_db, abs=2)


def test_words_come_out_of_the_noise_nearer_to_what_was_said():
    words = voice(SECONDS)
    sound = words + noise(-50)

    after = applied(sound, planned(sound))

    assert level_db(after - words) < level_db(sound - words) - 3


def test_a_little_noise_is_lowered_less_than_much():
    little, much = (planned(voice(SECONDS) + noise(dbfs)) for dbfs in (-62, -50))

    assert little.reduction_db < much.reduction_db == 12


def test_noise_that_cannot_be_heard_stays():
    assert names(planned(voice(SECONDS) + noise(-70))) == []


def test_noise_as_loud_as_the_programme_is_the_programme():
    assert "noise" not in names(planned(noise(-30)))


@pytest.mark.parametrize(
    "dirt",
    [band_noise(-30, 10, 40), np.float32(0.02), hum(50), noise(-52)],
    ids=["rumble", "offset", "hum", "noise"],
)
def test_no_step_changes_the_loudness_of_clean_speech(dirt):
    words = speech()
    plan = planned(words + dirt)
    assert plan.treatments

    after = applied(words + dirt, plan)

    clean = judge(words, RATE_HZ).integrated_lufs
    assert judge(after, RATE_HZ).integrated_lufs == pytest.approx(clean, abs=0.1)


def test_clipping_is_told_and_not_repaired():
    sound = np.clip(4 * voice(SECONDS), -0.5, 0.5)

    plan = planned(sound)

    assert names(plan) == ["clipped"]
    runs = [len(list(run)) for value, run in groupby(sound[:, 0]) if abs(value) == 0.5]
    assert plan.treatments[0].count == sum(run for run in runs if run >= 3)
    assert plan.treatments[0].at_s == pytest.approx(np.abs(sound[:, 0]).argmax() / RATE_HZ)
    assert "Nothing was repaired" in sentence(plan.treatments[0])


@pytest.fixture(scope="module")
def dirty():
    sound = voice(SECONDS, channels=2) + noise(-55, channels=2) + hum(50)
    return sound + band_noise(-30, 10, 40) + np.float32(0.02)


@pytest.fixture(scope="module")
def dirty_plan(dirty):
    return planned(dirty)


@pytest.mark.parametrize(
    ("switch", "gone"),
    [
        ("remove_rumble", {"dc", "high-pass"}),
        ("remove_hum", {"hum"}),
        ("reduce_noise", {"noise"}),
    ],
)
def test_each_step_can_be_switched_off(dirty, dirty_plan, switch, gone):
    left = names(planned(dirty, **{switch: False}))

    assert names(dirty_plan) == ["dc", "high-pass", "hum", "noise"]
    assert set(names(dirty_plan)) - set(left) == gone


@pytest.mark.parametrize("frames", [997, 32768, 5 * RATE_HZ])
def test_any_stretch_comes_out_the_same(dirty, dirty_plan, frames):
    with Pcm.of(dirty, RATE_HZ) as pcm, ThreadPoolExecutor(4) as threads:
        heard = cleaned(pcm, dirty_plan)
        whole = heard.read(0, heard.frames)
        starts = range(3, heard.frames, max(frames, heard.frames // 40))

        pieces = threads.map(lambda start: heard.read(start, start + frames), starts)

        for start, piece in zip(starts, pieces, strict=True):
            expected = whole[start : start + frames]
            np.testing.assert_allclose(piece[: len(expected)], expected, atol=1e-6)
            assert not piece[len(expected) :].any()


def test_there_is_silence_outside_of_the_recording(dirty, dirty_plan):
    with Pcm.of(dirty, RATE_HZ) as pcm:
        heard = cleaned(pcm, dirty_plan)

        assert not heard.read(-500, 0).any()
        assert not heard.read(heard.frames, heard.frames + 500).any()
        assert heard.read(-500, 500)[500:].any()
        assert heard.read(5, 5).shape == (0, 2)
        assert heard.read(0, 1000).dtype == np.float32


def test_every_fact_has_a_sentence(dirty_plan):
    sentences = [sentence(treatment) for treatment in dirty_plan.treatments]

    assert sentences[0] == "A constant offset was taken out (-34 dBFS)."
    assert sentences[1].startswith("Rumble below 70 Hz was taken out (")
    assert sentences[2].startswith("Mains hum of 50 Hz was taken out (it stood ")
    assert sentences[3].startswith("Steady background noise was lowered by ")
