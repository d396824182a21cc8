"""A store that keeps something else than it was sent: seen before anything names it.

The folder is spoilt right after it was written. The bucket is a real one; what it keeps is changed
between an upload and the look at it, as a store would that loses the end of a file, mixes up two,
or forgets one that it has acknowledged.
"""

from __future__ import annotations

import hashlib
import re
import shutil

import pytest

from failpoints import at_every_call
from faulty_proxy import faulty_proxy
from prepared import add_episode, make_show
from promises import Witness
from standing import OnS3


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A show with an episode that is sent in one request, and one that is sent in parts."""
    show = make_show(tmp_path_factory.mktemp("prepared") / "show")
    add_episode(show, "panjang", 1, padding_bytes=9 << 20)
    return show


def shortened(data):
    return data[:-1], data


def mixed_up(data):
    other = bytes(len(data))
    return other, other


CHANGES = {"shortened": shortened, "mixed up": mixed_up, "forgotten": None}


@pytest.mark.parametrize("slug", ["satu", "panjang"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_the_store_does_not_keep_as_it_was_sent_is_not_named(
    ngopi, prepared, tmp_path, monkeypatch, s3_server, s3_bucket, slug, change
):
    show = shutil.copytree(prepared, tmp_path / "show")
    shutil.rmtree(show / "episodes" / ({"satu", "panjang"} - {slug}).pop())
    spoilt = []

    def spoil(request):
        """Right after the store has taken it, before it says so."""
        key = re.match(rf"(?:PUT|POST) \S*/(audio/{slug}-\w+\.mp3)", request)
        if key is None or "partNumber" in request or "uploads" in request:
            return
        spoilt.append(f"podcast/{key[1]}")
        data = stores.client.get_object(Bucket=s3_bucket, Key=spoilt[0])["Body"].read()
        stores.client.delete_object(Bucket=s3_bucket, Key=spoilt[0])
        if CHANGES[change] is not None:
            body, stated = CHANGES[change](data)
            words = {"sha256": hashlib.sha256(stated).hexdigest()}
            stores.client.put_object(Bucket=s3_bucket, Key=spoilt[0], Body=body, Metadata=words)

    with (
        faulty_proxy(s3_server.endpoint) as proxy,
        OnS3.of(s3_server, s3_bucket, endpoint=proxy.endpoint) as stores,
    ):
        place, env = stores.place("podcast")
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        proxy.answering = spoil

        run = ngopi("--show", show, "--json", "publish")

        assert len(spoilt) == 1
        assert (run.status, run.error["code"]) == (69, "store-verify"), run
        assert place.read("ledger.json") is None
        assert Witness(place=place).now() == []


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_disk_does_not_keep_as_it_was_written_is_not_named(
    ngopi, prepared, tmp_path, change
):
    show = shutil.copytree(prepared, tmp_path / "show")

    def spoil():
        for path in (show / "public" / "audio").glob("satu-*.mp3"):
            if CHANGES[change] is None:
                path.unlink()
            else:
                path.write_bytes(CHANGES[change](path.read_bytes())[0])

    with at_every_call("FolderStore._verified", spoil):
        run = ngopi("--show", show, "--json", "publish")

    assert (run.status, run.error["code"]) == (69, "store-verify"), run
    assert not (show / "public" / "ledger.json").exists()
