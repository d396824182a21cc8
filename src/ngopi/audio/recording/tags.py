"""What a recording's tags say of its place among others: language, name, part, time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NO_LANGUAGE = {"", "und", "unk", "mis", "zxx"}
# What programs write there that have no name for it.
_NO_NAME = re.compile(
    r"(?:apple )?sound ?(?:media )?handler|core media audio|gpac .*|.*vide\\?ohandler|mono|stereo",
    re.IGNORECASE,
)
_PART = re.compile(r"\s*(\d{1,5})\s*(?:/\s*\d+\s*)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d\d:\d\d:\d\d")
_EARLIEST_YEAR = 1980  # recorders without a clock begin at 1904 or 1970


def _tag(tags: Mapping[str, str], *names: str) -> str:
    found = {key.lower(): value for key, value in tags.items()}
    return next((found[name].strip() for name in names if found.get(name, "").strip()), "")


def language_of(tags: Mapping[str, str]) -> str | None:
    """Return the code of the language that is spoken, as it stands there."""
    language = _tag(tags, "language").lower()
    return None if language in _NO_LANGUAGE else language


def name_of(tags: Mapping[str, str]) -> str | None:
    """Return what somebody called the track."""
    name = _tag(tags, "title", "handler_name")
    return None if not name or _NO_NAME.fullmatch(name) else name


def part_of(tags: Mapping[str, str]) -> int | None:
    """Return its number among several, as in 2 or 2/5."""
    found = _PART.fullmatch(_tag(tags, "part", "part_number", "track"))
    return int(found[1]) if found else None


def recorded_at(tags: Mapping[str, str]) -> datetime | None:
    """Return when the recording began; without a zone it is taken for UTC, as all of one show are.

    Broadcast WAV keeps the day in one tag and the time of day in another.
    """
    said = _tag(tags, "creation_time", "com.apple.quicktime.creationdate")
    day = _tag(tags, "date")
    if _TIME.fullmatch(said) and _DAY.fullmatch(day):
        said = f"{day}T{said}"
    for text in (said, day):
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            continue
        if len(text) > len("2026-11-22") and found.year >= _EARLIEST_YEAR:
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
