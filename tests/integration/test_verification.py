"""What is delivered was heard and is right, whatever the encoder did to it."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest

from failpoints import at_call
from ngopi.audio.delivery import deliver
from ngopi.audio.recording import probe
from ngopi.errors import MasterIncompleteError, NotReachableError, TooHighSoundError
from ngopi.model import AudioSettings, Source
from other_meter import decoded, judge
from speech import RATE_HZ, tone, write_wav


class Unseen:
    """Progress that nobody looks at."""

    @contextmanager
    def step(self, _label, _total, *, unit=None):
        del unit
        yield float


def delivered(sound, folder, **settings):
    wav = write_wav(folder / "recording.wav", sound)
    return deliver(
        Source.of(probe(wav)),
        folder / "out.mp3",
        settings=AudioSettings(channels=sound.shape[1], **settings),
        progress=Unseen(),
    )


def vowels(seconds, *, channels):
    """Return syllables without any hiss: the encoder leaves their loudness as it is."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    sound = sum(np.sin(2 * np.pi * 110 * n * time_s + n) / n for n in range(1, 12))
    sound *= np.sin(np.pi * ((time_s * 3) % 1)) ** 0.5
    sound *= 0.05 / np.sqrt(np.mean(sound**2))
    return np.repeat(sound[:, None], channels, axis=1).astype(np.float32)


def knocked(seconds, *, seed=1):
    """Return them with four knocks, which stand 1.4 dB higher when they were encoded."""
    random = np.random.default_rng(seed)
    sound = vowels(seconds, channels=2)
    for at in random.integers(0, len(sound) - 2000, 4):
        knock = random.standard_normal((200, 1)) * 0.4 * np.hanning(200)[:, None]
        sound[at : at + 200] += knock.astype(np.float32)
    return sound


def band(low_hz, high_hz, seconds=8.0):
    """Return noise of nothing but these frequencies, mono."""
    noise = np.random.default_rng(1).standard_normal(round(seconds * RATE_HZ))
    spectrum = np.fft.rfft(noise)
    hz = np.fft.rfftfreq(len(noise), 1 / RATE_HZ)
    spectrum[(hz < low_hz) | (hz > high_hz)] = 0
    sound = np.fft.irfft(spectrum, len(noise))
    return (sound * 0.05 / np.sqrt(np.mean(sound**2))).astype(np.float32)[:, None]


@pytest.mark.parametrize("seconds", [8, 30])
def test_peaks_that_the_encoder_lifts_come_down_again(tmp_path, seconds):
    """In a short recording all of it is encoded again, in a long one what lies around them."""
    master = delivered(knocked(seconds), tmp_path)

    judged = judge(*decoded(master.path))
    assert judged.true_peak_dbtp <= -1.0
    assert master.after.true_peak_dbtp == pytest.approx(judged.true_peak_dbtp, abs=0.05)
    assert judged.integrated_lufs == pytest.approx(-16.0, abs=0.3)
    assert master.after.integrated_lufs == pytest.approx(judged.integrated_lufs, abs=0.02)


@pytest.mark.parametrize("ceiling_dbtp", [-1.6, -1.2])
def test_other_meters_find_no_peak_above_the_ceiling_either(tmp_path, ceiling_dbtp):
    """They differ by hundredths of a decibel: a peak so near below the ceiling is turned down."""
    master = delivered(knocked(8), tmp_path, true_peak_dbtp=ceiling_dbtp)

    assert master.after.true_peak_dbtp <= ceiling_dbtp - 0.02


def test_a_file_that_states_another_length_is_not_kept(tmp_path):
    """A player cuts the padding by what the file states; here the disk spoils that."""
    older = tmp_path / "out.mp3"
    older.write_bytes(b"older")

    def spoil():
        (made,) = tmp_path.glob("*/out.mp3")
        data = bytearray(made.read_bytes())
        data[data.index(b"Info") + 142] ^= 1  # of the padding: 256 samples more or less
        made.write_bytes(data)

    with at_call("GrowingFile.end", spoil), pytest.raises(MasterIncompleteError):
        delivered(vowels(4, channels=1), tmp_path)

    assert older.read_bytes() == b"older"


@pytest.mark.parametrize("hz", [18_000, 19_500])
def test_a_tone_above_what_mp3_carries_is_refused_in_words(ngopi, tmp_path, hz):
    wav = write_wav(tmp_path / "layar.wav", tone(6, hz=hz))

    run = ngopi("--json", "master", wav, tmp_path / "out.mp3")

    assert (run.status, run.error["code"]) == (65, "too-high-sound"), run.err
    assert not (tmp_path / "out.mp3").exists()


def test_a_higher_bit_rate_helps_where_that_is_said(tmp_path):
    with pytest.raises(TooHighSoundError, match="32 kbit/s"):
        delivered(band(8000, 14_000), tmp_path, bitrate_kbps=32)

    master = delivered(band(8000, 14_000), tmp_path, bitrate_kbps=64)

    assert judge(*decoded(master.path)).integrated_lufs == pytest.approx(-19.0, abs=0.3)


def test_what_cannot_be_reached_for_the_encoder_says_what_can(tmp_path):
    """What the encoder takes away from hissing sound is no part of what it gets to."""
    random = np.random.default_rng(11)
    frames = 8 * RATE_HZ
    bursts = np.repeat(10 ** random.uniform(-2, 0, frames // 480 + 1), 480)[:frames, None]
    hissing = (0.25 * random.standard_normal((frames, 1)) * bursts).astype(np.float32)

    with pytest.raises(NotReachableError) as refused:
        delivered(hissing, tmp_path, bitrate_kbps=32)

    reached, lower = (refused.value.values[name] for name in ("reached_lufs", "lower_lufs"))
    assert lower < reached < -19.0
    master = delivered(hissing, tmp_path, bitrate_kbps=32, target_lufs=float(lower))
    assert judge(*decoded(master.path)).integrated_lufs == pytest.approx(lower, abs=0.3)
