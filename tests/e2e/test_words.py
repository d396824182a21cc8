"""What a person reads who never used a terminal: the right command, whole sentences, no riddles."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

import speech
from ngopi.console import type_as
from prepared import make_show


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("publis", "publish"), ("pubish", "publish"), ("lst", "list"), ("docter", "doctor"),
        ("terbitkan", "publish"), ("Terbitkan", "publish"), ("terbitka", "publish"),
        ("olah", "ingest"), ("daftar", "list"), ("periksa", "check"), ("tarik", "retract"),
        ("kembalikan", "restore"), ("riwayat", "history"), ("setujui", "approve"),
        ("bantuan", "--help"), ("versi", "--version"), ("hapus", "retract"), ("undo", "rollback"),
    ],
)  # fmt: skip
def test_a_command_that_there_is_none_of_is_answered_with_the_right_one(ngopi, typed, meant):
    run = ngopi(typed)

    assert run.status == 2
    assert run.err.splitlines() == [
        f'Error: There is no command "{typed}".',
        f"Try: did you mean: ngopi {meant}",
    ]
    assert ngopi(*meant.split(), "--help").status == 0


def test_a_word_that_means_nothing_leads_to_the_help(ngopi):
    assert "Try: see all commands with: ngopi --help" in ngopi("xyzzy").err


@pytest.mark.parametrize("argv", [(), ("--lang", "id"), ("--lang", "en")])
def test_who_names_no_command_sees_what_there_is(ngopi, argv):
    run = ngopi(*argv)

    assert (run.status, run.err) == (0, "")
    assert "publish" in run.out


@pytest.mark.parametrize("language", ["id", "en"])
def test_no_sentence_of_the_help_is_cut(ngopi, language):
    run = ngopi("--lang", language, "--help")

    assert "..." not in run.out
    assert "…" not in run.out.split("\n", 1)[1]


def test_indonesian_help_has_no_english_left_overs(ngopi):
    whole = "".join(
        ngopi("--lang", "id", command, "--help").out
        for command in ("ingest", "init", "master", "check", "show", "approve", "publish")
    )

    for word in ("OPTIONS", "INTEGER", "TEXT", "RECORDING", "FILE", "NAME", "podcast ", "Usage"):
        assert word not in whole, word


@pytest.mark.parametrize(
    "argv",
    [
        ("ingest", "x.wav", "--number", "tiga"),
        ("ingest", "x.wav", "--season", "1.5"),
        ("serve", "--port", "http"),
        ("history", "--most", "semua"),
        ("rollback", "satu"),
    ],
)
def test_a_number_in_words_is_asked_for_in_words(ngopi, tmp_path, monkeypatch, argv):
    monkeypatch.chdir(tmp_path)

    run = ngopi("--lang", "id", *argv)

    assert (run.status, "tulis bilangan bulat, misalnya 3" in run.err) == (2, True), run
    assert "integer" not in run.err


@pytest.mark.parametrize("typed", ["-16,5", "\N{MINUS SIGN}16"])
def test_a_target_as_indonesians_write_it_is_taken(ngopi, tmp_path, monkeypatch, typed):
    monkeypatch.chdir(tmp_path)

    run = ngopi("master", "tidak-ada.wav", "out.mp3", "--target", typed, "--json")

    assert run.error["code"] == "no-such-recording"


PIECES = ("rapat", "bulan", "mei.wav")


@pytest.mark.parametrize(
    ("command", "before", "behind"),
    [
        ("master", (), ("out.mp3",)),
        ("ingest", (), ("--no-publish",)),
        ("measure", (), ()),
        ("replace", ("satu",), ()),
    ],
)
def test_a_file_whose_name_has_blanks_is_to_be_quoted(
    ngopi, tmp_path, monkeypatch, command, before, behind
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rapat bulan mei.wav").write_bytes(b"RIFF")

    run = ngopi(command, *before, *PIECES, *behind)

    assert run.status == 2
    assert "The file's name has blanks in it" in run.err
    hint = f'write it with quotation marks, as in: ngopi {command} "rapat bulan mei.wav"'
    assert hint in run.err


def test_a_folder_with_a_blank_is_suggested_in_quotation_marks(ngopi, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    run = ngopi("init", "Acara Saya", "--title", "A", "--author", "B")

    assert '--show "Acara Saya" ingest RECORDING' in run.out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (r'url = "C:\Users\han\public"', 'write / in its place, as in "C:/Users/Rani"'),
        (r'url = "file:D:\siniar"', 'write / in its place, as in "C:/Users/Rani"'),
        ("url = “file:public”", "these are not plain quotation marks"),
        ('url = "file:public"\nurl = "file:b"', '"url" stands there twice'),
        ('url = "file:public"\n[store]', "[store] stands there twice"),
        ("url = file:public", "every text needs its quotation marks"),
    ],
)
def test_a_slip_in_the_settings_is_called_by_its_name(ngopi, show, line, said):
    path = show / "ngopi.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace('url = "file:public"', line), "utf-8")

    run = ngopi("list")

    assert run.status == 78
    assert said in run.err


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture
def made(prepared, tmp_path, monkeypatch):
    folder = shutil.copytree(prepared, tmp_path / "made")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('notes = "x"', "they stand below the second +++"),
        ('slug = "satu"', "the folder's name is the slug"),
        ('title = "Lagi"', '"title" stands there twice'),
        ('people = [{ name = "Rani" }', "a bracket is missing"),
    ],
)
def test_a_slip_in_an_episode_is_called_by_its_name(ngopi, made, line, said):
    path = made / "episodes/satu/episode.md"
    path.write_text(path.read_text("utf-8").replace("kind", f"{line}\nkind"), "utf-8")

    assert said in ngopi("publish").err


@pytest.mark.parametrize("key", ["intro", "outro"])
def test_a_jingle_that_is_not_there_is_named_and_the_doctor_sees_it(ngopi, made, key):
    path = made / "ngopi.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("[audio]", f'[audio]\n{key} = "pembuka.mp3"'), "utf-8")
    sound = speech.write_wav(made / "a.wav", speech.voice(2.0), speech.RATE_HZ)

    run = ngopi("ingest", sound, "--json")

    assert (run.status, run.error["code"]) == (66, "no-jingle")
    assert f'{key} = "pembuka.mp3"' in run.error["message"]
    assert "delete that line" in run.error["hint"]
    sick = ngopi("doctor", "--json")
    assert sick.status == 1
    assert any("pembuka.mp3" in found["message"] for found in sick.json["findings"])
    shutil.copy(sound, made / "pembuka.mp3")  # the hint helps
    assert not any(
        "pembuka.mp3" in f["message"] for f in ngopi("doctor", "--json").json["findings"]
    )


def test_a_target_out_of_reach_is_answered_with_one_in_reach(ngopi, tmp_path):
    sound = speech.voice(4.0, rms_dbfs=-30.0)
    sound[:: speech.RATE_HZ] = 0.9  # clicks: loud peaks, no loudness
    path = speech.write_wav(tmp_path / "a.wav", sound, speech.RATE_HZ)

    run = ngopi("master", path, tmp_path / "o.mp3", "--target=-9", "--json")

    assert run.error["code"] == "loudness-not-reachable", run.err
    assert "--target" in run.error["hint"]
    lower = run.error["hint"].rsplit(" ", 1)[1]
    assert ngopi("master", path, tmp_path / "o.mp3", f"--target={lower}").status == 0


def test_categories_are_taken_whatever_their_capitals(ngopi, tmp_path):
    folder = tmp_path / "show"

    assert (
        ngopi("init", folder, "--title", "A", "--author", "B", "--category", "government").status
        == 0
    )
    assert ngopi("--show", folder, "publish").status == 0
    assert 'text="Government"' in (folder / "public/feed.xml").read_text("utf-8")


def test_a_rehearsal_says_nothing_of_uploading(ngopi, made):
    assert "Uploading" not in ngopi("publish", "--dry-run").err
    assert "Uploading" in ngopi("publish").err


def test_names_and_values_never_run_together(ngopi, made):
    for language in ("id", "en"):
        for line in ngopi("--lang", language, "show", "satu").out.splitlines():
            assert "  " in line or line.endswith("-"), line


def test_hints_name_the_program_as_it_was_typed(ngopi, made):
    type_as("py -P -m ngopi")
    try:
        run = ngopi("show", "tidak-ada")
        as_json = ngopi("--json", "retract", "tidak-ada")
        noted = ngopi("ingest")
    finally:
        type_as("ngopi")

    assert "py -P -m ngopi list" in run.err
    assert "py -P -m ngopi ingest" in as_json.error["hint"]
    assert "py -P -m ngopi ingest --help" in noted.err
    assert "py -P -m py" not in run.err + as_json.err + noted.err


def test_no_warning_and_no_log_of_a_library_reaches_a_person(tmp_path):
    """As on a new machine: no ffmpeg, nothing compiled yet, and Python says all that it may."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env |= {"PATH": "", "PYTHONPYCACHEPREFIX": str(tmp_path / "new"), "NGOPI_LANG": "en"}

    run = subprocess.run(
        [sys.executable, "-m", "ngopi", "demo", tmp_path / "demo"],
        capture_output=True, text=True, encoding="utf-8", env=env, cwd=tmp_path, check=True,
    )  # fmt: skip

    for word in ("Warning", "warn(", "ffmpeg", "avconv", "Deprecat", "site-packages"):
        assert word not in run.stderr + run.stdout
