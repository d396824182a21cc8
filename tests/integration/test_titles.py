"""Titles in tags, whatever alphabet their bytes are in: they come out as somebody typed them."""

from __future__ import annotations

import struct

import pytest

import speech
from ngopi.audio.recording import probe

TITLE = "Kopi “Café” • Rp 5.000"  # as Windows-1252 has it
LATIN = "Rapat évaluasi: señor Müller"


def latin_id3(raw):
    """Return an ID3v2.3 tag whose title claims to be Latin-1."""
    return id3(b"\0" + raw)


def id3(text):
    frame = b"TIT2" + struct.pack(">IH", len(text), 0) + text
    return b"ID3\3\0\0" + bytes([0, 0, len(frame) >> 7, len(frame) & 127]) + frame


def mp3(path):
    return speech.write(path, speech.tone(1.0), codec="libmp3lame")


def mp3_with(tmp_path, tag):
    path = tmp_path / "rapat.mp3"
    sound = mp3(tmp_path / "bare.mp3").read_bytes()
    path.write_bytes(tag + sound[10 + (sound[8] << 7 | sound[9]) :])
    return path


def wav_with(tmp_path, raw):
    """Return a WAV whose INFO has the title *raw*."""
    path = speech.write_wav(tmp_path / "rapat.wav", speech.tone(1.0))
    name = raw + b"\0"
    name += b"\0" * (len(name) % 2)
    info = b"INFOINAM" + struct.pack("<I", len(name)) + name
    content = path.read_bytes() + b"LIST" + struct.pack("<I", len(info)) + info
    path.write_bytes(content[:4] + struct.pack("<I", len(content) - 8) + content[8:])
    return path


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        (LATIN.encode("latin-1"), LATIN),
        (TITLE.encode("cp1252"), TITLE),
        (TITLE.encode(), TITLE),  # UTF-8, which many programs call Latin-1
        ("Kopi ☕ Gayo 🎙".encode(), "Kopi ☕ Gayo 🎙"),
        (b"Notulen", "Notulen"),
        ("Ângela À São".encode("latin-1"), "Ângela À São"),  # capitals that UTF-8 begins with
    ],
)
def test_what_claims_to_be_latin_is_read_as_what_it_is(tmp_path, raw, title):
    assert probe(mp3_with(tmp_path, latin_id3(raw))).title == title


@pytest.mark.parametrize("code", [(b"\1\xff\xfe", "utf-16-le"), (b"\1\xfe\xff", "utf-16-be")])
@pytest.mark.parametrize("title", [TITLE, "Kopi ☕ Gayo 🎙", "ﺮﻣﻀﺎﻧ", "한국어"])
def test_utf_16_is_read(tmp_path, code, title):
    mark, alphabet = code

    assert probe(mp3_with(tmp_path, id3(mark + title.encode(alphabet)))).title == title


@pytest.mark.parametrize("alphabet", ["latin-1", "cp1252", "utf-8"])
def test_an_old_tag_at_the_end_is_read(tmp_path, alphabet):
    path = mp3(tmp_path / "bare.mp3")
    sound = path.read_bytes()
    tag = b"TAG" + "Rapat Kafé".encode(alphabet).ljust(30, b"\0") + bytes(94) + b"\xff"
    path.write_bytes(sound[10 + (sound[8] << 7 | sound[9]) :] + tag)

    assert probe(path).title == "Rapat Kafé"


def test_a_letter_that_an_old_tag_cut_in_two_is_left_out(tmp_path):
    path = mp3(tmp_path / "bare.mp3")
    sound = path.read_bytes()
    tag = b"TAG" + ("Rapat koordinasi bersama Café é"[:30]).encode()[:30] + bytes(94) + b"\xff"
    path.write_bytes(sound[10 + (sound[8] << 7 | sound[9]) :] + tag)

    assert probe(path).title == "Rapat koordinasi bersama Café"


@pytest.mark.parametrize("alphabet", ["latin-1", "cp1252", "utf-8"])
def test_a_wav_tells_its_title_in_any_of_them(tmp_path, alphabet):
    path = wav_with(tmp_path, "Rapat évaluasi".encode(alphabet))

    assert probe(path).title == "Rapat évaluasi"


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        (TITLE.encode("cp1252"), TITLE),
        ("Rapat Kafé é".encode()[:-1], "Rapat Kafé"),  # a letter cut in two
        ("Rapat Kafé — ".encode()[:-2], "Rapat Kafé"),
    ],
)
def test_what_old_windows_wrote_or_cut_is_read(tmp_path, raw, title):
    assert probe(wav_with(tmp_path, raw)).title == title


def test_it_stands_so_in_the_episode(ngopi, show, tmp_path):
    path = mp3_with(tmp_path, latin_id3(LATIN.encode("latin-1")))

    assert ngopi("ingest", path, "--episode", "rapat", "--no-publish").status == 0
    assert LATIN in (show / "episodes" / "rapat" / "episode.md").read_text(encoding="utf-8")
