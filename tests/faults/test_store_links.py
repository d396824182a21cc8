"""A folder store keeps to its folder, and takes nothing for a link that is none."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ngopi.errors import StoreLinkError
from ngopi.store.folder import FolderStore
from system import needs_links

AUDIO = "audio/007-gayo-0123456789ab.mp3"


def ignore(units: float) -> None:
    """Nobody watches."""


@pytest.fixture
def short_audio(tmp_path):
    path = tmp_path / "short.mp3"
    path.write_bytes(b"kopi")
    return path, hashlib.sha256(b"kopi").hexdigest()


@needs_links
@pytest.mark.parametrize("name", ["audio", AUDIO])
def test_a_link_does_not_lead_out_of_the_folder(tmp_path, short_audio, name):
    path, sha256 = short_audio
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / "public" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere if name == "audio" else elsewhere / "lain.mp3")
    store = FolderStore(tmp_path / "public")

    with pytest.raises(StoreLinkError):
        store.add(AUDIO, path, sha256=sha256, advance=ignore)
    assert list(elsewhere.iterdir()) == []


@needs_links
def test_a_link_within_the_folder_is_followed(tmp_path, short_audio):
    """Whoever keeps the sound on another disk mounts it; a link inside is his own affair."""
    path, sha256 = short_audio
    (tmp_path / "public" / "suara").mkdir(parents=True)
    (tmp_path / "public" / "audio").symlink_to("suara")
    store = FolderStore(tmp_path / "public")

    store.add(AUDIO, path, sha256=sha256, advance=ignore)
    assert store.head(AUDIO).sha256 == sha256


@needs_links
def test_where_the_folder_itself_lies_is_no_question(tmp_path):
    """A folder may be a link that is turned while we look: nothing leads out of it for that.

    Windows answers in two ways, too, while a file comes into being and where a folder has a
    short name.
    """
    for place in ("satu", "dua"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "ledger.json").write_bytes(b"1")
    public = tmp_path / "public"
    public.symlink_to("satu")
    turning = threading.Event()

    def turn():
        turns = 0
        while not turning.is_set():
            turns += 1
            new = tmp_path / "baru"
            new.symlink_to(("satu", "dua")[turns % 2])
            new.replace(public)

    store = FolderStore(public)
    turner = threading.Thread(target=turn)
    turner.start()
    try:
        found = {store.read("ledger.json")[0] for _ in range(2000)}
    finally:
        turning.set()
        turner.join()

    assert found == {b"1"}


def test_many_who_add_the_same_at_once_find_no_link(tmp_path, short_audio):
    path, sha256 = short_audio
    public = tmp_path / "public"

    def add(_number):
        return FolderStore(public).add(AUDIO, path, sha256=sha256, advance=ignore).sha256

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(add, range(12))) == {sha256}
