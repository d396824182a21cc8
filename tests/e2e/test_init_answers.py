"""`ngopi init`: each answer is looked at where it is given, and nothing half-made ever stays."""

from __future__ import annotations

import io
import os
import signal
import sys

import pytest

from conftest import INIT


class Screen(io.StringIO):
    def isatty(self):
        return True


class Keyboard(Screen):
    """Answers line by line; an exception among them is raised instead."""

    def __init__(self, answers):
        super().__init__()
        self.answers = list(answers)

    def readline(self, *_):
        answer = self.answers.pop(0) if self.answers else ""
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def asked(ngopi, tmp_path, monkeypatch):
    """Run init as somebody at a terminal who types *answers*; return the run and the screen."""

    def run(*answers, argv=()):
        keyboard, screen = Keyboard(answers), Screen()
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdin", keyboard)
            patched.setattr(sys, "stderr", screen)
            done = ngopi("init", tmp_path / "baru", *argv)
        return done, screen.getvalue(), keyboard.answers

    return run


GOOD = ("Ngopi\n", "Bawaslu\n", "id\n", "\n", "Asia/Makassar\n", "https://siniar.example\n")


def test_good_answers_make_a_show(asked, ngopi, tmp_path):
    run, screen, left = asked(*GOOD)

    assert (run.status, left) == (0, [])
    assert "Error" not in screen
    text = (tmp_path / "baru" / "ngopi.toml").read_text(encoding="utf-8")
    for said in ('"Bawaslu"', '"Government"', '"Asia/Makassar"', '"https://siniar.example"'):
        assert said in text


@pytest.mark.parametrize(
    ("place", "bad", "says"),
    [
        (0, "  \n", "title"),
        (1, "\x1b\x07\n", "author"),
        (2, "indonesia\n", "language"),
        (2, "Bahasa Indonesia\n", "language"),
        (3, "Pemerintah\n", "category"),
        (4, "WIB\n", "Asia/Jakarta"),
        (4, "../../etc/passwd\n", "timezone"),
        (5, "bawaslu.go.id\n", "https://"),
        (5, "http://bawaslu.go.id\n", "https://"),
        (5, "https://a:b@bawaslu.go.id\n", "https://"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_at_once_and_asked_again(
    asked, tmp_path, place, bad, says
):
    """The others are kept: nobody types them twice."""
    run, screen, left = asked(*GOOD[:place], bad, bad, *GOOD[place:])

    assert (run.status, left) == (0, [])
    refusals = screen.split("Error: ")[1:]  # nobody's Enter stands on this screen
    assert len(refusals) == 2
    assert says in refusals[0]
    assert "\x1b" not in screen
    text = (tmp_path / "baru" / "ngopi.toml").read_text(encoding="utf-8")
    assert 'title = "Ngopi"' in text
    assert 'public_url = "https://siniar.example"' in text


@pytest.mark.parametrize("kept", range(6))
@pytest.mark.parametrize("end", [KeyboardInterrupt(), ""], ids=["Ctrl-C", "end of input"])
def test_who_stops_leaves_nothing(asked, tmp_path, kept, end):
    run, _screen, _left = asked(*GOOD[:kept], end)

    assert run.status == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--title", " ", '"title" is empty'),
        ("--author", "", '"author" is empty'),
        ("--language", "indonesia", '"language"'),
        ("--language", "", '"language"'),
        ("--category", "Pemerintah", "Government"),
        ("--category", "", '"category"'),
        ("--timezone", "WIB", "Asia/Jakarta"),
        ("--timezone", "", '"timezone"'),
        ("--public-url", "bawaslu.go.id", "https://"),
        ("--public-url", "", '"public_url"'),
        ("--store", "ftp://x", "s3://BUCKET/PREFIX"),
        ("--store", "", '"store"'),
        ("--email", "bukan-alamat", "humas@example.org"),
        ("--email", "", '"email"'),
    ],
)
def test_what_the_command_line_says_is_checked_before_anything_is_asked_or_made(
    asked, ngopi, tmp_path, option, value, says
):
    run = ngopi("init", tmp_path / "baru", *INIT, option, value, "--json")
    person, screen, left = asked(*GOOD, argv=(option, value))

    assert (run.status, run.error["code"]) == (78, "bad-answers")
    assert says in run.error["message"]
    assert person.status == 78
    assert says in screen
    assert left == list(GOOD)
    assert list(tmp_path.iterdir()) == []


def test_all_that_cannot_be_is_told_at_once(ngopi, tmp_path):
    run = ngopi("init", tmp_path / "baru", *INIT, "--timezone", "WIB", "--language", "x", "--json")

    assert '"timezone"' in run.error["message"]
    assert '"language"' in run.error["message"]


@pytest.mark.skipif(os.name == "nt", reason="folders are closed otherwise there")
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_stays_as_it_was(ngopi, tmp_path):
    closed = tmp_path / "tutup"
    closed.mkdir(mode=0o500)

    assert ngopi("init", closed / "a" / "b", *INIT).status == 74
    assert list(closed.iterdir()) == []


def test_a_file_in_the_way_stops_it_and_nothing_else_is_left(ngopi, tmp_path):
    folder = tmp_path / "baru"
    folder.mkdir()
    (folder / "feeds").write_text("bukan folder", encoding="utf-8")

    run = ngopi("init", folder, *INIT)

    assert run.status == 74
    assert [path.name for path in folder.iterdir()] == ["feeds"]
    assert (folder / "feeds").read_text(encoding="utf-8") == "bukan folder"


def test_ctrl_c_while_the_folder_is_made_takes_it_back(ngopi, tmp_path, monkeypatch):
    """The cover is the longest step; the signal comes when its file is renamed into place."""
    rename = os.replace

    def interrupted(source, target, **options):
        rename(source, target, **options)
        if str(target).endswith("cover.jpg"):
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", interrupted)
        run = ngopi("init", tmp_path / "baru" / "lagi", *INIT)

    assert run.status == 130
    assert list(tmp_path.iterdir()) == []
    assert ngopi("init", tmp_path / "baru" / "lagi", *INIT).status == 0


def test_files_that_were_there_stay_when_it_is_taken_back(ngopi, tmp_path):
    folder = tmp_path / "baru"
    (folder / "episodes").mkdir(parents=True)
    (folder / ".gitignore").write_text("milik saya\n", encoding="utf-8")
    (folder / ".github").write_text("bukan folder", encoding="utf-8")

    assert ngopi("init", folder, *INIT).status == 74
    names = sorted(path.name for path in folder.iterdir())
    assert names == [".github", ".gitignore", "episodes"]
    assert (folder / ".gitignore").read_text(encoding="utf-8") == "milik saya\n"


@pytest.mark.parametrize("folder", ["", " "])
def test_a_folder_needs_a_name(ngopi, tmp_path, monkeypatch, folder):
    monkeypatch.chdir(tmp_path)

    run = ngopi("init", folder, *INIT, "--json")

    assert (run.status, run.error["code"]) == (2, "usage")
    assert list(tmp_path.iterdir()) == []
