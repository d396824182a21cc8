"""In what two versions of one thing differ, field by field, as people read it."""

from __future__ import annotations

from dataclasses import fields
from itertools import takewhile
from typing import TYPE_CHECKING

from ngopi.chapters import start_text
from ngopi.i18n import _
from ngopi.model import Chapter, Episode, Person, Show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ngopi.model import Release, ShowRelease, StoredObject

_LINE = 60  # characters of a value that fit beside the other one
_BEFORE = 20  # and how many of them may lead to where a long text begins to differ
# What the same episode and show have in common, or what no person wrote.
_NOT_SHOWN = {"guid"}


def between_episodes(ours: Release, theirs: Release) -> Iterator[str]:
    """Yield a line for each field in which two releases of one episode differ."""
    yield from _between(ours.episode, theirs.episode)
    if not ours.audio.sounds_as(theirs.audio):
        here, there = round(ours.audio.duration_s), round(theirs.audio.duration_s)
        text = _("audio: here {here} s, public {there} s")
        if here == there:
            text = _("audio: another file, as long as this one")
        yield "  " + text.format(here=here, there=there)
    yield from _between_covers(ours.cover, theirs.cover)


def between_shows(ours: ShowRelease, theirs: ShowRelease) -> Iterator[str]:
    """Yield a line for each field in which two releases of the show differ."""
    yield from _between(ours.show, theirs.show)
    yield from _between_covers(ours.cover, theirs.cover)


def _between(ours: Episode | Show, theirs: Episode | Show) -> Iterator[str]:
    for name in (field.name for field in fields(ours) if field.name not in _NOT_SHOWN):
        here, there = _text(getattr(ours, name)), _text(getattr(theirs, name))
        if here != there:
            same = takewhile(lambda pair: pair[0] == pair[1], zip(here, there, strict=False))
            start = max(0, sum(1 for _pair in same) - _BEFORE)
            text = _("{field}: here {here}, public {there}")
            yield "  " + text.format(
                field=name, here=_cut(here, start=start), there=_cut(there, start=start)
            )


def _between_covers(ours: StoredObject | None, theirs: StoredObject | None) -> Iterator[str]:
    if (ours and ours.sha256) != (theirs and theirs.sha256):
        yield "  " + _("cover: another picture")


def _text(value: object) -> str:
    if isinstance(value, tuple):
        value = ", ".join(map(_row, value))
    if isinstance(value, bool):
        return str(value).lower()  # as TOML has it
    return " ".join(str("" if value is None else value).split()) or "-"


def _row(value: Person | Chapter) -> str:
    if isinstance(value, Person):
        return f"{value.name} ({value.role})"
    return f"{start_text(value.start_s)} {value.title}"


def _cut(text: str, *, start: int) -> str:
    """Return so much of a text as fits, from shortly before where it differs from the other."""
    if len(text) > _LINE and start:
        text = f"…{text[start:]}"
    return text if len(text) <= _LINE else f"{text[: _LINE - 1]}…"
