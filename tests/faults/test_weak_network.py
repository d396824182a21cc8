"""The line fails on the way to a store that keeps nobody apart: one person publishes again.

The server ignores conditions on writes, so what `test_publish_network` has of races is not here:
nothing but one person at a time keeps a late ledger from landing over a newer one.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil

import pytest

from faulty_proxy import faulty_proxy
from mortal import mortals
from prepared import add_episode, copy_without_episodes, guid_of, make_show
from promises import Witness
from standing import OnS3
from suffering import READ_FAULTS, WRITE_FAULTS, assert_converged, be_refused, suffer
from weak_server import BUCKET, public_window, running_weak_server

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forked")

WRITTEN = pytest.mark.parametrize(
    "key", ["audio/", "covers/", "releases/", "ledger.json", "feed.xml"]
)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture(scope="module")
def ngopi(prepared):
    with mortals(prepared) as runs:
        yield runs


@pytest.fixture
def weak(tmp_path):
    """A proxy before a weak server, and the stores behind it, which a window shows to all."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running_weak_server(tmp_path / "weak"))
        proxy = stack.enter_context(faulty_proxy(server.endpoint))
        window = stack.enter_context(public_window(server))
        yield proxy, stack.enter_context(OnS3.of(server, BUCKET, proxy.endpoint, window))


@pytest.fixture
def proxy(weak):
    return weak[0]


@pytest.fixture
def store(weak):
    """The store as the public sees it, and the environment to publish there."""
    return weak[1].place("show")


@pytest.fixture
def show(prepared, tmp_path):
    return shutil.copytree(prepared, tmp_path / "show")


@pytest.fixture
def publish(ngopi, show, store):
    return lambda: ngopi.run("--json", "--show", show, "publish", env=store[1])


@WRITTEN
def test_every_write_may_be_cut_corrupted_refused_and_lost(publish, proxy, store, show, key):
    witness = Witness(place=store[0])
    suffer(publish, proxy, witness, f"PUT .*/{key}", faults=WRITE_FAULTS)

    assert_converged(witness, publish, show)


@pytest.mark.parametrize("key", ["ledger.json", "feed.xml"])
def test_every_answer_may_be_truncated_and_corrupted(
    ngopi, publish, proxy, store, show, tmp_path, key
):
    """As a colleague who has nothing of what the first publish left, and comes after it."""
    assert publish().status == 0
    other = copy_without_episodes(show, tmp_path / "other")
    add_episode(other, "dua", 1)

    def publish_other():
        shutil.rmtree(other / ".ngopi", ignore_errors=True)
        shutil.rmtree(other / "feeds", ignore_errors=True)
        return ngopi.run("--json", "--show", other, "publish", env=store[1])

    witness = Witness(place=store[0], acknowledged={guid_of(show, "satu")})
    suffer(publish_other, proxy, witness, f"GET .*/{key}", faults=READ_FAULTS)

    assert_converged(witness, publish_other, other)
    assert witness.public() == {guid_of(other, slug) for slug in ("satu", "dua")}


@WRITTEN
def test_a_refusal_on_the_way_is_named_and_costs_nothing(publish, proxy, store, show, key):
    witness = Witness(place=store[0])
    be_refused(publish, proxy, witness, f"PUT .*/{key}")

    assert_converged(witness, publish, show)


@pytest.mark.parametrize("pattern", ["(HEAD|GET) ", r"GET .*/ledger\.json"])
def test_a_refusal_to_be_read_is_named_and_costs_nothing(publish, proxy, store, show, pattern):
    assert publish().status == 0
    add_episode(show, "dua", 1)
    witness = Witness(place=store[0], acknowledged={guid_of(show, "satu")})
    be_refused(publish, proxy, witness, pattern)

    assert_converged(witness, publish, show)
    assert witness.public() == {guid_of(show, slug) for slug in ("satu", "dua")}


def hold_the_first(proxy, pattern):
    """Let the first request that matches reach the server after its own repetition.

    One only: where several writes to one key meet, this server may lose all that was there.
    """
    arrived = []

    def arriving(request):
        if re.match(pattern, request):
            arrived.append(request)
            if len(arrived) > 1:
                proxy.delays = None

    proxy.delays, proxy.arriving = pattern, arriving


@pytest.mark.parametrize("key", ["audio/", "releases/", "ledger.json", "feed.xml"])
def test_a_write_that_comes_late_does_no_harm_before_the_next_run(publish, proxy, store, show, key):
    assert publish().status == 0
    witness = Witness(place=store[0], acknowledged={guid_of(show, "satu")})
    assert witness.at_rest() == []
    add_episode(show, "dua", 1)
    hold_the_first(proxy, f"PUT .*/{key}")
    assert publish().status == 0
    assert proxy.held.is_set()
    witness.acknowledged.add(guid_of(show, "dua"))
    assert witness.at_rest() == []
    proxy.thaw()
    assert witness.at_rest() == []
    add_episode(show, "tiga", 2)

    assert_converged(witness, publish, show)
    assert witness.public() == {guid_of(show, slug) for slug in ("satu", "dua", "tiga")}
    assert json.loads(publish().out)["changed"] is False


@pytest.mark.parametrize("key", ["audio/", "releases/"])
def test_what_never_changes_may_come_as_late_as_it_likes(publish, proxy, store, show, key):
    """Its key carries its hash: the same bytes land over themselves."""
    witness = Witness(place=store[0])
    hold_the_first(proxy, f"PUT .*/{key}")
    assert publish().status == 0
    assert proxy.held.is_set()
    add_episode(show, "dua", 1)
    assert_converged(witness, publish, show)
    proxy.thaw()

    assert witness.at_rest() == []
    assert json.loads(publish().out)["changed"] is False


def test_a_ledger_that_the_server_lost_is_put_back_and_nothing_begins_anew(
    ngopi, publish, store, show, weak
):
    """What this server does where several writes meet; the history has the state before."""
    place, env = store
    assert publish().status == 0
    add_episode(show, "dua", 1)
    assert publish().status == 0
    add_episode(show, "tiga", 2)
    witness = Witness(place=place, acknowledged={guid_of(show, slug) for slug in ("satu", "dua")})
    assert witness.at_rest() == []
    weak[1].client.delete_object(Bucket=BUCKET, Key="show/ledger.json")

    refused = publish()
    assert refused.status == 69
    assert json.loads(refused.err.splitlines()[-1])["error"]["code"] == "ledger-gone"
    mended = ngopi.run("--show", show, "doctor", "--fix", env=env)
    assert "Mended: There was a ledger in the store, and it is gone." in mended.out

    assert_converged(witness, publish, show)
    assert witness.public() == {guid_of(show, slug) for slug in ("satu", "dua", "tiga")}


def test_a_ledger_whose_reply_was_lost_is_known_as_ones_own(publish, proxy, store):
    witness = Witness(place=store[0])
    proxy.drop_reply_to = r"PUT .*/ledger\.json"

    done = publish()

    assert (done.status, len(proxy.happened)) == (0, 1), done.err
    assert witness.at_rest() == []
    assert store[0].read("history/1.json") is None  # it is the first, and the only one
