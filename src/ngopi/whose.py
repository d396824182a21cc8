"""Whose is the ledger in the store: this folder's show, or another that uses the same place?

In: a show's folder and the ledger that lies in its store. Out: nothing, or an error that names
both shows. A show is its podcast:guid. A folder knows that guid from ngopi.toml, from the ledger
and the feed that it kept of an earlier run, or because its episodes stand in the ledger. A folder
that knows none of these (a new one, of a colleague) is taken for the show whose title it has.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ngopi.catalogue import guids_of
from ngopi.errors import AnotherShowError, LedgerUnreadableError, NgopiTooOldError
from ngopi.feed.urls import is_loopback
from ngopi.ledger import seen_ledger
from ngopi.plan import podcast_guid
from ngopi.released import load_show
from ngopi.text import clean_line
from ngopi.transaction import kept_ledger

if TYPE_CHECKING:
    from ngopi.config import Config
    from ngopi.model import Ledger
    from ngopi.store import Store

_GUID = re.compile(rb"<podcast:guid>([^<]{1,2000})</podcast:guid>")
# It stands in the head of a feed, before the first item.
_HEAD_BYTES = 1 << 20


def require_same_show(config: Config, store: Store, ledger: Ledger | None) -> None:
    """Let only the ledger of this folder's own show pass.

    Raises:
        AnotherShowError: it is another show's, as far as this folder can tell.
    """
    if ledger is None:
        return
    said, derived = config.show.guid, podcast_guid(config.show.feed_url)
    if said == ledger.guid or _wrote_it(config, store, ledger):
        return
    kept = {guid for guid in (_kept_in_memory(config), _kept_in_feed(config)) if guid}
    # Every show that nobody has given an address yet has the guid of the same address.
    proves_nothing = ledger.guid == derived and is_loopback(_host(config))
    if ledger.guid in kept and not proves_nothing:
        return
    public = {entry.guid for entry in (*ledger.entries, *ledger.retracted)}
    if public & guids_of(config.episodes):
        return
    title = _title(config, store, ledger)
    has_its_title = clean_line(title).casefold() == clean_line(config.show.title).casefold()
    if said is None and has_its_title and (ledger.guid == derived or not kept):
        return
    raise AnotherShowError(
        here=config.show.title, public=title or "?", guid=ledger.guid, store=config.store.url
    )


def _host(config: Config) -> str:
    return urlsplit(config.show.public_url).hostname or ""


def _wrote_it(config: Config, store: Store, ledger: Ledger) -> bool:
    """Say whether this folder saw *ledger*, or one that it followed on: no two have one nonce."""
    seen = seen_ledger(config.scratch)
    if seen is None or seen.guid != ledger.guid:
        return False
    kept = ledger if seen.seq == ledger.seq else kept_ledger(store, seen.seq)
    return kept is not None and kept.nonce == seen.nonce


def _kept_in_memory(config: Config) -> str | None:
    seen = seen_ledger(config.scratch)
    return seen.guid if seen else None


def _kept_in_feed(config: Config) -> str | None:
    """Return the guid in the copy of the feed, which comes along with a clone of the folder."""
    try:
        with config.feed.open("rb") as file:
            found = _GUID.search(file.read(_HEAD_BYTES))
    except OSError:
        return None
    return html.unescape(found[1].decode(errors="replace")) if found else None


def _title(config: Config, store: Store, ledger: Ledger) -> str:
    try:
        return load_show(config, store, ledger).show.title
    except (LedgerUnreadableError, NgopiTooOldError):  # told by whoever needs all of it
        return ""
