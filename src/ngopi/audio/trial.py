"""Files that could end the process: they are tried in another one first.

PyAV 18 frees a channel order that is none of FFmpeg's own twice, and the C library ends whoever
does that. CAF and QuickTime files may state such an order; no other kind that is read here does.
Kinds that FFmpeg's own people seldom look at are always tried.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ngopi.audio.kinds import ASF, end_of_tags, is_gsm, is_transport_stream
from ngopi.codepath import code_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

# Of Apple's channel layout tags: mono, stereo, headphones, and a bit mask.
_HARMLESS = {tag.to_bytes(4, "big") for tag in (0x640001, 0x650002, 0x660002, 0x10000)}
# AMR, FLV, WMA; AVI has its name behind its length.
_SELDOM = (b"#!AMR", b"FLV", ASF)
_MOST_BYTES = 64 << 20  # of a QuickTime file's table of contents
_MOST_PARTS = 1000
_TRIAL = """
import sys
sys.path += sys.argv[2:]
from ngopi.audio.recording import rehearse
rehearse(sys.argv[1])
"""
_PATIENCE_S = 60


def survives(path: Path) -> bool:
    """Say whether looking at the file's sound leaves the process alive."""
    if not (_is_seldom(path) or _states_an_order(path)):
        return True
    try:
        run = subprocess.run(  # noqa: S603 - this Python, our own code, and a path as it is
            _command(path.absolute()),
            cwd=Path(sys.executable).parent,  # where a recording is, code may lie beside it
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return run.returncode == 0


def _command(path: Path) -> list[str]:
    """Return what tries *path* with this very ngopi, whatever lies around or stands in PYTHON*."""
    found = code_path(str(path.parent))
    return [sys.executable, "-I", "-S", "-c", _TRIAL, str(path), *found]


def _is_seldom(path: Path) -> bool:
    with contextlib.suppress(OSError), path.open("rb") as file:
        file.seek(end_of_tags(file, 0))
        head = file.read(1000)
        is_named = head[8:12] == b"AVI " or head.startswith(_SELDOM)
        return is_named or is_gsm(head) or is_transport_stream(head)
    return False


def _states_an_order(path: Path) -> bool:
    with contextlib.suppress(OSError, OverflowError), path.open("rb") as file:
        begin = end_of_tags(file, 0)
        file.seek(begin)
        head = file.read(12)
        if head.startswith(b"caff"):
            file.seek(begin + 8)
            return any(
                file.read(4) not in _HARMLESS for name in _caf_chunks(file) if name == b"chan"
            )
        if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}:
            file.seek(begin)
            return _contents_state_an_order(file)
    return False


def _caf_chunks(file: BinaryIO) -> Iterator[bytes]:
    for _ in range(_MOST_PARTS):
        header = file.read(12)
        if len(header) < 12:  # noqa: PLR2004 - a name, and the length in 8 bytes
            return
        begin, length = file.tell(), int.from_bytes(header[4:], "big", signed=True)
        yield header[:4]
        if length < 0:  # up to the end of the file
            return
        file.seek(begin + length)


def _contents_state_an_order(file: BinaryIO) -> bool:
    for _ in range(_MOST_PARTS):
        begin, header = file.tell(), file.read(16)
        length, name = int.from_bytes(header[:4], "big"), header[4:8]
        if length == 1:  # a long one
            length = int.from_bytes(header[8:16], "big")
        if name == b"moov":
            file.seek(begin)
            return _is_in(file.read(min(length or _MOST_BYTES, _MOST_BYTES)))
        if length < 8:  # noqa: PLR2004 - 0: up to the end of the file; else no file at all
            return False
        file.seek(begin + length)
    return False


def _is_in(contents: bytes) -> bool:
    if b"chnl" in contents:  # a newer way to say it
        return True
    at = contents.find(b"chan")
    while at >= 0:
        if contents[at + 8 : at + 12] not in _HARMLESS:
            return True
        at = contents.find(b"chan", at + 4)
    return False
