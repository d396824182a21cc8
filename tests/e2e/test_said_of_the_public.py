"""What a command says of the public state is what a reader of the store sees after it."""

from __future__ import annotations

import json
import re
import shutil

import feedparser
import pytest

from prepared import FIRST, add_episode, make_show

EPISODE = f"episodes/{FIRST}/episode.md"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture
def show(prepared, tmp_path, monkeypatch):
    folder = shutil.copytree(prepared, tmp_path / "show")
    rewrite(folder / "ngopi.toml", "file:public", f"file:{tmp_path / 'pub'}")
    rewrite(folder / EPISODE, "title =", 'writer = "Rani"\ntitle =')
    monkeypatch.chdir(folder)
    return folder


def rewrite(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def redate(show, date):
    path = show / EPISODE
    line = "" if date is None else f"published = {date}\n"
    text = re.sub(r"(?m)^published = .*\n", "", path.read_text("utf-8"))
    path.write_text(text.replace("title =", f"{line}title =", 1), "utf-8")


def renew_audio(show):
    """Give "satu" another sound, as ingest would."""
    add_episode(show, "dua", 1)
    text = (show / "episodes/dua/audio.toml").read_text("utf-8")
    text = re.sub(r"(?m)^sound_sha256 = .*", f'sound_sha256 = "{"0" * 64}"', text)
    (show / f"episodes/{FIRST}/audio.toml").write_text(text, "utf-8")
    shutil.rmtree(show / "episodes/dua")


def require_editor(show):
    rewrite(show / "ngopi.toml", "editor_required = false", "editor_required = true")


def seen(tmp_path):
    """What a reader of the store finds: by title, the address and whether the file is there."""
    feed = tmp_path / "pub/feed.xml"
    items = feedparser.parse(feed.read_bytes()).entries if feed.exists() else []
    found = {}
    for item in items:
        url = item.enclosures[0].href
        assert (tmp_path / "pub" / re.sub(r"^http://[^/]+/", "", url)).is_file()
        found[item.title] = url
    return found


# -- in each state ---------------------------------------------------------------------------------


def draft(ngopi, show):
    redate(show, None)


def scheduled(ngopi, show):
    redate(show, "2999-01-01T10:00:00+07:00")


def ready(ngopi, show):
    pass


def unapproved(ngopi, show):
    require_editor(show)


def public(ngopi, show):
    assert ngopi("publish").status == 0


def public_changed(ngopi, show):
    assert ngopi("publish").status == 0
    rewrite(show / EPISODE, "title =", 'summary = "Baru"\ntitle =')


def public_with_new_sound(ngopi, show):
    assert ngopi("publish").status == 0
    renew_audio(show)


def public_change_unapproved(ngopi, show):
    public_with_new_sound(ngopi, show)
    require_editor(show)


def retracted(ngopi, show):
    assert ngopi("publish").status == 0
    assert ngopi("retract", FIRST).status == 0


def retracted_unapproved(ngopi, show):
    retracted(ngopi, show)
    require_editor(show)


def moved(ngopi, show):
    assert ngopi("publish").status == 0
    rewrite(show / "ngopi.toml", "http://127.0.0.1:8000", "http://localhost:9999")


def unreachable(ngopi, show):
    assert ngopi("publish").status == 0
    renew_audio(show)
    (show.parent / "pub").rename(show.parent / "away")


STATES = (
    draft, scheduled, ready, unapproved, public, public_changed, public_with_new_sound,
    public_change_unapproved, retracted, retracted_unapproved, moved, unreachable,
)  # fmt: skip
COMMANDS = (
    ("publish",),
    ("publish", "--take", "ours"),
    ("publish", "--dry-run"),
    ("pull",),
    ("pull", "--take", "theirs"),
    ("approve", FIRST, "--as", "WG"),
    ("approve", "ngopi.toml", "--as", "WG"),
    ("retract", FIRST),
    ("restore", FIRST),
    ("rollback",),
    ("schedule",),
    ("doctor", "--fix"),
)


def name_of(value):
    return value.__name__ if callable(value) else " ".join(value)


@pytest.mark.parametrize("state", STATES, ids=name_of)
@pytest.mark.parametrize("command", COMMANDS, ids=name_of)
def test_list_and_words_agree_with_a_reader(ngopi, show, tmp_path, state, command):
    state(ngopi, show)

    done = ngopi(*command, "--json")
    listed = ngopi("list", "--json")
    said = ngopi("list")

    if not (tmp_path / "pub/ledger.json").exists() and (tmp_path / "away").exists():
        assert "may be out of date" in said.err, "what is told is a memory, and says so"
        (tmp_path / "away").rename(tmp_path / "pub")
    public = list(seen(tmp_path).values())
    [episode] = listed.json
    assert [episode["url"]] == (public or [None])
    assert (episode["state"] == "published") == bool(public)
    told = re.findall(r"http://\S+\.mp3", said.out)
    assert told == public
    if command[0] == "restore" and done.status == 0:
        assert (done.json["state"] == "published") == bool(public)
    if command[0] == "publish" and done.status == 0 and not done.json["dry_run"]:
        assert set(done.json["add"]) <= ({FIRST} if public else set())


@pytest.mark.parametrize("state", STATES, ids=name_of)
def test_publish_calls_nothing_in_line_that_waits(ngopi, show, tmp_path, state):
    state(ngopi, show)

    done = ngopi("publish")

    if "Nothing to do" in done.out:
        assert "waits" not in done.err
        [episode] = ngopi("list", "--json").json
        assert episode["differs"] is None
        assert episode["state"] in {"published", "draft", "scheduled", "retracted"}


# -- ingest and replace ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", [public, public_change_unapproved, unapproved, retracted, draft],
                         ids=name_of)  # fmt: skip
def test_replaced_sound_is_called_public_where_it_is(ngopi, show, prepared, tmp_path, state):
    state(ngopi, show)
    recording = tmp_path / "lain.wav"
    data = bytearray(prepared.with_suffix(".wav").read_bytes())
    data[1000:1200] = bytes(200)
    recording.write_bytes(data)

    told = ngopi("replace", FIRST, recording)

    assert told.status == 0, told.err
    address = re.search(r"http://\S+\.mp3", told.out)
    audio = (show / f"episodes/{FIRST}/audio.toml").read_text("utf-8")
    made = re.search(r'(?m)^sha256 = "(\w{12})', audio)[1]
    public_now = any(made in url for url in seen(tmp_path).values())
    assert told.out.startswith("Published " if public_now else "Made ")
    assert bool(address) == public_now
    assert ("Apps that have not fetched" in told.err) == public_now
    if state is public_change_unapproved:
        assert "waits for an editor" in told.err
        assert "stays public as it was" in told.err


# -- an editor for the show, and for what lies ahead -----------------------------------------------


def test_the_shows_own_data_wait_for_a_yes(ngopi, show, tmp_path):
    assert ngopi("publish").status == 0
    require_editor(show)
    rewrite(show / "ngopi.toml", 'title = "Ngopi"', 'title = "Lain"')

    waits = ngopi("publish")

    sentence = "waits for an editor: ngopi approve ngopi.toml --as NAME"
    assert waits.out.startswith("Nothing was published")
    assert sentence in waits.err
    assert sentence in ngopi("list").err
    assert "waits for an editor" in ngopi("doctor").out
    assert feedparser.parse((tmp_path / "pub/feed.xml").read_bytes()).feed.title == "Ngopi"
    assert ngopi("approve", "ngopi.toml", "--as", "WG").status == 0
    rewrite(show / "ngopi.toml", 'author = "Humas"', 'author = "Panitia"')
    assert sentence in ngopi("publish").err, "a later change needs a new yes"
    assert ngopi("approve", "ngopi.toml", "--as", "WG").status == 0
    assert ngopi("publish").out.startswith("Done")
    assert feedparser.parse((tmp_path / "pub/feed.xml").read_bytes()).feed.title == "Lain"


def test_a_first_publish_waits_for_a_yes_to_the_show(ngopi, show, tmp_path):
    require_editor(show)
    assert ngopi("approve", FIRST, "--as", "WG").status == 0

    waits = ngopi("publish")

    assert (waits.status, waits.out) == (0, "Nothing was published, and nothing is public yet.\n")
    assert not (tmp_path / "pub/ledger.json").exists()
    assert ngopi("approve", "ngopi.toml", "--as", "WG").status == 0
    assert ngopi("publish", "--json").json["add"] == [FIRST]


def test_a_moved_store_needs_no_yes(ngopi, show):
    moved(ngopi, show)
    require_editor(show)

    assert ngopi("publish", "--json").json["show"] == "change"


def test_unapproved_sound_does_not_lie_in_the_store_ahead_of_its_date(ngopi, show, tmp_path):
    scheduled(ngopi, show)
    require_editor(show)
    assert ngopi("approve", "ngopi.toml", "--as", "WG").status == 0

    assert ngopi("publish").status == 0

    assert not list((tmp_path / "pub").rglob("*.mp3"))
    releases = [json.loads(p.read_bytes()) for p in (tmp_path / "pub/releases").iterdir()]
    assert not [release for release in releases if "episode" in release]
    assert ngopi("approve", FIRST, "--as", "WG").status == 0
    assert ngopi("publish").status == 0
    assert len(list((tmp_path / "pub").rglob("*.mp3"))) == 1
