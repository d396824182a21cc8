"""Recordings as phones, old recorders and old programs write them, made by hand or by FFmpeg."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

import speech

if TYPE_CHECKING:
    from pathlib import Path

_NARROW_BYTES, _WIDE_BYTES = (13, 14, 16, 18, 20, 21, 27, 32), (18, 24, 33, 37, 41, 47, 51, 59, 61)

#: Name, and FFmpeg's encoder where it has one.
KINDS = {
    "amr": ("rapat.amr", None),
    "amr-wb": ("rapat.amr", None),
    "gsm": ("rapat.gsm", None),
    "3gp": ("rapat.3gp", "aac"),
    "wma": ("rapat.wma", "wmav2"),
    "wmv": ("rapat.wmv", "wmav1"),
    "avi": ("rapat.avi", "mp3"),
    "avi-pcm": ("rapat.avi", "pcm_s16le"),
    "flv": ("rapat.flv", "aac"),
    "ts": ("rapat.ts", "aac"),
    "ts-mp2": ("rapat.ts", "mp2"),
    "mu-law": ("rapat.wav", "pcm_mulaw"),
    "a-law": ("rapat.wav", "pcm_alaw"),
    "wav-gsm": ("rapat.wav", None),
    "g722": ("rapat.wav", "g722"),
    "g726": ("rapat.wav", "g726"),
    "m4a": ("rapat.m4a", "aac"),
    "ac3": ("rapat.avi", "ac3"),
    "ms-adpcm": ("rapat.wav", "adpcm_ms"),
    "ima-adpcm": ("rapat.wav", "adpcm_ima_wav"),
}
SECONDS = 6.0


def write(folder: Path, kind: str) -> Path:
    """Write a recording of `SECONDS`; AMR and GSM, which nothing here encodes, are noise."""
    name, codec = KINDS[kind]
    path = folder / name
    if codec is None:
        path.write_bytes(
            {"amr": _amr, "amr-wb": _wide_amr, "gsm": _gsm, "wav-gsm": _wav_gsm}[kind]()
        )
        return path
    rate_hz = {"mu-law": 8000, "a-law": 8000, "g726": 8000, "g722": 16000}.get(kind, 44100)
    return speech.write(
        path, speech.voice(SECONDS, rate_hz=rate_hz), rate_hz, codec=codec, bit_rate=64_000
    )


def _amr() -> bytes:
    return b"#!AMR\n" + _frames(_NARROW_BYTES)


def _wide_amr() -> bytes:
    return b"#!AMR-WB\n" + _frames(_WIDE_BYTES)


def _frames(lengths: tuple[int, ...]) -> bytes:
    random = np.random.default_rng(3)
    modes = random.integers(0, len(lengths), round(SECONDS * 50))
    return b"".join(bytes([mode << 3 | 4]) + random.bytes(lengths[mode] - 1) for mode in modes)


def _gsm() -> bytes:
    random = np.random.default_rng(3)
    frames = (random.bytes(33) for _ in range(round(SECONDS * 50)))
    return b"".join(bytes([0xD0 | frame[0] & 15]) + frame[1:] for frame in frames)


def _wav_gsm() -> bytes:
    """Return what the sound recorder of old Windows writes: 320 samples in 65 bytes."""
    form = struct.pack("<HHIIHHHH", 0x31, 1, 8000, 1625, 65, 0, 2, 320)
    sound = np.random.default_rng(3).bytes(65 * round(SECONDS * 25))
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    body += b"fact" + struct.pack("<II", 4, round(SECONDS * 8000))
    body += b"data" + struct.pack("<I", len(sound)) + sound
    return b"RIFF" + struct.pack("<I", len(body)) + body
