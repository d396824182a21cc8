"""Releases and the ledger: what the public sees, as small JSON objects."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict
from datetime import datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeVar

from ngopi.atomic import write_atomic
from ngopi.errors import LedgerUnreadableError
from ngopi.model import CatalogueEntry, Ledger, Release, ShowRelease
from ngopi.tomlfile import adapter

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from ngopi.model import ObjectHead

LEDGER_KEY = "ledger.json"
_BASES = "bases.json"
FORMAT = 1

T = TypeVar("T", Ledger, Release, ShowRelease)


def release_key(sha256: str) -> str:
    """Return the key of a release object."""
    return f"releases/{sha256}.json"


def history_key(seq: int) -> str:
    """Return the key under which the ledger of sequence *seq* is kept."""
    return f"history/{seq}.json"


def to_json(value: DataclassInstance) -> bytes:
    """Return the canonical JSON of a release or ledger: equal values, equal bytes."""
    document = {"format": FORMAT, **asdict(value)}
    text = json.dumps(_plain(document), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def sha256_of_bytes(data: bytes) -> str:
    """Return the SHA-256 of *data* as hex."""
    return hashlib.sha256(data).hexdigest()


def from_json(kind: type[T], data: bytes, *, key: str) -> T:
    """Return the *kind* that was written as *data* under *key*.

    Raises:
        LedgerUnreadableError: it is damaged, or of a later format than this ngopi knows.
    """
    from pydantic import ValidationError

    try:
        document = json.loads(data)
        written_as = document.pop("format")
        value: T = adapter(kind).validate_python(_with_infinity(document))
    except (ValueError, KeyError, AttributeError, ValidationError) as error:
        raise LedgerUnreadableError(key=key, reason=type(error).__name__) from error
    if written_as != FORMAT:
        raise LedgerUnreadableError(key=key, reason=f"format {written_as}")
    return value


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
    return None if found is None else from_json(Ledger, found[0], key=LEDGER_KEY)


def seen_ledger(scratch: Path) -> Ledger | None:
    """Return the ledger that this folder saw last; None if it never saw one, or forgot it."""
    try:
        return from_json(Ledger, (scratch / LEDGER_KEY).read_bytes(), key=LEDGER_KEY)
    except (OSError, LedgerUnreadableError):  # a copy that may be forgotten
        return None


def read_bases(scratch: Path) -> dict[str, str]:
    """Return, by guid, the release that this folder last agreed with; empty if forgotten."""
    try:
        bases = json.loads((scratch / _BASES).read_bytes())
    except (OSError, ValueError):  # a memory that may be lost: then the ledger's history decides
        return {}
    return bases if isinstance(bases, dict) else {}


def write_bases(scratch: Path, agreed: dict[str, str]) -> None:
    """Remember that this folder agrees with these releases, by guid.

    Raises:
        DiskError: it cannot be written.
    """
    old = read_bases(scratch)
    new = {**old, **agreed}
    if new != old:
        scratch.mkdir(exist_ok=True)
        write_atomic(scratch / _BASES, json.dumps(new, sort_keys=True, indent=0).encode())


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no -inf, which is what a meter says of silence
    return value


def _with_infinity(document: dict[str, object]) -> dict[str, object]:
    audio = document.get("audio")
    if isinstance(audio, dict):
        for name in ("before", "after"):
            loudness = audio.get(name)
            if isinstance(loudness, dict):
                audio[name] = {k: -math.inf if v is None else v for k, v in loudness.items()}
    return document
