"""Several producers, one show: nobody's work is dropped, and every change can be taken back."""

from __future__ import annotations

import shutil
import tomllib

import feedparser
import pytest

import speech


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    for name, level in (("satu", -24.0), ("dua", -30.0), ("tiga", -20.0)):
        sound = speech.voice(4.0, rms_dbfs=level, channels=2, seed=len(name))
        speech.write_wav(folder / f"{name}.wav", sound, speech.RATE_HZ)
    return folder


@pytest.fixture
def team(ngopi, tmp_path, recordings, monkeypatch):
    """Ani's and Budi's folders of one show, one store; Ani has published "satu"."""
    ani, budi = tmp_path / "ani", tmp_path / "budi"
    ngopi("init", ani, "--title", "Ngopi", "--author", "H", "--store", f"file:{tmp_path / 'pub'}")
    shutil.copytree(ani, budi)

    def run(who, *argv):
        monkeypatch.setenv("NGOPI_WHO", who)
        return ngopi("--json", "--show", tmp_path / who, *argv)

    assert run("ani", "ingest", recordings / "satu.wav", "--title", "Satu").status == 0
    return run


@pytest.fixture
def titles(tmp_path):
    return lambda: {
        entry.title for entry in feedparser.parse((tmp_path / "pub/feed.xml").read_bytes()).entries
    }


def retitle(tmp_path, who, slug, title):
    path = tmp_path / who / "episodes" / slug / "episode.md"
    lines = path.read_text(encoding="utf-8").splitlines()
    changed = [f'title = "{title}"' if line.startswith("title") else line for line in lines]
    path.write_text("\n".join(changed) + "\n", encoding="utf-8")


def test_a_folder_that_lacks_an_episode_keeps_it_public_and_can_pull_it(
    team, titles, recordings, tmp_path
):
    assert team("budi", "ingest", recordings / "dua.wav", "--title", "Dua").status == 0

    assert titles() == {"Satu", "Dua"}
    assert team("budi", "pull").json["added"] == ["satu"]
    again = team("budi", "pull").json
    assert (again["added"], again["updated"], again["differing"]) == ([], [], {})
    assert set(again["kept"]) == {"satu", "dua"}
    ours = tomllib.loads((tmp_path / "ani/episodes/satu/audio.toml").read_text("utf-8"))
    certificate = {"done", "turns", "curve"}  # stays with whoever made the audio
    theirs = tomllib.loads((tmp_path / "budi/episodes/satu/audio.toml").read_text("utf-8"))
    assert theirs == {key: ours[key] for key in ours if key not in certificate}
    assert not team("budi", "publish").json["changed"]


def test_an_old_copy_of_the_folder_does_not_bring_old_text_back(team, titles, tmp_path):
    team("budi", "pull")
    retitle(tmp_path, "ani", "satu", "Satu, disunting")
    assert team("ani", "publish").json["change"] == ["satu"]
    shutil.rmtree(tmp_path / "budi/.ngopi")  # copied by a stick: the memory did not come along

    done = team("budi", "publish")

    assert (done.json["changed"], done.json["behind"]) == (False, ["satu"])
    assert titles() == {"Satu, disunting"}
    assert team("budi", "pull").json["updated"] == ["satu"]
    assert "Satu, disunting" in (tmp_path / "budi/episodes/satu/episode.md").read_text("utf-8")


def test_a_title_that_is_taken_back_is_a_change_like_any_other(team, titles, tmp_path):
    retitle(tmp_path, "ani", "satu", "Dua")
    team("ani", "publish")
    retitle(tmp_path, "ani", "satu", "Satu")

    assert team("ani", "publish").json["change"] == ["satu"]

    assert titles() == {"Satu"}


def test_the_second_of_two_who_changed_one_episode_is_told_and_chooses(team, titles, tmp_path):
    team("budi", "pull")
    retitle(tmp_path, "ani", "satu", "Satu Ani")
    retitle(tmp_path, "budi", "satu", "Satu Budi")
    team("ani", "publish")

    refused = team("budi", "publish")

    assert (refused.status, refused.error["code"]) == (75, "clash")
    assert "ani" in refused.error["message"]
    assert "here Satu Budi, public Satu Ani" in refused.error["message"]
    assert titles() == {"Satu Ani"}
    assert list(team("budi", "pull").json["differing"]) == ["satu"]
    assert "Satu Budi" in (tmp_path / "budi/episodes/satu/episode.md").read_text("utf-8")
    assert team("budi", "publish", "--take", "ours").status == 0
    assert titles() == {"Satu Budi"}


def test_theirs_is_taken_into_the_folder_when_asked_for(team, titles, tmp_path):
    team("budi", "pull")
    retitle(tmp_path, "ani", "satu", "Satu Ani")
    retitle(tmp_path, "budi", "satu", "Satu Budi")
    team("ani", "publish")

    assert team("budi", "pull", "--take", "theirs").json["updated"] == ["satu"]

    assert "Satu Ani" in (tmp_path / "budi/episodes/satu/episode.md").read_text("utf-8")
    assert not team("budi", "publish").json["changed"]
    assert titles() == {"Satu Ani"}


def test_what_was_retracted_stays_out_until_it_is_restored_with_its_guid(team, titles, tmp_path):
    guid = team("ani", "list").json[0]["guid"]

    assert team("ani", "retract", "satu").json == {"slug": "satu", "guid": guid, "deleted": None}
    assert titles() == set()
    assert team("ani", "publish").json["retracted"] == ["satu"]
    assert team("ani", "list").json[0]["state"] == "retracted"
    assert team("ani", "restore", "satu").json["guid"] == guid
    assert titles() == {"Satu"}


def test_deleted_audio_is_asked_about_and_cannot_be_restored(team, titles, tmp_path):
    asked = team("ani", "retract", "satu", "--delete-audio")
    assert (asked.status, titles()) == (2, {"Satu"})

    done = team("ani", "retract", "satu", "--delete-audio", "--yes")

    assert not (tmp_path / "pub" / done.json["deleted"]).exists()
    shutil.rmtree(tmp_path / "ani" / "media")
    assert team("ani", "restore", "satu").error["code"] == "audio-gone"
    assert titles() == set()


def test_an_episode_whose_audio_was_deleted_comes_back_with_new_audio_and_its_guid(
    team, titles, recordings
):
    guid = team("ani", "list").json[0]["guid"]
    team("ani", "retract", "satu", "--delete-audio", "--yes")

    again = team("ani", "ingest", recordings / "tiga.wav", "--episode", "satu")

    assert again.status == 0, again.err
    assert titles() == set()
    assert team("ani", "restore", "satu").json["guid"] == guid
    assert titles() == {"Satu"}


def test_a_rollback_is_a_new_state_and_history_tells_all(team, titles, recordings):
    team("ani", "ingest", recordings / "dua.wav", "--title", "Dua")
    team("budi", "retract", "satu")

    assert team("budi", "rollback", 2).json == {"from": 3, "seq": 4}

    assert titles() == {"Satu", "Dua"}
    assert team("budi", "rollback", 1).json["seq"] == 5
    assert titles() == {"Satu"}
    assert not team("ani", "publish").json["changed"]  # what was rolled back does not creep in
    told = [
        (step["seq"], step["by"], step["what"], step["added"], step["removed"])
        for step in team("ani", "history").json
    ]
    assert told == [
        (5, "budi", "rollback 1", [], ["dua"]),
        (4, "budi", "rollback 2", ["satu"], []),
        (3, "budi", "retract satu", [], ["satu"]),
        (2, "ani", "publish", ["dua"], []),
        (1, "ani", "publish", ["satu"], []),
    ]
    assert team("ani", "rollback", 99).error["code"] == "no-such-history"


def test_replaced_audio_has_another_address_and_the_same_guid(team, recordings):
    before = team("ani", "list").json[0]

    done = team("ani", "replace", "satu", recordings / "tiga.wav")

    assert done.status == 0, done.err
    assert done.json["guid"] == before["guid"]
    assert done.json["url"] != before["url"]
    assert team("ani", "replace", "tidak-ada", recordings / "dua.wav").status == 66


def test_an_editor_other_than_the_writer_says_yes_before_it_is_public(
    team, titles, recordings, tmp_path
):
    settings = tmp_path / "ani" / "ngopi.toml"
    text = settings.read_text(encoding="utf-8").replace(
        "editor_required = false", "editor_required = true"
    )
    settings.write_text(text, encoding="utf-8")
    team("ani", "ingest", recordings / "dua.wav", "--title", "Dua")
    notes = tmp_path / "ani/episodes/dua/episode.md"
    notes.write_text(
        notes.read_text("utf-8").replace('title = "Dua"', 'title = "Dua"\nwriter = "Han"'), "utf-8"
    )

    assert team("ani", "publish").json["waiting"] == ["dua"]
    assert team("ani", "approve", "dua", "--as", "han").error["code"] == "approver-is-writer"
    assert team("ani", "approve", "dua", "--as", "WG").json["by"] == "WG"
    assert titles() == {"Satu"}
    retitle(tmp_path, "ani", "dua", "Dua, lain")
    assert team("ani", "publish").json["waiting"] == ["dua"]
    team("ani", "approve", "dua", "--as", "WG")
    assert team("ani", "publish").json["add"] == ["dua"]
    assert titles() == {"Satu", "Dua, lain"}
    assert team("ani", "history").json[0]["approved_by"] == ["WG"]


def test_the_schedule_is_said_in_the_shows_zone(team, recordings):
    team(
        "ani", "ingest", recordings / "dua.wav", "--title", "Dua",
        "--published", "2999-01-02T03:00:00+00:00",
    )  # fmt: skip

    coming = team("ani", "schedule").json

    assert coming == [
        {"slug": "dua", "published": "2999-01-02T10:00:00+07:00", "state": "scheduled"}
    ]


def test_a_machine_without_the_audio_publishes_it_when_its_time_has_come(
    team, titles, recordings, tmp_path
):
    """What the CI workflow of a show does: its checkout has no media/."""
    team("ani", "ingest", recordings / "dua.wav", "--title", "Dua", "--published", "2999-01-02")
    shutil.copytree(tmp_path / "ani/episodes/dua", tmp_path / "budi/episodes/dua")
    assert titles() == {"Satu"}
    text = tmp_path / "budi/episodes/dua/episode.md"
    text.write_text(text.read_text("utf-8").replace("2999-01-02", "2020-01-02"), "utf-8")

    assert team("budi", "publish").json["add"] == ["dua"]

    assert titles() == {"Satu", "Dua"}
