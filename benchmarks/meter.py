"""The meter beside libebur128, and what planning and rendering a master cost.

python benchmarks/meter.py [--minutes 5] [--rounds 3]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from ngopi.audio.loudness import LoudnessMeter  # first: it sets BLAS to one thread
from ngopi.audio.mastering import plan_master, render
from ngopi.audio.pcm import Pcm
from ngopi.model import AudioSettings

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from other_meter import judge
from speech import RATE_HZ, conversation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    sound = conversation([-20.0, -32.0, -26.0], duration_s=60 * options.minutes, channels=2)
    with Pcm.of(sound, RATE_HZ) as pcm:
        plan = plan_master(pcm, AudioSettings(), advance=ignore)
        ways = {
            "ngopi meter": lambda: metered(sound),
            "libebur128": lambda: judge(sound, RATE_HZ),
            "plan": lambda: plan_master(pcm, AudioSettings(), advance=ignore),
            "render": lambda: render_all(pcm, plan),
        }
        taken = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, way in ways.items():
                started = time.process_time()
                way()
                taken[name].append(time.process_time() - started)
    for name, seconds in taken.items():
        cpu_s = statistics.median(seconds)
        times, cost_s = 60 * options.minutes / cpu_s, cpu_s * 10 / options.minutes
        print(f"{name:12} {times:6.0f} x real time a core, {cost_s:5.2f} CPU s for 10 minutes")
    ours, theirs = metered(sound), judge(sound, RATE_HZ)
    print(f"difference {ours.integrated_lufs - theirs.integrated_lufs:+.6f} LU, ", end="")
    print(f"true peak {ours.true_peak_dbtp - theirs.true_peak_dbtp:+.3f} dB (8 x against 4 x)")


def ignore(_done_s):
    pass


def metered(sound):
    meter = LoudnessMeter(sample_rate_hz=RATE_HZ, channels=sound.shape[1])
    for start in range(0, len(sound), RATE_HZ):
        meter.feed(sound[start : start + RATE_HZ])
    return meter.result()


def render_all(pcm, plan):
    for start in range(0, pcm.frames, 10 * RATE_HZ):
        render(pcm, plan, start, min(start + 10 * RATE_HZ, pcm.frames))


if __name__ == "__main__":
    main()
