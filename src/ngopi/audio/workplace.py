"""A private folder beside what is being made: the next run knows whether its owner still lives."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ngopi.atomic import lock
from ngopi.errors import DiskError, LockedError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Held as long as the run lives; the system lets go of it, however the run ends.
_LOCK_NAME = ".ngopi.lock"


@contextlib.contextmanager
def private_folder(out: Path) -> Iterator[Path]:
    """Yield a new folder beside *out* that is gone in the end, with all that is in it.

    What runs left that were killed while they made the same *out* is removed.

    Raises:
        DiskError: the disk is full, the folder read-only, or the like.
    """
    _sweep(out)
    held = contextlib.ExitStack()
    try:
        folder = _held_folder(out, held)
    except OSError as error:
        raise DiskError(path=out, reason=error.strerror or error) from error
    try:
        yield folder
    finally:
        held.close()  # first: Windows removes no file that is open
        shutil.rmtree(folder, ignore_errors=True)


def _held_folder(out: Path, held: contextlib.ExitStack) -> Path:
    """Make a folder and leave its lock in *held*."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f".{out.stem}.", dir=out.parent))
        try:
            held.enter_context(lock(folder / _LOCK_NAME))
        except LockedError:  # another run looks whether anybody lives here
            continue
        except (DiskError, NotImplementedError):  # no locks on this disk: nobody sweeps there
            if folder.is_dir():
                return folder
            continue
        if folder.joinpath(_LOCK_NAME).exists():
            return folder
        held.close()  # it was swept before it was locked


def _sweep(out: Path) -> None:
    left = re.compile(rf"\.{re.escape(out.stem)}\.[a-z0-9_]{{8}}")
    try:
        names = os.listdir(out.parent)  # noqa: PTH208 - thousands, of which hardly one is looked at
    except OSError:  # whoever writes there says what is wrong
        return
    for folder in (out.parent / name for name in names if left.fullmatch(name)):
        with contextlib.suppress(OSError):  # killed before it was locked
            folder.rmdir()
        if folder.joinpath(_LOCK_NAME).is_file():
            with contextlib.suppress(LockedError, DiskError, NotImplementedError):
                _remove_if_left(folder)


def _remove_if_left(folder: Path) -> None:
    with lock(folder / _LOCK_NAME):
        shutil.rmtree(folder, ignore_errors=True)
    if os.name == "nt":  # what is locked is not removed there, nor is a folder that it lies in
        shutil.rmtree(folder, ignore_errors=True)
