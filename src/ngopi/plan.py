"""What should be public: this folder's wish, held against what is public already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from ngopi.atomic import sha256_of
from ngopi.catalogue import read_show_approval
from ngopi.errors import GuidChangedError, ShowGuidChangedError, SlugTakenError
from ngopi.gone import free_key, hashes_of, withdrawn_now
from ngopi.ledger import sha256_of_bytes, state_of, to_json
from ngopi.model import Release, ShowRelease, StoredObject
from ngopi.recall import key_of
from ngopi.text import is_same_person

if TYPE_CHECKING:
    from datetime import datetime

    from ngopi.config import Config
    from ngopi.model import CatalogueEntry, Episode, Ledger, LedgerEntry
    from ngopi.recall import Recall

# Asked only where it matters: the addresses are in releases, which may be far away.
Addresses = Callable[[], tuple[str, ...]]
Verdict = Literal["add", "change", "keep", "behind", "clashes", "retracted", "waiting"]
# Where the show itself stands among the episodes' guids.
SHOW_BASE = "show"
# How many of an episode's earlier releases the ledger names.
PREVIOUS_KEPT = 20
# Podcasting 2.0, podcast:guid: the namespace of all shows.
PODCAST_NAMESPACE = UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a publish would do, by slug.

    *silent*: due, but without audio; *waiting*: an editor has not said yes; *behind*: another
    release is public than this folder's unchanged one, a colleague's newer one or, *reverted*,
    an older one that a rollback put back, or, *yielded*, a colleague's where this folder's change
    was given up; *clashes*: changed here and by a colleague;
    *unknown*: public, but not in this folder; *retracted*: taken out of the feed;
    *withdrawn*: public, though the folder calls them drafts or dates them later (they stay);
    *deleted*: left out, because their audio was deleted by name;
    *show*: what becomes of the show's own data; waiting: an editor has not said yes to it.
    """

    add: tuple[str, ...]
    change: tuple[str, ...]
    keep: tuple[str, ...]
    behind: tuple[str, ...]
    reverted: tuple[str, ...]
    yielded: tuple[str, ...] = ()
    clashes: tuple[str, ...]
    waiting: tuple[str, ...]
    drafts: tuple[str, ...]
    scheduled: tuple[str, ...]
    silent: tuple[str, ...]
    unknown: tuple[str, ...]
    retracted: tuple[str, ...]
    withdrawn: tuple[str, ...]
    deleted: tuple[str, ...]
    show: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """This folder's wish: the releases to be public, and where their files lie here.

    *sha256s*: by slug, the SHA-256 of each release's JSON; *media*: the folder of the audio;
    *covers*: pictures by key; *ahead*: releases whose time has not come; *waiting*: slugs that
    would be due, but for an editor's yes; *show_waits*: so does the show's own data; *deleted*:
    slugs whose audio was deleted by name; *approved_by*: who said it.
    """

    show: ShowRelease
    releases: tuple[Release, ...]
    sha256s: dict[str, str]
    media: Path
    covers: dict[str, Path]
    ahead: tuple[Release, ...]
    waiting: tuple[str, ...]
    show_waits: bool
    deleted: tuple[str, ...]
    approved_by: dict[str, str]

    def file_of(self, thing: StoredObject) -> Path:
        """Return the local file of a release's audio or picture."""
        return self.covers.get(thing.key) or self.media / f"{thing.sha256}.mp3"


def podcast_guid(feed_url: str) -> str:
    """Return the podcast:guid of a feed that never had one.

    Source: Podcasting 2.0, podcast:guid (UUIDv5 of the URL without scheme and last slashes).
    """
    bare = feed_url.split("://", 1)[-1].rstrip("/")
    return str(uuid5(PODCAST_NAMESPACE, bare))


def make_wish(
    config: Config,
    entries: tuple[CatalogueEntry, ...],
    ledger: Ledger | None,
    *,
    now: datetime,
    recall: Recall | None = None,
    addresses: Addresses = tuple,
) -> Wish:
    """Return the releases that this folder wants public, under the show's lasting guid.

    They name no key that is gone in *ledger*, and no audio that was deleted by name.
    *recall* knows their hashes, of *entries* that were read with it. *addresses* is asked for the
    public addresses that the show had; a release that only lies under another one is no new one.

    Raises:
        SlugTakenError: two episodes have one guid.
        GuidChangedError: a public episode would get another guid.
        ShowGuidChangedError: the show would.
    """
    _require_unique_guids(entries)
    covers: dict[str, Path] = {}
    never = frozenset(ledger.gone) if ledger else frozenset()
    deleted = {entry.episode.slug for entry in entries if is_deleted(entry, ledger)}
    there = [e for e in entries if e.audio is not None and e.episode.slug not in deleted]
    due = {
        entry.episode.slug: (entry, _release(config, entry, covers, never))
        for entry in there
        if _is_due(entry, now)
    }
    sha256s = {slug: hash_of(release, entry, recall) for slug, (entry, release) in due.items()}
    known = {entry.guid: entry for entry in ledger.entries} if ledger else {}
    for slug, (entry, release) in due.items():
        moved = as_public(release, sha256s[slug], known.get(entry.episode.guid), addresses)
        due[slug], sha256s[slug] = (entry, moved[0]), moved[1]
    public = {entry.release for entry in ledger.entries} if ledger else set()
    gone = {entry.guid for entry in ledger.retracted} if ledger else set()
    waiting = {
        slug
        for slug, (entry, release) in due.items()
        if config.workflow.editor_required
        and sha256s[slug] not in public
        and entry.episode.guid not in gone
        and not is_approved(entry, release)
    }
    releases = tuple(release for slug, (_, release) in due.items() if slug not in waiting)
    ahead = tuple(
        _release(config, entry, covers, never)
        for entry in there
        if entry.episode.published and not _is_due(entry, now)
    )
    if config.workflow.editor_required:  # what nobody approved lies in no public place
        yes = {e.episode.guid for e in there if is_approved(e, _release(config, e, {}, never))}
        ahead = tuple(release for release in ahead if release.episode.guid in yes)
    _require_same_guids(releases, ledger)
    return Wish(
        show=_show(config, _guid(config, ledger), covers, never),
        releases=releases,
        sha256s=sha256s,
        media=config.media,
        covers=covers,
        ahead=ahead,
        waiting=tuple(sorted(waiting)),
        deleted=tuple(sorted(deleted)),
        show_waits=show_waits(config, ledger, addresses=addresses),
        approved_by={
            entry.episode.guid: entry.approval.by
            for entry, _ in due.values()
            if entry.approval is not None and entry.episode.slug not in waiting
        },
    )


def is_deleted(entry: CatalogueEntry, ledger: Ledger | None) -> bool:
    """Say whether an episode's audio was deleted by name, which no publish brings back.

    What was retracted is told as that.
    """
    if entry.audio is None or ledger is None or not ledger.withdrawn:
        return False
    retracted = entry.episode.guid in {known.guid for known in ledger.retracted}
    return not retracted and not withdrawn_now(ledger).isdisjoint(hashes_of(entry.audio))


def as_public(
    release: Release, sha256: str, known: LedgerEntry | None, addresses: Addresses
) -> tuple[Release, str]:
    """Return *release*, under the address at which *known* has it, with its hash."""
    if known is None or sha256 == known.release or sha256 in known.previous:
        return release, sha256
    for address in addresses():
        there = rehosted(release, address)
        other = sha256_of_bytes(to_json(there))
        if other == known.release or other in known.previous:
            return there, other
    return release, sha256


def rehosted(release: Release, public_url: str) -> Release:
    """Say the URLs under the show's public address, whichever it was when it was released."""
    things = [thing for thing in (release.enclosure, release.cover) if thing is not None]
    if all(thing.url == f"{public_url}/{thing.key}" for thing in things):
        return release
    enclosure, cover = (
        thing and replace(thing, url=f"{public_url}/{thing.key}")
        for thing in (release.enclosure, release.cover)
    )
    assert enclosure is not None
    return replace(release, enclosure=enclosure, cover=cover)


def reading_of(release: Release) -> str:
    """Return the SHA-256 of all that an editor reads and hears of an episode.

    The tags of its file say what was read anyway: that they are renewed needs no other yes.
    """
    cover = release.cover.sha256 if release.cover else ""
    heard = release.audio.sound_sha256 or release.audio.sha256
    told = to_json(release.episode) + f"{heard}{cover}".encode()
    return sha256_of_bytes(told)


def is_approved(entry: CatalogueEntry, release: Release) -> bool:
    """Say whether another than the writer said yes to the episode as it is now."""
    approval = entry.approval
    if approval is None or approval.sha256 != reading_of(release):
        return False
    writer = entry.episode.writer  # without one, nobody can tell who may say yes
    return bool(writer) and not is_same_person(approval.by, writer or "")


def awaits_approval(config: Config, entry: CatalogueEntry) -> bool:
    """Say whether an editor has yet to say yes to an episode with audio as it is now."""
    if not config.workflow.editor_required or entry.audio is None:
        return False
    return not is_approved(entry, release_of(config, entry))


def state_in(config: Config, entry: CatalogueEntry, ledger: Ledger | None, *, now: datetime) -> str:
    """Return an episode's state as `state_of` does; waiting: ready, but for an editor's yes."""
    state = state_of(entry, ledger, now=now)
    return "waiting" if state == "ready" and awaits_approval(config, entry) else state


def release_of(config: Config, entry: CatalogueEntry, ledger: Ledger | None = None) -> Release:
    """Return the release that an episode with audio would become after *ledger*."""
    return _release(config, entry, {}, frozenset(ledger.gone) if ledger else frozenset())


def show_waits(config: Config, ledger: Ledger | None, *, addresses: Addresses) -> bool:
    """Say whether an editor has yet to say yes to the show's own data, as ngopi.toml has it now.

    That the show is found at another address is nothing to say yes to.
    """
    if not config.workflow.editor_required:
        return False
    never = frozenset(ledger.gone) if ledger else frozenset()
    show = _show(config, _guid(config, ledger), {}, never)
    approval = read_show_approval(config.root)
    if approval is not None and approval.sha256 == reading_of_show(show):
        return False
    return ledger is None or ledger.show not in {
        sha256_of_bytes(to_json(_show_at(show, url)))
        for url in (show.show.public_url, *addresses())
    }


def _show_at(show: ShowRelease, public_url: str) -> ShowRelease:
    cover = replace(show.cover, url=f"{public_url}/{show.cover.key}")
    return ShowRelease(show=replace(show.show, public_url=public_url), cover=cover)


def reading_of_show(show: ShowRelease) -> str:
    """Return the SHA-256 of all that an editor reads and sees of the show, wherever it lies."""
    told = to_json(replace(show.show, public_url="", guid=None))
    return sha256_of_bytes(told + show.cover.sha256.encode())


def hash_of(release: Release, entry: CatalogueEntry, recall: Recall | None) -> str:
    """Return the SHA-256 of a release of *entry*; *recall* may know it."""
    if recall is None or entry.content is None:
        return sha256_of_bytes(to_json(release))
    # Said in full: what a zone makes of a date without one may change with the machine.
    published = entry.episode.published and entry.episode.published.isoformat()
    key = key_of(entry.content.encode(), published, release.enclosure, release.cover)
    sha256 = recall.releases.find(key)
    if sha256 is None:
        sha256 = sha256_of_bytes(to_json(release))
        recall.releases.keep(key, sha256)
    return sha256


def show_of(config: Config, ledger: Ledger | None) -> ShowRelease:
    """Return this folder's show as it would be published after *ledger*."""
    if ledger is None:
        return _show(config, _guid(config, None), {}, frozenset())
    return _show(config, ledger.guid, {}, frozenset(ledger.gone))


def _show(config: Config, guid: str, covers: dict[str, Path], gone: frozenset[str]) -> ShowRelease:
    cover = _cover(config, "show", config.cover, covers, gone)
    return ShowRelease(show=replace(config.show, guid=guid), cover=cover)


def _guid(config: Config, ledger: Ledger | None) -> str:
    """Keep the guid that the show was first published with, even when its address changes."""
    if ledger is None:
        return config.show.guid or podcast_guid(config.show.feed_url)
    if config.show.guid not in (None, ledger.guid):
        raise ShowGuidChangedError(public=ledger.guid, here=config.show.guid)
    return ledger.guid


def _is_due(entry: CatalogueEntry, now: datetime) -> bool:
    published = entry.episode.published
    return published is not None and published <= now


def _release(
    config: Config, entry: CatalogueEntry, covers: dict[str, Path], gone: frozenset[str]
) -> Release:
    audio, slug = entry.audio, entry.episode.slug
    assert audio is not None
    key = free_key(f"audio/{slug}-{audio.sha256[:12]}.mp3", gone)
    enclosure = stored_object(config, key, size_bytes=audio.size_bytes, sha256=audio.sha256)
    cover = None if entry.cover is None else _cover(config, slug, entry.cover, covers, gone)
    # The certificate stays in the folder: it is long, and neither feed nor site shows it.
    if audio.done or audio.turns or audio.curve:
        audio = replace(audio, done=(), turns=(), curve=None)
    return Release(episode=entry.episode, audio=audio, enclosure=enclosure, cover=cover)


def _cover(
    config: Config, name: str, path: Path, covers: dict[str, Path], gone: frozenset[str]
) -> StoredObject:
    if not path.is_file():
        from ngopi.artwork import check_cover  # with a library that who only looks can do without

        check_cover(path)  # says what is wrong, and what to do
    sha256 = sha256_of(path)
    suffix = ".png" if path.suffix.lower() == ".png" else ".jpg"
    # New artwork needs a new file name, or Apple keeps the old picture: so the hash is in it.
    key = free_key(f"covers/{name}-{sha256[:12]}{suffix}", gone)
    covers[key] = path
    return stored_object(config, key, size_bytes=path.stat().st_size, sha256=sha256)


def stored_object(config: Config, key: str, *, size_bytes: int, sha256: str) -> StoredObject:
    """Return what lies under *key*, with its URL under the show's public address."""
    url = f"{config.show.public_url}/{key}"
    return StoredObject(key=key, url=url, size_bytes=size_bytes, sha256=sha256)


def _require_unique_guids(entries: tuple[CatalogueEntry, ...]) -> None:
    seen: dict[str, str] = {}
    for entry in entries:
        episode = entry.episode
        if episode.guid in seen:
            raise SlugTakenError(
                slug=episode.slug,
                other=seen[episode.guid],
                guid=episode.guid,
                fresh=_other_guid(episode),
            )
        seen[episode.guid] = episode.slug


def _other_guid(episode: Episode) -> UUID:
    """Propose a guid for a copy; the same each time it is asked for."""
    return uuid5(NAMESPACE_URL, f"{episode.guid}/{episode.slug}")


def _require_same_guids(releases: tuple[Release, ...], ledger: Ledger | None) -> None:
    public = {entry.slug: entry.guid for entry in ledger.entries} if ledger else {}
    for release in releases:
        episode = release.episode
        if public.get(episode.slug, episode.guid) != episode.guid:
            raise GuidChangedError(
                slug=episode.slug, public=public[episode.slug], here=episode.guid
            )


def make_plan(
    entries: tuple[CatalogueEntry, ...],
    wish: Wish,
    ledger: Ledger | None,
    *,
    bases: dict[str, str],
    now: datetime,
) -> Plan:
    """Hold *wish* against the ledger.

    *bases*: by guid, the release that this folder last agreed with.
    """
    public = {entry.guid: entry for entry in ledger.entries} if ledger else {}
    gone = {entry.guid for entry in ledger.retracted} if ledger else set()
    found: dict[str, list[str]] = {name: [] for name in _VERDICTS}
    reverted = []
    for release in wish.releases:
        guid, slug = release.episode.guid, release.episode.slug
        sha256 = wish.sha256s[slug]
        verdict: Verdict = (
            "retracted" if guid in gone else _verdict(sha256, public.get(guid), bases)
        )
        found[verdict].append(slug)
        if verdict == "behind" and _is_reverted(sha256, public[guid]):
            reverted.append(slug)
    here = {entry.episode.guid for entry in entries}
    away = [entry.episode for entry in entries if entry.episode.guid not in public]
    return Plan(
        **{name: tuple(slugs) for name, slugs in found.items()},
        reverted=tuple(reverted),
        waiting=wish.waiting,
        drafts=tuple(e.slug for e in away if e.published is None),
        scheduled=tuple(e.slug for e in away if e.published and e.published > now),
        silent=tuple(e.episode.slug for e in entries if _is_due(e, now) and e.audio is None),
        unknown=tuple(entry.slug for guid, entry in public.items() if guid not in here),
        withdrawn=tuple(
            e.episode.slug for e in entries if e.episode.guid in public and not _is_due(e, now)
        ),
        deleted=wish.deleted,
        show=show_verdict(wish.show, ledger, bases=bases),
    )


def show_verdict(show: ShowRelease, ledger: Ledger | None, *, bases: dict[str, str]) -> Verdict:
    """Say what becomes of this folder's *show*."""
    if ledger is None:
        return "add"
    mine = sha256_of_bytes(to_json(show))
    return _against(mine, ledger.show, ledger.shows, bases.get(SHOW_BASE))


_VERDICTS = ("add", "change", "keep", "behind", "clashes", "retracted")


def _verdict(mine: str, known: LedgerEntry | None, bases: dict[str, str]) -> Verdict:
    """Say what becomes of this folder's release *mine* of an episode."""
    if known is None:
        return "add"
    return _against(mine, known.release, known.previous, bases.get(known.guid))


def _is_reverted(mine: str, known: LedgerEntry) -> bool:
    """Say whether *mine* was public after *known*'s release, which a rollback put back.

    Who publishes a newer release leaves the older one among its previous.
    """
    return mine not in known.previous and len(known.previous) < PREVIOUS_KEPT


def _against(mine: str, public: str, previous: tuple[str, ...], base: str | None) -> Verdict:
    if mine == public:
        return "keep"
    if base == public or (base is None and not previous):
        return "change"
    # As it was public once, and not changed here since: a colleague has changed it.
    return "behind" if mine in previous or mine == base else "clashes"
