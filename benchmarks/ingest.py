"""The whole ``ngopi ingest`` beside ffmpeg's bare encode: wall time, CPU time, peak memory.

python benchmarks/ingest.py [--minutes 60] [--rounds 3] [--recording FILE ...]

Without recordings it makes its own: speakers who take turns, as WAV, M4A and MP4 with pictures.
Each round runs ffmpeg and ngopi one after the other, so that both meet the same machine.
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
from pathlib import Path

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from speech import RATE_HZ, conversation

CHANNELS = 2
#: As decided: WAV, and what must be decoded first.
TARGETS = {".wav": 0.70}
OTHER_TARGET = 0.80
MEMORY_TARGET_MB = 200
NGOPI = (sys.executable, "-m", "ngopi")


@dataclass(frozen=True)
class Run:
    wall_s: float
    cpu_s: float
    peak_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--recording", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        sys.exit("ffmpeg, to compare with, is not installed.")
    if not hasattr(os, "wait4"):
        sys.exit("This system does not tell what a process took.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: what a child inherits counts as its memory.
        with ProcessPoolExecutor(1) as pool:
            recordings = (
                options.recording or pool.submit(make_recordings, folder, options.minutes).result()
            )
        print(f"{'recording':16} {'ffmpeg wall/CPU s':>18} {'ngopi wall/CPU s':>18}", end="")
        print(f" {'ratio':>6} {'most':>5} {'peak MB':>8}")
        for recording in recordings:
            compare(recording, folder, ffmpeg, rounds=options.rounds)


def compare(recording: Path, folder: Path, ffmpeg: str, *, rounds: int) -> None:
    theirs: list[Run] = []
    ours: list[Run] = []
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
    ratios = [our.wall_s / their.wall_s for our, their in zip(ours, theirs, strict=True)]
    most = TARGETS.get(recording.suffix, OTHER_TARGET)
    print(f"{recording.name:16}", end="")
    for runs in (theirs, ours):
        wall_s, cpu_s = (
            statistics.median(getattr(r, n) for r in runs) for n in ("wall_s", "cpu_s")
        )
        print(f" {wall_s:9.2f}/{cpu_s:8.2f}", end="")
    print(f" {statistics.median(ratios):6.2f} {most:5.2f} {max(r.peak_mb for r in ours):8.0f}")


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


def make_recordings(folder: Path, minutes: int) -> list[Path]:
    wav = folder / "recording.wav"
    with wave.open(str(wav), "wb") as file:
        file.setnchannels(CHANNELS)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        for minute in range(minutes):
            sound = conversation([-20 - minute % 7, -32, -23 - minute % 3], duration_s=60)
            sound[:, 1] = 0.7 * np.roll(sound[:, 1], 31) + 0.2 * np.roll(sound[:, 0], 4800)
            file.writeframes((sound.clip(-1, 1) * 32767).astype("<i2").tobytes())
    return [wav, as_aac(wav, pictures=False), as_aac(wav, pictures=True)]


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
