"""What a person is told to do next is what helps: each test does just that."""

from __future__ import annotations

import re
import shutil

import pytest

from prepared import add_episode, make_show

INIT = ("--title", "Ngopi", "--author", "Humas")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A show of one episode, nothing of it public."""
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture
def show(prepared, tmp_path, monkeypatch):
    """Its copy with a store beside it, and this process standing in it."""
    folder = shutil.copytree(prepared, tmp_path / "show")
    rewrite(folder / "ngopi.toml", "file:public", f"file:{(tmp_path / 'pub').as_posix()}")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def colleague(ngopi, show, tmp_path):
    """The folder of somebody who has what is public: satu."""
    assert ngopi("publish").status == 0
    return shutil.copytree(show, tmp_path / "colleague")


def rewrite(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def retitle(show, title):
    path = show / "episodes" / "satu" / "episode.md"
    path.write_text(re.sub(r"(?m)^title = .*", f'title = "{title}"', path.read_text("utf-8")))


# -- a new show -------------------------------------------------------------------------------


def test_a_preset_without_a_bucket_is_no_show(ngopi, tmp_path):
    """The folder store would be used, and nobody would notice until listeners ask."""
    refused = ngopi("init", tmp_path / "baru", *INIT, "--store-preset", "biznet", "--json")

    assert (refused.status, refused.error["code"]) == (2, "usage")
    assert "--store s3://" in refused.error["message"]
    assert not tmp_path.joinpath("baru").exists()


@pytest.mark.parametrize(
    ("preset", "said", "keys"),
    [
        ("aws", (), "public_url"),
        ("biznet", (), "public_url"),
        ("biznet", ("--public-url", "https://siniar.example"), None),
        ("b2", ("--public-url", "https://siniar.example"), "endpoint"),
        ("r2", (), "endpoint, public_url"),
        ("seaweedfs", (), "endpoint, public_url"),
    ],
)
def test_init_says_what_only_the_person_knows(ngopi, tmp_path, preset, said, keys):
    folder = tmp_path / "baru"
    store = ("--store", "s3://kopi/pagi", "--store-preset", preset)

    made = ngopi("init", folder, *INIT, *store, *said)

    lines = [line for line in made.out.splitlines() if "[store]" in line]
    wanted = (
        [] if keys is None else [f"First write into {folder / 'ngopi.toml'}, below [store]: {keys}"]
    )
    assert (made.status, lines) == (0, wanted)


def test_the_example_of_an_endpoint_is_the_providers(ngopi, tmp_path):
    store = ("--store", "s3://kopi/pagi", "--store-preset", "r2")

    assert ngopi("init", tmp_path / "baru", *INIT, *store).status == 0

    text = tmp_path.joinpath("baru", "ngopi.toml").read_text("utf-8")
    assert '# endpoint = "https://{account}.r2.cloudflarestorage.com"' in text


# -- colleagues -------------------------------------------------------------------------------


def test_whoever_lets_the_colleague_win_gets_the_colleagues_version(ngopi, show, colleague):
    retitle(colleague, "Punya rekan")
    assert ngopi("--show", colleague, "publish").status == 0
    retitle(show, "Punya saya")
    assert ngopi("publish").status == 75

    gave_way = ngopi("publish", "--take", "theirs")

    assert gave_way.status == 0
    assert gave_way.out.startswith("Nothing was published: ")
    assert '"satu" stays public as the colleague left it' in gave_way.err
    assert "ngopi pull --take theirs" in gave_way.err
    assert ngopi("pull", "--take", "theirs").out == "Brought up to date: satu\n"
    after = ngopi("publish")
    assert (after.status, after.err) == (0, "")
    assert after.out.startswith("Nothing to do: ")


def test_a_folder_that_is_behind_is_not_called_in_line(ngopi, show, colleague):
    retitle(colleague, "Punya rekan")
    assert ngopi("--show", colleague, "publish").status == 0

    behind = ngopi("publish")

    assert behind.out.startswith("Nothing was published: ")
    assert "run: ngopi pull" in behind.err
    assert ngopi("pull").status == 0
    assert ngopi("publish").out.startswith("Nothing to do: ")


# -- an editor ----------------------------------------------------------------------------------


@pytest.fixture
def edited(show):
    rewrite(show / "ngopi.toml", "editor_required = false", "editor_required = true")
    return show


def test_an_episode_without_a_writer_is_approved_by_nobody(ngopi, edited):
    refused = ngopi("approve", "satu", "--as", "WG", "--json")

    assert (refused.status, refused.error["code"]) == (65, "no-writer")
    assert "episodes/satu/episode.md" in refused.error["hint"]
    rewrite(edited / "episodes/satu/episode.md", "title =", 'writer = "Rani"\ntitle =')
    assert ngopi("approve", "satu", "--as", "WG").status == 0
    assert ngopi("approve", "ngopi.toml", "--as", "WG").status == 0
    assert ngopi("publish", "--json").json["add"] == ["satu"]


def test_an_episode_that_waits_for_an_editor_is_said_to(ngopi, edited, prepared):
    """Its date has come: waiting for that, as one was told, would have been in vain."""
    recording = prepared.with_suffix(".wav")
    shutil.rmtree(edited / "episodes" / "satu")

    made = ngopi("ingest", recording, "--title", "Satu")

    sentence = '"satu" waits for an editor: ngopi approve satu --as NAME'
    assert made.status == 0
    assert made.err.splitlines()[-1] == sentence
    assert ngopi("schedule").err == f"{sentence}\n"


def test_what_was_retracted_waits_for_no_editor(ngopi, show):
    """To approve it, as one was told, would not have brought it back."""
    assert ngopi("publish").status == 0
    assert ngopi("retract", "satu").status == 0
    rewrite(show / "ngopi.toml", "editor_required = false", "editor_required = true")

    again = ngopi("publish")

    assert again.status == 0
    assert "approve" not in again.err
    assert "ngopi restore satu" in again.err


def test_the_list_tells_what_waits_for_an_editor_from_what_is_ready(ngopi, edited):
    """An episode that nobody approved was said to be ready, and no publish brought it out."""
    rewrite(edited / "episodes/satu/episode.md", "title =", 'writer = "Rani"\ntitle =')

    assert [each["state"] for each in ngopi("list", "--json").json] == ["waiting"]
    assert [each["state"] for each in ngopi("schedule", "--json").json] == ["waiting"]
    assert ngopi("show", "satu", "--json").json["state"] == "waiting"
    assert "waits for approval" in ngopi("list").out
    assert "menunggu persetujuan" in ngopi("--lang", "id", "list").out
    assert ngopi("approve", "satu", "--as", "WG").status == 0
    assert [each["state"] for each in ngopi("list", "--json").json] == ["ready"]
    assert [each["state"] for each in ngopi("schedule", "--json").json] == ["ready"]
    rewrite(edited / "episodes/satu/episode.md", "title =", "number = 7\ntitle =")
    assert [each["state"] for each in ngopi("list", "--json").json] == ["waiting"]


@pytest.mark.parametrize("approved", [True, False])
def test_the_schedule_names_what_still_lacks_a_yes(ngopi, edited, approved):
    path = edited / "episodes/satu/episode.md"
    rewrite(path, "title =", 'writer = "Rani"\ntitle =')
    path.write_text(re.sub(r"(?m)^published = .*", "published = 2999-01-01T10:00:00+07:00",
                           path.read_text("utf-8")), "utf-8")  # fmt: skip
    if approved:
        assert ngopi("approve", "satu", "--as", "WG").status == 0

    coming = ngopi("schedule")

    assert "2999-01-01 10:00 WIB" in coming.out
    assert coming.err == (
        "" if approved else '"satu" waits for an editor: ngopi approve satu --as NAME\n'
    )


def test_the_schedule_says_how_a_due_episode_gets_out(ngopi, show):
    assert ngopi("schedule").err == (
        'The date of "satu" has come; to make it public, run: ngopi publish\n'
    )
    assert ngopi("publish").status == 0
    assert ngopi("schedule").out == "Nothing is scheduled.\n"


# -- retracted ----------------------------------------------------------------------------------


def test_audio_that_was_deleted_on_purpose_is_no_illness(ngopi, show, prepared):
    add_episode(show, "dua", 1)
    assert ngopi("publish").status == 0
    asked = ngopi("retract", "dua", "--delete-audio", "--json")
    assert "ngopi retract dua --delete-audio --yes" in asked.error["hint"]
    assert ngopi("retract", "dua", "--delete-audio", "--yes").status == 0
    shutil.rmtree(show / "media")

    examined = ngopi("doctor", "--json")

    assert [f for f in examined.json["findings"] if f["severity"] == "error"] == []
