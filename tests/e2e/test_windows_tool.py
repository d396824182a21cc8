"""`make windows` where it cannot work: it says what to install, and touches nothing."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parent.parent.parent / "tools" / "windows.py"
pytestmark = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="wine is not tried there"
)


def tried(tmp_path, *words):
    """Run the tool where no program is installed."""
    environment = os.environ | {"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    return subprocess.run(
        [sys.executable, "-P", TOOL, *words],
        env=environment, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip


def test_without_wine_it_says_what_to_install(tmp_path):
    run = tried(tmp_path)

    assert run.returncode == 1
    assert "apt-get install --no-install-recommends wine wine64" in run.stderr
    assert "Traceback" not in run.stderr
    assert [path.name for path in (tmp_path / "cache" / "ngopi-windows").iterdir()] == ["lock"]


def test_what_is_lacking_is_named_for_a_script(tmp_path):
    named = tried(tmp_path, "--lacking").stdout.split()

    assert named == ["wine", "wine64", "gcc-mingw-w64-x86-64"]
