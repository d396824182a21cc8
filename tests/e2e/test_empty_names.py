"""An empty name is nobody's file: a variable of a script was not set."""

from __future__ import annotations

import pytest

from refusals import tree

EMPTY = {
    "ingest": ("ingest", ""),
    "track": ("ingest", "--track", ""),
    "notes": ("ingest", "x.wav", "--notes", ""),
    "cover": ("ingest", "x.wav", "--cover", " "),
    "master": ("master", "", "x.mp3"),
    "out": ("master", "x.wav", ""),
    "measure": ("measure", ""),
    "check": ("check", ""),
    "against": ("check", "--against", ""),
    "plot": ("show", "x", "--plot", ""),
    "replace": ("replace", "x", ""),
    "show": ("--show", "", "list"),
    "demo": ("demo", ""),
    "NUL": ("measure", "a\0b"),
}


@pytest.mark.parametrize("case", EMPTY)
def test_an_empty_name_is_refused_for_what_it_is(ngopi, show, case):
    before = tree(show)

    run = ngopi("--json", *EMPTY[case])

    assert (run.status, run.out, run.error["code"]) == (2, "", "usage")
    assert "empty" in run.error["message"] or case == "NUL"
    assert tree(show) == before
