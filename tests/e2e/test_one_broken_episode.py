"""One episode whose files have mistakes stops itself, and not the show."""

from __future__ import annotations

import shutil

import pytest

from ngopi.__main__ import main
from prepared import add_episode, guid_of, make_show
from speech import voice, write_wav


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    show = make_show(tmp_path_factory.mktemp("terbit") / "show")
    add_episode(show, "dua", 2)
    assert main(["--show", str(show), "publish"]) == 0
    return show


@pytest.fixture
def shop(published, tmp_path, monkeypatch):
    show = tmp_path / "show"
    shutil.copytree(published, show)
    monkeypatch.chdir(show)
    return show


def spoil(show, slug="satu", name="episode.md"):
    """Put a mistake into the third line of a file; return what is said of it."""
    path = show / "episodes" / slug / name
    lines = path.read_text("utf-8").split("\n")
    lines.insert(2, "title: tanpa tanda kutip")
    path.write_text("\n".join(lines), "utf-8")
    return f"{slug}/{name}:3: "


def told(run, where):
    return run.error["code"] == "bad-episode" and where in run.error["message"]


def test_the_others_are_listed_and_the_broken_one_is_told(ngopi, shop):
    where = spoil(shop)

    for command in ("list", "schedule"):
        run = ngopi(command, "--json")
        assert run.status == 65
        assert told(run, where)
    assert [entry["slug"] for entry in ngopi("list", "--json").json] == ["dua"]


def test_the_others_are_published_and_the_broken_one_stays_public(ngopi, shop):
    add_episode(shop, "tiga", 3)
    where = spoil(shop)

    rehearsed = ngopi("publish", "--dry-run", "--json")
    done = ngopi("publish", "--json")

    for run in (rehearsed, done):
        assert run.status == 65
        assert told(run, where)
        assert (run.json["add"], run.json["unknown"]) == (["tiga"], [])
    feed = shop.joinpath("public", "feed.xml").read_text("utf-8")
    assert all(guid_of(shop, slug) in feed for slug in ("satu", "dua", "tiga"))


def test_who_asks_about_another_gets_it_and_a_warning(ngopi, shop, tmp_path):
    where = spoil(shop)
    recording = write_wav(tmp_path / "rapat.wav", voice(2.0))

    for command in (
        ("show", "dua"),
        ("ingest", recording, "--no-publish"),
        ("approve", "dua", "--as", "WG"),
    ):
        run = ngopi(*command, "--json")
        assert run.status == 0, run
        assert where in run.err
        assert '"warning"' in run.err
    assert where in ngopi("show", "dua").err


def test_who_asks_about_it_is_told_its_lines(ngopi, shop, tmp_path):
    where = spoil(shop)
    recording = write_wav(tmp_path / "rapat.wav", voice(2.0))

    for command in (
        ("show", "satu"), ("approve", "satu", "--as", "WG"), ("replace", "satu", recording),
        ("ingest", recording, "--episode", "satu"),
    ):  # fmt: skip
        run = ngopi(*command, "--json")
        assert (run.status, told(run, where)) == (65, True), (command, run)


def test_its_recording_does_not_become_a_second_episode(ngopi, shop, published):
    recording = published.with_suffix(".wav")
    shutil.rmtree(shop / "episodes" / "dua")  # which is made of the same
    where = spoil(shop)

    run = ngopi("ingest", recording, "--json")

    assert (run.status, told(run, where)) == (65, True)
    assert sorted(path.name for path in shop.joinpath("episodes").iterdir()) == ["satu"]


def test_what_cannot_be_known_to_be_garbage_is_kept(ngopi, shop):
    where = spoil(shop)

    run = ngopi("gc", "--delete", "--yes", "--json")

    assert (run.status, told(run, where)) == (65, True)


@pytest.mark.parametrize("name", ["episode.md", "audio.toml", "approval.toml"])
def test_theirs_repairs_it(ngopi, shop, name):
    shop.joinpath("episodes", "satu", "approval.toml").write_text(
        f'by = "WG"\nat = 2026-01-01T00:00:00+07:00\nsha256 = "{"0" * 64}"\n', "utf-8"
    )
    where = spoil(shop, name=name)
    spoiled = shop.joinpath("episodes", "satu", name).read_bytes()

    left = ngopi("pull", "--json")
    repaired = ngopi("pull", "--take", "theirs", "--json")

    assert (left.status, told(left, where), left.json["unreadable"]) == (65, True, ["satu"])
    assert "ngopi pull --take theirs" in left.error["hint"]
    assert (repaired.status, repaired.json["updated"]) == (0, ["satu"]), repaired
    assert [entry["state"] for entry in ngopi("list", "--json").json] == ["published"] * 2
    assert not ngopi("publish", "--json").json["changed"]
    assert shop.joinpath("episodes", "satu", f"{name}.broken").read_bytes() == spoiled


def test_one_that_was_never_public_is_left_to_whoever_wrote_it(ngopi, shop):
    add_episode(shop, "tiga", 3)
    where = spoil(shop, "tiga")
    text = shop.joinpath("episodes", "tiga", "episode.md").read_text("utf-8")

    run = ngopi("pull", "--take", "theirs", "--json")

    assert (run.status, told(run, where)) == (65, True)
    assert shop.joinpath("episodes", "tiga", "episode.md").read_text("utf-8") == text


# -- letters that look like the end of a line ---------------------------------------------

SEPARATORS = [
    "\u2028",
    "\u2029",
    "\x85",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x1d",
    "\x1e",
    "\u202e",
    "\u200b",
    "\r",
]


@pytest.mark.parametrize("letter", SEPARATORS, ids=lambda letter: f"{ord(letter):04x}")
def test_a_title_with_any_separator_is_read_again_by_colleagues(ngopi, shop, tmp_path, letter):
    path = shop / "episodes" / "satu" / "episode.md"
    text = path.read_text("utf-8").replace('"Satu"', f'"Satu\\u{ord(letter):04x}dua"')
    path.write_text(text.replace("+++\n\n", "+++\n\nBaris\n"), "utf-8")
    assert ngopi("publish", "--json").json["change"] == ["satu"]
    other = tmp_path / "budi"
    shutil.copytree(shop, other, ignore=shutil.ignore_patterns("episodes", ".ngopi", "public"))
    settings = other / "ngopi.toml"
    store = shop.joinpath("public").as_posix()
    settings.write_text(
        settings.read_text("utf-8").replace('"file:public"', f"'file:{store}'"), "utf-8"
    )

    assert ngopi("--show", other, "pull", "--json").json["added"] == ["dua", "satu"]
    listed = ngopi("--show", other, "list", "--json")

    assert listed.status == 0, listed
    assert f"Satu{letter}dua" in [entry["title"] for entry in listed.json]
    assert not ngopi("--show", other, "publish", "--json").json["changed"]
    written = other.joinpath("episodes", "satu", "episode.md").read_bytes()
    assert letter.encode() not in written.partition(b"\n+++\n")[0] or letter == "\r"


def test_a_separator_in_the_file_itself_is_a_letter_and_lines_are_counted_as_editors_do(
    ngopi, shop
):
    path = shop / "episodes" / "satu" / "episode.md"
    text = path.read_text("utf-8").replace('"Satu"', '"Sa\u2028tu"').replace("+++\n", "+++\n", 1)
    path.write_text(text, "utf-8")
    assert ngopi("list", "--json").status == 0
    line = text.split("\n").index(
        next(each for each in text.split("\n") if each.startswith("kind"))
    )
    path.write_text(text.replace('kind = "full"', 'kind = "penuh"'), "utf-8")

    assert f"satu/episode.md:{line + 1}: " in ngopi("list", "--json").error["message"]


def test_files_whose_lines_end_with_other_separators_go_on_working(ngopi, shop):
    path = shop / "episodes" / "satu" / "episode.md"
    text = path.read_text("utf-8").replace('\ntitle = "Satu"\n', '\u2028title = "Satu"\u2028')
    path.write_text(text, "utf-8")

    assert ngopi("list", "--json").status == 0
