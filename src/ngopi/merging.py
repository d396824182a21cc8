"""Two people, one episode or show: what each changed alone is put together in this folder.

In: this folder's wish and what is public. Out: what becomes of each thing that both changed, and,
written into episode.md and ngopi.toml, both together. Where both changed one field, a person
decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ngopi.artwork import check_cover
from ngopi.atomic import write_atomic
from ngopi.catalogue import edit_episode, remove_cover, replace_audio
from ngopi.config import edit_config
from ngopi.errors import LedgerUnreadableError, NgopiError, NgopiTooOldError
from ngopi.frontmatter import episode_keys
from ngopi.ledger import read_bases, sha256_of_bytes, write_bases
from ngopi.model import CatalogueEntry, Release, ShowRelease
from ngopi.plan import SHOW_BASE, Plan, make_plan, make_wish
from ngopi.released import addresses_of, load, load_entry, load_show
from ngopi.threeway import (
    ADDRESS,
    COVER,
    Changes,
    episode_changes,
    merged_episode,
    merged_show,
    show_changes,
)

if TYPE_CHECKING:
    from datetime import datetime

    from ngopi.config import Config
    from ngopi.model import Ledger, LedgerEntry, StoredObject, Take
    from ngopi.plan import Wish
    from ngopi.store import Store

Outcome = Literal["keep", "change", "behind", "merge", "clashes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Both versions of the episode in *entry* together; *release* is the public one, *by* whom."""

    entry: CatalogueEntry
    merged: Release
    cover: Path | None
    changes: Changes
    release: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowMerge:
    """Both versions of the show together; *release* is the public one."""

    merged: ShowRelease
    cover: Path | None
    changes: Changes
    release: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """*plan* without the clashes that are none, and what was changed in different places."""

    plan: Plan
    episodes: dict[str, Changes]
    show: Changes | None


def outcome_of(changes: Changes) -> Outcome:
    """Say what becomes of a thing that was changed so."""
    if changes.both:
        return "clashes"
    if changes.theirs:
        return "merge" if changes.ours else "behind"
    return "change" if changes.ours else "keep"


def judge(
    config: Config,
    store: Store,
    plan: Plan,
    wish: Wish,
    ledger: Ledger | None,
    *,
    bases: dict[str, str],
    take: Take | None,
) -> Judged:
    """Look at each thing that two people changed: field by field it may be no clash at all."""
    episodes: dict[str, Changes] = {}
    found: dict[str, list[str]] = {"keep": [], "change": [], "behind": [], "clashes": []}
    ours = {release.episode.slug: release for release in wish.releases}
    public = {entry.guid: entry for entry in ledger.entries} if ledger else {}
    for slug in plan.clashes:
        entry = public[ours[slug].episode.guid]
        base = base_of(config, store, Release, bases.get(entry.guid))
        changes = episode_changes(base, ours[slug], load_entry(config, store, entry))
        changes = changes.taking_ours() if take == "ours" else changes
        outcome = outcome_of(changes)
        if outcome == "merge":
            episodes[slug] = changes
        else:
            found[outcome].append(slug)
    show = None
    if ledger is not None and plan.show == "clashes":
        known = base_of(config, store, ShowRelease, bases.get(SHOW_BASE))
        show = show_changes(known, wish.show, load_show(config, store, ledger))
        show = show.taking_ours() if take == "ours" else show
    verdict = plan.show if show is None else outcome_of(show)
    merging = verdict == "merge"
    new = replace(
        plan,
        keep=(*plan.keep, *found["keep"]),
        change=(*plan.change, *found["change"]),
        behind=(*plan.behind, *found["behind"]),
        clashes=tuple(found["clashes"]),
        show="clashes" if verdict == "merge" else verdict,
    )
    return Judged(plan=new, episodes=episodes, show=show if merging else None)


def base_of(config: Config, store: Store, kind: type[Any], sha256: str | None) -> Any:  # noqa: ANN401 - the kind's value
    """Return the release that this folder last agreed with; None if it cannot be had."""
    try:
        return None if sha256 is None else load(config, store, kind, sha256)
    except (LedgerUnreadableError, NgopiTooOldError):  # of another store, or lost: nobody knows
        return None


def find_merges(
    config: Config,
    entries: tuple[CatalogueEntry, ...],
    store: Store,
    ledger: Ledger,
    *,
    now: datetime,
    take: Take | None,
) -> tuple[tuple[Merge, ...], ShowMerge | None]:
    """Return what two people changed in different places, put together; nothing is written.

    Covers that come from a colleague are fetched.
    """
    bases = read_bases(config.scratch)
    wish = make_wish(
        config, entries, ledger, now=now, addresses=lambda: addresses_of(config, store, ledger)
    )
    plan = make_plan(entries, wish, ledger, bases=bases, now=now)
    judged = judge(config, store, plan, wish, ledger, bases=bases, take=take)
    ours = {release.episode.slug: release for release in wish.releases}
    here = {entry.episode.slug: entry for entry in entries}
    public = {entry.guid: entry for entry in ledger.entries}
    merges = []
    for slug, changes in judged.episodes.items():
        entry = public[ours[slug].episode.guid]
        merges.append(merge_of(config, store, here[slug], ours[slug], entry, changes))
    show = None
    if judged.show is not None:
        theirs = load_show(config, store, ledger)
        merged = merged_show(judged.show, wish.show, theirs)
        cover = fetch_cover(config, store, theirs.cover) if COVER in judged.show.theirs else None
        show = ShowMerge(merged=merged, cover=cover, changes=judged.show, release=ledger.show)
    return tuple(merges), show


def merge_of(
    config: Config,
    store: Store,
    entry: CatalogueEntry,
    ours: Release,
    public: LedgerEntry,
    changes: Changes,
) -> Merge:
    """Return both versions of an episode together."""
    theirs = load_entry(config, store, public)
    cover = entry.cover
    if COVER in changes.theirs:
        cover = fetch_cover(config, store, theirs.cover)
    return Merge(
        entry=entry,
        merged=merged_episode(changes, ours, theirs),
        cover=cover,
        changes=changes,
        release=public.release,
        by=public.by,
    )


def write_merges(config: Config, merges: tuple[Merge, ...], show: ShowMerge | None) -> None:
    """Write both together into this folder, which then agrees with what is public.

    Raises:
        DiskError: the folder cannot be written.
    """
    for merge in merges:
        bring(merge.entry, merge.merged, cover=merge.cover)
    if show is not None:
        _write_show(config, show)
    write_bases(config.scratch, agreed_with(merges, show))


def agreed_with(merges: tuple[Merge, ...], show: ShowMerge | None) -> dict[str, str]:
    """Return the releases that a folder agrees with once both are together, by guid."""
    agreed = {merge.entry.episode.guid: merge.release for merge in merges}
    return agreed if show is None else {**agreed, SHOW_BASE: show.release}


def with_merges(
    entries: tuple[CatalogueEntry, ...], merges: tuple[Merge, ...]
) -> tuple[CatalogueEntry, ...]:
    """Return the episodes as they would be after `write_merges`."""
    new = {
        merge.entry.episode.guid: replace(
            merge.entry,
            episode=merge.merged.episode,
            audio=merge.merged.audio,
            cover=merge.cover,
            content=None,
        )
        for merge in merges
    }
    return tuple(new.get(entry.episode.guid, entry) for entry in entries)


def bring(entry: CatalogueEntry, release: Release, *, cover: Path | None) -> None:
    """Make the folder's episode what *release* says, with the picture in the file *cover*.

    Raises:
        DiskError: the folder cannot be written.
    """
    wanted = replace(release.episode, slug=entry.episode.slug)
    ours, theirs = episode_keys(entry.episode), episode_keys(wanted)
    changes = {key: value for key, value in theirs.items() if value != ours[key]}
    notes = wanted.notes if wanted.notes != entry.episode.notes else None
    replace_audio(entry, release.audio, cover=None if cover == entry.cover else cover)
    if cover is None:
        remove_cover(entry)
    if changes or notes is not None:
        edit_episode(entry, changes, notes=notes)


def fetch_cover(config: Config, store: Store, cover: StoredObject | None) -> Path | None:
    """Bring a cover to this machine: the very bytes that its name says, and really a picture.

    Raises:
        LedgerUnreadableError: it is another file, or no picture that a show may have.
        ObjectMissingError: it is gone.
    """
    if cover is None:
        return None
    data = bytearray()
    for chunk in store.chunks(cover.key):
        data += chunk
        if len(data) > cover.size_bytes:
            break  # whatever that is, it may be endless
    if sha256_of_bytes(bytes(data)) != cover.sha256:
        raise LedgerUnreadableError(key=cover.key, reason="sha256")
    copy = config.scratch / cover.key
    copy.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(copy, bytes(data))
    try:
        check_cover(copy)
    except NgopiError as error:
        copy.unlink(missing_ok=True)
        raise LedgerUnreadableError(key=cover.key, reason=error.message.rstrip(".")) from error
    return copy


def _write_show(config: Config, show: ShowMerge) -> None:
    told = show.merged.show
    changes = {("show", name): getattr(told, name) for name in show.changes.theirs - {COVER}}
    if ("show", ADDRESS) in changes:
        changes["store", ADDRESS] = changes.pop(("show", ADDRESS))
    if show.cover is not None:
        path = config.cover.with_suffix(show.cover.suffix)
        write_atomic(path, show.cover.read_bytes())
        if path != config.cover:
            changes["show", COVER] = path.relative_to(config.root).as_posix()
    edit_config(config.root, changes)
