"""Where two people changed the same, each is told all that differs, and enough of it to see how."""

from __future__ import annotations

import re
import shutil

import pytest

from prepared import add_episode, make_show


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A show of one episode, nothing of it public."""
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture
def team(ngopi, prepared, tmp_path, monkeypatch):
    """Ani's and Budi's folders, who both have what is public: satu."""
    ani, budi = tmp_path / "ani", tmp_path / "budi"
    shutil.copytree(prepared, ani)
    edit(ani / "ngopi.toml", "file:public", f"file:{(tmp_path / 'pub').as_posix()}")

    def run(who, *argv):
        monkeypatch.setenv("NGOPI_WHO", who)
        return ngopi("--show", tmp_path / who, *argv)

    assert run("ani", "publish").status == 0
    shutil.copytree(ani, budi)
    return run


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def said(run):
    return [line for line in run.err.splitlines() if line.startswith("  ")]


LONG = "Obrolan tentang pengawasan pemilu di kelurahan, bersama panitia dan warga, bagian "


@pytest.mark.parametrize(
    ("here", "there", "line"),
    [
        ('writer = "Ani"', 'writer = "Budi"', "  writer: here Ani, public Budi"),
        ("explicit = true", "explicit = false", "  explicit: here true, public false"),
        (
            'people = [{ name = "Rani", role = "host" }]',
            'people = [{ name = "Rani", role = "guest" }]',
            "  people: here Rani (host), public Rani (guest)",
        ),
        ("number = 2", "number = 3", "  number: here 2, public 3"),
        (
            f'summary = "{LONG}satu"',
            f'summary = "{LONG}dua"',
            "  summary: here …a dan warga, bagian satu, public …a dan warga, bagian dua",
        ),
    ],
    ids=["writer", "explicit", "role", "number", "long"],
)
def test_each_field_of_an_episode_is_told(team, tmp_path, here, there, line):
    path = "episodes/satu/episode.md"
    edit(tmp_path / "budi" / path, "title =", f"{there}\ntitle =")
    edit(tmp_path / "budi" / path, 'title = "Satu"', 'title = "Satu lagi"')
    assert team("budi", "publish").status == 0
    edit(tmp_path / "ani" / path, "title =", f"{here}\ntitle =")
    edit(tmp_path / "ani" / path, 'title = "Satu"', 'title = "Satu lagi"')

    clash = team("ani", "publish")

    assert clash.status == 75
    assert said(clash) == [line]
    assert team("ani", "pull").out.splitlines()[1:] == [line]


def test_another_master_of_equal_length_is_told_as_such(team, tmp_path):
    """What two people made of one recording."""
    for who, slug in (("budi", "dua"), ("ani", "tiga")):
        add_episode(tmp_path / who, slug, 1)
        audio = tmp_path / who / "episodes" / slug / "audio.toml"
        shutil.copyfile(audio, tmp_path / who / "episodes/satu/audio.toml")
        shutil.rmtree(audio.parent)
    assert team("budi", "publish").status == 0

    assert said(team("ani", "publish")) == ["  audio: another file, as long as this one"]


def test_each_field_of_the_show_is_told_and_who_changed_it(team, tmp_path):
    """Budi's change of the show lies two states back by now, and the last is Ani's."""
    add_episode(tmp_path / "budi", "dua", 1)
    assert team("budi", "publish").status == 0
    edit(tmp_path / "budi/ngopi.toml", 'author = "Humas"', 'author = "Humas Kota"')
    assert team("budi", "publish").status == 0
    for slug in ("tiga", "empat"):
        add_episode(tmp_path / "ani", slug, 2)
        assert team("ani", "publish").status == 0
    edit(tmp_path / "ani/ngopi.toml", 'author = "Humas"', 'author = "Panitia"')
    edit(tmp_path / "ani/ngopi.toml", "explicit = false", "explicit = true")

    clash = team("ani", "publish")

    assert clash.status == 75
    assert re.search(r"changed here in ngopi\.toml, and by budi on \d{4}", clash.err)
    assert said(clash)[-2:] == [
        "  author: here Panitia, public Humas Kota",
        "  explicit: here true, public false",
    ]


def test_who_lets_the_colleagues_show_stay_is_told_how_to_have_it(team, tmp_path):
    edit(tmp_path / "budi/ngopi.toml", 'author = "Humas"', 'author = "Humas Kota"')
    assert team("budi", "publish").status == 0
    edit(tmp_path / "ani/ngopi.toml", 'author = "Humas"', 'author = "Panitia"')

    gave_way = team("ani", "publish", "--take", "theirs")

    assert gave_way.status == 0
    assert gave_way.out.startswith("Nothing was published: ")
    assert "copy their ngopi.toml and cover into this folder" in gave_way.err
    shutil.copyfile(tmp_path / "budi/ngopi.toml", tmp_path / "ani/ngopi.toml")
    assert team("ani", "publish").out.startswith("Nothing to do: ")


# -- the show's own data, pulled ----------------------------------------------------------------


def pulled_show(run):
    return [line for line in run.out.splitlines() if line.startswith("  ")]


def test_a_pull_says_in_what_the_public_show_differs_and_leaves_the_file_alone(team, tmp_path):
    edit(tmp_path / "ani" / "ngopi.toml", 'title = "Ngopi"', 'title = "Ngopi Bareng"')
    assert team("ani", "publish").status == 0
    before = (tmp_path / "budi" / "ngopi.toml").read_bytes()

    done = team("budi", "pull")

    assert done.status == 0
    assert "ngopi.toml was left alone" in done.out
    assert pulled_show(done) == ["  title: here Ngopi, public Ngopi Bareng"]
    assert re.search(r"its cover: http://\S+/covers/show-\w{12}\.jpg$", done.err.strip())
    assert team("budi", "pull", "--json").json["show"] == pulled_show(done)
    assert "dibiarkan" in team("budi", "--lang", "id", "pull").out
    assert (tmp_path / "budi" / "ngopi.toml").read_bytes() == before


def test_a_pull_tells_a_clash_about_the_show_too(team, tmp_path):
    edit(tmp_path / "ani" / "ngopi.toml", 'author = "Humas"', 'author = "Humas A"')
    edit(tmp_path / "budi" / "ngopi.toml", 'author = "Humas"', 'author = "Humas B"')
    assert team("ani", "publish").status == 0

    assert pulled_show(team("budi", "pull")) == ["  author: here Humas B, public Humas A"]


def test_a_pull_is_silent_about_a_show_that_only_this_folder_changed(team, tmp_path):
    """It is no colleague's: the next publish brings it out."""
    edit(tmp_path / "budi" / "ngopi.toml", 'title = "Ngopi"', 'title = "Ngopi Bareng"')

    assert team("budi", "pull").out.startswith("Nothing to do: ")
    assert team("budi", "pull", "--json").json["show"] == []


def test_a_pull_needs_no_cover_of_its_own(team, tmp_path):
    (tmp_path / "budi" / "cover.jpg").unlink()
    assert team("budi", "pull").out.startswith("Nothing to do: ")
    edit(tmp_path / "ani" / "ngopi.toml", 'title = "Ngopi"', 'title = "Ngopi Bareng"')
    assert team("ani", "publish").status == 0

    assert pulled_show(team("budi", "pull")) == ["  title: here Ngopi, public Ngopi Bareng"]
