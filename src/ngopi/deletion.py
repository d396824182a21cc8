"""Deleting is a change of the ledger: what shall go is named there first, and never named again.

In: keys, and the version of the ledger that they were found unused in. Out: a ledger whose `gone`
names them, and then a store without them. No clock and no lock lies between a publisher who has
just found a file stored and somebody who deletes it; the swap of the ledger does. Whoever is
stopped anywhere in here leaves a state in which everything public is there, and anybody may go on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ngopi.atomic import sweep, write_atomic
from ngopi.errors import (
    AloneError,
    LedgerUnreadableError,
    NothingPublicError,
    NotRetractedError,
    StoreVerifyError,
    SwapConflictError,
    UndoneMeanwhileError,
)
from ngopi.gate import decode
from ngopi.gone import hashes_of, is_deletable, is_key_of, keys_of, require_apart, withdrawn_now
from ngopi.ledger import LEDGER_KEY
from ngopi.model import Release, ShowRelease, Withdrawn
from ngopi.released import load, load_entry, load_show
from ngopi.seen import look_ahead
from ngopi.tomlfile import adapter
from ngopi.transaction import FEED_KEY, as_it_is, commit, feed_is_current, kept_ledger, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

    from ngopi.config import Config
    from ngopi.model import Ledger, LedgerEntry
    from ngopi.store import RealStore, Store
    from ngopi.transaction import Public

_OWN = "deleting.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Which command deletes, who gave it, and when: as the ledger says it."""

    what: str
    by: str
    now: datetime


def require_swaps(store: RealStore, *, alone: bool) -> None:
    """Refuse to delete where a store cannot keep two people apart; *alone*: there is one only.

    The store is asked anew: what it could when it was asked first proves nothing.

    Raises:
        AloneError: nobody said that they are alone.
    """
    if not alone and not store.probe_abilities().safe_for_many:
        raise AloneError


def line_up(config: Config, store: Store, command: Command) -> tuple[Public, Ledger]:
    """Return what the public sees once no document names anything else than the ledger does.

    Raises:
        NothingPublicError: there is no ledger.
        StorePutBackError: the store went backwards.
    """

    def attempt() -> tuple[Public, Ledger]:
        public = look_ahead(config, store)
        if public.ledger is None:
            raise NothingPublicError
        if not feed_is_current(public, store):
            change = as_it_is(
                config, store, public.ledger, what=command.what, by=command.by, at=command.now
            )
            commit(config, store, public, change)
            raise SwapConflictError(key=FEED_KEY)  # look again: it was changed just now
        return public, public.ledger

    return settle(attempt)


def name_gone(
    config: Config,
    store: Store,
    public: Public,
    keys: Iterable[str],
    command: Command,
    *,
    withdrawn: tuple[Withdrawn, ...] = (),
) -> None:
    """Say in the ledger that *keys* are gone; they were found unused in the state *public*.

    Raises:
        SwapConflictError: that is not the state any more: nothing was said.
        GoneNamedError: the state names one of them.
    """
    ledger = public.ledger
    assert ledger is not None
    new = tuple(key for key in keys if key not in ledger.gone)
    _remember_own(config.scratch, new)
    change = as_it_is(config, store, ledger, what=command.what, by=command.by, at=command.now)
    commit(config, store, public, replace(change, gone=new, withdrawn=withdrawn))


def finish(
    config: Config,
    store: Store,
    keys: Collection[str],
    command: Command,
    *,
    kept: Collection[str],
    advance: Callable[[float], None],
) -> tuple[str, ...]:
    """Delete those of *keys* that are gone as the ledger says; return them.

    *kept* are keys that earlier states name: they go only where they were deleted by name. What
    the current state names stays, whatever the ledger says. *advance* is called with keys done
    since.

    Raises:
        GoneNamedError: the ledger names as public what it calls gone.
    """

    def attempt() -> tuple[tuple[str, ...], frozenset[str]]:
        public, ledger = line_up(config, store, command)
        named, out = names_now(config, store, ledger), withdrawn_now(ledger)
        going = tuple(
            key
            for key in keys
            if key in ledger.gone
            and is_deletable(key)
            and key not in named
            and (key not in kept or is_withdrawn(key, out))
        )
        current = store.head(LEDGER_KEY)
        if current is None or current.version != public.version:
            raise SwapConflictError(key=LEDGER_KEY)
        return going, out

    going, out = settle(attempt)
    for key in going:
        if is_withdrawn(key, out):
            store.erase(key)
        else:
            store.delete(key)
        advance(1)
    return going


def is_withdrawn(key: str, out: Iterable[str]) -> bool:
    """Say whether *key* is that of bytes deleted by name, whose SHA-256 are *out*."""
    return any(is_key_of(key, sha256) for sha256 in out)


def names_now(config: Config, store: Store, ledger: Ledger) -> frozenset[str]:
    """Return the keys of all files that the current state names.

    Raises:
        GoneNamedError: the ledger calls one of them gone, as only a forger's does.
        LedgerUnreadableError: a release is gone or damaged, so nobody knows.
    """
    releases: list[Release | ShowRelease] = [load_show(config, store, ledger)]
    releases += [load_entry(config, store, entry) for entry in ledger.entries]
    require_apart(ledger.gone, releases)
    return frozenset(key for release in releases for key in keys_of(release))


# -- deleted by name ----------------------------------------------------------------------


def withdraw(
    config: Config, store: Store, retracted: LedgerEntry, command: Command
) -> tuple[str, ...]:
    """Delete the audio of a retracted episode for good, in all its versions; return the keys.

    The one that is told first is that of its last release. Sound that is public in another
    episode stays there, and is not withdrawn.

    Raises:
        NotRetractedError: the store knows nothing of it any more.
        UndoneMeanwhileError: somebody has restored the episode.
    """
    guid = retracted.guid

    def attempt() -> tuple[str, ...]:
        public, ledger = line_up(config, store, command)
        if is_public(ledger, guid):
            undone = became(store, ledger, lambda state: is_public(state, guid))
            raise UndoneMeanwhileError(by=undone.by, seq=undone.seq)
        entry = next((entry for entry in ledger.retracted if entry.guid == guid), None)
        if entry is None:
            raise NotRetractedError(slug=retracted.slug)
        shown = [load_entry(config, store, known).audio for known in ledger.entries]
        public_hashes = {sha256 for audio in shown for sha256 in hashes_of(audio)}
        releases = list(_releases(config, store, entry))
        hashes = {h for release in releases for h in hashes_of(release.audio)} - public_hashes
        keys = _keys(config, store, ledger, releases, hashes)
        fresh = sorted(hashes - withdrawn_now(ledger))
        if fresh or not set(keys) <= set(ledger.gone):
            lines = tuple(Withdrawn(sha256=sha256, seq_out=ledger.seq + 1) for sha256 in fresh)
            name_gone(config, store, public, keys, command, withdrawn=lines)
        return keys

    keys = settle(attempt)
    finish(config, store, keys, command, kept=(), advance=lambda _done: None)
    return keys


def is_public(ledger: Ledger, guid: str) -> bool:
    """Say whether the episode is public in that state."""
    return any(entry.guid == guid for entry in ledger.entries)


def became(store: Store, ledger: Ledger, is_so: Callable[[Ledger], bool]) -> Ledger:
    """Return the state since which it *is_so*, as it is in *ledger*; as far as history knows."""
    while (older := kept_ledger(store, ledger.seq - 1)) is not None and is_so(older):
        ledger = older
    return ledger


def _releases(config: Config, store: Store, entry: LedgerEntry) -> Iterator[Release]:
    yield load(config, store, Release, entry.release)
    for sha256 in entry.previous:
        try:
            yield load(config, store, Release, sha256)
        except (LedgerUnreadableError, StoreVerifyError):  # what it named, nobody knows
            continue


def _keys(
    config: Config, store: Store, ledger: Ledger, releases: list[Release], hashes: set[str]
) -> tuple[str, ...]:
    """Return the keys of all that is not public and has one of *hashes*, first those told."""
    others = (entry for entry in ledger.retracted)
    told = [*releases, *(r for entry in others for r in _releases(config, store, entry))]
    named = names_now(config, store, ledger)
    found = (
        release.enclosure.key
        for release in told
        if not hashes.isdisjoint(hashes_of(release.audio)) and release.enclosure.key not in named
    )
    return tuple(dict.fromkeys(found))


# -- what this folder computed itself -----------------------------------------------------


def own_keys(scratch: Path) -> frozenset[str]:
    """Return the keys that this folder itself has named as gone; empty if forgotten."""
    try:
        known = adapter(list[str]).validate_python(decode((scratch / _OWN).read_bytes()))
    except (OSError, ValueError):  # a memory that may be lost: then a person is asked
        return frozenset()
    return frozenset(known)


def _remember_own(scratch: Path, keys: Iterable[str]) -> None:
    known = own_keys(scratch)
    new = known | set(keys)
    if new != known:
        scratch.mkdir(exist_ok=True)
        sweep(scratch / _OWN)
        write_atomic(scratch / _OWN, json.dumps(sorted(new), indent=0).encode())
