"""Reading what people write in TOML: every mistake of a file at once, each with its line."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from ngopi.i18n import _
from ngopi.slips import begin_of, date_rule, key_meant, why_unreadable

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
        lines = [line.rstrip("\r") for line in (*text.split("\n"), "")]
        place = re.search(r"at line (\d+)", str(error))
        line = begin_of(str(error), lines, int(place[1]) if place else text.count("\n") + 1)
        reason = why_unreadable(str(error), lines[line - 1])
        return {}, [Problem(line=line + first_line - 1, text=reason)]
    except RecursionError:
        reason = _("too many brackets stand inside each other")
        return {}, [Problem(line=first_line, text=reason)]


def not_utf8() -> str:
    """Return the sentence for a file that another program saved in another way."""
    return _("the file is not saved as UTF-8; in Notepad choose Save as, Encoding: UTF-8")


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
        near = key_meant(key, known)
        sentence = (
            _('"{key}" is not a key that ngopi knows; did you mean "{near}"?')
            if near
            else _('"{key}" is not a key that ngopi knows; these are: {known}')
        )
        said = sentence.format(key=key, near=near, known=", ".join(known))
        problems.append(Problem(line=line_of(text, *under, key), text=said))
    return problems


def in_place(
    document: Mapping[str, Any], tables: Mapping[str, Sequence[str]], *, text: str
) -> tuple[dict[str, Any], list[Problem]]:
    """Return *document* with each key under the table that knows it, and what was elsewhere.

    *tables*: the keys of each table. A table that is misspelt, or whose line in brackets is
    missing, is told once, not once for each of its keys.
    """
    placed, problems = _right_tables(document, tables, text=text)
    homes = {key: table for table, keys in tables.items() for key in keys}
    missing = {table for table in tables if table not in placed}
    told: set[str] = set()
    for under, key, home in _strays(placed, homes):
        here, there = placed[under] if under else placed, placed.setdefault(home, {})
        if not isinstance(there, dict):
            continue
        said = _('"{key}" belongs under [{table}]')
        if home in missing:
            said = _("the line [{table}] is missing above this one")
        if home not in missing & told:
            line = line_of(text, *([under] if under else []), key)
            problems.append(Problem(line=line, text=said.format(key=key, table=home)))
        told.add(home)
        there.setdefault(key, here.pop(key))
    problems += unknown_keys(dict.fromkeys(placed), list(tables), text=text)
    return placed, problems


def _right_tables(
    document: Mapping[str, Any], tables: Mapping[str, Sequence[str]], *, text: str
) -> tuple[dict[str, Any], list[Problem]]:
    placed: dict[str, Any] = {}
    problems = []
    for name, value in document.items():
        if not isinstance(value, dict):
            placed[name] = value
            continue
        meant = name if name in tables else key_meant(name, list(tables))
        if meant != name:
            said = (
                _("[{name}] is no table that ngopi knows; did you mean [{near}]?")
                if meant
                else _("[{name}] is no table that ngopi knows; these are: {known}")
            ).format(name=name, near=meant, known=", ".join(f"[{each}]" for each in tables))
            problems.append(Problem(line=line_of(text, name), text=said))
        if meant is not None and (meant == name or meant not in document):
            placed[meant] = dict(value)
    return placed, problems


def _strays(placed: Mapping[str, Any], homes: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return the table ("": none), the key and its own table for each that stands elsewhere."""
    found = [("", key, homes[key]) for key in placed if key in homes]
    for under, table in placed.items():
        if isinstance(table, dict):
            found += [(under, key, homes[key]) for key in table if homes.get(key, under) != under]
    return found


def _is_missing(detail: ErrorDetails) -> bool:
    return detail["type"] in {"missing", "missing_argument", "missing_keyword_only_argument"}


def build(
    kind: type[T],
    table: Mapping[str, object],
    *,
    text: str,
    under: Sequence[str] = (),
    elsewhere: Sequence[str] = (),
    given: Mapping[str, object] | None = None,
) -> tuple[T | None, list[Problem]]:
    """Make a *kind* (a dataclass) of a TOML table; None if anything is wrong with it.

    *elsewhere*: keys that the table may have too, which were taken out of it; *given*: values of
    *kind* that do not stand in the table.
    """
    from pydantic import ValidationError

    given = given or {}
    names = (field.name for field in fields(kind))  # type: ignore[arg-type]  # a dataclass
    known = [name for name in names if name not in given]
    problems = unknown_keys(table, [*known, *elsewhere], text=text, under=under)
    meant = {key_meant(key, known) for key in table if key not in known}
    values = {key: value for key, value in table.items() if key in known}
    try:
        value = adapter(kind).validate_python({**values, **given})
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
        "date": date_rule(),
        "tuple": _("must be a list between [ and ]"),
    }
    other = _('must be a table, as in { name = "…" }')
    return next((must for start, must in musts.items() if kind.startswith(start)), other)
