"""``ngopi gc``: what lies in the store and belongs to no state, past or present."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ngopi.errors import (
    LedgerUnreadableError,
    NgopiTooOldError,
    NothingPublicError,
    ObjectTooBigError,
    StoreVerifyError,
    SwapConflictError,
)
from ngopi.ledger import LEDGER_KEY, ledger_of, release_key, seq_of
from ngopi.model import Ledger, ObjectHead, Release, ShowRelease
from ngopi.released import load
from ngopi.transaction import kept_ledger
from ngopi.whose import require_same_show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ngopi.config import Config
    from ngopi.model import CatalogueEntry, LedgerEntry
    from ngopi.store import Store

# What somebody stored lately may be part of a publish that was stopped and will go on.
YOUNGEST = timedelta(days=30)
# Swapped or kept for ever: they are the state itself.
_STATE = ("ledger.json", "feed.xml", "history/")
# Left by a question that was cut off; no state can name it.
_SCRATCH = "probe/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """What nothing references, in the order of the keys; *version* is the ledger's then.

    *sure* False: a past state or release cannot be read, so whatever it may name is kept.
    """

    objects: tuple[ObjectHead, ...]
    version: str
    sure: bool

    @property
    def size_bytes(self) -> int:
        """What deleting it would free."""
        return sum(head.size_bytes for head in self.objects)


def inventory(store: Store) -> dict[str, ObjectHead]:
    """Return all that lies in the store and that a show may have there, by key."""
    return {head.key: head for head in store.heads("")}


def find_garbage(
    config: Config,
    entries: tuple[CatalogueEntry, ...],
    store: Store,
    *,
    now: datetime,
    stock: dict[str, ObjectHead] | None = None,
) -> Garbage:
    """Return what is older than YOUNGEST and referenced by nothing.

    What the ledger, every ledger of the history, their releases, retracted episodes and this
    folder's *entries* name is referenced. *stock*: an inventory taken just now. An object
    without a date is kept.

    Raises:
        NothingPublicError: there is no ledger, so nothing could be told from garbage.
        LedgerUnreadableError: the ledger is damaged.
        AnotherShowError: it is another show's.
    """
    # Listed before the ledger is read: what is published in between is referenced by it.
    stock = inventory(store) if stock is None else stock
    found = store.read(LEDGER_KEY)
    ledger = ledger_of(found)
    if found is None or ledger is None:
        raise NothingPublicError
    require_same_show(config, store, ledger)
    named, sure = _referenced(config, store, ledger, stock)
    named |= {
        f"audio/{entry.episode.slug}-{entry.audio.sha256[:12]}.mp3"
        for entry in entries
        if entry.audio is not None
    }
    unused = tuple(
        head
        for head in stock.values()
        if _is_unused(head, named, sure=sure)
        and head.modified is not None
        and now - head.modified > YOUNGEST
    )
    return Garbage(objects=unused, version=found[1].version, sure=sure)


def delete_garbage(
    store: Store, garbage: Garbage, *, advance: Callable[[float], None]
) -> tuple[str, ...]:
    """Delete what was found, and return the keys; *advance* is called with objects done since.

    Raises:
        SwapConflictError: somebody published meanwhile, perhaps what was found; run again.
    """
    deleted = []
    for head in garbage.objects:
        current = store.head(LEDGER_KEY)
        if current is None or current.version != garbage.version:
            raise SwapConflictError(key=LEDGER_KEY)
        store.delete(head.key)
        deleted.append(head.key)
        advance(1)
    return tuple(deleted)


def _is_unused(head: ObjectHead, named: set[str], *, sure: bool) -> bool:
    if head.key.startswith(_SCRATCH):
        return True
    return sure and head.key not in named and not head.key.startswith(_STATE)


def _referenced(
    config: Config, store: Store, ledger: Ledger, stock: dict[str, ObjectHead]
) -> tuple[set[str], bool]:
    """Return the keys that any state names, and whether all of them could be asked."""
    past = {seq: kept_ledger(store, seq) for seq in _history(stock)}
    ledgers = [ledger, *(known for known in past.values() if known is not None)]
    sure = len(ledgers) == len(past) + 1
    shows = {sha256 for known in ledgers for sha256 in (known.show, *known.shows)}
    releases = {sha256 for known in ledgers for entry in _entries(known) for sha256 in entry}
    named = {release_key(sha256) for sha256 in shows | releases}
    for sha256 in shows | releases:
        try:
            named |= set(_objects(_loaded(config, store, sha256, shows=shows)))
        except (LedgerUnreadableError, NgopiTooOldError, ObjectTooBigError, StoreVerifyError):
            sure = False
    return named, sure


def _loaded(config: Config, store: Store, sha256: str, *, shows: set[str]) -> Release | ShowRelease:
    if sha256 in shows:
        return load(config, store, ShowRelease, sha256)
    return load(config, store, Release, sha256)


def _history(stock: dict[str, ObjectHead]) -> Iterator[int]:
    for key in stock:
        seq = seq_of(key)
        if seq is not None:
            yield seq


def _entries(ledger: Ledger) -> Iterator[tuple[str, ...]]:
    known: tuple[LedgerEntry, ...] = (*ledger.entries, *ledger.retracted)
    for entry in known:
        yield (entry.release, *entry.previous)


def _objects(release: Release | ShowRelease) -> Iterator[str]:
    if isinstance(release, Release):
        yield release.enclosure.key
    if release.cover is not None:
        yield release.cover.key
