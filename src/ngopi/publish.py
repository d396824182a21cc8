"""The transaction: catalogue → store → ledger → feed.

Order: audio and covers → verify → releases → ledger → feed. Feed and ledger are rendered
from releases, never from this folder alone, so two producers cannot drop each other's work;
running the same command again after any interruption goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import random
import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from ngopi.artwork import check_cover
from ngopi.atomic import sha256_of, write_atomic
from ngopi.errors import (
    FeedRefusedError,
    LedgerUnreadableError,
    MediaChangedError,
    MediaMissingError,
    PublishContendedError,
    SourceChangedError,
    SwapConflictError,
)
from ngopi.feed.build import build_feed
from ngopi.feed.check import check_feed
from ngopi.i18n import N_
from ngopi.ledger import (
    LEDGER_KEY,
    from_json,
    history_key,
    ledger_of,
    release_key,
    sha256_of_bytes,
    to_json,
)
from ngopi.model import Ledger, LedgerEntry, ObjectHead, Release, ShowRelease, StoredObject
from ngopi.plan import Plan, Wish, make_plan, make_wish, stored_object
from ngopi.store.reach import require_public

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from ngopi.config import Config
    from ngopi.model import CatalogueEntry, Progress
    from ngopi.store import Store

FEED_KEY = "feed.xml"
_ATTEMPTS = 12

T = TypeVar("T", Release, ShowRelease)


class Fetch(Protocol):
    """Whoever asks for a URL as listeners do, and raises PublicUrlError."""

    def __call__(self, url: str, *, size_bytes: int) -> None:
        """Ask for *url*, a file of *size_bytes*."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a publish came to; *changed* False: all was in line already."""

    plan: Plan
    ledger: Ledger
    changed: bool
    feed_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Public:
    """What the public sees at one moment; the feed was looked at before the ledger."""

    feed: ObjectHead | None
    ledger: Ledger | None
    version: str | None


def publish(
    config: Config,
    entries: tuple[CatalogueEntry, ...],
    store: Store,
    *,
    now: datetime,
    progress: Progress,
    fetch: Fetch = require_public,
) -> Published:
    """Bring what is public in line with the catalogue; safe to run again after anything.

    *fetch* is asked whether listeners get what lies in an S3 store, before the feed names it.

    Raises:
        GuidChangedError: a public guid would change (or be used twice: SlugTakenError).
        MediaMissingError: a file that should be public is nowhere.
        FeedRefusedError: the feed would have errors; nothing public was changed.
        PublishContendedError: others kept publishing in between.
    """
    first_plan: Plan | None = None
    for attempt in range(_ATTEMPTS):
        public = _look(store)
        wish = make_wish(config, entries, public.ledger, now=now)
        plan = make_plan(entries, wish, public.ledger, now=now)
        first_plan = first_plan or plan
        if public.ledger is not None and _in_line(plan, public, store):
            return _published(config, first_plan, public.ledger, changed=attempt > 0)
        for thing in _stored(wish, plan, store, progress):
            # Also what an earlier run stored: it may have been stopped by this very question.
            if config.store.url.startswith("s3:"):
                fetch(thing.url, size_bytes=thing.size_bytes)
        try:
            ledger = _advance(config, wish, public, store)
        except SwapConflictError:
            time.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311 - jitter, no secret
            continue
        return _published(config, first_plan, ledger, changed=True)
    raise PublishContendedError


def _published(config: Config, plan: Plan, ledger: Ledger, *, changed: bool) -> Published:
    return Published(plan=plan, ledger=ledger, changed=changed, feed_url=config.show.feed_url)


def keep_local_copies(config: Config, store: Store, published: Published) -> None:
    """Write the public feed to feeds/ and remember the ledger for ``ngopi list``.

    Raises:
        DiskError: the folder cannot be written.
    """
    found = store.read(FEED_KEY)
    config.feed.parent.mkdir(parents=True, exist_ok=True)
    if found is not None and not _same_bytes(config.feed, found[0]):
        write_atomic(config.feed, found[0])
    config.scratch.mkdir(exist_ok=True)
    seen, ledger = config.scratch / LEDGER_KEY, to_json(published.ledger)
    if not _same_bytes(seen, ledger):
        write_atomic(seen, ledger)


def _same_bytes(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data


# -- what the public sees -----------------------------------------------------------------


def _look(store: Store) -> _Public:
    feed = store.head(FEED_KEY)  # before the ledger: whoever publishes in between wins the swap
    found = store.read(LEDGER_KEY)
    if found is None:
        return _Public(feed=feed, ledger=None, version=None)
    data, head = found
    return _Public(feed=feed, ledger=from_json(Ledger, data, key=LEDGER_KEY), version=head.version)


def _in_line(plan: Plan, public: _Public, store: Store) -> bool:
    if plan.add or plan.change or plan.show_changed or public.feed is None:
        return False
    assert public.ledger is not None
    sha256 = public.feed.sha256
    if sha256 is None:  # a store that keeps no metadata
        found = store.read(FEED_KEY)
        sha256 = None if found is None else sha256_of_bytes(found[0])
    return sha256 == public.ledger.feed


# -- the steps ----------------------------------------------------------------------------


def _stored(wish: Wish, plan: Plan, store: Store, progress: Progress) -> Iterator[StoredObject]:
    """Yield all files that the changed part of the feed will name, each when it is stored."""
    slugs = {*plan.add, *plan.change}
    objects = [wish.show.cover] if plan.show_changed else []
    for release in wish.releases:
        if release.episode.slug in slugs:
            objects += [release.enclosure, *([release.cover] if release.cover else [])]
    missing = []
    for thing in objects:
        head = store.head(thing.key)
        if head is None or (head.size_bytes, head.sha256) != (thing.size_bytes, thing.sha256):
            _require_file(wish.files[thing.key], thing)
            missing.append(thing)
    for thing in objects:
        if thing in missing:
            _store_file(wish.files[thing.key], thing, store, progress)
        yield thing


def _require_file(path: Path, thing: StoredObject) -> None:
    if thing.key.startswith("covers/"):
        check_cover(path)
    elif not path.is_file():
        raise MediaMissingError(slug=_slug_of_key(thing.key), path=path)


def _slug_of_key(key: str) -> str:
    return key.split("/", 1)[-1].rsplit("-", 1)[0]


def _store_file(path: Path, thing: StoredObject, store: Store, progress: Progress) -> None:
    try:
        with progress.step(N_("Uploading"), thing.size_bytes) as advance:
            store.add(thing.key, path, sha256=thing.sha256, advance=advance)
    except SourceChangedError as error:
        raise MediaChangedError(slug=_slug_of_key(thing.key), path=path) from error


def _advance(config: Config, wish: Wish, public: _Public, store: Store) -> Ledger:
    """Add the releases, swap the ledger, swap the feed.

    Raises:
        SwapConflictError: somebody else was faster; look again.
    """
    bodies = {sha256_of_bytes(body): body for body in map(to_json, wish.releases)}
    shown = sha256_of_bytes(to_json(wish.show))
    entries = _merged(wish, public.ledger)
    known = {sha: from_json(Release, body, key=release_key(sha)) for sha, body in bodies.items()}
    feed = _render(config, store, wish.show, entries, known)
    for sha, body in {**bodies, shown: to_json(wish.show)}.items():
        _add_release(config, store, sha, body, public.ledger)
    old, digest = public.ledger, sha256_of_bytes(feed)
    ledger = Ledger(
        seq=old.seq + 1 if old else 1,
        nonce=secrets.token_hex(8),
        guid=wish.show.show.guid or "",
        show=shown,
        feed=digest,
        entries=entries,
    )
    if old is not None and replace(ledger, seq=old.seq, nonce=old.nonce) == old:
        ledger = old  # only the feed lags behind: an earlier run was stopped in between
    else:
        _swap_ledger(store, ledger, public)
    store.swap(FEED_KEY, feed, expected=public.feed.version if public.feed else None)
    return ledger


def _merged(wish: Wish, ledger: Ledger | None) -> tuple[LedgerEntry, ...]:
    merged = {entry.guid: entry for entry in ledger.entries} if ledger else {}
    for release in wish.releases:
        episode = release.episode
        assert episode.published is not None
        merged[episode.guid] = LedgerEntry(
            guid=episode.guid,
            slug=episode.slug,
            release=sha256_of_bytes(to_json(release)),
            published=episode.published,
        )
    newest_first = sorted(merged.values(), key=lambda entry: (entry.published, entry.slug))
    return tuple(reversed(newest_first))


def _render(
    config: Config,
    store: Store,
    show: ShowRelease,
    entries: tuple[LedgerEntry, ...],
    known: dict[str, Release],
) -> bytes:
    releases = [
        _rehosted(known.get(e.release) or _load(config, store, Release, e.release), config)
        for e in entries
    ]
    feed = build_feed(show.show, cover=show.cover, releases=releases)
    findings = check_feed(feed, where=FEED_KEY, feed_url=config.show.feed_url)
    errors = [finding for finding in findings if finding.severity == "E"]
    if errors:
        lines = (f"  {finding.where}: {finding.message} {finding.hint}" for finding in errors)
        raise FeedRefusedError(findings=tuple(lines))
    return feed


def _rehosted(release: Release, config: Config) -> Release:
    """Say the URLs under today's public address, whichever it was when it was released."""
    objects = [thing for thing in (release.enclosure, release.cover) if thing is not None]
    moved = [
        stored_object(config, thing.key, size_bytes=thing.size_bytes, sha256=thing.sha256)
        for thing in objects
    ]
    return replace(release, enclosure=moved[0], cover=moved[1] if release.cover else None)


def _load(config: Config, store: Store, kind: type[T], sha256: str) -> T:
    """Return a release object, from this machine's copy if it has one."""
    key = release_key(sha256)
    copy = config.scratch / key
    if copy.is_file() and sha256_of(copy) == sha256:
        return from_json(kind, copy.read_bytes(), key=key)
    found = store.read(key)
    if found is None or sha256_of_bytes(found[0]) != sha256:
        raise LedgerUnreadableError(key=key, reason="sha256")
    copy.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(copy, found[0])
    return from_json(kind, found[0], key=key)


def _add_release(
    config: Config, store: Store, sha256: str, body: bytes, ledger: Ledger | None
) -> None:
    if ledger and sha256 in {ledger.show, *(entry.release for entry in ledger.entries)}:
        return
    try:
        store.swap(release_key(sha256), body, expected=None)
    except SwapConflictError:
        found = store.read(release_key(sha256))
        if found is None or found[0] != body:  # its name is its hash: nothing else may be there
            raise LedgerUnreadableError(key=release_key(sha256), reason="sha256") from None
    copy = config.scratch / release_key(sha256)
    copy.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(copy, body)


def _swap_ledger(store: Store, ledger: Ledger, public: _Public) -> None:
    if public.ledger is not None:
        with contextlib.suppress(SwapConflictError):  # kept already, by whoever swapped it in
            store.swap(history_key(public.ledger.seq), to_json(public.ledger), expected=None)
    try:
        store.swap(LEDGER_KEY, to_json(ledger), expected=public.version)
    except SwapConflictError:
        # A write can land while its reply is lost: then the nonce in the store is our own.
        current = ledger_of(store.read(LEDGER_KEY))
        if current is None or current.nonce != ledger.nonce:
            raise
