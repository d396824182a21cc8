"""``ngopi pull``: what colleagues published comes into this folder; nobody's work is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ngopi.atomic import write_atomic
from ngopi.catalogue import add_entry, edit_episode, episode_keys, replace_audio
from ngopi.differences import between_episodes, between_shows
from ngopi.errors import LedgerUnreadableError, NgopiTooOldError, NothingPublicError
from ngopi.ledger import read_bases, sha256_of_bytes, to_json, write_bases
from ngopi.model import Release
from ngopi.plan import release_of, show_of, show_verdict
from ngopi.released import load, load_entry, load_show
from ngopi.seen import look_ahead

if TYPE_CHECKING:
    from pathlib import Path

    from ngopi.config import Config
    from ngopi.model import CatalogueEntry, Ledger, LedgerEntry, ShowRelease, Take
    from ngopi.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What came, by slug; *differing*: changed here, so left alone, with what differs.

    *show*: in what the public show differs from this folder's, where a colleague or a rollback
    changed it; *cover_url*: of the public show.
    """

    added: tuple[str, ...]
    updated: tuple[str, ...]
    kept: tuple[str, ...]
    differing: dict[str, tuple[str, ...]]
    show: tuple[str, ...]
    cover_url: str


def pull(
    config: Config, entries: tuple[CatalogueEntry, ...], store: Store, *, take: Take | None
) -> Pulled:
    """Write into episodes/ what is public and missing or older here.

    What a person changed here is not overwritten, unless *take* is "theirs". The audio
    itself stays in the store: publishing does not need it here.

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
    found: dict[str, list[str]] = {"added": [], "updated": [], "kept": []}
    differing: dict[str, tuple[str, ...]] = {}
    for public in ledger.entries:
        theirs = load_entry(config, store, public)
        mine = here.get(public.guid)
        verdict = (
            "added"
            if mine is None
            else _verdict(config, mine, public, ledger, bases=bases, take=take)
        )
        if verdict == "differing":
            assert mine is not None
            differing[public.slug] = _differences(config, mine, theirs)
            continue
        if mine is None:
            _add(config, store, theirs)
        elif verdict == "updated":
            _update(config, store, mine, theirs, known=_base(config, store, public.guid, bases))
        found[verdict].append(public.slug)
        agreed[public.guid] = public.release
    write_bases(config.scratch, agreed)
    show = load_show(config, store, ledger)
    return Pulled(
        **{name: tuple(slugs) for name, slugs in found.items()},
        differing=differing,
        show=_show_differences(config, ledger, show, bases),
        cover_url=f"{config.show.public_url}/{show.cover.key}",
    )


def _show_differences(
    config: Config, ledger: Ledger, theirs: ShowRelease, bases: dict[str, str]
) -> tuple[str, ...]:
    mine = replace(theirs, show=replace(config.show, guid=ledger.guid))
    if config.cover.is_file():  # a publish says what to do without one; to pull, none is needed
        mine = show_of(config, ledger)
    if show_verdict(mine, ledger, bases=bases) not in {"behind", "clashes"}:
        return ()
    return tuple(between_shows(mine, theirs))


def _verdict(
    config: Config,
    entry: CatalogueEntry,
    public: LedgerEntry,
    ledger: Ledger,
    *,
    bases: dict[str, str],
    take: Take | None,
) -> str:
    """Say whether the folder's episode is kept, updated, or differs by somebody's own change."""
    if entry.audio is None:
        return "updated" if take == "theirs" else "differing"
    mine = sha256_of_bytes(to_json(release_of(config, entry, ledger)))
    if mine == public.release:
        return "kept"
    untouched = mine in public.previous or mine == bases.get(public.guid)
    return "updated" if untouched or take == "theirs" else "differing"


def _differences(config: Config, entry: CatalogueEntry, theirs: Release) -> tuple[str, ...]:
    if entry.audio is None:
        return ()
    return tuple(between_episodes(release_of(config, entry), theirs))


def _add(config: Config, store: Store, release: Release) -> None:
    cover = _cover(config, store, release)
    add_entry(config.episodes, episode=release.episode, audio=release.audio, cover=cover)


def _base(config: Config, store: Store, guid: str, bases: dict[str, str]) -> Release | None:
    """Return the release that this folder last agreed with; None if it cannot be had."""
    try:
        return load(config, store, Release, bases[guid]) if guid in bases else None
    except (LedgerUnreadableError, NgopiTooOldError):  # of another store, or lost: nobody knows
        return None


def _update(
    config: Config, store: Store, entry: CatalogueEntry, release: Release, *, known: Release | None
) -> None:
    theirs = replace(release.episode, slug=entry.episode.slug)
    if not theirs.chapters and not (known and known.episode.chapters):
        # An earlier ngopi left chapters out of releases, so nobody took them away.
        theirs = replace(theirs, chapters=entry.episode.chapters)
    ours, wanted = episode_keys(entry.episode), episode_keys(theirs)
    changes = {key: value for key, value in wanted.items() if value != ours[key]}
    notes = theirs.notes if theirs.notes != entry.episode.notes else None
    replace_audio(entry, release.audio, cover=_cover(config, store, release))
    if changes or notes is not None:
        edit_episode(entry, changes, notes=notes)


def _cover(config: Config, store: Store, release: Release) -> Path | None:
    """Bring an episode's own cover to this machine; its name is its hash."""
    if release.cover is None:
        return None
    copy = config.scratch / release.cover.key
    data = b"".join(store.chunks(release.cover.key))
    if sha256_of_bytes(data) != release.cover.sha256:
        raise LedgerUnreadableError(key=release.cover.key, reason="sha256")
    copy.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(copy, data)
    return copy
