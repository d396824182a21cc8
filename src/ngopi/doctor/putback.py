"""A store that was put back from a backup: what it lacks comes back, what came since stays."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from ngopi.doctor.diagnosis import FIX, Diagnosis
from ngopi.doctor.objects import source_of
from ngopi.errors import LedgerUnreadableError, StorePutBackError, SwapConflictError
from ngopi.gone import (
    hashes_of,
    keys_of,
    union_of_gone,
    union_of_withdrawn,
    withdrawn_now,
)
from ngopi.i18n import _
from ngopi.ledger import LEDGER_KEY, history_key, seen_ledger, seq_of, to_json
from ngopi.publish import keep_feed
from ngopi.released import load_entry, load_show
from ngopi.seen import read_seen, require_ahead
from ngopi.stored import Examined
from ngopi.transaction import Change, commit, kept_ledger, look, newest_first, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ngopi.doctor.state import Case
    from ngopi.model import Ledger, LedgerEntry, ShowRelease, StoredObject


def check_sequence(case: Case, ledger: Ledger) -> Iterator[Diagnosis]:
    """Say whether the public state is older than one that was public, or another of its number."""
    known, taken = _known_beside(case, ledger), _taken(case, ledger)
    seen = read_seen(case.config, ledger)
    try:
        require_ahead(case.config, case.store, ledger)
    except StorePutBackError as error:
        latest = error.values["seen"]
    else:
        if known is None and taken is None:
            return
        latest = known.seq if known else taken
    text = _(
        "The store is at state {seq}, but state {seen} was public already, with other content: an "
        "older copy of the store was put back, or somebody wrote over it."
    )
    beyond = max(ledger.seq, known.seq if known else 0, seen.seq if seen else 0)
    while history_key(beyond + 1) in case.stock:
        beyond += 1
    hint = FIX
    if known is None:
        hint = _(
            "on the computer that published state {seen}, run: ngopi doctor --fix; where there is "
            "none any more, run it here: ngopi doctor --fix"
        ).format(seen=latest)
    yield Diagnosis(
        subject="ledger",
        severity="error",
        message=text.format(seq=ledger.seq, seen=latest),
        hint=hint,
        mend=lambda: settle(lambda: _put_forward(case, known or ledger, beyond)),
    )


def _known_beside(case: Case, ledger: Ledger) -> Ledger | None:
    """Return the latest state that was public and on which *ledger* does not follow, or None."""
    copy = seen_ledger(case.config.scratch)
    if copy is not None and copy.guid != ledger.guid:
        copy = None  # of another show
    later = sorted((seq for seq in _kept(case) if seq >= ledger.seq), reverse=True)
    states = (kept_ledger(case.store, seq) for seq in later)
    found = [next((state for state in states if state is not None), None), copy]
    beside = [known for known in found if known is not None and not _is_before(case, known, ledger)]
    return max(beside, key=lambda known: known.seq, default=None)


def _taken(case: Case, ledger: Ledger) -> int | None:
    """Return a state whose place in the history other bytes have, so that nobody can go on."""
    following, current = history_key(ledger.seq + 1), history_key(ledger.seq)
    if following in case.stock:
        return ledger.seq + 1
    if current not in case.stock:
        return None
    kept, public = case.store.read(current), case.store.read(LEDGER_KEY)
    return ledger.seq if kept and public and kept[0] != public[0] else None


def _is_before(case: Case, known: Ledger, ledger: Ledger) -> bool:
    if known.seq > ledger.seq:
        return False
    if known.seq == ledger.seq:
        return known.nonce == ledger.nonce
    kept = kept_ledger(case.store, known.seq)
    return kept is None or kept.nonce == known.nonce


def _kept(case: Case) -> Iterator[int]:
    for key in case.stock:
        seq = seq_of(key)
        if seq is not None:
            yield seq


def _put_forward(case: Case, known: Ledger, beyond: int) -> None:
    """Publish what *known* and the store's ledger say, under a number above all that was seen.

    The later of the two decides on episodes that both know. What can be found neither in the
    store nor in this folder is left out: whoever has it publishes it again. What was deleted, as
    either of them or this folder knows, does not come back with a backup.
    """
    public = look(case.store)
    if public.ledger is None:
        return
    with contextlib.suppress(SwapConflictError):  # the history has that state, or one of its number
        case.store.swap(history_key(known.seq), to_json(known), expected=None)
    base, other = sorted((public.ledger, known), key=lambda ledger: -ledger.seq)
    told = {entry.guid for entry in (*base.entries, *base.retracted)}
    entries = [*base.entries, *(e for e in other.entries if e.guid not in told)]
    retracted = [*base.retracted, *(e for e in other.retracted if e.guid not in told)]
    seen = read_seen(case.config, public.ledger)
    deleted = replace(
        public.ledger,
        gone=union_of_gone(public.ledger.gone, known.gone, seen.gone if seen else ()),
        withdrawn=union_of_withdrawn(
            public.ledger.withdrawn, known.withdrawn, seen.withdrawn if seen else ()
        ),
    )
    lost = [entry for entry in entries if _is_deleted(case, entry, deleted)]
    whole = {e.guid: e for e in entries if e not in lost and _is_whole(case, e)}
    show = _show(case, base) or _show(case, other)
    if show is None:
        raise LedgerUnreadableError(key="ledger.json", reason="show")
    change = Change(
        show=show,
        releases=tuple(load_entry(case.config, case.store, e) for e in whole.values()),
        entries=newest_first(whole),
        retracted=newest_first({entry.guid: entry for entry in (*retracted, *lost)}),
        gone=deleted.gone,
        withdrawn=deleted.withdrawn,
        what="doctor --fix",
        by=case.by,
        at=case.now,
        beyond=beyond,
    )
    commit(case.config, case.store, public, change)
    keep_feed(case.config, case.store)


def _is_deleted(case: Case, entry: LedgerEntry, deleted: Ledger) -> bool:
    """Say whether an episode names what is gone, or was deleted by name."""
    try:
        release = load_entry(case.config, case.store, entry)
    except LedgerUnreadableError:
        return False
    if any(key in deleted.gone for key in keys_of(release)):
        return True
    return not withdrawn_now(deleted).isdisjoint(hashes_of(release.audio))


def _is_whole(case: Case, entry: LedgerEntry) -> bool:
    """Say whether all that a release names is in the store, which gets what this folder has."""
    try:
        release = load_entry(case.config, case.store, entry)
    except LedgerUnreadableError:
        return False
    things = [release.enclosure, *([release.cover] if release.cover else [])]
    return all(_is_there(case, thing) for thing in things)


def _show(case: Case, ledger: Ledger) -> ShowRelease | None:
    try:
        show = load_show(case.config, case.store, ledger)
    except LedgerUnreadableError:
        return None
    return show if _is_there(case, show.cover) else None


def _is_there(case: Case, thing: StoredObject) -> bool:
    examined = Examined(case.store, case.config.scratch)
    if examined.has(thing):
        return True
    source = source_of(case, thing)
    if source is None:
        return False
    with case.progress.step("Uploading", thing.size_bytes, unit="bytes") as advance:
        head = case.store.add(thing.key, source, sha256=thing.sha256, advance=advance)
    examined.keep({thing.key: head})
    return True
