"""gc lists and deletes what no state names, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta

import pytest

import speech


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A show with three states: made, made again with other audio, retracted."""
    from ngopi.__main__ import main

    folder = tmp_path_factory.mktemp("asli")
    for name, level in (("satu", -24.0), ("lain", -20.0), ("dua", -30.0)):
        speech.write_wav(folder / f"{name}.wav", speech.voice(2.0, rms_dbfs=level), speech.RATE_HZ)
    show = folder / "show"

    def run(*argv):
        assert main([str(word) for word in argv]) == 0

    run("init", show, "--title", "Ngopi", "--author", "H")
    run("--show", show, "ingest", folder / "satu.wav")
    run("--show", show, "replace", "satu", folder / "lain.wav")
    run("--show", show, "ingest", folder / "dua.wav")
    run("--show", show, "retract", "dua")
    return show


@pytest.fixture
def shop(published, tmp_path, monkeypatch):
    """A copy of the show, everything in its store two months old."""
    folder = tmp_path / "show"
    shutil.copytree(published, folder)
    monkeypatch.chdir(folder)
    for path in (folder / "public").rglob("*"):
        age(path, days=60)
    return folder


def age(path, *, days):
    then = datetime.now(UTC) - timedelta(days=days)
    os.utime(path, (then.timestamp(), then.timestamp()))


def put(show, key, *, days=31):
    path = show / "public" / key
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"sampah")
    age(path, days=days)
    return key


def public(show):
    return json.loads(show.joinpath("public/ledger.json").read_bytes())


def files(show):
    return {p.relative_to(show).as_posix() for p in (show / "public").rglob("*") if p.is_file()}


GARBAGE = (
    "audio/asing-0123456789ab.mp3", "covers/asing-0123456789ab.png", "probe/asing.json",
)  # fmt: skip
# Its name may be that of a release which somebody is about to publish: it is small, and stays.
RELEASE = f"releases/{'0' * 64}.json"


def test_every_state_that_ever_was_is_kept_however_old(ngopi, shop):
    done = ngopi("gc", "--json")

    assert (done.status, done.json["objects"], done.json["sure"]) == (0, [], True)
    assert len(list((shop / "public/audio").iterdir())) == 3
    assert "Nothing to do" in ngopi("gc", "--delete", "--yes").out


def test_what_no_state_names_is_listed_and_deleted_only_when_told(ngopi, shop):
    before = files(shop)
    for key in GARBAGE:
        put(shop, key)
    young = put(shop, "audio/baru-0123456789ab.mp3", days=29)
    notes = put(shop, "README.txt")
    page = put(shop, "site/index.html")
    release = put(shop, RELEASE)

    listed = ngopi("gc", "--json")
    told = ngopi("gc")
    refused = ngopi("gc", "--delete", "--json")

    assert [found["key"] for found in listed.json["objects"]] == list(GARBAGE)
    assert (listed.json["size_bytes"], listed.json["deleted"]) == (18, [])
    assert told.out.splitlines()[-1].startswith("3 objects (0.0 MB) belong to no state")
    assert (refused.status, refused.error["code"]) == (2, "option-missing")
    assert {f"public/{key}" for key in GARBAGE} <= files(shop)
    deleted = ngopi("gc", "--delete", "--yes", "--json")
    assert deleted.json["deleted"] == list(GARBAGE)
    kept = {f"public/{key}" for key in (young, notes, page, release)}
    assert files(shop) - before - kept == {"public/history/4.json"}  # the state that was
    assert (before | kept) - files(shop) == set()
    assert public(shop)["gone"] == list(GARBAGE[:2])
    assert ngopi("rollback", "1").status == 0


def test_audio_of_this_folder_that_is_not_public_yet_is_kept(ngopi, shop, published):
    recording = published.parent / "satu.wav"
    assert ngopi("ingest", recording, "--episode", "tiga", "--title", "T", "--published", "draft",
                 "--json").status == 0  # fmt: skip
    sha256 = ngopi("show", "tiga", "--json").json["sha256"]
    put(shop, f"audio/tiga-{sha256[:12]}.mp3")

    assert ngopi("gc", "--json").json["objects"] == []


@pytest.mark.parametrize("pattern", ["history/1.json", "releases/*.json"])
def test_where_a_past_state_cannot_be_read_all_that_it_may_name_is_kept(ngopi, shop, pattern):
    for key in GARBAGE:
        put(shop, key)
    shutil.rmtree(shop / ".ngopi")
    damaged = max((shop / "public").glob(pattern))
    damaged.write_bytes(b"{}")

    done = ngopi("gc", "--delete", "--yes", "--json")

    assert (done.json["sure"], done.json["deleted"]) == (False, ["probe/asing.json"])
    assert "ngopi doctor" in ngopi("gc").err


@pytest.mark.parametrize("damage", ["gone", "damaged"])
def test_without_a_ledger_nothing_is_garbage(ngopi, shop, damage):
    ledger = shop / "public/ledger.json"
    ledger.unlink() if damage == "gone" else ledger.write_bytes(b"{")
    before = files(shop)

    done = ngopi("gc", "--delete", "--yes", "--json")

    assert done.error["code"] == {"gone": "nothing-public", "damaged": "bad-ledger"}[damage]
    assert files(shop) == before


def test_a_bucket_says_how_old_its_objects_are(ngopi, shop, s3_server, s3_settings):
    bucket, prefix = s3_settings.url.removeprefix("s3://").split("/")
    settings = shop / "ngopi.toml"
    text = settings.read_text(encoding="utf-8").replace(
        "http://127.0.0.1:8000", f"{s3_settings.endpoint}/{bucket}/{prefix}"
    )
    table = f"url = '{s3_settings.url}'\nendpoint = '{s3_settings.endpoint}'"
    settings.write_text(text.replace('url = "file:public"', table), encoding="utf-8")
    shutil.rmtree(shop / ".ngopi")
    assert ngopi("publish").status == 0
    client = s3_server.client()
    foreign = [GARBAGE[0], GARBAGE[2], "catatan.txt"]
    for key in foreign:
        client.put_object(Bucket=bucket, Key=f"{prefix}/{key}", Body=b"sampah")
    assert ngopi("gc", "--json").json["objects"] == []

    found = ngopi("gc", "--older-than", "0s", "--json").json["objects"]

    assert [head["key"] for head in found] == foreign[:2]
    deleted = ngopi("gc", "--older-than", "0s", "--delete", "--yes", "--json")
    assert deleted.json["deleted"] == foreign[:2]
    left = [o["Key"] for o in client.list_objects_v2(Bucket=bucket)["Contents"]]
    assert f"{prefix}/catatan.txt" in left
    assert f"{prefix}/{GARBAGE[0]}" not in left
    assert ngopi("publish", "--json").json["changed"] is False


@pytest.mark.parametrize("age", ["30", "d", "-1d", "1w", "1.5d", ""])
def test_an_age_that_is_none_is_refused(ngopi, shop, age):
    assert ngopi("gc", "--older-than", age).status == 2
