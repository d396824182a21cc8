"""Recordings as phones, old recorders and old programs write them, made by hand or by FFmpeg."""

from __future__ import annotations

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
    "ms-adpcm": ("rapat.wav", "adpcm_ms"),
    "ima-adpcm": ("rapat.wav", "adpcm_ima_wav"),
}
SECONDS = 6.0


def write(folder: Path, kind: str) -> Path:
    """Write a recording of `SECONDS`; AMR and GSM, which nothing here encodes, are noise."""
    name, codec = KINDS[kind]
    path = folder / name
    if codec is None:
        path.write_bytes({"amr": _amr, "amr-wb": _wide_amr, "gsm": _gsm}[kind]())
        return path
    rate_hz = 8000 if "law" in kind else 44100
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
