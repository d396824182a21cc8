"""What is public of each episode, read from the store: no more is said of it than stands there.

In: the folder's episodes, and the state as the store answers now, or as this folder saw it last.
Out: each episode's state, the address that listeners get, and whether a change waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ngopi.errors import LedgerUnreadableError, NgopiError, NgopiTooOldError, ObjectTooBigError
from ngopi.ledger import LEDGER_KEY, ledger_of, read_bases, seen_ledger
from ngopi.model import Ledger
from ngopi.patience import within
from ngopi.plan import as_public, hash_of, release_of, show_waits, state_in
from ngopi.released import addresses_of, load_entry, load_show

if TYPE_CHECKING:
    from datetime import datetime

    from ngopi.config import Config
    from ngopi.model import CatalogueEntry, LedgerEntry
    from ngopi.recall import Recall
    from ngopi.store import Store

# Whoever asks for a list does not wait for a server that is silent.
_PATIENCE_S = 6.0
Differs = Literal["here", "there"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The public state: *fresh* as the store says it now, else as this folder saw it last."""

    ledger: Ledger | None
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an episode stands: see `ledger.state_of`; *url* is where listeners get its audio.

    *differs*: it is public, and a change waits *here*, or a later one came *there*.
    """

    state: str
    url: str | None = None
    differs: Differs | None = None


def look_at(config: Config, store: Store) -> Sight:
    """Return what is public, or, where the store does not answer, what this folder saw last.

    Raises:
        LedgerUnreadableError: the store has a ledger that is damaged.
        NgopiTooOldError: it has one of a later ngopi.
        ObjectTooBigError: it has one that nobody can read.
    """
    seen = seen_ledger(config.scratch)
    try:
        ledger = within(_PATIENCE_S, lambda: ledger_of(store.read(LEDGER_KEY)))
    except (LedgerUnreadableError, NgopiTooOldError, ObjectTooBigError):
        raise  # the store has answered, and what it says is wrong
    except (NgopiError, TimeoutError):
        return Sight(ledger=seen, fresh=False)
    if ledger is None and seen is not None:  # a disk that is not plugged in has no ledger either
        return Sight(ledger=seen, fresh=False)
    return Sight(ledger=ledger, fresh=True)


def standings(
    config: Config,
    entries: tuple[CatalogueEntry, ...],
    store: Store,
    ledger: Ledger | None,
    *,
    now: datetime,
    recall: Recall | None = None,
) -> dict[str, Standing]:
    """Return how each of *entries* stands in *ledger*, by slug."""
    public = {entry.guid: entry for entry in ledger.entries} if ledger else {}
    address = _address(config, store, ledger)
    bases = read_bases(config.scratch)
    found = {}
    for entry in entries:
        known = public.get(entry.episode.guid)
        if known is None or ledger is None:
            found[entry.episode.slug] = Standing(state=state_in(config, entry, ledger, now=now))
            continue
        mine = _mine(config, entry, store, ledger, known, recall)
        base = bases.get(known.guid)
        differs: Differs = "there" if mine is None or mine in {*known.previous, base} else "here"
        found[entry.episode.slug] = Standing(
            state="published",
            url=_url(config, entry, store, ledger, known, address, same=mine == known.release),
            differs=None if mine == known.release else differs,
        )
    return found


def show_is_waiting(config: Config, store: Store, ledger: Ledger | None) -> bool:
    """Say whether the show's own data was changed here, and an editor has yet to say yes."""
    try:
        return show_waits(config, ledger, addresses=lambda: addresses_of(config, store, ledger))
    except NgopiError:  # a publish, or doctor, says what is wrong with the show
        return False


def _mine(
    config: Config,
    entry: CatalogueEntry,
    store: Store,
    ledger: Ledger,
    known: LedgerEntry,
    recall: Recall | None,
) -> str | None:
    """Return the hash of the folder's release at its public address; None: it has no audio."""
    if entry.audio is None:
        return None
    release = release_of(config, entry, ledger)
    sha256 = hash_of(release, entry, recall)
    return as_public(release, sha256, known, lambda: addresses_of(config, store, ledger))[1]


def _url(
    config: Config,
    entry: CatalogueEntry,
    store: Store,
    ledger: Ledger,
    known: LedgerEntry,
    address: str | None,
    *,
    same: bool,
) -> str | None:
    if address is None:
        return None
    if same:  # nothing has to be read for what lies in the folder as well
        return f"{address}/{release_of(config, entry, ledger).enclosure.key}"
    try:
        release = within(_PATIENCE_S, lambda: load_entry(config, store, known))
    except (NgopiError, TimeoutError):
        return None
    return f"{address}/{release.enclosure.key}"


def _address(config: Config, store: Store, ledger: Ledger | None) -> str | None:
    """Return the address under which the public has the show; None: it cannot be asked now."""
    if ledger is None:
        return None
    try:
        return within(_PATIENCE_S, lambda: load_show(config, store, ledger)).show.public_url
    except (NgopiError, TimeoutError):
        return None
