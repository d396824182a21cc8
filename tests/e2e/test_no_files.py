"""Pipes, devices, folders, sockets and links where a file is expected: told, never waited for."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from conftest import INIT
from ngopi.__main__ import main
from refusals import tree
from speech import voice, write_wav

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="made of what POSIX has")
ENDLESS_S = 60  # only reached by what hangs
BOUNDED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
from ngopi.__main__ import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write_wav(tmp_path_factory.mktemp("rekaman") / "rapat.wav", voice(4.0))


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return write_wav(tmp_path_factory.mktemp("rekaman") / "lain.wav", voice(4.0, seed=2))


@pytest.fixture(scope="module")
def made(tmp_path_factory, recording):
    """A show with one episode, to be copied."""
    folder = tmp_path_factory.mktemp("dibuat") / "show"
    for command in (
        ("init", folder, *INIT),
        ("--show", folder, "ingest", recording, "--title", "Rapat"),
    ):
        assert main([str(argument) for argument in command]) == 0
    return folder


@pytest.fixture
def show(made, tmp_path, monkeypatch):
    folder = tmp_path / "show"
    shutil.copytree(made, folder)
    monkeypatch.chdir(folder)
    return folder


def fifo(path):
    os.mkfifo(path)


def listening(path):
    """Bind a socket to *path*, whose name may be too long for one."""
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(here)


def link_to(target):
    def link(path):
        path.symlink_to(target)

    return link


KINDS = {
    "pipe": fifo,
    "folder": Path.mkdir,
    "socket": listening,
    "zero": link_to("/dev/zero"),
    "full": link_to("/dev/full"),
    "tty": link_to("/dev/tty"),
    "made up": link_to("/proc/self/environ"),
    "memory": link_to("/proc/self/mem"),
    "loop": lambda path: path.symlink_to(path.name),
    "nowhere": link_to("/tidak/ada"),
}
if not Path("/proc/self/environ").exists():
    del KINDS["made up"], KINDS["memory"]


@pytest.fixture
def told(ngopi, kind):
    """Run ngopi; return the error. Of what never ends in a process with little memory."""

    def run(*argv):
        if kind != "zero":
            done = ngopi("--json", *argv)
            status, out, error = done.status, done.out, done.error
        else:
            done = subprocess.run(
                [sys.executable, "-P", "-c", BOUNDED, "--json", *map(str, argv)],
                capture_output=True, text=True, timeout=ENDLESS_S, check=False,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
            status, out = done.returncode, done.stdout
            error = json.loads(done.stderr.splitlines()[-1])["error"]
        assert not out or error["code"] == "bad-episode"  # the others were published
        assert error["code"] != "bug", error
        assert status == error["exit_code"] != 70
        return error

    return run


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_refused_wherever_a_person_names_one(told, show, other, tmp_path, kind):
    odd = tmp_path / "aneh.mp3"
    KINDS[kind](odd)
    before = tree(show)

    for argv in (
        ("ingest", odd),
        ("ingest", "--track", other, "--track", odd),
        ("ingest", other, "--episode", "lain", "--notes", odd),
        ("ingest", other, "--episode", "lain", "--cover", odd),
        ("measure", odd),
        ("master", odd, tmp_path / "x.mp3"),
        ("replace", "rapat", odd),
        ("check", odd),
        ("check", "--against", odd),
    ):
        error = told(*argv)
        assert "aneh" in error["message"], argv
    assert tree(show) == before
    assert not (tmp_path / "x.mp3").exists()


PLACES = ("ngopi.toml", "episodes/rapat/episode.md", "episodes/rapat/audio.toml",
          "episodes/rapat/approval.toml", "cover.jpg")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_file_is_refused_in_the_shows_folder(told, show, other, place, kind):
    path = show / place
    path.unlink(missing_ok=True)
    KINDS[kind](path)

    argv = ("ingest", other, "--episode", "lain") if place == "cover.jpg" else ("publish",)
    if kind == "nowhere" and place in {"episodes/rapat/audio.toml", "episodes/rapat/approval.toml"}:
        pytest.skip("what does not exist was not written yet")
    error = told("--show", show, *argv)

    assert path.stem in error["message"]


@pytest.mark.parametrize("key", ["ledger.json", "feed.xml"])
@pytest.mark.parametrize("kind", ["pipe"])
def test_a_pipe_in_the_store_is_told(told, show, key, kind):
    (show / "public" / key).unlink()
    os.mkfifo(show / "public" / key)
    path = show / "episodes" / "rapat" / "episode.md"
    path.write_text(path.read_text("utf-8").replace('"Rapat"', '"Lain"'), "utf-8")

    assert "pipe" in told("publish")["message"]


@pytest.mark.parametrize("name", ["ledger.json", "bases.json", "apa-saja"])
@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_pipe_among_what_ngopi_remembers_is_told(told, show, name, kind):
    path = show / ".ngopi" / name
    path.unlink(missing_ok=True)
    KINDS[kind](path)

    for argv in (("list",), ("publish",), ("doctor",)):
        assert told(*argv)["code"] == "no-file"


@pytest.mark.parametrize("name", ["episodes", "feeds", ".ngopi", ".ngopi.lock", ".ngopi/releases"])
def test_a_link_that_leads_out_of_the_show_is_refused(ngopi, show, recording, tmp_path, name):
    """Else what comes with somebody's show has ngopi write, sweep and empty files elsewhere."""
    elsewhere = tmp_path / "milik orang"
    here = show / name
    if here.is_dir():
        shutil.move(here, elsewhere)
    else:
        here.unlink(missing_ok=True)
        elsewhere.write_text("isi", encoding="utf-8")
    (show / name).symlink_to(elsewhere)
    mine = tmp_path / "milik orang" / "ingest-saya"
    if elsewhere.is_dir():
        mine.mkdir()

    for argv in (("list",), ("publish",), ("ingest", recording, "--episode", "lain"), ("doctor",)):
        error = ngopi("--json", *argv).error
        assert (error["code"], error["exit_code"]) == ("link-out", 78)
        assert name in error["message"]

    assert not elsewhere.is_file() or elsewhere.read_text("utf-8") == "isi"
    assert not elsewhere.is_dir() or mine.is_dir()


@pytest.mark.parametrize(
    "name", ["rapat", "rapat/episode.md", "rapat/audio.toml", "rapat/cover.jpg", "baru"]
)
def test_an_episode_that_lies_elsewhere_is_told_and_not_read(ngopi, show, tmp_path, name):
    here, elsewhere = show / "episodes" / name, tmp_path / "lain"
    if name.endswith("cover.jpg"):
        shutil.copy(show / "cover.jpg", elsewhere)
    elif name == "baru":
        shutil.copytree(show / "episodes" / "rapat", elsewhere)
    else:
        shutil.move(here, elsewhere)
    here.symlink_to(elsewhere)

    for command in ("list", "publish", "pull"):
        error = ngopi("--json", command).error
        assert error["code"] == "bad-episode"
        assert name in error["message"]
        assert "leads out" in error["message"]


def test_a_cover_or_a_jingle_that_lies_elsewhere_is_told(ngopi, show, tmp_path):
    shutil.move(show / "cover.jpg", tmp_path / "lain.jpg")
    (show / "cover.jpg").symlink_to(tmp_path / "lain.jpg")

    error = ngopi("--json", "publish").error

    assert error["code"] == "bad-config"
    assert '"cover"' in error["message"]


@pytest.mark.parametrize("key", ["cover", "intro"])
@pytest.mark.parametrize("value", ["//server/share/x.jpg", r"\\\\server\\share\\x.jpg"])
def test_a_file_of_another_computer_is_not_asked_for(ngopi, show, key, value):
    """Windows would tell that computer the hash of its user's password."""
    path = show / "ngopi.toml"
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("cover")]
    table = "[show]" if key == "cover" else "[audio]"
    lines.insert(lines.index(table) + 1, f"{key} = '{value}'".replace("\\\\", "\\"))
    path.write_text("\n".join(lines) + "\n", "utf-8")

    error = ngopi("--json", "list").error

    assert error["code"] == "bad-config"
    assert f'"{key}" must lie on this computer' in error["message"]


def test_links_inside_of_the_show_and_a_media_folder_elsewhere_are_fine(ngopi, show, tmp_path):
    (show / "bersama").mkdir()
    shutil.move(show / "cover.jpg", show / "bersama" / "sampul.jpg")
    (show / "cover.jpg").symlink_to(show / "bersama" / "sampul.jpg")
    (show / "episodes" / "rapat" / "cover.jpg").symlink_to("../../bersama/sampul.jpg")
    shutil.move(show / "media", tmp_path / "media")
    (show / "media").symlink_to(tmp_path / "media")

    assert ngopi("publish", "--json").json["change"] == ["rapat"]


def test_a_show_may_be_reached_by_a_link(ngopi, show, tmp_path):
    (tmp_path / "pintas").symlink_to(show)

    assert ngopi("--show", tmp_path / "pintas", "list").status == 0
    assert ngopi("--show", tmp_path / "pintas", "publish").status == 0


@pytest.mark.parametrize("place", ["ngopi.toml", "episodes/rapat/episode.md"])
def test_a_text_that_never_ends_is_told(ngopi, show, place):
    path = show / place
    with path.open("r+b") as file:
        file.truncate(256 << 20)

    tracemalloc.start()
    try:
        assert "more than 16 MB" in ngopi("--json", "list").error["message"]
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("place", ["ngopi.toml", "episodes/rapat/episode.md"])
def test_brackets_inside_of_brackets_are_told(ngopi, show, place):
    path = show / place
    path.write_text("+++\nx = " + "[" * 100_000 + "\n+++\n", "utf-8")
    if place == "ngopi.toml":
        path.write_text("x = " + "[" * 100_000, "utf-8")

    assert path.name in ngopi("--json", "list").error["message"]
