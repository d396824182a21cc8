"""kill -9 before every step of what an editor does to the public state: run again it is done."""

from __future__ import annotations

import itertools
import json
import os
import shutil

import pytest

import speech
from killed import MOST_STEPS, survives
from mortal import mortals
from prepared import add_episode, guid_of, make_show
from standing import InShow, OnS3, PutBack

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="neither fork nor SIGKILL there")

COMMANDS = pytest.mark.parametrize(
    ("command", "public"),
    [
        (["retract", "satu"], []),
        (["retract", "satu", "--delete-audio", "--yes"], []),
        (["restore", "dua"], ["satu", "dua"]),
        (["rollback", "1"], ["satu", "dua"]),
    ],
    ids=["retract", "delete", "restore", "rollback"],
)
SHARES = 4


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


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Another than that of the episode."""
    path = tmp_path_factory.mktemp("rekaman") / "baru.wav"
    return speech.write_wav(path, speech.voice(1.2, rms_dbfs=-20.0, seed=2), speech.RATE_HZ)


def make_public(ngopi, prepared, show, env):
    """Publish the show from the folder *show*; dua is retracted."""
    shutil.copytree(prepared, show)
    for command in (["publish"], ["retract", "dua"]):
        done = ngopi.run("--show", show, *command, env=env)
        assert done.status == 0, done.err
    return show


@pytest.fixture(scope="module")
def public_show(ngopi, prepared, tmp_path_factory):
    """The show, public in its own folder."""
    show = tmp_path_factory.mktemp("public") / "show"
    return make_public(ngopi, prepared, show, {"NGOPI_LANG": "en"})


@pytest.fixture
def in_bucket(ngopi, prepared, s3_server, s3_bucket, tmp_path):
    """The show, public in a bucket: its folder, and the store, put back as often as it takes."""
    with OnS3.of(s3_server, s3_bucket) as stores:
        _, env = stores.place("show")
        show = make_public(ngopi, prepared, tmp_path / "start", env)
        yield show, PutBack.of(stores, "show")


def steps_survived(ngopi, stores, start, show, *, command, public, steps):
    """Kill *command* before each of *steps* that it has; return the first that it has not."""
    satu = json.loads(start.joinpath(".ngopi", "ledger.json").read_bytes())["entries"][0]
    release = json.loads(start.joinpath(f".ngopi/releases/{satu['release']}.json").read_bytes())
    return next(
        step
        for step in steps
        if not survives(
            ngopi, stores, start, show,
            step=step, command=command, public={guid_of(start, slug) for slug in public},
            deleted=[release["enclosure"]["key"]] if "--yes" in command else (),
        )
    )  # fmt: skip


@COMMANDS
def test_taking_out_and_bringing_back_in_a_folder(ngopi, public_show, tmp_path, command, public):
    show = tmp_path / "show"
    steps = steps_survived(
        ngopi, InShow(show=show), public_show, show,
        command=command, public=public, steps=range(1, MOST_STEPS, 2),  # a write takes two
    )  # fmt: skip

    assert steps > 8


@COMMANDS
def test_taking_out_and_bringing_back_in_a_bucket(ngopi, in_bucket, tmp_path, command, public):
    start, stores = in_bucket
    steps = steps_survived(
        ngopi, stores, start, tmp_path / "show",
        command=command, public=public, steps=range(1, MOST_STEPS),
    )  # fmt: skip

    assert steps > 20


@pytest.mark.parametrize("first", range(1, SHARES + 1))
def test_new_audio_in_a_bucket(ngopi, in_bucket, recording, tmp_path, first):
    """From the recording on; in shares that can run side by side."""
    start, stores = in_bucket
    show = tmp_path / "show"
    place, env = stores.place("")
    old = {key for key in place.all_keys() if key.startswith("audio/satu-")}
    steps = steps_survived(
        ngopi, stores, start, show,
        command=["replace", "satu", recording], public=["satu"],
        steps=itertools.islice(itertools.count(first, SHARES), MOST_STEPS),
    )  # fmt: skip
    audio = {key for key in place.all_keys() if key.startswith("audio/satu-")}
    idle = ngopi.run("--show", show, "--json", "publish", env=env)

    assert steps > 40
    assert old < audio
    assert len(audio) == 2
    assert not json.loads(idle.out)["changed"]


def test_new_audio_in_a_folder(ngopi, public_show, recording, tmp_path):
    """Killed before every other step, of which a write takes two."""
    show = tmp_path / "show"
    steps = steps_survived(
        ngopi, InShow(show=show), public_show, show,
        command=["replace", "satu", recording], public=["satu"], steps=range(1, MOST_STEPS, 2),
    )  # fmt: skip

    assert steps > 30
    assert len(list(show.glob("public/audio/satu-*.mp3"))) == 2
    assert not list(show.glob(".ngopi/ingest-*"))
