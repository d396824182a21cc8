"""One change of what the public sees: releases → ledger → feed, by compare-and-swap.

Feed and ledger are rendered from releases, never from a folder alone, so two producers
cannot drop each other's work; whatever is stopped, the next run goes on where it stopped.
"""

from __future__ import annotations

import random
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from ngopi.errors import (
    CredentialsRefusedError,
    FeedRefusedError,
    LedgerUnreadableError,
    NgopiTooOldError,
    ObjectTooBigError,
    PublishContendedError,
    StorePutBackError,
    StoreReadError,
    StoreVerifyError,
    SwapConflictError,
)
from ngopi.feed.build import build_feed, items_of
from ngopi.feed.check import check_feed
from ngopi.feed.stamp import as_known, stamped
from ngopi.gate import is_seq
from ngopi.gone import require_apart, union_of_gone, union_of_withdrawn
from ngopi.ledger import (
    LEDGER_KEY,
    from_json,
    history_key,
    ledger_of,
    release_key,
    seq_of,
    sha256_of_bytes,
    to_json,
)
from ngopi.model import Ledger, LedgerEntry, ObjectHead, Release, ShowRelease, Withdrawn
from ngopi.plan import rehosted
from ngopi.recall import Memory, key_of
from ngopi.released import add_release, load_entry, load_show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ngopi.config import Config
    from ngopi.store import Store

FEED_KEY = "feed.xml"
_ATTEMPTS = 12
_SHOWS_KEPT = 20
# What an item looks like is theirs to decide too.
_FEED_LIBRARIES = ("feedgen", "lxml", "markdown-it-py", "nh3")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """What the public sees at one moment; the feed was looked at before the ledger.

    *version* and *body* are the ledger's, as it lies in the store.
    """

    feed: ObjectHead | None
    ledger: Ledger | None
    version: str | None
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The next state: *show* and *entries* whole; *releases*: those that may be new.

    *known*: releases at hand, by the SHA-256 of their JSON; others are loaded. *what* is the
    command, *by* and *at* who gave it and when. *gone* and *withdrawn* come on top of what the
    ledger says of them already. *beyond* mends a store that was put back: the new state's sequence
    is higher, and what the history keeps already stays as it is.
    """

    show: ShowRelease
    releases: tuple[Release, ...]
    entries: tuple[LedgerEntry, ...]
    retracted: tuple[LedgerEntry, ...]
    what: str
    by: str
    at: datetime
    known: dict[str, Release] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()
    beyond: int | None = None


def settle(attempt: Callable[[], T]) -> T:
    """Call *attempt*, and again whenever somebody else was faster.

    Raises:
        PublishContendedError: others kept publishing in between.
    """
    for count in range(_ATTEMPTS):
        try:
            return attempt()
        except SwapConflictError:
            time.sleep(random.uniform(0.01, 0.05) * count)  # noqa: S311 - jitter, no secret
    raise PublishContendedError


def look(store: Store) -> Public:
    """Return what the public sees now."""
    try:
        feed = store.head(FEED_KEY)  # before the ledger: who publishes in between wins the swap
    except (CredentialsRefusedError, StoreReadError):
        store.read(LEDGER_KEY)  # HEAD is answered without a reason; this says it, and raises
        raise
    found = store.read(LEDGER_KEY)
    version = None if found is None else found[1].version
    body = b"" if found is None else found[0]
    return Public(feed=feed, ledger=ledger_of(found), version=version, body=body)


def kept_ledger(store: Store, seq: int) -> Ledger | None:
    """Return the ledger that the history keeps of state *seq*.

    None: it is gone or damaged, or no ngopi of today can read it.
    """
    key = history_key(seq)
    try:
        found = store.read(key) if is_seq(seq) else None
        kept = None if found is None else from_json(Ledger, found[0], key=key)
    except (LedgerUnreadableError, NgopiTooOldError, ObjectTooBigError, StoreVerifyError):
        return None
    return kept if kept is not None and kept.seq == seq else None


def kept_between(store: Store, after: int, before: int) -> Iterator[Ledger]:
    """Yield the ledgers that the history keeps of the states between two, the latest first.

    A ledger may say any number: what is there is asked, never what may be.
    """
    found = (seq_of(head.key) for head in store.heads("history/"))
    seqs = {seq for seq in found if seq is not None and after < seq < before}
    states = (kept_ledger(store, seq) for seq in sorted(seqs, reverse=True))
    yield from (state for state in states if state is not None)


def feed_is_current(public: Public, store: Store) -> bool:
    """Say whether the public feed is the one that the ledger renders to."""
    if public.feed is None or public.ledger is None:
        return False
    sha256 = public.feed.sha256
    if sha256 is None:  # a store that keeps no metadata
        found = store.read(FEED_KEY)
        sha256 = None if found is None else sha256_of_bytes(found[0])
    return sha256 == public.ledger.feed


def commit(config: Config, store: Store, public: Public, change: Change) -> Ledger:
    """Make *change* public: add the releases, swap the ledger, swap the feed.

    The feed is rendered and checked first: if it has an error, nothing is changed.

    Raises:
        SwapConflictError: somebody else was faster; look again.
        FeedRefusedError: clients would refuse the feed.
    """
    bodies = {sha256_of_bytes(body): body for body in map(to_json, change.releases)}
    known = {**change.known, **dict(zip(bodies, change.releases, strict=True))}
    shown = to_json(change.show)
    _require_readable(change, bodies, shown)
    bodies[sha256_of_bytes(shown)] = shown
    seq = max(public.ledger.seq if public.ledger else 0, change.beyond or 0) + 1
    gone = union_of_gone(change.gone, public.ledger.gone if public.ledger else ())
    feed = _stamped(_render(config, store, change, gone, known), public.ledger, seq=seq)
    there = _releases_of(public.ledger)
    for sha256, body in bodies.items():
        if sha256 not in there:
            add_release(config, store, body)
    ledger = _next_ledger(
        public.ledger, change,
        seq=seq, gone=gone, show=sha256_of_bytes(shown), feed=sha256_of_bytes(feed),
    )  # fmt: skip
    version = public.version
    if ledger is not public.ledger:
        from_json(Ledger, to_json(ledger), key=LEDGER_KEY)  # or nobody could read it any more
        _keep_in_history(store, public, mending=change.beyond is not None)
        version = _swap_ledger(store, ledger, public)
    if public.feed is not None and public.feed.sha256 == ledger.feed:
        return ledger  # it was in line before, and no other can have come since
    try:
        _swap_feed(store, feed, over=public.feed, ledger_version=version)
    except SwapConflictError:
        settle(lambda: bring_feed_in_line(config, store))
    return ledger


def _require_readable(change: Change, bodies: dict[str, bytes], shown: bytes) -> None:
    """Refuse to store what the gate would not let in again, on any computer."""
    for (sha256, body), release in zip(bodies.items(), change.releases, strict=True):
        if from_json(Release, body, key=release_key(sha256)) != release:
            raise LedgerUnreadableError(key=release_key(sha256), reason=release.episode.slug)
    from_json(ShowRelease, shown, key=release_key(sha256_of_bytes(shown)))


def _stamped(feed: bytes, old: Ledger | None, *, seq: int) -> bytes:
    """Return *feed* as *old* knows it, or as one that changed in state *seq*."""
    known = as_known(feed, sha256=old.feed, latest=old.seq) if old else None
    return stamped(feed, seq=seq) if known is None else known


def _next_ledger(
    old: Ledger | None, change: Change, *, seq: int, gone: tuple[str, ...], show: str, feed: str
) -> Ledger:
    """Return the ledger of *change*, or *old* where only the feed lags behind it."""
    withdrawn = union_of_withdrawn(change.withdrawn, old.withdrawn if old else ())
    wanted = (show, feed, change.entries, change.retracted, gone, withdrawn)
    if old is not None and change.beyond is None and wanted == (
        old.show, old.feed, old.entries, old.retracted, old.gone, old.withdrawn,
    ):  # fmt: skip
        return old
    return Ledger(
        seq=seq,
        nonce=secrets.token_hex(8),
        guid=change.show.show.guid or "",
        show=show,
        feed=feed,
        by=change.by,
        at=change.at,
        what=change.what,
        entries=change.entries,
        shows=_shows(old, show),
        retracted=change.retracted,
        gone=gone,
        withdrawn=withdrawn,
    )


def _shows(old: Ledger | None, show: str) -> tuple[str, ...]:
    if old is None or old.show == show:
        return old.shows if old else ()
    return (old.show, *old.shows)[:_SHOWS_KEPT]


def bring_feed_in_line(config: Config, store: Store) -> None:
    """Make the feed the newest ledger's, whoever swapped that in.

    Raises:
        SwapConflictError: somebody else was faster; look again.
    """
    public = look(store)
    ledger = public.ledger
    if ledger is None or feed_is_current(public, store):
        return
    unchanged = as_it_is(config, store, ledger, what=ledger.what, by=ledger.by, at=ledger.at)
    feed = _render(config, store, unchanged, ledger.gone, {})
    feed = _stamped(feed, ledger, seq=ledger.seq)
    _swap_feed(store, feed, over=public.feed, ledger_version=public.version)


def _swap_feed(
    store: Store, feed: bytes, *, over: ObjectHead | None, ledger_version: str | None
) -> None:
    store.swap(FEED_KEY, feed, expected=over.version if over else None)
    # Equal feeds have equal versions: if others retracted and restored meanwhile, the feed that
    # was looked at is back, and was replaced by that of an older ledger.
    head = store.head(LEDGER_KEY)
    if head is None or head.version != ledger_version:
        raise SwapConflictError(key=FEED_KEY)


def newest_first(entries: dict[str, LedgerEntry]) -> tuple[LedgerEntry, ...]:
    """Return the entries in the one order that equal ledgers have."""
    ordered = sorted(entries.values(), key=lambda entry: (entry.published, entry.guid))
    return tuple(reversed(ordered))


def as_it_is(
    config: Config, store: Store, ledger: Ledger, *, what: str, by: str, at: datetime
) -> Change:
    """Return the change that changes no episode of *ledger*."""
    return Change(
        show=load_show(config, store, ledger),
        releases=(),
        entries=ledger.entries,
        retracted=ledger.retracted,
        what=what,
        by=by,
        at=at,
    )


def _render(
    config: Config,
    store: Store,
    change: Change,
    gone: tuple[str, ...],
    known: dict[str, Release],
) -> bytes:
    show, entries = change.show, change.entries
    url = show.show.public_url
    releases = [
        rehosted(known.get(e.release) or load_entry(config, store, e), url) for e in entries
    ]
    require_apart(gone, (show, *releases))
    memory = Memory[bytes](config.scratch / "feed-items.json", bytes, libraries=_FEED_LIBRARIES)
    shown = to_json(show)
    zone = ZoneInfo(show.show.timezone)
    keys = {
        entry.guid: key_of(shown, entry.release, entry.published.astimezone(zone).isoformat())
        for entry in entries
    }
    items = {guid: item for guid, key in keys.items() if (item := memory.find(key)) is not None}
    feed = build_feed(show.show, cover=show.cover, releases=releases, known=items)
    findings = check_feed(feed, where=FEED_KEY, feed_url=show.show.feed_url)
    errors = [finding for finding in findings if finding.severity == "E"]
    if errors:
        lines = (f"  {finding.where}: {finding.message} {finding.hint}" for finding in errors)
        raise FeedRefusedError(findings=tuple(lines))
    for guid, item in items_of(feed, releases).items():
        memory.keep(keys[guid], item)
    memory.save()
    return feed


def _releases_of(ledger: Ledger | None) -> set[str]:
    return {ledger.show, *(entry.release for entry in ledger.entries)} if ledger else set()


def _keep_in_history(store: Store, public: Public, *, mending: bool) -> None:
    """Keep the ledger that is about to be replaced; the history is never written over.

    Raises:
        StorePutBackError: it keeps another ledger of that number already.
    """
    if public.ledger is None:
        return
    key = history_key(public.ledger.seq)
    try:
        store.swap(key, public.body, expected=None)
    except SwapConflictError:  # kept already, by whoever swapped it in
        kept = store.read(key)
        if not mending and kept is not None and kept[0] != public.body:
            raise StorePutBackError(seen=public.ledger.seq, found=public.ledger.seq) from None


def _swap_ledger(store: Store, ledger: Ledger, public: Public) -> str | None:
    """Return the new ledger's version; None: another has followed it already.

    Raises:
        StorePutBackError: the history knows a state of that number, so the store went backwards.
        SwapConflictError: somebody else was faster; look again.
    """
    if store.head(history_key(ledger.seq)) is not None:
        head = store.head(LEDGER_KEY)
        if (head and head.version) != public.version:
            raise SwapConflictError(key=LEDGER_KEY)
        raise StorePutBackError(seen=ledger.seq, found=ledger.seq - 1)
    try:
        return store.swap(LEDGER_KEY, to_json(ledger), expected=public.version).version
    except SwapConflictError:
        # A write can land while its reply is lost: then the nonce in the store is our own.
        for key in (LEDGER_KEY, history_key(ledger.seq)):
            found = store.read(key)
            if found is not None and from_json(Ledger, found[0], key=key).nonce == ledger.nonce:
                return found[1].version if key == LEDGER_KEY else None
        raise
