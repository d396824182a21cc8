"""Two folders of one show: what is remembered of their agreement undoes nobody's work.

A folder remembers with which release it agreed last. Remembered too eagerly, an old text passes for
a change and is published over a colleague's; not remembered, a change passes for a clash.
"""

from __future__ import annotations

import re
import shutil

import feedparser
import pytest
from PIL import Image

from forged import release_of
from prepared import add_episode, make_show


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture
def team(ngopi, prepared, tmp_path, monkeypatch):
    """Ani's and Budi's folders and one store, where "satu" is public and both agree with it."""
    monkeypatch.setenv("NGOPI_STORE_URL", f"file:{(tmp_path / 'pub').as_posix()}")
    for who in ("ani", "budi"):
        shutil.copytree(prepared, tmp_path / who)

    def run(who, *argv):
        monkeypatch.setenv("NGOPI_WHO", who)
        return ngopi("--json", "--show", tmp_path / who, *argv)

    for who in ("ani", "budi"):
        assert run(who, "publish").status == 0
    return run


def change(tmp_path, who, old, new, *, slug="satu"):
    path = tmp_path / who / "episodes" / slug / "episode.md"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def title(tmp_path, slug="satu"):
    return release_of(tmp_path / "pub", slug)["episode"]["title"]


def test_an_old_text_stays_old_however_often_its_folder_publishes(team, tmp_path):
    """Publishing something else does not mean that one agrees with what one has not read."""
    change(tmp_path, "budi", '"Satu"', '"Satu, diperbaiki"')
    assert team("budi", "publish").json["changed"]

    for number, slug in enumerate(("dua", "tiga"), start=1):
        add_episode(tmp_path / "ani", slug, number)
        assert team("ani", "publish").json["add"] == [slug]
        assert title(tmp_path) == "Satu, diperbaiki"
    assert not team("ani", "publish").json["changed"]
    assert title(tmp_path) == "Satu, diperbaiki"


def test_who_gave_way_once_gives_way_the_next_time_too(team, tmp_path):
    change(tmp_path, "budi", '"Satu"', '"Satu oleh Budi"')
    assert team("budi", "publish").status == 0
    change(tmp_path, "ani", '"Satu"', '"Satu oleh Ani"')
    assert team("ani", "publish", "--take", "theirs").status == 0

    again = team("ani", "publish")

    assert again.status in (0, 65, 75)
    assert title(tmp_path) == "Satu oleh Budi"


def test_a_pull_leaves_a_change_that_waits_here(team, tmp_path):
    change(tmp_path, "ani", '"Satu"', '"Satu, belum terbit"')
    before = (tmp_path / "ani/episodes/satu/episode.md").read_bytes()

    pulled = team("ani", "pull").json

    assert pulled["updated"] == []
    assert (tmp_path / "ani/episodes/satu/episode.md").read_bytes() == before
    assert team("ani", "publish").json["change"] == ["satu"]
    assert title(tmp_path) == "Satu, belum terbit"


def test_what_was_pulled_can_be_changed_and_published(team, tmp_path):
    for new in ("Satu A", "Satu B"):
        change(tmp_path, "budi", 'title = "', f'title = "{new} ')
        assert team("budi", "publish").status == 0
    assert team("ani", "pull").json["updated"] == ["satu"]
    change(tmp_path, "ani", 'title = "', 'title = "Ani: ')

    run = team("ani", "publish")

    assert run.status == 0, run
    assert title(tmp_path).startswith("Ani: Satu B")


def test_a_file_with_a_mistake_does_not_come_back_as_a_change(team, tmp_path):
    """A pull could not read it, so it agreed with nothing."""
    change(tmp_path, "budi", '"Satu"', '"Satu, diperbaiki"')
    assert team("budi", "publish").status == 0
    change(tmp_path, "ani", 'title = "Satu"', 'title = "Satu')
    assert team("ani", "pull").json["unreadable"] == ["satu"]
    change(tmp_path, "ani", 'title = "Satu', 'title = "Satu"')

    team("ani", "publish")

    assert title(tmp_path) == "Satu, diperbaiki"
    assert team("ani", "pull").json["updated"] == ["satu"]


def test_a_picture_that_is_not_the_one_that_was_published_does_not_come_in(team, tmp_path):
    """It is a picture, and a good one, but nobody published it."""
    shutil.copy(tmp_path / "budi/cover.jpg", tmp_path / "budi/episodes/satu/cover.jpg")
    assert team("budi", "publish").status == 0
    key = release_of(tmp_path / "pub", "satu")["cover"]["key"]
    Image.new("RGB", (1500, 1500), "navy").save(tmp_path / "pub" / key, "JPEG")

    pulled = team("ani", "pull")

    assert (pulled.status, pulled.error["code"]) == (65, "bad-release"), pulled
    assert key in pulled.error["message"]
    assert not (tmp_path / "ani/episodes/satu/cover.jpg").exists()


def test_sound_that_is_nowhere_is_named_and_nothing_changes(team, tmp_path):
    add_episode(tmp_path / "ani", "dua", 1)
    text = (tmp_path / "ani/episodes/dua/audio.toml").read_text("utf-8")
    media = re.findall(r'(?m)^sha256 = "(\w+)"', text)[0] + ".mp3"
    (tmp_path / "ani" / "media" / media).unlink()

    run = team("ani", "publish")

    assert (run.status, run.error["code"]) == (66, "media-missing"), run
    assert media in run.error["message"]
    feed = feedparser.parse((tmp_path / "pub/feed.xml").read_bytes())
    assert [item.title for item in feed.entries] == ["Satu"]
