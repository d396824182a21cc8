"""A clash is where two people changed the same field: all else survives, whoever comes second."""

from __future__ import annotations

import json
import re
import shutil

import feedparser
import pytest
from PIL import Image

from prepared import FIRST, add_episode, make_show

EPISODE = f"episodes/{FIRST}/episode.md"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture
def team(ngopi, prepared, tmp_path, monkeypatch):
    """Ani's and Budi's folders of one show, in which "satu" is public."""
    ani = shutil.copytree(prepared, tmp_path / "ani")
    edit(ani / "ngopi.toml", "file:public", f"file:{tmp_path / 'pub'}")

    def run(who, *argv):
        monkeypatch.setenv("NGOPI_WHO", who)
        return ngopi("--show", tmp_path / who, *argv)

    assert run("ani", "publish").status == 0
    shutil.copytree(ani, tmp_path / "budi")
    return run


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def item(tmp_path):
    [found] = feedparser.parse((tmp_path / "pub/feed.xml").read_bytes()).entries
    return found


def released(tmp_path):
    ledger = json.loads((tmp_path / "pub/ledger.json").read_bytes())
    [entry] = ledger["entries"]
    return json.loads((tmp_path / f"pub/releases/{entry['release']}.json").read_bytes())


def apart(tmp_path):
    """Budi gives the episode a title and a summary; Ani gives it a writer and notes."""
    edit(tmp_path / "budi" / EPISODE, 'title = "Satu"', 'title = "Baru"\nsummary = "Ringkas"')
    path = tmp_path / "ani" / EPISODE
    edit(path, "title =", '# catatan Ani\nwriter = "Ani"\ntitle =')
    path.write_text(path.read_text("utf-8") + "\nCatatan Ani.\n", "utf-8")


def assert_both(tmp_path):
    episode = released(tmp_path)["episode"]
    assert (episode["title"], episode["summary"]) == ("Baru", "Ringkas")
    assert (episode["writer"], episode["notes"]) == ("Ani", "Catatan Ani.")
    assert item(tmp_path).title == "Baru"


@pytest.mark.parametrize("take", [(), ("--take", "ours"), ("--take", "theirs")])
def test_different_fields_of_an_episode_are_both_published(team, tmp_path, take):
    apart(tmp_path)
    assert team("budi", "publish").status == 0

    done = team("ani", "publish", *take)

    assert done.status == 0, done.err
    assert '"satu" was changed by budi too' in done.err
    assert "summary, title" in done.err
    assert_both(tmp_path)
    text = (tmp_path / "ani" / EPISODE).read_text("utf-8")
    assert "# catatan Ani" in text
    assert 'title = "Baru"' in text
    assert team("ani", "publish").out.startswith("Nothing to do")
    assert "Brought up to date: satu" in team("budi", "pull").out
    assert team("budi", "publish").out.startswith("Nothing to do")


def test_a_rehearsal_says_what_would_come_together_and_writes_nothing(team, tmp_path):
    apart(tmp_path)
    assert team("budi", "publish").status == 0
    before = (tmp_path / "ani" / EPISODE).read_bytes()

    done = team("ani", "publish", "--dry-run", "--json")

    assert (done.status, done.json["merged"], done.json["change"]) == (0, ["satu"], ["satu"])
    assert (tmp_path / "ani" / EPISODE).read_bytes() == before
    assert released(tmp_path)["episode"]["writer"] is None


def test_a_pull_puts_both_together_here_and_a_publish_then_there(team, tmp_path):
    apart(tmp_path)
    assert team("budi", "publish").status == 0
    assert "in different places" in team("ani", "doctor").out

    done = team("ani", "pull")

    assert done.out == '"satu" was changed here and by a colleague: both changes are here now\n'
    assert team("ani", "publish", "--json").json["change"] == ["satu"]
    assert_both(tmp_path)


def test_ours_is_taken_where_both_changed_a_field_and_nowhere_else(team, tmp_path):
    """To keep one's title is no reason to undo a colleague's summary."""
    apart(tmp_path)
    edit(tmp_path / "ani" / EPISODE, 'title = "Satu"', 'title = "Punya Ani"')
    assert team("budi", "publish").status == 0
    assert team("ani", "publish", "--json").error["code"] == "clash"

    assert team("ani", "publish", "--take", "ours").status == 0

    episode = released(tmp_path)["episode"]
    assert (episode["title"], episode["summary"]) == ("Punya Ani", "Ringkas")
    assert (episode["writer"], episode["notes"]) == ("Ani", "Catatan Ani.")


def test_new_sound_and_new_words_are_both_published(team, tmp_path):
    edit(tmp_path / "budi" / EPISODE, 'title = "Satu"', 'title = "Baru"')
    add_episode(tmp_path / "ani", "dua", 1)
    shutil.copyfile(tmp_path / "ani/episodes/dua/audio.toml",
                    tmp_path / "ani/episodes/satu/audio.toml")  # fmt: skip
    audio = tmp_path / "ani/episodes/satu/audio.toml"
    text = re.sub(r"(?m)^sound_sha256 = .*", "", audio.read_text("utf-8"))
    audio.write_text(re.sub(r"(?m)^gain_db = .*", "gain_db = 1.5", text, count=1), "utf-8")
    shutil.rmtree(tmp_path / "ani/episodes/dua")
    assert team("budi", "publish").status == 0

    done = team("ani", "publish")

    assert done.status == 0, done.err
    assert item(tmp_path).title == "Baru"
    assert released(tmp_path)["audio"]["gain_db"] == 1.5


def test_a_colleagues_cover_comes_beside_a_change_here_and_goes_again(team, tmp_path):
    Image.new("RGB", (1400, 1400), "navy").save(tmp_path / "budi/episodes/satu/cover.jpg")
    assert team("budi", "publish").status == 0
    edit(tmp_path / "ani" / EPISODE, 'title = "Satu"', 'title = "Baru"')

    assert team("ani", "publish").status == 0

    assert released(tmp_path)["cover"]
    assert (tmp_path / "ani/episodes/satu/cover.jpg").is_file()
    (tmp_path / "ani/episodes/satu/cover.jpg").unlink()
    assert team("ani", "publish").status == 0
    assert team("budi", "pull").status == 0
    assert not (tmp_path / "budi/episodes/satu/cover.jpg").exists()
    assert team("budi", "publish").out.startswith("Nothing to do")


# -- the show -----------------------------------------------------------------------------------


def test_different_fields_of_the_show_are_both_published_and_written_down(team, tmp_path):
    edit(tmp_path / "budi/ngopi.toml", 'author = "Humas"', 'author = "Humas Kota"')
    Image.new("RGB", (1400, 1400), "navy").save(tmp_path / "budi/cover.jpg")
    assert team("budi", "publish").status == 0
    edit(tmp_path / "ani/ngopi.toml", 'title = "Ngopi"', 'title = "Ngopi Bareng" # baru')

    done = team("ani", "publish")

    assert done.status == 0, done.err
    assert "author, cover" in done.err
    feed = feedparser.parse((tmp_path / "pub/feed.xml").read_bytes()).feed
    assert (feed.title, feed.author) == ("Ngopi Bareng", "Humas Kota")
    settings = (tmp_path / "ani/ngopi.toml").read_text("utf-8")
    assert 'title = "Ngopi Bareng" # baru' in settings
    assert 'author = "Humas Kota"' in settings
    covers = [(tmp_path / who / "cover.jpg").read_bytes() for who in ("ani", "budi")]
    assert covers[0] == covers[1]
    assert team("ani", "publish").out.startswith("Nothing to do")


# -- addresses ------------------------------------------------------------------------------------


ELSEWHERE = 'public_url = "http://localhost:8000"'


def move(tmp_path, who):
    path = tmp_path / who / "ngopi.toml"
    path.write_text(re.sub(r"(?m)^public_url = .*", ELSEWHERE, path.read_text("utf-8")), "utf-8")


def test_a_store_that_moved_makes_no_episode_a_changed_one(team, tmp_path):
    before = released(tmp_path)
    move(tmp_path, "ani")

    done = team("ani", "publish", "--json").json

    assert (done["change"], done["keep"], done["changed"]) == ([], ["satu"], True)
    assert released(tmp_path) == before
    assert item(tmp_path).enclosures[0].href.startswith("http://localhost:8000/audio/")
    assert not team("ani", "publish", "--json").json["changed"]


@pytest.mark.parametrize("forgotten", [False, True])
@pytest.mark.parametrize("take", [(), ("--take", "ours")])
def test_whoever_only_moved_undoes_nobodys_work(team, tmp_path, forgotten, take):
    edit(tmp_path / "budi" / EPISODE, 'title = "Satu"', 'title = "Dari Budi"')
    assert team("budi", "publish").status == 0
    move(tmp_path, "ani")
    if forgotten:
        shutil.rmtree(tmp_path / "ani/.ngopi")

    done = team("ani", "publish", *take)

    assert done.status == 0, done.err
    assert item(tmp_path).title == "Dari Budi"
    assert item(tmp_path).enclosures[0].href.startswith("http://localhost:8000/")
    assert "Brought up to date: satu" in team("ani", "pull").out
    assert not team("ani", "publish", "--json").json["changed"]


def test_one_moves_the_store_and_another_names_the_show(team, tmp_path):
    edit(tmp_path / "budi/ngopi.toml", 'title = "Ngopi"', 'title = "Ngopi Bareng"')
    assert team("budi", "publish").status == 0
    move(tmp_path, "ani")

    assert team("ani", "publish").status == 0

    feed = feedparser.parse((tmp_path / "pub/feed.xml").read_bytes())
    assert feed.feed.title == "Ngopi Bareng"
    assert feed.entries[0].enclosures[0].href.startswith("http://localhost:8000/")


def test_whoever_was_not_told_of_the_move_does_not_take_it_back(team, tmp_path):
    move(tmp_path, "ani")
    assert team("ani", "publish").status == 0
    edit(tmp_path / "budi" / EPISODE, 'title = "Satu"', 'title = "Dari Budi"')

    assert team("budi", "publish").status == 0

    assert item(tmp_path).title == "Dari Budi"
    assert item(tmp_path).enclosures[0].href.startswith("http://localhost:8000/")
    edit(tmp_path / "budi/ngopi.toml", 'author = "Humas"', 'author = "Humas Kota"')
    assert team("budi", "publish").status == 0
    assert item(tmp_path).enclosures[0].href.startswith("http://localhost:8000/")
    assert ELSEWHERE in (tmp_path / "budi/ngopi.toml").read_text("utf-8")
