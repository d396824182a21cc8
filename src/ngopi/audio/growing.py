"""A file that is read from front to end while somebody else still writes it."""

from __future__ import annotations

from threading import Condition
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path


class GrowingFile:
    """The reader's end: a read waits until there is something, the writer says when there is.

    The writer calls ``grown_to`` for what it has flushed and ``end`` when there is no more,
    whatever the reason. It changes no sound that was announced.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BufferedReader | None = None
        self._changed = Condition()
        self._size_bytes = self._position = 0
        self._ended = False

    def grown_to(self, size_bytes: int) -> None:
        """Announce the first *size_bytes* of the file."""
        with self._changed:
            self._size_bytes = size_bytes
            self._changed.notify()

    def end(self) -> None:
        """Announce that nothing more will come."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def read(self, size: int) -> bytes:
        """Return up to *size* bytes, nothing only at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._size_bytes > self._position)
            left = self._size_bytes - self._position
        if not left:
            return b""
        if self._file is None:
            self._file = self.path.open("rb")
        data = self._file.read(min(size, left))
        self._position += len(data)
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
