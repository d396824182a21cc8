"""Varied recordings, delivered, and judged by libebur128 on the decoded MP3.

python benchmarks/corpus.py [--count 200] [--seed 1] [--quick]

Each must meet its target within 0.3 LU and stay at or below -1.0 dBTP, or be refused with an
error of ngopi's own. --quick leaves the long ones out (20 minutes to 3 hours).
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pyebur128

from ngopi.audio.delivery import deliver
from ngopi.audio.recording import probe
from ngopi.errors import NgopiError
from ngopi.model import AudioSettings, Source

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from speech import add_sound, conversation, voice

TARGET_LUFS = {1: -19.0, 2: -16.0}
TOLERANCE_LU, CEILING_DBTP = 0.3, -1.0
#: Encoder, file extension, and the sample rates that it takes.
CODECS = {
    "wav 16": ("pcm_s16le", "wav", (8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000)),
    "wav 24": ("pcm_s24le", "wav", (44100, 48000, 88200, 96000)),
    "wav float": ("pcm_f32le", "wav", (44100, 48000, 96000)),
    "flac": ("flac", "flac", (16000, 44100, 48000, 96000)),
    "mp3": ("libmp3lame", "mp3", (16000, 22050, 32000, 44100, 48000)),
    "aac": ("aac", "m4a", (16000, 22050, 44100, 48000)),
    "opus": ("libopus", "ogg", (48000,)),
}
LONG_S = (1200, 3600, 10800)
BLOCK_S = 30  # of which a long recording is made, again and again


@dataclass(frozen=True)
class Case:
    number: int
    kind: str
    lay: str
    codec: str
    rate_hz: int
    peak_dbfs: float
    duration_s: float

    def __str__(self) -> str:
        return (
            f"{self.number:4d} {self.kind:9} {self.lay:8} {self.codec:9} {self.rate_hz:6d} Hz"
            f" {self.peak_dbfs:6.1f} dBFS {self.duration_s:7.1f} s"
        )


@dataclass(frozen=True)
class Outcome:
    case: Case
    off_lu: float | None
    true_peak_dbtp: float | None
    refusal: str | None
    taken_s: float
    is_clear: bool = True

    @property
    def is_good(self) -> bool:
        if self.off_lu is None or self.true_peak_dbtp is None:
            return self.is_clear
        return abs(self.off_lu) <= TOLERANCE_LU and self.true_peak_dbtp <= CEILING_DBTP


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    outcomes = []
    for case in cases(options.count, options.seed, long_s=() if options.quick else LONG_S):
        with tempfile.TemporaryDirectory() as name:
            outcome = delivered(case, Path(name), options.seed)
        outcomes.append(outcome)
        if not outcome.is_good:
            print(f"FAILED {case}: {outcome}")
            sys.stdout.flush()
    print_summary(outcomes)
    sys.exit(not all(outcome.is_good for outcome in outcomes))


def cases(count: int, seed: int, *, long_s: tuple[int, ...]) -> list[Case]:
    chance = random.Random(seed)
    made = []
    for number in range(count):
        codec = chance.choice(list(CODECS))
        made.append(
            Case(
                number,
                kind=chance.choice(list(KINDS)),
                lay=chance.choice(list(LAYS)),
                codec=codec,
                rate_hz=chance.choice(CODECS[codec][2]),
                # From hot to far below what anybody would record.
                peak_dbfs=chance.uniform(-50, 0) if chance.random() < 0.7 else 0.0,
                duration_s=chance.uniform(5, 30),
            )
        )
    for number, duration_s in enumerate(long_s, start=count):
        made.append(Case(number, "talk", "stereo", "aac", 48000, -6.0, duration_s))
    return made


# -- sounds: float32 (frames, 1), of any level ---------------------------------------------


def talk(case: Case, noise: np.random.Generator) -> np.ndarray:
    levels = noise.uniform(-36, -16, 3)
    return conversation(
        list(levels), duration_s=block_s(case), rate_hz=case.rate_hz, channels=1, noise_dbfs=-65
    )


def solo(case: Case, noise: np.random.Generator) -> np.ndarray:
    seed = int(noise.integers(1000))
    return voice(block_s(case), rate_hz=case.rate_hz, pitch_hz=noise.uniform(80, 240), seed=seed)


def clipped(case: Case, noise: np.random.Generator) -> np.ndarray:
    return np.clip(noise.uniform(2, 12) * solo(case, noise), -1, 1)


def squashed(case: Case, noise: np.random.Generator) -> np.ndarray:
    return np.tanh(noise.uniform(4, 20) * solo(case, noise))


def knocked(case: Case, noise: np.random.Generator) -> np.ndarray:
    sound = 0.1 * solo(case, noise)
    sound[noise.integers(0, len(sound), 12)] = 0.9
    return sound


def hissing(case: Case, noise: np.random.Generator) -> np.ndarray:
    sound = solo(case, noise)
    return sound + noise.uniform(0.01, 0.1) * noise.standard_normal(sound.shape)


def music(case: Case, noise: np.random.Generator) -> np.ndarray:
    time_s = np.arange(round(block_s(case) * case.rate_hz)) / case.rate_hz
    chords = np.zeros_like(time_s)
    for _ in range(12):
        swell = np.sin(np.pi * time_s * noise.uniform(0.2, 2)) ** 2
        chords += swell * np.sin(2 * np.pi * noise.uniform(60, 3000) * time_s)
    return 0.08 * chords[:, None]


def spiky(case: Case, noise: np.random.Generator) -> np.ndarray:
    frames = round(block_s(case) * case.rate_hz)
    bursts = np.repeat(10 ** noise.uniform(-2, 0, frames // 480 + 1), 480)[:frames, None]
    return 0.25 * noise.standard_normal((frames, 1)) * bursts


KINDS = {
    "talk": talk,
    "solo": solo,
    "clipped": clipped,
    "squashed": squashed,
    "knocked": knocked,
    "hissing": hissing,
    "music": music,
    "spiky": spiky,
}
LAYS = {
    "mono": lambda sound: sound,
    "stereo": lambda sound: np.hstack([sound, 0.7 * np.roll(sound, 60, axis=0)]),
    "twice": lambda sound: np.hstack([sound, sound]),
    "one dead": lambda sound: np.hstack([np.zeros_like(sound), sound]),
    "opposite": lambda sound: np.hstack([sound, -0.9 * sound]),
}


def block_s(case: Case) -> float:
    return min(case.duration_s, BLOCK_S)


def recorded(case: Case, folder: Path, seed: int) -> Path:
    noise = np.random.default_rng([seed, case.number])
    sound = LAYS[case.lay](KINDS[case.kind](case, noise))
    sound = (sound * 10 ** (case.peak_dbfs / 20) / np.abs(sound).max()).astype(np.float32)
    codec, extension, _rates = CODECS[case.codec]
    path = folder / f"recording.{extension}"
    with av.open(str(path), "w") as container:
        layout = "mono" if sound.shape[1] == 1 else "stereo"
        stream = container.add_stream(codec, rate=case.rate_hz, layout=layout)
        for start_s in np.arange(0, case.duration_s, BLOCK_S):
            add_sound(container, stream, sound, case.rate_hz, start_s=float(start_s))
        container.mux(stream.encode(None))
    return path


# -- delivery and judgement ----------------------------------------------------------------


class Unseen:
    def step(self, _label, _total, **_unit):
        return self

    def __enter__(self):
        return float

    def __exit__(self, *_):
        pass


def delivered(case: Case, folder: Path, seed: int) -> Outcome:
    recording = recorded(case, folder, seed)
    out = folder / "out.mp3"
    began = time.perf_counter()
    with ThreadPoolExecutor(1) as thread:
        error = thread.submit(deliver_plainly, recording, out).exception()
    taken_s = time.perf_counter() - began
    if error is not None:
        is_clear = isinstance(error, NgopiError)
        said = error.code if is_clear else f"a bug, {error!r}"
        return Outcome(case, None, None, said, taken_s, is_clear=is_clear)
    loudness_lufs, peak_dbtp, channels = judged(out)
    return Outcome(case, loudness_lufs - TARGET_LUFS[channels], peak_dbtp, None, taken_s)


def deliver_plainly(recording: Path, out: Path) -> None:
    deliver(Source.of(probe(recording)), out, settings=AudioSettings(), progress=Unseen())


def judged(path: Path) -> tuple[float, float, int]:
    """Return what libebur128 measures on the decoded file, as it is decoded."""
    mode = pyebur128.MeasurementMode.MODE_I | pyebur128.MeasurementMode.MODE_TRUE_PEAK
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        channels = stream.codec_context.channels
        state = pyebur128.R128State(channels, stream.rate, mode)
        for frame in container.decode(stream):
            sound = np.ascontiguousarray(frame.to_ndarray().T)
            state.add_frames(sound.ravel(), len(sound))
    peak = max(pyebur128.get_true_peak(state, channel) for channel in range(channels))
    loudness_lufs = pyebur128.get_loudness_global(state)
    return loudness_lufs, 20 * math.log10(peak) if peak else -math.inf, channels


def print_summary(outcomes: list[Outcome]) -> None:
    made = [outcome for outcome in outcomes if outcome.off_lu is not None]
    refused = Counter(outcome.refusal for outcome in outcomes if outcome.refusal is not None)
    bad = sum(not outcome.is_good for outcome in outcomes)
    print(
        f"{len(outcomes)} recordings: {sum(o.is_good for o in made)} met the target, {bad} failed",
        end="",
    )
    print("".join(f", {count} refused ({code})" for code, count in refused.most_common()))
    for outcome in outcomes:
        if outcome.refusal is not None:
            print(f"  refused {outcome.case}: {outcome.refusal}")
    if made:
        furthest = max(made, key=lambda outcome: abs(outcome.off_lu))
        highest = max(made, key=lambda outcome: outcome.true_peak_dbtp)
        print(f"  furthest off {furthest.off_lu:+.3f} LU:{furthest.case}")
        print(f"  highest peak {highest.true_peak_dbtp:.3f} dBTP:{highest.case}")
    sound_s = sum(outcome.case.duration_s for outcome in outcomes)
    taken_s = sum(outcome.taken_s for outcome in outcomes)
    print(f"  {sound_s / 60:.1f} minutes of sound delivered in {taken_s:.0f} s")


if __name__ == "__main__":
    main()
