"""Files as people name them, read without waiting for ever: pipes, devices and links are told."""

from __future__ import annotations

import errno
import os
import stat
from functools import lru_cache
from pathlib import Path

from ngopi.i18n import _

TEXT_BYTES = 16 << 20
"""More than anybody writes; an audio.toml of a day has a third of it."""

_MOUNT_POINT = 0xA0000003
_CHUNK_BYTES = 1 << 20
_O_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
# Who opens a pipe that nobody writes to waits for ever, unless he says that he will not.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


def read_file(path: str | Path, *, limit_bytes: int = TEXT_BYTES, own: Path | None = None) -> bytes:
    """Return what lies in a file.

    *own* is a show's folder: a link that leads out of it is refused.

    Raises:
        OSError: there is none, it is no file on a disk, is too big, or cannot be read; its
            strerror says so in the language that is set.
    """
    handle = _open_own(path, own) if own is not None else _open(path, _FLAGS)
    try:
        fault = kind_fault(os.fstat(handle))
        if fault is not None:
            raise OSError(errno.EINVAL, fault, str(path))
        parts, left = [], limit_bytes + 1
        while left and (part := os.read(handle, min(left, _CHUNK_BYTES))):
            parts.append(part)
            left -= len(part)
    finally:
        os.close(handle)
    if not left:
        said = _("it has more than {limit} MB").format(limit=limit_bytes >> 20)
        raise OSError(errno.EFBIG, said, str(path))
    return b"".join(parts)


def leads_out(path: str | Path, own: Path) -> bool:
    """Say whether *path* is a link, or a folder mounted so, that leads out of the folder *own*."""
    if not (os.path.islink(path) or _is_junction(path)):  # noqa: PTH114 - thousands of them
        return False
    # Not Path.resolve(): of links that lead to each other, it has no answer on Python 3.11.
    here, home = (Path(os.path.realpath(each)) for each in (path, own))
    return not here.is_relative_to(home)


def leads_out_below(own: Path, name: str) -> bool:
    """Say whether a link anywhere along *name*, as in "audio/satu.mp3", leads out of *own*.

    Only links are followed. Where a name that is none leads to is no question, and whoever asks
    Windows gets two answers: one while a file comes into being, or where a folder has a short
    name (``RUNNER~1``), and another later.
    """
    path = own
    for part in name.split("/"):
        path /= part
        if leads_out(path, own):
            return True
    return False


def kind_fault(found: os.stat_result) -> str | None:
    """Return what something is that is no file on a disk; None for a file."""
    if stat.S_ISREG(found.st_mode):
        made_up = found.st_dev in _system_devices()
        return _("the system makes it up; it is no file on a disk") if made_up else None
    kinds = (
        (stat.S_ISDIR, _("it is a folder")),
        (stat.S_ISFIFO, _("it is a pipe")),
        (stat.S_ISSOCK, _("it is a socket")),
    )
    return next((said for is_kind, said in kinds if is_kind(found.st_mode)), _("it is a device"))


def _open_own(path: str | Path, own: Path) -> int:
    if _O_NOFOLLOW:
        try:
            return _open(path, _FLAGS | _O_NOFOLLOW)
        except OSError as error:
            if error.errno not in {errno.ELOOP, errno.EMLINK}:
                raise
    if leads_out(path, own):
        said = _("it is a link that leads out of the show's folder")
        raise OSError(errno.ELOOP, said, str(path))
    return _open(path, _FLAGS)


def _open(path: str | Path, flags: int) -> int:
    try:
        return os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, _("it is a socket"), str(path)) from error
        raise


def _is_junction(path: str | Path) -> bool:
    """Say whether Windows leads from *path* to another folder; os.path asks from Python 3.12 on."""
    try:
        return getattr(os.lstat(path), "st_reparse_tag", 0) == _MOUNT_POINT
    except (OSError, ValueError):
        return False


@lru_cache(maxsize=1)
def _system_devices() -> frozenset[int]:
    places = (place for place in ("/proc", "/sys") if os.path.ismount(place))
    return frozenset(os.stat(place).st_dev for place in places)  # noqa: PTH116 - a name of the system
