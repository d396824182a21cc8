"""Who publishes, as everybody can read it: a name that a person chose, never a login's."""

from __future__ import annotations

import getpass
import json
import os
import platform
import subprocess
import sys

import pytest


def makers(show):
    ledger = json.loads((show / "public" / "ledger.json").read_text("utf-8"))
    return ledger["by"]


def everything_public(show):
    return b"".join(path.read_bytes() for path in (show / "public").rglob("*.json"))


def test_where_nobody_can_be_asked_it_is_the_author(show, ngopi):
    assert ngopi("publish").status == 0

    assert makers(show) == "Humas"
    assert not (show / ".ngopi" / "name.json").exists()  # a person may still be asked


def test_neither_login_nor_computer_becomes_public(show, ngopi, monkeypatch):
    monkeypatch.setenv("LOGNAME", "rahasia-login")
    monkeypatch.setenv("USER", "rahasia-login")
    monkeypatch.setenv("USERNAME", "rahasia-login")

    assert ngopi("publish").status == 0

    public = everything_public(show)
    assert b"rahasia-login" not in public
    assert f"{getpass.getuser()}@".encode() not in public
    assert f"@{platform.node()}".encode() not in public


@pytest.mark.parametrize("variable", ["NGOPI_WHO", "NGOPI_BY"])
def test_the_environment_says_it(show, ngopi, monkeypatch, variable):
    monkeypatch.setenv(variable, "Rani")

    assert ngopi("publish").status == 0
    assert makers(show) == "Rani"


def test_a_name_that_was_said_is_remembered(show, ngopi):
    assert ngopi("--by", "  Rani   Dewi ", "publish").status == 0
    edit_title(show, "Lain")
    assert ngopi("publish").status == 0

    assert makers(show) == "Rani Dewi"


def edit_title(show, title):
    path = show / "ngopi.toml"
    path.write_text(path.read_text("utf-8").replace('"Ngopi Bawaslu"', f'"{title}"'), "utf-8")


@pytest.mark.parametrize("name", ["...", "x" * 101, "Ra\u202eni", "Ra\x1b[31mni"])
def test_what_is_no_name_is_refused_before_anything_is_done(show, ngopi, name):
    run = ngopi("--by", name, "publish")

    assert run.status == 2
    assert not (show / "public" / "ledger.json").exists()


@pytest.mark.parametrize("damaged", [b"[]", b"\xff", b'""', b'"a\\u202eb"', b"7"])
def test_a_damaged_memory_is_only_forgotten(show, ngopi, damaged):
    (show / ".ngopi").mkdir(exist_ok=True)
    (show / ".ngopi" / "name.json").write_bytes(damaged)

    assert ngopi("publish").status == 0
    assert makers(show) == "Humas"


def test_nobody_is_asked_where_nobody_sits(show):
    """Schedulers start programs without a keyboard; Windows takes what they have for one."""
    run = subprocess.run(
        [sys.executable, "-P", "-m", "ngopi", "publish"],
        cwd=show, stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip

    assert run.returncode == 0, run.stderr
    assert makers(show) == "Humas"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no shell that closes a stream")
def test_nobody_is_asked_where_there_is_no_keyboard_at_all(show):
    command = f'"{sys.executable}" -P -m ngopi publish <&-'

    assert subprocess.run(["sh", "-c", command], cwd=show, check=False).returncode == 0
    assert makers(show) == "Humas"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo terminals to type into")
def test_a_person_is_asked_once_and_again_until_it_is_a_name(show):
    import pty

    def publish():
        ours, theirs = pty.openpty()
        with os.fdopen(ours, "wb", buffering=0) as keyboard:
            keyboard.write(b"?\nRani\n")
            run = subprocess.run(
                [sys.executable, "-m", "ngopi", "publish"],
                cwd=show, stdin=theirs, capture_output=True, text=True, check=True,
            )  # fmt: skip
            os.close(theirs)
        return run.stderr

    asked = publish()
    edit_title(show, "Lain")
    asked_again = publish()

    assert asked.count("Your name") == 2
    assert "Your name" not in asked_again
    assert makers(show) == "Rani"
