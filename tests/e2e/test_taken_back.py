"""After a rollback, and where a name was used twice: what ngopi says is true."""

from __future__ import annotations

import json
import shutil

import pytest

from prepared import add_episode, guid_of, make_show


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A show whose satu is public."""
    from ngopi.__main__ import main

    show = make_show(tmp_path_factory.mktemp("asli") / "show")
    assert main(["--show", str(show), "publish"]) == 0
    return show


@pytest.fixture
def show(published, tmp_path, monkeypatch):
    folder = shutil.copytree(published, tmp_path / "show")
    monkeypatch.chdir(folder)
    return folder


def retitle(show, title):
    path = show / "episodes/satu/episode.md"
    lines = path.read_text("utf-8").splitlines()
    changed = [f'title = "{title}"' if line.startswith("title") else line for line in lines]
    path.write_text("\n".join(changed) + "\n", "utf-8")


def public_title(show):
    ledger = json.loads(show.joinpath("public/ledger.json").read_bytes())
    (entry,) = ledger["entries"]
    release = show.joinpath(f"public/releases/{entry['release']}.json").read_bytes()
    return json.loads(release)["episode"]["title"]


def test_ones_own_rollback_is_not_called_a_colleagues_change(ngopi, show):
    retitle(show, "Satu, disunting")
    assert ngopi("publish").status == 0
    assert ngopi("rollback").status == 0

    told, document = ngopi("publish"), ngopi("publish", "--json").json

    assert "colleague" not in told.err
    assert 'A rollback took this folder\'s "satu" back' in told.err
    assert (document["behind"], document["reverted"]) == (["satu"], ["satu"])
    assert "colleague" not in ngopi("doctor").out
    assert public_title(show) == "Satu"


def test_what_a_rollback_took_back_is_published_again_when_asked_for(ngopi, show):
    retitle(show, "Satu, disunting")
    for command in ("publish", "rollback"):
        assert ngopi(command).status == 0

    done = ngopi("publish", "--take", "ours", "--json").json

    assert (done["change"], done["behind"], done["reverted"]) == (["satu"], [], [])
    assert public_title(show) == "Satu, disunting"
    assert ngopi("publish", "--json").json["changed"] is False


def test_what_a_rollback_took_back_is_taken_back_here_by_pull(ngopi, show):
    retitle(show, "Satu, disunting")
    for command in ("publish", "rollback", "pull"):
        assert ngopi(command).status == 0

    assert 'title = "Satu"' in show.joinpath("episodes/satu/episode.md").read_text("utf-8")
    assert ngopi("publish", "--json").json["behind"] == []


def test_an_episode_whose_name_another_has_by_now_is_not_brought_back(ngopi, show):
    old = guid_of(show, "satu")
    assert ngopi("retract", "satu").status == 0
    new = add_episode(show, "lain", 1)
    shutil.rmtree(show / "episodes/satu")
    (show / "episodes/lain").rename(show / "episodes/satu")
    assert ngopi("publish").status == 0
    before = show.joinpath("public/ledger.json").read_bytes()

    refused = ngopi("restore", "satu", "--json")

    assert (refused.status, refused.error["code"]) == (65, "slug-reused")
    assert old in refused.error["message"]
    assert new in refused.error["message"]
    assert show.joinpath("public/ledger.json").read_bytes() == before


def test_new_audio_of_another_guid_does_not_make_a_retraction_forgotten(ngopi, show):
    old = guid_of(show, "satu")
    assert ngopi("retract", "satu", "--delete-audio", "--yes").status == 0
    add_episode(show, "lain", 1)
    shutil.rmtree(show / "episodes/satu")
    (show / "episodes/lain").rename(show / "episodes/satu")

    refused = ngopi("restore", "satu", "--json")

    assert (refused.status, refused.error["code"]) == (66, "audio-deleted")
    retracted = json.loads(show.joinpath("public/ledger.json").read_bytes())["retracted"]
    assert [entry["guid"] for entry in retracted] == [old]


def new_sound(show, slug):
    """Give an episode the bytes of another."""
    add_episode(show, "lain", 1)
    audio = show / "episodes" / "lain" / "audio.toml"
    audio.replace(show / "episodes" / slug / "audio.toml")
    shutil.rmtree(show / "episodes" / "lain")


def test_a_restore_with_new_audio_that_was_stopped_half_way_goes_on(ngopi, show):
    """The audio is damaged just then; till it is there, the episode stays retracted."""
    assert ngopi("retract", "satu", "--delete-audio", "--yes").status == 0
    assert ngopi("restore", "satu", "--json").error["code"] == "audio-deleted"
    new_sound(show, "satu")
    audio = max(show.joinpath("media").glob("*.mp3"), key=lambda path: path.stat().st_size)
    data = audio.read_bytes()
    audio.write_bytes(b"")
    assert ngopi("restore", "satu").status != 0
    retracted = json.loads(show.joinpath("public/ledger.json").read_bytes())["retracted"]
    assert [entry["slug"] for entry in retracted] == ["satu"]
    audio.write_bytes(data)

    again = ngopi("restore", "satu", "--json")

    assert again.status == 0, again.err
    assert again.json["guid"] == guid_of(show, "satu")
    assert public_title(show) == "Satu"


def test_a_rollback_that_was_stopped_long_ago_is_not_gone_on_with(ngopi, show):
    """It took back what was public then, and left what the person wants to take back now."""
    retitle(show, "Satu, disunting")
    assert ngopi("publish").status == 0
    begun = {"what": "rollback previous", "seq": 2, "at": "2026-01-01T00:00:00+00:00"}
    for title in ("Satu, lagi", "SALAH"):
        retitle(show, title)
        assert ngopi("publish").status == 0
    show.joinpath(".ngopi/intent.json").write_text(json.dumps(begun), "utf-8")

    assert ngopi("rollback", "--json").json == {"from": 4, "seq": 5}

    assert public_title(show) == "Satu, lagi"


WRITERS = (None, "wati", "Wa\u200bti", "\uff37\uff41\uff54\uff49", "Wati.")


@pytest.mark.parametrize("writer", WRITERS)
def test_a_yes_of_the_writer_or_to_nobodys_words_is_none(ngopi, show, writer):
    """It was given while no editor was asked for, or a name was written in another way."""
    path = show / "episodes/satu/episode.md"
    retitle(show, "Satu, disunting")
    assert ngopi("approve", "satu", "--as", "Wati").status == 0
    if writer is not None:
        line = f'writer = "{writer}"\nkind = "full"'
        path.write_text(path.read_text("utf-8").replace('kind = "full"', line), "utf-8")
    settings = show / "ngopi.toml"
    said = settings.read_text("utf-8").replace("required = false", "required = true")
    settings.write_text(said, "utf-8")

    refused = ngopi("approve", "satu", "--as", "Wati", "--json")
    done = ngopi("publish", "--json")

    assert refused.error["code"] == ("no-writer" if writer is None else "approver-is-writer")
    assert (done.status, done.json["waiting"]) == (0, ["satu"])
    assert public_title(show) == "Satu"
