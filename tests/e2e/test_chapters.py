"""Chapters on the command line: shown, drawn, and published with their episode."""

from __future__ import annotations

import json
import shutil

import pytest
from PIL import Image

from refusals import refused, told_and_left_alone
from speech import conversation, voice, write_wav

CHAPTERS = (
    'chapters = [{ start = "00:00", title = "Pembukaan" }, { start = "00:02", title = "Isi" }]'
)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write_wav(tmp_path_factory.mktemp("rekaman") / "rapat.wav", voice(4.0))


@pytest.fixture
def published(ngopi, show, recording):
    """A show with one public episode, which has no chapters."""
    assert ngopi("ingest", recording).status == 0
    return show


def add(show, *lines, slug="rapat"):
    path = show / "episodes" / slug / "episode.md"
    text = path.read_text(encoding="utf-8")
    above, fence, below = text.rpartition("+++")
    path.write_text("\n".join([f"{above}{lines[0]}", *lines[1:], fence + below]), "utf-8")
    return path


def test_show_tells_the_chapters_to_people_and_programs(ngopi, published):
    assert ngopi("show", "rapat", "--json").json["chapters"] == []
    add(published, CHAPTERS)

    told = ngopi("show", "rapat").out

    assert "chapter       00:00 Pembukaan\nchapter       00:02 Isi\n" in told
    assert ngopi("show", "rapat", "--json").json["chapters"] == [
        {"start_s": 0.0, "title": "Pembukaan"},
        {"start_s": 2.0, "title": "Isi"},
    ]


def test_chapters_are_published_once_with_their_episode(ngopi, published):
    """A colleague gets them; a plan that called them a change for ever would never end."""
    add(published, CHAPTERS)

    assert ngopi("publish", "--json").json["change"] == ["rapat"]

    assert ngopi("publish").out.startswith("Nothing to do")
    assert ngopi("check").status == 0
    [release] = [
        found
        for path in published.joinpath("public", "releases").iterdir()
        if (found := json.loads(path.read_bytes()))["format"] == 2
    ]
    assert release["episode"]["chapters"] == [
        {"start_s": 0.0, "title": "Pembukaan"},
        {"start_s": 2.0, "title": "Isi"},
    ]


def test_an_episode_with_chapters_is_published_like_any_other(ngopi, published, recording):
    other = published.parent / "lain.wav"
    write_wav(other, voice(4.0, seed=2))
    assert ngopi("ingest", other, "--no-publish").status == 0
    add(published, CHAPTERS, slug="lain")

    assert ngopi("publish", "--json").json["add"] == ["lain"]
    assert ngopi("publish").out.startswith("Nothing to do")


def test_new_chapters_want_a_new_yes(ngopi, published):
    """They are public with the episode, and were not in what the editor read."""
    config = published / "ngopi.toml"
    text = config.read_text("utf-8")
    config.write_text(text.replace("editor_required = false", "editor_required = true"), "utf-8")
    path = add(published, 'season = 2\nwriter = "Han"')
    assert ngopi("publish", "--json").json["waiting"] == ["rapat"]
    assert ngopi("approve", "rapat", "--as", "Sari").status == 0
    path.write_text(path.read_text("utf-8").replace("season", f"{CHAPTERS}\nseason", 1), "utf-8")

    assert ngopi("publish", "--json").json["waiting"] == ["rapat"]
    assert ngopi("approve", "rapat", "--as", "Sari").status == 0
    assert ngopi("publish", "--json").json["change"] == ["rapat"]


def test_pull_takes_no_chapters_away_that_nobody_published(ngopi, published):
    """Releases of an earlier ngopi have none, and a colleague's newer title takes none away."""
    path = published / "episodes/rapat/episode.md"
    ours = path.read_text("utf-8")
    path.write_text(ours.replace('title = "Rapat"', 'title = "Rapat besar"', 1), "utf-8")
    assert ngopi("publish", "--json").json["change"] == ["rapat"]
    path.write_text(ours, "utf-8")
    add(published, CHAPTERS)

    assert ngopi("pull", "--take", "theirs").status == 0

    text = path.read_text("utf-8")
    assert 'title = "Rapat besar"' in text
    assert CHAPTERS in text


def test_chapters_that_a_colleague_took_away_go(ngopi, published, tmp_path):
    add(published, CHAPTERS)
    assert ngopi("publish").status == 0
    path = published / "episodes/rapat/episode.md"
    ours = path.read_text("utf-8")
    colleague = shutil.copytree(published, tmp_path / "rekan")
    edit = colleague / "episodes/rapat/episode.md"
    edit.write_text(ours.replace(CHAPTERS, ""), "utf-8")
    store = f"file:{published / 'public'}"
    settings = colleague / "ngopi.toml"
    settings.write_text(settings.read_text("utf-8").replace("file:public", store), "utf-8")
    assert ngopi("--show", colleague, "publish", "--json").json["change"] == ["rapat"]

    assert ngopi("pull").out == "Brought up to date: rapat\n"

    assert "chapters" not in path.read_text("utf-8")


def test_new_audio_keeps_the_chapters(ngopi, published):
    path = add(published, CHAPTERS)
    other = published.parent / "lain.wav"
    write_wav(other, voice(5.0, seed=2))

    assert ngopi("ingest", other, "--episode", "rapat").status == 0

    assert CHAPTERS in path.read_text("utf-8")


def test_a_chapter_beyond_the_end_is_named_with_its_line(ngopi, published):
    path = add(published, "chapters = [", '  { start = "00:00", title = "Pembukaan" },',
               '  { start = "1:00:00", title = "Penutup" },', "]")  # fmt: skip
    line = path.read_text("utf-8").splitlines().index('  { start = "1:00:00", title = "Penutup" },')

    says = [f'episode.md:{line + 1}: chapter "Penutup" starts at 1:00:00, but the episode ends']
    refused(ngopi, published, "show", "rapat", status=65, code="bad-episode", says=says)
    told_and_left_alone(ngopi, published, "publish", says=says)


def test_without_audio_nobody_knows_the_end(ngopi, published):
    add(published, 'chapters = [{ start = "9:00:00", title = "Penutup" }]')
    published.joinpath("episodes", "rapat", "audio.toml").unlink()

    assert ngopi("show", "rapat").status == 0


# -- the picture ------------------------------------------------------------------------------

VIOLET = (0x7B, 0x61, 0xA8)


def drawn(ngopi, show):
    assert ngopi("show", "rapat", "--plot", "gambar.png").status == 0
    with Image.open(show / "gambar.png") as picture:
        return picture.convert("RGB")


@pytest.mark.parametrize(
    ("name", "code"),
    [("gambar.jpg", "output-ending"), ("gambar", "output-ending"),
     ("tidak/ada/gambar.png", "no-output-folder")],
)  # fmt: skip
def test_a_picture_that_cannot_be_written_so_is_refused(ngopi, published, name, code):
    run = ngopi("show", "rapat", "--plot", name, "--json")

    assert (run.out, run.error["code"]) == ("", code)
    assert not (published / name).exists()


def violet_columns(picture):
    """Return the columns in which a line of that colour runs through most of the picture."""
    width, height = picture.size
    pixels = picture.load()
    return [
        x
        for x in range(width)
        if sum(pixels[x, y] == VIOLET for y in range(0, height, 4)) > height / 4 / 3
    ]


def test_the_picture_has_a_line_where_each_chapter_begins(ngopi, published):
    assert violet_columns(drawn(ngopi, published)) == []
    add(published, CHAPTERS)

    columns = violet_columns(drawn(ngopi, published))

    # A line is two pixels wide. The second chapter begins in the middle of about four seconds.
    duration_s = ngopi("show", "rapat", "--json").json["duration_s"]
    first, second = columns[0], columns[-1]
    assert len(columns) in {2, 3, 4}
    assert (second - first) / (1440 - 190) == pytest.approx(2.0 / duration_s, abs=0.005)


def test_many_long_titles_are_drawn_without_complaint(ngopi, published):
    rows = ", ".join(
        f'{{ start = "00:0{n // 10}.{n % 10}", title = "Bab {n} 第一章 tentang pengawasan" }}'
        for n in range(1, 40)
    )
    add(published, f"chapters = [{rows}]")

    assert drawn(ngopi, published).size == (1600, 1120)


@pytest.mark.parametrize("language", ["en", "id"])
def test_a_picture_of_two_speakers_is_drawn_in_both_languages(
    ngopi, show, tmp_path, monkeypatch, language
):
    monkeypatch.setenv("NGOPI_LANG", language)
    talk = conversation([-20.0, -32.0], duration_s=18.0, channels=1)
    write_wav(tmp_path / "rapat.wav", talk)
    assert ngopi("ingest", tmp_path / "rapat.wav", "--no-publish").status == 0

    assert drawn(ngopi, show).getbbox() is not None
