"""The whole ``ngopi ingest`` beside ffmpeg's bare encode: wall time, CPU time, peak memory.

python benchmarks/ingest.py [--minutes 60] [--rounds 3] [--voices FOLDER ... | --recording FILE ...]
    [--normalize]

Without recordings it makes its own: speakers who take turns, as WAV, M4A and MP4 with pictures.
Of --voices these are real ones 12 dB apart: each folder has one person's phrases (see
conversations.py); else they are synthetic, and hiss more than any voice.
Each round runs ffmpeg and ngopi one after the other, so that both meet the same machine;
with --normalize ffmpeg-normalize too (https://pypi.org/project/ffmpeg-normalize).
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from conversations import phrases_in, spoken_turn
from speech import RATE_HZ, conversation

CHANNELS = 2
#: As decided: WAV, and what must be decoded first.
TARGETS = {".wav": 0.70}
OTHER_TARGET = 0.80
MEMORY_TARGET_MB = 200
NGOPI = (sys.executable, "-m", "ngopi")
APART_DB = 12.0


@dataclass(frozen=True)
class Run:
    wall_s: float
    cpu_s: float
    peak_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--voices", type=Path, nargs="+", default=[])
    parser.add_argument("--recording", type=Path, nargs="*", default=[])
    parser.add_argument("--normalize", action="store_true")
    options = parser.parse_args()
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        sys.exit("ffmpeg, to compare with, is not installed.")
    if options.normalize and shutil.which("ffmpeg-normalize") is None:
        sys.exit("ffmpeg-normalize, to compare with, is not installed.")
    if not hasattr(os, "wait4"):
        sys.exit("This system does not tell what a process took.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: what a child inherits counts as its memory.
        with ProcessPoolExecutor(1) as pool:
            recordings = (
                options.recording
                or pool.submit(make_recordings, folder, options.minutes, options.voices).result()
            )
        print(f"{'recording':16} {'ffmpeg wall/CPU s':>18} {'ngopi wall/CPU s':>18}", end="")
        print(f" {'ratio':>6} {'most':>5} {'peak MB':>8}")
        for recording in recordings:
            compare(recording, folder, ffmpeg, rounds=options.rounds, normalize=options.normalize)


def compare(recording: Path, folder: Path, ffmpeg: str, *, rounds: int, normalize: bool) -> None:
    theirs: list[Run] = []
    ours: list[Run] = []
    normalized: list[Run] = []
    encode = (ffmpeg, "-v", "error", "-y", "-i", recording, "-vn", "-c:a", "libmp3lame")
    for _ in range(rounds):
        theirs.append(run(*encode, "-b:a", "128k", folder / "theirs.mp3"))
        show = folder / "show"
        shutil.rmtree(show, ignore_errors=True)
        subprocess.run(
            (*NGOPI, "init", show, "--title", "Benchmark", "--author", "Nobody"),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        ours.append(
            run(*NGOPI, "--show", show, "ingest", recording, "--title", "A", "--no-publish")
        )
        if normalize:
            normalized.append(run(*normalization(recording, folder / "normalized.mp3")))
    ratios = [our.wall_s / their.wall_s for our, their in zip(ours, theirs, strict=True)]
    most = TARGETS.get(recording.suffix, OTHER_TARGET)
    print(f"{recording.name:16}", end="")
    for runs in (theirs, ours):
        wall_s, cpu_s = (
            statistics.median(getattr(r, n) for r in runs) for n in ("wall_s", "cpu_s")
        )
        print(f" {wall_s:9.2f}/{cpu_s:8.2f}", end="")
    print(f" {statistics.median(ratios):6.2f} {most:5.2f} {max(r.peak_mb for r in ours):8.0f}")
    if normalize:
        faster = [n.wall_s / our.wall_s for n, our in zip(normalized, ours, strict=True)]
        wall_s = statistics.median(r.wall_s for r in normalized)
        print(
            f"{'':16} ffmpeg-normalize {wall_s:9.2f} s, {statistics.median(faster):.1f} times ours"
        )


def normalization(recording: Path, out: Path) -> tuple[str | Path, ...]:
    """Return the command of the peer that aims at the same loudness and the same peak."""
    target = ("-t", "-16", "-tp", "-1", "-ar", str(RATE_HZ), "-c:a", "libmp3lame", "-b:a", "128k")
    return ("ffmpeg-normalize", recording, "-f", "-vn", *target, "-o", out)


def run(*command: str | Path) -> Run:
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    complaint = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(complaint.decode(errors="replace"))
    in_a_mb = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Run(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / in_a_mb)


def make_recordings(folder: Path, minutes: int, voices: list[Path]) -> list[Path]:
    wav = folder / "recording.wav"
    sound_of = partial(spoken_minute, [phrases_in(voice) for voice in voices])
    with wave.open(str(wav), "wb") as file:
        file.setnchannels(CHANNELS)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        for minute in range(minutes):
            sound = sound_of(minute) if voices else synthetic_minute(minute)
            file.writeframes((sound.clip(-1, 1) * 32767).astype("<i2").tobytes())
    return [wav, as_aac(wav, pictures=False), as_aac(wav, pictures=True)]


def synthetic_minute(minute: int) -> np.ndarray:
    sound = conversation([-20 - minute % 7, -32, -23 - minute % 3], duration_s=60)
    sound[:, 1] = 0.7 * np.roll(sound[:, 1], 31) + 0.2 * np.roll(sound[:, 0], 4800)
    return sound


def spoken_minute(voices: list[tuple[list[np.ndarray], int]], minute: int) -> np.ndarray:
    """Return a minute of real voices, one after the other, each from a seat of its own."""
    random = np.random.default_rng(minute)
    sound = random.standard_normal((60 * RATE_HZ, CHANNELS)).astype(np.float32) * 10 ** (-65 / 20)
    at, who = 0, minute
    while at < len(sound):
        phrases, rate_hz = voices[who % len(voices)]
        turn = resampled(spoken_turn(phrases, rate_hz, random), rate_hz)[: len(sound) - at]
        share = who % len(voices) / max(len(voices) - 1, 1)
        turn = turn * np.float32(10 ** ((-18 - APART_DB * share) / 20))
        sound[at : at + len(turn)] += turn[:, None] * np.array([1 - share / 2, 0.5 + share / 2])
        at += len(turn) + int(random.uniform(0.3, 1.5) * RATE_HZ)
        who += 1
    return sound


def resampled(sound: np.ndarray, rate_hz: int) -> np.ndarray:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    frame = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), format="fltp", layout="mono")
    frame.sample_rate = rate_hz
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([each.to_ndarray()[0] for each in frames])


def as_aac(wav: Path, *, pictures: bool) -> Path:
    """Make of *wav* what a phone (M4A) or a video call (MP4) records, 128 kbit/s."""
    path = wav.with_suffix(".mp4" if pictures else ".m4a")
    with av.open(str(wav)) as source, av.open(str(path), "w") as target:
        if pictures:
            video = target.add_stream("mpeg4", rate=5)
            video.width, video.height, video.pix_fmt = 640, 360, "yuv420p"
        audio = target.add_stream("aac", rate=RATE_HZ, layout="stereo")
        audio.bit_rate = 128_000
        shown = 0
        for frame in source.decode(audio=0):
            target.mux(audio.encode(frame))
            while pictures and shown / 5 <= frame.time:
                target.mux(video.encode(av.VideoFrame(640, 360, "yuv420p")))
                shown += 1
        target.mux(audio.encode(None))
        if pictures:
            target.mux(video.encode(None))
    return path


if __name__ == "__main__":
    main()
