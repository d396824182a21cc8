"""Where a show is public: one protocol, a folder and S3-compatible stores behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ngopi.model import ObjectHead, StoreSettings
    from ngopi.store.abilities import Abilities
    from ngopi.store.source import Source

_MEMORY = ".ngopi"


class Store(Protocol):
    """Objects by key; keys are relative, ASCII, with ``/`` between their parts.

    Content-Type and Cache-Control follow from the key (an allow-list, ``kinds.py``): media,
    covers, releases and history are immutable, ledger.json and feed.xml are swapped. Any other
    key is refused (StoreKeyError) before the store is asked.

    Every method may raise: StoreUnreachableError, NoSuchBucketError, CredentialsMissingError,
    CredentialsRefusedError, ClockSkewError, StoreReadError and, when it writes, StoreWriteError
    or DiskError, LockedError and StoreLinkError.
    """

    @property
    def warnings(self) -> tuple[str, ...]:
        """What people should know of this store, as sentences; complete after the first write.

        Above all: that it cannot keep two publishers apart. Nothing is asked of the store.
        """
        ...

    def head(self, key: str) -> ObjectHead | None:
        """Return what is stored under *key*, or None."""
        ...

    def read(self, key: str) -> tuple[bytes, ObjectHead] | None:
        """Return a small object's bytes and head, both of one moment, or None."""
        ...

    def chunks(self, key: str) -> Iterator[bytes]:
        """Yield a large object's bytes, piece by piece.

        Raises:
            ObjectMissingError: nothing is there.
        """
        ...

    def add(
        self, key: str, path: Path, *, sha256: str, advance: Callable[[float], None]
    ) -> ObjectHead:
        """Store the file *path* for ever under *key*, unless the same is already there.

        *advance* is called with bytes done since. The head that comes back was read from
        the store after the write; what lay there already was read whole and hashed.

        Raises:
            ObjectTakenError: something else lies under *key*.
            SourceChangedError: the file is not the one that *sha256* says (it is not read at
                all when the object is there already).
            SourceUnreadableError: the file is gone.
            StoreVerifyError: the store keeps something else than it was sent.
        """
        ...

    def add_all(
        self, sources: Sequence[Source], *, advance: Callable[[float], None]
    ) -> dict[str, ObjectHead]:
        """Do `add` for all *sources*, whose keys differ; several at once if the store likes it.

        Returns what `add` returned, by key. *advance* is called from any thread, by one at a
        time. The first failure stops the others; what had landed of them is not sent again by
        the next run.

        Raises:
            NgopiError: the first failure, one of those of `add`.
        """
        ...

    def swap(self, key: str, data: bytes, *, expected: str | None) -> ObjectHead:
        """Replace *key* by *data* if its version still is *expected* (None: nothing is there).

        Raises:
            SwapConflictError: somebody else was faster; or this very write landed and the
                reply to it was lost, which only a look at the content can tell.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove *key*; nothing happens if it is not there."""
        ...

    def erase(self, key: str) -> None:
        """Remove *key* for good: every version that the store kept, and what was sent of it."""
        ...

    def heads(self, prefix: str) -> Iterator[ObjectHead]:
        """Yield what lies under *prefix*, in the order of the keys (sha256 may be None).

        Only keys of the allow-list: what else lies in the store is no business of ngopi, and
        so can never be cleaned away by it.
        """
        ...


class RealStore(Store, Protocol):
    """A store that is really there, and not a rehearsal."""

    def probe_abilities(self) -> Abilities:
        """Ask anew what the store can do; an S3 store gets scratch objects below probe/.

        Before its first write an S3 store does so by itself, unless it is remembered.
        """
        ...


def open_store(settings: StoreSettings, *, root: Path) -> RealStore:
    """Return the store that *settings* name; a ``file:`` path is relative to *root*.

    Nothing is asked of the store yet. What this machine must remember of an S3 store (its
    abilities, unfinished uploads) is kept in *root*/.ngopi.

    Raises:
        StoreAddressError: there can be no store of that address.
        StoreSecretError: the address holds a password or an access key.
        UnknownPresetError: no provider has the name that *settings.preset* says.
        EndpointMissingError: the preset needs an endpoint.
    """
    if settings.url.startswith("s3:"):
        from ngopi.store.s3 import S3Store

        return S3Store(settings, memory=root / _MEMORY)
    from ngopi.store.folder import FolderStore

    return FolderStore.of(settings, root=root)
