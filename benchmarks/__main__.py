"""Lists the benchmarks, or runs them one after the other.

python -m benchmarks [--all]
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path


def main() -> None:
    found = sorted(Path(__file__).parent.glob("[!_]*.py"))
    if sys.argv[1:] not in ([], ["--all"]):
        sys.exit(__doc__)
    for path in found:
        says = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        print(f"{path.stem:10} {says.partition(chr(10))[0]}", flush=True)
        if sys.argv[1:]:
            subprocess.run((sys.executable, path), check=True)


if __name__ == "__main__":
    main()
