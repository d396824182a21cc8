"""Shows whose episodes are made already, so that only their publishing is left to look at."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import uuid
from types import MappingProxyType
from typing import TYPE_CHECKING

import speech
from ngopi.catalogue import read_catalogue
from ngopi.config import load_config
from ngopi.retag import renew_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FIRST = "satu"


def make_show(folder: Path) -> Path:
    """Make a show with one episode of a second, mastered and not public."""
    recording = folder.with_suffix(".wav")
    speech.write_wav(recording, speech.voice(1.2, rms_dbfs=-24.0, channels=1, seed=1), 48_000)
    ngopi = [sys.executable, "-m", "ngopi"]
    for command in (
        ["init", folder, "--title", "Ngopi", "--author", "Humas"],
        ["--show", folder, "ingest", recording, "--title", "Satu", "--no-publish",
         "--published", "2024-01-01T10:00:00+07:00"],
    ):  # fmt: skip
        subprocess.run([*ngopi, *command], check=True, capture_output=True)
    return folder


def add_episode(
    show: Path,
    slug: str,
    number: int,
    *,
    padding_bytes: int = 0,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Add an episode of the same sound but other bytes, so many more, and return its guid.

    *environment* is that of the publish, whose public address stands in the tags.
    """
    source = show / "episodes" / FIRST
    audio = source.joinpath("audio.toml").read_text("utf-8")
    old = re.findall(r'^sha256 = "(\w+)"', audio, re.MULTILINE)[0]
    # Players skip what is behind the last frame.
    data = show.joinpath("media", f"{old}.mp3").read_bytes() + f"{slug}".encode()
    data += bytes(padding_bytes)
    new = hashlib.sha256(data).hexdigest()
    show.joinpath("media", f"{new}.mp3").write_bytes(data)
    folder = show / "episodes" / slug
    folder.mkdir()
    audio = re.sub(r"(?m)^size_bytes = .*", f"size_bytes = {len(data)}", audio, count=1)
    folder.joinpath("audio.toml").write_text(audio.replace(old, new, 1), "utf-8")
    guid = str(uuid.uuid5(uuid.NAMESPACE_URL, slug))
    text = source.joinpath("episode.md").read_text("utf-8")
    for key, value in (
        ("guid", f'"{guid}"'),
        ("title", f'"{slug.title()}"'),
        ("published", f"2024-02-01T10:{number // 60 % 60:02}:{number % 60:02}+07:00"),
    ):
        text = re.sub(rf"(?m)^{key} = .*", f"{key} = {value}", text)
    folder.joinpath("episode.md").write_text(text, "utf-8")
    _tag(show, slug, environment)
    return guid


def _tag(show: Path, slug: str, environment: Mapping[str, str]) -> None:
    """Give an episode's file the tags of its words, as a publish would."""
    config = load_config(show, environment=environment)
    (entry,) = (
        entry
        for entry in read_catalogue(config.episodes, zone=config.zone)
        if entry.episode.slug == slug
    )
    assert entry.audio is not None
    untagged = config.media / f"{entry.audio.sha256}.mp3"
    assert renew_file(config, entry, untagged)
    untagged.unlink()


def copy_without_episodes(show: Path, folder: Path) -> Path:
    """Copy a show as a colleague has it who knows of no episode but the first."""
    shutil.copytree(show, folder, ignore=shutil.ignore_patterns("public", ".ngopi", "feeds"))
    return folder


def guid_of(show: Path, slug: str) -> str:
    """Return the guid that an episode's file says."""
    text = show.joinpath("episodes", slug, "episode.md").read_text("utf-8")
    return re.findall(r'(?m)^guid = "([^"]+)"', text)[0]
