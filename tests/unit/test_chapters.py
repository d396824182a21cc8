"""Chapters in an episode's front matter: read, refused with file and line, written again."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngopi.catalogue import read_catalogue
from ngopi.chapters import start_text
from ngopi.errors import CatalogueInvalidError
from ngopi.frontmatter import episode_text
from ngopi.model import Chapter, Episode

ZONE = ZoneInfo("Asia/Jakarta")


def episode_file(folder, *lines):
    """Write an episode whose line 4 is the first of *lines*."""
    folder.mkdir(parents=True, exist_ok=True)
    front = ["+++", 'guid = "g"', 'title = "Rapat"', *lines, "+++", ""]
    folder.joinpath("episode.md").write_text("\n".join(front), encoding="utf-8")


def chapters_of(tmp_path, *lines):
    episode_file(tmp_path / "rapat", *lines)
    (entry,) = read_catalogue(tmp_path, zone=ZONE)
    return entry.episode.chapters


def mistakes_of(tmp_path, *lines):
    with pytest.raises(CatalogueInvalidError) as caught:
        chapters_of(tmp_path, *lines)
    return str(caught.value)


def test_chapters_are_read_in_seconds(tmp_path):
    found = chapters_of(
        tmp_path,
        'chapters = [{ start = "00:00", title = "Pembukaan" }, { start = "12:30", title = "Isi" },',
        '  { start = "75:00.5", title = "Tanya jawab" }, { start = "2:00:01", title = "Penutup" }]',
    )

    assert found == (
        Chapter(start_s=0.0, title="Pembukaan"),
        Chapter(start_s=750.0, title="Isi"),
        Chapter(start_s=4500.5, title="Tanya jawab"),
        Chapter(start_s=7201.0, title="Penutup"),
    )


def test_an_episode_needs_no_chapters(tmp_path):
    assert chapters_of(tmp_path) == ()
    assert chapters_of(tmp_path, "chapters = []") == ()


def test_chapters_may_be_tables_of_their_own(tmp_path):
    lines = ("[[chapters]]", 'start = "00:05"', 'title = "Pembukaan"')

    assert chapters_of(tmp_path, *lines) == (Chapter(start_s=5.0, title="Pembukaan"),)


@pytest.mark.parametrize(
    "start", ['"12.30"', '"12:60"', '"1:60:00"', '"30"', '"-1:00"', '""', "750", "00:12:30"]
)
def test_a_start_that_is_no_time_is_named_with_its_line(tmp_path, start):
    told = mistakes_of(tmp_path, "chapters = [", f' {{ start = {start}, title = "Isi" }}]')

    assert 'rapat/episode.md:5: a chapter\'s "start" must be a time' in told


def test_every_mistake_has_the_line_of_its_chapter(tmp_path):
    told = mistakes_of(
        tmp_path,
        "chapters = [",
        '  { start = "00:10", title = "Pembukaan" },',
        '  { start = "00:10", title = "Isi" },',
        '  { start = "00:20", title = " " },',
        '  { start = "00:30", titel = "Penutup" },',
        "]",
    )

    assert told.splitlines()[-4:] == [
        '  rapat/episode.md:6: chapter "Isi" must start later than the one before it',
        "  rapat/episode.md:7: a chapter has no title",
        '  rapat/episode.md:8: "titel" is not a key that ngopi knows; did you mean "title"?',
        "  rapat/episode.md:8: a chapter has no title",
    ]


@pytest.mark.parametrize("written", ['"00:00 Pembukaan"', '["Pembukaan"]', '{ start = "00:00" }'])
def test_what_is_no_list_of_chapters_is_refused_with_an_example(tmp_path, written):
    told = mistakes_of(tmp_path, 'kind = "full"', f"chapters = {written}")

    assert 'rapat/episode.md:5: "chapters" must be a list, as in [{ start = ' in told


def test_without_a_start_the_line_is_that_of_the_list(tmp_path):
    told = mistakes_of(tmp_path, "chapters = [", '{ title = "Isi" }, ]')

    assert 'rapat/episode.md:4: a chapter\'s "start" must be a time' in told


titles = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1)
starts = st.lists(st.integers(0, 36_000_000), unique=True, max_size=8).map(sorted)


@given(starts.flatmap(lambda ms: st.tuples(st.just(ms), st.lists(titles, min_size=8, max_size=8))))
def test_what_is_written_is_read_again(tmp_path_factory, given_chapters):
    milliseconds, names = given_chapters
    chapters = tuple(
        Chapter(start_s=ms / 1000, title=name)
        for ms, name in zip(milliseconds, names, strict=False)
    )
    folder = tmp_path_factory.mktemp("acara") / "rapat"
    folder.mkdir()
    episode = Episode(slug="rapat", guid="g", title="Rapat", chapters=chapters)
    folder.joinpath("episode.md").write_text(episode_text(episode), encoding="utf-8")

    (entry,) = read_catalogue(folder.parent, zone=ZONE)

    assert entry.episode == replace(episode, notes=entry.episode.notes)


@pytest.mark.parametrize(
    ("start_s", "text"),
    [(0.0, "00:00"), (750.0, "12:30"), (3600.0, "1:00:00"), (0.25, "00:00.250")],
)
def test_a_start_is_written_as_people_say_it(start_s, text):
    assert start_text(start_s) == text
