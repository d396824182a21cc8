"""An episode that was taken out comes back: with files that are there, or that this folder has.

In: its entry in the ledger, and that ledger. Out: the entry that may be public again, or an error
that says what is missing. What is gone gets a key of its next generation; what was deleted by name
comes back only to who asks for that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ngopi.errors import AudioDeletedError, AudioGoneError, NotApprovedError
from ngopi.gone import asked_back, free_key, hashes_of, keys_of, withdrawn_now
from ngopi.i18n import N_
from ngopi.ledger import sha256_of_bytes, to_json
from ngopi.model import CatalogueEntry, LedgerEntry, Progress, Release, Withdrawn
from ngopi.plan import PREVIOUS_KEPT, awaits_approval, release_of
from ngopi.released import load_entry
from ngopi.store.source import Source
from ngopi.stored import Examined

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ngopi.config import Config
    from ngopi.model import AudioFile, Ledger, StoredObject
    from ngopi.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Who brings episodes back, when, and what their folder could bring along: its *entries*."""

    by: str
    now: datetime
    progress: Progress
    entries: tuple[CatalogueEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """What may be public again; *releases* are those that are new, *ours* says: of this folder."""

    entry: LedgerEntry
    releases: tuple[Release, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()
    ours: bool = False


def bring_back(
    config: Config,
    store: Store,
    ledger: Ledger,
    entry: LedgerEntry,
    folder: Folder,
    *,
    deleted_audio: bool,
) -> Back:
    """Have all files of a retracted *entry* in the store, or those of this folder's new audio.

    *deleted_audio*: also what was deleted by name is wanted.

    Raises:
        AudioDeletedError: its audio was deleted by name, and is not asked for.
        AudioGoneError: it is nowhere.
        NotApprovedError: an editor has yet to say yes to its new audio.
        ObjectTakenError: something else lies under one of its keys.
    """
    release = load_entry(config, store, entry)
    out = withdrawn_now(ledger)
    by_name = not out.isdisjoint(hashes_of(release.audio))
    examined = Examined(store, config.scratch)
    if not by_name and _is_whole(examined, release, ledger):
        return Back(entry=entry)
    path = config.media / f"{release.audio.sha256}.mp3"
    if path.is_file() and (deleted_audio or not by_name):
        key = free_key(first_key(entry.slug, release.audio), ledger.gone)
        enclosure = replace(release.enclosure, key=key, url=f"{config.show.public_url}/{key}")
        _store(store, examined, [(enclosure, path)], folder.progress)
        again = replace(release, enclosure=enclosure)
        back = asked_back(ledger, release.audio)
        return replace(_back(entry, again, folder), withdrawn=back)
    mine = next((e for e in folder.entries if e.episode.guid == entry.guid), None)
    if mine is not None and _has_other_audio(mine, entry, release, out):
        return _with_new_audio(config, store, ledger, entry, mine, folder)
    if by_name and path.is_file():
        seq = max(line.seq_out for line in ledger.withdrawn if line.sha256 in out)
        raise AudioDeletedError(slug=entry.slug, seq=seq)
    raise AudioGoneError(slug=entry.slug, key=release.enclosure.key)


def first_key(slug: str, audio: AudioFile) -> str:
    """Return the key that an episode's audio has in its first generation."""
    return f"audio/{slug}-{audio.sha256[:12]}.mp3"


def _is_whole(examined: Examined, release: Release, ledger: Ledger) -> bool:
    if any(key in ledger.gone for key in keys_of(release)):
        return False
    things = [release.enclosure, *([release.cover] if release.cover else [])]
    return all(examined.has(thing) for thing in things)


def _has_other_audio(
    mine: CatalogueEntry, entry: LedgerEntry, release: Release, out: Iterable[str]
) -> bool:
    if mine.audio is None or mine.episode.slug != entry.slug:
        return False
    hashes = set(hashes_of(mine.audio))
    return hashes.isdisjoint(out) and mine.audio.sha256 != release.audio.sha256


def _with_new_audio(
    config: Config,
    store: Store,
    ledger: Ledger,
    entry: LedgerEntry,
    mine: CatalogueEntry,
    folder: Folder,
) -> Back:
    """Return the episode as this folder has it, with the date that it had."""
    assert mine.audio is not None
    if awaits_approval(config, mine):
        raise NotApprovedError(slug=entry.slug)
    wanted = release_of(config, mine, ledger)
    release = replace(wanted, episode=replace(wanted.episode, published=entry.published))
    files = [(release.enclosure, config.media / f"{mine.audio.sha256}.mp3")]
    if release.cover is not None and mine.cover is not None:
        files.append((release.cover, mine.cover))
    examined = Examined(store, config.scratch)
    missing = [(thing, path) for thing, path in files if not examined.has(thing)]
    if any(not path.is_file() for _thing, path in missing):
        raise AudioGoneError(slug=entry.slug, key=release.enclosure.key)
    _store(store, examined, missing, folder.progress)
    yes = mine.approval.by if mine.approval else None
    back = _back(replace(entry, approved_by=yes), release, folder)
    return replace(back, ours=True)


def _back(entry: LedgerEntry, release: Release, folder: Folder) -> Back:
    sha256 = sha256_of_bytes(to_json(release))
    if sha256 == entry.release:
        return Back(entry=entry)
    previous = (entry.release, *entry.previous)[:PREVIOUS_KEPT]
    new = replace(entry, release=sha256, previous=previous, by=folder.by, at=folder.now)
    return Back(entry=new, releases=(release,))


def _store(
    store: Store,
    examined: Examined,
    files: list[tuple[StoredObject, Path]],
    progress: Progress,
) -> None:
    """Store what is not there yet; what is there is read, as whatever a release names."""
    sources = [
        Source(key=thing.key, path=path, sha256=thing.sha256)
        for thing, path in files
        if not examined.has(thing)
    ]
    if not sources:
        return
    total_bytes = sum(path.stat().st_size for _thing, path in files)
    with progress.step(N_("Uploading"), total_bytes, unit="bytes") as advance:
        examined.keep(store.add_all(sources, advance=advance))
