"""What a killed ``ngopi master`` left beside its MP3 goes with the next; a living one's stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from mortal import mortals
from ngopi.audio.workplace import private_folder
from prepared import make_show
from speech import voice, write_wav

KILLED = -9
MOST_STEPS = 100
START_LIMIT_S = 60.0


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    """A show, and beside it the short recording of its episode."""
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "hasil"
    folder.mkdir()
    return folder / "rapat [akhir].mp3"  # no pattern, whatever it looks like


def names_beside(out):
    return {path.name for path in out.parent.iterdir()}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="neither fork nor SIGKILL there")
def test_killed_before_any_step_and_run_again_the_master_is_alone(show, out):
    was_littered = 0
    command = ["master", show.with_suffix(".wav"), out, "--yes"]
    with mortals(show) as ngopi:
        for step in range(1, MOST_STEPS):
            killed = ngopi.run(*command, env={"NGOPI_LANG": "en"}, kill_at=step)
            was_littered += len(names_beside(out) - {out.name})
            again = ngopi.run(*command, env={"NGOPI_LANG": "en"})

            assert again.status == 0, f"killed before step {step}: {again.err}"
            assert names_beside(out) == {out.name}, f"killed before step {step}"
            if killed.status != KILLED:
                break
    assert was_littered > 1


def test_killed_in_the_middle_by_any_system(ngopi, tmp_path, out):
    """TerminateProcess on Windows; what the system locked it unlocks."""
    recording = write_wav(tmp_path / "rapat.wav", voice(20.0))
    command = [sys.executable, "-m", "ngopi", "master", recording, out]
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        while not any(out.parent.glob(".*/*.mp3")):
            assert run.poll() is None
            assert time.monotonic() - began < START_LIMIT_S
        run.kill()
    assert names_beside(out) - {out.name}

    assert ngopi("master", recording, out, "--yes").status == 0

    assert names_beside(out) == {out.name}


def test_what_a_living_run_has_there_stays(ngopi, show, out):
    with private_folder(out) as folder:
        folder.joinpath(out.name).write_bytes(b"separuh")
        command = [sys.executable, "-m", "ngopi", "master", show.with_suffix(".wav"), out]
        subprocess.run(command, check=True, capture_output=True)

        assert folder.joinpath(out.name).read_bytes() == b"separuh"
        assert names_beside(out) == {out.name, folder.name}
    assert names_beside(out) == {out.name}


def test_what_ngopi_did_not_make_stays(ngopi, show, out):
    others = {".rapat [akhir].abcdefgh", ".rapat a.abcdefgh", ".rapat [akhir].catatan", "rapat"}
    for name in others:
        folder = out.parent / name
        folder.mkdir()
        folder.joinpath("catatan.txt").write_bytes(b"")
    out.parent.joinpath(".rapat [akhir].abcd1234").write_bytes(b"")  # a file

    assert ngopi("master", show.with_suffix(".wav"), out).status == 0

    assert names_beside(out) == {out.name, ".rapat [akhir].abcd1234", *others}
    assert all(any(out.parent.joinpath(name).iterdir()) for name in others)
