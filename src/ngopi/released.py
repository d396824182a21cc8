"""Releases as objects of a store: under their hash, for ever, with a copy on this machine.

In: the hash that a ledger names, or a release's bytes. Out: the release, or an error that says
what is wrong with it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeVar

from ngopi.atomic import write_atomic
from ngopi.errors import (
    LedgerUnreadableError,
    NgopiTooOldError,
    ReleaseUnreadableError,
    SwapConflictError,
)
from ngopi.i18n import _
from ngopi.ledger import from_json, release_key, sha256_of_bytes
from ngopi.model import Release, ShowRelease
from ngopi.objections import is_hash

if TYPE_CHECKING:
    from ngopi.config import Config
    from ngopi.model import Ledger, LedgerEntry
    from ngopi.store import Store

_OTHER_BYTES = "sha256"

K = TypeVar("K", Release, ShowRelease)


def load(config: Config, store: Store, kind: type[K], sha256: str) -> K:
    """Return a release object, from this machine's copy if it has one.

    Raises:
        LedgerUnreadableError: it is gone, or not what its name says, or what no ngopi would write.
        NgopiTooOldError: a later ngopi wrote it.
    """
    key = release_key(sha256)
    if not is_hash(sha256):  # of a memory that somebody wrote
        raise LedgerUnreadableError(key=key, reason=_OTHER_BYTES)
    copy = config.scratch / key
    with contextlib.suppress(OSError):  # a copy that may be lost
        data = copy.read_bytes()
        if sha256_of_bytes(data) == sha256:
            return from_json(kind, data, key=key)
    found = store.read(key)
    if found is None or sha256_of_bytes(found[0]) != sha256:
        raise LedgerUnreadableError(key=key, reason=_OTHER_BYTES)
    value = from_json(kind, found[0], key=key)  # first: what is no release has no copy here
    copy.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(copy, found[0])
    return value


def load_show(config: Config, store: Store, ledger: Ledger) -> ShowRelease:
    """Return the show that *ledger* names.

    Raises:
        LedgerUnreadableError: it is gone, another show, or holds what no ngopi would write.
        NgopiTooOldError: a later ngopi wrote it.
    """
    show = load(config, store, ShowRelease, ledger.show)
    if show.show.guid != ledger.guid:
        raise LedgerUnreadableError(key=release_key(ledger.show), reason=_("it is another show's"))
    return show


def addresses_of(config: Config, store: Store, ledger: Ledger | None) -> tuple[str, ...]:
    """Return the public addresses that the show has and had, newest first."""
    shows = (ledger.show, *ledger.shows) if ledger is not None else ()
    found: dict[str, None] = {}
    for sha256 in shows:
        with contextlib.suppress(LedgerUnreadableError, NgopiTooOldError):  # then fields decide
            found[load(config, store, ShowRelease, sha256).show.public_url] = None
    return tuple(found)


def load_entry(config: Config, store: Store, entry: LedgerEntry) -> Release:
    """Return the release that *entry* of a ledger names, if it is one of that very episode.

    Raises:
        ReleaseUnreadableError: it is not, or holds what no ngopi would write.
        LedgerUnreadableError: it is gone, or not what its name says.
        NgopiTooOldError: a later ngopi wrote it.
    """
    key = release_key(entry.release)
    try:
        release = load(config, store, Release, entry.release)
    except LedgerUnreadableError as error:
        if error.values["reason"] == _OTHER_BYTES:
            raise
        reason = error.values["reason"]
        raise ReleaseUnreadableError(slug=entry.slug, key=key, reason=reason) from error
    if (release.episode.slug, release.episode.guid) != (entry.slug, entry.guid):
        raise ReleaseUnreadableError(slug=entry.slug, key=key, reason=_("it is another episode's"))
    return release


def add_release(config: Config, store: Store, body: bytes) -> None:
    """Store a release under its hash, for ever, and keep a copy here.

    Raises:
        LedgerUnreadableError: other bytes lie there.
    """
    sha256 = sha256_of_bytes(body)
    try:
        store.swap(release_key(sha256), body, expected=None)
    except SwapConflictError:
        found = store.read(release_key(sha256))
        if found is None or found[0] != body:  # its name is its hash: nothing else may be there
            raise LedgerUnreadableError(key=release_key(sha256), reason=_OTHER_BYTES) from None
    copy = config.scratch / release_key(sha256)
    copy.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(copy, body)
