"""Bring the outputs that README and the guides show in line with what ngopi prints.

    python tools/make_shown_outputs.py

Every ```text block there is the answer of a real run. A block is replaced only where its form
has changed: other times, hashes and levels leave it as it is. tests/e2e/test_docs.py asks for
the same.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
RECORDING = ROOT / "src" / "ngopi" / "data" / "obrolan.m4a"
BLOCK = re.compile(r"(?<=^```text\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
MISTAKEN = '+++\nguid = "88279d27-0cf1-481f-b735-ba864ebe035b"\ntitel = "Draf"\n+++\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page, its language, the folder of its demo, and what its text blocks show, in order."""

    path: Path
    language: str
    demo: str
    shows: tuple[str, ...]


_GUIDE = ("demo", "ingest", "list", "history", "error", "mistake")
PAGES = (
    Page(path=ROOT / "README.md", language="en", demo="demo", shows=("demo", "ingest", "error")),
    Page(path=ROOT / "docs" / "guide.md", language="en", demo="ngopi-demo", shows=_GUIDE),
    Page(path=ROOT / "docs" / "panduan.md", language="id", demo="ngopi-demo", shows=_GUIDE),
)


def shown(page: Page) -> list[str]:
    """Return the outputs that *page* shows."""
    return BLOCK.findall(page.path.read_text(encoding="utf-8"))


def printed(page: Page, folder: Path) -> list[str]:
    """Return what ngopi answers where *page* shows it; *folder* is empty and for this only."""
    show = folder / "ngopi-bawaslu"
    answers = {"demo": _answer(page, folder, "demo", *_unless_default(page.demo))}
    _answer(page, folder, "init", show.name, "--title", "Ngopi Bawaslu", "--author", "Bawaslu")
    shutil.copy(RECORDING, show / "rekaman.m4a")
    answers["ingest"] = _answer(
        page, show, "ingest", "rekaman.m4a", "--title", "Pengawasan partisipatif", "--number", "1"
    )
    answers["list"] = _answer(page, show, "list")
    answers["history"] = _answer(page, show, "history")
    answers["error"] = _answer(page, show, "ingest", "nope.wav")
    (show / "episodes" / "draf").mkdir()
    (show / "episodes" / "draf" / "episode.md").write_text(MISTAKEN, encoding="utf-8")
    answers["mistake"] = _answer(page, show, "list")
    return [answers[name] for name in page.shows]


def form(output: str) -> str:
    """Return *output* without what differs from run to run: numbers, hashes, columns."""
    text = re.sub(r"-[0-9a-f]{12}\.mp3", "-HASH.mp3", output.replace("\\", "/"))
    return re.sub(r" +", " ", re.sub(r"\d+", "N", text))


def _unless_default(demo: str) -> list[str]:
    return [] if demo == "ngopi-demo" else [demo]


def _answer(page: Page, folder: Path, *arguments: str) -> str:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("NGOPI_")
    }
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ngopi", *arguments],
        cwd=folder,
        env={**environment, "NGOPI_LANG": page.language, "NGOPI_WHO": "Rani", "PYTHONUTF8": "1"},
        capture_output=True,
        check=False,
        text=True,
        encoding="utf-8",
    )
    printed = done.stderr if done.returncode else done.stdout
    return re.sub(r"\S+ -P -m ngopi", "ngopi", printed)  # as it is called once installed


def main() -> None:
    """Replace what has changed."""
    for page in PAGES:
        with tempfile.TemporaryDirectory() as folder:
            real = iter(printed(page, Path(folder)))
        text = page.path.read_text(encoding="utf-8")
        new = BLOCK.sub(lambda block: _newer(block[0], next(real)), text)  # noqa: B023 - used at once
        if new != text:
            page.path.write_text(new, encoding="utf-8", newline="\n")
            print(f"changed {page.path.relative_to(ROOT)}")


def _newer(old: str, real: str) -> str:
    return old if form(old) == form(real) else real


if __name__ == "__main__":
    main()
