"""A store that somebody may write who wants to do harm: ledgers and releases as they like."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Document = dict[str, Any]


def encoded(document: Any) -> bytes:
    """Return JSON as ngopi writes it."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def ledger_of(store: Path) -> Document:
    return json.loads(store.joinpath("ledger.json").read_bytes())


def release_of(store: Path, slug: str) -> Document:
    entry = next(e for e in ledger_of(store)["entries"] if e["slug"] == slug)
    return json.loads(store.joinpath("releases", f"{entry['release']}.json").read_bytes())


def write_ledger(store: Path, body: bytes) -> None:
    store.joinpath("ledger.json").write_bytes(body)


def change_ledger(store: Path, change: Callable[[Document], object]) -> None:
    """Let *change* alter the ledger in its place."""
    ledger = ledger_of(store)
    change(ledger)
    write_ledger(store, encoded(ledger))


def add_release(store: Path, release: Document | bytes) -> str:
    """Store a release under its true hash, which is all that a name proves."""
    body = release if isinstance(release, bytes) else encoded(release)
    sha256 = hashlib.sha256(body).hexdigest()
    store.joinpath("releases", f"{sha256}.json").write_bytes(body)
    return sha256


def forge_release(store: Path, slug: str, change: Callable[[Document], object]) -> None:
    """Let the ledger name a release of *slug* that *change* has altered."""
    release = release_of(store, slug)
    change(release)
    name_release(store, slug, add_release(store, release))


def name_release(store: Path, slug: str, sha256: str) -> None:
    """Let the ledger name another release of *slug*."""

    def name(ledger: Document) -> None:
        entry = next(e for e in ledger["entries"] if e["slug"] == slug)
        entry["previous"] = [entry["release"], *entry["previous"]]
        entry["release"] = sha256

    change_ledger(store, name)
