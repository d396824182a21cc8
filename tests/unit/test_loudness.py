"""The meter agrees with libebur128, and does not care how it is fed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ngopi.audio.loudness import LoudnessMeter, measure
from ngopi.audio.pcm import Pcm
from other_meter import judge
from speech import conversation, voice


def metered(sound, rate_hz, *, piece=None):
    meter = LoudnessMeter(sample_rate_hz=rate_hz, channels=sound.shape[1])
    piece = piece or len(sound)
    for start in range(0, len(sound), piece):
        meter.feed(sound[start : start + piece])
    return meter.result()


def noise(rate_hz, *, channels, colour, seconds=6.3):
    """Return noise in steps of level; *colour* 1 leans to the bass as voices do."""
    random = np.random.default_rng(rate_hz + channels)
    frames = int(seconds * rate_hz)
    spectrum = np.fft.rfft(random.standard_normal((frames, channels)), axis=0)
    spectrum /= np.maximum(1, np.arange(len(spectrum)))[:, None] ** (colour / 2)
    sound = np.fft.irfft(spectrum, frames, axis=0)
    steps = np.repeat(10 ** random.uniform(-2, 0, frames // rate_hz * 4 + 8), rate_hz // 4)
    sound *= steps[:frames, None]
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)


@pytest.mark.parametrize("colour", [0, 1])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    "rate_hz", [8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 192000]
)
def test_integrated_loudness_of_noise_agrees_with_libebur128(rate_hz, channels, colour):
    sound = noise(rate_hz, channels=channels, colour=colour)

    measured = metered(sound, rate_hz).integrated_lufs

    assert measured == pytest.approx(judge(sound, rate_hz).integrated_lufs, abs=0.001)


@pytest.mark.parametrize("channels", [3, 4, 5, 6])
def test_surround_agrees_with_libebur128(channels):
    sound = noise(48000, channels=channels, colour=1)

    measured = metered(sound, 48000).integrated_lufs

    assert measured == pytest.approx(judge(sound, 48000).integrated_lufs, abs=0.001)


@pytest.mark.parametrize("rate_hz", [8000, 44100, 48000, 96000])
def test_speech_agrees_with_libebur128_in_every_figure(rate_hz):
    sound = conversation([-20.0, -26.0, -32.0], duration_s=18, rate_hz=rate_hz)

    measured, judged = metered(sound, rate_hz), judge(sound, rate_hz)

    assert measured.integrated_lufs == pytest.approx(judged.integrated_lufs, abs=0.001)
    # libebur128 takes a short-term value each second, this meter ten.
    assert measured.range_lu == pytest.approx(judged.range_lu, abs=1.0)
    # Twice its oversampling sees up to half a decibel more, and no less.
    assert -0.05 <= measured.true_peak_dbtp - judged.true_peak_dbtp <= 0.6


def test_a_constant_offset_is_not_heard():
    """Cheap sound cards add one; at each window's start it must not be taken for a step."""
    sound = voice(10, rms_dbfs=-40, channels=2)
    # Faded in: libebur128 starts from silence as well, but shows the step in its first block.
    shifted = sound + 0.3 * np.minimum(1, np.arange(len(sound)) / 48000)[:, None]

    measured = metered(shifted.astype(np.float32), 48000).integrated_lufs

    assert measured == pytest.approx(judge(sound, 48000).integrated_lufs, abs=0.01)


@pytest.mark.parametrize("piece", [1, 63, 4800, 100_000])
def test_pieces_of_any_size_measure_the_same(piece):
    sound = voice(0.7 if piece == 1 else 9.03, channels=2)

    assert metered(sound, 48000, piece=piece) == metered(sound, 48000)


@pytest.mark.parametrize(
    ("rate_hz", "seconds"),
    [(48000, 11.0), (44100, 11.0), (44100, 3.2), (48000, 2.0005), (48000, 0.3)],
)
def test_measuring_at_random_access_is_the_same_as_streaming(rate_hz, seconds):
    sound = voice(seconds, rate_hz=rate_hz, channels=2)
    done_s = []

    with Pcm.of(sound, rate_hz) as pcm:
        profile = measure(pcm, advance=done_s.append)

    assert profile.loudness == metered(sound, rate_hz)
    assert len(profile.block_peaks) == math.ceil(len(sound) / 64)
    assert sum(done_s) == pytest.approx(seconds, abs=0.001)


def test_block_peaks_are_bounds_a_little_above_the_largest_sample_of_64_frames():
    """So that few blocks must be oversampled; the L1 norm of the interpolator alone is 7.2 dB."""
    sound = voice(3.01, channels=2)

    with Pcm.of(sound, 48000) as pcm:
        peaks = measure(pcm, advance=lambda _: None).block_peaks

    largest = np.array([np.abs(sound[start : start + 64]).max() for start in range(0, 144480, 64)])
    heard = largest > 0
    assert (peaks >= largest).all()
    assert np.median(20 * np.log10(peaks[heard] / largest[heard])) < 3


@pytest.mark.parametrize("frames", [0, 100, 48000])
def test_digital_silence_has_no_loudness_and_no_peak(frames):
    loudness = metered(np.zeros((frames, 2), np.float32), 48000, piece=1000)

    assert loudness.integrated_lufs == -math.inf
    assert loudness.true_peak_dbtp == -math.inf
    assert loudness.range_lu == 0.0


def test_sound_below_the_absolute_gate_has_no_integrated_loudness():
    loudness = metered(voice(5, rms_dbfs=-85, channels=2), 48000)

    assert loudness.integrated_lufs == -math.inf
    assert -100 < loudness.short_term_max_lufs < -80


def test_a_peak_in_the_very_last_sample_counts():
    sound = np.zeros((48000 * 2 + 63, 1), np.float32)
    sound[-1] = 0.5

    assert metered(sound, 48000).true_peak_dbtp == pytest.approx(20 * math.log10(0.5), abs=0.05)


@pytest.mark.parametrize("seed", range(4))
def test_true_peak_is_that_of_an_ideal_interpolation(seed):
    """A Fourier transform interpolates a periodic wave exactly; 64 points between two samples."""
    random = np.random.default_rng(seed)
    frames = 4096
    spectrum = np.zeros(frames // 2 + 1, complex)
    heard = slice(10, int(frames * 18_000 / 48_000))
    spectrum[heard] = random.standard_normal(spectrum[heard].size) * np.exp(
        2j * np.pi * random.random(spectrum[heard].size)
    )
    period = np.fft.irfft(spectrum)
    exact = np.abs(np.fft.irfft(spectrum, frames * 64) * 64).max() / np.abs(period).max()
    # Faded in over one period, so that the beginning does not overshoot by itself.
    ramp = np.minimum(1, np.arange(3 * frames) / frames) * np.minimum(
        1, np.arange(3 * frames)[::-1] / frames
    )
    sound = (np.tile(period, 3) / np.abs(period).max() * ramp)[:, None].astype(np.float32)

    measured = metered(sound, 48000).true_peak_dbtp

    assert measured == pytest.approx(20 * math.log10(exact), abs=0.1)
