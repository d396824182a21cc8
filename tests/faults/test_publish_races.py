"""Several producers publish one show at the same time; listeners look on without a pause."""

from __future__ import annotations

import json
import os
import shutil
import threading
from datetime import UTC, datetime

import pytest

from mortal import mortals
from ngopi.amend import retract
from ngopi.catalogue import read_catalogue
from ngopi.config import load_config
from ngopi.console import Console
from ngopi.errors import SwapConflictError
from ngopi.publish import publish
from ngopi.store import open_store
from prepared import add_episode, copy_without_episodes, guid_of, make_show
from promises import PublicFolder, Witness
from standing import OnFolder, OnS3

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forked")

PRODUCERS = 4
EPISODES = 2


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture(scope="module")
def ngopi(prepared):
    with mortals(prepared) as runs:
        yield runs


@pytest.fixture(params=["folder", "s3"])
def stores(request, tmp_path):
    if request.param == "folder":
        yield OnFolder(root=tmp_path)
        return
    server, bucket = request.getfixturevalue("s3_server"), request.getfixturevalue("s3_bucket")
    with OnS3.of(server, bucket) as found:
        yield found


class Reader(threading.Thread):
    """A listener who subscribes and fetches everything, again and again."""

    def __init__(self, witness):
        super().__init__(daemon=True)
        self.witness, self.broken, self.looks = witness, [], 0
        self._done = threading.Event()

    def run(self):
        while not self._done.is_set():
            self.broken += self.witness.now()
            self.looks += 1

    def stop(self):
        self._done.set()
        self.join()


def team(prepared, tmp_path, *, size=PRODUCERS):
    """Return producers' folders, each with episodes of its own, and the guids of them all."""
    shows = [copy_without_episodes(prepared, tmp_path / f"p{n}") for n in range(size)]
    guids = {guid_of(prepared, "satu")}
    for n, show in enumerate(shows):
        guids |= {add_episode(show, f"p{n}-{e}", n * EPISODES + e) for e in range(EPISODES)}
    return shows, guids


def publish_until_done(ngopi, shows, env):
    """Publish from all folders at once, again where one was told to; return what it took."""
    waiting, rounds = list(shows), 0
    while waiting:
        rounds += 1
        runs = [
            (show, ngopi.start("--json", "--show", show, "publish", env=env)) for show in waiting
        ]
        ended = [(show, ngopi.wait(pid)) for show, pid in runs]
        for _, run in ended:
            assert run.status in (0, 75), run.err
        waiting = [show for show, run in ended if run.status]
    return rounds


def test_all_episodes_of_all_producers_are_public_in_the_end(ngopi, stores, prepared, tmp_path):
    shows, guids = team(prepared, tmp_path)
    place, env = stores.place("race")
    witness = Witness(place=place)
    reader = Reader(witness)
    reader.start()
    rounds = publish_until_done(ngopi, shows, env)
    reader.stop()

    assert reader.broken == []
    assert reader.looks > 0
    witness.acknowledged.update(guids)
    assert witness.at_rest() == []
    assert witness.public() == guids
    ledger = json.loads(place.read("ledger.json"))
    # The first episode is the same everywhere, so one publish per producer, and not one more.
    assert ledger["seq"] == PRODUCERS
    assert rounds == 1


def test_retracting_while_others_publish_loses_neither(ngopi, stores, prepared, tmp_path):
    shows, guids = team(prepared, tmp_path, size=3)
    place, env = stores.place("race")
    first = shutil.copytree(prepared, tmp_path / "first")
    assert ngopi.run("--show", first, "publish", env=env).status == 0
    reader = Reader(Witness(place=place))
    reader.start()
    commands = [["--show", show, "publish"] for show in shows]
    runs = [
        ngopi.start(*command, env=env)
        for command in (*commands, ["--show", first, "retract", "satu"])
    ]
    ended = [ngopi.wait(pid) for pid in runs]
    reader.stop()

    assert [run.status for run in ended] == [0] * len(ended), [run.err for run in ended]
    assert reader.broken == []
    reader.witness.acknowledged.update(guids)
    assert reader.witness.at_rest() == []
    assert reader.witness.public() == guids - {guid_of(prepared, "satu")}


class Overtaken:
    """A store whose feed is swapped a little late: *meanwhile* happens before, once."""

    def __init__(self, real, meanwhile):
        self._real, self._meanwhile = real, [meanwhile]

    def __getattr__(self, name):
        return getattr(self._real, name)

    def swap(self, key, data, *, expected):
        if key == "feed.xml" and self._meanwhile:
            self._meanwhile.pop()()
        return self._real.swap(key, data, expected=expected)


def test_a_feed_that_came_back_is_not_mistaken_for_the_one_that_was_seen(ngopi, prepared, tmp_path):
    """Retracted before its own feed is out: the feed is as it was, and as it has to stay."""
    place, env = OnFolder(root=tmp_path).place("race")
    show = shutil.copytree(prepared, tmp_path / "show")
    assert ngopi.run("--show", show, "publish", env=env).status == 0
    add_episode(show, "dua", 1)
    colleague = copy_without_episodes(prepared, tmp_path / "colleague")
    config = load_config(show, environment=env)

    def retract():
        assert ngopi.run("--show", colleague, "retract", "dua", env=env).status == 0

    publish(
        config,
        read_catalogue(config.episodes, zone=config.zone),
        Overtaken(open_store(config.store, root=show), retract),
        by="ani",
        now=datetime.now(UTC),
        progress=Console(as_json=True),
    )

    assert Witness(place=place).at_rest() == []
    assert Witness(place=place).public() == {guid_of(prepared, "satu")}


def test_who_does_not_know_the_new_address_does_not_bring_back_the_old(ngopi, prepared, tmp_path):
    place, env = OnFolder(root=tmp_path).place("moved")
    ani = shutil.copytree(prepared, tmp_path / "ani")
    budi = shutil.copytree(prepared, tmp_path / "budi")
    new = "https://media.example.org/ngopi"
    for show, where in ((ani, {}), (budi, {}), (ani, {"NGOPI_STORE_PUBLIC_URL": new})):
        assert ngopi.run("--show", show, "publish", env=env | where).status == 0
    add_episode(budi, "dua", 1)
    done = ngopi.run("--show", budi, "publish", env=env)

    assert done.status == 0, done.err
    witness = Witness(place=PublicFolder(root=place.root, public_url=new))
    assert witness.at_rest() == []
    assert witness.public() == {guid_of(prepared, "satu"), guid_of(budi, "dua")}


def test_a_rollback_keeps_the_address(ngopi, prepared, tmp_path):
    place, env = OnFolder(root=tmp_path).place("moved")
    show = shutil.copytree(prepared, tmp_path / "show")
    new = "https://media.example.org/ngopi"
    moved = env | {"NGOPI_STORE_PUBLIC_URL": new}
    assert ngopi.run("--show", show, "publish", env=env).status == 0
    assert ngopi.run("--show", show, "publish", env=moved).status == 0

    done = ngopi.run("--show", show, "rollback", 1, env=moved)

    assert done.status == 0, done.err
    assert Witness(place=PublicFolder(root=place.root, public_url=new)).at_rest() == []


class Unheard:
    """A store that takes a new ledger, lets *meanwhile* happen, and whose reply is lost; once."""

    def __init__(self, real, meanwhile):
        self._real, self._meanwhile = real, [meanwhile]

    def __getattr__(self, name):
        return getattr(self._real, name)

    def swap(self, key, data, *, expected):
        head = self._real.swap(key, data, expected=expected)
        if key == "ledger.json" and self._meanwhile:
            self._meanwhile.pop()()
            raise SwapConflictError(key=key)  # what boto3's second try is told
        return head


def test_a_lost_reply_is_understood_although_a_colleague_was_next(ngopi, prepared, tmp_path):
    place, env = OnFolder(root=tmp_path).place("race")
    show = shutil.copytree(prepared, tmp_path / "show")
    assert ngopi.run("--show", show, "publish", env=env).status == 0
    colleague = copy_without_episodes(prepared, tmp_path / "colleague")
    shutil.rmtree(colleague / "episodes" / "satu")
    config = load_config(show, environment=env)
    store = open_store(config.store, root=show)

    def others():
        shutil.copytree(prepared / "episodes" / "satu", colleague / "episodes" / "satu")
        add_episode(colleague, "dua", 1)
        assert ngopi.run("--show", colleague, "publish", env=env).status == 0

    retract(config, Unheard(store, others), "satu", by="ani", now=datetime.now(UTC))

    assert Witness(place=place).at_rest() == []
    assert Witness(place=place).public() == {guid_of(colleague, "dua")}
    assert json.loads(place.read("ledger.json"))["seq"] == 3
