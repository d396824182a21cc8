"""MP3 on one core, on all cores, and by ffmpeg: medians of interleaved runs.

python benchmarks/encode.py [--minutes 10] [--rounds 5] [--bitrate 128]
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydub import AudioSegment

from ngopi.audio.encode import Job, _encode, chunk_edges, encode_mp3
from ngopi.audio.mp3_file import Mp3Writer
from ngopi.audio.mp3_frames import frame_count

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from mp3 import decoded, snr_db
from speech import RATE_HZ, conversation, write_wav

if TYPE_CHECKING:
    from collections.abc import Callable

CHANNELS, FRAME_BYTES = 2, 4
HEADER_BYTES = 44  # of a WAV by the standard library
CHUNK_FRAMES, MP3_FRAME = 2500, 1152  # encode_mp3's chunk of a minute at 48 kHz


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bitrate", type=int, default=128)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wav = folder / "in.wav"
        # In a process of its own: its memory is not the encoder's.
        with ProcessPoolExecutor(1) as pool:
            pool.submit(write_recording, wav, minutes=options.minutes).result()
        ways = ways_to_encode(wav, folder, bitrate_kbps=options.bitrate)
        print_medians(ways, rounds=options.rounds)
        if sys.platform == "linux":
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"peak memory {peak_mb:.0f} MB, start of Python and libraries included")
        print_joints(wav, folder, bitrate_kbps=options.bitrate)


def write_recording(path: Path, *, minutes: int) -> None:
    """Write minutes of speech that differ in their levels, one at a time."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(CHANNELS)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        for minute in range(minutes):
            sound = conversation([-20 - minute % 7, -26, -23 - minute % 3], duration_s=60)
            sound[:, 1] = 0.7 * np.roll(sound[:, 1], 31) + 0.2 * np.roll(sound[:, 0], 4800)
            one = write_wav(path.with_name("minute.wav"), sound)
            file.writeframes(one.read_bytes()[HEADER_BYTES:])


def render(wav: Path, frames: int, start: int, stop: int) -> AudioSegment:
    with wav.open("rb") as file:
        file.seek(HEADER_BYTES + start * FRAME_BYTES)
        data = file.read(max(0, min(stop, frames) - start) * FRAME_BYTES)
    return AudioSegment(
        data.ljust((stop - start) * FRAME_BYTES, b"\0"),
        sample_width=2,
        frame_rate=RATE_HZ,
        channels=CHANNELS,
    )


def frames_in(wav: Path) -> int:
    return (wav.stat().st_size - HEADER_BYTES) // FRAME_BYTES


def ways_to_encode(
    wav: Path, folder: Path, *, bitrate_kbps: int
) -> dict[str, Callable[[], object]]:
    frames = frames_in(wav)

    def encode(path: Path, **more: int) -> None:
        with Mp3Writer(path, samples=frames) as file:
            encode_mp3(
                partial(render, wav, frames),
                file,
                sample_rate_hz=RATE_HZ,
                channels=CHANNELS,
                bitrate_kbps=bitrate_kbps,
                advance=float,
                **more,
            )

    ways: dict[str, Callable[[], object]] = {
        "serial": lambda: encode_serially(wav, folder / "serial.mp3", bitrate_kbps=bitrate_kbps),
        "one worker": lambda: encode(folder / "one.mp3", workers=1),
        "all cores": lambda: encode(folder / "all.mp3"),
    }
    if ffmpeg := shutil.which("ffmpeg"):
        command = [ffmpeg, "-v", "error", "-y", "-i", str(wav), "-c:a", "libmp3lame"]
        command += ["-b:a", f"{bitrate_kbps}k", str(folder / "ffmpeg.mp3")]
        ways["ffmpeg"] = lambda: subprocess.run(command, check=True)
    return ways


def encode_serially(wav: Path, path: Path, *, bitrate_kbps: int) -> None:
    # One chunk has no joint, but all its frames are held until the end.
    encode_in_chunks(wav, path, bitrate_kbps=bitrate_kbps, chunk_frames=10**9)


def encode_in_chunks(wav: Path, path: Path, *, bitrate_kbps: int, chunk_frames: int) -> int:
    frames = frames_in(wav)
    job = Job(partial(render, wav, frames), frames, RATE_HZ, CHANNELS, bitrate_kbps, float)
    edges = chunk_edges(frame_count(frames), shortest=chunk_frames, longest=chunk_frames)
    with Mp3Writer(path, samples=frames) as file:
        return _encode(job, file, edges, workers=1)


def print_medians(ways: dict[str, Callable[[], object]], *, rounds: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _round in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, median in medians.items():
        spread = f"{min(times[name]):.2f} to {max(times[name]):.2f}"
        print(
            f"{name:>12} {median:6.2f} s ({spread}), {medians['serial'] / median:.2f} times serial"
        )


def print_joints(wav: Path, folder: Path, *, bitrate_kbps: int) -> None:
    """Compare what is heard around the joints with the serial encode at the same places."""
    path = folder / "joined.mp3"
    left = encode_in_chunks(wav, path, bitrate_kbps=bitrate_kbps, chunk_frames=CHUNK_FRAMES)
    sound = np.frombuffer(wav.read_bytes()[HEADER_BYTES:], "<i2").reshape(-1, CHANNELS)
    sound = sound.astype(np.float32) / 32768
    joined, serial = decoded(path), decoded(folder / "serial.mp3")
    edges = range(CHUNK_FRAMES, len(sound) // MP3_FRAME - 24, CHUNK_FRAMES)
    near = np.concatenate(
        [np.arange((edge - 18) * MP3_FRAME, (edge + 26) * MP3_FRAME) for edge in edges]
    )
    print(f"{len(edges)} joints, {left} chunks encoded serially instead")
    print(f"near them {snr_db(sound[near], joined[near]):.2f} dB SNR,", end=" ")
    print(f"serial {snr_db(sound[near], serial[near]):.2f} dB")
    print(f"everywhere {snr_db(sound, joined):.2f} dB, serial {snr_db(sound, serial):.2f} dB")


if __name__ == "__main__":
    main()
