"""The gate: what came out of a store becomes a value here, or it does not come in.

In: bytes that anybody may have written, from a store or from this folder's copies. Out: a ledger
or a release that holds nothing which a person's own files could not hold, or an error that says
which key is wrong. Nothing else in ngopi may make such a value of bytes.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from ngopi.config import public_url_objection, show_objections
from ngopi.errors import LedgerUnreadableError, NgopiTooOldError
from ngopi.gone import is_deletable, union_of_gone, union_of_withdrawn
from ngopi.i18n import _
from ngopi.model import Ledger, LedgerEntry, Release, ShowRelease, StoredObject
from ngopi.objections import (
    audio_objections,
    episode_objections,
    hash_objections,
    is_guid,
    is_possible,
    line_objections,
    shown,
)
from ngopi.text import clean_line, clean_notes, is_slug
from ngopi.tomlfile import adapter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import DataclassInstance
    from pydantic import ValidationError

    from ngopi.model import Chapter

# The format that this ngopi reads, and every one before it.
FORMAT = 2
LARGEST_BYTES = 64 << 20
# JSON knows whole numbers up to here; no show lives to see it.
HIGHEST_SEQ = 2**53 - 1

_HASHES = re.compile("(?:[0-9a-f]{64}\n)*")
_LARGEST_AUDIO_BYTES, _LARGEST_COVER_BYTES = 1 << 40, 64 << 20
_LONGEST_URL = 4_000
_MOST_PREVIOUS = 1_000
_GENERATION = "(-[1-9][0-9]{0,4})?"

T = TypeVar("T", Ledger, Release, ShowRelease)


class _RefusedError(ValueError):
    """What is wrong with a document, and where in it, if that is known."""

    def __init__(self, why: str, where: str = "") -> None:
        super().__init__(f"{where}: {why}" if where else why)


def decode(data: bytes) -> object:
    """Return the JSON document that *data* holds: UTF-8, no key twice, no NaN, not too deep.

    Raises:
        ValueError: it is no such document; the message says why.
    """
    if len(data) > LARGEST_BYTES:
        raise _RefusedError(_("more than {most} MiB").format(most=LARGEST_BYTES >> 20))
    try:
        text = data.decode()
        document = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite
        )
        if "\\ud" in text.lower():  # half a character: no file could hold it
            json.dumps(document, ensure_ascii=False).encode()
    except _RefusedError:
        raise
    except UnicodeError as error:
        raise _RefusedError(_("it is not UTF-8 text")) from error
    except RecursionError as error:
        raise _RefusedError(_("it is nested too deeply")) from error
    except ValueError as error:
        raise _RefusedError(_("it is not JSON")) from error
    return document


def admit(kind: type[T], data: bytes, *, key: str) -> T:
    """Return the *kind* that was written as *data* under *key*.

    Raises:
        LedgerUnreadableError: it is damaged, or holds what no ngopi would have written.
        NgopiTooOldError: a later ngopi wrote it, and this one would lose a part of it.
    """
    from pydantic import ValidationError

    try:
        document = decode(data)
        if not isinstance(document, dict):
            raise _RefusedError(_("it is no JSON object"))  # noqa: TRY301 - one way out for all
        written_as = _format(document, key=key)
        _require_known(document, {field.name for field in fields(kind)}, "", key=key)
        value: T = adapter(kind).validate_python(_with_infinity(document))
        _require_same(value, document, "", key=key)
        if written_as < lowest_format(value):
            raise _RefusedError(_("{value} is no format").format(value=written_as), "format")  # noqa: TRY301
        for where, why in _OBJECTIONS[kind](value):
            raise _RefusedError(why, where)  # noqa: TRY301 - the first will do
    except ValidationError as error:
        raise LedgerUnreadableError(key=key, reason=_misfit(error)) from error
    except _RefusedError as error:
        raise LedgerUnreadableError(key=key, reason=str(error)) from error
    return value


# -- the document -------------------------------------------------------------------------


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise _RefusedError(_("a key stands in it twice"))
    return document


def _no_number(name: str) -> NoReturn:
    raise _RefusedError(_("{value} is no number").format(value=name))


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        _no_number(shown(text))
    return number


def lowest_format(value: object) -> int:
    """Return the lowest format that holds all of *value*: what can be, stays readable.

    An ngopi that knows format 1 only would publish an episode without its chapters.
    """
    if isinstance(value, Ledger):
        return 2 if value.gone or value.withdrawn else 1
    return 2 if isinstance(value, Release) and value.episode.chapters else 1


def _format(document: dict[str, object], *, key: str) -> int:
    """Take the format and judge it before the shape: of a later one nobody here knows that."""
    written_as = document.pop("format", None)
    if type(written_as) is not int or written_as < 1:
        raise _RefusedError(_("{value} is no format").format(value=shown(written_as)))
    if written_as > FORMAT:
        raise NgopiTooOldError(key=key, what=f"format {shown(written_as)}")
    return written_as


def _require_known(
    document: dict[str, object], known: set[str] | frozenset[str], where: str, *, key: str
) -> None:
    for name in document:
        if name not in known:
            raise NgopiTooOldError(key=key, what=shown(f"{where}{name}"))


def _misfit(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(map(str, detail["loc"])) or "?"
    if "missing" in detail["type"]:
        return _('"{key}" is missing').format(key=shown(where))
    said = _("{where}: {value} does not belong there")
    return said.format(where=shown(where), value=shown(detail["input"]))


def _with_infinity(document: dict[str, object]) -> dict[str, object]:
    """Give silence its loudness back, for which JSON has no number."""
    audio = document.get("audio")
    if isinstance(audio, dict):
        for name in ("before", "after"):
            loudness = audio.get(name)
            if isinstance(loudness, dict):
                audio[name] = {k: -math.inf if v is None else v for k, v in loudness.items()}
    return document


@lru_cache
def _names(kind: type[DataclassInstance]) -> frozenset[str]:
    return frozenset(field.name for field in fields(kind))


def _require_same(value: object, told: Any, where: str, *, key: str) -> None:  # noqa: ANN401 - any JSON
    """Refuse what was only made to fit: "5" for 5, 1 for true, a date without its time."""
    if isinstance(value, str):
        same = value is told or (isinstance(told, str) and value == told)
    elif is_dataclass(value) and not isinstance(value, type):
        names = _names(type(value))
        if not told.keys() <= names:
            _require_known(told, names, where, key=key)
        for name, item in told.items():
            _require_same(getattr(value, name), item, f"{where}{name}.", key=key)
        return
    elif isinstance(value, tuple):
        for number, (mine, item) in enumerate(zip(value, told, strict=True)):
            _require_same(mine, item, f"{where}{number}.", key=key)
        return
    elif isinstance(value, datetime):
        same = value.isoformat() == told
    elif isinstance(value, float):
        same = type(told) in {int, float} and value == told
    else:
        same = type(value) is type(told) and value == told
    if not same:
        said = _("{value} does not belong there").format(value=shown(told))
        raise _RefusedError(said, where.rstrip("."))


# -- the values ---------------------------------------------------------------------------


def is_seq(number: int) -> bool:
    """Say whether a state can have this sequence number."""
    return 1 <= number <= HIGHEST_SEQ


def _ledger_objections(ledger: Ledger) -> Iterator[tuple[str, str]]:
    if not is_seq(ledger.seq):
        yield "seq", _("{value} is no number of a state").format(value=shown(ledger.seq))
    if not is_guid(ledger.guid):
        yield "guid", _("{value} is no guid").format(value=shown(ledger.guid))
    yield from hash_objections(show=ledger.show, feed=ledger.feed)
    yield from _hashes_objections("shows", ledger.shows)
    yield from line_objections(nonce=ledger.nonce, by=ledger.by, what=ledger.what)
    yield from _moment_objections(at=ledger.at)
    for name, entries in (("entries", ledger.entries), ("retracted", ledger.retracted)):
        for number, entry in enumerate(entries):
            for where, why in _entry_objections(entry):
                yield f"{name}.{number}.{where}", why
    guids = [entry.guid for entry in (*ledger.entries, *ledger.retracted)]
    slugs = [entry.slug for entry in ledger.entries]
    for name, values in (("guid", guids), ("slug", slugs)):
        (twice, count), *_others = Counter(values).most_common(1) or [("", 0)]
        if count > 1:
            yield f"entries.{name}", _("{value} stands there twice").format(value=shown(twice))

    yield from _gone_objections(ledger)


def _gone_objections(ledger: Ledger) -> Iterator[tuple[str, str]]:
    """Nobody may lend his right to delete: only files of kinds that are ever deleted, in order."""
    wrong = next((key for key in ledger.gone if not is_deletable(key)), None)
    if wrong is not None:
        yield "gone", _("{value} is never deleted").format(value=shown(wrong))
    if union_of_gone(ledger.gone) != ledger.gone:
        yield "gone", _("it is not in order")
    for number, thing in enumerate(ledger.withdrawn):
        for where, why in hash_objections(sha256=thing.sha256):
            yield f"withdrawn.{number}.{where}", why
        seqs = (thing.seq_out, ledger.seq if thing.seq_back is None else thing.seq_back)
        if not all(1 <= seq <= ledger.seq for seq in seqs):
            said = _("{value} is no number of a state")
            yield f"withdrawn.{number}", said.format(value=shown(max(seqs)))
    if union_of_withdrawn(ledger.withdrawn) != ledger.withdrawn:
        yield "withdrawn", _("it is not in order")


def _entry_objections(entry: LedgerEntry) -> Iterator[tuple[str, str]]:
    yield from _slug_objections(entry.slug)
    if not is_guid(entry.guid):
        yield "guid", _("{value} is no guid").format(value=shown(entry.guid))
    yield from hash_objections(release=entry.release)
    yield from _hashes_objections("previous", entry.previous)
    yield from line_objections(by=entry.by, approved_by=entry.approved_by or "")
    yield from _moment_objections(published=entry.published, at=entry.at)


def _release_objections(release: Release) -> Iterator[tuple[str, str]]:
    episode, audio = release.episode, release.audio
    for where, why in _slug_objections(episode.slug):
        yield f"episode.{where}", why
    for key, why in episode_objections(episode):
        yield f"episode.{key}", why
    if episode.published is None:
        yield "episode.published", _('"{key}" is missing').format(key="published")
    else:
        for where, why in _moment_objections(published=episode.published):
            yield f"episode.{where}", why
    if episode.notes != clean_notes(episode.notes):
        yield "episode.notes", _("no file could hold this text as it is")
    for where, why in _chapter_objections(episode.chapters, audio.duration_s):
        yield f"episode.{where}", why
    for where, why in audio_objections(audio):
        yield f"audio.{where}", why
    sound = f"audio/{re.escape(episode.slug)}-{audio.sha256[:12]}{_GENERATION}\\.mp3"
    yield from _stored_objections("enclosure", release.enclosure, sound)
    if (release.enclosure.sha256, release.enclosure.size_bytes) != (audio.sha256, audio.size_bytes):
        yield "enclosure.sha256", _("it is not that of the audio")
    if release.cover is not None:
        yield from _cover_objections(release.cover, episode.slug)


def _show_objections(release: ShowRelease) -> Iterator[tuple[str, str]]:
    for key, why in show_objections(release.show):
        yield f"show.{key}", why
    if why_not := public_url_objection(release.show.public_url):
        yield "show.public_url", why_not
    if release.show.guid is None:
        yield "show.guid", _('"{key}" is missing').format(key="guid")
    yield from _cover_objections(release.cover, "show")


def _slug_objections(slug: str) -> Iterator[tuple[str, str]]:
    if not is_slug(slug):
        said = _("{value} cannot be the short name of an episode")
        yield "slug", said.format(value=shown(slug) or '""')


def _hashes_objections(name: str, hashes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if len(hashes) > _MOST_PREVIOUS or not _HASHES.fullmatch("".join(f"{h}\n" for h in hashes)):
        yield name, _("it is no list of SHA-256")


def _moment_objections(**moments: datetime) -> Iterator[tuple[str, str]]:
    for name, moment in moments.items():
        if moment.tzinfo is None or not is_possible(moment):
            yield name, _("{value} is no date of a show").format(value=moment.isoformat())


def _chapter_objections(
    chapters: tuple[Chapter, ...], duration_s: float
) -> Iterator[tuple[str, str]]:
    after_s = -1.0
    for number, chapter in enumerate(chapters):
        start_s, title = chapter.start_s, chapter.title
        if not (max(after_s, -0.0005) < start_s < duration_s and round(start_s, 3) == start_s):
            said = _("a chapter cannot start at {value} seconds").format(value=shown(start_s))
            yield f"chapters.{number}.start_s", said
        if not title or title != clean_line(title):
            yield f"chapters.{number}.title", _("a chapter has no title")
        after_s = start_s


def _cover_objections(cover: StoredObject, name: str) -> Iterator[tuple[str, str]]:
    yield from _stored_objections(
        "cover", cover, f"covers/{re.escape(name)}-{cover.sha256[:12]}{_GENERATION}\\.(jpg|png)"
    )
    if cover.size_bytes > _LARGEST_COVER_BYTES:
        yield "cover.size_bytes", _("{value} is out of range").format(value=cover.size_bytes)


def _stored_objections(name: str, thing: StoredObject, key: str) -> Iterator[tuple[str, str]]:
    for where, why in hash_objections(sha256=thing.sha256):
        yield f"{name}.{where}", why
        return
    if not re.fullmatch(key, thing.key):
        yield f"{name}.key", _("{value} is no place for it").format(value=shown(thing.key))
    base = thing.url.removesuffix(f"/{thing.key}")
    if base == thing.url or len(base) > _LONGEST_URL or public_url_objection(base):
        yield f"{name}.url", _("{value} is not its address").format(value=shown(thing.url))
    if not 1 <= thing.size_bytes <= _LARGEST_AUDIO_BYTES:
        yield (
            f"{name}.size_bytes",
            _("{value} is out of range").format(value=shown(thing.size_bytes)),
        )


_OBJECTIONS: dict[type, Any] = {
    Ledger: _ledger_objections,
    Release: _release_objections,
    ShowRelease: _show_objections,
}
