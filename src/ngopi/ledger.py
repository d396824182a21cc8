"""Releases and the ledger: what the public sees, as small JSON objects."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeVar

from ngopi.atomic import sweep, write_atomic
from ngopi.errors import DiskError, LedgerUnreadableError, NgopiTooOldError
from ngopi.gate import admit, decode, is_seq, lowest_format
from ngopi.model import CatalogueEntry, Ledger, Release, ShowRelease
from ngopi.tomlfile import adapter

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from ngopi.model import ObjectHead

LEDGER_KEY = "ledger.json"
_BASES = "bases.json"
_INTENT = "intent.json"
_NAME = "name.json"

# Keys that came later: what lacks them keeps its bytes, and its hash. Chapters came into format 1.
_LATER = {"chapters", "gone", "sound_sha256", "withdrawn"}

_HISTORY = re.compile(r"history/([1-9]\d{0,15})\.json", re.ASCII)

T = TypeVar("T", Ledger, Release, ShowRelease)
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def release_key(sha256: str) -> str:
    """Return the key of a release object."""
    return f"releases/{sha256}.json"


def history_key(seq: int) -> str:
    """Return the key under which the ledger of sequence *seq* is kept."""
    return f"history/{seq}.json"


def seq_of(key: str) -> int | None:
    """Return the sequence of the ledger that the history keeps under *key*, or None."""
    found = _HISTORY.fullmatch(key)
    return int(found[1]) if found and is_seq(int(found[1])) else None


def to_json(value: DataclassInstance) -> bytes:
    """Return the canonical JSON of a release or ledger: equal values, equal bytes."""
    return _CANONICAL.encode({"format": lowest_format(value), **_plain_fields(value)}).encode()


def sha256_of_bytes(data: bytes) -> str:
    """Return the SHA-256 of *data* as hex."""
    return hashlib.sha256(data).hexdigest()


def from_json(kind: type[T], data: bytes, *, key: str) -> T:
    """Return the *kind* that was written as *data* under *key*, if the gate lets it in.

    Raises:
        LedgerUnreadableError: it is damaged, or holds what no ngopi would have written.
        NgopiTooOldError: a later ngopi wrote it.
    """
    return admit(kind, data, key=key)


def state_of(entry: CatalogueEntry, ledger: Ledger | None, *, now: datetime) -> str:
    """Return an episode's state, derived from its files and the ledger.

    draft (or without audio yet), scheduled, ready (``ngopi publish`` would add it), published,
    retracted.
    """
    if ledger is not None and entry.episode.guid in {known.guid for known in ledger.entries}:
        return "published"
    if ledger is not None and entry.episode.guid in {gone.guid for gone in ledger.retracted}:
        return "retracted"
    if entry.audio is None or entry.episode.published is None:
        return "draft"
    return "scheduled" if entry.episode.published > now else "ready"


def ledger_of(found: tuple[bytes, ObjectHead] | None) -> Ledger | None:
    """Return the ledger that a store's ``read(LEDGER_KEY)`` found; None: nothing is public yet.

    Raises:
        LedgerUnreadableError: see `from_json`.
    """
    return None if found is None else _ledger(found[0])


# A run reads the same ledger more than once, and a large one takes a while.
@lru_cache(maxsize=2)
def _ledger(data: bytes) -> Ledger:
    return from_json(Ledger, data, key=LEDGER_KEY)


def seen_ledger(scratch: Path) -> Ledger | None:
    """Return the ledger that this folder saw last; None if it never saw one, or forgot it."""
    try:
        return _ledger((scratch / LEDGER_KEY).read_bytes())
    except (OSError, LedgerUnreadableError, NgopiTooOldError):  # a copy that may be forgotten
        return None


def read_bases(scratch: Path) -> dict[str, str]:
    """Return, by guid, the release that this folder last agreed with; empty if forgotten."""
    try:
        bases = decode((scratch / _BASES).read_bytes())
    except (OSError, ValueError):  # a memory that may be lost: then the ledger's history decides
        return {}
    if not isinstance(bases, dict):
        return {}
    return {guid: base for guid, base in bases.items() if isinstance(base, str)}


def write_bases(scratch: Path, agreed: dict[str, str]) -> None:
    """Remember that this folder agrees with these releases, by guid.

    Raises:
        DiskError: it cannot be written.
    """
    sweep(scratch / _BASES)
    old = read_bases(scratch)
    new = {**old, **agreed}
    if new != old:
        scratch.mkdir(exist_ok=True)
        write_atomic(scratch / _BASES, json.dumps(new, sort_keys=True, indent=0).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What this folder was about to make of state *seq*; *at* is the new state's own date."""

    what: str
    seq: int
    at: datetime


def read_intent(scratch: Path) -> Intent | None:
    """Return what this folder set out to do and has not said that it did; None: nothing."""
    from pydantic import ValidationError

    try:
        intent = adapter(Intent).validate_python(decode((scratch / _INTENT).read_bytes()))
    except (OSError, ValueError, ValidationError):  # a memory that may be lost
        return None
    return intent if is_seq(intent.seq) and intent.at.tzinfo is not None else None


def write_intent(scratch: Path, intent: Intent) -> None:
    """Remember *intent* until it is acknowledged.

    Raises:
        DiskError: it cannot be written.
    """
    scratch.mkdir(exist_ok=True)
    sweep(scratch / _INTENT)
    write_atomic(scratch / _INTENT, _CANONICAL.encode(_plain(intent)).encode())


def forget_intent(scratch: Path) -> None:
    """Forget it: it was acknowledged, or this folder has done something else since.

    Raises:
        DiskError: it cannot be removed.
    """
    try:
        (scratch / _INTENT).unlink(missing_ok=True)
    except OSError as error:
        raise DiskError(path=scratch / _INTENT, reason=error.strerror or error) from error


def remembered_name(scratch: Path) -> str | None:
    """Return the name under which this folder publishes; None: nobody has said it yet."""
    try:
        name = decode((scratch / _NAME).read_bytes())
    except (OSError, ValueError):  # a memory that may be lost: then it is asked again
        return None
    return name if isinstance(name, str) and name.strip() and name.isprintable() else None


def remember_name(scratch: Path, name: str) -> None:
    """Remember under which name this folder publishes.

    Raises:
        DiskError: it cannot be written.
    """
    if remembered_name(scratch) != name:
        scratch.mkdir(exist_ok=True)
        sweep(scratch / _NAME)
        write_atomic(scratch / _NAME, json.dumps(name).encode())


def _plain_fields(value: DataclassInstance) -> dict[str, object]:
    kept = ((name, getattr(value, name)) for name in _field_names(type(value)))
    return {name: _plain(item) for name, item in kept if item or name not in _LATER}


@lru_cache
def _field_names(kind: type[DataclassInstance]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _plain(value: object) -> object:
    if value is None or isinstance(value, str):  # first, for they are most
        return value
    if isinstance(value, float):
        # JSON has no -inf, which is what a meter says of silence.
        return value if math.isfinite(value) else None
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, PurePath):
        return value.as_posix()
    if is_dataclass(value) and not isinstance(value, type):
        return _plain_fields(value)
    return value
