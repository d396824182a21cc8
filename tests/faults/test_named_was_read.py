"""What lies under a key already is read before a release names it: metadata prove nothing."""

from __future__ import annotations

import hashlib
import json
import re
import shutil

import pytest

from faulty_proxy import faulty_proxy
from prepared import make_show
from promises import Witness
from standing import OnS3


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A show with a cover of the episode's own, nothing of it public."""
    show = make_show(tmp_path_factory.mktemp("prepared") / "show")
    shutil.copy(show / "cover.jpg", show / "episodes" / "satu" / "cover.jpg")
    return show


@pytest.fixture
def show(prepared, tmp_path):
    shutil.copytree(prepared, tmp_path / "show", ignore=shutil.ignore_patterns("public"))
    return tmp_path / "show"


@pytest.fixture
def bucket(s3_server, s3_bucket):
    with OnS3.of(s3_server, s3_bucket) as stores:
        yield stores


@pytest.fixture
def on_s3(bucket, monkeypatch):
    place, env = bucket.place("podcast")
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return place


@pytest.fixture(autouse=True)
def tagged(show, bucket, ngopi):
    """The file's tags name the address, so they are of this bucket's before anybody looks."""
    place, _env = bucket.place("podcast")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NGOPI_STORE_PUBLIC_URL", place.public_url)
        assert ngopi("--show", show, "publish").status == 0
    for name in ("public", ".ngopi", "feeds"):
        shutil.rmtree(show / name)


def files_of(show):
    """Return all that a publish will store of the show, by key."""
    found = {}
    text = (show / "episodes/satu/audio.toml").read_text("utf-8")
    sha256 = re.findall(r'^sha256 = "(\w+)"', text, re.MULTILINE)[0]
    found[f"audio/satu-{sha256[:12]}.mp3"] = (show / "media" / f"{sha256}.mp3").read_bytes()
    cover = (show / "cover.jpg").read_bytes()
    digest = hashlib.sha256(cover).hexdigest()[:12]
    return found | {f"covers/satu-{digest}.jpg": cover, f"covers/show-{digest}.jpg": cover}


def put(bucket, place, key, data, *, stated):
    bucket.client.put_object(
        Bucket=bucket.bucket,
        Key=f"{place.prefix}/{key}",
        Body=data,
        ContentType="audio/mpeg" if key.endswith(".mp3") else "image/jpeg",
        Metadata={"sha256": hashlib.sha256(stated).hexdigest()},
    )


@pytest.mark.parametrize("kind", ["audio", "covers/satu", "covers/show"])
def test_bytes_that_only_say_what_they_are_do_not_become_public(show, bucket, on_s3, ngopi, kind):
    """Somebody put them there before: of the right length, with the right words beside them."""
    key, data = next((k, d) for k, d in files_of(show).items() if k.startswith(kind))
    put(bucket, on_s3, key, bytes(len(data)), stated=data)

    run = ngopi("--show", show, "--json", "publish")

    assert (run.status, run.error["code"]) == (65, "object-taken")
    assert key in run.error["message"]
    assert on_s3.read("ledger.json") is None
    bucket.client.delete_object(Bucket=bucket.bucket, Key=f"{on_s3.prefix}/{key}")
    assert ngopi("--show", show, "publish").status == 0  # the advice helps
    assert Witness(place=on_s3).at_rest() == []


def test_bytes_that_came_in_between_do_not_become_public(show, s3_server, s3_bucket, ngopi):
    """They are not there when ngopi looks, and are there when it has sent its own."""
    key, data = next(iter(files_of(show).items()))

    def overtake(request):
        if request.startswith("PUT ") and key in request:
            put(stores, place, key, bytes(len(data)), stated=data)

    with (
        faulty_proxy(s3_server.endpoint) as proxy,
        OnS3.of(s3_server, s3_bucket, endpoint=proxy.endpoint) as stores,
        pytest.MonkeyPatch.context() as patch,
    ):
        place, env = stores.place("podcast")
        for name, value in env.items():
            patch.setenv(name, value)
        proxy.arriving = overtake

        run = ngopi("--show", show, "--json", "publish")

    assert (run.status, run.error["code"]) == (65, "object-taken")
    assert place.read("ledger.json") is None


def test_what_is_replaced_while_it_is_read_is_read_again(show, s3_server, s3_bucket, ngopi):
    """The right bytes were read, and others lie there by the time that they are."""
    key, data = next(iter(files_of(show).items()))
    replaced = []

    def replace(request):
        if request.startswith("GET ") and key in request and not replaced:
            replaced.append(request)
            put(stores, place, key, bytes(len(data)), stated=data)

    with (
        faulty_proxy(s3_server.endpoint) as proxy,
        OnS3.of(s3_server, s3_bucket, endpoint=proxy.endpoint) as stores,
        pytest.MonkeyPatch.context() as patch,
    ):
        place, env = stores.place("podcast")
        for name, value in env.items():
            patch.setenv(name, value)
        put(stores, place, key, data, stated=data)
        proxy.answering = replace

        run = ngopi("--show", show, "--json", "publish")

    assert len(replaced) == 1
    assert (run.status, run.error["code"]) == (65, "object-taken")
    assert place.read("ledger.json") is None


def test_what_a_colleague_stored_is_taken_and_read_once(show, bucket, on_s3, ngopi):
    files = files_of(show)
    for key, data in files.items():
        put(bucket, on_s3, key, data, stated=b"a colleague whose tool writes other words")

    assert ngopi("--show", show, "publish").status == 0
    known = json.loads((show / ".ngopi" / "read.json").read_text("utf-8"))

    assert known.keys() == files.keys()
    assert all(known[key][1] == hashlib.sha256(files[key]).hexdigest() for key in files)
    assert Witness(place=on_s3).at_rest() == []


def test_a_forged_object_is_found_although_the_right_one_was_read_before(
    show, bucket, on_s3, ngopi
):
    """What this folder remembers holds for one version of an object and for no other."""
    assert ngopi("--show", show, "publish").status == 0
    key, data = next(iter(files_of(show).items()))
    put(bucket, on_s3, key, bytes(len(data)), stated=data)
    path = show / "episodes/satu/episode.md"
    path.write_text(path.read_text("utf-8").replace("kind", "explicit = true\nkind"), "utf-8")

    run = ngopi("--show", show, "--json", "publish")

    assert (run.status, run.error["code"]) == (65, "object-taken")


@pytest.mark.parametrize("memory", [b"[1]", b'{"a": 1}', b'{"a": []}', b"\xff", b"null"])
def test_a_damaged_memory_is_only_forgotten(show, on_s3, ngopi, memory):
    (show / ".ngopi").mkdir(exist_ok=True)
    (show / ".ngopi" / "read.json").write_bytes(memory)

    assert ngopi("--show", show, "publish").status == 0
    assert Witness(place=on_s3).at_rest() == []
