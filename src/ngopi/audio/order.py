"""In which order the parts of one recording follow each other: by names, by tags, by the clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from ngopi.model import Recording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

By = Literal["name", "tag", "time", "given"]

_NUMBER = re.compile(r"\d+")
# GoPro: two letters, the number of the chapter, the number of the recording; the first chapter of
# older ones is GOPR.
_GOPRO = re.compile(r"(?:G[HXLPS](\d\d)|GOPR)(\d{4})", re.IGNORECASE)
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})([-._ ])(\d{1,2})\2((?:19|20)\d\d)(?!\d)")
_COPY_NUMBER = re.compile(r"[\s_-]*\(?(\d{1,3})\)?")
_LETTER = re.compile(r"(.*[\s_.-]|)([a-z])", re.IGNORECASE)
_PART_WORD = re.compile(
    r"(?:^|[\W_])(?:part|pt|bagian|bag|sesi|session|babak|half|paruh|disc|disk|cd|chapter|bab)"
    r"[\s._-]*(?:\d+|[a-d]|i{1,3}|iv|one|two|three|satu|dua|tiga)(?:$|[\W_])",
    re.IGNORECASE,
)
_ORDINALS = {
    word: str(number)
    for number, words in enumerate(
        (
            "one first satu pertama kesatu",
            "two second dua kedua",
            "three third tiga ketiga",
            "four fourth empat keempat",
            "five fifth lima kelima",
            "six sixth enam keenam",
        ),
        start=1,
    )
    for word in words.split()
}
_ORDINAL = re.compile(rf"(?<![^\W_])(?:{'|'.join(_ORDINALS)})(?![^\W_])")
# A clock may be set to whole seconds, and a tag be written when the file was.
_CLOCKS_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """*parts* in their order, and what it was told *by*; *otherwise*: what tags say instead."""

    parts: tuple[Recording, ...]
    by: By
    otherwise: tuple[Recording, ...] | None = None


def in_order(parts: Sequence[Recording]) -> Order:
    """Return *parts* in the order of their names' numbers, else of tags, else of their times.

    Where none of these says anything, they stay as they were given.
    """
    named, tagged = _sorted(parts, _by_names(parts)), _sorted(parts, _by_tags(parts))
    if named is not None:
        against = tagged if tagged != named else None
        return Order(parts=named, by="name", otherwise=against)
    if tagged is not None:
        return Order(parts=tagged, by="tag")
    # When a file was written says little: copies are written in any order.
    written = _sorted(parts, _by_file_times(parts))
    if written is not None:
        return Order(parts=written, by="time")
    return Order(parts=tuple(parts), by="given")


def named_as_parts(parts: Sequence[Recording]) -> bool:
    """Say whether the names themselves call the files parts of something."""
    stems = [part.path.stem for part in parts]
    chapters = [_GOPRO.fullmatch(stem) for stem in stems]
    if all(chapters) and len({found[2] for found in chapters if found}) == 1:
        return True
    return sum(_PART_WORD.search(stem) is not None for stem in stems) > 1


def one_after_the_other(parts: Sequence[Recording]) -> bool:
    """Say whether tags tell that each began when the one before had ended."""
    begins = [(part.recorded, part.duration_s) for part in parts]
    known = sorted((at, length_s) for at, length_s in begins if at is not None and length_s)
    if len(known) < len(parts):
        return False
    return all(
        before + timedelta(seconds=length_s) <= after + _CLOCKS_WITHIN
        for (before, length_s), (after, _) in pairwise(known)
    )


def at_one_time(parts: Sequence[Recording]) -> bool:
    """Say whether tags tell that all began together."""
    begins = [part.recorded for part in parts if part.recorded is not None]
    return len(begins) == len(parts) and max(begins) - min(begins) <= _CLOCKS_WITHIN


def _sorted(parts: Sequence[Recording], keys: list[Any] | None) -> tuple[Recording, ...] | None:
    if keys is None:
        return None
    ranked = sorted(range(len(parts)), key=lambda n: (keys[n], n))
    return tuple(parts[n] for n in ranked)


# -- names --------------------------------------------------------------------------------


def alike_in_name(paths: Sequence[Path]) -> bool:
    """Say whether the names of *paths* differ in a number or a letter only."""
    return _keys_of(paths) is not None


def _by_names(parts: Sequence[Recording]) -> list[Any] | None:
    return _keys_of([part.path for part in parts])


def _keys_of(paths: Sequence[Path]) -> list[Any] | None:
    stems = [_ORDINAL.sub(lambda word: _ORDINALS[word[0]], path.stem.casefold()) for path in paths]
    for test in (_gopro, _numbered, _copies, _lettered):
        keys = test(stems)
        if keys is not None and len(set(keys)) == len(keys):
            return keys
    return None


def _gopro(stems: list[str]) -> list[Any] | None:
    found = [_GOPRO.fullmatch(stem) for stem in stems]
    keys = [(int(match[2]), int(match[1] or 0)) for match in found if match]
    return keys if len(keys) == len(stems) else None


def _numbered(stems: list[str]) -> list[Any] | None:
    """Return the numbers in names that differ in nothing else."""
    stems = [_DAY_FIRST.sub(r"\4-\3-\1", stem) for stem in stems]
    if len({_NUMBER.sub("0", stem) for stem in stems}) > 1:
        return None
    keys = [tuple(map(int, _NUMBER.findall(stem))) for stem in stems]
    return keys if any(keys) else None


def _copies(stems: list[str]) -> list[Any] | None:
    """Return the numbers behind one name that stands without a number too: a, a (2), a_3."""
    first = min(stems, key=len)
    found = [_COPY_NUMBER.fullmatch(stem.removeprefix(first)) for stem in stems if stem != first]
    if not all(found) or not all(stem.startswith(first) for stem in stems):
        return None
    return [
        int(match[1]) if (match := _COPY_NUMBER.fullmatch(stem.removeprefix(first))) else 0
        for stem in stems
    ]


def _lettered(stems: list[str]) -> list[Any] | None:
    found = [_LETTER.fullmatch(stem) for stem in stems]
    if not all(found) or len({match[1] for match in found if match}) > 1:
        return None
    return [match[2] for match in found if match]


# -- tags and times -----------------------------------------------------------------------


def _by_tags(parts: Sequence[Recording]) -> list[Any] | None:
    for keys in ([part.recorded for part in parts], [part.part for part in parts]):
        if all(key is not None for key in keys) and len(set(keys)) == len(keys):
            return keys
    return None


def _by_file_times(parts: Sequence[Recording]) -> list[Any] | None:
    """Return when the files were written last, if they lie as far apart as the parts last."""
    try:
        written = [part.path.stat().st_mtime for part in parts]
    except OSError:  # whoever opens it says what is wrong
        return None
    ranked = sorted(range(len(parts)), key=written.__getitem__)
    apart = all(
        written[after] - written[before] + 1 >= (parts[after].duration_s or 0.0)
        for before, after in pairwise(ranked)
    )
    return written if apart else None
