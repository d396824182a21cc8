"""kill -9 before every step of a publish: run again it converges, and no promise was broken."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from mortal import mortals
from prepared import add_episode, guid_of, make_show
from promises import Witness
from standing import OnFolder, OnS3

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="neither fork nor SIGKILL there")

KILLED = -9
# Far above what any of these runs takes: a loop that never ends is a failure, not a hang.
MOST_STEPS = 500


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
def folder(tmp_path):
    return OnFolder(root=tmp_path)


@pytest.fixture
def bucket(s3_server, s3_bucket):
    with OnS3.of(s3_server, s3_bucket) as stores:
        yield stores


def copy_of(show, folder):
    shutil.rmtree(folder, ignore_errors=True)
    return shutil.copytree(show, folder)


def kill_before_every_step(ngopi, stores, start, folder, *, command, guids, before=(), every=1):
    """Kill *command* before its steps, each time from the same start; return how many there are.

    *start* is the producer's folder; *guids* are public when it is done. What is in *before* was
    acknowledged already: it must be there whatever happens.
    """
    for step in range(1, MOST_STEPS, every):
        show = copy_of(start, folder)
        place, env = stores.place(str(step))
        witness = Witness(place=place)
        assert witness.now() == []
        killed = ngopi.run("--show", show, *command, env=env, kill_at=step)
        witness.acknowledged.update(before)
        assert witness.now() == [], f"killed before step {step}"
        again = ngopi.run("--show", show, *command, env=env)

        witness.acknowledged.update(guids)
        assert again.status == 0, f"killed before step {step}: {again.err}"
        assert witness.at_rest() == [], f"killed before step {step}"
        idle = ngopi.run("--show", show, "--json", "publish", env=env)
        assert not json.loads(idle.out)["changed"], f"killed before step {step}"
        if killed.status != KILLED:
            assert killed.status == 0, killed.err
            return step
    pytest.fail(f"{command} took more than {MOST_STEPS} steps")


def test_a_first_publish_into_a_folder(ngopi, folder, prepared, tmp_path):
    steps = kill_before_every_step(
        ngopi, folder, prepared, tmp_path / "show", command=["publish"],
        guids={guid_of(prepared, "satu"), guid_of(prepared, "dua")},
    )  # fmt: skip

    assert steps > 30  # the wire that counts them is connected


def test_a_first_publish_into_a_bucket(ngopi, bucket, prepared, tmp_path):
    steps = kill_before_every_step(
        ngopi, bucket, prepared, tmp_path / "show", command=["publish"],
        guids={guid_of(prepared, "satu"), guid_of(prepared, "dua")},
    )  # fmt: skip

    assert steps > 30
