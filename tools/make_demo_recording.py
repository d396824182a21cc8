# ruff: noqa: ISC004 - run by hand: it prints, starts espeak-ng and holds long texts
"""Make src/ngopi/data/obrolan.m4a, the recording of ``ngopi demo``: two voices, 11 dB apart.

Run by hand, with espeak-ng (its own formant voices, no mbrola) on the machine::

    python tools/make_demo_recording.py

The levels that it prints are those of the file, decoded again.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

TARGET = Path(__file__).parent.parent / "src" / "ngopi" / "data" / "obrolan.m4a"
TITLE = "Obrolan: pengawasan partisipatif"
RATE_HZ = 48_000
BITRATE_BPS = 72_000
NOISE_DBFS = -62.0
PAUSE_S = 0.45
LEAD_S = 0.5


class Voice(NamedTuple):
    """An espeak-ng voice; *pan* is 0 (left) to 1 (right), *level_dbfs* the RMS of its turns."""

    name: str
    pitch: int
    words_per_minute: int
    level_dbfs: float
    pan: float


HOST = Voice("id+m3", 38, 165, -23.0, 0.38)
GUEST = Voice("id+f2", 62, 172, -34.0, 0.62)

DIALOGUE = (
    (HOST, "Selamat datang di Ngopi Bawaslu. Kita berbincang tentang pengawasan partisipatif."),
    (GUEST, "Terima kasih. Artinya, warga ikut mengawasi setiap tahap pemilihan umum."),
    (HOST, "Apa yang dapat dilakukan warga di kelurahan?"),
    (GUEST, "Periksa apakah nama kita ada dalam daftar pemilih. Amati masa kampanye."),
    (GUEST, "Bila melihat dugaan pelanggaran, catat waktu dan tempatnya, lalu sampaikan kepada "
            "pengawas pemilu terdekat."),
    (HOST, "Apakah harus ahli hukum?"),
    (GUEST, "Tidak. Cukup teliti, jujur, dan tidak memihak. Setiap laporan diperiksa menurut "
            "aturan yang berlaku."),
    (HOST, "Pemilu yang jujur dan adil adalah tugas kita bersama. Mari ikut mengawasi. "
           "Sampai jumpa!"),
)  # fmt: skip


def speak(voice: Voice, text: str) -> np.ndarray:
    """Return the turn as float64 (frames,) at RATE_HZ, its RMS at the voice's level."""
    program = shutil.which("espeak-ng")
    if program is None:
        sys.exit("espeak-ng is not installed.")
    options = ["-v", voice.name, "-p", str(voice.pitch), "-s", str(voice.words_per_minute)]
    wav = subprocess.run(
        [program, *options, "--stdout", text], check=True, capture_output=True
    ).stdout
    turn = decoded(BytesIO(wav), layout="mono")[:, 0].astype(np.float64)
    loud = np.flatnonzero(np.abs(turn) > 0.01 * np.abs(turn).max())
    turn = turn[loud[0] : loud[-1] + 1]
    return turn * 10 ** (voice.level_dbfs / 20) / np.sqrt(np.mean(turn**2))


def decoded(file: BytesIO | Path, *, layout: str) -> np.ndarray:
    """Return the sound of *file* as float32 (frames, channels) at RATE_HZ."""
    resampler = av.AudioResampler(format="flt", layout=layout, rate=RATE_HZ)
    channels = av.AudioLayout(layout).nb_channels
    parts = []
    with av.open(file if isinstance(file, BytesIO) else str(file)) as container:
        for frame in (*container.decode(audio=0), None):
            parts += [part.to_ndarray().reshape(-1, channels) for part in resampler.resample(frame)]
    return np.concatenate(parts)


def room(frames: int, seed: int) -> np.ndarray:
    """Return room noise as float64 (frames,): it falls by 3 dB an octave, at NOISE_DBFS."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(frames))
    frequencies_hz = np.fft.rfftfreq(frames, 1 / RATE_HZ)
    spectrum /= np.sqrt(np.maximum(frequencies_hz, 40.0))
    noise = np.fft.irfft(spectrum, frames)
    return noise * 10 ** (NOISE_DBFS / 20) / np.sqrt(np.mean(noise**2))


def mixed() -> tuple[np.ndarray, list[tuple[Voice, int, int]]]:
    """Return the dialogue as float64 (frames, 2), and who speaks from which frame to which."""
    turns = [(voice, speak(voice, text)) for voice, text in DIALOGUE]
    pause = round(PAUSE_S * RATE_HZ)
    start = round(LEAD_S * RATE_HZ)
    frames = 2 * start + sum(len(turn) + pause for _voice, turn in turns)
    sound = np.stack([room(frames, seed) for seed in (2022, 2024)], axis=1)
    spans = []
    for voice, turn in turns:
        angle = voice.pan * np.pi / 2  # constant power; times √2: the middle is as loud as mono
        gains = np.sqrt(2) * np.array([np.cos(angle), np.sin(angle)])
        sound[start : start + len(turn)] += turn[:, None] * gains
        spans.append((voice, start, start + len(turn)))
        start += len(turn) + pause
    return sound, spans


def write(sound: np.ndarray) -> None:
    """Write *sound*, float64 (frames, 2), as AAC with a title."""
    with av.open(
        str(TARGET), "w", format="ipod", options={"movflags": "+faststart", "fflags": "+bitexact"}
    ) as container:
        container.metadata["title"] = TITLE
        stream = container.add_stream("aac", rate=RATE_HZ, layout="stereo")
        stream.bit_rate = BITRATE_BPS
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(sound.T, dtype=np.float32), format="fltp", layout="stereo"
        )
        frame.rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)


def report(spans: list[tuple[Voice, int, int]]) -> None:
    """Print the RMS and the loudness of both voices, of the pauses' noise, and the size."""
    import pyebur128

    sound = decoded(TARGET, layout="stereo")
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes, {len(sound) / RATE_HZ:.2f} s")
    for voice in (HOST, GUEST):
        own = np.concatenate([sound[a:b] for speaker, a, b in spans if speaker is voice])
        meter = pyebur128.R128State(2, RATE_HZ, pyebur128.MeasurementMode.MODE_I)
        meter.add_frames(own.astype(np.float32).ravel(), len(own))
        lufs = pyebur128.get_loudness_global(meter)
        rms_dbfs = 20 * np.log10(np.sqrt(np.mean(own**2)))
        print(
            f"  {voice.name}: {rms_dbfs:.1f} dBFS RMS, {lufs:.1f} LUFS, {len(own) / RATE_HZ:.1f} s"
        )
    quiet = sound[: round(LEAD_S * RATE_HZ * 0.9)]
    print(f"  noise: {20 * np.log10(np.sqrt(np.mean(quiet**2))):.1f} dBFS RMS")


def main() -> None:
    """Make the file and measure it."""
    sound, spans = mixed()
    write(sound)
    report(spans)


if __name__ == "__main__":
    main()
