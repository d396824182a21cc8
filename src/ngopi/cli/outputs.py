"""Where a command writes what a person asked for: looked at before the work, which may be long."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def require_output(path: Path, *, ending: str) -> None:
    """Refuse a file that does not say what it is, or cannot be written.

    Raises:
        OutputEndingError: its name does not end in *ending*, which is what is written.
        OutputFolderError: there is no such folder.
        OutputKindError: a folder, a pipe or a device has that name.
        DiskError: nothing may be written there.
    """
    from ngopi.errors import (
        DiskError,
        OutputEndingError,
        OutputFolderError,
        OutputKindError,
    )
    from ngopi.i18n import _

    if path.suffix.lower() != ending:
        raise OutputEndingError(path=path, ending=ending, example=path.with_suffix(ending))
    if not path.parent.is_dir():
        raise OutputFolderError(path=path, folder=path.parent)
    if path.exists() and not path.is_file():
        raise OutputKindError(path=path)
    if not os.access(path.parent, os.W_OK):
        raise DiskError(path=path, reason=_("writing is not allowed in that folder"))
