"""Reading what people write in TOML: every mistake of a file at once, each with its line."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from ngopi.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

T = TypeVar("T")
_ADAPTERS: dict[Any, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake: *line* counts from 1."""

    line: int
    text: str


_DATE = r"""(\d{4}-\d{2}-\d{2}) [Tt\x20]+ (\d{1,2}) [:.] (\d{2}) (?:[:.] (\d{2} (?:\.\d+)?) )?
    \x20* (?: ([zZ]) | ([+-]\d{2}) :? (\d{2})? | (WIB|WITA|WIT) )?"""
_PUBLISHED = re.compile(
    rf"""(?mx) ^ (\s* "?published"? \s* = \s*) (["']?) (?P<date>{_DATE}) \2
    (?= [\x20\t]* (?:\#.*)? $)"""
)
_INDONESIAN = {"WIB": "+07", "WITA": "+08", "WIT": "+09"}


def whole_date(text: str) -> str:
    """Return a date and time as TOML wants it: with seconds, its zone an offset.

    People leave the seconds out or write 16.00 WIB, as Indonesians do: that says the same. What
    is no date comes back as it is.
    """
    found = re.fullmatch(_DATE, text, re.VERBOSE)
    if found is None:
        return text
    day, hour, minute, second, utc, zone_h, zone_min, name = found.groups()
    zone_h = _INDONESIAN.get(name, zone_h)
    zone = "Z" if utc else f"{zone_h}:{zone_min or '00'}" if zone_h else ""
    return f"{day}T{hour:0>2}:{minute}:{second or '00'}{zone}"


def whole_dates(text: str) -> str:
    """Return *text* with ``published`` as TOML wants it, and without quotation marks."""
    return _PUBLISHED.sub(lambda found: found[1] + whole_date(found["date"]), text)


def parse(text: str, *, first_line: int = 1) -> tuple[dict[str, Any], list[Problem]]:
    """Return the document and no problem, or nothing and why TOML cannot be read."""
    try:
        return tomllib.loads(whole_dates(text)), []
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        reason = _why_unreadable(str(error), [*text.splitlines(), ""][line - 1])
        return {}, [Problem(line=line + first_line - 1, text=reason)]
    except RecursionError:
        reason = _("too many brackets stand inside each other")
        return {}, [Problem(line=first_line, text=reason)]


def _why_unreadable(error: str, line: str) -> str:
    """Return what is wrong with *line*, of which TOML's reader said *error*."""
    key = line.partition("=")[0].strip()
    if error.startswith("Cannot overwrite"):
        return _('"{key}" stands there twice; delete one of the two lines').format(key=key)
    if error.startswith("Cannot declare"):
        return _("{table} stands there twice; write all of its lines below the first one").format(
            table=line.strip()
        )
    if re.search(r'"[^"]*\\', line):
        return _(
            "a \\ between quotation marks begins a special letter; write / in its place, "
            'as in "C:/Users/Rani"'
        )
    if "“" in line or "”" in line:
        return _('these are not plain quotation marks; write " instead of “ and ”')
    if error.startswith("Unclosed array") or line.count("[") != line.count("]"):
        return _("a bracket is missing: each [ needs its ]")
    return _(
        "this line cannot be read; every text needs its quotation marks, "
        'as in title = "Pengawasan pemilu"'
    )


def line_of(text: str, *keys: str) -> int:
    """Return the line of *text* where the key path *keys* is set, or of its table, or 1."""
    table, best = "", 1
    wanted_table, wanted_key = ".".join(keys[:-1]), keys[-1]
    for number, line in enumerate(text.split("\n"), start=1):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?", line):
            table = header[1]
            if table in {wanted_table, ".".join(keys)}:
                best = number
        key = re.match(r"\s*\"?([^\s\"=]+)\"?\s*=", line)
        if table == wanted_table and key and key[1] == wanted_key:
            return number
    return best


def unknown_keys(
    table: Mapping[str, object], known: Iterable[str], *, text: str, under: Sequence[str] = ()
) -> list[Problem]:
    """Return a problem for each key of *table* that nobody knows, with the likely meaning."""
    known = list(known)
    problems = []
    for key in table:
        if key in known:
            continue
        near = _nearest(key, known)
        sentence = (
            _('"{key}" is not a key that ngopi knows; did you mean "{near}"?')
            if near
            else _('"{key}" is not a key that ngopi knows; these are: {known}')
        )
        said = sentence.format(key=key, near="".join(near), known=", ".join(known))
        problems.append(Problem(line=line_of(text, *under, key), text=said))
    return problems


def _nearest(key: str, known: Sequence[str]) -> list[str]:
    return difflib.get_close_matches(key.lower(), known, n=1)


def _is_missing(detail: ErrorDetails) -> bool:
    return detail["type"] in {"missing", "missing_argument", "missing_keyword_only_argument"}


def build(
    kind: type[T],
    table: Mapping[str, object],
    *,
    text: str,
    under: Sequence[str] = (),
    elsewhere: Sequence[str] = (),
) -> tuple[T | None, list[Problem]]:
    """Make a *kind* (a dataclass) of a TOML table; None if anything is wrong with it.

    *elsewhere*: keys that the table may have too, which were taken out of it.
    """
    from pydantic import ValidationError

    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # a dataclass
    problems = unknown_keys(table, [*known, *elsewhere], text=text, under=under)
    meant = {near for key in table if key not in known for near in _nearest(key, known)}
    try:
        value = adapter(kind).validate_python({k: v for k, v in table.items() if k in known})
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            # A key that was misspelt is told once, where it stands; that it is missing, not too.
            if not (_is_missing(detail) and detail["loc"] and detail["loc"][-1] in meant):
                problems.append(_problem(detail, text=text, under=under))
        return None, problems
    return (None if problems else value), problems


def adapter(kind: type[T]) -> TypeAdapter[T]:
    """Return pydantic's validator of *kind*, made once."""
    from pydantic import TypeAdapter

    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    found: TypeAdapter[T] = _ADAPTERS[kind]
    return found


def _problem(detail: ErrorDetails, *, text: str, under: Sequence[str]) -> Problem:
    keys = [str(part) for part in detail["loc"]] or ["?"]
    key = ".".join(keys)
    if _is_missing(detail):
        said = _('"{key}" is missing').format(key=key)
        return Problem(line=line_of(text, *under, keys[0]), text=said)
    said = _('"{key}" {must}').format(key=key, must=_must(detail))
    return Problem(line=line_of(text, *under, keys[0]), text=said)


def _must(detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind == "literal_error":
        return _("must be one of: {choices}").format(choices=detail["ctx"]["expected"])
    musts = {
        "string": _('must be text between quotation marks, as in "…"'),
        "bool": _("must be true or false"),
        "int": _("must be a whole number, without quotation marks"),
        "float": _("must be a number, as in -16.0"),
        "date": _("must be a date with its time, as in 2026-11-22T16:00:00+07:00"),
        "tuple": _("must be a list between [ and ]"),
    }
    other = _('must be a table, as in { name = "…" }')
    return next((must for start, must in musts.items() if kind.startswith(start)), other)
