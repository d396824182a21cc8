"""What every refusal has in common: a status, a sentence, a hint, and no trace in the folder."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from conftest import Run

FOLDERS = ("episodes", "media", "feeds", "public", ".ngopi")


def tree(show: Path) -> dict[str, str]:
    """Return what ngopi keeps in *show*: names with the SHA-256 of files, folders without."""
    found = (path for name in FOLDERS for path in show.joinpath(name).rglob("*"))
    return {
        path.relative_to(show).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        )
        for path in found
        if path.name != ".ngopi.lock"  # who held it last
    }


def refused(
    ngopi: Callable[..., Run],
    show: Path,
    *argv: object,
    status: int,
    code: str,
    says: Sequence[str] = (),
) -> dict[str, Any]:
    """Run *argv* for a program and for a person: both hear the same and *show* is as before.

    *says*: words of the sentence. Returns the error's JSON object.
    """
    before = tree(show)
    program, person = ngopi("--json", *argv), ngopi(*argv)

    assert (program.status, program.out) == (status, ""), program
    assert (person.status, person.out) == (status, ""), person
    error = json.loads(program.err)["error"]  # one document, and nothing beside it
    assert error.keys() == {"code", "message", "hint", "exit_code"}
    assert (error["code"], error["exit_code"]) == (code, status), error
    assert error["hint"]
    for words in says:
        assert words in error["message"]
    assert person.err.endswith(f"Error: {error['message']}\nTry: {error['hint']}\n")
    assert tree(show) == before
    return error


def told_and_left_alone(
    ngopi: Callable[..., Run], show: Path, *argv: object, says: Sequence[str]
) -> None:
    """Run *argv*, which goes on without what is broken, tells it and ends with 65.

    *says*: words of the sentence. Nothing that people wrote, and nothing public, is changed.
    """
    kept = ("episodes/", "media/", "public/")
    before = {name: sha for name, sha in tree(show).items() if name.startswith(kept)}
    program, person = ngopi("--json", *argv), ngopi(*argv)

    assert (program.status, person.status) == (65, 65), (program, person)
    json.loads(program.out)  # what could be done, and is told all the same
    error = program.error
    assert error["code"] == "bad-episode"
    for words in says:
        assert words in error["message"]
    assert person.err.endswith(f"Error: {error['message']}\nTry: {error['hint']}\n")
    assert {name: sha for name, sha in tree(show).items() if name.startswith(kept)} == before
