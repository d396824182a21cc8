"""What Indonesian phones and old recorders write: read, broken or hostile as it may be."""

import struct
import subprocess
import sys

import av
import numpy as np
import pytest

import seldom
import speech
from ngopi.audio.recording import decode, probe
from ngopi.audio.trial import survives
from ngopi.errors import NgopiError, NotARecordingError, UnknownCodecError


def ignore(_seconds):
    """Nobody watches."""


def decoded(path):
    with decode(probe(path), channels=None, advance=ignore) as pcm:
        return pcm.read(0, pcm.frames), pcm


@pytest.mark.parametrize("kind", seldom.KINDS)
def test_it_is_read_from_its_beginning_to_its_end(tmp_path, kind):
    path = seldom.write(tmp_path, kind)

    found, pcm = decoded(path)

    assert pcm.duration_s == pytest.approx(seldom.SECONDS, abs=0.15)
    assert np.abs(found).max() > 0.01
    assert pcm.mended == ()


@pytest.mark.parametrize("kind", ["amr", "gsm", "wma", "avi", "avi-pcm", "flv", "ts", "mu-law"])
def test_a_cut_one_is_read_to_where_it_was_cut_and_told(tmp_path, kind):
    path = seldom.write(tmp_path, kind)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 7 // 10 // 188 * 188 + 7])

    _, pcm = decoded(path)

    assert 0.5 * seldom.SECONDS < pcm.duration_s < seldom.SECONDS
    names = [what.name for what in pcm.mended]
    assert names[-1] == ("cut-off" if kind in {"amr", "gsm", "ts"} else "cut-short")
    if names == ["cut-short"]:
        missing_s = pcm.mended[0].at_s
        assert missing_s == pytest.approx(seldom.SECONDS - pcm.duration_s, abs=0.2)


UNTRIED = {"rapat.ircam": "pcm_s16le", "rapat.rso": "pcm_u8"}
ENDINGS = ["amr", "wma", "wmv", "asf", "avi", "flv", "ts", "m2ts", "gsm", "3gp"]
SCRIPTS = {
    "ffconcat": "ffconcat version 1.0\nfile secret.wav\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n",
    "asx": '<asx version="3.0"><entry><ref href="secret.wma"/></entry></asx>\n',
    "reference": "[Reference]\nRef1=http://127.0.0.1/secret.wma\n",
    "dash": (
        '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
        ' mediaPresentationDuration="PT6S"><Period><AdaptationSet mimeType="audio/mp4">'
        '<Representation id="1" bandwidth="64000"><BaseURL>secret.m4a</BaseURL>'
        "</Representation></AdaptationSet></Period></MPD>\n"
    ),
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_that_names_other_files_is_refused_under_their_names(tmp_path, ending, script):
    seldom.write(tmp_path, "wma").rename(tmp_path / "secret.wma")
    path = tmp_path / f"list.{ending}"
    path.write_text(script, encoding="utf-8")

    with pytest.raises(NotARecordingError):
        probe(path)


@pytest.mark.parametrize("name", UNTRIED)
def test_a_kind_that_was_not_tried_with_hostile_files_is_not_opened(tmp_path, name):
    """FFmpeg here reads hundreds of kinds; those on the list are the ones that are looked at."""
    path = speech.write(tmp_path / name, speech.voice(2.0, rate_hz=8000), 8000, codec=UNTRIED[name])
    with av.open(str(path)) as container:
        assert container.streams.audio

    with pytest.raises(NotARecordingError):
        probe(path)


def test_a_codec_that_is_not_on_the_list_is_not_even_started(tmp_path):
    """FFmpeg decodes a little of each track to know it: of those on the list only."""
    path = speech.write(tmp_path / "rapat.mka", speech.tone(2.0), codec="dfpwm")

    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture(local=False) as said, pytest.raises(UnknownCodecError):
            probe(path)
    finally:
        av.logging.set_level(level)

    assert any("not on whitelist" in text for _, _, text in said)


@pytest.mark.parametrize("kind", ["amr", "wma", "avi", "flv", "ts", "gsm"])
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_behind_their_first_bytes_opens_nothing(tmp_path, kind, script):
    path = seldom.write(tmp_path, kind)
    path.write_bytes(path.read_bytes()[:32] + script.encode())

    with pytest.raises(NgopiError):
        decoded(path)


ATTACK = """
import random, sys
from pathlib import Path
from ngopi.audio.recording import decode, probe
from ngopi.errors import NgopiError

path, whole = Path(sys.argv[1]), Path(sys.argv[1]).read_bytes()
for seed in range(int(sys.argv[2])):
    dice, content = random.Random(seed), bytearray(whole)
    for _ in range(dice.choice((1, 10, 200))):
        reach = min(len(content), dice.choice((64, 4096, len(content))))
        content[dice.randrange(reach)] = dice.choice((0, 127, 128, 255, dice.randrange(256)))
    if dice.random() < 0.3:
        del content[dice.randrange(len(content)):]
    if dice.random() < 0.3:
        content[dice.randrange(len(content) + 1):0] = dice.randbytes(dice.randrange(3000))
    path.write_bytes(content or b"x")
    try:
        with decode(probe(path), channels=None, advance=lambda seconds: None) as pcm:
            pcm.read(0, pcm.frames)
    except NgopiError:
        pass
print("all read or refused")
"""


@pytest.mark.parametrize("kind", ["amr", "amr-wb", "gsm", "wma", "avi", "flv", "ts", "3gp"])
def test_broken_and_hostile_ones_are_read_or_refused(tmp_path, kind):
    path = seldom.write(tmp_path, kind)
    content = path.read_bytes()
    path.write_bytes(content[: min(len(content), 40_000)])

    run = subprocess.run(
        [sys.executable, "-c", ATTACK, path, "3"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (run.returncode, run.stdout) == (0, "all read or refused\n"), run.stderr[-2000:]


@pytest.mark.parametrize("kind", ["amr", "wma", "flv", "mu-law", "m4a"])
def test_a_tag_before_it_is_passed_over(tmp_path, kind):
    path = seldom.write(tmp_path, kind)
    path.write_bytes(b"ID3\3\0\0\0\0\0\x0aTIT2" + bytes(6) + path.read_bytes())

    _, pcm = decoded(path)

    assert pcm.duration_s == pytest.approx(seldom.SECONDS, abs=0.15)


def test_it_is_mastered_like_any_other(ngopi, tmp_path):
    made = ngopi("master", seldom.write(tmp_path, "wma"), tmp_path / "a.mp3", "--json")

    assert made.status == 0, made.err
    assert made.json["duration_s"] == pytest.approx(seldom.SECONDS, abs=1.0)


def wav(tag, rate_hz, *, channels=1):
    """Return a WAV of noise whose head states *rate_hz*."""
    width = 2 if tag == 1 else 1
    block = channels * width
    form = struct.pack("<HHIIHH", tag, channels, rate_hz, 0, block, 8 * width)
    noise = np.random.default_rng(1).bytes(200_000)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(noise))
    return b"RIFF" + struct.pack("<I", len(body) + len(noise)) + body + noise


@pytest.mark.parametrize("rate_hz", [1, 7, 400, 1_000_001, 50_000_000, 400_000_000, 2**31 - 1])
@pytest.mark.parametrize("tag", [1, 6, 7], ids=["pcm", "a-law", "mu-law"])
def test_a_rate_that_nobody_records_at_is_damage(ngopi, tmp_path, tag, rate_hz):
    """A sample a second makes a gigabyte out of a packet, and a filter of any size."""
    path = tmp_path / "rapat.wav"
    path.write_bytes(wav(tag, rate_hz))

    run = ngopi("measure", path, "--json")

    assert (run.status, run.error["code"]) == (65, "damaged-recording")


@pytest.mark.parametrize("rate_hz", [6000, 8000, 11025, 192_000, 384_000])
def test_a_rate_that_somebody_records_at_is_read(tmp_path, rate_hz):
    path = tmp_path / "rapat.wav"
    path.write_bytes(wav(6, rate_hz))

    _, pcm = decoded(path)

    assert pcm.duration_s == pytest.approx(200_000 / rate_hz, abs=0.01)


def crc(data, polynomial, bits):
    found = 0
    for byte in data:
        found ^= byte << bits - 8
        for _ in range(8):
            found = found << 1 ^ (polynomial if found >> bits - 1 else 0)
            found &= (1 << bits) - 1
    return found.to_bytes(bits // 8, "big")


def flac(head_hz, frames_hz):
    """Return a FLAC by hand whose head states another rate than its frames: 1.1 million samples."""
    samples, first = 4096, 60  # as many as FFmpeg looks at to know the file, and more
    info = struct.pack(">HH", samples, samples) + bytes(6)
    info += (head_hz << 44 | 15 << 36).to_bytes(8, "big") + bytes(16)
    content = b"fLaC\x80\0\0\x22" + info
    for number in range(100):
        rate_hz = head_hz if number < first else frames_hz
        head = b"\xff\xf8\xcd\x08" + bytes([number]) + struct.pack(">H", rate_hz)
        frame = head + crc(head, 7, 8) + b"\0" + struct.pack(">H", 99 * number)
        content += frame + crc(frame, 0x8005, 16)
    return content


@pytest.mark.parametrize(("frames_hz", "status"), [(44100, 0), (48000, 0), (100, 65)])
def test_a_rate_that_only_its_frames_have_is_judged_too(ngopi, tmp_path, frames_hz, status):
    path = tmp_path / "rapat.flac"
    path.write_bytes(flac(44100, frames_hz))

    assert ngopi("measure", path).status == status


@pytest.mark.parametrize("kind", ["amr", "amr-wb", "gsm", "wma", "avi", "flv", "ts"])
@pytest.mark.parametrize("before", [b"", b"ID3\3\0\0\0\0\0\x0aTIT2" + bytes(6)], ids=["", "tag"])
def test_it_is_tried_in_another_process_first(tmp_path, monkeypatch, kind, before):
    """A decoder that few people use may end the process."""

    def started(*_arguments, **_options):
        raise AssertionError

    path = seldom.write(tmp_path, kind)
    path.write_bytes(before + path.read_bytes())
    monkeypatch.setattr(subprocess, "run", started)

    with pytest.raises(AssertionError):
        survives(path)


def test_a_track_that_comes_later_takes_nothing_away(tmp_path):
    """PyAV knows only the tracks that FFmpeg found at the beginning."""
    rate_hz, seconds = 44100, 100
    path = speech.write(
        tmp_path / "rapat.flv", speech.voice(seconds, rate_hz=rate_hz), rate_hz, codec="aac"
    )
    content, at = path.read_bytes(), 13
    while at < len(path.read_bytes()) * 0.95:
        at += 15 + int.from_bytes(content[at + 1 : at + 4], "big")
    picture = b"\x09\0\0\x05" + content[at + 4 : at + 8] + b"\0\0\0" + b"\x22" + bytes(4)
    path.write_bytes(content[:at] + picture + struct.pack(">I", len(picture)) + content[at:])

    _, pcm = decoded(path)

    assert pcm.duration_s == pytest.approx(seconds, abs=0.2)


def test_a_text_that_is_called_gsm_is_a_text(tmp_path):
    path = tmp_path / "notulen.gsm"
    path.write_text("Notulen rapat: hadir 12 orang.\n" * 99, encoding="utf-8")

    with pytest.raises(NotARecordingError, match="a text"):
        probe(path)
