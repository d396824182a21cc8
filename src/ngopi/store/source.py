"""The file that is to be stored, read once and checked on the way."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ngopi.errors import SourceChangedError, SourceUnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def checked_blocks(path: Path, *, sha256: str, block_bytes: int) -> Iterator[bytes]:
    """Yield *path* in blocks of *block_bytes* (the last may be shorter).

    The check comes after the last block: who stores the blocks must drop them on an error.

    Raises:
        SourceChangedError: the bytes that were read are not those that *sha256* says.
        SourceUnreadableError: the file is gone or cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(block_bytes):
                digest.update(block)
                yield block
    except OSError as error:
        raise SourceUnreadableError(path=path, reason=error.strerror or error) from error
    if digest.hexdigest() != sha256:
        raise SourceChangedError(path=path)
