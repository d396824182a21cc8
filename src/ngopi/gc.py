"""``ngopi gc``: what lies in the store and belongs to no state, past, present or to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ngopi.deletion import finish, is_withdrawn, line_up, name_gone, names_now, own_keys
from ngopi.errors import (
    LedgerUnreadableError,
    NgopiTooOldError,
    NothingPublicError,
    ObjectTooBigError,
    StoreVerifyError,
)
from ngopi.gone import is_deletable, keys_of, withdrawn_now
from ngopi.ledger import release_key, seq_of
from ngopi.model import Ledger, ObjectHead, Release, ShowRelease
from ngopi.plan import is_deleted, release_of, show_of
from ngopi.released import load
from ngopi.transaction import Public, kept_ledger, look, settle
from ngopi.whose import require_same_show

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Iterator
    from datetime import datetime

    from ngopi.config import Config
    from ngopi.deletion import Command
    from ngopi.model import CatalogueEntry, LedgerEntry
    from ngopi.store import Store

# What somebody stored lately may be part of a publish that was stopped and will go on: to leave it
# saves them an upload. That nothing public is deleted does not depend on it.
YOUNGEST = timedelta(days=30)
# So many files that another folder called deleted are deleted for it without a question.
HANDFUL = 5
# Left by a question that was cut off; no state can name it.
_SCRATCH = "probe/"
_RELEASE = "releases/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """What nothing references, in the order of the keys, as seen from the state *public*.

    *kept* are the keys that any state names. *foreign* are those of the objects that a ledger
    called deleted, and not by this folder's doing. *sure* False: a past state or release cannot
    be read, so whatever it may name is kept.
    """

    objects: tuple[ObjectHead, ...]
    public: Public
    kept: frozenset[str]
    foreign: tuple[str, ...]
    sure: bool

    @property
    def size_bytes(self) -> int:
        """What deleting it would free."""
        return sum(head.size_bytes for head in self.objects)


def inventory(store: Store) -> dict[str, ObjectHead]:
    """Return all that lies in the store and that a show may have there, by key."""
    return {head.key: head for head in store.heads("")}


def find_garbage(
    config: Config,
    entries: tuple[CatalogueEntry, ...],
    store: Store,
    *,
    now: datetime,
    older_than: timedelta = YOUNGEST,
    stock: dict[str, ObjectHead] | None = None,
    public: Public | None = None,
) -> Garbage:
    """Return what is older than *older_than* and referenced by nothing, or was deleted by name.

    What the ledger, every ledger of the history, their releases, retracted episodes, releases
    ahead of their date and this folder's *entries* name is referenced. *stock*: an inventory
    taken just now; *public*: what was public after that. An object without a date is kept. What a
    ledger called gone goes whatever its age.

    Raises:
        NothingPublicError: there is no ledger, so nothing could be told from garbage.
        LedgerUnreadableError: the ledger is damaged.
        AnotherShowError: it is another show's.
    """
    # Listed before the ledger is read: what is published in between is referenced by it.
    stock = inventory(store) if stock is None else stock
    public = look(store) if public is None else public
    ledger = public.ledger
    if ledger is None:
        raise NothingPublicError
    require_same_show(config, store, ledger)
    kept, sure = _kept(config, store, ledger)
    ahead, known = _ahead(config, store, stock, kept, since=now - older_than)
    named = {*kept, *ahead, *_wanted_here(config, entries, ledger)}
    current, out = names_now(config, store, ledger) if sure else frozenset(), withdrawn_now(ledger)

    def is_old(head: ObjectHead) -> bool:
        return head.modified is not None and now - head.modified > older_than

    def is_garbage(head: ObjectHead) -> bool:
        if head.key.startswith(_SCRATCH):
            return is_old(head)
        if not (sure and is_deletable(head.key)) or head.key in current:
            return False
        if is_withdrawn(head.key, out):
            return True
        if head.key in ledger.gone:
            return known and head.key not in kept and head.key not in ahead
        return known and head.key not in named and is_old(head)

    objects = tuple(head for head in stock.values() if is_garbage(head))
    own = own_keys(config.scratch)
    return Garbage(
        objects=objects,
        public=public,
        kept=frozenset(kept),
        foreign=tuple(h.key for h in objects if h.key in ledger.gone and h.key not in own),
        sure=sure and known,
    )


def collect(
    config: Config,
    entries: tuple[CatalogueEntry, ...],
    store: Store,
    command: Command,
    *,
    confirmed: Container[str],
    older_than: timedelta = YOUNGEST,
    advance: Callable[[float], None],
) -> tuple[str, ...]:
    """Delete what of *confirmed* still is garbage, and return the keys.

    It is named as gone in the ledger first. Then the releases are looked at once more: whoever
    stored one ahead of its date, and did not see that ledger yet, counts on what it names.
    *advance* is called with objects done since.

    Raises:
        PublishContendedError: others kept publishing in between.
    """

    def attempt() -> Garbage:
        stock = inventory(store)
        public, ledger = line_up(config, store, command)
        found = find_garbage(
            config, entries, store,
            now=command.now, older_than=older_than, stock=stock, public=public,
        )  # fmt: skip
        keys = [head.key for head in found.objects if head.key in confirmed]
        fresh = [key for key in keys if is_deletable(key) and key not in ledger.gone]
        if fresh:
            name_gone(config, store, public, fresh, command)
        return found

    found = settle(attempt)
    keys = [head.key for head in found.objects if head.key in confirmed]
    scratch = [key for key in keys if key.startswith(_SCRATCH)]
    for key in scratch:
        store.delete(key)
        advance(1)
    # Once more, after the ledger has named them: see `publish._require_still`.
    since = command.now - older_than
    ahead, known = _ahead(config, store, _releases(store), found.kept, since=since)
    out = withdrawn_now(found.public.ledger)
    spared = {key for key in keys if key in ahead or not known} - set(scratch)
    going = [
        key for key in keys if key not in scratch and (key not in spared or is_withdrawn(key, out))
    ]
    gone = finish(config, store, going, command, kept=found.kept, advance=advance) if going else ()
    return tuple(key for key in keys if key in scratch or key in gone)


def _kept(config: Config, store: Store, ledger: Ledger) -> tuple[set[str], bool]:
    """Return the keys that any state names, and whether all of them could be asked.

    The history is listed after the ledger was read: so it has all that came before it.
    """
    seqs = [seq for head in store.heads("history/") if (seq := seq_of(head.key)) is not None]
    past = [kept_ledger(store, seq) for seq in seqs]
    ledgers = [ledger, *(known for known in past if known is not None)]
    sure = len(ledgers) == len(past) + 1
    shows = {sha256 for known in ledgers for sha256 in (known.show, *known.shows)}
    releases = {sha256 for known in ledgers for entry in _entries(known) for sha256 in entry}
    named = {release_key(sha256) for sha256 in shows | releases}
    for sha256 in shows | releases:
        try:
            named |= set(keys_of(_loaded(config, store, sha256, shows=shows)))
        except (LedgerUnreadableError, NgopiTooOldError, ObjectTooBigError, StoreVerifyError):
            sure = False
    return named, sure


def _releases(store: Store) -> list[str]:
    return [head.key for head in store.heads(_RELEASE)]


def _ahead(
    config: Config,
    store: Store,
    stock: Iterable[str],
    kept: Collection[str],
    *,
    since: datetime,
) -> tuple[set[str], bool]:
    """Return the keys that releases of no state yet name, and whether all could be asked.

    Of a release whose date has come long ago, before *since*, nobody is about to publish it.
    """
    named, known = set(), True
    for key in stock:
        if not key.startswith(_RELEASE) or key in kept:
            continue
        try:
            sha256 = key.removeprefix(_RELEASE).removesuffix(".json")
            release = load(config, store, Release, sha256)
        except NgopiTooOldError:
            known = False
        except (LedgerUnreadableError, ObjectTooBigError, StoreVerifyError):  # names nothing
            continue
        else:
            published = release.episode.published
            if published is not None and published > since:
                named |= set(keys_of(release))
    return named, known


def _wanted_here(
    config: Config, entries: tuple[CatalogueEntry, ...], ledger: Ledger
) -> Iterator[str]:
    """Yield the keys that this folder's own releases would have."""
    for entry in entries:
        if entry.audio is not None and not is_deleted(entry, ledger):
            yield from keys_of(release_of(config, entry, ledger))
    if config.cover.is_file():
        yield from keys_of(show_of(config, ledger))


def _loaded(config: Config, store: Store, sha256: str, *, shows: set[str]) -> Release | ShowRelease:
    if sha256 in shows:
        return load(config, store, ShowRelease, sha256)
    return load(config, store, Release, sha256)


def _entries(ledger: Ledger) -> Iterator[tuple[str, ...]]:
    known: tuple[LedgerEntry, ...] = (*ledger.entries, *ledger.retracted)
    for entry in known:
        yield (entry.release, *entry.previous)
