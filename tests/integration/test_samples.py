"""Float samples that are no sound: single ones are mended and told, many are refused."""

import struct

import numpy as np
import pytest

import speech
from ngopi.audio.recording import decode, probe, windows
from ngopi.errors import BrokenSamplesError

BROKEN = [np.nan, np.inf, -np.inf, 1e30, -1e30, 3.4e38, 1e5]


def ignore(_seconds):
    """Nobody watches."""


def decoded(path):
    with decode(probe(path), channels=None, advance=ignore) as pcm:
        return pcm.read(0, pcm.frames), pcm.mended


def write_floats(path, sound, *, rate_hz=48000, bits=32):
    data = sound.astype(f"<f{bits // 8}").tobytes()
    channels = sound.shape[1]
    frame = channels * bits // 8
    header = struct.pack("<HHIIHH", 3, channels, rate_hz, rate_hz * frame, frame, bits)
    content = b"WAVEfmt " + struct.pack("<I", 16) + header + b"data" + struct.pack("<I", len(data))
    path.write_bytes(b"RIFF" + struct.pack("<I", len(content) + len(data)) + content + data)
    return path


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("value", BROKEN)
def test_a_broken_sample_becomes_what_lies_between_its_neighbours(tmp_path, value, bits):
    sound = speech.voice(3.0, channels=2)
    spoilt = sound.astype(np.float64)
    spoilt[70_000, 1] = value

    found, mended = decoded(write_floats(tmp_path / "a.wav", spoilt, bits=bits))

    assert found[70_000, 1] == pytest.approx((sound[69_999, 1] + sound[70_001, 1]) / 2, abs=1e-6)
    found[70_000, 1] = sound[70_000, 1]
    assert np.array_equal(found, sound)
    assert [(what.name, what.count, round(what.at_s, 3)) for what in mended] == [
        ("repaired", 1, 1.458)
    ]


# ngopi decodes about a second at a time, of blocks as large as FFmpeg likes.
@pytest.mark.parametrize("at", [0, 47_999, 48_000, 48_127, 48_128, 143_999])
@pytest.mark.parametrize("length", [1, 2, 30])
def test_broken_samples_anywhere_leave_all_others_as_they_are(tmp_path, at, length):
    sound = speech.voice(3.0)
    there = slice(at, at + length)
    spoilt = sound.copy()
    spoilt[there] = np.nan

    found, mended = decoded(write_floats(tmp_path / "a.wav", spoilt))

    assert [what.count for what in mended] == [len(sound[there])]
    assert np.abs(found[there]).max() <= np.abs(sound).max()
    found[there] = sound[there]
    assert np.array_equal(found, sound)


def test_a_broken_sample_does_not_spread_where_the_rate_is_changed(tmp_path):
    sound = speech.voice(3.0, rate_hz=32000)
    spoilt = sound.copy()
    spoilt[50_000] = np.inf

    found, _ = decoded(write_floats(tmp_path / "a.wav", spoilt, rate_hz=32000))
    whole, _ = decoded(write_floats(tmp_path / "b.wav", sound, rate_hz=32000))

    assert np.isfinite(found).all()
    assert np.abs(found - whole).max() < 0.1
    assert np.abs(found[:74_000] - whole[:74_000]).max() < 1e-6


@pytest.mark.parametrize("peak", [1.5, 4.0, 16.0])
def test_a_float_recording_may_be_louder_than_full_scale(tmp_path, peak):
    sound = speech.voice(2.0)
    sound *= np.float32(peak / np.abs(sound).max())

    found, mended = decoded(write_floats(tmp_path / "a.wav", sound))

    assert np.array_equal(found, sound)
    assert mended == ()


def one_in_five_hundred(sound):
    sound[::500] = np.nan
    return sound


def as_integers(sound):
    return sound * 32768


def other_bytes(sound):
    return np.random.default_rng(7).integers(0, 2**32, sound.shape, dtype="<u4").view("<f4")


@pytest.mark.parametrize("spoil", [one_in_five_hundred, as_integers, other_bytes])
def test_many_are_refused(tmp_path, spoil):
    path = write_floats(tmp_path / "a.wav", spoil(speech.voice(3.0)))

    with pytest.raises(BrokenSamplesError) as refused:
        decoded(path)
    with pytest.raises(BrokenSamplesError):
        list(windows(probe(path), advance=ignore))

    assert refused.value.values["percent"] > 0.1


def test_what_was_repaired_is_told_wherever_the_master_is(ngopi, show, tmp_path, caplog):
    sound = speech.voice(5.0)
    sound[100_000] = np.nan
    path = write_floats(tmp_path / "rapat.wav", sound)

    made = ngopi("ingest", path, "--no-publish")

    assert made.status == 0, made.err
    sentence = "were replaced from their neighbours: 1, the first at 2.1 s."
    assert sentence in made.err
    assert sentence in ngopi("show", "rapat").out
    told = (show / "episodes/rapat/audio.toml").read_text("utf-8")
    assert '{name = "repaired", count = 1, at_s = 2.08}' in told
    assert ngopi("measure", path).status == 0
    assert "1 broken samples were replaced" in caplog.text


def test_a_recording_full_of_broken_samples_is_refused_in_words(ngopi, tmp_path):
    path = write_floats(tmp_path / "rapat.wav", np.full((48000, 1), np.nan))

    run = ngopi("master", path, tmp_path / "rapat.mp3")

    assert run.status == 65
    assert "48000 samples in" in run.err
    assert "(100.0 %)" in run.err
    assert not (tmp_path / "rapat.mp3").exists()
