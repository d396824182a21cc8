"""Characters that turn or hide text: seen by who reads and confirms, and kept out of the feed."""

from __future__ import annotations

import re
import shutil

import pytest

from conftest import INIT
from ngopi.__main__ import main
from speech import voice, write_wav

HIDDEN = ("\u202e", "\u202a", "\u2066", "\u2069", "\u200b", "\ufeff", "\u00ad", "\u2060", "\u180e",
          "\u3164", "\U000e0041")  # fmt: skip
# Emoji that are joined, a flag of tags, Persian with its joiners, Arabic and Hebrew marks.
FLAG = "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"
LEGITIMATE = (
    "Ngopi \U0001f469\u200d\U0001f469\u200d\U0001f467 \u2615\ufe0f",
    f"Cymru {FLAG}",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "\u0645\u0631\u062d\u0628\u0627\u200f 5",
    "\u05e2\u05d1\u05e8\u05d9\u05ea\u200e!",
)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write_wav(tmp_path_factory.mktemp("rekaman") / "rapat.wav", voice(4.0))


@pytest.fixture(scope="module")
def published(tmp_path_factory, recording):
    """A show with one public episode, to be copied."""
    folder = tmp_path_factory.mktemp("terbit") / "show"
    said = ("--title", "Rapat", "--people", "Rani")
    for argv in (("init", folder, *INIT), ("--show", folder, "ingest", recording, *said)):
        assert main([str(argument) for argument in argv]) == 0
    return folder


@pytest.fixture
def rapat(published, show):
    """The file of its episode."""
    shutil.copytree(published, show, dirs_exist_ok=True)
    return show / "episodes" / "rapat" / "episode.md"


def feed_of(show):
    return show.joinpath("feeds", "ngopi-bawaslu.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize("letter", HIDDEN, ids=lambda letter: f"{ord(letter):04X}")
def test_what_nobody_sees_is_shown_to_who_confirms_and_not_published(ngopi, show, rapat, letter):
    text = rapat.read_text(encoding="utf-8")
    text = text.replace('"Rapat"', f'"Ra{letter}pat"').replace('"Rani"', f'"Ra{letter}ni"')
    rapat.write_text(text, encoding="utf-8")

    seen = ngopi("show", "rapat").out
    program = ngopi("--json", "show", "rapat")
    assert f"Ra⟨U+{ord(letter):04X}⟩pat" in seen
    assert f"Ra⟨U+{ord(letter):04X}⟩ni" in seen
    assert letter not in seen + program.out
    assert program.json["title"] == f"Ra{letter}pat"
    assert ngopi("publish").status == 0
    assert letter not in feed_of(show)
    assert "<title>Rapat</title>" in feed_of(show)


def test_neither_notes_nor_summaries_nor_the_shows_words_hide_any(ngopi, show, rapat):
    hidden, joined = "".join(HIDDEN), LEGITIMATE[0]
    front = rapat.read_text(encoding="utf-8").replace(
        "title =", f'summary = "Ring{hidden}kasan {joined}"\ntitle =', 1
    )
    rapat.write_text(f"{front}\nCa{hidden}tatan {joined}\n", encoding="utf-8")
    settings = show / "ngopi.toml"
    words = re.sub(
        r"(?m)^description = .*", f'description = "Aca{hidden}ra"', settings.read_text("utf-8")
    )
    settings.write_text(words, "utf-8")

    assert ngopi("publish").status == 0

    feed = feed_of(show)
    assert [letter for letter in HIDDEN if letter in feed] == []
    assert f"Ringkasan {joined}" in feed
    assert f"Catatan {joined}" in feed
    assert "Acara" in feed


def test_a_title_given_on_the_command_line_loses_them(ngopi, show, recording):
    made = ngopi("ingest", recording, "--title", f"Ra{''.join(HIDDEN)}pat", "--json")

    assert made.json["title"] == "Rapat"


@pytest.mark.parametrize("title", HIDDEN, ids=lambda letter: f"{ord(letter):04X}")
def test_a_title_of_nothing_that_is_seen_is_empty(ngopi, show, recording, title):
    assert ngopi("ingest", recording, "--title", title, "--json").error["code"] == "empty-title"


@pytest.mark.parametrize("title", LEGITIMATE)
def test_emoji_and_scripts_that_need_them_keep_theirs(ngopi, show, recording, title):
    made = ngopi("ingest", recording, "--title", title, "--json")

    assert made.json["title"] == title
    assert f"<title>{title}</title>" in feed_of(show)


@pytest.mark.parametrize("title", LEGITIMATE[:3])
def test_what_is_joined_is_shown_joined(ngopi, show, recording, title):
    slug = ngopi("ingest", recording, "--title", title, "--no-publish", "--json").json["slug"]

    assert title in ngopi("show", slug).out


def test_a_joiner_between_latin_letters_hides_and_goes(ngopi, show, recording):
    made = ngopi("ingest", recording, "--title", "Ra\u200dpa\u200ct", "--json")

    assert made.json["title"] == "Rapat"


ESCAPES = ("\x1b[2J", "\x1b]0;x\x07", "\x9b31m", "\x9d0;x\x9c", "\x7f", "\x08")


@pytest.mark.parametrize("escape", ESCAPES, ids=ascii)
def test_nothing_moves_the_terminal(ngopi, show, rapat, tmp_path, escape):
    """Wherever it comes from: a file that people write, a feed, the store, the command line."""
    text = rapat.read_text(encoding="utf-8")
    toml = "".join(f"\\u{ord(letter):04x}" if not letter.isalnum() else letter for letter in escape)
    rapat.write_text(text.replace('"Rapat"', f'"Ra{toml}pat"'), encoding="utf-8")
    feed = tmp_path / "feed.xml"
    feed.write_text(feed_of(show).replace(">Rapat<", f">{escape}<"), encoding="utf-8")

    for argv in (
        ("list",), ("show", "rapat"), ("publish",), ("history",), ("check", feed), ("show", escape),
        ("check", f"https://{escape}"), ("measure", f"{escape}.wav"), ("lis" + escape,),
        ("list", f"--{escape}"), ("retract", escape),
    ):  # fmt: skip
        for run in (ngopi(*argv), ngopi("--json", *argv)):
            assert run.status != 70, run.err
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", run.out + run.err), argv
