"""A store that only remembers what would be written: publish's rehearsal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ngopi.model import ObjectHead
from ngopi.store.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ngopi.store import Store
    from ngopi.store.source import Source


class RehearsalStore:
    """Reads go to the real store, writes only to *written* (key and bytes of each)."""

    def __init__(self, real: Store) -> None:
        self._real = real
        self._data: dict[str, bytes] = {}
        self.written: dict[str, int] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What people should know of the real store."""
        return self._real.warnings

    def head(self, key: str) -> ObjectHead | None:
        """Return what would lie under *key*."""
        if key in self.written:
            return _head(key, self.written[key], None)
        return self._real.head(key)

    def read(self, key: str) -> tuple[bytes, ObjectHead] | None:
        """Return what would lie under *key*."""
        if key in self._data:
            data = self._data[key]
            return data, _head(key, len(data), None)
        return self._real.read(key)

    def chunks(self, key: str) -> Iterator[bytes]:
        """Yield what lies under *key* in the real store."""
        return self._real.chunks(key)

    def add(
        self, key: str, path: Path, *, sha256: str, advance: Callable[[float], None]
    ) -> ObjectHead:
        """Remember that *path* would be stored."""
        del advance
        self.written[key] = path.stat().st_size
        return _head(key, self.written[key], sha256)

    def add_all(
        self, sources: Sequence[Source], *, advance: Callable[[float], None]
    ) -> dict[str, ObjectHead]:
        """Remember that all *sources* would be stored; nothing was, so no version is known."""
        for source in sources:
            self.add(source.key, source.path, sha256=source.sha256, advance=advance)
        return {}

    def swap(self, key: str, data: bytes, *, expected: str | None) -> ObjectHead:
        """Remember that *key* would be replaced."""
        del expected
        self.written[key], self._data[key] = len(data), data
        return _head(key, len(data), None)

    def delete(self, key: str) -> None:
        """Remember nothing: publish deletes nothing."""
        self.written.pop(key, None)

    def erase(self, key: str) -> None:
        """Remember nothing: publish erases nothing."""
        self.delete(key)

    def heads(self, prefix: str) -> Iterator[ObjectHead]:
        """Yield what lies under *prefix* in the real store."""
        return self._real.heads(prefix)


def nothing_to_fetch(url: str, *, size_bytes: int) -> None:
    """Stand in for `reach.require_public`: what was not stored cannot be fetched yet."""
    del url, size_bytes


def _head(key: str, size_bytes: int, sha256: str | None) -> ObjectHead:
    return ObjectHead(
        key=key,
        size_bytes=size_bytes,
        sha256=sha256,
        version="rehearsal",
        media_type=kind_of(key).media_type,
    )
