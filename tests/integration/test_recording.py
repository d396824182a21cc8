"""Every kind of file that a person may bring: decoded, mended, or refused with a reason."""

import os
import struct
import sys
import tracemalloc
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

import speech
from ngopi.audio.recording import decode, probe, windows
from ngopi.errors import (
    DamagedRecordingError,
    EmptyRecordingError,
    FolderRecordingError,
    NoAudioError,
    NoSuchRecordingError,
    NotARecordingError,
    RecordingChangedError,
    SpoolFullError,
    TooShortRecordingError,
    UnreadableRecordingError,
)


def ignore(_seconds):
    """Nobody watches."""


def decoded(path, *, channels=None):
    with decode(probe(path), channels=channels, advance=ignore) as pcm:
        return pcm.read(0, pcm.frames), pcm


def level_dbfs(sound):
    return 20 * np.log10(np.sqrt(np.mean(sound.astype(np.float64) ** 2)))


def pitch_hz(sound, rate_hz):
    spectrum = np.abs(np.fft.rfft(sound[:, 0] * np.hanning(len(sound))))
    return np.argmax(spectrum) * rate_hz / len(sound)


# -- formats ------------------------------------------------------------------------------

FORMATS = [
    # name, encoder, codec as reported, frames that the codec may add at the end
    ("a.wav", "pcm_s16le", "pcm_s16le", 0),
    ("a.w64", "pcm_s16le", "pcm_s16le", 0),
    ("a.aiff", "pcm_s16be", "pcm_s16be", 0),
    ("a.caf", "pcm_s16le", "pcm_s16le", 0),
    ("a.flac", "flac", "flac", 0),
    ("a.mp3", "libmp3lame", "mp3", 0),
    ("a.m4a", "aac", "aac", 1023),
    ("a.mov", "aac", "aac", 1023),
    ("a.aac", "aac", "aac", 2047),
    ("a.ogg", "vorbis", "vorbis", 1023),
    ("a.opus", "libopus", "opus", 0),
    ("a.webm", "libopus", "opus", 0),
    ("a.mka", "flac", "flac", 0),
]


@pytest.mark.parametrize(("name", "encoder", "codec", "padding"), FORMATS)
def test_every_format_comes_out_whole_and_as_loud_as_it_was(
    tmp_path, name, encoder, codec, padding
):
    sound = speech.tone(3, peak_dbfs=-12, channels=2)
    path = speech.write(tmp_path / name, sound, codec=encoder)

    recording = probe(path)
    found, pcm = decoded(path)

    assert (recording.codec, recording.sample_rate_hz, recording.channels) == (codec, 48000, 2)
    assert recording.duration_s == pytest.approx(3, abs=0.1)
    assert recording.size_bytes == path.stat().st_size
    assert 144000 <= pcm.frames <= 144000 + padding
    assert not pcm.mended
    # A sine of -12 dBFS peak has an RMS of -15.01 dBFS; LAME scales by 0.95.
    expected_dbfs = -15.46 if encoder == "libmp3lame" else -15.01
    assert level_dbfs(found[24000:120000]) == pytest.approx(expected_dbfs, abs=0.15)
    assert pitch_hz(found, 48000) == pytest.approx(997, abs=1)


@pytest.mark.parametrize(
    ("name", "encoder"), [("v.mp4", "aac"), ("v.mov", "aac"), ("v.mkv", "libopus")]
)
def test_the_sound_of_a_video_is_taken(tmp_path, name, encoder):
    path = speech.write(tmp_path / name, speech.tone(2), codec=encoder, pictures=True)

    found, _ = decoded(path)

    assert len(found) == pytest.approx(96000, abs=1024)
    assert pitch_hz(found, 48000) == pytest.approx(997, abs=1)


@pytest.mark.parametrize(
    "name", ["a.mp3", "a.m4a", "a.flac", "a.opus", "a.mkv", "a.wav", "a.mp4", "a.ogg"]
)
def test_the_title_is_the_recordings_own_tag(tmp_path, name):
    encoder = {
        "a.mp3": "libmp3lame",
        "a.m4a": "aac",
        "a.mp4": "aac",
        "a.wav": "pcm_s16le",
        "a.opus": "libopus",
        "a.ogg": "libopus",
    }.get(name, "flac")
    path = speech.write(
        tmp_path / name, speech.tone(1), codec=encoder, title="  Kopi Gayo, ngobrol — é "
    )

    assert probe(path).title == "Kopi Gayo, ngobrol — é"


def test_a_recording_without_a_tag_has_no_title(tmp_path):
    assert probe(speech.write_wav(tmp_path / "a.wav", speech.tone(1))).title is None


def test_16_bits_come_out_bit_for_bit(tmp_path):
    samples = np.random.default_rng(3).integers(-32768, 32768, (48000, 2), dtype=np.int16)
    path = speech.write_wav(tmp_path / "a.wav", samples / np.float32(32768))

    found, _ = decoded(path)

    assert np.array_equal(found * 32768, samples)


@pytest.mark.parametrize(
    ("encoder", "step"),
    [("pcm_s24le", 2**-23), ("pcm_s32le", 2**-24), ("pcm_f32le", 0), ("pcm_u8", 2**-7)],
)
def test_other_sample_types_keep_their_precision(tmp_path, encoder, step):
    sound = speech.voice(2, channels=2)
    path = speech.write(tmp_path / "a.wav", sound, codec=encoder)

    found, _ = decoded(path)

    assert np.abs(found - sound).max() <= step


def test_floats_beyond_full_scale_are_kept(tmp_path):
    path = speech.write(tmp_path / "a.wav", speech.tone(1, peak_dbfs=3), codec="pcm_f32le")

    found, _ = decoded(path)

    assert found.max() == pytest.approx(1.4125, abs=0.001)


@pytest.mark.parametrize(
    ("rate_hz", "delivered_hz"),
    [
        (8000, 48000),
        (16000, 48000),
        (22050, 44100),
        (32000, 48000),
        (44100, 44100),
        (88200, 44100),
        (96000, 48000),
        (192000, 48000),
    ],
)
def test_any_rate_becomes_one_of_two(tmp_path, rate_hz, delivered_hz):
    path = speech.write_wav(tmp_path / "a.wav", speech.tone(2, rate_hz=rate_hz), rate_hz)

    found, pcm = decoded(path)

    assert pcm.sample_rate_hz == delivered_hz
    assert pcm.frames == pytest.approx(2 * delivered_hz, abs=2)
    assert pitch_hz(found, delivered_hz) == pytest.approx(997, abs=1)
    assert level_dbfs(found) == pytest.approx(-23.01, abs=0.05)


def test_windows_keep_the_rate_and_all_channels(tmp_path):
    sound = speech.tone(2.5, rate_hz=96000, channels=6)
    path = speech.write(tmp_path / "a.wav", sound, 96000, codec="pcm_s24le", layout="5.1")
    seconds = []

    found = list(windows(probe(path), advance=seconds.append))

    assert {piece.dtype for piece in found} == {np.dtype(np.float32)}
    assert np.abs(np.concatenate(found) - sound).max() <= 2**-23
    assert max(len(piece) for piece in found) < 2 * 96000
    assert sum(seconds) == pytest.approx(2.5)


# -- channels -----------------------------------------------------------------------------


def test_mono_stays_mono(tmp_path):
    _, pcm = decoded(speech.write_wav(tmp_path / "a.wav", speech.tone(1)))

    assert pcm.channels == 1


def test_mono_is_repeated_when_two_channels_are_wanted(tmp_path):
    found, _ = decoded(speech.write_wav(tmp_path / "a.wav", speech.tone(1)), channels=2)

    assert np.array_equal(found[:, 0], found[:, 1])
    assert level_dbfs(found) == pytest.approx(-23.01, abs=0.01)


def test_stereo_becomes_mono_as_the_mean_of_both_sides(tmp_path):
    sound = np.concatenate([speech.tone(1), speech.tone(1, peak_dbfs=-40)], axis=1)

    found, _ = decoded(speech.write_wav(tmp_path / "a.wav", sound), channels=1)

    assert np.abs(found[:, 0] - sound.mean(axis=1)).max() < 2**-14


def test_surround_becomes_stereo_with_the_centre_on_both_sides(tmp_path):
    sound = np.zeros((48000, 6), np.float32)
    sound[:, 2] = speech.tone(1)[:, 0]  # FL FR FC LFE BL BR
    path = speech.write(tmp_path / "a.wav", sound, codec="pcm_s16le", layout="5.1")

    found, pcm = decoded(path)

    assert pcm.channels == 2
    assert np.array_equal(found[:, 0], found[:, 1])
    assert pitch_hz(found, 48000) == pytest.approx(997, abs=1)


def test_a_full_surround_mix_does_not_clip(tmp_path):
    sound = speech.tone(1, peak_dbfs=-0.1, channels=6)
    path = speech.write(tmp_path / "a.wav", sound, codec="pcm_s16le", layout="5.1")

    found, _ = decoded(path)

    assert np.abs(found).max() <= 1


def test_tracks_of_a_field_recorder_count_alike(tmp_path):
    sound = np.zeros((48000, 4), np.float32)
    sound[:, 3] = 0.5
    # The standard library writes four channels without saying where they stand.
    path = speech.write_wav(tmp_path / "a.wav", sound)

    found, pcm = decoded(path)

    assert pcm.channels == 2
    assert (found == 0.125).all()


def write_tracks(path, tracks, *, default=None):
    with av.open(str(path), "w") as container:
        streams = []
        for number, sound in enumerate(tracks):
            layout = {1: "mono", 2: "stereo"}[sound.shape[1]]
            stream = container.add_stream("pcm_s16le", rate=48000, layout=layout)
            if number == default:
                stream.disposition = Disposition.default
            streams.append(stream)
        for stream, sound in zip(streams, tracks, strict=True):
            speech.add_sound(container, stream, sound, 48000)
    return path


@pytest.mark.parametrize(
    ("default", "channels", "heard_hz"), [(0, 1, 300), (1, 2, 500), (2, 2, 900), (None, 2, 500)]
)
def test_among_tracks_the_default_is_taken_or_else_the_first_with_most_channels(
    tmp_path, default, channels, heard_hz
):
    tracks = [
        speech.tone(1, hz=300),
        speech.tone(1, hz=500, channels=2),
        speech.tone(1, hz=900, channels=2),
    ]
    path = write_tracks(tmp_path / "a.mkv", tracks, default=default)

    found, pcm = decoded(path)

    assert pcm.channels == channels
    assert pitch_hz(found, 48000) == pytest.approx(heard_hz, abs=1)


# -- WAV headers --------------------------------------------------------------------------


def test_rf64_is_read(tmp_path):
    path = tmp_path / "a.wav"
    speech.write(path, speech.tone(1), codec="pcm_s16le", options={"rf64": "always"})
    assert path.read_bytes()[:4] == b"RF64"

    found, _ = decoded(path)

    assert len(found) == 48000


def test_odd_chunks_before_the_sound_are_skipped(tmp_path):
    plain = speech.write_wav(tmp_path / "a.wav", speech.tone(1)).read_bytes()
    junk = b"junk" + struct.pack("<I", 7) + b"1234567\0" + b"bext" + struct.pack("<I", 1) + b"x\0"
    path = tmp_path / "b.wav"
    path.write_bytes(plain[:36] + junk + plain[36:])

    found, _ = decoded(path)

    assert np.array_equal(found, decoded(tmp_path / "a.wav")[0])


def wav_header(frames, *, riff=b"RIFF"):
    """Return a header for 16-bit stereo; RF64 as in EBU Tech 3306."""
    size = frames * 4
    ds64 = struct.pack("<4sIQQQI", b"ds64", 28, size + 72, size, frames, 0)
    stated = 0xFFFFFFFF
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, 48000, 192000, 4, 16)
    return (
        struct.pack("<4sI4s", riff, stated, b"WAVE")
        + (ds64 if riff == b"RF64" else b"")
        + fmt
        + struct.pack("<4sI", b"data", stated)
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows would write every zero of the file")
@pytest.mark.parametrize("riff", [b"RF64", b"RIFF"])
def test_a_wav_beyond_4_gb_has_its_whole_length(tmp_path, riff):
    frames = 7 * 3600 * 48000  # 4.8 GB
    header = wav_header(frames, riff=riff)
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + frames * 4)

    assert probe(path).duration_s == pytest.approx(7 * 3600, abs=0.001)


def test_a_recorder_that_never_wrote_the_length_is_read_to_the_end(tmp_path):
    path = tmp_path / "live.wav"
    path.write_bytes(wav_header(0) + b"\1\0" * 96000)

    found, _ = decoded(path)

    assert len(found) == 48000


# -- names --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["-x.wav", "a b%20c.wav", "kopi ☕ é.wav", "%d.wav", "a#b.wav", "noextension"]
)
def test_odd_names_are_only_names(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    speech.write_wav(tmp_path / name, speech.tone(1))

    assert len(decoded(tmp_path.joinpath(name).relative_to(tmp_path))[0]) == 48000


@pytest.mark.skipif(sys.platform == "win32", reason="not a file name there")
@pytest.mark.parametrize("name", ["a:b.wav", "http:x", "pipe:0", "concat:a|b", 'a"b?.wav'])
def test_names_that_look_like_protocols_are_only_names(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    speech.write_wav(tmp_path / name, speech.tone(1))

    assert len(decoded(tmp_path.joinpath(name).relative_to(tmp_path))[0]) == 48000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are not text")
def test_a_name_that_is_not_utf_8_is_only_a_name(tmp_path):
    path = tmp_path / os.fsdecode(b"lat\xe9n.wav")
    speech.write_wav(tmp_path / "a.wav", speech.tone(1)).rename(path)

    assert len(decoded(path)[0]) == 48000


# -- refusals -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["none.wav", "none/a.wav", "nul\0.wav"])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(NoSuchRecordingError) as refused:
        probe(tmp_path / name)

    assert str(Path(name)).replace("\0", r"\x00") in refused.value.message


def test_a_folder_is_no_recording(tmp_path):
    with pytest.raises(FolderRecordingError):
        probe(tmp_path)


def test_an_empty_file_is_called_empty(tmp_path):
    (tmp_path / "a.wav").touch()

    with pytest.raises(EmptyRecordingError):
        probe(tmp_path / "a.wav")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_file_that_cannot_be_reached_gives_the_systems_reason(tmp_path):
    path = tmp_path / "loop.wav"
    path.symlink_to(path)

    with pytest.raises(UnreadableRecordingError) as refused:
        probe(path)

    assert refused.value.values["reason"]


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="nothing is forbidden to root"
)
def test_a_file_that_is_forbidden_gives_the_systems_reason(tmp_path):
    path = speech.write_wav(tmp_path / "a.wav", speech.tone(1))
    path.chmod(0)

    with pytest.raises(UnreadableRecordingError):
        probe(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")

    with pytest.raises(NotARecordingError):
        probe(tmp_path / "pipe.wav")


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\x90wS\xde"
SRT = b"1\n00:00:01,000 --> 00:00:02,000\nHalo\n"
NOISE = np.random.default_rng(5).integers(0, 256, 100_000, dtype=np.uint8).tobytes()


@pytest.mark.parametrize("name", ["a.mp3", "a.wav", "a.m4a", "a.aac", "a.txt", "a"])
@pytest.mark.parametrize(
    "content",
    [b"Halo, ini catatan.\n" * 500, PNG, SRT, NOISE, b"\0" * 9999, b"x", b"RIFF\0\0\0\0WEBPVP8 "],
    ids=["text", "image", "subtitles", "noise", "zeros", "one byte", "webp"],
)
def test_what_is_no_recording_is_said_to_be_none(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(NotARecordingError):
        decoded(path)


@pytest.mark.parametrize("name", ["list.mp3", "list.wav", "list.ffconcat"])
def test_a_script_that_names_other_files_is_refused_under_any_name(tmp_path, name):
    speech.write_wav(tmp_path / "secret.wav", speech.tone(1))
    path = tmp_path / name
    path.write_text("ffconcat version 1.0\nfile secret.wav\n", encoding="utf-8")
    with av.open(str(path)) as opened:  # FFmpeg left to itself opens the other file
        assert opened.format.name == "concat"

    with pytest.raises(NotARecordingError):
        probe(path)


@pytest.mark.parametrize("name", ["list.mp3", "list.m3u8", "list.wav"])
def test_a_playlist_is_refused_under_any_name(tmp_path, name):
    speech.write(tmp_path / "secret.mp3", speech.tone(1), codec="libmp3lame")
    path = tmp_path / name
    path.write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\nsecret.mp3\n#EXT-X-ENDLIST\n",
        encoding="utf-8",
    )

    with pytest.raises(NotARecordingError):
        probe(path)


@pytest.mark.parametrize("name", ["silent.mp4", "silent.mkv"])
def test_a_video_without_sound_has_no_audio(tmp_path, name):
    path = tmp_path / name
    with av.open(str(path), "w") as container:
        video = speech.add_video(container)
        for _ in range(5):
            container.mux(video.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(video.encode(None))

    with pytest.raises(NoAudioError):
        probe(path)


@pytest.mark.parametrize("duration_s", [0.02, 0.45])
def test_a_snippet_is_too_short(tmp_path, duration_s):
    path = speech.write_wav(tmp_path / "a.wav", speech.tone(duration_s))

    with pytest.raises(TooShortRecordingError) as refused:
        decoded(path)

    assert refused.value.values["duration_s"] == pytest.approx(duration_s)


def test_digital_silence_is_decoded(tmp_path):
    path = speech.write_wav(tmp_path / "a.wav", np.zeros((48000, 1), np.float32))

    found, _ = decoded(path)

    assert len(found) == 48000
    assert not found.any()


def test_a_recording_that_does_not_fit_is_refused(tmp_path):
    path = speech.write_wav(tmp_path / "a.wav", speech.tone(1))
    recording = probe(path)
    endless = type(recording)(
        path=path,
        duration_s=1e12,
        sample_rate_hz=48000,
        channels=1,
        codec=recording.codec,
        size_bytes=recording.size_bytes,
    )

    with pytest.raises(SpoolFullError):
        decode(endless, folder=tmp_path, channels=None, advance=ignore)


# -- damage -------------------------------------------------------------------------------


def packets(path):
    with av.open(str(path)) as container:
        return [(p.pos, p.size) for p in container.demux(audio=0) if p.size]


def overwrite(path, pieces, value):
    content = bytearray(path.read_bytes())
    for pos, size in pieces:
        content[pos : pos + size] = bytes([value]) * size
    path.write_bytes(content)


def test_damaged_frames_become_silence_of_the_same_length(tmp_path):
    path = speech.write(tmp_path / "a.m4a", speech.tone(10), codec="aac")
    sound, _ = decoded(path)
    overwrite(path, packets(path)[200:204], 0xFF)

    found, pcm = decoded(path)

    assert len(found) == len(sound)
    # An AAC frame has 1024 samples, overlapping its neighbours; the first one primes.
    lost = slice(199 * 1024, 203 * 1024)
    assert not found[lost].any()
    assert np.array_equal(found[: lost.start], sound[: lost.start])
    assert np.allclose(found[lost.stop + 1024 :], sound[lost.stop + 1024 :], atol=1e-6)
    assert [(what.name, what.count) for what in pcm.mended] == [("damaged", 4)]


def test_an_mp3_with_a_damaged_middle_keeps_the_rest_in_place(tmp_path):
    path = speech.write(tmp_path / "a.mp3", speech.tone(20), codec="libmp3lame")
    noise = np.random.default_rng(6).integers(0, 256, 1500, dtype=np.uint8).tobytes()
    content = bytearray(path.read_bytes())
    content[100_000:101_500] = noise
    path.write_bytes(content)

    found, pcm = decoded(path)

    assert [what.name for what in pcm.mended] == ["damaged"]
    assert pcm.mended[0].count >= 1
    assert len(found) == pytest.approx(20 * 48000, abs=0.2 * 48000)
    # LAME scales by 0.95.
    assert level_dbfs(found[-49000:-1000]) == pytest.approx(-23.46, abs=0.15)


@pytest.mark.parametrize(("name", "encoder"), [("a.m4a", "aac"), ("a.mp3", "libmp3lame")])
def test_a_recording_that_is_mostly_damaged_is_refused(tmp_path, name, encoder):
    path = speech.write(tmp_path / name, speech.voice(5), codec=encoder)
    overwrite(path, packets(path)[10:][::2], 0xFF)

    with pytest.raises(DamagedRecordingError):
        decoded(path)


@pytest.mark.parametrize(("name", "encoder"), [("a.mp3", "libmp3lame"), ("a.wav", "pcm_s16le")])
def test_a_truncated_recording_gives_what_is_left(tmp_path, name, encoder):
    path = speech.write(tmp_path / name, speech.tone(10), codec=encoder, bit_rate=128_000)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    found, _ = decoded(path)

    assert len(found) == pytest.approx(5 * 48000, abs=0.1 * 48000)


@pytest.mark.parametrize(
    ("name", "encoder", "options"),
    [("a.m4a", "aac", {"movflags": "faststart"}), ("a.flac", "flac", {})],
)
def test_a_recording_that_ends_before_its_stated_length_is_warned_about(
    tmp_path, name, encoder, options
):
    path = speech.write(tmp_path / name, speech.voice(20), codec=encoder, options=options)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])

    found, pcm = decoded(path)

    assert 12 * 48000 < len(found) < 17 * 48000
    (mended,) = (what for what in pcm.mended if what.name == "cut-short")
    assert mended.at_s == pytest.approx(20 - len(found) / 48000, abs=0.05)


def test_a_mere_beginning_is_refused(tmp_path):
    options = {"movflags": "faststart"}
    path = speech.write(tmp_path / "a.m4a", speech.voice(20), codec="aac", options=options)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 4])

    with pytest.raises(DamagedRecordingError):
        decoded(path)


def test_a_video_whose_end_was_never_written_is_damaged(tmp_path):
    path = speech.write(tmp_path / "a.m4a", speech.tone(5), codec="aac")
    content = path.read_bytes()
    assert b"moov" not in content[: len(content) // 2]
    path.write_bytes(content[: len(content) // 2])

    with pytest.raises(DamagedRecordingError):
        probe(path)


@pytest.mark.parametrize("length", [20, 44])
def test_a_bare_wav_header_is_damaged_or_too_short(tmp_path, length):
    content = speech.write_wav(tmp_path / "a.wav", speech.tone(1)).read_bytes()
    path = tmp_path / "b.wav"
    path.write_bytes(content[:length])

    with pytest.raises((DamagedRecordingError, TooShortRecordingError)):
        decoded(path)


def write_pieces(path, pieces):
    """Write tones of a second, each from its own start in seconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        for start_s in pieces:
            speech.add_sound(container, stream, speech.tone(1), 48000, start_s=start_s)
    return path


def test_a_gap_in_the_timestamps_becomes_silence(tmp_path):
    path = write_pieces(tmp_path / "a.mkv", [5, 8])

    found, pcm = decoded(path)

    assert len(found) == pytest.approx(4 * 48000, abs=48)
    assert level_dbfs(found[:48000]) == pytest.approx(-23.01, abs=0.05)
    assert not found[48100 : 3 * 48000 - 100].any()
    assert level_dbfs(found[-48000:]) == pytest.approx(-23.01, abs=0.05)
    assert [(what.name, what.count) for what in pcm.mended] == [("gaps", 1)]


def test_an_absurd_jump_of_the_clock_adds_no_silence(tmp_path):
    path = write_pieces(tmp_path / "a.mkv", [0, 7200])

    found, pcm = decoded(path)

    assert len(found) == 2 * 48000
    assert [(what.name, what.count) for what in pcm.mended] == [("jumps", 1)]


def test_a_stream_that_changes_from_stereo_to_mono_and_to_another_rate_is_one_recording(tmp_path):
    parts = [
        speech.write(tmp_path / "1.mp3", speech.tone(2, channels=2), codec="libmp3lame"),
        speech.write(tmp_path / "2.mp3", speech.tone(2, rate_hz=24000), 24000, codec="libmp3lame"),
    ]
    path = tmp_path / "joined.mp3"
    # Without the Info frame the second file's start is only another frame.
    path.write_bytes(b"".join(part.read_bytes() for part in parts))

    found, pcm = decoded(path)

    assert (pcm.channels, pcm.sample_rate_hz) == (2, 48000)
    assert len(found) == pytest.approx(4 * 48000, rel=0.05)
    assert pitch_hz(found[-48000:], 48000) == pytest.approx(997, abs=2)


# -- while it is read ---------------------------------------------------------------------


def test_a_recording_that_grows_while_it_is_read_is_refused(tmp_path):
    path = speech.write(tmp_path / "a.flac", speech.tone(5), codec="flac")

    def grow(_seconds):
        with path.open("ab") as file:
            file.write(b"\0" * 1000)

    with pytest.raises(RecordingChangedError):
        decode(probe(path), folder=tmp_path, channels=None, advance=grow)


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be cut there")
def test_a_recording_that_is_cut_while_it_is_read_is_refused(tmp_path):
    path = speech.write(tmp_path / "a.m4a", speech.tone(60), codec="aac")

    def cut(_seconds):
        os.truncate(path, 20_000)

    with pytest.raises(RecordingChangedError):
        decode(probe(path), channels=None, advance=cut)


def test_a_recording_that_changed_since_it_was_probed_is_refused(tmp_path):
    path = speech.write_wav(tmp_path / "a.wav", speech.tone(1))
    recording = probe(path)
    speech.write_wav(path, speech.tone(2))

    with pytest.raises(RecordingChangedError):
        list(windows(recording, advance=ignore))


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_interrupt_leaves_no_temporary_file(tmp_path, error):
    path = speech.write(tmp_path / "a.flac", speech.tone(5), codec="flac")
    spool = tmp_path / "spool"
    spool.mkdir()

    def interrupt(_seconds):
        raise error

    with pytest.raises(error):
        decode(probe(path), folder=spool, channels=None, advance=interrupt)

    assert list(spool.iterdir()) == []


def test_the_spool_is_gone_after_use(tmp_path):
    path = speech.write(tmp_path / "a.flac", speech.tone(1), codec="flac")
    spool = tmp_path / "spool"
    spool.mkdir()

    with decode(probe(path), folder=spool, channels=None, advance=ignore) as pcm:
        assert pcm.frames == 48000

    assert list(spool.iterdir()) == []


def test_progress_adds_up_to_the_whole(tmp_path):
    path = speech.write(tmp_path / "a.mp3", speech.tone(10), codec="libmp3lame")
    seconds = []

    with decode(probe(path), channels=None, advance=seconds.append) as pcm:
        assert sum(seconds) == pytest.approx(pcm.duration_s)

    assert len(seconds) >= 9


@pytest.mark.parametrize("minutes", [1, 5])
def test_memory_does_not_grow_with_the_recording(tmp_path, minutes):
    path = tmp_path / "long.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44100)
        for _ in range(minutes):
            file.writeframes(b"\1\0" * (2 * 60 * 44100))
    recording = probe(path)

    tracemalloc.start()
    try:
        with decode(recording, channels=1, advance=ignore) as pcm:
            pcm.read(0, 44100)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    # A minute of it is 10.6 MB as float32 mono, 21 MB in stereo.
    assert peak_bytes < 4_000_000
