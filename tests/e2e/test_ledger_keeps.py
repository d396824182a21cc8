"""Whatever makes the next state keeps what it does not touch, above all what is gone for ever."""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import closing

import pytest

from ngopi.__main__ import main
from prepared import add_episode, make_show
from standing import OnS3

SLUGS = ("dua", "tiga", "empat")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Satu and dua are public, tiga is taken out, and empat too, whose audio is deleted."""
    show = make_show(tmp_path_factory.mktemp("asli") / "show")
    for number, slug in enumerate(SLUGS, start=1):
        add_episode(show, slug, number)
    for command in (
        ["publish"], ["retract", "tiga"], ["retract", "empat", "--delete-audio", "--yes"],
    ):  # fmt: skip
        assert main(["--show", str(show), *command]) == 0
    return show


@pytest.fixture
def show(published, tmp_path, monkeypatch):
    folder = shutil.copytree(published, tmp_path / "show")
    monkeypatch.chdir(folder)
    return folder


def ledger_of(show):
    return json.loads(show.joinpath("public/ledger.json").read_bytes())


def places(ledger):
    """Return where each episode stands, and as what."""
    return {
        entry["slug"]: (name, entry["release"])
        for name in ("entries", "retracted")
        for entry in ledger[name]
    }


def retitle(show, slug, title):
    path = show / "episodes" / slug / "episode.md"
    lines = path.read_text("utf-8").splitlines()
    path.write_text(
        "\n".join(f'title = "{title}"' if line.startswith("title") else line for line in lines)
        + "\n",
        "utf-8",
    )


def edit(show):
    retitle(show, "dua", "Dua, disunting")


def add(show):
    add_episode(show, "lima", 9)


def litter(show):
    data = b"sampah"
    name = f"sampah-{hashlib.sha256(data).hexdigest()[:12]}.mp3"
    show.joinpath("public/audio", name).write_bytes(data)


def rename(show):
    path = show / "ngopi.toml"
    path.write_text(path.read_text("utf-8").replace('title = "Ngopi"', 'title = "Kopi"'), "utf-8")


def lag(show):
    """Leave the feed as a run does that is killed between ledger and feed."""
    show.joinpath("public/feed.xml").unlink()


def put_back(show):
    """Put the ledger back as it was before anything was taken out or deleted."""
    public = show / "public"
    public.joinpath("ledger.json").write_bytes(public.joinpath("history/1.json").read_bytes())
    for kept in public.joinpath("history").iterdir():
        kept.unlink()


def nothing(_show):
    pass


BUILDERS = {
    "publish a new one": (add, ["publish"], {"lima"}),
    "publish a change": (edit, ["publish"], {"dua"}),
    "publish the show": (rename, ["publish"], set()),
    "retract": (nothing, ["retract", "dua"], {"dua"}),
    "delete": (nothing, ["retract", "dua", "--delete-audio", "--yes"], {"dua"}),
    "restore": (nothing, ["restore", "tiga"], {"tiga"}),
    "restore what was deleted": (nothing, ["restore", "empat", "--deleted-audio"], {"empat"}),
    "rollback": (nothing, ["rollback", "1"], {"tiga"}),
    "gc": (litter, ["gc", "--older-than", "0s", "--delete", "--yes"], set()),
    "doctor and the feed": (lag, ["doctor", "--fix"], set()),
    "doctor and a backup": (put_back, ["doctor", "--fix"], {"tiga"}),
}


@pytest.mark.parametrize("name", BUILDERS)
def test_the_next_state_keeps_what_nobody_touched(ngopi, show, name):
    prepare, command, touched = BUILDERS[name]
    before = ledger_of(show)
    prepare(show)

    done = ngopi(*command)

    after = ledger_of(show)
    assert done.status in (0, 1), done.err
    assert set(before["gone"]) <= set(after["gone"])
    assert len(before["gone"]) == 1
    known = {thing["sha256"]: thing["seq_out"] for thing in after["withdrawn"]}
    assert {thing["sha256"] for thing in before["withdrawn"]} <= known.keys()
    assert before["withdrawn"]
    assert after["seq"] >= before["seq"]
    untouched = {slug: place for slug, place in places(before).items() if slug not in touched}
    assert untouched.items() <= places(after).items()
    assert not {entry["guid"] for entry in before["retracted"] if entry["slug"] not in touched} & {
        entry["guid"] for entry in after["entries"]
    }


# -- deleted by name, in every version ------------------------------------------------------


@pytest.fixture
def keeps_versions(s3_server, s3_bucket, monkeypatch):
    """A bucket that keeps all versions of what lies in it, as the store of the show."""
    with closing(s3_server.client()) as client, OnS3.of(s3_server, s3_bucket) as stores:
        client.put_bucket_versioning(
            Bucket=s3_bucket, VersioningConfiguration={"Status": "Enabled"}
        )
        place, environment = stores.place("ngopi")
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield client, s3_bucket, place.prefix


def versions(client, bucket, key):
    found = client.list_object_versions(Bucket=bucket, Prefix=key)
    return [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]


@pytest.mark.parametrize("how", ["retract", "gc"])
def test_audio_that_is_deleted_by_name_goes_in_all_its_versions(ngopi, show, keeps_versions, how):
    client, bucket, prefix = keeps_versions
    shutil.rmtree(show / ".ngopi")
    assert ngopi("publish").status == 0
    key = next(
        entry["Key"] for entry in client.list_objects_v2(Bucket=bucket)["Contents"]
        if "/audio/dua-" in entry["Key"]
    )  # fmt: skip
    begun = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    if how == "retract":
        client.put_object(Bucket=bucket, Key=key, Body=b"versi lain")

    deleted = ngopi("retract", "dua", "--delete-audio", "--yes", "--json")
    if how == "gc":  # somebody has put it there once more
        client.put_object(Bucket=bucket, Key=key, Body=b"lagi")
        assert ngopi("gc", "--delete", "--yes", "--json").json["deleted"] == [
            key.removeprefix(f"{prefix}/")
        ]

    assert deleted.status == 0, deleted.err
    assert versions(client, bucket, key) == []
    uploads = client.list_multipart_uploads(Bucket=bucket).get("Uploads", ())
    assert begun not in [upload["UploadId"] for upload in uploads]
