"""EBU Tech 3341 (2016 and 2023), table 1, cases 1-6 and 9-23; EBU Tech 3342, table 1, 1-4.

The signals are made as those tables describe them; cases 7 and 8 (5 and 6 of Tech 3342) are
programmes that only the EBU has. Cases 10 and 13 are one file for each segment, 11 and 14 one
file for a meter that runs on.
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
    parts = []
    for n in range(20):
        parts += [(SILENT, n * 0.15), (-38 + n, 3), (SILENT, 3 - n * 0.15)]
    profile = metered(tone(*parts))

    # The meter runs on; at the end of each segment of 6 s it has seen windows that end by then.
    maxima = [profile.short_term_lufs[: 60 * (n + 1) - 29].max() for n in range(20)]
    assert maxima == pytest.approx(list(range(-38, -18)), abs=0.1)


def test_3341_case_12_momentary_is_constant_over_a_pattern_of_400_ms():
    profile = metered(tone(*[(-20, 0.18), (-30, 0.22)] * 25))

    assert profile.momentary_lufs == pytest.approx(np.full(97, -23.0), abs=0.1)


@pytest.mark.parametrize("segment", range(20))
def test_3341_case_13_momentary_maximum_wherever_the_tone_begins(segment):
    loudness = metered(tone((SILENT, segment * 0.02), (-23, 0.4), (SILENT, 1))).loudness

    assert loudness.momentary_max_lufs == pytest.approx(-23.0, abs=0.1)


def test_3341_case_14_momentary_maximum_follows_rising_segments():
    parts = []
    for n in range(20):
        parts += [(SILENT, n * 0.02), (-38 + n, 0.4), (SILENT, 0.4 - n * 0.02)]
        # The whole up to here again: this meter says its maximum at the end of a feed.
        loudness = metered(tone(*parts)).loudness

        assert loudness.momentary_max_lufs == pytest.approx(-38 + n, abs=0.1)


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


def cycle_between_samples(offset):
    """Return fs/6 at 0.50 with one cycle of fs/4 at 1.00 in it, of which the samples may miss
    the peaks: made at four times the rate, low-passed, then every fourth sample from *offset*.
    """
    around = 0.5 * np.sin(2 * np.pi * np.arange(24 * RATE_HZ // 12) / 24)
    cycle = np.sin(2 * np.pi * np.arange(16) / 16)
    wave = np.concatenate([around, cycle, around])
    spectrum = np.fft.rfft(wave)
    spectrum[len(spectrum) // 4 :] = 0  # half of the rate that is left
    return np.fft.irfft(spectrum, len(wave))[offset::4]


@pytest.mark.parametrize(
    ("offset", "sample_peak_dbfs"),
    [
        pytest.param(0, -0.1, id="20"),
        pytest.param(1, -0.5, id="21"),
        pytest.param(2, -2.5, id="22"),
        pytest.param(3, -0.5, id="23"),
    ],
)
def test_3341_true_peak_of_one_loud_cycle_between_samples(offset, sample_peak_dbfs):
    sound = faded(cycle_between_samples(offset))
    # As others measured in the EBU's own files: this is the same signal.
    assert 20 * np.log10(np.abs(sound).max()) == pytest.approx(sample_peak_dbfs, abs=0.1)

    assert -0.4 <= metered(sound).loudness.true_peak_dbtp <= 0.2


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
