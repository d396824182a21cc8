"""``ngopi rollback``: an earlier state is public again, but for what others published meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ngopi.errand import Next, begin, carry_out, past
from ngopi.errors import (
    AudioDeletedError,
    AudioGoneError,
)
from ngopi.model import Ledger, LedgerEntry
from ngopi.revival import Back, Folder, bring_back
from ngopi.transaction import (
    newest_first,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ngopi.config import Config
    from ngopi.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """The state *before*, that which followed on it, and, by slug, what was not rolled back.

    *between*: changed by others since the rollback began; *left_out*: their audio is deleted.
    """

    before: Ledger
    after: Ledger
    between: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def rollback(
    config: Config,
    store: Store,
    seq: int | None,
    folder: Folder,
    *,
    announce: Callable[[Ledger, Ledger], None],
) -> RolledBack:
    """Make the content of ledger *seq* public again, under a new sequence number.

    None means the one before the current. Both are those of the start: *announce* is told which
    state is left, and which one gone back to. What others publish meanwhile stays as it is. Until
    `ledger.forget_intent` is called, running it again does not go back further.
    Episodes that came later are retracted, not forgotten: their guids stay known.

    Raises:
        NoSuchHistoryError: there is no such ledger.
    """
    begun = begin(config, store, f"rollback {'previous' if seq is None else seq}", now=folder.now)
    start = begun.current
    if begun.intent.seq != start.seq:
        start = past(store, begun.intent.seq)
    told = RolledBack(before=start, after=start)
    if begun.landed is None:
        wanted = start.seq - 1 if seq is None else seq
        target = start if wanted == start.seq else past(store, wanted)
        announce(start, target)

    def next_state(ledger: Ledger) -> Next:
        nonlocal told
        state, between = _rolled(start, target, ledger)
        # Going back brings what was public, never what this folder has made since.
        alone = replace(folder, entries=())
        backs, left_out = _back_again(config, store, ledger, state, alone)
        entries = {guid: back.entry for guid, back in backs.items()}
        retracted = {e.guid: e for e in (*state.retracted, *left_out)}
        told = replace(told, between=between, left_out=tuple(entry.slug for entry in left_out))
        return Next(
            state=replace(state, entries=newest_first(entries), retracted=newest_first(retracted)),
            releases=tuple(release for back in backs.values() for release in back.releases),
        )

    after = carry_out(config, store, begun, next_state, by=folder.by)
    return replace(told, after=after)


def _rolled(start: Ledger, target: Ledger, now: Ledger) -> tuple[Ledger, tuple[str, ...]]:
    """Return *now* with *target*'s content, but for what others changed since *start*.

    These are the slugs that come with it.
    """
    then, wanted, current = map(_places, (start, target, now))
    entries: dict[str, LedgerEntry] = {}
    retracted: dict[str, LedgerEntry] = {}
    between: list[str] = []
    for guid in {**wanted, **current}:
        place = current.get(guid)
        if place == then.get(guid):
            place = wanted.get(guid) or replace(current[guid], public=False)
        elif place is not None:
            between.append(place.entry.slug)
        if place is not None:
            (entries if place.public else retracted)[guid] = place.entry
    show = target.show if now.show == start.show else now.show
    rolled = replace(
        now,
        show=show,
        entries=newest_first(entries),
        retracted=newest_first(retracted),
    )
    return rolled, tuple(sorted(between))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where an episode stands in a ledger."""

    entry: LedgerEntry
    public: bool


def _places(ledger: Ledger) -> dict[str, _Place]:
    out = {entry.guid: _Place(entry=entry, public=False) for entry in ledger.retracted}
    return out | {entry.guid: _Place(entry=entry, public=True) for entry in ledger.entries}


def _back_again(
    config: Config, store: Store, ledger: Ledger, wanted: Ledger, folder: Folder
) -> tuple[dict[str, Back], tuple[LedgerEntry, ...]]:
    """Return by guid what of *wanted* can be public after *ledger*, and what cannot."""
    backs: dict[str, Back] = {}
    left_out: list[LedgerEntry] = []
    taken = {entry.slug for entry in ledger.entries if entry in wanted.entries}
    for entry in wanted.entries:
        if entry in ledger.entries:
            backs[entry.guid] = Back(entry=entry)
        elif entry.slug in taken:  # another episode got its name meanwhile
            left_out.append(entry)
        else:
            try:
                backs[entry.guid] = bring_back(
                    config, store, ledger, entry, folder, deleted_audio=False
                )
            except (AudioDeletedError, AudioGoneError):
                left_out.append(entry)
    return backs, tuple(left_out)
