"""EBU Tech 3341 (2016), table 1, cases 1-6 and 9-23; EBU Tech 3342 (2016), table 1, 1-4.

The signals are made as those tables describe them; cases 7 and 8 (5 and 6 of Tech 3342) are
programmes that only the EBU has.
"""

from __future__ import annotations

import numpy as np
import pytest

from ngopi.audio.loudness import LoudnessMeter

RATE_HZ = 48000
SILENT = -300.0


def tone(*parts, channels=2):
    """Return 1 kHz with parts of (peak level in dBFS, seconds)."""
    level = np.repeat(
        [10 ** (level_dbfs / 20) for level_dbfs, _ in parts],
        [round(seconds * RATE_HZ) for _, seconds in parts],
    )
    sine = np.sin(2 * np.pi * 1000 * np.arange(len(level)) / RATE_HZ) * level
    return np.repeat(sine[:, None], channels, axis=1).astype(np.float32)


def metered(sound):
    meter = LoudnessMeter(sample_rate_hz=RATE_HZ, channels=sound.shape[1])
    for start in range(0, len(sound), 10_000):
        meter.feed(sound[start : start + 10_000])
    return meter.profile()


@pytest.mark.parametrize(
    ("parts", "integrated_lufs"),
    [
        pytest.param([(-23, 20)], -23.0, id="1"),
        pytest.param([(-33, 20)], -33.0, id="2"),
        pytest.param([(-36, 10), (-23, 60), (-36, 10)], -23.0, id="3"),
        pytest.param([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0, id="4"),
        pytest.param([(-26, 20), (-20, 20.1), (-26, 20)], -23.0, id="5"),
    ],
)
def test_3341_integrated_loudness(parts, integrated_lufs):
    loudness = metered(tone(*parts)).loudness

    assert loudness.integrated_lufs == pytest.approx(integrated_lufs, abs=0.1)


@pytest.mark.parametrize(("level", "lufs"), [(-23, -23.0), (-33, -33.0)], ids=["1", "2"])
def test_3341_steady_tone_is_the_same_at_every_time_scale(level, lufs):
    profile = metered(tone((level, 20)))

    assert profile.momentary_lufs == pytest.approx(np.full(197, lufs), abs=0.1)
    assert profile.short_term_lufs == pytest.approx(np.full(171, lufs), abs=0.1)


def test_3341_case_6_five_channels():
    front, centre, back = (tone((level, 20), channels=1) for level in (-28, -24, -30))
    sound = np.concatenate([front, front, centre, back, back], axis=1)

    assert metered(sound).loudness.integrated_lufs == pytest.approx(-23.0, abs=0.1)


def test_3341_case_6_with_a_loud_lfe_that_must_not_count():
    front, centre, lfe, back = (tone((level, 20), channels=1) for level in (-28, -24, -6, -30))
    sound = np.concatenate([front, front, centre, lfe, back, back], axis=1)

    assert metered(sound).loudness.integrated_lufs == pytest.approx(-23.0, abs=0.1)


def test_3341_case_9_short_term_is_constant_over_a_pattern_of_three_seconds():
    profile = metered(tone(*[(-20, 1.34), (-30, 1.66)] * 5))

    assert profile.short_term_lufs == pytest.approx(np.full(121, -23.0), abs=0.1)


@pytest.mark.parametrize("segment", range(20))
def test_3341_case_10_short_term_maximum_wherever_the_tone_begins(segment):
    loudness = metered(tone((SILENT, segment * 0.15), (-23, 3), (SILENT, 1))).loudness

    assert loudness.short_term_max_lufs == pytest.approx(-23.0, abs=0.1)


def test_3341_case_11_short_term_maximum_follows_rising_segments():
    for segment in range(20):
        level = -38 + segment
        sound = tone((SILENT, segment * 0.15), (level, 3), (SILENT, 3 - segment * 0.15))

        assert metered(sound).loudness.short_term_max_lufs == pytest.approx(level, abs=0.1)


def test_3341_case_12_momentary_is_constant_over_a_pattern_of_400_ms():
    profile = metered(tone(*[(-20, 0.18), (-30, 0.22)] * 25))

    assert profile.momentary_lufs == pytest.approx(np.full(97, -23.0), abs=0.1)


@pytest.mark.parametrize("segment", range(20))
def test_3341_case_13_momentary_maximum_wherever_the_tone_begins(segment):
    loudness = metered(tone((SILENT, segment * 0.02), (-23, 0.4), (SILENT, 1))).loudness

    assert loudness.momentary_max_lufs == pytest.approx(-23.0, abs=0.1)


def test_3341_case_14_momentary_maximum_follows_rising_segments():
    for segment in range(20):
        level = -38 + segment
        sound = tone((SILENT, segment * 0.02), (level, 0.4), (SILENT, 0.4 - segment * 0.02))

        assert metered(sound).loudness.momentary_max_lufs == pytest.approx(level, abs=0.1)


def faded(wave):
    """Fade a wave in and out: switched on at once it would overshoot by itself."""
    ramp = np.minimum(1, np.minimum(np.arange(len(wave)), np.arange(len(wave))[::-1]) / 480)
    return np.repeat((wave * ramp)[:, None], 2, axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("divisor", "phase_degrees", "amplitude", "true_peak_dbtp"),
    [
        pytest.param(4, 0.0, 0.50, -6.0, id="15"),
        pytest.param(4, 45.0, 0.50, -6.0, id="16"),
        pytest.param(6, 60.0, 0.50, -6.0, id="17"),
        pytest.param(8, 67.5, 0.50, -6.0, id="18"),
        pytest.param(4, 45.0, 1.41, 3.0, id="19"),
    ],
)
def test_3341_true_peak_of_a_sine(divisor, phase_degrees, amplitude, true_peak_dbtp):
    phase = 2 * np.pi * np.arange(RATE_HZ) / divisor + np.radians(phase_degrees)

    measured = metered(faded(amplitude * np.sin(phase))).loudness.true_peak_dbtp

    assert true_peak_dbtp - 0.4 <= measured <= true_peak_dbtp + 0.2


@pytest.mark.parametrize("offset", range(4), ids=["20", "21", "22", "23"])
def test_3341_true_peak_of_one_loud_cycle_between_samples(offset):
    # Made at four times the rate with one peak of 1.0, then every fourth sample from *offset*.
    time = np.arange(4 * RATE_HZ) - 2 * RATE_HZ
    swell = 0.5 + 0.5 * np.exp(-((time / 96) ** 2))
    wave = swell * np.cos(2 * np.pi * time / 24)

    measured = metered(faded(wave[offset::4])).loudness.true_peak_dbtp

    assert -0.4 <= measured <= 0.2


@pytest.mark.parametrize(
    ("levels", "range_lu"),
    [
        pytest.param([-20, -30], 10, id="1"),
        pytest.param([-20, -15], 5, id="2"),
        pytest.param([-40, -20], 20, id="3"),
        pytest.param([-50, -35, -20, -35, -50], 15, id="4"),
    ],
)
def test_3342_loudness_range(levels, range_lu):
    loudness = metered(tone(*[(level, 20) for level in levels])).loudness

    assert loudness.range_lu == pytest.approx(range_lu, abs=1)
