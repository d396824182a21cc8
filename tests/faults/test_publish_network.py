"""The line and the server fail in the middle of a publish: run again it converges."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal

import pytest

from faulty_proxy import faulty_proxy
from mortal import mortals
from prepared import add_episode, copy_without_episodes, guid_of, make_show
from promises import Witness
from s3_server import new_bucket, running_s3_server
from standing import OnS3
from suffering import READ_FAULTS, WRITE_FAULTS, assert_converged, be_refused, suffer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forked")

CLOCK_OFF_S = 20 * 60


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture(scope="module")
def ngopi(prepared):
    with mortals(prepared) as runs:
        yield runs


@pytest.fixture
def proxy(s3_server):
    with faulty_proxy(s3_server.endpoint) as faults:
        yield faults


@pytest.fixture
def store(s3_server, s3_bucket, proxy):
    """A store behind the proxy, and the environment to publish there."""
    with OnS3.of(s3_server, s3_bucket, proxy.endpoint) as stores:
        yield stores.place("show")


@pytest.fixture
def publish(ngopi, prepared, store, tmp_path):
    """Publish the one episode from a folder that forgets which store it has met."""
    return lambda **changed: ngopi.run(
        "--json", "--show", prepared, "publish", env=store[1] | changed
    )


@pytest.fixture(autouse=True)
def forgetful(prepared):
    """Each test's store is new, though the folder is the same."""
    yield
    for name in (".ngopi/bases.json", ".ngopi/ledger.json", ".ngopi/seen.json"):
        prepared.joinpath(name).unlink(missing_ok=True)


@pytest.mark.parametrize("key", ["audio/", "covers/", "releases/", "ledger.json", "feed.xml"])
def test_every_write_may_be_cut_corrupted_refused_and_lost(publish, proxy, store, prepared, key):
    """One after the other, as many runs as it takes; whatever happened, all of it is whole."""
    witness = Witness(place=store[0])
    suffer(publish, proxy, witness, f"PUT .*/{key}", faults=WRITE_FAULTS)

    assert_converged(witness, publish, prepared)


@pytest.fixture
def colleague(ngopi, prepared, store, publish, tmp_path):
    """Publish as somebody with another episode who has nothing of what the first publish left."""
    assert publish().status == 0
    show = copy_without_episodes(prepared, tmp_path / "colleague")
    add_episode(show, "dua", 1)

    def publish_again(**changed):
        shutil.rmtree(show / ".ngopi", ignore_errors=True)
        shutil.rmtree(show / "feeds", ignore_errors=True)
        return ngopi.run("--json", "--show", show, "publish", env=store[1] | changed)

    return publish_again


@pytest.mark.parametrize("key", ["ledger.json", "feed.xml"])
def test_every_answer_may_be_truncated_and_corrupted(colleague, proxy, store, prepared, key):
    witness = Witness(place=store[0], acknowledged={guid_of(prepared, "satu")})
    suffer(colleague, proxy, witness, f"GET .*/{key}", faults=READ_FAULTS)

    assert_converged(witness, colleague, prepared)


@pytest.mark.parametrize("thaw", ["before the next run", "after the next run"])
@pytest.mark.parametrize("key", ["audio/", "releases/", "ledger.json", "feed.xml"])
def test_a_write_that_comes_late_does_no_harm(ngopi, prepared, proxy, store, tmp_path, key, thaw):
    """The line holds all three tries, and nobody waits for them when the server meets them.

    By then, in one of the cases, the next run has published more.
    """
    place, env = store
    show = shutil.copytree(prepared, tmp_path / "show")
    witness = Witness(place=place)
    assert ngopi.run("--show", show, "publish", env=env).status == 0
    assert witness.at_rest() == []
    add_episode(show, "dua", 1)
    proxy.delays = f"PUT .*/{key}"
    failed = ngopi.run("--show", show, "publish", env=env)
    proxy.delays = None
    assert failed.status == 69, failed.err
    assert proxy.held.is_set()
    assert witness.now() == []
    if thaw == "before the next run":
        proxy.thaw()
        assert witness.now() == []
    add_episode(show, "tiga", 2)
    again = ngopi.run("--show", show, "publish", env=env)
    assert again.status == 0, again.err
    witness.acknowledged |= {guid_of(show, slug) for slug in ("satu", "dua", "tiga")}
    assert witness.at_rest() == []
    if thaw == "after the next run":
        proxy.thaw()

    assert witness.at_rest() == []
    assert witness.public() == witness.acknowledged
    assert (
        json.loads(ngopi.run("--json", "--show", show, "publish", env=env).out)["changed"] is False
    )


def test_a_ledger_whose_reply_was_lost_is_known_as_ones_own(publish, proxy, store):
    witness = Witness(place=store[0])
    proxy.drop_reply_to = r"PUT .*/ledger\.json"

    done = publish()

    assert (done.status, len(proxy.happened)) == (0, 1), done.err
    assert witness.at_rest() == []
    assert store[0].read("history/1.json") is None  # it is the first, and the only one


@pytest.mark.parametrize(
    ("header", "status", "code", "exits"),
    [
        ("Host", 403, "AccessDenied", {77}),
        ("Host", 400, "ExpiredToken", {77}),
        ("Host", 403, "RequestTimeTooSkewed", {77}),
        ("Host", 404, "NoSuchBucket", {69, 78}),
        # This folder has seen a state there: a store that knows of none was emptied, or lies.
        ("Host", 404, "NoSuchKey", {69}),
        ("Host", 500, "InternalError", {69}),
        ("Host", 503, "SlowDown", {69}),
        ("If-Match", 500, "InternalError", {69}),
        ("If-None-Match", 503, "SlowDown", {69}),
    ],
)
def test_every_refusal_leaves_the_old_state_and_is_named(
    publish, proxy, store, prepared, header, status, code, exits
):
    publish()
    witness = Witness(place=store[0], acknowledged={guid_of(prepared, "satu")})
    assert witness.at_rest() == []
    proxy.quirks = {header: (status, code)}
    episode = prepared / "episodes" / "satu" / "episode.md"
    text = episode.read_text("utf-8")
    episode.write_text(f"{text}\nRevised: {code} {header}.\n", "utf-8")
    try:
        refused = publish()
        assert refused.status in exits, refused.err
        assert witness.at_rest() == []
        proxy.quirks = {}
        assert_converged(witness, publish, prepared)
    finally:
        episode.write_text(text, "utf-8")


@pytest.mark.parametrize("key", ["audio/", "covers/", "releases/", "ledger.json", "feed.xml"])
def test_a_refusal_on_the_way_is_named_and_costs_nothing(publish, proxy, store, prepared, key):
    """The server changes its mind when the publish has come as far as this."""
    witness = Witness(place=store[0])
    be_refused(publish, proxy, witness, f"PUT .*/{key}")

    assert_converged(witness, publish, prepared)


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_a_wrong_key_is_named_and_the_right_one_goes_on(publish, store, prepared, name):
    refused = publish(**{name: "wrong"})

    assert refused.status == 77
    assert_converged(Witness(place=store[0]), publish, prepared)


def test_a_clock_that_is_wrong_is_named_and_the_right_one_goes_on(publish, store, prepared):
    refused = publish(MORTAL_CLOCK_OFF_S=str(CLOCK_OFF_S))

    assert refused.status != 0
    assert "clock" in refused.err, refused.err
    assert_converged(Witness(place=store[0]), publish, prepared)


@pytest.mark.parametrize("blow", ["kill", "freeze"])
def test_a_server_that_stops_in_mid_publish(ngopi, prepared, tmp_path, blow):
    """The cover and the audio have landed; what comes then meets a server that is no more."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running_s3_server(tmp_path))
        bucket = stack.enter_context(new_bucket(server))
        stores = stack.enter_context(OnS3.of(server, bucket))
        place, env = stores.place("show")
        witness = Witness(place=place)
        run = ngopi.start("--show", prepared, "publish", env=env)
        while not any(key.startswith("audio/") for key in place.all_keys()):
            pass
        if blow == "kill":
            server.kill()
            assert ngopi.wait(run).status in (0, 69)
            server.start()
            server.wait_for_data(bucket)
        else:
            os.kill(server._process.pid, signal.SIGSTOP)
            os.kill(run, signal.SIGKILL)  # somebody lost patience; what was sent may land later
            ngopi.wait(run)
            os.kill(server._process.pid, signal.SIGCONT)
        assert witness.now() == []

        assert_converged(
            witness, lambda: ngopi.run("--show", prepared, "publish", env=env), prepared
        )
