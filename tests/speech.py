"""Makes recordings for tests: voices of a known level, in any format that a person may bring.

Sound is float32 (frames, channels), -1..1. Nothing here uses ngopi.
"""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

import av
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

RATE_HZ = 48000


def voice(
    duration_s: float,
    *,
    rms_dbfs: float = -23.0,
    pitch_hz: float = 120.0,
    rate_hz: int = RATE_HZ,
    channels: int = 1,
    seed: int = 1,
) -> NDArray[np.float32]:
    """Return something like speech: syllables of voiced harmonics and of noise, and pauses.

    *rms_dbfs* is the RMS of the whole, pauses included, relative to a square wave of full
    scale; every channel has the same sound.
    """
    frames = round(duration_s * rate_hz)
    random = np.random.default_rng(seed)
    time_s = np.arange(frames) / rate_hz
    wobble = pitch_hz * (1 + 0.05 * np.sin(2 * np.pi * 0.7 * time_s + seed))
    phase = 2 * np.pi * np.cumsum(wobble) / rate_hz
    top = min(20, int(rate_hz * 0.45 / (pitch_hz * 1.05)))
    voiced = sum(np.sin(n * phase) / n for n in range(1, top + 1))
    noise = np.diff(random.standard_normal(frames + 1)) * 0.4
    syllables = np.repeat(random.random(frames // (rate_hz // 4) + 1), rate_hz // 4)[:frames]
    # A syllable lasts a quarter of a second; a few are consonants, a few are pauses.
    carrier = np.where(syllables < 0.2, noise, voiced)
    loud = np.sin(np.pi * ((time_s * 4) % 1)) ** 0.5 * (syllables < 0.85)
    sound = carrier * loud
    sound *= 10 ** (rms_dbfs / 20) / np.sqrt(np.mean(sound**2))
    return np.repeat(sound.astype(np.float32)[:, None], channels, axis=1)


def conversation(
    levels_dbfs: Sequence[float],
    *,
    turn_s: float = 6.0,
    duration_s: float = 60.0,
    rate_hz: int = RATE_HZ,
    channels: int = 2,
    noise_dbfs: float = -70.0,
) -> NDArray[np.float32]:
    """Return speakers who take turns, each with an RMS and a pitch of their own, over noise."""
    turns = [
        voice(
            turn_s,
            rms_dbfs=levels_dbfs[turn % len(levels_dbfs)],
            pitch_hz=100.0 + 35 * (turn % len(levels_dbfs)),
            rate_hz=rate_hz,
            channels=channels,
            seed=turn + 1,
        )
        for turn in range(int(np.ceil(duration_s / turn_s)))
    ]
    sound = np.concatenate(turns)[: round(duration_s * rate_hz)]
    noise = np.random.default_rng(99).standard_normal(sound.shape) * 10 ** (noise_dbfs / 20)
    return sound + noise.astype(np.float32)


def tone(
    duration_s: float,
    *,
    peak_dbfs: float = -20.0,
    hz: float = 997.0,
    rate_hz: int = RATE_HZ,
    channels: int = 1,
) -> NDArray[np.float32]:
    """Return a sine wave with a peak of *peak_dbfs* on every channel."""
    angle = 2 * np.pi * hz * np.arange(round(duration_s * rate_hz)) / rate_hz
    sound = 10 ** (peak_dbfs / 20) * np.sin(angle)
    return np.repeat(sound.astype(np.float32)[:, None], channels, axis=1)


def write_wav(path: Path, sound: NDArray[np.float32], rate_hz: int = RATE_HZ) -> Path:
    """Write 16-bit WAV by the standard library and return *path*."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(sound.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.clip(np.rint(sound * 32768), -32768, 32767).astype("<i2").tobytes())
    return path


def write(  # noqa: PLR0913 - what can differ between two recordings
    path: Path,
    sound: NDArray[np.float32],
    rate_hz: int = RATE_HZ,
    *,
    codec: str,
    layout: str | None = None,
    title: str | None = None,
    options: dict[str, str] | None = None,
    bit_rate: int | None = None,
    pictures: bool = False,
) -> Path:
    """Encode *sound* with FFmpeg's *codec* into the container that *path* names; return *path*.

    *options* are the container's; *pictures* adds a video track before the sound.
    """
    with av.open(str(path.absolute()), "w", options=options or {}) as container:
        if title is not None:
            container.metadata["title"] = title
        video = add_video(container) if pictures else None
        layout = layout or {1: "mono", 2: "stereo", 6: "5.1"}[sound.shape[1]]
        # FFmpeg calls its own Vorbis encoder an experiment.
        strict = {"strict": "experimental"} if codec == "vorbis" else {}
        stream = container.add_stream(codec, rate=rate_hz, layout=layout, options=strict)
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        if video is not None:
            for _ in range(5):
                container.mux(video.encode(av.VideoFrame(64, 64, "yuv420p")))
            container.mux(video.encode(None))
        add_sound(container, stream, sound, rate_hz)
        container.mux(stream.encode(None))
    return path


def add_video(container: av.container.OutputContainer) -> av.VideoStream:
    """Add a small video track to *container*."""
    stream = container.add_stream("mpeg4", rate=5)
    stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
    return stream


def add_sound(
    container: av.container.OutputContainer,
    stream: av.AudioStream,
    sound: NDArray[np.float32],
    rate_hz: int,
    *,
    start_s: float = 0.0,
) -> None:
    """Encode *sound* into *stream*, its first frame at *start_s*."""
    for start in range(0, len(sound), 1024):
        block = np.ascontiguousarray(sound[start : start + 1024])
        frame = av.AudioFrame.from_ndarray(
            block.reshape(1, -1), format="flt", layout=stream.layout.name
        )
        frame.sample_rate = rate_hz
        frame.pts = round(start_s * rate_hz) + start
        container.mux(stream.encode(frame))
