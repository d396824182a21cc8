"""What goes into a pipe or a file is UTF-8, whatever this machine's code page is."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

TITLE = "Ngopi → Kafé · «Réka» ☕"
# A machine of its own each: the third is the default of many servers and of cron.
MACHINES = (
    {},
    {"PYTHONIOENCODING": "latin-1"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONIOENCODING": "cp1252:strict"},
)


def run(*argv, where, environment, streams=(subprocess.PIPE, subprocess.PIPE)):
    clean = {n: v for n, v in os.environ.items() if not n.startswith(("PYTHON", "NGOPI_", "LC_"))}
    return subprocess.run(
        (sys.executable, "-P", "-m", "ngopi", *argv),
        cwd=where,
        env={**clean, "NGOPI_LANG": "id", **environment},
        stdout=streams[0],
        stderr=streams[1],
        check=False,
    )


@pytest.fixture
def told(tmp_path, ngopi):
    """A show whose episode has a telling title, and one that has a telling mistake."""
    for name, key in (("a", "summary"), ("b", TITLE)):
        assert ngopi("init", tmp_path / name, "--title", "A", "--author", "B").status == 0
        episode = tmp_path / name / "episodes" / "satu" / "episode.md"
        episode.parent.mkdir()
        episode.write_text(
            f'+++\nguid = "x"\ntitle = "{TITLE}"\n"{key}" = "-"\n+++\n', encoding="utf-8"
        )
    return tmp_path


@pytest.mark.parametrize("environment", MACHINES, ids=lambda machine: str(list(machine)))
def test_a_pipe_gets_utf8_on_every_machine(told, environment):
    def streams(*argv):
        done = run(*argv, where=told, environment=environment)
        return done.stdout.decode("utf-8"), done.stderr.decode("utf-8")

    assert TITLE in streams("--show", "a", "show", "satu")[0]
    assert json.loads(streams("--show", "a", "--json", "show", "satu")[0])["title"] == TITLE
    assert TITLE in streams("--show", "b", "list")[1]
    assert TITLE in json.loads(streams("--show", "b", "--json", "list")[1])["error"]["message"]
    assert "moderator, narator …" in streams("ingest", "--help")[0]


def test_a_file_gets_utf8(told):
    with (told / "out").open("wb") as out, (told / "err").open("wb") as err:
        for show in ("a", "b"):
            run(
                "--show",
                show,
                "show",
                "satu",
                where=told,
                environment=MACHINES[2],
                streams=(out, err),
            )

    assert TITLE in (told / "out").read_text(encoding="utf-8")
    assert TITLE in (told / "err").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no shell that closes a stream")
def test_a_closed_stream_is_no_bug(tmp_path):
    """Some schedulers start programs so; there is nobody to tell."""
    command = f'"{sys.executable}" -P -m ngopi init a --title A --author B >&- 2>&-'

    assert subprocess.run(["sh", "-c", command], cwd=tmp_path, check=False).returncode == 0
    assert (tmp_path / "a" / "ngopi.toml").exists()


def test_files_are_read_in_no_code_page(tmp_path):
    """Python tells whoever opens a text without an encoding; here that is a failure."""
    program = (
        "import sys, warnings\n"
        "warnings.filterwarnings('error', category=EncodingWarning, module='ngopi')\n"
        "from ngopi.__main__ import main\n"
        "sys.exit(main(['demo', 'demo']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},  # as the command sets it, before main
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
