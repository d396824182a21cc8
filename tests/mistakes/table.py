"""A mistake as a row: what a person did, what ngopi answers, the hint followed to the letter."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from conftest import Run

EPISODE = "episodes/satu/episode.md"
SETTINGS = "ngopi.toml"

# What docs/reference.md promises to programs.
STATUS = {
    "usage": 2,
    "option-missing": 2,
    "bad-config": 78,
    "bad-answers": 78,
    "no-show": 78,
    "no-config": 78,
    "link-out": 78,
    "store-no-folder": 78,
    "bad-store-address": 78,
    "secret-in-store-address": 78,
    "unknown-store-preset": 78,
    "no-store-endpoint": 78,
    "not-a-folder": 78,
    "another-show": 78,
    "no-credentials": 77,
    "credentials-refused": 77,
    "clash": 75,
    "show-clash": 75,
    "locked": 75,
    "disk": 74,
    "no-output-folder": 74,
    "store-folder-gone": 69,
    "store-emptied": 69,
    "store-unreachable": 69,
    "no-such-bucket": 69,
    "ledger-gone": 69,
    "no-such-episode": 66,
    "no-such-recording": 66,
    "no-such-cover": 66,
    "no-such-feed": 66,
    "no-feed-yet": 66,
    "no-such-history": 66,
    "no-jingle": 66,
    "bad-notes": 66,
    "media-missing": 66,
    "nothing-public": 66,
    "not-public-episode": 66,
    "not-retracted": 66,
    "audio-gone": 66,
    "no-curve": 66,
}
_DATA = 65


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What ngopi said to a mistake."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A person's place: a show with the episode "satu", and *recording*, it was made of."""

    show: Path
    recording: Path
    ngopi: Callable[..., Run]
    monkeypatch: pytest.MonkeyPatch
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def beside(self) -> Path:
        """The folder around the show."""
        return self.show.parent

    def run(self, *argv: object) -> Run:
        """Run ngopi with the words in braces filled in."""
        return self.ngopi(*(self.filled(each) for each in argv))

    def filled(self, word: object) -> str:
        """Return a word of a command line with this desk's own names in it."""
        text = str(word).replace("{beside}", str(self.beside)).replace("{show}", str(self.show))
        return text.replace("{recording}", str(self.recording))

    def read(self, name: str) -> str:
        return (self.show / name).read_text("utf-8")

    def write(self, name: str, text: str) -> None:
        path = self.show / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """*says*: words of the sentence; *hints*: of the hint.

    *mend* does what the hint says and may return another command line than *argv* for the second
    run; *further*: codes that show that it got further than before.
    """

    name: str
    argv: tuple[str, ...]
    code: str
    mend: Callable[[Desk, Told, tuple[str, ...]], tuple[str, ...] | None]
    did: Callable[[Desk], object] | None = None
    says: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    public: bool = False

    @property
    def status(self) -> int:
        """The exit status that goes with the code; what has none of its own is bad data."""
        return STATUS.get(self.code, _DATA)


def no_problem(run: Run, further: tuple[str, ...] = ()) -> bool:
    """Say whether a command succeeded or failed of what comes later only."""
    return run.status == 0 or (bool(further) and run.error["code"] in further)


# -- what people do --------------------------------------------------------------------------


def swap(name: str, old: str, new: str) -> Callable[[Desk], None]:
    """Write *new* in the place of *old*, which is there once."""

    def did(desk: Desk) -> None:
        text = desk.read(name)
        assert text.count(old) == 1, (old, text)
        desk.write(name, text.replace(old, new))

    return did


def line(name: str, key: str, new: str) -> Callable[[Desk], None]:
    """Write *new* in the place of the line that sets *key*, or that is there as a comment."""

    def did(desk: Desk) -> None:
        text, count = re.subn(
            rf"(?m)^(?:# )?{key} = .*$", lambda _found: new, desk.read(name), count=1
        )
        assert count == 1, (key, text)
        desk.write(name, text)

    return did


def all_of(*deeds: Callable[[Desk], object]) -> Callable[[Desk], None]:
    """Do one after the other."""

    def did(desk: Desk) -> None:
        for deed in deeds:
            deed(desk)

    return did


def ran(*argv: str) -> Callable[[Desk], None]:
    """Run ngopi, which works."""

    def did(desk: Desk) -> None:
        done = desk.run(*argv)
        assert done.status == 0, done.err

    return did


# -- what the hint says --------------------------------------------------------------------------


def by_hand(deed: Callable[[Desk], object]) -> Callable[..., None]:
    """Do by hand what no command does; the row's *says* and *hints* hold the words for it."""

    def mend(desk: Desk, told: Told, argv: tuple[str, ...]) -> None:
        deed(desk)

    return mend


def where(desk: Desk, told: Told) -> tuple[Path, int]:
    """Return the file and the line that the sentence names."""
    found = re.search(r"(?m)^ +(\S+):(\d+): ", told.message)
    assert found, told
    base = desk.show / "episodes" if "/" in found[1] else desk.show
    return base / found[1], int(found[2])


def put(text: str) -> Callable[..., None]:
    """Write *text* (lines, or none) in the place of the line that is named."""

    def mend(desk: Desk, told: Told, argv: tuple[str, ...]) -> None:
        path, number = where(desk, told)
        lines = path.read_text("utf-8-sig").split("\n")
        lines[number - 1 : number] = text.splitlines()
        path.write_text("\n".join(lines), "utf-8", newline="\n")

    return mend


def take_example(key: str) -> Callable[..., None]:
    """Write what the sentence gives as an example into the line that is named."""

    def mend(desk: Desk, told: Told, argv: tuple[str, ...]) -> None:
        said = told.message.partition("as in ")[2].splitlines()[0]
        quoted = re.match(r'"[^"]*"|\[.*\]|\S+', said)
        assert quoted, told
        example = said if said.startswith(key) else f"{key} = {quoted[0]}"
        put(example)(desk, told, argv)

    return mend


def take_nearest(key: str) -> Callable[..., None]:
    """Spell the key as the sentence asks whether it was meant."""

    def mend(desk: Desk, told: Told, argv: tuple[str, ...]) -> None:
        near = re.search(r'did you mean "([^"]+)"', told.message)
        assert near, told
        path, number = where(desk, told)
        lines = path.read_text("utf-8").splitlines()
        put(lines[number - 1].replace(key, near[1]))(desk, told, argv)

    return mend


def choose(key: str, *, number: int = 0) -> Callable[..., None]:
    """Write one of the choices that the sentence lists."""

    def mend(desk: Desk, told: Told, argv: tuple[str, ...]) -> None:
        listed = told.message.rpartition(": ")[2].splitlines()[0]
        choices = [each.strip(" '") for each in re.split(r",| or ", listed)]
        chosen = choices[number]
        value = chosen if chosen.isdigit() else f'"{chosen}"'
        put(f"{key} = {value}")(desk, told, argv)

    return mend


def commands(hint: str) -> list[list[str]]:
    """Return the command lines that stand in a hint, as a person would type them."""
    found = re.findall(r"\bngopi ([^;]+?)(?=;|, or |, then | \(|$)", hint)
    return [shlex.split(each.rstrip(".")) for each in found]


def follow(number: int = 0, *more: str, **names: str) -> Callable[..., None]:
    """Run the command that the hint names, *more* behind it, words in capitals filled in."""

    def mend(desk: Desk, told: Told, argv: tuple[str, ...]) -> None:
        filled = {"RECORDING": "{recording}", "SLUG": "satu", "NAME": "WG", **names}
        command = [filled.get(word, word) for word in commands(told.hint)[number]]
        done = desk.run(*command, *more)
        assert done.status == 0, (command, done.err)

    return mend


def instead(number: int = 0, **names: str) -> Callable[..., tuple[str, ...]]:
    """Give the command that the hint names instead of the one that was refused."""

    def mend(desk: Desk, told: Told, argv: tuple[str, ...]) -> tuple[str, ...]:
        filled = {"RECORDING": "{recording}", "SLUG": "satu", "NAME": "WG", **names}
        return tuple(filled.get(word, word) for word in commands(told.hint)[number])

    return mend


def with_option() -> Callable[..., tuple[str, ...]]:
    """Give the option as the hint's or the sentence's example writes it."""

    def mend(desk: Desk, told: Told, argv: tuple[str, ...]) -> tuple[str, ...]:
        found = re.search(r'(--[a-z-]+) ("[^"]+"|\S+)', f"{told.hint} {told.message}")
        assert found, told
        name, value = found[1], found[2].strip('"')
        words = list(argv)
        if name in words:
            del words[words.index(name) : words.index(name) + 2]
        return (*words, name, value)

    return mend


def without(option: str) -> Callable[..., tuple[str, ...]]:
    """Leave an option and its value out."""

    def mend(desk: Desk, told: Told, argv: tuple[str, ...]) -> tuple[str, ...]:
        at = argv.index(option)
        return (*argv[:at], *argv[at + 2 :])

    return mend


def retyped(old: str, new: str) -> Callable[..., tuple[str, ...]]:
    """Type one word of the command line anew, as the hint says."""

    def mend(desk: Desk, told: Told, argv: tuple[str, ...]) -> tuple[str, ...]:
        assert old in argv
        return tuple(new if word == old else word for word in argv)

    return mend


def plus(*words: str) -> Callable[..., tuple[str, ...]]:
    """Type more at the end of the command line."""

    def mend(desk: Desk, told: Told, argv: tuple[str, ...]) -> tuple[str, ...]:
        return (*argv, *words)

    return mend
