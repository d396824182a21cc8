"""An editor's yes is to all that a listener gets: what is changed after it waits for another."""

from __future__ import annotations

import re
import shutil

import pytest
from PIL import Image

from prepared import make_show


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A show with a writer and the rule that an editor reads what he wrote."""
    show = make_show(tmp_path_factory.mktemp("prepared") / "show")
    edit(show / "ngopi.toml", "editor_required = false", "editor_required = true")
    edit(show / "episodes/satu/episode.md", "title =", 'writer = "Han"\ntitle =')
    return show


@pytest.fixture
def approved(ngopi, prepared, tmp_path, monkeypatch):
    """That show, read and heard by WG, and this process standing in it."""
    folder = shutil.copytree(prepared, tmp_path / "show")
    monkeypatch.chdir(folder)
    for what in ("ngopi.toml", "satu"):
        assert ngopi("approve", what, "--as", "WG").status == 0
    return folder


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def other_picture(path):
    Image.new("RGB", (1500, 1500), "navy").save(path, "JPEG")


def other_sound(show):
    """Another recording has taken the place of the one that was heard."""
    path = show / "episodes/satu/audio.toml"
    text = path.read_text("utf-8")
    old = re.findall(r'(?m)^sha256 = "(\w+)"', text)[0]
    sound = re.findall(r'(?m)^sound_sha256 = "(\w+)"', text)[0]
    edit(path, sound, sound[::-1])
    media = show / "media" / f"{old}.mp3"
    media.rename(media.with_stem(old[::-1]))
    edit(path, old, old[::-1])


CHANGES = {
    "a picture of its own": lambda show: other_picture(show / "episodes/satu/cover.jpg"),
    "another sound": other_sound,
    "other notes": lambda show: edit(
        show / "episodes/satu/episode.md", "\n+++\n", "\n+++\nBaru.\n"
    ),
    "a yes of the writer": lambda show: edit(show / "episodes/satu/approval.toml", "WG", "Han"),
    "a yes of the writer in capitals": lambda show: edit(
        show / "episodes/satu/approval.toml", "WG", "HAN"
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_after_the_yes_waits(ngopi, approved, change):
    CHANGES[change](approved)

    rehearsed = ngopi("publish", "--dry-run", "--json")

    assert (rehearsed.json["waiting"], rehearsed.json["add"]) == (["satu"], [])


def test_what_was_approved_is_published(ngopi, approved):
    assert ngopi("publish", "--dry-run", "--json").json["add"] == ["satu"]


def test_another_picture_of_the_show_waits_for_a_yes_to_it(ngopi, approved):
    other_picture(approved / "cover.jpg")

    assert ngopi("publish").status == 0
    assert not (approved / "public/ledger.json").exists()
    assert ngopi("approve", "ngopi.toml", "--as", "WG").status == 0
    assert ngopi("publish").status == 0
    assert (approved / "public/ledger.json").exists()
