"""What ngopi itself wrote beside an episode; who publishes need not read all of it each time.

Most of an audio.toml is its certificate: an hour's turns and curve take TOML 10 ms to read, and
neither feed nor site shows them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from ngopi.atomic import sweep, write_atomic
from ngopi.errors import DiskError
from ngopi.i18n import _
from ngopi.model import Approval, AudioFile, Loudness, SourceFile
from ngopi.tomlfile import Problem, build, parse

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "audio-files.json"

# A later ngopi may read more out of the same bytes: what an earlier one made of them is not it.
_KNOWN_FIELDS = ",".join(f.name for kind in (AudioFile, Loudness, SourceFile) for f in fields(kind))

W = TypeVar("W", AudioFile, Approval)


class Recall:
    """Audio without its certificate, by the SHA-256 of the bytes of its audio.toml.

    The file itself is read each time, whatever its date: other bytes are never taken for it.
    *scratch* is the show's .ngopi; what lies there may be lost at any time.
    """

    def __init__(self, scratch: Path) -> None:
        self._path = scratch / _NAME
        self._known = _documents(self._path)
        self._used: dict[str, dict[str, Any]] = {}

    def find(self, data: bytes) -> AudioFile | None:
        """Return what a file with these bytes says; None if it was not seen before."""
        key = _key(data)
        document = self._known.get(key)
        audio = None if document is None else build(AudioFile, document, text="")[0]
        if document is not None and audio is not None:
            self._used[key] = document
        return audio

    def keep(self, data: bytes, audio: AudioFile) -> None:
        """Remember that *data* says *audio*, which has no certificate any more."""
        self._used[_key(data)] = asdict(audio)

    def save(self) -> None:
        """Write what was found or kept, if it is something else than lies there.

        Where that cannot be written, the next run only takes longer.
        """
        sweep(self._path)
        if self._used.keys() == self._known.keys():
            return
        with contextlib.suppress(OSError, DiskError):
            self._path.parent.mkdir(exist_ok=True)
            write_atomic(self._path, json.dumps(self._used, separators=(",", ":")).encode())


def _key(data: bytes) -> str:
    return hashlib.sha256(_KNOWN_FIELDS.encode() + b"\n" + data).hexdigest()


def _documents(path: Path) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):  # a memory that may be lost
        return {}
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        return {}
    return found


def read_audio(path: Path, recall: Recall | None) -> tuple[AudioFile | None, list[Problem]]:
    """Read an audio.toml; with *recall* without its certificate."""
    if recall is None:
        return read_written(AudioFile, path)
    data = _bytes_of(path)
    audio = None if data is None else recall.find(data)
    if data is None or audio is not None:
        return audio, []
    audio, problems = _understood(AudioFile, data)
    if audio is not None:
        audio = replace(audio, done=(), turns=(), curve=None)
        recall.keep(data, audio)
    return audio, problems


def read_written(kind: type[W], path: Path) -> tuple[W | None, list[Problem]]:
    """Read what ngopi wrote; nothing if it is not there."""
    data = _bytes_of(path)
    return (None, []) if data is None else _understood(kind, data)


def _bytes_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        return b"\xff"  # told as what it is to us: no text


def _understood(kind: type[W], data: bytes) -> tuple[W | None, list[Problem]]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None, [Problem(line=1, text=_("the file cannot be read as UTF-8 text"))]
    document, problems = parse(text)
    if problems:
        return None, problems
    return build(kind, document, text=text)
