"""WAV that is read where it lies: the same sound as FFmpeg decodes, and never anything else."""

import os
import struct
import sys

import numpy as np
import pytest

import speech
from ngopi.audio.plain import plain
from ngopi.audio.recording import decode, probe, windows
from ngopi.errors import RecordingChangedError, TooShortRecordingError


def ignore(_seconds):
    """Nobody watches."""


def in_place(path):
    recording = probe(path)
    return plain(
        recording,
        sample_rate_hz=recording.sample_rate_hz,
        channels=recording.channels,
    )


def by_ffmpeg(path):
    return np.concatenate(list(windows(probe(path), advance=ignore)))


def chunk(name, content):
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def wav(*chunks):
    content = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def form(*, channels=1, rate_hz=48000, bits=16, kind=1):
    frame = channels * bits // 8
    return chunk(
        b"fmt ", struct.pack("<HHIIHH", kind, channels, rate_hz, rate_hz * frame, frame, bits)
    )


NOISE = np.random.default_rng(5).integers(-32768, 32768, 48000).astype("<i2").tobytes()
FLOATS = np.random.default_rng(6).uniform(-1, 1, 48000).astype("<f4").tobytes()

ODD_BUT_WHOLE = {
    "as-simple-as-it-gets": wav(form(), chunk(b"data", NOISE)),
    "a-note-of-odd-length-in-front": wav(form(), chunk(b"bext", b"x" * 603), chunk(b"data", NOISE)),
    "tags-behind": wav(form(), chunk(b"data", NOISE), chunk(b"LIST", b"INFOINAM\4\0\0\0rapa")),
    "stereo": wav(form(channels=2), chunk(b"data", NOISE)),
    "44100": wav(form(rate_hz=44100), chunk(b"data", NOISE)),
    "something-behind-the-end": wav(form(), chunk(b"data", NOISE)) + b"rest" * 999,
}


@pytest.mark.parametrize("content", ODD_BUT_WHOLE.values(), ids=ODD_BUT_WHOLE)
def test_it_is_the_sound_that_ffmpeg_decodes(tmp_path, content):
    path = tmp_path / "rapat.wav"
    path.write_bytes(content)

    with in_place(path) as found:
        sound = found.read(0, found.frames)

    assert np.array_equal(sound, by_ffmpeg(path))


# The first three are read by a decoder, which knows what to make of them.
FOR_A_DECODER = {
    "a-recorder-that-died": wav(form(), chunk(b"data", NOISE))[:-20_000],
    "a-length-that-was-never-written": wav(form(), b"data" + struct.pack("<I", 0xFFFFFFFF) + NOISE),
    "a-stated-length-that-is-too-short": wav(
        form(), chunk(b"fact", struct.pack("<I", 24000)), chunk(b"data", NOISE)
    ),
    "24-bit": wav(form(bits=24), chunk(b"data", NOISE)),
    "8-bit": wav(form(bits=8), chunk(b"data", NOISE)),
    "float": wav(form(bits=32, kind=3), chunk(b"data", FLOATS)),
}


@pytest.mark.parametrize("content", FOR_A_DECODER.values(), ids=FOR_A_DECODER)
def test_what_needs_a_decoder_gets_one(tmp_path, content):
    path = tmp_path / "rapat.wav"
    path.write_bytes(content)

    with decode(probe(path), folder=tmp_path, channels=None, advance=ignore) as found:
        sound = found.read(0, found.frames)

    assert np.array_equal(sound, by_ffmpeg(path))


def test_another_rate_or_number_of_channels_needs_a_decoder(tmp_path):
    recording = probe(speech.write_wav(tmp_path / "rapat.wav", speech.tone(1)))

    assert plain(recording, sample_rate_hz=44100, channels=1) is None
    assert plain(recording, sample_rate_hz=48000, channels=2) is None


def test_it_takes_no_room_on_the_disk(tmp_path):
    path = speech.write_wav(tmp_path / "rapat.wav", speech.tone(1))

    with decode(
        probe(path), folder=tmp_path / "does-not-exist", channels=None, advance=ignore
    ) as pcm:
        assert pcm.frames == 48000


def test_a_sound_that_is_too_short_is_refused(tmp_path):
    path = speech.write_wav(tmp_path / "rapat.wav", speech.tone(0.4))

    with pytest.raises(TooShortRecordingError):
        decode(probe(path), channels=None, advance=ignore)


def held(path, act):
    with in_place(path) as found:
        act(found)


def test_whoever_writes_to_it_meanwhile_is_noticed_at_the_latest_in_the_end(tmp_path):
    path = speech.write_wav(tmp_path / "rapat.wav", speech.tone(1))

    def write(found):
        found.check()
        with path.open("ab") as file:
            file.write(b"\0")

    with pytest.raises(RecordingChangedError):
        held(path, write)


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be cut there")
def test_an_end_that_is_cut_off_is_noticed_when_it_is_read(tmp_path):
    path = speech.write_wav(tmp_path / "rapat.wav", speech.tone(1))

    def cut(found):
        os.truncate(path, 50_000)
        found.read(40_000, 48_000)
        pytest.fail("there is nothing to read")

    with pytest.raises(RecordingChangedError):
        held(path, cut)


def test_an_error_that_has_nothing_to_do_with_it_stays_what_it_is(tmp_path):
    path = speech.write_wav(tmp_path / "rapat.wav", speech.tone(1))

    def fail(found):
        os.utime(path, (1, 1))
        raise KeyError(found)

    with pytest.raises(KeyError):
        held(path, fail)
