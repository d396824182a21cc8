"""Every system can read the tests: what one of them lacks is skipped by test, not by file."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

TESTS = Path(__file__).parent.parent
POSIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty"}


def not_everywhere() -> set[str]:
    """Return the modules that some system lacks: libraries with a marker, and POSIX's own."""
    written = TESTS.parent.joinpath("pyproject.toml").read_text(encoding="utf-8")
    wanted = map(Requirement, tomllib.loads(written)["dependency-groups"]["dev"])
    return POSIX_ONLY | {each.name.replace("-", "_") for each in wanted if each.marker}


def imported_at_once(path: Path) -> set[str]:
    """Return what a file imports as soon as it is read."""
    found = set()
    for line in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(line, ast.Import):
            found |= {name.name.partition(".")[0] for name in line.names}
        elif isinstance(line, ast.ImportFrom) and line.module:
            found.add(line.module.partition(".")[0])
    return found


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=lambda path: path.name)
def test_no_file_of_tests_needs_what_some_system_lacks(path):
    assert not imported_at_once(path) & not_everywhere()
