"""The public state: the ledger, its history and the releases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from ngopi.config import Config
from ngopi.doctor.diagnosis import FIX, Diagnosis, Mend, healthy, of_error
from ngopi.errors import (
    AnotherShowError,
    LedgerUnreadableError,
    NgopiError,
    NgopiTooOldError,
    ObjectTooBigError,
    StoreVerifyError,
)
from ngopi.i18n import N_, _, ngettext
from ngopi.ledger import (
    LEDGER_KEY,
    history_key,
    release_key,
    seen_ledger,
    seq_of,
    sha256_of_bytes,
    to_json,
)
from ngopi.model import CatalogueEntry, Ledger, ObjectHead, Progress
from ngopi.plan import make_wish
from ngopi.released import load_entry, load_show
from ngopi.seen import read_seen
from ngopi.store import Store
from ngopi.transaction import FEED_KEY, kept_ledger, look
from ngopi.whose import require_same_show

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A show and all that lay in its store at one moment; *by* is who asks.

    *entries* are those of the catalogue that can be read.
    """

    config: Config
    store: Store
    entries: tuple[CatalogueEntry, ...]
    stock: dict[str, ObjectHead]
    by: str
    now: datetime
    progress: Progress


# -- the ledger and its history -----------------------------------------------------------


def check_ledger(case: Case) -> tuple[Ledger | None, tuple[Diagnosis, ...]]:
    """Return the ledger, None if there is none that can be read, and what is wrong with it."""
    try:
        ledger = look(case.store).ledger
        require_same_show(case.config, case.store, ledger)
    except (LedgerUnreadableError, StoreVerifyError) as error:
        return None, (_lost(case, error.message),)
    except (AnotherShowError, NgopiTooOldError, ObjectTooBigError) as error:
        return None, (of_error("ledger", error),)  # nothing of ours may take its place
    if ledger is not None:
        text = _("state {seq} of {at} by {by}: {what}").format(
            seq=ledger.seq,
            at=f"{ledger.at.astimezone(case.config.zone):%Y-%m-%d %H:%M %Z}",
            by=ledger.by,
            what=ledger.what,
        )
        return ledger, (healthy("ledger", text),)
    if _newest_kept(case.stock) or FEED_KEY in case.stock or read_seen(case.config, None):
        return None, (_lost(case, _("There was a ledger in the store, and it is gone.")),)
    return None, (healthy("ledger", _("nothing is public yet")),)


def _lost(case: Case, message: str) -> Diagnosis:
    seen = seen_ledger(case.config.scratch)
    newest = _newest_kept(case.stock)
    # Before a ledger gives way to the next it is kept in the history: what this folder saw last
    # was the newest if the history has neither it nor a later one.
    if seen is None or seen.seq <= newest:
        seen = _still_public(case, newest)
    if seen is None:
        hint = _("on the computer that published last, run: ngopi doctor --fix")
        return Diagnosis(subject="ledger", severity="error", message=message, hint=hint)
    head = case.stock.get(LEDGER_KEY)
    return Diagnosis(
        subject="ledger",
        severity="error",
        message=message,
        hint=FIX,
        mend=lambda: case.store.swap(
            LEDGER_KEY, to_json(seen), expected=head.version if head else None
        ),
    )


def _still_public(case: Case, seq: int) -> Ledger | None:
    """Return what the history keeps of state *seq*, if the feed is still that state's.

    Then a later one, if there was any, was never acknowledged.
    """
    kept = kept_ledger(case.store, seq) if seq else None
    feed = case.store.read(FEED_KEY)
    if kept is None or feed is None or sha256_of_bytes(feed[0]) != kept.feed:
        return None
    return kept


def _newest_kept(stock: dict[str, ObjectHead]) -> int:
    return max((seq for key in stock if (seq := seq_of(key)) is not None), default=0)


def check_history(case: Case, ledger: Ledger) -> Iterator[Diagnosis]:
    """Say which earlier states are gone or damaged."""
    seen = seen_ledger(case.config.scratch)
    there = sorted(seq for key in case.stock if (seq := seq_of(key) or 0) and seq < ledger.seq)
    gone = []
    with case.progress.step(N_("Reading the history"), len(there)) as advance:
        for before, seq in pairwise((0, *there, ledger.seq)):
            # A ledger may say any number: what lies between is counted, never walked through.
            gone += [(before + 1, seq - 1)] if seq - before > 1 else []
            if seq < ledger.seq and kept_ledger(case.store, seq) is None:
                gone.append((seq, seq))
            advance(1)
    for seq, last in gone:
        known = seen is not None and seen.seq == seq == last
        keys = history_key(seq) if seq == last else f"{history_key(seq)} … {history_key(last)}"
        yield Diagnosis(
            subject="history",
            severity="warning",
            message=_("{key} is gone or damaged: rollback cannot go there.").format(key=keys),
            hint=FIX
            if known
            else _("on a computer that saw state {seq} last, run: ngopi doctor --fix").format(
                seq=seq
            ),
            mend=_put(case, history_key(seq), to_json(seen)) if seen and known else None,
        )
    if not gone:
        yield healthy("history", _("all earlier states are kept"))


# -- releases -----------------------------------------------------------------------------


def check_releases(case: Case, ledger: Ledger) -> Iterator[Diagnosis]:
    """Say which releases that the ledger names are gone or damaged."""
    named = {ledger.show: "", **{entry.release: entry.slug for entry in ledger.entries}}
    retracted = {entry.release: entry.slug for entry in ledger.retracted}
    broken = []
    with case.progress.step(N_("Reading the releases"), len(named) + len(retracted)) as advance:
        for sha256 in (*named, *retracted):
            if _content(case.store, release_key(sha256)) != sha256:
                broken.append(sha256)
            advance(1)
    refused = list(_refused(case, ledger, set(broken)))
    yield from refused
    known = _known_releases(case, ledger) if broken else {}
    for sha256 in broken:
        body = known.get(sha256)
        slug = named.get(sha256) or retracted.get(sha256) or case.config.show.title
        text = _('The release of "{slug}" is gone or damaged: {key}.')
        yield Diagnosis(
            subject="releases",
            severity="error" if sha256 in named else "warning",
            message=text.format(slug=slug, key=release_key(sha256)),
            hint=_("on the computer that published it, run: ngopi doctor --fix")
            if body is None
            else FIX,
            mend=None if body is None else _put(case, release_key(sha256), body),
        )
    if not broken and not refused:
        count = len(ledger.entries)
        text = ngettext("{count} public episode", "{count} public episodes", count)
        yield healthy("releases", text.format(count=count))


def _refused(case: Case, ledger: Ledger, broken: set[str]) -> Iterator[Diagnosis]:
    """Say which releases are whole and yet hold what no ngopi, or only a later one, writes."""
    try:
        if ledger.show not in broken:
            load_show(case.config, case.store, ledger)
    except NgopiError as error:
        yield of_error("releases", error)
    for entry in ledger.entries:
        try:
            if entry.release not in broken:
                load_entry(case.config, case.store, entry)
        except NgopiError as error:
            yield of_error("releases", error)


def _known_releases(case: Case, ledger: Ledger) -> dict[str, bytes]:
    """Return the releases that this machine can write again, by hash."""
    copies = (case.config.scratch / "releases").glob("*.json")
    bodies = [path.read_bytes() for path in copies]
    try:
        wish = make_wish(case.config, case.entries, ledger, now=case.now)
    except NgopiError:  # told where the catalogue is looked at
        pass
    else:
        bodies += [to_json(wish.show), *map(to_json, wish.releases)]
    return {sha256_of_bytes(body): body for body in bodies}


def _put(case: Case, key: str, body: bytes) -> Mend:
    head = case.stock.get(key)
    return lambda: case.store.swap(key, body, expected=head.version if head else None)


def _content(store: Store, key: str) -> str | None:
    """Return the SHA-256 of what can be read of a small object; None: nothing."""
    try:
        found = store.read(key)
    except (StoreVerifyError, ObjectTooBigError):
        return None
    return None if found is None else sha256_of_bytes(found[0])
