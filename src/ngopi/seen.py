"""Which state of the store this folder has seen: the public state never goes backwards unnoticed.

In: what a store answers now. Out: the same, or an error where it is older than what was seen
there, or another of the same number. A store that was put back from a backup looks healthy to
whoever knows nothing else.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from ngopi.atomic import sweep, write_atomic
from ngopi.errors import StoreEmptiedError, StoreFolderGoneError, StorePutBackError
from ngopi.gate import decode, is_seq
from ngopi.gone import union_of_gone, union_of_withdrawn
from ngopi.ledger import seen_ledger
from ngopi.model import Withdrawn
from ngopi.store.address import folder_of
from ngopi.tomlfile import adapter
from ngopi.transaction import kept_ledger, look
from ngopi.whose import require_same_show

if TYPE_CHECKING:
    from ngopi.config import Config
    from ngopi.model import Ledger, StoreSettings
    from ngopi.store import Store
    from ngopi.transaction import Public

_MEMORY = "seen.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The latest state that this folder has seen in the store at *place*.

    *gone* and *withdrawn* are all that any state said there: neither list ever loses a line.
    """

    place: str
    seq: int
    nonce: str
    gone: tuple[str, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()


def look_ahead(config: Config, store: Store) -> Public:
    """Return what the public sees now, and remember it.

    Raises:
        StoreFolderGoneError, StoreEmptiedError: nothing is there any more.
        StorePutBackError: this folder has seen a later state there, or another of that number.
        DiskError: it cannot be remembered.
    """
    public = look(store)
    require_ahead(config, store, public.ledger)
    return public


def require_ahead(config: Config, store: Store, ledger: Ledger | None) -> None:
    """Remember *ledger*, which lies in *store*, unless it is not what followed on what was seen.

    Raises:
        AnotherShowError: it is another show's.
        StoreFolderGoneError, StoreEmptiedError: nothing is there any more.
        StorePutBackError: this folder has seen a later state there, or another of that number.
        DiskError: it cannot be remembered.
    """
    require_same_show(config, store, ledger)
    if ledger is None:
        require_not_gone(config)
    seen = read_seen(config, ledger)
    if ledger is None:
        if seen is not None:
            raise StoreEmptiedError(seen=seen.seq)
        return
    if seen is not None and not _follows(store, ledger, seen):
        raise StorePutBackError(seen=seen.seq, found=ledger.seq)
    remember(config, ledger)


def require_not_gone(config: Config) -> None:
    """Refuse a folder as the store that was there, and is not: nothing is made in its place.

    Raises:
        StoreFolderGoneError: a disk is not connected, or somebody deleted the folder.
    """
    if not config.store.url.startswith("file:"):
        return
    folder, seen = folder_of(config.store.url, root=config.root), read_seen(config, None)
    if seen is not None and not folder.exists():
        raise StoreFolderGoneError(folder=folder, seen=seen.seq)


def read_seen(config: Config, ledger: Ledger | None) -> Seen | None:
    """Return the latest state that this folder saw in the store where *ledger* lies now, or None.

    A folder of an earlier ngopi has no such memory, only a copy of the ledger; that counts where
    it is of the same show.
    """
    place = _place(config.store)
    try:
        document = decode((config.scratch / _MEMORY).read_bytes())
        seen = adapter(Seen).validate_python(document)
        if not is_seq(seen.seq):
            raise ValueError(seen.seq)  # noqa: TRY301 - no state had that number
    except (OSError, ValueError):  # a memory that may be lost
        copy = seen_ledger(config.scratch)
        if copy is None or ledger is None or copy.guid != ledger.guid:
            return None
        return _seen(place, copy)
    return seen if seen.place == place else None


def remember(config: Config, ledger: Ledger) -> None:
    """Remember that this folder has seen *ledger* in its store.

    Raises:
        DiskError: it cannot be written.
    """
    new, old = _seen(_place(config.store), ledger), read_seen(config, None)
    if old is not None:
        new = replace(
            new,
            gone=union_of_gone(old.gone, new.gone),
            withdrawn=union_of_withdrawn(old.withdrawn, new.withdrawn),
        )
    path = config.scratch / _MEMORY
    if new != old:
        path.parent.mkdir(exist_ok=True)
        sweep(path)
        write_atomic(path, json.dumps(asdict(new)).encode())


def _seen(place: str, ledger: Ledger) -> Seen:
    return Seen(
        place=place,
        seq=ledger.seq,
        nonce=ledger.nonce,
        gone=ledger.gone,
        withdrawn=ledger.withdrawn,
    )


def _follows(store: Store, ledger: Ledger, seen: Seen) -> bool:
    if ledger.seq < seen.seq:
        return False
    if union_of_gone(seen.gone, ledger.gone) != ledger.gone:
        return False
    if union_of_withdrawn(seen.withdrawn, ledger.withdrawn) != ledger.withdrawn:
        return False
    if ledger.seq == seen.seq:
        return ledger.nonce == seen.nonce
    # What was current is kept in the history; where it is gone nobody can tell.
    kept = kept_ledger(store, seen.seq)
    return kept is None or kept.nonce == seen.nonce


def _place(settings: StoreSettings) -> str:
    """Return a name for the store that is the same as long as it is the same store."""
    told = "\n".join((settings.url, settings.endpoint or "", settings.preset or ""))
    return hashlib.sha256(told.encode()).hexdigest()[:32]
