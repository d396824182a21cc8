"""``ngopi pull``: what colleagues published comes into this folder; nobody's work is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ngopi.catalogue import add_entry
from ngopi.config import Config
from ngopi.differences import between_episodes, between_shows
from ngopi.errors import NothingPublicError
from ngopi.ledger import read_bases, sha256_of_bytes, to_json, write_bases
from ngopi.merging import base_of, bring, fetch_cover, merge_of, outcome_of, write_merges
from ngopi.model import Ledger, Release, ShowRelease, Take
from ngopi.plan import SHOW_BASE, as_public, release_of, show_of, show_verdict
from ngopi.released import load_entry, load_show
from ngopi.seen import look_ahead
from ngopi.store import Store
from ngopi.threeway import episode_changes, show_changes
from ngopi.transaction import addresses_of

if TYPE_CHECKING:
    from ngopi.model import CatalogueEntry, LedgerEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What came, by slug; *differing*: changed here, so left alone, with what differs.

    *merged*: changed here and by a colleague, in different places, so both are here now.

    *show*: in what the public show differs from this folder's, where a colleague or a rollback
    changed it; *cover_url*: of the public show.
    """

    added: tuple[str, ...]
    updated: tuple[str, ...]
    merged: tuple[str, ...]
    kept: tuple[str, ...]
    differing: dict[str, tuple[str, ...]]
    show: tuple[str, ...]
    cover_url: str


def pull(
    config: Config, entries: tuple[CatalogueEntry, ...], store: Store, *, take: Take | None
) -> Pulled:
    """Write into episodes/ what is public and missing or older here.

    What a person changed here is not overwritten, unless *take* is "theirs"; what a colleague
    changed in another place comes beside it. The audio itself stays in the store: publishing
    does not need it here.

    Raises:
        NothingPublicError: nothing was ever published.
        StorePutBackError: the store went backwards.
        DiskError: the folder cannot be written.
    """
    ledger = look_ahead(config, store).ledger
    if ledger is None:
        raise NothingPublicError
    here = {entry.episode.guid: entry for entry in entries}
    bases, agreed = read_bases(config.scratch), {}
    found: dict[str, list[str]] = {"added": [], "updated": [], "merged": [], "kept": []}
    differing: dict[str, tuple[str, ...]] = {}
    folder = _Folder(config=config, store=store, ledger=ledger, bases=bases, take=take)
    for public in ledger.entries:
        theirs = load_entry(config, store, public)
        mine = here.get(public.guid)
        verdict = _brought(folder, mine, public, theirs)
        if verdict == "differing":
            assert mine is not None
            differing[public.slug] = _differences(config, mine, theirs)
            continue
        found[verdict].append(public.slug)
        agreed[public.guid] = public.release
    write_bases(config.scratch, agreed)
    show = load_show(config, store, ledger)
    return Pulled(
        **{name: tuple(slugs) for name, slugs in found.items()},
        differing=differing,
        show=_show_differences(folder, show),
        cover_url=f"{config.show.public_url}/{show.cover.key}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    config: Config
    store: Store
    ledger: Ledger
    bases: dict[str, str]
    take: Take | None


def _show_differences(folder: _Folder, theirs: ShowRelease) -> tuple[str, ...]:
    config, ledger = folder.config, folder.ledger
    mine = replace(theirs, show=replace(config.show, guid=ledger.guid))
    if config.cover.is_file():  # a publish says what to do without one; to pull, none is needed
        mine = show_of(config, ledger)
    verdict: str = show_verdict(mine, ledger, bases=folder.bases)
    if verdict == "clashes":
        base = base_of(config, folder.store, ShowRelease, folder.bases.get(SHOW_BASE))
        verdict = outcome_of(show_changes(base, mine, theirs))
    return tuple(between_shows(mine, theirs)) if verdict in _THEIRS else ()


_THEIRS = ("behind", "merge", "clashes")


def _brought(
    folder: _Folder, entry: CatalogueEntry | None, public: LedgerEntry, theirs: Release
) -> str:
    """Bring *theirs* into the folder where nobody's work is lost by it; say what became of it."""
    config, store = folder.config, folder.store
    if entry is None:
        cover = fetch_cover(config, store, theirs.cover)
        add_entry(config.episodes, episode=theirs.episode, audio=theirs.audio, cover=cover)
        return "added"
    base = base_of(config, store, Release, folder.bases.get(public.guid))
    if entry.audio is None:
        changes, outcome = None, "differing"
    else:
        mine = release_of(config, entry, folder.ledger)
        ours, sha256 = as_public(
            mine, sha256_of_bytes(to_json(mine)), public,
            lambda: addresses_of(config, store, folder.ledger),
        )  # fmt: skip
        if sha256 == public.release:
            return "kept"
        changes = episode_changes(base, ours, theirs)
        outcome = outcome_of(changes)
        if sha256 in public.previous or sha256 == folder.bases.get(public.guid):
            outcome = "behind"
    if outcome == "keep":
        return "kept"
    if outcome == "behind" or folder.take == "theirs":
        _take_theirs(folder, entry, theirs, base)
        return "updated"
    if outcome == "merge" and changes is not None:
        merge = merge_of(config, store, entry, ours, public, changes)
        write_merges(config, (merge,), None)
        return "merged"
    return "differing"


def _take_theirs(
    folder: _Folder, entry: CatalogueEntry, theirs: Release, base: Release | None
) -> None:
    if not theirs.episode.chapters and not (base and base.episode.chapters):
        # An earlier ngopi left chapters out of releases, so nobody took them away.
        kept = replace(theirs.episode, chapters=entry.episode.chapters)
        theirs = replace(theirs, episode=kept)
    bring(entry, theirs, cover=fetch_cover(folder.config, folder.store, theirs.cover))


def _differences(config: Config, entry: CatalogueEntry, theirs: Release) -> tuple[str, ...]:
    if entry.audio is None:
        return ()
    return tuple(between_episodes(release_of(config, entry), theirs))
