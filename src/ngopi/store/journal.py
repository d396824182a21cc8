"""What a machine remembers of its unfinished uploads, so that the next run can go on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ngopi.atomic import sweep, write_atomic
from ngopi.errors import DiskError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedPart:
    """A part that the store has acknowledged; *md5* is the hex of what was sent."""

    etag: str
    md5: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload in parts that was begun; *parts* has the landed ones by number, from 1 on."""

    key: str
    sha256: str
    upload_id: str
    part_bytes: int
    parts: dict[int, LandedPart]


class Journal:
    """One upload's file in *folder*, named after the *place* it goes to; None keeps nothing.

    There is no secret in it: an upload's id is of use only to who has the access key.
    """

    def __init__(self, folder: Path | None, *, place: str) -> None:
        name = f"{hashlib.sha256(place.encode()).hexdigest()[:32]}.json"
        self._path = None if folder is None else folder / name

    @property
    def is_kept(self) -> bool:
        """Tell whether anything is remembered at all."""
        return self._path is not None

    def read(self) -> Upload | None:
        """Return the unfinished upload; None also where the file cannot be understood.

        What runs left that were killed while they wrote it is removed.
        """
        if self._path is None:
            return None
        sweep(self._path)
        if not self._path.is_file():
            return None
        from pydantic import TypeAdapter, ValidationError

        try:
            return TypeAdapter(Upload).validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return None  # damaged, or of another ngopi: what it named is sent anew

    def write(self, upload: Upload) -> None:
        """Remember *upload* in place of what was remembered.

        Raises:
            DiskError: the disk is full, the folder read-only, or the like.
        """
        if self._path is None:
            return
        remember(self._path, asdict(upload))

    def remove(self) -> None:
        """Forget the upload; nothing happens if there is none."""
        if self._path is None:
            return
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise DiskError(path=self._path, reason=error.strerror or error) from error


def remember(path: Path, fields: dict[str, object]) -> None:
    """Write *fields* as JSON to *path*, whole or not at all; its folder is made if need be.

    Raises:
        DiskError: the disk is full, the folder read-only, or the like.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(path=path, reason=error.strerror or error) from error
    write_atomic(path, json.dumps(fields, indent=1).encode())
