"""Try ngopi on Windows without having one: a Windows Python under wine, on Debian and Ubuntu.

    make windows                                      the way of an episode, and the quick tests
    python -P tools/windows.py --make                 only make that Python and see it run
    python -P tools/windows.py --lacking              the packages that must be installed first
    python -P tools/windows.py -- -m ngopi demo acara any command line of that Python

What fails is tried once more, and that is said: wine, too, fails now and then.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import math
import random
import re
import struct
import sys
import tempfile
import urllib.request
import wave
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))
from windows_python import ROOT, WindowsPython, WineError, cache, lacking, told, windows_python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NGOPI = ("-P", "-m", "ngopi")
# As people name them; and what a code page of Windows cannot say.
RECORDING = "Rekaman rapat (1) é → ☕.wav"
TITLE = "Rapat é → ☕"


# -- the way of an episode ----------------------------------------------------------------------


def walk(windows: WindowsPython) -> None:
    with tempfile.TemporaryDirectory(prefix="acara ") as name:
        folder = Path(name)
        for step in (demo, ingest, publish, check, serve):
            told(step.__name__, lambda step=step: step(windows, folder))


def demo(windows: WindowsPython, folder: Path) -> None:
    said = windows.run(*NGOPI, "--lang", "en", "demo", "acara", cwd=folder)
    expect("0 errors" in said and " · " in said, said)


def ingest(windows: WindowsPython, folder: Path) -> None:
    write_speech(folder / RECORDING)
    said = windows.run(
        *NGOPI, "--show", "acara", "--json", "ingest", RECORDING,
        "--title", TITLE, "--number", "2", "--no-publish", cwd=folder,
    )  # fmt: skip
    expect('"sha256"' in said, said)


def publish(windows: WindowsPython, folder: Path) -> None:
    windows.run(*NGOPI, "--show", "acara", "publish", cwd=folder)
    said = windows.run(*NGOPI, "--show", "acara", "--json", "list", cwd=folder)
    episodes = {each["title"]: each["state"] for each in json.loads(said)}
    expect(episodes.get(TITLE) == "published", said)


def check(windows: WindowsPython, folder: Path) -> None:
    (feed,) = (folder / "acara" / "feeds").glob("*.xml")
    said = windows.run(*NGOPI, "--json", "check", f"acara/feeds/{feed.name}", cwd=folder)
    expect(json.loads(said)["errors"] == 0, said)
    windows.run(*NGOPI, "--show", "acara", "doctor", cwd=folder)


def serve(windows: WindowsPython, folder: Path) -> None:
    command = (*NGOPI, "--show", "acara", "--json", "serve", "--port", "0")
    with windows.started("-u", *command, cwd=folder) as process:
        assert process.stdout is not None
        said = process.stdout.readline().replace(b"\0", b"").decode("utf-8")
        expect(said.startswith("{"), said)
        address = json.loads(said)["address"].rstrip("/")
        with urllib.request.urlopen(f"{address}/feed.xml", timeout=60) as answer:
            feed = answer.read().decode("utf-8")
        expect(TITLE in feed, feed)


def write_speech(path: Path) -> None:
    """Write ten seconds of syllables: a tone that comes and goes, and a breath of noise."""
    chance = random.Random(1)
    frames = bytearray()
    for at in range(10 * 16000):
        time_s = at / 16000
        loud = 0.2 * abs(math.sin(math.pi * 2 * time_s))
        tone = sum(math.sin(2 * math.pi * 140 * n * time_s) / n for n in range(1, 8))
        frames += struct.pack("<h", int(32767 * (loud * tone / 3 + chance.gauss(0, 0.001))))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(frames))


def expect(holds: bool, said: str) -> None:  # noqa: FBT001 - it is an assertion
    if not holds:
        raise WineError(f"ngopi on Windows said something else than it should:\n{said}")


# -- the quick tests ----------------------------------------------------------------------------


def quick_tests(windows: WindowsPython, tests: list[str]) -> None:
    """Run *tests*; those that failed a moment ago, if any did, and no others."""
    command = (
        "-u", "-P", "-m", "pytest", "-q", "-p", "no:randomly", "--color", "no", "--last-failed",
        "-o", f"cache_dir=Z:{windows.folder}/pytest", *tests,
    )  # fmt: skip
    with windows.started(*command, cwd=ROOT) as process:
        assert process.stdout is not None
        text = ""
        for line in process.stdout:
            text = line.replace(b"\0", b"").decode("utf-8", "replace")
            sys.stdout.write(text)
            sys.stdout.flush()
        # Wine's status alone is not believed: a run that was cut off has no closing line.
        if process.wait() or not re.search(r"\d+ passed", text):
            raise WineError("tests failed on Windows")


# -- all of it ----------------------------------------------------------------------------------


def twice(windows: WindowsPython, act: Callable[[], None]) -> None:
    """Do *act*, and once more if it fails: the second time counts."""
    try:
        with windows.awake():
            act()
    except (WineError, OSError, ValueError) as error:
        print(f"{error}\n*** This failed under wine. Once more, from the start:", flush=True)
        with windows.awake():
            act()


def trial(windows: WindowsPython, tests: list[str]) -> None:
    told("ngopi's wheel", windows.install_ngopi)
    twice(windows, lambda: walk(windows))
    if tests:
        windows.forget_failures()
        twice(windows, lambda: quick_tests(windows, tests))


@contextmanager
def alone() -> Iterator[None]:
    """Let one run at a time use the cache."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lacking", action="store_true", help="name the packages to install")
    parser.add_argument("--make", action="store_true", help="make the Python, try nothing")
    parser.add_argument("--tests", nargs="*", default=[], help="tests to run after the walk")
    parser.add_argument("command", nargs="*", help="what that Python is to run instead")
    asked = parser.parse_args()
    if asked.lacking:
        print(" ".join(lacking()))
        return 0
    try:
        with alone():
            print("A Windows Python under wine", flush=True)
            windows = windows_python()
            if asked.make:
                with windows.awake():
                    print(windows.run("-c", "import sys, av, numpy; print(sys.version)", cwd=ROOT))
            elif asked.command:
                windows.install_ngopi()
                with windows.awake():
                    print(windows.run(*asked.command, cwd=Path.cwd()))
            else:
                trial(windows, asked.tests)
    except WineError as error:
        print(f"\nNot on Windows: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
