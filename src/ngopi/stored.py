"""Is exactly this file in the store? Read and hashed once, then known by its version.

In: a store and the files that a release is about to name. Out: yes, no, or an error. The
metadata of a store prove nothing: whoever may write there can write those too.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from ngopi.atomic import sweep, write_atomic
from ngopi.errors import DiskError, ObjectMissingError, ObjectTakenError, SwapConflictError
from ngopi.gate import decode
from ngopi.gone import earlier_keys
from ngopi.i18n import N_
from ngopi.tomlfile import adapter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ngopi.model import ObjectHead, Progress, StoredObject
    from ngopi.store import Store

READ = "read.json"


class Examined:
    """What this folder has read from a store or sent to it: by key, the version and its SHA-256.

    It is kept in *scratch* and may be lost: then the objects are read again.
    """

    def __init__(self, store: Store, scratch: Path) -> None:
        self._store = store
        self._path = scratch / READ
        self._known = _read(self._path)

    def has(self, thing: StoredObject) -> bool:
        """Say whether the very bytes of *thing* lie under its key; reads what it does not know.

        Raises:
            ObjectTakenError: other bytes lie there.
            SwapConflictError: it was replaced while it was read.
        """
        head = self._store.head(thing.key)
        if head is None:
            return False
        if self._sha256(head) != thing.sha256:
            raise ObjectTakenError(key=thing.key)
        return True

    def keep(self, heads: Mapping[str, ObjectHead]) -> None:
        """Remember what this run sent itself, as the store's answer named it.

        Raises:
            DiskError: it cannot be written.
        """
        new = {
            key: (head.version, head.sha256)
            for key, head in heads.items()
            if head.sha256 and head.sha256 != head.version  # see `_sha256`
        }
        if new:
            self._write(self._known | new)

    def _sha256(self, head: ObjectHead) -> str:
        if head.version == head.sha256:  # a folder's version is the hash of what was just read
            return head.version
        version, sha256 = self._known.get(head.key, ("", ""))
        if version != head.version:
            digest = hashlib.sha256()
            for chunk in self._store.chunks(head.key):
                digest.update(chunk)
            sha256 = digest.hexdigest()
            after = self._store.head(head.key)
            if after is None or after.version != head.version:
                raise SwapConflictError(key=head.key)
            self._write(self._known | {head.key: (head.version, sha256)})
        return sha256

    def _write(self, known: dict[str, tuple[str, str]]) -> None:
        if known == self._known:
            return
        self._known = known
        self._path.parent.mkdir(exist_ok=True)
        sweep(self._path)
        write_atomic(self._path, json.dumps(known, sort_keys=True, indent=0).encode())


def fetch(store: Store, thing: StoredObject, path: Path, *, progress: Progress) -> bool:
    """Write the very bytes of *thing* to *path*, whole or in part; say if it is whole.

    Where they do not lie under its key, they may still lie under an earlier one, which is gone:
    somebody has stored them ahead of their date while another called it gone.

    Raises:
        DiskError: they cannot be written.
    """
    path.parent.mkdir(exist_ok=True)
    keys = (thing.key, *earlier_keys(thing.key))
    with progress.step(N_("Downloading"), thing.size_bytes, unit="bytes") as advance:
        return any(_is_fetched(store, key, thing, path, advance) for key in keys)


def _is_fetched(
    store: Store, key: str, thing: StoredObject, path: Path, advance: Callable[[float], None]
) -> bool:
    digest, left_bytes = hashlib.sha256(), thing.size_bytes
    try:
        with path.open("wb") as file:
            for chunk in store.chunks(key):
                left_bytes -= len(chunk)
                if left_bytes < 0:
                    return False
                digest.update(chunk)
                file.write(chunk)
                advance(len(chunk))
    except ObjectMissingError:
        return False
    except OSError as error:
        raise DiskError(path=path, reason=error.strerror or error) from error
    return digest.hexdigest() == thing.sha256


def _read(path: Path) -> dict[str, tuple[str, str]]:
    try:
        known = decode(path.read_bytes())
        return adapter(dict[str, tuple[str, str]]).validate_python(known)
    except (OSError, ValueError):  # a memory that may be lost
        return {}
