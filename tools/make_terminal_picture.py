"""Make docs/img/demo.svg: what ``ngopi demo`` and ``ngopi list`` really print, as a picture.

    python tools/make_terminal_picture.py

Both commands run in a temporary folder; only what they write is drawn.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

TARGET = Path(__file__).parent.parent / "docs" / "img" / "demo.svg"
COLUMNS = 100
COMMANDS = (("demo", "demo"), ("--show", "demo", "list"))


def printed(arguments: tuple[str, ...], folder: Path) -> str:
    """Return what ngopi writes to stdout and stderr, in the order of a terminal."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("NGOPI_")
    }
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ngopi", *arguments],
        cwd=folder,
        env={**environment, "NGOPI_LANG": "en", "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
        text=True,
        encoding="utf-8",
    )
    return done.stdout.rstrip()


def picture() -> str:
    """Return the SVG."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory() as folder:
        for arguments in COMMANDS:
            console.print(Text(f"$ ngopi {' '.join(arguments)}", style="bold green"))
            console.print(Text(printed(arguments, Path(folder))))
    svg = console.export_svg(title="ngopi", theme=MONOKAI, unique_id="ngopi")
    # rich names web fonts; a picture in a README should fetch nothing.
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)


def main() -> None:
    """Write the picture."""
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(picture(), encoding="utf-8", newline="\n")
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
