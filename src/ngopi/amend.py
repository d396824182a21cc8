"""What an editor does to single episodes on purpose: retract, restore; and looks back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ngopi.deletion import Command, became, is_public, withdraw
from ngopi.errand import Next, begin, carry_out, past
from ngopi.errors import (
    NothingPublicError,
    NotPublicError,
    NotRetractedError,
    SlugReusedError,
    UndoneMeanwhileError,
)
from ngopi.ledger import (
    forget_intent,
    write_bases,
)
from ngopi.model import Ledger, LedgerEntry
from ngopi.revival import Back, Folder, bring_back
from ngopi.transaction import (
    kept_between,
    kept_ledger,
    look,
    newest_first,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ngopi.config import Config
    from ngopi.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one ledger changed against the one before it: slugs, and *show*: the show's data."""

    ledger: Ledger
    show: bool
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


# -- retract ------------------------------------------------------------------------------


def retract(config: Config, store: Store, slug: str, *, by: str, now: datetime) -> LedgerEntry:
    """Take an episode out of the feed; its guid is remembered, its audio stays.

    What is out already stays out.

    Raises:
        NotPublicError: no public episode has that slug.
        UndoneMeanwhileError: an earlier run did it, and somebody has restored the episode since.
    """
    begun = begin(config, store, f"retract {slug}", now=now)
    found: list[LedgerEntry] = []

    def next_state(ledger: Ledger) -> Next:
        entry = _find(ledger.entries, slug)
        if entry is None and (out := _taken_out(store, ledger, slug)) is not None:
            found[:] = [out]
            return Next(state=ledger)
        if entry is None:
            raise NotPublicError(slug=slug)
        found[:] = [entry]
        kept = tuple(e for e in ledger.entries if e is not entry)
        retracted = {**{e.guid: e for e in ledger.retracted}, entry.guid: entry}
        return Next(state=replace(ledger, entries=kept, retracted=newest_first(retracted)))

    ledger = carry_out(config, store, begun, next_state, by=by)
    entry = found[0] if found else _taken_out(store, ledger, slug)
    assert entry is not None
    if begun.landed is not None and is_public(begun.current, entry.guid):
        _refuse_undone(config, store, begun.current, lambda state: is_public(state, entry.guid))
    return entry


def delete_audio(
    config: Config, store: Store, entry: LedgerEntry, *, by: str, now: datetime
) -> tuple[str, ...]:
    """Delete a retracted episode's audio for good; return its keys, that of its last one first.

    Raises:
        UndoneMeanwhileError: somebody has restored the episode.
    """
    command = Command(what=f"retract {entry.slug}", by=by, now=now)
    try:
        return withdraw(config, store, entry, command)
    except UndoneMeanwhileError:
        forget_intent(config.scratch)  # who runs it once more after that wants it all the same
        raise


def _refuse_undone(
    config: Config, store: Store, current: Ledger, is_so: Callable[[Ledger], bool]
) -> None:
    forget_intent(config.scratch)  # who runs it once more after that wants it all the same
    undone = became(store, current, is_so)
    raise UndoneMeanwhileError(by=undone.by, seq=undone.seq)


# -- restore ------------------------------------------------------------------------------


def restore(
    config: Config, store: Store, slug: str, folder: Folder, *, deleted_audio: bool = False
) -> LedgerEntry:
    """Bring a retracted episode back, with its guid; with other audio, if *folder* has that.

    *deleted_audio*: also with audio that was deleted by name.

    Raises:
        NotRetractedError: no retracted episode has that slug.
        SlugReusedError: another public episode has that slug by now.
        UndoneMeanwhileError: an earlier run did it, and somebody has retracted it again since.
        AudioDeletedError, AudioGoneError, NotApprovedError: see `bring_back`.
    """
    what = f"restore {slug}"
    begun = begin(config, store, what, now=folder.now)
    found: list[Back] = []

    def next_state(ledger: Ledger) -> Next:
        entry = _taken_out(store, ledger, slug)
        if entry is None:
            public = _find(ledger.entries, slug)
            if public is None or not _was_ever(store, ledger, what):
                raise NotRetractedError(slug=slug)
            return Next(state=ledger)  # by an earlier run, or by somebody else
        taken = _find(ledger.entries, slug)
        if taken is not None and taken.guid != entry.guid:
            raise SlugReusedError(slug=slug, retracted=entry.guid, public=taken.guid)
        back = bring_back(config, store, ledger, entry, folder, deleted_audio=deleted_audio)
        found[:] = [back]
        entries = {**{e.guid: e for e in ledger.entries}, entry.guid: back.entry}
        state = replace(
            ledger,
            entries=newest_first(entries),
            retracted=tuple(e for e in ledger.retracted if e is not entry),
        )
        return Next(state=state, releases=back.releases, withdrawn=back.withdrawn)

    ledger = carry_out(config, store, begun, next_state, by=folder.by)
    entry = _find(ledger.entries, slug)
    assert entry is not None
    if begun.landed is not None and not is_public(begun.current, entry.guid):
        _refuse_undone(config, store, begun.current, lambda state: not is_public(state, entry.guid))
    if any(back.ours for back in found):
        write_bases(config.scratch, {entry.guid: entry.release})
    return entry


def _was_ever(store: Store, ledger: Ledger, what: str) -> bool:
    """Say whether the history knows of the command *what*."""
    states = kept_between(store, 0, ledger.seq)
    return ledger.what == what or any(state.what == what for state in states)


def history(store: Store) -> Iterator[Step]:
    """Yield what every ledger changed, newest first.

    Raises:
        NothingPublicError: nothing was ever published.
    """
    current = look(store).ledger
    if current is None:
        raise NothingPublicError
    while current is not None:
        older = None if current.seq == 1 else past(store, current.seq - 1)
        yield _step(current, older)
        current = older


def _find(entries: tuple[LedgerEntry, ...], slug: str) -> LedgerEntry | None:
    return next((entry for entry in entries if entry.slug == slug), None)


def _taken_out(store: Store, ledger: Ledger, slug: str) -> LedgerEntry | None:
    """Return, of all retracted episodes that had this name, the one that was public last."""
    known = {entry.guid: entry for entry in ledger.retracted if entry.slug == slug}
    seq = ledger.seq - 1
    while len(known) > 1 and (older := kept_ledger(store, seq)) is not None:
        last = next((entry.guid for entry in older.entries if entry.guid in known), None)
        if last is not None:
            return known[last]
        seq -= 1
    return next(iter(known.values()), None)


def _step(ledger: Ledger, older: Ledger | None) -> Step:
    now = {entry.guid: entry for entry in ledger.entries}
    then = {entry.guid: entry for entry in older.entries} if older else {}
    return Step(
        ledger=ledger,
        show=older is not None and older.show != ledger.show,
        added=tuple(entry.slug for guid, entry in now.items() if guid not in then),
        changed=tuple(
            entry.slug
            for guid, entry in now.items()
            if guid in then and then[guid].release != entry.release
        ),
        removed=tuple(entry.slug for guid, entry in then.items() if guid not in now),
    )
