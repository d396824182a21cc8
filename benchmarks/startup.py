"""How quick to the hand: ``--help`` and ``list`` beside Python's own start (aim: 0.25 s)."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 15
COMMANDS = {
    "python": ["-c", "pass"],
    "--help": ["-m", "ngopi", "--help"],
    "list": ["-m", "ngopi", "list"],
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = [sys.executable, "-m", "ngopi", "--lang", "en"]
        subprocess.run([*run, "demo", folder], check=True, capture_output=True)
        times: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for _ in range(ROUNDS):
            for name, argv in COMMANDS.items():
                began = time.perf_counter()
                subprocess.run([sys.executable, *argv], cwd=folder, check=True, capture_output=True)
                times[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    for name, median_s in medians.items():
        beside_s = median_s - medians["python"]
        print(f"{name:8} {median_s:.3f} s, {beside_s:+.3f} s beside Python's start")


if __name__ == "__main__":
    main()
