"""The tags of an episode that was edited after it was made: the same sound in a new file.

In: the folder's episodes and those that a publish is about to show anew. Out: new files in media/
and audio.toml beside the episodes. Listeners who keep the file see in it what the feed says; who
has the old one keeps it, for its key stays.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from ngopi.artwork import check_cover, cover_for_tag
from ngopi.atomic import move_flushed, replacing, sha256_of
from ngopi.catalogue import replace_audio, whole_audio
from ngopi.errors import DiskError
from ngopi.ledger import read_bases
from ngopi.notes import notes_text
from ngopi.plan import make_plan, make_wish
from ngopi.released import addresses_of
from ngopi.stored import fetch
from ngopi.tags import tag_bytes, tag_length

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from ngopi.config import Config
    from ngopi.model import CatalogueEntry, Ledger, Progress, StoredObject, Take
    from ngopi.recall import Recall
    from ngopi.store import Store

_BLOCK_BYTES = 1 << 20
_LEFT = "retag-"


def renew_tags(
    config: Config,
    entries: tuple[CatalogueEntry, ...],
    store: Store,
    ledger: Ledger | None,
    *,
    now: datetime,
    take: Take | None,
    progress: Progress,
    recall: Recall | None = None,
) -> tuple[str, ...]:
    """Bring the tags of all episodes in line that a publish would add or change; return which.

    The others are left alone: a new title of the show alone would send every file anew. A file
    that is not in media/ is fetched from the store.

    Raises:
        DiskError: a file cannot be written; its old one is still there.
    """
    _sweep(config.scratch)
    wish = make_wish(
        config, entries, ledger, now=now, recall=recall,
        addresses=lambda: addresses_of(config, store, ledger),
    )  # fmt: skip
    plan = make_plan(entries, wish, ledger, bases=read_bases(config.scratch), now=now)
    wanted = {*plan.add, *plan.change}
    if take == "ours":
        wanted |= {*plan.clashes, *plan.reverted}
    stored = {release.episode.slug: release.enclosure for release in wish.releases}
    due = [(entry, stored[slug]) for entry in entries if (slug := entry.episode.slug) in wanted]
    return tuple(
        entry.episode.slug
        for entry, thing in due
        if _is_renewed(config, entry, thing, store, progress)
    )


def _sweep(scratch: Path) -> None:
    """Remove what killed runs left: nobody else renews tags while the show is locked."""
    for left in (*scratch.glob(f"{_LEFT}*"), *scratch.glob(f".{_LEFT}*")):
        left.unlink(missing_ok=True)


def _is_renewed(
    config: Config, entry: CatalogueEntry, stored: StoredObject, store: Store, progress: Progress
) -> bool:
    with _file_of(config, stored, store, progress) as path:
        return path is not None and renew_file(config, entry, path)


def renew_file(config: Config, entry: CatalogueEntry, path: Path) -> bool:
    """Give an episode, whose file *path* is, one with the tags of its words; say if they differed.

    Raises:
        DiskError: it cannot be written; the old one is still there.
    """
    cover = check_cover(entry.cover or config.cover)
    tag = tag_bytes(
        episode=entry.episode,
        show=config.show,
        comment=notes_text(entry.episode.notes),
        cover_jpeg=cover_for_tag(cover.path),
    )
    if _tag_of(path) == tag:
        return False
    _write(config, entry, path, tag)
    return True


def _tag_of(path: Path) -> bytes:
    with path.open("rb") as file:
        length = tag_length(file.read(10))
        file.seek(0)
        return file.read(length)


@contextlib.contextmanager
def _file_of(
    config: Config, stored: StoredObject, store: Store, progress: Progress
) -> Iterator[Path | None]:
    """Give the episode's file, or a copy from the store while it is looked at; None: nowhere."""
    kept = config.media / f"{stored.sha256}.mp3"
    if kept.is_file():
        yield kept if sha256_of(kept) == stored.sha256 else None
        return
    copy = config.scratch / f"{_LEFT}{secrets.token_hex(4)}.mp3"
    try:
        yield copy if fetch(store, stored, copy, progress=progress) else None
    finally:
        copy.unlink(missing_ok=True)


def _write(config: Config, entry: CatalogueEntry, path: Path, tag: bytes) -> None:
    """Put *tag* in front of the sound of *path*, as a new file; the episode then has that."""
    made = config.scratch / f"{_LEFT}new.mp3"
    digest, sound, size_bytes = hashlib.sha256(tag), hashlib.sha256(), len(tag)
    config.scratch.mkdir(exist_ok=True)
    with path.open("rb") as source, replacing(made) as file:
        source.seek(tag_length(source.read(10)))
        file.write(tag)
        while block := source.read(_BLOCK_BYTES):
            digest.update(block)
            sound.update(block)
            size_bytes += len(block)
            file.write(block)
    audio = replace(
        whole_audio(entry),
        sha256=digest.hexdigest(),
        size_bytes=size_bytes,
        sound_sha256=sound.hexdigest(),
    )
    try:
        config.media.mkdir(exist_ok=True)
        move_flushed(made, config.media / f"{audio.sha256}.mp3")
    except OSError as error:
        raise DiskError(path=config.media, reason=error.strerror or error) from error
    replace_audio(entry, audio, cover=None)
