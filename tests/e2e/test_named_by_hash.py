"""What has its hash in its name is that, or it is nothing: in the store, and in this folder's copy.

A folder store; what lies in a bucket is tried in faults/test_named_was_read.py.
"""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest

from forged import encoded, ledger_of, release_of
from prepared import add_episode, guid_of, make_show
from promises import PublicFolder, Witness


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A show with satu in public and dua to come, and what the store has when both are."""
    folder = tmp_path_factory.mktemp("prepared")
    show = make_show(folder / "show")
    from ngopi.__main__ import main

    assert main(["--show", str(show), "publish"]) == 0
    add_episode(show, "dua", 1)
    later = shutil.copytree(show, folder / "later")
    assert main(["--show", str(later), "publish"]) == 0
    return show


@pytest.fixture
def show(prepared, tmp_path, monkeypatch):
    folder = shutil.copytree(prepared, tmp_path / "show")
    monkeypatch.chdir(folder)
    return folder


def later_files(prepared, kind):
    """Return the files of a *kind* that only the publish of dua stores, by key."""
    store, now = prepared.parent / "later" / "public", prepared / "public"
    found = (path.relative_to(store) for path in (store / kind).iterdir())
    return {key.as_posix(): store / key for key in found if not (now / key).exists()}


@pytest.mark.parametrize("foreign", [b"{}", b"", "as long"], ids=["short", "empty", "as long"])
@pytest.mark.parametrize("kind", ["releases", "audio"])
def test_foreign_bytes_under_a_key_are_never_named(ngopi, show, prepared, kind, foreign):
    """Somebody put them there before: whoever named the key would name them."""
    ((key, source),) = later_files(prepared, kind).items()
    body = bytes(source.stat().st_size) if foreign == "as long" else foreign
    show.joinpath("public", key).write_bytes(body)
    before = ledger_of(show / "public")

    run = ngopi("publish", "--json")

    expected = {"releases": "bad-ledger", "audio": "object-taken"}[kind]
    assert (run.status, run.error["code"]) == (65, expected), run
    assert key in run.error["message"]
    assert ledger_of(show / "public") == before
    show.joinpath("public", key).unlink()
    assert ngopi("publish").status == 0  # the advice helps
    assert Witness(place=PublicFolder(root=show / "public")).at_rest() == []


@pytest.mark.parametrize("kind", ["releases", "audio"])
def test_the_very_bytes_under_a_key_are_taken(ngopi, show, prepared, kind):
    """A run that was stopped has stored them."""
    ((key, source),) = later_files(prepared, kind).items()
    shutil.copy(source, show / "public" / key)

    assert ngopi("publish", "--json").json["add"] == ["dua"]
    assert Witness(place=PublicFolder(root=show / "public")).at_rest() == []


def changed_release(store):
    """Return the bytes of satu's release under another title."""
    release = release_of(store, "satu")
    release["episode"]["title"] = "Bukan satu"
    return encoded(release)


def path_of(folder, slug):
    entry = next(e for e in ledger_of(folder)["entries"] if e["slug"] == slug)
    return folder / "releases" / f"{entry['release']}.json"


def test_another_release_under_the_name_of_one_does_not_come_in(ngopi, show):
    path_of(show / "public", "satu").write_bytes(changed_release(show / "public"))
    for name in ("episodes", ".ngopi"):
        shutil.rmtree(show / name)

    run = ngopi("pull", "--json")

    assert (run.status, run.error["code"]) == (65, "bad-ledger")
    assert not (show / "episodes").exists()


def test_another_release_among_this_folders_copies_is_not_read(ngopi, show):
    store = show / "public"
    copy = show / ".ngopi" / "releases" / path_of(store, "satu").name
    assert copy.is_file()
    copy.write_bytes(changed_release(store))
    shutil.rmtree(show / "episodes" / "satu")

    assert ngopi("pull", "--json").json["added"] == ["satu"]
    assert 'title = "Satu"' in show.joinpath("episodes/satu/episode.md").read_text("utf-8")
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == copy.stem


def test_the_release_of_one_episode_is_not_that_of_another(ngopi, show):
    """Its hash is right, and it is sound: only the ledger says whose it shall be."""
    assert ngopi("publish").status == 0
    path = show / "public" / "ledger.json"
    ledger = ledger_of(show / "public")
    ledger["entries"][0]["release"] = ledger["entries"][1]["release"]
    path.write_bytes(encoded(ledger))
    shutil.rmtree(show / "episodes")

    run = ngopi("pull", "--json")

    assert (run.status, run.error["code"]) == (65, "bad-release")
    assert [p.name for p in (show / "episodes").iterdir()] == ["satu"]


def test_a_scheduled_episode_has_its_release_beside_its_sound(ngopi, show):
    """By it the gc of a colleague knows whose the sound is, and keeps it."""
    path = show / "episodes/dua/episode.md"
    text = path.read_text("utf-8")
    path.write_text(text.replace("2024-02-01", "2999-02-01"), "utf-8")
    assert ngopi("publish").status == 0

    found = [json.loads(p.read_bytes()) for p in (show / "public/releases").iterdir()]
    (release,) = (r for r in found if r.get("episode", {}).get("guid") == guid_of(show, "dua"))

    assert (show / "public" / release["enclosure"]["key"]).is_file()
    assert ledger_of(show / "public")["seq"] == 1
