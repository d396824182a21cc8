"""Who may delete, and what stays deleted: by name, for everybody, and only with their own hands."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from ngopi import deletion
from ngopi.__main__ import main
from prepared import add_episode, copy_without_episodes, make_show
from standing import OnS3
from weak_server import BUCKET, public_window, running_weak_server

GC = ("gc", "--older-than", "0s", "--delete", "--yes", "--json")
DELETE = ("retract", "dua", "--delete-audio", "--yes", "--json")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A show whose satu and dua are public."""
    show = make_show(tmp_path_factory.mktemp("asli") / "show")
    add_episode(show, "dua", 1)
    assert main(["--show", str(show), "publish"]) == 0
    return show


@pytest.fixture
def show(published, tmp_path, monkeypatch):
    folder = shutil.copytree(published, tmp_path / "show")
    monkeypatch.chdir(folder)
    return folder


def ledger_of(show):
    return json.loads(show.joinpath("public/ledger.json").read_bytes())


def write_ledger(show, ledger):
    data = json.dumps(ledger, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    show.joinpath("public/ledger.json").write_text(data, "utf-8")


def audio_of(show, slug):
    """Return the key and the bytes of an episode's audio in the store."""
    path = next(show.glob(f"public/audio/{slug}-*.mp3"))
    return path.relative_to(show / "public").as_posix(), path.read_bytes()


# -- by whose hand --------------------------------------------------------------------------


@pytest.mark.parametrize("command", [GC, DELETE], ids=["gc", "retract"])
def test_where_a_store_keeps_nobody_apart_one_has_to_be_alone(
    ngopi, show, tmp_path, monkeypatch, command
):
    with (
        running_weak_server(tmp_path / "weak") as server,
        public_window(server) as public,
        OnS3.of(server, BUCKET, public=public) as stores,
    ):
        place, environment = stores.place("ngopi")
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        shutil.rmtree(show / ".ngopi")
        assert ngopi("publish").status == 0
        key = "audio/sampah-0123456789ab.mp3"
        place.client.put_object(Bucket=BUCKET, Key=f"{place.prefix}/{key}", Body=b"sampah")
        before = place.all_keys()

        refused = ngopi(*command)
        kept = [name for name in place.all_keys() if not name.startswith("probe/")]
        done = ngopi(*command, "--alone")

        assert (refused.status, refused.error["code"]) == (78, "alone")
        assert "--alone" in refused.error["hint"]
        assert kept == before
        assert done.status == 0, done.err
        gone = key if command is GC else done.json["deleted"]
        assert gone not in place.all_keys()


@pytest.mark.parametrize("count", [5, 6])
def test_more_than_a_handful_that_others_called_deleted_needs_a_person(ngopi, show, count):
    """Whoever may only write to the store must not delete by the hand of a nightly run."""
    keys = [f"audio/sampah-{number:012}.mp3" for number in range(count)]
    for key in keys:
        show.joinpath("public", key).write_bytes(b"sampah")
    write_ledger(show, ledger_of(show) | {"format": 2, "gone": keys})

    listed = ngopi("gc", "--json").json
    done = ngopi("gc", "--delete", "--yes")

    assert listed["foreign"] == keys
    assert done.status == 0, done.err
    assert [key for key in keys if show.joinpath("public", key).exists()] == (
        keys if count == 6 else []
    )
    assert ("6 files that somebody else called deleted" in done.err) is (count == 6)


def test_what_this_folder_itself_called_deleted_needs_no_second_yes(ngopi, show):
    keys = [f"audio/sampah-{number:012}.mp3" for number in range(7)]
    for key in keys:
        show.joinpath("public", key).write_bytes(b"sampah")
    assert ngopi(*GC).json["deleted"] == keys
    for key in keys:  # as where the run was killed before it came to that
        show.joinpath("public", key).write_bytes(b"sampah")

    assert ngopi("gc", "--delete", "--yes", "--json").json["deleted"] == keys


@pytest.mark.parametrize("command", [GC, DELETE, ("gc", "--json")], ids=["gc", "retract", "look"])
def test_nobody_deletes_for_a_forger_what_is_public(ngopi, show, command):
    key, data = audio_of(show, "satu")
    write_ledger(show, ledger_of(show) | {"format": 2, "gone": [key]})

    refused = ngopi(*command)

    assert refused.error["code"] == "gone-and-public"
    assert show.joinpath("public", key).read_bytes() == data
    assert len(list(show.glob("public/audio/*.mp3"))) == 2
    told = ngopi("doctor")
    assert told.status == 1
    assert f"says that {key} is deleted, and that it is public" in told.out


def test_of_two_that_had_one_name_only_the_public_one_is_deleted(ngopi, show):
    """An earlier episode of that name was taken out; its audio is still somebody's."""
    old_key, old_data = audio_of(show, "dua")
    assert ngopi("retract", "dua").status == 0
    shutil.rmtree(show / "episodes" / "dua")
    new_guid = add_episode(show, "lain", 0)  # of an earlier date than the one taken out
    (show / "episodes" / "lain").rename(show / "episodes" / "dua")
    assert ngopi("publish", "--json").json["add"] == ["dua"]
    new_key = next(
        key for key in public_keys(show) if key not in (old_key, audio_of(show, "satu")[0])
    )

    done = ngopi(*DELETE)

    assert (done.json["guid"], done.json["deleted"]) == (new_guid, new_key)
    assert show.joinpath("public", old_key).read_bytes() == old_data
    assert not show.joinpath("public", new_key).exists()
    assert ngopi(*DELETE).json["guid"] == new_guid  # who says it again means the same one
    assert show.joinpath("public", old_key).read_bytes() == old_data


def public_keys(show):
    return [p.relative_to(show / "public").as_posix() for p in show.glob("public/audio/*.mp3")]


# -- for everybody --------------------------------------------------------------------------


def test_a_colleagues_folder_does_not_bring_it_back_under_another_name(
    ngopi, show, tmp_path, monkeypatch
):
    colleague = copy_without_episodes(show, tmp_path / "rekan")
    same = colleague / "episodes" / "lain"
    (colleague / "episodes" / "dua").rename(same)
    text = same.joinpath("episode.md").read_text("utf-8")
    guid = 'guid = "9b2a6b0e-0000-4000-8000-000000000001"'
    same.joinpath("episode.md").write_text(re.sub(r"(?m)^guid = .*", guid, text), "utf-8")
    assert ngopi(*DELETE).status == 0

    with monkeypatch.context() as beside:
        beside.setenv("NGOPI_STORE_URL", f"file:{show / 'public'}")
        told = ngopi("--show", colleague, "publish", "--json")

    assert told.status == 0, told.err
    assert told.json["deleted"] == ["lain"]
    assert [entry["slug"] for entry in ledger_of(show)["entries"]] == ["satu"]
    assert not list(show.glob("public/audio/lain-*"))


def test_a_rollback_leaves_it_out_and_says_so(ngopi, show):
    assert ngopi(*DELETE).status == 0

    done = ngopi("rollback", "1")

    assert done.status == 0, done.err
    assert '"dua" is left out: its audio is deleted' in done.err
    ledger = ledger_of(show)
    assert [entry["slug"] for entry in ledger["entries"]] == ["satu"]
    assert [entry["slug"] for entry in ledger["retracted"]] == ["dua"]
    assert not list(show.glob("public/audio/dua-*"))
    assert ngopi("rollback", "1", "--json").json["left_out"] == ["dua"]


def test_an_episode_that_the_store_forgot_meanwhile_is_a_sentence(ngopi, show, monkeypatch):
    """Between the two states of retract --delete-audio somebody wrote a ledger without it."""
    looked = deletion.look_ahead

    def forgetful(config, store):
        ledger = ledger_of(show)
        if ledger["seq"] == 2:
            write_ledger(show, ledger | {"seq": 3, "nonce": "x", "retracted": []})
        return looked(config, store)

    monkeypatch.setattr(deletion, "look_ahead", forgetful)

    run = ngopi(*DELETE)

    assert (run.status, run.error["code"]) == (66, "not-retracted"), run


@pytest.mark.parametrize("editor", ["false", "true"], ids=["", "with an editor"])
def test_a_rollback_publishes_nothing_that_was_not_public(ngopi, show, editor):
    """New audio that lies in the folder is unfinished work, and no reason to stop either."""
    assert ngopi(*DELETE).status == 0
    add_episode(show, "baru", 5)
    shutil.move(show / "episodes/baru/audio.toml", show / "episodes/dua/audio.toml")
    shutil.rmtree(show / "episodes/baru")
    words = show / "episodes/dua/episode.md"
    words.write_text(words.read_text("utf-8").replace('"Dua"', '"Belum selesai"'), "utf-8")
    settings = show / "ngopi.toml"
    said = settings.read_text("utf-8").replace("required = false", f"required = {editor}")
    settings.write_text(said, "utf-8")

    done = ngopi("rollback", "1", "--json")

    assert done.status == 0, done.err
    assert done.json["left_out"] == ["dua"]
    assert "Belum selesai" not in show.joinpath("public/feed.xml").read_text("utf-8")
    assert [entry["slug"] for entry in ledger_of(show)["entries"]] == ["satu"]


def test_a_rollback_to_what_is_there_says_so(ngopi, show):
    current = ledger_of(show)["seq"]

    done = ngopi("rollback", str(current))

    assert (done.status, ledger_of(show)["seq"]) == (0, current)
    assert "Nothing to do" in done.out
    assert "replaced" not in done.out


def test_asked_back_by_name_it_lies_under_a_key_of_its_own(ngopi, show):
    key, data = audio_of(show, "dua")
    assert ngopi(*DELETE).json["deleted"] == key

    refused, done = ngopi("restore", "dua", "--json"), ngopi("restore", "dua", "--deleted-audio")

    assert refused.error["code"] == "audio-deleted"
    assert done.status == 0, done.err
    again, same = audio_of(show, "dua")
    assert (again, same) == (key.replace(".mp3", "-2.mp3"), data)
    assert again in show.joinpath("public/feed.xml").read_text("utf-8")
    assert ngopi("doctor").status == 0
    assert ngopi("gc", "--json").json["objects"] == []
    again = ngopi("publish", "--json").json
    assert (again["changed"], again["deleted"]) == (False, [])
    for command in ("retract", "restore"):  # it is like any other again
        assert ngopi(command, "dua").status == 0


@pytest.mark.parametrize("remembered", ["the state", "what is gone"])
def test_a_store_put_back_from_a_backup_does_not_bring_it_back(ngopi, show, remembered):
    backup = shutil.copytree(show / "public", show / "cadangan")
    assert ngopi(*DELETE).status == 0
    shutil.rmtree(show / "public")
    backup.rename(show / "public")
    if remembered == "what is gone":
        show.joinpath(".ngopi/ledger.json").unlink()

    stopped, mended = ngopi("publish", "--json"), ngopi("doctor", "--fix")

    assert stopped.error["code"] == "store-put-back"
    assert mended.status in (0, 1)
    ledger = ledger_of(show)
    assert [entry["slug"] for entry in ledger["entries"]] == ["satu"]
    assert ledger["withdrawn"]
    assert [key.split("-")[0] for key in ledger["gone"]] == ["audio/dua"]
    assert "dua" not in show.joinpath("public/feed.xml").read_text("utf-8")
    assert ngopi("gc", "--delete", "--yes").status == 0
    assert not list(show.glob("public/audio/dua-*"))


def test_what_a_colleague_stored_ahead_of_its_date_is_no_garbage(
    ngopi, show, tmp_path, monkeypatch
):
    colleague = copy_without_episodes(show, tmp_path / "rekan")
    add_episode(colleague, "tiga", 2)
    path = colleague / "episodes" / "tiga" / "episode.md"
    text = path.read_text("utf-8").replace("published = 2024", "published = 2031")
    path.write_text(text, "utf-8")
    with monkeypatch.context() as beside:
        beside.setenv("NGOPI_STORE_URL", f"file:{show / 'public'}")
        assert ngopi("--show", colleague, "publish").status == 0
    key, _data = audio_of(show, "tiga")

    done = ngopi(*GC)

    assert done.json["objects"] == []
    assert show.joinpath("public", key).exists()
    assert "gone" not in ledger_of(show)


def test_what_was_stored_ahead_is_published_from_where_it_was_left(ngopi, show, tmp_path):
    """Its key is gone, by somebody who did not see it; whoever publishes it has no media/."""
    add_episode(show, "tiga", 2)
    path = show / "episodes" / "tiga" / "episode.md"
    text = path.read_text("utf-8")
    path.write_text(text.replace("published = 2024", "published = 2031"), "utf-8")
    assert ngopi("publish").status == 0
    key, data = audio_of(show, "tiga")
    write_ledger(show, ledger_of(show) | {"format": 2, "gone": [key]})
    assert ngopi(*GC).json["objects"] == []
    path.write_text(text, "utf-8")
    night = shutil.copytree(show, tmp_path / "malam", ignore=shutil.ignore_patterns("media"))

    done = ngopi("--show", night, "publish", "--json")

    assert done.status == 0, done.err
    assert done.json["add"] == ["tiga"]
    again = night / "public" / key
    assert again.read_bytes() == data
    assert len(list(night.glob("public/audio/tiga-*"))) == 2
