"""A publish is stopped in the middle of a long upload: run again it converges."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from datetime import UTC, datetime

import pytest

from failpoints import at_call
from faulty_proxy import faulty_proxy
from mortal import mortals
from ngopi.catalogue import read_catalogue
from ngopi.config import load_config
from ngopi.console import Console
from ngopi.errors import MediaChangedError
from ngopi.publish import publish
from ngopi.store import open_store
from prepared import add_episode, guid_of, make_show
from promises import Witness
from s3_server import new_bucket, running_s3_server
from standing import OnFolder, OnS3
from weak_server import BUCKET, public_window, running_weak_server

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forked")

KILLED = -9
MIB = 1 << 20
# Above 16 MiB a file goes in parts of 8 MiB: three of them.
PADDING_BYTES = 16 * MIB
MOST_STEPS = 300
# Longer than a server at work is silent; ngopi's own patience is a minute.
PATIENCE_S = 1.0


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("short") / "show")


@pytest.fixture(scope="module")
def prepared(short, tmp_path_factory):
    """A show of one long episode, nothing of it public."""
    show = shutil.copytree(short, tmp_path_factory.mktemp("prepared") / "show")
    add_episode(show, "panjang", 1, padding_bytes=PADDING_BYTES)
    shutil.rmtree(show / "episodes" / "satu")
    return show


@pytest.fixture(scope="module")
def ngopi(prepared):
    with mortals(prepared) as runs:
        yield runs


@pytest.fixture
def bucket(s3_server, s3_bucket):
    with OnS3.of(s3_server, s3_bucket) as stores:
        yield stores


@pytest.fixture
def own_server(tmp_path):
    """A server to be killed and frozen, a bucket, and a proxy before it."""
    tmp_path.joinpath("server").mkdir()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running_s3_server(tmp_path / "server"))
        name = stack.enter_context(new_bucket(server))
        proxy = stack.enter_context(faulty_proxy(server.endpoint))
        yield server, proxy, stack.enter_context(OnS3.of(server, name, proxy.endpoint))


def assert_converged(ngopi, show, env, witness):
    again = ngopi.run("--show", show, "publish", env=env)

    assert again.status == 0, again.err
    witness.acknowledged |= {guid_of(show, path.name) for path in show.glob("episodes/*")}
    assert witness.at_rest() == []
    assert witness.public() == witness.acknowledged
    assert not list(show.glob(".ngopi/uploads/*"))


@pytest.mark.parametrize("first", [1, 2])
def test_killed_in_an_upload_in_parts(ngopi, bucket, prepared, tmp_path, first):
    """Before each step until the whole of it is stored; the rest, short files have shown."""
    known = shutil.copytree(prepared, tmp_path / "known")
    place, env = bucket.place("known")
    assert ngopi.run("--show", known, "publish", env=env).status == 0
    show, stored, begun = tmp_path / "show", False, 0
    for step in range(first, MOST_STEPS, 2):
        shutil.rmtree(show, ignore_errors=True)
        shutil.copytree(prepared, show)
        # What the store can do, so that no step goes into asking it.
        shutil.copytree(known / ".ngopi" / "stores", show / ".ngopi" / "stores")
        place, env = bucket.place(f"step-{step}")
        witness = Witness(place=place)
        killed = ngopi.run("--show", show, "publish", env=env, kill_at=step)
        assert killed.status == KILLED, killed.err
        assert witness.now() == [], f"killed before step {step}"
        begun += any(show.glob(".ngopi/uploads/*.json"))
        stored = any(key.startswith("audio/") for key in place.all_keys())
        assert_converged(ngopi, show, env, witness)
        if stored:
            break

    assert stored
    assert begun > 3  # it was in the middle of the upload


@pytest.mark.parametrize("blow", ["freeze", "kill", "freeze and kill"])
def test_the_server_stops_in_the_middle_of_an_upload(ngopi, own_server, prepared, tmp_path, blow):
    """Its second part is on the line when the server freezes, or is no more."""
    server, proxy, stores = own_server
    show = shutil.copytree(prepared, tmp_path / "show")
    place, env = stores.place("show")
    witness = Witness(place=place)
    proxy.freezes = "PUT .*/audio/.*partNumber=2"
    run = ngopi.start("--show", show, "publish", env=env | {"MORTAL_PATIENCE_S": str(PATIENCE_S)})
    assert proxy.held.wait()
    if "freeze" in blow:
        os.kill(server._process.pid, signal.SIGSTOP)
    if "kill" in blow:
        server.kill()
    proxy.freezes = None
    proxy.thawed.set()
    ended = ngopi.wait(run)
    assert ended.status == 69, ended.err
    if "kill" in blow:
        server.start()
        server.wait_for_data(stores.bucket)
    else:
        os.kill(server._process.pid, signal.SIGCONT)
    assert witness.now() == []

    assert_converged(ngopi, show, env, witness)


# -- the file under it ------------------------------------------------------------------------


@pytest.fixture(params=["folder", "s3"])
def stores(request, tmp_path):
    if request.param == "folder":
        yield OnFolder(root=tmp_path)
        return
    server = request.getfixturevalue("s3_server")
    with OnS3.of(server, request.getfixturevalue("s3_bucket")) as found:
        yield found


def truncate(path):
    with path.open("r+b") as file:
        file.truncate(10 * MIB)


def change(path):
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"!")


@pytest.mark.parametrize("spoil", [truncate, change])
def test_audio_that_changes_while_it_is_read_is_never_public(ngopi, stores, short, tmp_path, spoil):
    """In parts on S3, block by block in a folder: what follows the first is another file's."""
    show = shutil.copytree(short, tmp_path / "show")
    place, env = stores.place("show")
    assert ngopi.run("--show", show, "publish", env=env).status == 0
    witness = Witness(place=place, acknowledged={guid_of(show, "satu")})
    assert witness.at_rest() == []
    add_episode(show, "panjang", 1, padding_bytes=PADDING_BYTES)
    (media,) = (path for path in show.glob("media/*.mp3") if path.stat().st_size > PADDING_BYTES)
    whole = media.read_bytes()
    config = load_config(show, environment=env)
    with (
        at_call("checked_blocks", lambda: spoil(media), nth=2),  # after the first block
        pytest.raises(MediaChangedError),
    ):
        publish(
            config,
            read_catalogue(config.episodes, zone=config.zone),
            open_store(config.store, root=show),
            by="ani",
            now=datetime.now(UTC),
            progress=Console(as_json=True),
        )
    assert witness.at_rest() == []
    assert not [key for key in place.all_keys() if "panjang" in key]
    media.write_bytes(whole)

    assert_converged(ngopi, show, env, witness)


# -- a weak store -----------------------------------------------------------------------------


@pytest.fixture
def weak(tmp_path, monkeypatch):
    """A store that takes no notice of conditions, for one who publishes alone."""
    with (
        running_weak_server(tmp_path / "weak") as server,
        public_window(server) as public,
        faulty_proxy(server.endpoint) as proxy,
        OnS3.of(server, BUCKET, proxy.endpoint, public) as stores,
    ):
        yield server, proxy, stores


def test_killed_on_its_way_to_a_weak_store(ngopi, weak, short, tmp_path):
    """Before every ninth step: it has no way of its own but that of a look before each write."""
    _, _, stores = weak
    show, killed = tmp_path / "show", KILLED
    for step in range(1, MOST_STEPS, 9):
        shutil.rmtree(show, ignore_errors=True)
        shutil.copytree(short, show)
        place, env = stores.place(f"step-{step}")
        witness = Witness(place=place)
        killed = ngopi.run("--show", show, "publish", env=env, kill_at=step).status
        assert witness.now() == [], f"killed before step {step}"
        assert_converged(ngopi, show, env, witness)
        if killed != KILLED:
            break

    assert killed == 0


@pytest.mark.parametrize("key", ["audio/", "ledger.json", "feed.xml"])
def test_a_weak_server_that_is_killed_forgets_and_loses_nothing(ngopi, weak, short, tmp_path, key):
    server, proxy, stores = weak
    show = shutil.copytree(short, tmp_path / "show")
    place, env = stores.place("show")
    witness = Witness(place=place)
    assert ngopi.run("--show", show, "publish", env=env).status == 0
    witness.acknowledged.add(guid_of(show, "satu"))
    assert witness.at_rest() == []
    add_episode(show, "dua", 1)
    proxy.freezes = f"PUT .*/{key}"
    run = ngopi.start("--show", show, "publish", env=env)
    assert proxy.held.wait()
    server.kill()
    proxy.freezes = None
    proxy.thawed.set()
    assert ngopi.wait(run).status == 69
    server.start()
    assert witness.now() == []

    assert_converged(ngopi, show, env, witness)
