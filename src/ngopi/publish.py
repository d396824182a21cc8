"""``ngopi publish``: what is public is brought in line with the catalogue.

Order: audio and covers → verify → releases → ledger → feed; the last three are the
transaction's.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn, Protocol

from ngopi.artwork import check_cover
from ngopi.atomic import move_flushed, sha256_of, sweep, sweep_old, write_atomic
from ngopi.differences import between_episodes, between_shows
from ngopi.errors import (
    ChangedApartError,
    EpisodeClashError,
    LedgerGoneError,
    MediaChangedError,
    MediaMissingError,
    PublicUrlError,
    ShowClashError,
    SourceChangedError,
    SwapConflictError,
)
from ngopi.gone import earlier_keys, name_of
from ngopi.i18n import N_
from ngopi.ledger import (
    LEDGER_KEY,
    forget_intent,
    ledger_of,
    read_bases,
    sha256_of_bytes,
    to_json,
    write_bases,
)
from ngopi.merging import judge
from ngopi.model import Ledger, LedgerEntry, Release, StoredObject
from ngopi.plan import PREVIOUS_KEPT, SHOW_BASE, Plan, Wish, make_plan, make_wish
from ngopi.released import add_release, addresses_of, load_entry, load_show
from ngopi.seen import remember, require_ahead
from ngopi.store.reach import require_public
from ngopi.store.source import Source
from ngopi.stored import READ, Examined, fetch
from ngopi.transaction import (
    FEED_KEY,
    Change,
    Public,
    commit,
    feed_is_current,
    kept_ledger,
    look,
    newest_first,
    settle,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from ngopi.config import Config
    from ngopi.model import CatalogueEntry, ObjectHead, Progress, Take
    from ngopi.recall import Recall
    from ngopi.store import Store

_NEW = ("add", "change")


class Fetch(Protocol):
    """Whoever asks for a URL as listeners do, and raises what `require_public` does."""

    def __call__(self, url: str, *, size_bytes: int) -> None:
        """Ask for *url*, a file of *size_bytes*."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a publish came to; *changed* False: all was in line already, or has to wait.

    *ledger* None: nothing is public yet, since the show waits for an editor.

    *merged*: what a colleague and this folder had changed in different places.
    """

    plan: Plan
    ledger: Ledger | None
    changed: bool
    feed_url: str
    ahead: dict[str, str]
    merged: tuple[str, ...] = ()


def publish(  # noqa: PLR0913 - who, when, where, and who is told: each is a value of its own
    config: Config,
    entries: tuple[CatalogueEntry, ...],
    store: Store,
    *,
    by: str,
    now: datetime,
    progress: Progress,
    take: Take | None = None,
    announce: Callable[[Plan], None] | None = None,
    fetch: Fetch = require_public,
    recall: Recall | None = None,
    bases: Mapping[str, str] = MappingProxyType({}),
    unreadable: frozenset[str] = frozenset(),
) -> Published:
    """Bring what is public in line with the catalogue; safe to run again after anything.

    *by* is who publishes. *take* decides where an episode was changed here and by a colleague.
    *announce* is told the plan before anything is stored, and again if a colleague changes it.
    *fetch* is asked whether listeners get what lies in an S3 store, before the feed names it.
    *recall* is what *entries* were read with; nothing else than quickness comes of it.
    *bases* are releases that *entries* agree with, by guid, beside those that the folder remembers.
    *unreadable* are slugs that are in the folder, though not among *entries*.

    Raises:
        ChangedApartError: a colleague changed other fields of the same: see `ngopi.merging`.
        EpisodeClashError: an episode was changed here and by a colleague, and *take* is None.
        GuidChangedError: a public guid would change (or be used twice: SlugTakenError).
        LedgerGoneError: there is a feed and no ledger.
        MediaMissingError: a file that should be public is nowhere.
        FeedRefusedError: the feed would have errors; nothing public was changed.
        PublishContendedError: others kept publishing in between.
        StorePutBackError: the store went backwards.
    """
    bases = {**read_bases(config.scratch), **bases}
    announced: list[Plan] = []

    def attempt() -> Published:
        public = look(store)
        if public.ledger is None and public.feed is not None:
            raise LedgerGoneError  # to begin anew would drop what colleagues published
        require_ahead(config, store, public.ledger)
        wish, plan = _planned(
            config, entries, store, public.ledger, bases=bases, take=take, now=now, recall=recall
        )
        plan = replace(plan, unknown=tuple(s for s in plan.unknown if s not in unreadable))
        if announce is not None and plan not in announced:
            announced.append(plan)
            announce(plan)
        examined = Examined(store, config.scratch)
        ahead = _store_ahead(config, wish, bases, store, examined, progress)
        if ahead:
            _require_still(store, public)
        if plan.clashes or plan.show == "clashes":
            _refuse(config, store, plan, wish, public)
        if public.ledger is None and plan.show == "waiting":  # no episode without a show
            return _published(config, plan, None, ahead, changed=False)
        if public.ledger is not None and _in_line(plan) and feed_is_current(public, store):
            return _published(config, plan, public.ledger, ahead, changed=False)
        for thing in _stored(config, wish, plan, store, examined, progress):
            # Also what an earlier run stored: it may have been stopped by this very question.
            if config.store.url.startswith("s3:"):
                _ask_as_a_listener(store, public, thing, fetch)
        change = _change(config, store, wish, plan, public.ledger, by=by, now=now)
        ledger = commit(config, store, public, change)
        return _published(config, plan, ledger, ahead, changed=True)

    return settle(attempt)


def _planned(
    config: Config,
    entries: tuple[CatalogueEntry, ...],
    store: Store,
    ledger: Ledger | None,
    *,
    bases: dict[str, str],
    take: Take | None,
    now: datetime,
    recall: Recall | None,
) -> tuple[Wish, Plan]:
    wish = make_wish(
        config, entries, ledger, now=now, recall=recall,
        addresses=lambda: addresses_of(config, store, ledger),
    )  # fmt: skip
    plan = make_plan(entries, wish, ledger, bases=bases, now=now)
    judged = judge(config, store, plan, wish, ledger, bases=bases, take=take)
    if judged.episodes or judged.show is not None:
        apart = (*judged.episodes, *(["ngopi.toml"] if judged.show else []))
        raise ChangedApartError(names=", ".join(apart))
    plan = _decided(judged.plan, take)
    if wish.show_waits and plan.show in _NEW:
        plan = replace(plan, show="waiting")
    if ledger is None and plan.show == "waiting":  # no episode is public without its show
        plan = replace(plan, add=())
    return wish, plan


def _published(
    config: Config, plan: Plan, ledger: Ledger | None, ahead: dict[str, str], *, changed: bool
) -> Published:
    return Published(
        plan=plan, ledger=ledger, changed=changed, feed_url=config.show.feed_url, ahead=ahead
    )


def _in_line(plan: Plan) -> bool:
    return not (plan.add or plan.change or plan.show in _NEW)


def keep_local_copies(config: Config, store: Store, published: Published) -> None:
    """Write the public feed to feeds/ and remember the ledger for ``ngopi list``.

    Raises:
        DiskError: the folder cannot be written.
    """
    keep_feed(config, store)
    if published.ledger is None:
        write_bases(config.scratch, published.ahead)
        return
    agreed = {*published.plan.add, *published.plan.change, *published.plan.keep}
    bases = {e.guid: e.release for e in published.ledger.entries if e.slug in agreed}
    bases |= published.ahead
    if published.plan.show not in {"behind", "waiting"}:
        bases[SHOW_BASE] = published.ledger.show
    write_bases(config.scratch, bases)
    forget_intent(config.scratch)


def keep_feed(config: Config, store: Store) -> None:
    """Write the public feed to feeds/ and remember the ledger.

    Raises:
        DiskError: the folder cannot be written.
    """
    config.feed.parent.mkdir(parents=True, exist_ok=True)
    config.scratch.mkdir(exist_ok=True)
    _sweep(config)
    found = store.read(LEDGER_KEY)
    ledger = ledger_of(found)
    if found is None or ledger is None:
        return
    if not config.feed.is_file() or sha256_of(config.feed) != ledger.feed:  # else megabytes saved
        feed = store.read(FEED_KEY)
        if feed is not None:
            _keep(config.feed, feed[0])
    remember(config, ledger)
    # Last: it says that this folder saw a publish through to its end.
    _keep(config.scratch / LEDGER_KEY, found[0])


def _sweep(config: Config) -> None:
    """Remove what killed runs left: nobody else writes the copies while the show is locked."""
    sweep(config.feed)
    sweep(config.scratch / LEDGER_KEY)
    sweep(config.scratch / READ)
    # Who only looks writes these too, and needs no lock for it.
    sweep_old(config.scratch / "releases")
    sweep_old(config.scratch / "stores")


def _keep(path: Path, data: bytes) -> None:
    if not path.is_file() or path.read_bytes() != data:
        write_atomic(path, data)


# -- two people, one episode --------------------------------------------------------------


def _decided(plan: Plan, take: Take | None) -> Plan:
    """Turn the clashes into changes or leave them to the colleague, as *take* says.

    "ours" also publishes again what a rollback took back.
    """
    if take == "ours":
        show = "change" if plan.show == "clashes" else plan.show
        change = (*plan.change, *plan.clashes, *plan.reverted)
        behind = tuple(slug for slug in plan.behind if slug not in plan.reverted)
        return replace(plan, change=change, behind=behind, reverted=(), clashes=(), show=show)
    if take == "theirs":
        show = "behind" if plan.show == "clashes" else plan.show
        behind = (*plan.behind, *plan.clashes)
        return replace(plan, behind=behind, yielded=plan.clashes, clashes=(), show=show)
    return plan


def _refuse(config: Config, store: Store, plan: Plan, wish: Wish, public: Public) -> NoReturn:
    assert public.ledger is not None
    if not plan.clashes:
        changed = _show_changed(store, public.ledger)
        raise ShowClashError(
            by=changed.by,
            at=f"{changed.at.astimezone(config.zone):%Y-%m-%d %H:%M %Z}",
            fields=tuple(between_shows(wish.show, load_show(config, store, public.ledger))),
        )
    slug = plan.clashes[0]
    ours = next(release for release in wish.releases if release.episode.slug == slug)
    entry = next(e for e in public.ledger.entries if e.guid == ours.episode.guid)
    theirs = load_entry(config, store, entry)
    raise EpisodeClashError(
        slug=slug,
        by=entry.by,
        at=f"{entry.at.astimezone(config.zone):%Y-%m-%d %H:%M %Z}",
        fields=tuple(between_episodes(ours, theirs)),
    )


def _show_changed(store: Store, ledger: Ledger) -> Ledger:
    """Return the state in which the show became what it is; a change there and back may hide it."""

    def has_it(seq: int) -> bool:
        known = kept_ledger(store, seq)
        return known is not None and known.show == ledger.show

    seq = bisect_left(range(1, ledger.seq), x=True, key=has_it) + 1
    return (kept_ledger(store, seq) if seq < ledger.seq else None) or ledger


# -- the steps ----------------------------------------------------------------------------


def _stored(
    config: Config, wish: Wish, plan: Plan, store: Store, examined: Examined, progress: Progress
) -> Iterator[StoredObject]:
    """Yield all files that the changed part of the feed will name, each when it is stored."""
    slugs = {*plan.add, *plan.change}
    objects = [wish.show.cover] if plan.show in _NEW else []
    for release in wish.releases:
        if release.episode.slug in slugs:
            objects += [release.enclosure, *([release.cover] if release.cover else [])]
    missing = {thing.key: thing for thing in objects if not examined.has(thing)}
    for thing in missing.values():
        path = wish.file_of(thing)
        if not path.is_file() and any(earlier_keys(thing.key)):
            _fetch_earlier(config, store, thing, path, progress)
        _require_file(path, thing)
    yield from (thing for thing in objects if thing.key not in missing)
    examined.keep(_store_files(wish, missing, store, progress))
    yield from missing.values()


def _store_ahead(
    config: Config,
    wish: Wish,
    bases: dict[str, str],
    store: Store,
    examined: Examined,
    progress: Progress,
) -> dict[str, str]:
    """Store the files of scheduled episodes, so that any machine can publish them in time.

    Their releases come first: by them `ngopi gc` of a colleague knows whose files those are.
    Returns what to remember, so that the store is asked once only.
    """
    stored = {}
    missing = {}
    for release in wish.ahead:
        memory = f"ahead {release.episode.guid}"
        things = [release.enclosure, *([release.cover] if release.cover else [])]
        body = to_json(release)
        names = " ".join([*(thing.key for thing in things), sha256_of_bytes(body)])
        if bases.get(memory) == names:
            continue
        add_release(config, store, body)
        for thing in things:
            path = wish.file_of(thing)
            if path.is_file() and not examined.has(thing):
                _require_file(path, thing)
                missing[thing.key] = thing
        stored[memory] = names
    examined.keep(_store_files(wish, missing, store, progress))
    return stored


def _ask_as_a_listener(store: Store, public: Public, thing: StoredObject, ask: Fetch) -> None:
    try:
        ask(thing.url, size_bytes=thing.size_bytes)
    except PublicUrlError:
        _require_still(store, public)  # somebody may have deleted it, and said so in the ledger
        raise


def _require_still(store: Store, public: Public) -> None:
    """Begin again where the ledger has changed: what was stored ahead may be gone in it.

    Whoever deletes what no release names looks at the releases once more after the ledger has
    named it. So either they see the releases of this run, or this run sees their ledger.

    Raises:
        SwapConflictError: it has changed.
    """
    head = store.head(LEDGER_KEY)
    if (head and head.version) != public.version:
        raise SwapConflictError(key=LEDGER_KEY)


def _fetch_earlier(
    config: Config, store: Store, thing: StoredObject, path: Path, progress: Progress
) -> None:
    """Fetch the file of *thing*, if it still lies under a key that is gone."""
    copy = config.scratch / path.name
    if fetch(store, thing, copy, progress=progress):
        path.parent.mkdir(exist_ok=True)
        move_flushed(copy, path)
    copy.unlink(missing_ok=True)


def _require_file(path: Path, thing: StoredObject) -> None:
    if thing.key.startswith("covers/"):
        check_cover(path)
    elif not path.is_file():
        raise MediaMissingError(slug=name_of(thing.key), path=path)


def _store_files(
    wish: Wish, missing: Mapping[str, StoredObject], store: Store, progress: Progress
) -> dict[str, ObjectHead]:
    """Store what is *missing*, by key, whose files are here; all or an error."""
    if not missing:
        return {}
    sources = [
        Source(key=key, path=wish.file_of(thing), sha256=thing.sha256)
        for key, thing in missing.items()
    ]
    total_bytes = sum(thing.size_bytes for thing in missing.values())
    try:
        with progress.step(N_("Uploading"), total_bytes, unit="bytes") as advance:
            return store.add_all(sources, advance=advance)
    except SourceChangedError as error:
        changed = next(s for s in sources if s.path == error.values["path"])
        raise MediaChangedError(slug=name_of(changed.key), path=changed.path) from error


def _change(
    config: Config,
    store: Store,
    wish: Wish,
    plan: Plan,
    ledger: Ledger | None,
    *,
    by: str,
    now: datetime,
) -> Change:
    public = {entry.guid: entry for entry in ledger.entries} if ledger else {}
    slugs = {*plan.add, *plan.change}
    changed = tuple(release for release in wish.releases if release.episode.slug in slugs)
    for release in changed:
        guid = release.episode.guid
        public[guid] = _entry(wish, release, public.get(guid), by=by, now=now)
    show = wish.show
    if ledger is not None and plan.show in {"behind", "waiting"}:
        show = load_show(config, store, ledger)
    return Change(
        show=show,
        releases=changed,
        entries=newest_first(public),
        retracted=ledger.retracted if ledger else (),
        what="publish",
        by=by,
        at=now,
        known={wish.sha256s[release.episode.slug]: release for release in wish.releases},
    )


def _entry(
    wish: Wish, release: Release, old: LedgerEntry | None, *, by: str, now: datetime
) -> LedgerEntry:
    episode = release.episode
    assert episode.published is not None
    return LedgerEntry(
        guid=episode.guid,
        slug=episode.slug,
        release=sha256_of_bytes(to_json(release)),  # not as remembered: this is a promise
        published=episode.published,
        by=by,
        at=now,
        previous=(old.release, *old.previous)[:PREVIOUS_KEPT] if old else (),
        approved_by=wish.approved_by.get(episode.guid),
    )
