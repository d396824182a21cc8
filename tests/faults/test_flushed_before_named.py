"""A power cut leaves whole files: each is on the disk before it gets its name, and so is its name.

What is written lies in the system's memory at first. A file that is renamed before it was flushed
can come back empty, under its right name; and a name that was not flushed can be gone.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from prepared import add_episode, make_show
from speech import voice, write_wav


@dataclass(kw_only=True)
class Disk:
    """What was flushed, with the size that it had then, and what was named: in this order."""

    flushed: dict[int, int] = field(default_factory=dict)
    unsafe: list[str] = field(default_factory=list)
    waiting: dict[int, str] = field(default_factory=dict)
    named: list[str] = field(default_factory=list)

    def flush(self, handle):
        found = os.fstat(handle)
        self.flushed[found.st_ino] = found.st_size
        self.waiting.pop(found.st_ino, None)

    def name(self, source, target):
        source, target = Path(source), Path(target)
        self.named.append(target.as_posix())
        for path in source.iterdir() if source.is_dir() else [source]:
            found = path.stat()
            if self.flushed.get(found.st_ino) != found.st_size:
                self.unsafe.append(f"{path} became {target} before it was flushed")
        self.waiting[target.parent.stat().st_ino] = f"a name that was not flushed: {target}"


@pytest.fixture
def disk(monkeypatch):
    """Watch the two calls by which a program flushes and names files."""
    watched, fsync, replace = Disk(), os.fsync, os.replace

    def flushing(handle):
        fsync(handle)
        watched.flush(handle)

    def naming(source, target, **more):
        watched.name(source, target)
        replace(source, target, **more)

    monkeypatch.setattr(os, "fsync", flushing)
    monkeypatch.setattr(os, "replace", naming)
    return watched


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture
def show(ngopi, prepared, tmp_path, monkeypatch):
    """A show with satu in public, and dua to come."""
    folder = shutil.copytree(prepared, tmp_path / "show")
    monkeypatch.chdir(folder)
    assert ngopi("publish").status == 0
    add_episode(folder, "dua", 1)
    return folder


@pytest.fixture
def retitled(show):
    path = show / "episodes" / "satu" / "episode.md"
    path.write_text(path.read_text("utf-8").replace('"Satu"', '"Satu lagi"'), "utf-8")


@pytest.fixture
def colleague(ngopi, show):
    """This folder lacks what a colleague has published."""
    assert ngopi("publish").status == 0
    for name in ("episodes", ".ngopi", "feeds"):
        shutil.rmtree(show / name)


@pytest.fixture
def recording(show):
    return write_wav(show / "rapat.wav", voice(4.0))


STEPS = (
    ("recording", ["ingest", "rapat.wav", "--no-publish"], [".mp3", "rapat"]),
    ("show", ["publish"], ["ledger.json", "feed.xml", "1.json", ".mp3"]),
    ("retitled", ["publish"], ["ledger.json", "feed.xml", ".mp3", "audio.toml"]),
    ("show", ["retract", "satu"], ["ledger.json", "feed.xml"]),
    ("colleague", ["pull"], ["satu", "dua"]),
)


@pytest.mark.parametrize(("state", "command", "named"), STEPS)
def test_nothing_gets_its_name_before_it_is_on_the_disk(
    ngopi, disk, request, show, state, command, named
):
    request.getfixturevalue(state)
    disk.named.clear()

    assert ngopi(*command).status == 0

    assert all(any(path.endswith(end) for path in disk.named) for end in named), disk.named
    assert disk.unsafe == []
    if os.name != "nt":  # a folder has no handle to flush there
        assert list(disk.waiting.values()) == []
