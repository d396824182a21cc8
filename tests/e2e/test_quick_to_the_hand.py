"""Commands that only look must not load what only the work needs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "PIL", "av", "boto3", "botocore", "feedgen", "lameenc", "lxml", "markdown_it", "mutagen",
    "nh3", "numpy", "pydub", "rich", "werkzeug",
}  # fmt: skip
ASK = """
import io, json, sys
from contextlib import redirect_stdout
from ngopi.__main__ import main
with redirect_stdout(io.StringIO()):
    status = main(sys.argv[1:])
print(json.dumps([status, sorted({name.split(".")[0] for name in sys.modules})]))
"""


@pytest.mark.parametrize("argv", [["--help"], ["ingest", "--help"], ["list"], ["show", "x"]])
def test_looking_loads_no_heavy_library(show, argv):
    done = subprocess.run(
        [sys.executable, "-c", ASK, *argv],
        capture_output=True, check=True, cwd=show, encoding="utf-8",
    )  # fmt: skip

    status, loaded = json.loads(done.stdout)
    assert status == (66 if argv[0] == "show" else 0), done.stderr
    assert HEAVY.isdisjoint(loaded)
