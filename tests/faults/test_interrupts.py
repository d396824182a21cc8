"""Ctrl-C at any moment, and two runs at once: nothing half-made stays, and run again it works."""

from __future__ import annotations

import contextlib
import http.server
import os
import signal
import subprocess
import sys
import threading

import pytest

from failpoints import python_interrupts
from ngopi.__main__ import main
from ngopi.atomic import lock
from refusals import refused, tree
from s3_server import use_access_key
from speech import voice, write_wav

INTERRUPTED = "Interrupted; nothing half-made was left behind."
HINT = "run the same command again whenever you like."


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write_wav(tmp_path_factory.mktemp("rekaman") / "rapat.wav", voice(4.0))


@pytest.fixture(scope="module")
def long_recording(tmp_path_factory):
    """Takes seconds to master, so that a signal meets ngopi at work."""
    return write_wav(tmp_path_factory.mktemp("rekaman") / "webinar.wav", voice(90.0))


class Terminal:
    """Stands in for stderr, and somebody presses Ctrl-C when the line *step* appears there."""

    def __init__(self, step):
        self.step, self.text = step, ""

    def write(self, text):
        self.text += text
        if (
            self.step is not None
            and text == "\n"
            and self.text.split("\n")[-2].startswith(self.step)
        ):
            self.step = None
            signal.raise_signal(signal.SIGINT)

    def flush(self):
        """Nothing waits."""

    def isatty(self):
        return False


def interrupted_at(step, monkeypatch, *argv):
    terminal = Terminal(step)
    with python_interrupts(), monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", terminal)
        status = main([str(argument) for argument in argv])
    assert terminal.step is None, f"{step} was never shown"
    return status, terminal.text


def made_and_public(ngopi, recording):
    """Run the command again; the episode is public, with a feed that its checker likes."""
    again = ngopi("ingest", recording)
    assert again.status == 0, again.err
    assert again.out.startswith("Published rapat")
    assert ngopi("list", "--json").json[0]["state"] == "published"
    assert ngopi("check").status == 0
    assert ngopi("publish", "--json").json["changed"] is False


# -- where a step's line is shown -------------------------------------------------------------


@pytest.mark.parametrize("step", ["Reading", "Measuring", "Mastering and checking"])
def test_ctrl_c_before_the_episode_is_made_leaves_the_folder_as_it_was(
    ngopi, show, recording, monkeypatch, step
):
    before = tree(show)

    status, told = interrupted_at(step, monkeypatch, "ingest", recording)

    assert status == 130
    assert told.endswith(f"\nError: {INTERRUPTED}\nTry: {HINT}\n")
    assert tree(show) == before
    made_and_public(ngopi, recording)


def test_ctrl_c_while_uploading_keeps_the_episode_and_says_so(ngopi, show, recording, monkeypatch):
    status, told = interrupted_at("Uploading", monkeypatch, "ingest", recording)

    assert status == 130
    assert INTERRUPTED in told
    assert 'The episode "rapat" is made and kept; to make it public, run: ngopi publish' in told
    names = set(tree(show))
    assert {"episodes/rapat/episode.md", "episodes/rapat/audio.toml"} <= names
    assert not {"public/ledger.json", "public/feed.xml"} & names
    assert not {name for name in names if name.startswith(".ngopi/ingest-") or ".tmp" in name}
    made_and_public(ngopi, recording)


def test_what_ctrl_c_kept_is_published_by_publish(ngopi, show, recording, monkeypatch):
    interrupted_at("Uploading", monkeypatch, "ingest", recording)

    assert ngopi("publish", "--json").json["add"] == ["rapat"]
    assert ngopi("list", "--json").json[0]["state"] == "published"


def test_ctrl_c_is_one_json_object_for_a_program(show, recording, monkeypatch, capsys):
    with python_interrupts(), interrupt_in("write_tags"):
        status = main(["ingest", str(recording), "--json"])

    told = capsys.readouterr()
    assert (status, told.out) == (130, "")
    assert told.err == (
        f'{{"error": {{"code": "interrupted", "message": "{INTERRUPTED}", "hint": "{HINT}", '
        '"exit_code": 130}}\n'
    )


# -- between the lines ------------------------------------------------------------------------


@contextlib.contextmanager
def interrupt_in(function, argument=""):
    """Send SIGINT when ngopi calls *function* with a path that ends with *argument*."""
    armed = [True]

    def watch(frame, event, _value):
        if not armed or event != "call" or frame.f_code.co_name != function:
            return
        paths = frame.f_locals.values()
        if not argument or any(str(path).endswith(argument) for path in paths):
            armed.clear()
            signal.raise_signal(signal.SIGINT)

    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(None)
    assert not armed, f"{function} was never called"


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        ("write_tags", ""),
        ("add_entry", ""),
        ("write_atomic", "episode.md"),
        ("write_atomic", "audio.toml"),
        ("sync_folder", "episodes"),
        ("build_feed", ""),
        ("write_atomic", "ledger.json"),
        ("write_atomic", "feed.xml"),
        ("keep_local_copies", ""),
        ("write_atomic", "ngopi-bawaslu.xml"),
    ],
)
def test_ctrl_c_between_two_steps_leaves_a_whole_episode_or_none(
    ngopi, show, recording, function, argument
):
    with python_interrupts(), interrupt_in(function, argument):
        status = main(["ingest", str(recording)])

    names = set(tree(show))
    media = {name for name in names if name.startswith("media/")}
    episodes = {name for name in names if name.startswith("episodes/")}
    assert status == 130
    assert not {name for name in names if name.startswith(".ngopi/ingest-") or ".tmp" in name}
    assert (len(media), len(episodes)) in {(0, 0), (1, 3)}  # the folder and its two files
    made_and_public(ngopi, recording)


def test_ctrl_c_while_audio_is_replaced_leaves_the_old_or_the_new(ngopi, show, recording, tmp_path):
    other = write_wav(tmp_path / "lain.wav", voice(4.0, seed=2))
    assert ngopi("ingest", recording).status == 0
    before = tree(show)

    with python_interrupts(), interrupt_in("write_atomic", "audio.toml"):
        status = main(["ingest", str(other), "--episode", "rapat"])

    assert status == 130
    assert tree(show) == before
    again = ngopi("ingest", other, "--episode", "rapat", "--json")
    assert (again.status, again.json["replaced"]) == (0, True)


# -- real processes ---------------------------------------------------------------------------

posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to whole consoles")


def start(show, *argv):
    return subprocess.Popen(
        [sys.executable, "-m", "ngopi", *map(str, argv)],
        cwd=show,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


@posix_only
@pytest.mark.parametrize("step", ["Reading", "Measuring", "Mastering"])
def test_a_process_that_is_interrupted_ends_with_130(show, long_recording, step):
    """Its threads end too: a process with a thread at work would not end."""
    before = tree(show)
    with start(show, "ingest", long_recording) as process:
        for line in process.stderr:
            if line.startswith(step):
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()

    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-2:] == [f"Error: {INTERRUPTED}", f"Try: {HINT}"]
    assert "Traceback" not in err
    assert tree(show) == before


class Stalling(http.server.BaseHTTPRequestHandler):
    """An S3 store in which there is nothing, and that never answers who puts something."""

    def do_GET(self):
        self.send_response(404)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(b"<Error><Code>NoSuchKey</Code></Error>")

    do_HEAD = do_GET  # noqa: N815 - http.server names it so

    def do_PUT(self):
        self.server.asked.set()
        self.server.over.wait()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def stalling_store():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stalling)
    server.asked, server.over = threading.Event(), threading.Event()
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@posix_only
def test_a_process_that_is_interrupted_in_an_upload_ends_at_once(
    show, recording, stalling_store, monkeypatch, tmp_path, ngopi
):
    use_access_key(monkeypatch, "kunci", "rahasia", nowhere=tmp_path)
    monkeypatch.setenv("NGOPI_STORE_URL", "s3://ngopi-audio/siniar")
    monkeypatch.setenv(
        "NGOPI_STORE_ENDPOINT", f"http://127.0.0.1:{stalling_store.server_address[1]}"
    )
    with start(show, "ingest", recording) as process:
        assert stalling_store.asked.wait(120)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()

    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-2].startswith(f"Error: {INTERRUPTED}")
    assert "ngopi publish" in err
    monkeypatch.delenv("NGOPI_STORE_URL")
    made_and_public(ngopi, recording)


# -- two runs at once -------------------------------------------------------------------------


def test_a_second_run_in_the_same_folder_is_told_to_wait(ngopi, show, recording):
    with lock(show / ".ngopi.lock"):
        for command in (("ingest", recording), ("publish",)):
            refused(ngopi, show, *command, status=75, code="locked", says=[str(show)])
        for command in (("list",), ("publish", "--dry-run"), ("measure", recording)):
            assert ngopi(*command).status == 0

    assert ngopi("ingest", recording).status == 0


@posix_only
def test_the_first_run_does_not_notice_the_second(ngopi, show, recording, tmp_path):
    notes = tmp_path / "catatan.md"
    notes.write_text("Pengawasan partisipatif", encoding="utf-8")
    with start(show, "ingest", recording, "--notes", notes) as first:
        assert any(line.startswith("Reading") for line in first.stderr)
        first.send_signal(signal.SIGSTOP)  # the show is locked before anything is read
        refused(ngopi, show, "ingest", recording, status=75, code="locked")
        first.send_signal(signal.SIGCONT)
        out, err = first.communicate()

    assert first.returncode == 0, err
    assert out.startswith("Published rapat")
    written = show.joinpath("episodes", "rapat", "episode.md").read_text(encoding="utf-8")
    assert written.endswith("Pengawasan partisipatif\n")


@posix_only
def test_a_killed_run_does_not_lock_the_folder(ngopi, show, recording, long_recording):
    with start(show, "ingest", long_recording) as process:
        assert any(line.startswith("Mastering") for line in process.stderr)
        process.kill()
        process.communicate()

    made_and_public(ngopi, recording)
