"""What an editor does to the public state on purpose: retract, restore, roll back, look back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ngopi.errors import (
    AudioGoneError,
    LedgerUnreadableError,
    NoSuchHistoryError,
    NothingPublicError,
    NotPublicError,
    NotRetractedError,
    SlugReusedError,
)
from ngopi.gate import is_seq
from ngopi.ledger import (
    Intent,
    forget_intent,
    from_json,
    history_key,
    read_intent,
    write_intent,
)
from ngopi.model import Ledger, ShowRelease
from ngopi.released import load_entry, load_show
from ngopi.seen import look_ahead
from ngopi.transaction import (
    Change,
    bring_feed_in_line,
    commit,
    feed_is_current,
    look,
    newest_first,
    settle,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ngopi.config import Config
    from ngopi.model import LedgerEntry
    from ngopi.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one ledger changed against the one before it; slugs, except *ledger*."""

    ledger: Ledger
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def retract(config: Config, store: Store, slug: str, *, by: str, now: datetime) -> LedgerEntry:
    """Take an episode out of the feed; its guid is remembered, its audio stays.

    Raises:
        NotPublicError: no public episode has that slug.
    """
    what = f"retract {slug}"

    def next_state(ledger: Ledger) -> Ledger:
        entry = _find(ledger.entries, slug)
        if entry is None and ledger.what == what:
            return ledger  # done by an earlier run, which was stopped before it could say so
        if entry is None:
            raise NotPublicError(slug=slug)
        kept = tuple(e for e in ledger.entries if e is not entry)
        retracted = {**{e.guid: e for e in ledger.retracted}, entry.guid: entry}
        return replace(ledger, entries=kept, retracted=newest_first(retracted))

    ledger = _amend(config, store, next_state, what=what, by=by, now=now)
    found = _find(ledger.retracted, slug)
    assert found is not None
    return found


def delete_audio(config: Config, store: Store, entry: LedgerEntry) -> str:
    """Delete a retracted episode's audio from the store; return its key."""
    key = load_entry(config, store, entry).enclosure.key
    store.delete(key)
    return key


def restore(
    config: Config, store: Store, slug: str, *, by: str, now: datetime
) -> LedgerEntry | None:
    """Bring a retracted episode back, with its guid.

    None: an earlier run has let it be published anew (`forget_retraction`), and was stopped there.

    Raises:
        NotRetractedError: no retracted episode has that slug.
        SlugReusedError: another public episode has that slug by now.
        AudioGoneError: its audio was deleted.
    """
    what = f"restore {slug}"

    def next_state(ledger: Ledger) -> Ledger:
        entry = _find(ledger.retracted, slug)
        if entry is None and ledger.what == what:
            return ledger  # done by an earlier run, which was stopped before it could say so
        if entry is None:
            raise NotRetractedError(slug=slug)
        taken = _find(ledger.entries, slug)
        if taken is not None and taken.guid != entry.guid:
            raise SlugReusedError(slug=slug, retracted=entry.guid, public=taken.guid)
        _require_audio(config, store, (entry,))
        entries = {**{e.guid: e for e in ledger.entries}, entry.guid: entry}
        return replace(
            ledger,
            entries=newest_first(entries),
            retracted=tuple(e for e in ledger.retracted if e is not entry),
        )

    return _find(_amend(config, store, next_state, what=what, by=by, now=now).entries, slug)


def forget_retraction(
    config: Config, store: Store, slug: str, *, guid: str, by: str, now: datetime
) -> None:
    """Let a retracted episode be published anew, with its *guid*: its old audio is gone.

    Raises:
        NotRetractedError: no retracted episode has that slug and guid.
    """

    def next_state(ledger: Ledger) -> Ledger:
        entry = _find(ledger.retracted, slug)
        if entry is None or entry.guid != guid:
            raise NotRetractedError(slug=slug)
        return replace(ledger, retracted=tuple(e for e in ledger.retracted if e is not entry))

    _amend(config, store, next_state, what=f"restore {slug}", by=by, now=now)


def rollback(
    config: Config, store: Store, seq: int | None, *, by: str, now: datetime
) -> tuple[Ledger, Ledger]:
    """Make the content of ledger *seq* public again, under a new sequence number.

    None means the one before the current: until `ledger.forget_intent` is called, running it again
    does not go back further. Returns the ledger that was, and the new one.
    Episodes that came later are retracted, not forgotten: their guids stay known.

    Raises:
        NoSuchHistoryError: there is no such ledger.
        AudioGoneError: audio that it names was deleted.
    """
    what = f"rollback {'previous' if seq is None else seq}"
    if seq is None:
        done = _landed(config, store, what)
        if done is not None:
            return done
    before: list[Ledger] = []

    def next_state(ledger: Ledger) -> Ledger:
        before[:] = [ledger]
        if seq is None:
            write_intent(config.scratch, Intent(what=what, seq=ledger.seq, at=now))
        wanted = ledger.seq - 1 if seq is None else seq
        old = ledger if wanted == ledger.seq else _past(store, wanted)
        _require_audio(config, store, tuple(e for e in old.entries if e not in ledger.entries))
        guids = {entry.guid for entry in old.entries}
        later = (*old.retracted, *ledger.retracted, *ledger.entries)
        retracted = {entry.guid: entry for entry in later if entry.guid not in guids}
        return replace(
            ledger, show=old.show, entries=old.entries, retracted=newest_first(retracted)
        )

    ledger = _amend(config, store, next_state, what=what, by=by, now=now)
    return (before or [ledger])[0], ledger


def _landed(config: Config, store: Store, what: str) -> tuple[Ledger, Ledger] | None:
    """Return the states before and after *what*, if an earlier run did it and could not say so.

    To go back once more would undo what the person, or a colleague since, wants to be public.
    """
    intent, current = read_intent(config.scratch), look_ahead(config, store).ledger
    if intent is None or current is None or intent.what != what or current.seq <= intent.seq:
        return None
    after = current if current.seq == intent.seq + 1 else _past(store, intent.seq + 1)
    if (after.what, after.at) != (what, intent.at):
        return None
    settle(lambda: bring_feed_in_line(config, store))
    return _past(store, intent.seq), after


def history(store: Store) -> Iterator[Step]:
    """Yield what every ledger changed, newest first.

    Raises:
        NothingPublicError: nothing was ever published.
    """
    current = look(store).ledger
    if current is None:
        raise NothingPublicError
    while current is not None:
        older = None if current.seq == 1 else _past(store, current.seq - 1)
        yield _step(current, older)
        current = older


def _amend(
    config: Config,
    store: Store,
    next_state: Callable[[Ledger], Ledger],
    *,
    what: str,
    by: str,
    now: datetime,
) -> Ledger:
    intent = read_intent(config.scratch)
    if intent is not None and intent.what != what:
        forget_intent(config.scratch)  # whoever gives another command has let go of it

    def attempt() -> Ledger:
        public = look_ahead(config, store)
        if public.ledger is None:
            raise NothingPublicError
        # The same command, stopped between ledger and feed: it must go on, and not go back twice.
        stopped = public.ledger.what == what and not feed_is_current(public, store)
        wanted = public.ledger if stopped else next_state(public.ledger)
        change = Change(
            show=_show(config, store, wanted, public.ledger),
            releases=(),
            entries=wanted.entries,
            retracted=wanted.retracted,
            what=what,
            by=by,
            at=now,
        )
        return commit(config, store, public, change)

    return settle(attempt)


def _show(config: Config, store: Store, wanted: Ledger, public: Ledger) -> ShowRelease:
    """Return *wanted*'s show at *public*'s address: at an older one, nobody may answer."""
    show = load_show(config, store, wanted)
    if wanted.show == public.show:
        return show
    url = load_show(config, store, public).show.public_url
    cover = replace(show.cover, url=f"{url}/{show.cover.key}")
    return replace(show, show=replace(show.show, public_url=url), cover=cover)


def _find(entries: tuple[LedgerEntry, ...], slug: str) -> LedgerEntry | None:
    return next((entry for entry in entries if entry.slug == slug), None)


def _past(store: Store, seq: int) -> Ledger:
    found = store.read(history_key(seq)) if is_seq(seq) else None
    if found is None:
        raise NoSuchHistoryError(seq=seq)
    past = from_json(Ledger, found[0], key=history_key(seq))
    if past.seq != seq:
        raise LedgerUnreadableError(key=history_key(seq), reason=f"seq: {past.seq}")
    return past


def _require_audio(config: Config, store: Store, entries: tuple[LedgerEntry, ...]) -> None:
    for entry in entries:
        release = load_entry(config, store, entry)
        head = store.head(release.enclosure.key)
        if head is None or head.size_bytes != release.enclosure.size_bytes:
            raise AudioGoneError(slug=entry.slug, key=release.enclosure.key)


def _step(ledger: Ledger, older: Ledger | None) -> Step:
    now = {entry.guid: entry for entry in ledger.entries}
    then = {entry.guid: entry for entry in older.entries} if older else {}
    return Step(
        ledger=ledger,
        added=tuple(entry.slug for guid, entry in now.items() if guid not in then),
        changed=tuple(
            entry.slug
            for guid, entry in now.items()
            if guid in then and then[guid].release != entry.release
        ),
        removed=tuple(entry.slug for guid, entry in then.items() if guid not in now),
    )
