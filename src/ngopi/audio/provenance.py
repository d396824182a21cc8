"""What an episode was made of, by its content."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ngopi.atomic import sha256_of
from ngopi.audio.intake import Unchanged
from ngopi.model import SourceFile

if TYPE_CHECKING:
    from pathlib import Path

    from ngopi.model import Source

_IN_A_ROW = "parts:"


def source_file(source: Source) -> SourceFile:
    """Return the one file, or several as if they were one: of these the hash is over their hashes.

    The same files are something else as parts than as tracks.

    Raises:
        RecordingChangedError: somebody wrote to one meanwhile.
    """
    hashes = []
    for recording in source.files:
        with Unchanged(recording):
            hashes.append(sha256_of(recording.path))
    kind = _IN_A_ROW if len(source.parts) > 1 else ""
    together = hashlib.sha256((kind + "".join(hashes)).encode()).hexdigest()
    return SourceFile(
        name=" + ".join(_file_name(recording.path) for recording in source.files),
        sha256=hashes[0] if len(hashes) == 1 else together,
        size_bytes=size_bytes_of(source),
    )


def size_bytes_of(source: Source) -> int:
    """Return the size of all files together."""
    return sum(recording.size_bytes for recording in source.files)


def _file_name(path: Path) -> str:
    # A name on Linux may hold bytes that are no UTF-8, and TOML must be UTF-8.
    return path.name.encode(errors="replace").decode()
