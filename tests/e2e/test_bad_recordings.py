"""Whatever is given as a recording: it is mastered well, or refused in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from other_meter import decoded, judge
from refusals import refused, tree
from speech import add_video, tone, voice, write, write_wav

pytestmark = pytest.mark.usefixtures("show")


# -- odd, but good ----------------------------------------------------------------------------


def surround():
    """Six voices at once, one for each loudspeaker."""
    voices = [voice(5.0, pitch_hz=90.0 + 20 * n, seed=n + 1) for n in range(6)]
    return np.concatenate(voices, axis=1)


def stereo(**traits):
    """A voice that is not in the middle: the two channels differ."""
    one, other = voice(5.0, **traits), voice(5.0, **traits, seed=2)
    return np.concatenate([one, 0.6 * one + 0.3 * other], axis=1)


@pytest.mark.parametrize(
    ("name", "sound", "rate_hz", "encoder"),
    [
        (
            "rf64.wav",
            stereo(),
            48000,
            {"codec": "pcm_s16le", "options": {"rf64": "always"}},
        ),
        ("24-bit.wav", stereo(), 48000, {"codec": "pcm_s24le"}),
        ("float.wav", stereo(), 48000, {"codec": "pcm_f32le"}),
        ("mono.wav", voice(5.0), 48000, {"codec": "pcm_s16le"}),
        ("telephone.wav", voice(5.0, rate_hz=8000), 8000, {"codec": "pcm_s16le"}),
        ("studio.wav", stereo(rate_hz=96000), 96000, {"codec": "pcm_s24le"}),
        ("surround.wav", surround(), 48000, {"codec": "pcm_s16le"}),
        ("hot.wav", stereo(rms_dbfs=-9.0), 48000, {"codec": "pcm_f32le"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_of_recording_becomes_as_loud_as_promised(
    ngopi, show, tmp_path, name, sound, rate_hz, encoder
):
    recording = write(tmp_path / name, sound, rate_hz, **encoder)

    made = ngopi("ingest", recording, "--no-publish", "--json")

    assert made.status == 0, made.err
    delivered, delivered_hz = decoded(show / "media" / f"{made.json['sha256']}.mp3")
    channels = delivered.shape[1]
    assert channels == min(sound.shape[1], 2)
    judged = judge(delivered, delivered_hz)
    assert judged.integrated_lufs == pytest.approx({1: -19.0, 2: -16.0}[channels], abs=0.5)
    assert judged.true_peak_dbtp <= -1.0


# -- nothing that can be mastered -------------------------------------------------------------


def empty(folder):
    folder.joinpath("kosong.wav").write_bytes(b"")
    return folder / "kosong.wav"


def text(folder):
    folder.joinpath("notulen.wav").write_text("Rapat dibuka pukul 13.00.\n" * 50, encoding="utf-8")
    return folder / "notulen.wav"


def image(folder):
    Image.new("RGB", (64, 64), "red").save(folder / "foto.png")
    return folder / "foto.png"


def silent_video(folder):
    with av.open(str(folder / "zoom.mp4"), "w") as container:
        video = add_video(container)
        for _ in range(10):
            container.mux(video.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(video.encode(None))
    return folder / "zoom.mp4"


def silence(folder):
    return write_wav(folder / "bisu.wav", np.zeros((5 * 48000, 1), np.float32))


def near_silence(folder):
    return write(folder / "pelan.wav", tone(5.0, peak_dbfs=-66.0), codec="pcm_s24le")


def truncated_header(folder):
    path = write_wav(folder / "putus.wav", voice(1.0))
    path.write_bytes(path.read_bytes()[:30])
    return path


def truncated_video(folder):
    path = write(folder / "putus.m4a", voice(5.0), codec="aac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def ffconcat(folder):
    write_wav(folder / "rahasia.wav", voice(5.0))
    script = "ffconcat version 1.0\nfile rahasia.wav\n"
    folder.joinpath("daftar.mp3").write_text(script, encoding="utf-8")
    return folder / "daftar.mp3"


def playlist(folder):
    write(folder / "rahasia.mp3", voice(5.0), codec="mp3")
    text = "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nrahasia.mp3\n#EXT-X-ENDLIST\n"
    folder.joinpath("daftar.mp3").write_text(text, encoding="utf-8")
    return folder / "daftar.mp3"


def a_folder(folder):
    folder.joinpath("rekaman").mkdir()
    return folder / "rekaman"


def missing(folder):
    return folder / "tidak-ada.wav"


def snippet(folder):
    return write_wav(folder / "klik.wav", voice(0.2))


@pytest.mark.parametrize(
    ("make", "status", "code"),
    [
        (missing, 66, "no-such-recording"),
        (a_folder, 65, "folder-recording"),
        (empty, 65, "empty-recording"),
        (text, 65, "not-a-recording"),
        (image, 65, "not-a-recording"),
        (ffconcat, 65, "not-a-recording"),
        (playlist, 65, "not-a-recording"),
        (silent_video, 65, "no-audio"),
        (truncated_header, 65, "damaged-recording"),
        (truncated_video, 65, "damaged-recording"),
        (snippet, 65, "too-short-recording"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_no_recording_is_refused_by_name(ngopi, show, tmp_path, make, status, code):
    path = make(tmp_path)

    refused(ngopi, show, "ingest", path, status=status, code=code, says=[path.name])


@pytest.mark.parametrize(
    ("make", "code"),
    [(silence, "silent-recording"), (near_silence, "too-quiet-recording")],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_heard_is_refused(ngopi, show, tmp_path, make, code):
    refused(ngopi, show, "ingest", make(tmp_path), status=65, code=code)


def test_the_end_of_a_truncated_wav_is_lost_and_the_rest_is_kept(ngopi, show, tmp_path):
    path = write_wav(tmp_path / "putus.wav", voice(5.0))
    path.write_bytes(path.read_bytes()[: 44 + 4 * 96000])

    made = ngopi("ingest", path, "--no-publish", "--json")

    assert made.status == 0
    assert made.json["duration_s"] == pytest.approx(4.0, abs=0.01)


def test_a_recording_that_is_known_is_not_made_twice(ngopi, show, tmp_path):
    first = write_wav(tmp_path / "satu.wav", voice(4.0))
    assert ngopi("ingest", first).status == 0
    second = tmp_path / "salinan.wav"
    second.write_bytes(first.read_bytes())

    refused(
        ngopi,
        show,
        "ingest",
        second,
        status=65,
        code="recording-known",
        says=["salinan.wav", '"satu"'],
    )


# -- names of files ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["{path}.wav", "{}.wav", "{0}.wav", "%s%(path)s.wav", "[red]merah[/red].wav", "a'b`c$(d).wav"],
)
def test_a_name_is_shown_as_it_is_typed(ngopi, show, tmp_path, name):
    refused(
        ngopi,
        show,
        "ingest",
        tmp_path / name,
        status=66,
        code="no-such-recording",
        says=[f"There is no file {tmp_path / name}."],
    )


@pytest.mark.skipif(os.name == "nt", reason="names there hold no control characters")
@pytest.mark.parametrize(
    ("character", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("\n", r"\n"),
        ("\r", r"\r"),
        ("\x9b2J", r"\x9b2J"),
        ("\u202e", "⟨U+202E⟩"),
        ("\u200b", "⟨U+200B⟩"),
        ("\u00ad", "⟨U+00AD⟩"),
        ("\ufeff", "⟨U+FEFF⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
    ],
    ids=["escape", "newline", "return", "c1", "right-to-left", "no room", "soft", "BOM", "tag"],
)
def test_nothing_in_a_name_moves_the_terminal(ngopi, show, tmp_path, character, shown):
    missing = tmp_path / f"a{character}b.wav"
    recording = write_wav(tmp_path / f"c{character}d.wav", voice(4.0))

    error = refused(ngopi, show, "ingest", missing, status=66, code="no-such-recording")
    made = ngopi("ingest", recording, "--episode", "rapat")
    measured, shows = ngopi("measure", recording), ngopi("show", "rapat")

    assert f"a{shown}b.wav" in error["message"]
    assert f"c{shown}d.wav" in measured.out
    assert f"c{shown}d.wav" in shows.out
    for run in (made, measured, shows):
        assert run.status == 0
        assert all(letter.isprintable() or letter == "\n" for letter in run.out + run.err)
    assert len(made.out.splitlines()) == 1
    assert len(measured.out.splitlines()) == 2  # the head and one file


@pytest.mark.skipif(os.name == "nt", reason="names there hold no control characters")
@pytest.mark.parametrize("verbose", [(), ("-v",)], ids=["plain", "verbose"])
def test_nothing_in_a_warning_moves_the_terminal(tmp_path, verbose):
    recording = write(tmp_path / "a\x1b[31m\nb.flac", voice(5.0), codec="flac")
    recording.write_bytes(recording.read_bytes()[: recording.stat().st_size * 3 // 4])

    measured = subprocess.run(
        [sys.executable, "-m", "ngopi", *verbose, "measure", recording],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )

    assert measured.returncode == 0
    assert r"a\x1b[31m\nb.flac: ends " in measured.stderr
    assert "\x1b" not in measured.stderr + measured.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="names elsewhere are Unicode")
def test_a_name_that_is_not_utf_8_is_only_a_name(show, tmp_path):
    recording = os.fsdecode(os.fsencode(tmp_path) + b"/rapat-\xff.wav")
    Path(recording).write_bytes(write_wav(tmp_path / "rapat.wav", voice(4.0)).read_bytes())

    made = subprocess.run(
        [sys.executable, "-m", "ngopi", "ingest", recording, "--json"],
        cwd=show,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )

    assert made.returncode == 0, made.stderr
    assert "public/feed.xml" in tree(show)
