"""kill -9 before every step of a publish: run again it converges, and no promise was broken."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys

import pytest

from killed import KILLED, MOST_STEPS, survives
from mortal import mortals
from prepared import add_episode, guid_of, make_show
from promises import Witness
from standing import OnFolder, OnS3

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="neither fork nor SIGKILL there")

SHARES = 5


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A show of two episodes, nothing of it public."""
    show = make_show(tmp_path_factory.mktemp("prepared") / "show")
    add_episode(show, "dua", 1)
    return show


@pytest.fixture(scope="module")
def ngopi(prepared):
    with mortals(prepared) as runs:
        yield runs


@pytest.fixture
def bucket(s3_server, s3_bucket):
    with OnS3.of(s3_server, s3_bucket) as stores:
        yield stores


def both(prepared):
    return {guid_of(prepared, "satu"), guid_of(prepared, "dua")}


def test_a_first_publish_into_a_folder(ngopi, prepared, tmp_path):
    """Each of its steps; after the last, another run has nothing left to do."""
    stores, show = OnFolder(root=tmp_path), tmp_path / "show"
    steps = next(
        step
        for step in range(1, MOST_STEPS)
        if not survives(
            ngopi, stores, prepared, show, step=step, command=["publish"], public=both(prepared)
        )
    )
    _, env = stores.place(f"step-{steps}")
    idle = ngopi.run("--show", show, "--json", "publish", env=env)

    assert steps > 30  # the wire that counts them is connected
    assert not json.loads(idle.out)["changed"]


@pytest.mark.parametrize("first", range(1, SHARES + 1))
def test_a_first_publish_into_a_bucket(ngopi, bucket, prepared, tmp_path, first):
    """Each of its steps, in shares that can run side by side."""
    steps = next(
        step
        for step in itertools.islice(itertools.count(first, SHARES), MOST_STEPS)
        if not survives(
            ngopi, bucket, prepared, tmp_path / "show",
            step=step, command=["publish"], public=both(prepared),
        )
    )  # fmt: skip

    assert steps > 60


@pytest.fixture(scope="module")
def public_show(prepared, ngopi, tmp_path_factory):
    """The same show in public, in a folder of its own; dua was retracted."""
    show = shutil.copytree(prepared, tmp_path_factory.mktemp("public") / "show")
    for command in (["publish"], ["retract", "dua"]):
        assert ngopi.run("--show", show, *command, env={"NGOPI_LANG": "en"}).status == 0
    return show


def test_pulling_what_a_colleague_published(ngopi, public_show, tmp_path):
    """Killed before every third step; run again it brings what is missing, and nothing twice."""
    env = {"NGOPI_LANG": "en", "NGOPI_STORE_URL": f"file:{public_show / 'public'}"}
    show = tmp_path / "show"
    for step in range(1, MOST_STEPS, 3):
        shutil.rmtree(show, ignore_errors=True)
        shutil.copytree(public_show, show, ignore=shutil.ignore_patterns(".ngopi", "episodes"))
        show.joinpath("episodes").mkdir()
        killed = ngopi.run("--show", show, "pull", env=env, kill_at=step)
        again = ngopi.run("--show", show, "pull", env=env)
        idle = ngopi.run("--show", show, "--json", "publish", env=env)

        assert again.status == 0, f"killed before step {step}: {again.err}"
        assert (idle.status, json.loads(idle.out)["changed"]) == (0, False), idle.err
        assert guid_of(show, "satu") == guid_of(public_show, "satu")
        assert [path.name for path in show.joinpath("episodes").iterdir()] == ["satu"]
        if killed.status != KILLED:
            break
    assert step > 8


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("when", [1, 4, 8])
def test_killed_from_outside_in_a_rename(ngopi, prepared, tmp_path, when):
    """The same by the kernel's hand, on a Python that knows nothing of it."""
    show = shutil.copytree(prepared, tmp_path / "show")
    place, env = OnFolder(root=tmp_path).place("strace")
    witness = Witness(place=place)
    inject = f"inject=rename,renameat,renameat2:signal=SIGKILL:when={when}"
    command = ["strace", "-f", "-qq", "-o", os.devnull, "-e", inject, sys.executable, "-m", "ngopi"]
    killed = subprocess.run(
        [*command, "--show", show, "publish"],
        env=os.environ | env,
        capture_output=True,
        check=False,
    )
    if b"ptrace" in killed.stderr:
        pytest.skip("this system lets nobody trace")
    assert killed.returncode == KILLED
    assert witness.now() == []
    again = ngopi.run("--show", show, "publish", env=env)

    assert again.status == 0, again.err
    assert witness.at_rest() == []
    assert witness.public() == both(prepared)
