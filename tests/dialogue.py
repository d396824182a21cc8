"""Recordings of which is known who speaks when and how loud, where it is quiet, where music plays.

Sound is float32 (frames, 1), -1..1, 48 kHz. Nothing here uses ngopi.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from speech import RATE_HZ, voice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_HOP = RATE_HZ // 10


@dataclass(frozen=True)
class Dialogue:
    """*turns*, *pauses* and *music* are frames, from the first to beyond the last."""

    sound: NDArray[np.float32]
    turns: list[tuple[int, int]]
    pauses: list[tuple[int, int]]
    music: list[tuple[int, int]]

    @classmethod
    def of_turns(
        cls,
        turns: Iterable[tuple[float, float]],
        *,
        pause_s: float = 0.0,
        noise_dbfs: float = -70.0,
    ) -> Dialogue:
        """Return synthetic voices, each with seconds and an RMS in dBFS, over room noise."""
        return _joined(
            [
                voice(seconds, rms_dbfs=level, pitch_hz=150 + 3 * level, seed=turn + 1)
                for turn, (seconds, level) in enumerate(turns)
            ],
            pause_s,
            noise_dbfs,
        )

    @classmethod
    def of_phrases(
        cls,
        phrases: Sequence[NDArray[np.float32]],
        levels_dbfs: Sequence[float],
        *,
        turn_s: float,
        pause_s: float = 0.25,
        noise_dbfs: float = -70.0,
    ) -> Dialogue:
        """Return turns made of whole *phrases*, at least *turn_s* each, the levels in turn."""
        parts: list[list[NDArray[np.float32]]] = [[]]
        for phrase in phrases:
            parts[-1].append(phrase)
            if sum(map(len, parts[-1])) >= turn_s * RATE_HZ:
                parts.append([])
        turns = [
            _at(np.concatenate(part), level)
            for part, level in zip(parts[:-1], cycle(levels_dbfs), strict=False)
        ]
        return _joined(turns, pause_s, noise_dbfs)

    def voiced(self) -> list[NDArray[np.intp]]:
        """Return for each turn of a second and more the frames where its voice is heard.

        That is each 100 ms within 15 dB of its mean, 0.3 s at both ends left out.
        """
        found = []
        for start, stop in self.turns:
            hops = np.arange(start + 3 * _HOP, stop - 4 * _HOP, _HOP)
            if len(hops) > 3:
                frames = hops[:, None] + np.arange(_HOP)
                power = np.mean(self.sound[frames, 0].astype(np.float64) ** 2, axis=1)
                found.append(frames[power > power.mean() * 10**-1.5].ravel())
        return found

    def floor_dbfs(self, sound: NDArray[np.float32]) -> float:
        """Return the noise floor of *sound*, as long as this one: the median of the pauses."""
        inside = np.concatenate([sound[start:stop, 0] for start, stop in self.pauses])
        hops = inside[: len(inside) // _HOP * _HOP].reshape(-1, _HOP).astype(np.float64)
        return float(10 * np.log10(np.median(np.mean(hops**2, axis=1))))

    def after(self, music: NDArray[np.float32]) -> Dialogue:
        """Return this dialogue with *music* before it."""
        later = len(music)
        return replace(
            self,
            sound=np.concatenate([music, self.sound]),
            turns=[(start + later, stop + later) for start, stop in self.turns],
            pauses=[(start + later, stop + later) for start, stop in self.pauses],
            music=[(0, later)],
        )


def chords(
    seconds: float, *, rms_dbfs: float = -22.0, swell_db: float = 4.0
) -> NDArray[np.float32]:
    """Return chords that swell and fade by *swell_db* around their level, every ten seconds."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    roots = 220 * 2 ** (np.floor(time_s / 2) % 4 * 2 / 12)
    phase = 2 * np.pi * np.cumsum(roots) / RATE_HZ
    sound = sum(np.sin(phase * ratio) for ratio in (1, 1.26, 1.5, 2))
    swell = 10 ** (swell_db * np.sin(2 * np.pi * time_s / 10) / 20)
    return _at((sound * swell).astype(np.float32)[:, None], rms_dbfs)


def _at(sound: NDArray[np.float32], rms_dbfs: float) -> NDArray[np.float32]:
    return np.asarray(sound * np.float32(10 ** (rms_dbfs / 20) / np.sqrt(np.mean(sound**2))))


def _joined(turns: Sequence[NDArray[np.float32]], pause_s: float, noise_dbfs: float) -> Dialogue:
    silence = np.zeros((round(pause_s * RATE_HZ), 1), np.float32)
    places, pauses, at = [], [], 0
    for turn in turns:
        places.append((at, at + len(turn)))
        at += len(turn) + len(silence)
        pauses.append((at - len(silence), at))
    sound = np.concatenate([part for turn in turns for part in (turn, silence)])
    noise = np.random.default_rng(99).standard_normal(sound.shape) * 10 ** (noise_dbfs / 20)
    return Dialogue(sound + noise.astype(np.float32), places, pauses if pause_s else [], [])
