"""What an earlier run made of the same bytes; who publishes need not make it again each time.

Most of an audio.toml is its certificate: an hour's turns and curve take TOML 10 ms to read, and
neither feed nor site shows them. Of ten thousand episodes hardly one is new.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ngopi.atomic import sweep, write_atomic
from ngopi.errors import DiskError
from ngopi.i18n import _
from ngopi.model import Approval, AudioFile, Episode
from ngopi.objections import audio_objections
from ngopi.reading import read_file
from ngopi.tomlfile import Problem, build, line_of, parse

if TYPE_CHECKING:
    from pydantic import TypeAdapter

V = TypeVar("V")
W = TypeVar("W", AudioFile, Approval)


class Memory(Generic[V]):
    """Values by a key that stands for all that they were made of.

    *path* may be lost at any time: what is damaged there, or was made by another ngopi or with
    another of its *libraries*, is not known. That is no defence against intent: who can write
    there can write the episodes too. Keys come from `key_of`.
    """

    def __init__(self, path: Path, kind: Any, *, libraries: tuple[str, ...]) -> None:  # noqa: ANN401 - any type that pydantic knows, generic ones too
        self._path = path
        self._adapter = _adapter(kind)
        self._made_by = f"{_this_ngopi()} {' '.join(map(version, libraries))}".encode()
        self._known = self._read()
        self._used: dict[str, V] = {}

    def find(self, key: str) -> V | None:
        """Return what is known under *key*; None if nothing is."""
        value = self._known.get(key)
        if value is not None:
            self._used[key] = value
        return value

    def keep(self, key: str, value: V) -> None:
        """Remember *value*."""
        self._used[key] = value

    def save(self) -> None:
        """Write what was found or kept, if it is something else than lies there.

        Where that cannot be written, the next run only takes longer.
        """
        sweep(self._path)  # a rehearsal holds no lock, and may lose its memory to this
        if self._used.keys() == self._known.keys():
            return
        body = self._adapter.dump_json(self._used)
        with contextlib.suppress(OSError, DiskError):
            self._path.parent.mkdir(exist_ok=True)
            write_atomic(self._path, self._seal(body) + b"\n" + body)

    def _read(self) -> dict[str, V]:
        try:
            seal, _newline, body = self._path.read_bytes().partition(b"\n")
            return self._adapter.validate_json(body) if seal == self._seal(body) else {}
        except (OSError, ValueError):
            return {}

    def _seal(self, body: bytes) -> bytes:
        return hashlib.sha256(self._made_by + b"\n" + body).hexdigest().encode()


class Recall:
    """What was made of the files of the folder episodes/ before.

    The files themselves are read each time, whatever their dates: other bytes are never taken for
    them. *audio*: without its certificate, by its audio.toml; *episodes*: by what
    `ngopi.catalogue` says; *releases*: the SHA-256 of their JSON, by what `ngopi.plan` says.
    *scratch* is the show's .ngopi.
    """

    def __init__(self, scratch: Path) -> None:
        self.audio = Memory[AudioFile](
            scratch / "audio-files.json", AudioFile, libraries=("pydantic",)
        )
        self.episodes = Memory[Episode](scratch / "episodes.json", Episode, libraries=("pydantic",))
        self.releases = Memory[str](scratch / "release-hashes.json", str, libraries=())

    def save(self) -> None:
        """Remember for the next run what this one used, and nothing else."""
        for memory in (self.audio, self.episodes, self.releases):
            memory.save()


def key_of(data: bytes, *beside: object) -> str:
    """Return a key for what is made of *data* and of all that lies *beside* it."""
    told = "\n".join(map(str, beside))
    return hashlib.sha256(f"{len(told)} {told}\n".encode() + data).hexdigest()


def _adapter(kind: Any) -> TypeAdapter[dict[str, Any]]:  # noqa: ANN401 - see Memory
    from pydantic import ConfigDict, TypeAdapter

    # Silence has -inf LUFS.
    return TypeAdapter(dict[str, kind], config=ConfigDict(ser_json_inf_nan="constants"))


@lru_cache(maxsize=1)
def _this_ngopi() -> str:
    """Return a hash of ngopi's own code: a later one may make more of the same bytes."""
    digest = hashlib.sha256(f"{version('ngopi')} {sys.version}".encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def read_audio(
    folder: Path, name: str, recall: Recall | None
) -> tuple[AudioFile | None, str, list[Problem]]:
    """Read the audio.toml *name*; with *recall* without its certificate, but with its key."""
    data = bytes_of(folder, name)
    if isinstance(data, Problem):
        return None, "", [data]
    if data is None:
        return None, "", []
    if recall is None:
        audio, problems = _understood(AudioFile, data)
        return audio, "", problems
    key = key_of(data)
    audio = recall.audio.find(key)
    if audio is not None:
        return audio, key, []
    audio, problems = _understood(AudioFile, data)
    if audio is not None:
        audio = replace(audio, done=(), turns=(), curve=None)
        recall.audio.keep(key, audio)
    return audio, key, problems


def read_written(kind: type[W], folder: Path, name: str) -> tuple[W | None, list[Problem]]:
    """Read what ngopi wrote; nothing if it is not there."""
    data = bytes_of(folder, name)
    if isinstance(data, Problem):
        return None, [data]
    return (None, []) if data is None else _understood(kind, data)


def bytes_of(folder: Path, name: str) -> bytes | Problem | None:
    """Return what lies in an episode's *folder*; None if nothing does."""
    try:
        # Twenty thousand times in a large show: Path would take a third of it.
        return read_file(f"{folder}/{name}", own=folder.parent.parent)
    except FileNotFoundError:
        return None
    except OSError as error:
        said = _("the file cannot be read: {reason}").format(reason=error.strerror or error)
        return Problem(line=1, text=said)


def _understood(kind: type[W], data: bytes) -> tuple[W | None, list[Problem]]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None, [Problem(line=1, text=_("the file cannot be read as UTF-8 text"))]
    document, problems = parse(text)
    if problems:
        return None, problems
    value, problems = build(kind, document, text=text)
    if isinstance(value, AudioFile):
        problems = [
            Problem(line=line_of(text, *where.split(".")), text=f'"{where}": {why}')
            for where, why in audio_objections(value)
        ]
    return (None, problems) if problems else (value, [])
