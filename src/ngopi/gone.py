"""What was deleted stays named for ever: keys that are gone, and bytes that a person withdrew.

In: what two ledgers say of it, or a folder remembers. Out: both together. Neither list ever
loses a line; whoever makes a ledger of others takes the union.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain, count
from typing import TYPE_CHECKING

from ngopi.errors import GoneNamedError
from ngopi.model import Release, ShowRelease, Withdrawn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from ngopi.model import AudioFile, Ledger

# The key of a release's file: its name, the hash of its content, and from the second one on which
# generation of that it is. What has another key (releases, history, the feed) is never deleted.
_KEY = re.compile(
    r"(audio|covers)/(?P<name>[a-z0-9-]+)-(?P<hash>[0-9a-f]{12})(?:-(?P<generation>[1-9][0-9]{0,4}))?"
    r"\.(mp3|jpg|png)",
    re.ASCII,
)
_NAME = "[a-z0-9][a-z0-9-]{0,119}"
_DELETABLE = re.compile(rf"audio/{_NAME}\.mp3|covers/{_NAME}\.(jpg|png)", re.ASCII)


def is_deletable(key: str) -> bool:
    """Say whether what lies under *key* may ever be deleted."""
    return _DELETABLE.fullmatch(key) is not None


def name_of(key: str) -> str:
    """Return the name in a file's key: an episode's slug, or that of a cover."""
    found = _KEY.fullmatch(key)
    return found["name"] if found else key


def is_key_of(key: str, sha256: str) -> bool:
    """Say whether *key* is one for content of *sha256*, of whichever name and generation."""
    found = _KEY.fullmatch(key)
    return found is not None and sha256.startswith(found["hash"])


def free_key(key: str, gone: Collection[str]) -> str:
    """Return *key*, or the first of its further generations that is not in *gone*.

    A key that is gone never comes back: what is wanted anew gets another.
    """
    stem, dot, ending = key.rpartition(".")
    further = (f"{stem}-{generation}{dot}{ending}" for generation in count(2))
    return next(known for known in chain([key], further) if known not in gone)


def earlier_keys(key: str) -> Iterator[str]:
    """Yield the keys of the same content that are gone before *key* is the free one."""
    found = _KEY.fullmatch(key)
    if found is None or found["generation"] is None:
        return
    stem, _dot, ending = key.rpartition(".")
    first = stem.removesuffix(f"-{found['generation']}")
    for generation in range(1, int(found["generation"])):
        yield f"{first}.{ending}" if generation == 1 else f"{first}-{generation}.{ending}"


def withdrawn_now(ledger: Ledger | None) -> frozenset[str]:
    """Return the SHA-256 of all that was deleted by name and not asked back since."""
    things = ledger.withdrawn if ledger else ()
    return frozenset(thing.sha256 for thing in things if thing.seq_out > (thing.seq_back or 0))


def asked_back(ledger: Ledger, audio: AudioFile) -> tuple[Withdrawn, ...]:
    """Return what the ledger after *ledger* says once *audio* was asked back by name."""
    wanted = withdrawn_now(ledger) & set(hashes_of(audio))
    return tuple(
        replace(thing, seq_back=ledger.seq + 1)
        for thing in ledger.withdrawn
        if thing.sha256 in wanted
    )


def hashes_of(audio: AudioFile) -> tuple[str, ...]:
    """Return the SHA-256 by which a sound is withdrawn: of its file, and without its tags."""
    return (audio.sha256, *([audio.sound_sha256] if audio.sound_sha256 else []))


def keys_of(release: Release | ShowRelease) -> Iterator[str]:
    """Yield the keys of the files that a release names."""
    if isinstance(release, Release):
        yield release.enclosure.key
    if release.cover is not None:
        yield release.cover.key


def require_apart(gone: Collection[str], releases: Iterable[Release | ShowRelease]) -> None:
    """Refuse a state that names what is gone: nobody lends a forger the right to delete.

    Raises:
        GoneNamedError: it does.
    """
    never = frozenset(gone)
    met = sorted(key for release in releases for key in keys_of(release) if key in never)
    if met:
        raise GoneNamedError(key=met[0])


def union_of_gone(*lists: Iterable[str]) -> tuple[str, ...]:
    """Return all keys that any of *lists* names, in the one order that equal ledgers have."""
    return tuple(sorted({key for keys in lists for key in keys}))


def union_of_withdrawn(*lists: Iterable[Withdrawn]) -> tuple[Withdrawn, ...]:
    """Return all that any of *lists* knows; of one SHA-256, the later of each of its dates."""
    known: dict[str, Withdrawn] = {}
    for thing in (thing for things in lists for thing in things):
        other = known.get(thing.sha256, thing)
        known[thing.sha256] = Withdrawn(
            sha256=thing.sha256,
            seq_out=max(thing.seq_out, other.seq_out),
            seq_back=max(thing.seq_back or 0, other.seq_back or 0) or None,
        )
    return tuple(known[sha256] for sha256 in sorted(known))
