"""What a long step looks like, on a terminal and in a pipe."""

from __future__ import annotations

import contextlib
import io
import re

import pytest

from ngopi.console import Console

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def plain_xterm(monkeypatch):
    """80 columns, whatever the machine's owner likes."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


def left_on_screen(done, **keywords):
    """Return the last line of a step of 200 million units that is stopped when *done* is done."""
    terminal = Terminal()
    step = Console().step("Uploading", 200_000_000, **keywords)
    with (
        contextlib.redirect_stderr(terminal),
        contextlib.suppress(KeyboardInterrupt),
        step as advance,
    ):
        for units in done:
            advance(units)
        raise KeyboardInterrupt
    lines = re.split(r"[\r\n]+", ESCAPES.sub("", terminal.getvalue()))
    return next(line.strip() for line in reversed(lines) if line.strip())


def test_an_upload_shows_bytes_share_and_the_time_left():
    line = left_on_screen([17_200_000, 20_000_000], unit="bytes")

    assert re.fullmatch(r"Uploading .* 37\.2/200\.0 MB · 19% · \d+:\d\d(:\d\d)? left", line)
    assert len(line) < 80


def test_an_upload_that_has_just_begun_knows_no_time():
    line = left_on_screen([], unit="bytes")

    assert line.endswith("0.0/200.0 MB · 0% · -:-- left")


def test_an_upload_that_is_over_shows_how_long_it_took():
    line = left_on_screen([100_000_000, 100_000_000], unit="bytes")

    assert re.search(r"200\.0/200\.0 MB · 100% · \d+:\d\d$", line)


def test_other_steps_show_no_bytes():
    line = left_on_screen([50_000_000, 50_000_000])

    assert "50 %" in line
    assert "MB" not in line


def test_a_pipe_gets_one_line(capsys):
    with Console().step("Uploading", 200_000_000, unit="bytes") as advance:
        advance(100_000_000)

    assert capsys.readouterr().err == "Uploading …\n"


def test_a_program_gets_nothing(capsys):
    with Console(as_json=True).step("Uploading", 200_000_000, unit="bytes") as advance:
        advance(100_000_000)

    assert capsys.readouterr() == ("", "")
