"""``ngopi pull``: what colleagues published comes into this folder; nobody's work is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ngopi.catalogue import Broken, Catalogue, add_entry, repair
from ngopi.config import Config
from ngopi.differences import between_episodes, between_shows
from ngopi.errors import (
    CatalogueInvalidError,
    LedgerUnreadableError,
    NgopiError,
    NothingPublicError,
    ObjectMissingError,
    ReleaseUnreadableError,
    SlugTakenHereError,
)
from ngopi.ledger import read_bases, release_key, sha256_of_bytes, to_json, write_bases
from ngopi.merging import base_of, bring, fetch_cover, merge_of, outcome_of, write_merges
from ngopi.model import Ledger, Release, ShowRelease, Take
from ngopi.plan import SHOW_BASE, as_public, release_of, show_of, show_verdict
from ngopi.released import addresses_of, load_entry, load_show
from ngopi.seen import look_ahead
from ngopi.store import Store
from ngopi.threeway import episode_changes, show_changes

if TYPE_CHECKING:
    from ngopi.model import CatalogueEntry, LedgerEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What came, by slug; *differing*: changed here, so left alone, with what differs.

    *merged*: changed here and by a colleague, in different places, so both are here now.
    *refused*: what stands in the store could not be used; *unreadable*: this folder's files have
    mistakes, and were left alone.

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
    refused: dict[str, NgopiError]
    unreadable: tuple[str, ...]


def pull(config: Config, catalogue: Catalogue, store: Store, *, take: Take | None) -> Pulled:
    """Write into episodes/ what is public and missing or older here.

    What a person changed here, or what cannot be read here, is not overwritten, unless *take* is
    "theirs"; what a colleague changed in another place comes beside it. The audio itself stays in
    the store: publishing does not need it here. One release that cannot be used keeps no other
    from coming.

    Raises:
        NothingPublicError: nothing was ever published.
        StorePutBackError: the store went backwards.
        DiskError: the folder cannot be written.
    """
    ledger = look_ahead(config, store).ledger
    if ledger is None:
        raise NothingPublicError
    here = {entry.episode.guid: entry for entry in catalogue.entries}
    broken = {each.folder.name: each for each in catalogue.broken}
    bases, agreed = read_bases(config.scratch), {}
    verdicts = ("added", "updated", "merged", "kept", "unreadable")
    found: dict[str, list[str]] = {name: [] for name in verdicts}
    differing: dict[str, tuple[str, ...]] = {}
    folder = _Folder(config=config, store=store, ledger=ledger, bases=bases, take=take)
    releases, refused = _releases(config, store, ledger)
    for public in (entry for entry in ledger.entries if entry.guid in releases):
        theirs, mine = releases[public.guid], here.get(public.guid)
        try:
            verdict = _brought(folder, mine or broken.get(public.slug), public, theirs)
        except SlugTakenHereError as error:
            refused[public.slug] = error
            continue
        except (CatalogueInvalidError, LedgerUnreadableError, ObjectMissingError) as error:
            refused[public.slug] = _refusal(public, error)
            continue
        if verdict == "differing":
            assert mine is not None
            differing[public.slug] = _differences(config, mine, theirs)
            continue
        found[verdict].append(public.slug)
        if verdict != "unreadable":
            agreed[public.guid] = public.release
    write_bases(config.scratch, agreed)
    show = load_show(config, store, ledger)
    return Pulled(
        **{name: tuple(slugs) for name, slugs in found.items()},
        differing=differing,
        show=_show_differences(folder, show),
        cover_url=f"{config.show.public_url}/{show.cover.key}",
        refused=refused,
    )


def _releases(
    config: Config, store: Store, ledger: Ledger
) -> tuple[dict[str, Release], dict[str, NgopiError]]:
    """Return all releases, by guid, before anything is written; and by slug what is none.

    Raises:
        NgopiTooOldError: a later ngopi wrote one of them.
    """
    releases: dict[str, Release] = {}
    refused: dict[str, NgopiError] = {}
    for entry in ledger.entries:
        try:
            releases[entry.guid] = load_entry(config, store, entry)
        except LedgerUnreadableError as error:
            refused[entry.slug] = error
    return releases, refused


def _refusal(public: LedgerEntry, error: NgopiError) -> NgopiError:
    """Say of a release that no file could hold it, in the words for releases."""
    if isinstance(error, ReleaseUnreadableError | ObjectMissingError):
        return error
    key, reason = error.values.get("key"), error.values.get("reason")
    if isinstance(error, CatalogueInvalidError):
        lines = error.values["problems"]
        assert isinstance(lines, tuple)
        key, reason = release_key(public.release), lines[0].strip()
    return ReleaseUnreadableError(slug=public.slug, key=key, reason=reason)


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
    folder: _Folder, entry: CatalogueEntry | Broken | None, public: LedgerEntry, theirs: Release
) -> str:
    """Bring *theirs* into the folder where nobody's work is lost by it; say what became of it."""
    config, store = folder.config, folder.store
    if entry is None:
        if (config.episodes / theirs.episode.slug).exists():
            raise SlugTakenHereError(slug=theirs.episode.slug)
        cover = fetch_cover(config, store, theirs.cover)
        add_entry(config.episodes, episode=theirs.episode, audio=theirs.audio, cover=cover)
        return "added"
    if isinstance(entry, Broken):
        return _repaired(folder, entry, theirs)
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


def _repaired(folder: _Folder, broken: Broken, theirs: Release) -> str:
    if folder.take != "theirs":
        return "unreadable"
    cover = fetch_cover(folder.config, folder.store, theirs.cover)
    entry = repair(broken, theirs.episode, theirs.audio)
    bring(entry, theirs, cover=cover)
    return "updated"


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
