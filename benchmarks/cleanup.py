"""What cleaning costs for 10 minutes of stereo, and its noise reduction beside FFmpeg's afftdn.

python benchmarks/cleanup.py [--minutes 5]

The second table wants the ffmpeg binary. Pause: by how much the pauses become quieter.
SNR: mean of 20 ms segments of speech against the clean recording, before and after. Spectrum:
how far the loud bins of speech are from the clean ones (RMS, dB; smaller is better).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

import ngopi.audio  # noqa: F401 - first: it sets BLAS to one thread

# isort: split
import numpy as np

from ngopi.audio.cleanup import cleaned, plan_cleanup
from ngopi.audio.noise import noise_reduction
from ngopi.audio.pcm import Pcm
from ngopi.audio.survey import survey
from ngopi.model import AudioSettings

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from speech import RATE_HZ, voice

REDUCTION_DB = 12
SETTINGS = ("remove_rumble", "remove_hum", "reduce_noise")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=5)
    options = parser.parse_args()
    costs(options.minutes)
    if shutil.which("ffmpeg"):
        beside_afftdn()


def ignore(_done_s):
    pass


def costs(minutes):
    seconds = 60 * minutes
    sound = voice(seconds, channels=2) + noise(-50, "pink", seconds)[:, None]
    time_s = np.arange(len(sound)) / RATE_HZ
    sound += (0.01 * np.sin(2 * np.pi * 50.02 * time_s) + 0.02).astype(np.float32)[:, None]
    sound += (0.03 * np.sin(2 * np.pi * 25 * time_s)).astype(np.float32)[:, None]
    with Pcm.of(sound, RATE_HZ) as pcm:
        print(f"{'read':16} {cpu_s(lambda: read_all(pcm)) * 10 / minutes:5.2f} CPU s / 10 min")
        taken_s = cpu_s(lambda: survey(pcm, advance=ignore))
        print(f"{'survey':16} {taken_s * 10 / minutes:5.2f} CPU s / 10 min")
        found = survey(pcm, advance=ignore)
        for active in (*((name,) for name in SETTINGS), SETTINGS):
            settings = AudioSettings(**{name: name in active for name in SETTINGS})
            plan = plan_cleanup(found, settings)
            taken_s = cpu_s(lambda plan=plan: read_all(cleaned(pcm, plan)))
            steps = "+".join(treatment.name for treatment in plan.treatments)
            print(f"{steps:24} {taken_s * 10 / minutes:5.2f} CPU s / 10 min, reading included")


def cpu_s(work):
    started = time.process_time()
    work()
    return time.process_time() - started


def read_all(sound):
    for start in range(0, sound.frames, 5 * RATE_HZ):
        sound.read(start, min(start + 5 * RATE_HZ, sound.frames))


def noise(dbfs, colour, seconds):
    frames = seconds * RATE_HZ
    spectrum = np.fft.rfft(np.random.default_rng(5).standard_normal(frames))
    hz = np.fft.rfftfreq(frames, 1 / RATE_HZ)
    spectrum *= {"white": 1, "pink": np.maximum(hz, 40) ** -0.5, "fan": 1 / np.maximum(hz, 80)}[
        colour
    ]
    sound = np.fft.irfft(spectrum, frames)
    return (sound * 10 ** (dbfs / 20) / sound.std()).astype(np.float32)


def beside_afftdn():
    clean = np.concatenate([np.zeros(RATE_HZ, np.float32), speech()])
    seconds = len(clean) // RATE_HZ
    clean = clean[: seconds * RATE_HZ]
    for colour in ("white", "pink", "fan"):
        for dbfs in (-42, -50):
            noisy = clean + noise(dbfs, colour, seconds)
            print(f"{colour} noise at {dbfs} dBFS")
            show("ngopi", clean, noisy, lambda noisy=noisy: reduced(noisy))
            own = f"afftdn=nr={REDUCTION_DB}:nf={dbfs}"
            show("afftdn, floor", clean, noisy, lambda x=noisy, own=own: filtered(x, own))
            track = f"{own}:tn=1"
            show("afftdn, tracking", clean, noisy, lambda x=noisy, track=track: filtered(x, track))
            # The best it can be given: a second of nothing but the noise.
            shown = f"asendcmd=c='0.1 afftdn sn start; 0.9 afftdn sn stop',{own}"
            show("afftdn, shown", clean, noisy, lambda x=noisy, shown=shown: filtered(x, shown))


def speech():
    """Return espeak-ng's Indonesian where it is there, else the tests' voice, at about -23 dBFS."""
    if not shutil.which("espeak-ng"):
        return voice(60)[:, 0]
    words = (
        "Selamat datang di Ngopi Bawaslu. Hari ini kita membahas pengawasan partisipatif di "
        "kelurahan. Setiap warga berhak mengawasi. Bagaimana caranya? Kita mulai dari lingkungan "
        "terdekat, dari rumah, dari kampung. Terima kasih, sampai jumpa di episode berikutnya. "
    )
    pieces = []
    for speaker in ("id", "id+f3"):
        wav = run(["espeak-ng", "-v", speaker, "--stdout", words], b"")
        raw = ["-f", "f32le", "-ar", str(RATE_HZ), "-ac", "1", "-"]
        sound = np.frombuffer(run(["ffmpeg", "-v", "error", "-i", "-", *raw], wav), np.float32)
        pieces += [sound, np.zeros(RATE_HZ // 2, np.float32)]
    sound = np.concatenate(pieces)
    return sound * np.float32(10 ** (-23 / 20) / sound.std())


def run(command, data):
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def reduced(noisy):
    with Pcm.of(noisy[:, None], RATE_HZ) as pcm:
        found = survey(pcm, advance=ignore).channels[0].noise
        return noise_reduction(found, reduction_db=REDUCTION_DB).removed(pcm.read, 0, len(noisy))[
            :, 0
        ]


def filtered(noisy, filters):
    raw = ["-f", "f32le", "-ar", str(RATE_HZ), "-ac", "1"]
    command = ["ffmpeg", "-v", "error", *raw, "-i", "-", "-af", filters, *raw, "-"]
    found = np.frombuffer(run(command, noisy.tobytes()), np.float32)
    # It delays: by as much as it resembles its input most.
    size = 1 << (2 * len(noisy)).bit_length()
    alike = np.fft.irfft(np.fft.rfft(found, size) * np.fft.rfft(noisy, size).conj())
    delay = int(alike[: RATE_HZ // 2].argmax())
    return np.pad(found[delay:], (0, len(noisy)))[: len(noisy)]


def show(name, clean, noisy, way):
    started = time.perf_counter()
    found = way()
    taken_s = time.perf_counter() - started
    energy = segments(clean, 960)
    speaking = energy > energy.max() * 1e-4
    pausing = np.convolve(energy > energy.max() * 1e-6, np.ones(9), "same") == 0
    pause_db = 10 * np.log10(
        segments(found, 960)[pausing].mean() / segments(noisy, 960)[pausing].mean()
    )
    before_db, after_db = (snr_db(clean, sound, speaking) for sound in (noisy, found))
    print(
        f"  {name:17} pause {pause_db:6.1f} dB, SNR {before_db:5.1f} -> {after_db:5.1f} dB, "
        f"spectrum {spectral_db(clean, found):4.2f} dB, {taken_s:.2f} s"
    )


def segments(sound, frames):
    return np.mean(sound[: len(sound) // frames * frames].reshape(-1, frames) ** 2, axis=1)


def snr_db(clean, sound, speaking):
    ratio = segments(clean, 960)[speaking] / (segments(sound - clean, 960)[speaking] + 1e-12)
    return np.clip(10 * np.log10(ratio), -10, 35).mean()


def spectral_db(clean, sound):
    def power(samples):
        windows = samples[: len(samples) // 1024 * 1024].reshape(-1, 1024) * np.hanning(1024)
        return np.abs(np.fft.rfft(windows)) ** 2 + 1e-12

    expected, found = power(clean), power(sound)
    loudest = expected.max(axis=1, keepdims=True)
    heard = (expected > loudest * 1e-3) & (loudest > expected.max() * 1e-4)
    return np.sqrt(np.mean((10 * np.log10(found[heard] / expected[heard])) ** 2))


if __name__ == "__main__":
    main()
