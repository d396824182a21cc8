"""People in a room, and what several recorders there take down of them.

Their words are real: the voices of the demo recording. Nothing here uses ngopi.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from other_meter import decoded
from speech import RATE_HZ

if TYPE_CHECKING:
    from numpy.typing import NDArray

# When host and guest speak in the demo recording, in seconds; found by ear.
HOST_S = ((0.0, 6.2), (11.6, 15.0), (27.45, 29.7), (37.4, 45.0))
GUEST_S = ((6.2, 11.6), (15.0, 27.45), (29.7, 37.4))


@cache
def people() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return host and guest, each alone, equally loud: float32 (frames, 1), -1..1."""
    sound, rate_hz = decoded(files("ngopi") / "data" / "obrolan.m4a")
    assert rate_hz == RATE_HZ
    mono = sound.mean(axis=1, dtype=np.float32)
    return _only(mono, HOST_S), _only(mono, GUEST_S)


def _only(sound: NDArray[np.float32], turns_s: tuple[tuple[float, float], ...]) -> NDArray:
    alone = np.zeros_like(sound)
    for start_s, stop_s in turns_s:
        turn = slice(round(start_s * RATE_HZ), round(stop_s * RATE_HZ))
        alone[turn] = sound[turn]
    spoken = alone[alone != 0]
    return (alone * (0.08 / np.sqrt(np.mean(spoken**2))))[:, None]


def noise(sound: NDArray[np.float32], dbfs: float, *, seed: int = 1) -> NDArray[np.float32]:
    """Return noise of the size of *sound*."""
    found = np.random.default_rng(seed).standard_normal(sound.shape)
    return (found * 10 ** (dbfs / 20)).astype(np.float32)


def recorded(
    gains: tuple[float, ...],
    *,
    place: int,
    late_s: float = 0.0,
    drift_ppm: float = 0.0,
    noise_dbfs: float = -65.0,
) -> NDArray[np.float32]:
    """Return what a recorder at *place* takes down of `people`, whom it hears with *gains*.

    Each comes to it by a way of its own, with the room's echoes. It begins *late_s* before the
    others (its sound is later in its file), and its clock is slow by *drift_ppm*.
    """
    heard = sum(
        _in_room(voice[:, 0], gain, seed=10 * place + n)
        for n, (voice, gain) in enumerate(zip(people(), gains, strict=True))
    )
    frames = int(len(heard) / (1 + drift_ppm * 1e-6))
    places = np.arange(frames) * (1 + drift_ppm * 1e-6)
    heard = np.interp(places, np.arange(len(heard)), heard)
    late = round(late_s * RATE_HZ)
    heard = np.pad(heard, (late, 0)) if late >= 0 else heard[-late:]
    sound = heard.astype(np.float32)[:, None]
    return sound + noise(sound, noise_dbfs, seed=place)


def _in_room(voice: NDArray[np.float32], gain: float, *, seed: int) -> NDArray[np.float64]:
    random, frames = np.random.default_rng(seed), round(0.3 * RATE_HZ)
    echoes = random.standard_normal(frames) * np.exp(-np.arange(frames) / (0.05 * RATE_HZ))
    echoes *= 0.35 / np.sqrt(np.sum(echoes**2))
    way = np.zeros(frames)
    delay = int(random.integers(20, 400))
    way[delay] = gain
    way[delay + 150 :] += echoes[: frames - delay - 150]
    size = 1 << (len(voice) + frames).bit_length()
    return np.fft.irfft(np.fft.rfft(voice, size) * np.fft.rfft(way, size), size)[: len(voice)]
