"""The file that is to be stored, read once and checked on the way."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ngopi.errors import SourceChangedError, SourceUnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file of this machine, whose SHA-256 is known, and the *key* it shall have in a store."""

    key: str
    path: Path
    sha256: str


def checked_blocks(
    path: Path, *, sha256: str, buffer: Callable[[], bytearray]
) -> Iterator[memoryview]:
    """Yield *path* piece by piece, each in what *buffer* returns and as long (the last: shorter).

    The check comes after the last piece: who stores them must drop them on an error.

    Raises:
        SourceChangedError: the bytes that were read are not those that *sha256* says.
        SourceUnreadableError: the file is gone or cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while True:
                whole = memoryview(buffer())
                block = whole[: file.readinto(whole)]
                if not block:
                    break
                digest.update(block)
                yield block
    except OSError as error:
        raise SourceUnreadableError(path=path, reason=error.strerror or error) from error
    if digest.hexdigest() != sha256:
        raise SourceChangedError(path=path)
