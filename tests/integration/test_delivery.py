"""The delivered MP3 is what was promised: decoded by another decoder, judged by another meter."""

from __future__ import annotations

import os
from contextlib import contextmanager

import numpy as np
import pytest

from ngopi.audio.delivery import deliver, measure_recording
from ngopi.audio.recording import probe
from ngopi.errors import DiskError, NgopiError, SilentRecordingError
from ngopi.model import AudioSettings, Source
from other_meter import decoded, judge
from speech import conversation, tone, voice, write_wav

RATE_HZ = 48000


class Steps:
    """Progress that remembers what it was told."""

    def __init__(self):
        self.seen = []

    @contextmanager
    def step(self, label, total, *, unit=None):
        done = []
        yield done.append
        self.seen.append((label, total, sum(done)))


def broadband(seconds, *, channels):
    """Return noise in bursts over a wide range: hissing, spiky, the worst for an encoder."""
    random = np.random.default_rng(11)
    frames = int(seconds * RATE_HZ)
    bursts = np.repeat(10 ** random.uniform(-2, 0, frames // 480 + 1), 480)[:frames, None]
    return (0.25 * random.standard_normal((frames, channels)) * bursts).astype(np.float32)


def knocked(seconds, *, channels):
    """Return a quiet voice and somebody who knocks on the table."""
    sound = voice(seconds, rms_dbfs=-38, channels=channels)
    sound[RATE_HZ :: 2 * RATE_HZ] = 0.9
    return sound


RECORDINGS = {
    "quiet": lambda channels: voice(14, rms_dbfs=-45, channels=channels),
    "loud": lambda channels: np.tanh(8 * voice(14, rms_dbfs=-15, channels=channels)),
    "conversation": lambda _: conversation([-18.0, -30.0, -24.0], duration_s=24),
    "knocked": lambda channels: knocked(14, channels=channels),
    "broadband": lambda channels: broadband(14, channels=channels),
}


def delivered(sound, folder, settings=None, rate_hz=RATE_HZ):
    wav = write_wav(folder / "recording.wav", sound, rate_hz=rate_hz)
    settings = settings or AudioSettings()
    return deliver(Source.of(probe(wav)), folder / "out.mp3", settings=settings, progress=Steps())


@pytest.mark.parametrize(("channels", "target_lufs"), [(1, -19.0), (2, -16.0)])
@pytest.mark.parametrize("kind", RECORDINGS)
def test_every_recording_meets_the_target_under_the_ceiling(kind, channels, target_lufs, tmp_path):
    sound = RECORDINGS[kind](channels)

    master = delivered(sound, tmp_path, AudioSettings(channels=channels))

    judged = judge(*decoded(master.path))
    assert judged.integrated_lufs == pytest.approx(target_lufs, abs=0.3)
    assert judged.true_peak_dbtp <= -1.0
    assert master.after.integrated_lufs == pytest.approx(judged.integrated_lufs, abs=0.02)


def test_the_recording_itself_is_measured_too(tmp_path):
    sound = voice(10, rms_dbfs=-28, channels=2)

    before = delivered(sound, tmp_path).before

    judged = judge(sound, RATE_HZ)
    assert before.integrated_lufs == pytest.approx(judged.integrated_lufs, abs=0.01)
    assert -0.05 <= before.true_peak_dbtp - judged.true_peak_dbtp <= 0.6


@pytest.mark.parametrize(("rate_hz", "delivered_hz"), [(16000, 48000), (44100, 44100)])
def test_other_rates_meet_the_target(rate_hz, delivered_hz, tmp_path):
    master = delivered(voice(10, rate_hz=rate_hz, rms_dbfs=-28), tmp_path, rate_hz=rate_hz)

    sound, found_hz = decoded(master.path)
    judged = judge(sound, found_hz)
    assert found_hz == master.sample_rate_hz == delivered_hz
    assert judged.integrated_lufs == pytest.approx(-19.0, abs=0.3)
    assert judged.true_peak_dbtp <= -1.0


def test_the_master_is_as_long_as_the_recording(tmp_path):
    sound = voice(9.123, channels=2)

    master = delivered(sound, tmp_path)

    assert master.duration_s == pytest.approx(9.123, abs=0.001)


def test_a_cleaned_recording_keeps_its_last_tenths_of_a_second(tmp_path):
    """It is filtered in pieces of five seconds, of which the last is short."""
    sound = voice(10.4, rms_dbfs=-24) + tone(10.4, hz=20, peak_dbfs=-25)

    master = delivered(sound, tmp_path, AudioSettings(trim_silence=False))

    found, rate_hz = decoded(master.path)
    assert "high-pass" in {done.name for done in master.done}
    assert len(found) / rate_hz == pytest.approx(10.4, abs=0.001)
    last, whole = found[-round(0.4 * rate_hz) :], sound[-round(0.4 * RATE_HZ) :]
    shares = [np.mean(part[:, 0] ** 2) for part in (last, whole)]
    assert shares[0] > 0.3 * shares[1]


def test_the_curve_tells_what_became_of_two_who_sat_apart(tmp_path):
    near, far = voice(10, rms_dbfs=-20), voice(10.5, rms_dbfs=-32, pitch_hz=190, seed=3)

    master = delivered(np.concatenate([near, far]), tmp_path, AudioSettings(trim_silence=False))

    curve = master.curve
    values = (curve.before_lufs, curve.after_lufs, curve.gain_db, curve.peak_dbtp)
    assert curve.step_s == 1.0
    assert {len(each) for each in values} == {21}
    assert np.mean(curve.before_lufs[3:7]) == pytest.approx(
        np.mean(curve.before_lufs[14:18]) + 12, abs=2
    )
    assert np.mean(curve.after_lufs[3:7]) == pytest.approx(np.mean(curve.after_lufs[14:18]), abs=2)
    assert curve.gain_db[15] - curve.gain_db[5] == pytest.approx(12, abs=2)
    assert max(curve.peak_dbtp) == pytest.approx(master.after.true_peak_dbtp, abs=0.06)


def test_settings_are_obeyed(tmp_path):
    settings = AudioSettings(target_lufs=-20.0, true_peak_dbtp=-2.0, bitrate_kbps=192, channels=2)

    master = delivered(voice(9, channels=1), tmp_path, settings)

    judged = judge(*decoded(master.path))
    assert (master.channels, master.bitrate_kbps) == (2, 192)
    assert judged.integrated_lufs == pytest.approx(-20.0, abs=0.3)
    assert judged.true_peak_dbtp <= -2.0


def test_each_step_reports_the_whole_recording(tmp_path):
    wav = write_wav(tmp_path / "recording.wav", voice(9, channels=2), rate_hz=RATE_HZ)
    steps = Steps()

    deliver(Source.of(probe(wav)), tmp_path / "out.mp3", settings=AudioSettings(), progress=steps)

    labels = [label for label, _, _ in steps.seen if label != "Cleaning"]  # only where needed
    mastering = "Mastering and checking"
    assert labels[:5] == ["Reading", "Surveying", "Assembling", "Measuring", mastering]
    assert set(labels[5:]) <= {mastering}  # where it had to be corrected
    for _, total, done in steps.seen:
        assert total == pytest.approx(9, abs=0.01)
        assert done == pytest.approx(9, abs=0.2)


def test_a_failure_leaves_the_older_master_and_nothing_else(tmp_path):
    older = tmp_path / "out.mp3"
    older.write_bytes(b"older")

    with pytest.raises(SilentRecordingError):
        delivered(np.zeros((RATE_HZ * 3, 1), np.float32), tmp_path)

    assert older.read_bytes() == b"older"
    assert {path.name for path in tmp_path.iterdir()} == {"out.mp3", "recording.wav"}


def test_success_leaves_one_file(tmp_path):
    delivered(voice(5), tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {"out.mp3", "recording.wav"}


def test_it_is_on_the_disk_before_it_takes_the_place_of_an_older_one(tmp_path, monkeypatch):
    older = tmp_path / "out.mp3"
    older.write_bytes(b"older")
    synced, sync = [], os.fsync

    def watched(number):
        sync(number)
        synced.append((os.fstat(number).st_ino, older.read_bytes() == b"older"))

    monkeypatch.setattr(os, "fsync", watched)
    delivered(voice(5), tmp_path)

    assert (older.stat().st_ino, True) in synced
    if os.name != "nt":  # folders cannot be synced there
        assert (tmp_path.stat().st_ino, False) in synced


def test_a_folder_that_is_not_there_is_a_disk_error(tmp_path):
    wav = write_wav(tmp_path / "recording.wav", voice(3), rate_hz=RATE_HZ)

    with pytest.raises(DiskError):
        deliver(
            Source.of(probe(wav)),
            tmp_path / "no" / "out.mp3",
            settings=AudioSettings(),
            progress=Steps(),
        )


def test_measuring_a_file_agrees_with_libebur128(tmp_path):
    sound = conversation([-20.0, -32.0], duration_s=12)
    wav = write_wav(tmp_path / "r.wav", sound, rate_hz=RATE_HZ)
    done_s = []

    measured = measure_recording(probe(wav), advance=done_s.append)

    judged = judge(sound, RATE_HZ)
    assert measured.loudness.integrated_lufs == pytest.approx(judged.integrated_lufs, abs=0.01)
    assert (measured.duration_s, measured.channels) == (12.0, 2)
    assert sum(done_s) == pytest.approx(12)


def test_measuring_what_is_no_recording_is_an_error(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("Selamat siang", encoding="utf-8")

    with pytest.raises(NgopiError):
        measure_recording(probe(text), advance=lambda _: None)
