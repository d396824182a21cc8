"""Whatever lies in a store: a sentence and an exit status, and nothing of it comes in unjudged."""

from __future__ import annotations

import hashlib
import os
import re
import shutil

import pytest

from conftest import INIT
from forged import (
    add_release,
    change_ledger,
    encoded,
    forge_release,
    name_release,
    release_of,
    write_ledger,
)
from ngopi.__main__ import main
from prepared import add_episode, make_show

WRITERS = (("publish",), ("pull",), ("retract", "satu"), ("rollback",), ("gc", "--delete", "--yes"))
READERS = (("list",), ("schedule",), ("history",))


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A show with two public episodes and three states, to be copied."""
    show = make_show(tmp_path_factory.mktemp("terbit") / "show")
    assert main(["--show", str(show), "publish"]) == 0
    add_episode(show, "dua", 2)
    assert main(["--show", str(show), "publish"]) == 0
    return show


@pytest.fixture
def shop(published, tmp_path, monkeypatch):
    """That show, its store beside it, and this process standing in it."""
    show = tmp_path / "rumah" / "show"
    shutil.copytree(published, show)
    monkeypatch.chdir(show)
    return show


@pytest.fixture
def store(shop):
    return shop / "public"


def everything_in(folder, *, but=()):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not any(path.is_relative_to(each) for each in but)
        if path.name not in {".ngopi.lock", "store-abilities.json"}
    }


# -- ledgers ------------------------------------------------------------------------------

LEDGERS = {
    "empty": b"",
    "null": b"null",
    "number": b"7",
    "list": b"[]",
    "text": b'"ledger"',
    "nothing in it": b"{}",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep in an object": b'{"format":1,"seq":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
    "not UTF-8": b'{"format":1,"what":"\xff"}',
    "UTF-16": '{"format":1}'.encode("utf-16"),
    "endless number": b'{"format":1,"seq":' + b"9" * 5_000 + b"}",
    "twice the same key": b'{"format":1,"seq":1,"seq":2}',
}


@pytest.mark.parametrize("name", LEDGERS)
def test_a_ledger_that_is_none_is_a_sentence_for_every_command(ngopi, shop, store, name):
    write_ledger(store, LEDGERS[name])
    before = everything_in(shop.parent)

    for command in (*WRITERS, *READERS):
        run = ngopi("--json", *command)
        assert (run.status, run.error["code"]) == (65, "bad-ledger"), (command, run)
        assert "ledger.json" in run.error["message"]
    examined = ngopi("doctor", "--json")

    assert examined.status == 1
    assert any("ledger.json" in found["message"] for found in examined.json["findings"])
    assert everything_in(shop.parent) == before


VALUES = {
    "seq": [0, -1, 2**53, 10**400, 1.0, True, "1", None, [], {}],
    "nonce": ["x" * 3_000, 1, None],
    "guid": ["", " ", "a\nb", "\u202egnp", "a\x00", "g" * 501, 1, None],
    "show": ["", "../x", "A" * 64, "f" * 63, None],
    "feed": ["0" * 65, 5],
    "by": ["x" * 3_000, None],
    "at": ["kemarin", "2026-01-01", "2026-01-01T00:00:00", "0001-01-01T00:00:00+00:00",
           "9999-12-31T23:59:59-23:00", 5, 1e30, None],
    "what": ["x" * 3_000, 1],
    "entries": [None, {}, [1], [[]], "", [{}]],
    "shows": [["x"], "f" * 64, [None], ["f" * 64] * 2_000],
    "retracted": [None, 1],
}  # fmt: skip


@pytest.mark.parametrize(("key", "value"), [(k, v) for k, vs in VALUES.items() for v in vs])
def test_a_ledger_that_no_ngopi_wrote_says_which_key_is_wrong(ngopi, store, key, value):
    change_ledger(store, lambda ledger: ledger.update({key: value}))

    run = ngopi("--json", "publish")

    assert (run.status, run.error["code"]) == (65, "bad-ledger"), run
    assert key in run.error["message"]


ENTRIES = {
    "slug": ["", ".x", "..", "../x", "a/b", "A", "con", "x" * 81, "a\n", "dua.", 1, None],
    "guid": ["", "a\u2028b", "\u200b", None],
    "release": ["../../ledger", "f" * 63, None],
    "published": ["1969-01-01T00:00:00+00:00", "2024-01-01T00:00:00", "2024-01-01", 0],
    "at": ["9500-01-01T00:00:00+00:00"],
    "by": ["y" * 3_000],
    "previous": ["x", ["../x"], [1]],
    "approved_by": [3, "z" * 3_000],
}


@pytest.mark.parametrize(("key", "value"), [(k, v) for k, vs in ENTRIES.items() for v in vs])
def test_an_entry_that_no_ngopi_wrote_says_which_key_is_wrong(ngopi, store, key, value):
    change_ledger(store, lambda ledger: ledger["entries"][1].update({key: value}))

    run = ngopi("--json", "pull")

    assert (run.status, run.error["code"]) == (65, "bad-ledger"), run
    assert f"entries.1.{key}" in run.error["message"]


WORDS = {
    # Readers differ in which of two they take: each would see another ledger.
    "a key twice": (b'{"at"', b'{"by":"Orang","at"'),
    # No file, no feed and no terminal could hold half a character.
    "half a character": (b'"what":"publish"', b'"what":"\\ud800"'),
    "half a character in capitals": (b'"what":"publish"', b'"what":"\\uD83D"'),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_ledger_that_is_sound_but_for_its_words_is_refused(ngopi, store, name):
    old, new = WORDS[name]
    body = store.joinpath("ledger.json").read_bytes()
    assert old in body
    write_ledger(store, body.replace(old, new, 1))

    for command in (*WRITERS, *READERS):
        run = ngopi("--json", *command)
        assert (run.status, run.error["code"]) == (65, "bad-ledger"), (command, run)


@pytest.mark.parametrize(
    ("mib", "code", "most"), [(65, "bad-ledger", "64 MiB"), (257, "object-too-big", "256 MiB")]
)
def test_a_ledger_that_would_fill_the_memory_says_so(ngopi, store, mib, code, most):
    """It is sound, but for the blanks behind it; the larger one is not even read."""
    path = store / "ledger.json"
    if mib < 100:
        path.write_bytes(path.read_bytes() + b" " * (mib << 20))
    else:
        os.truncate(path, mib << 20)

    for command in (("publish",), ("pull",), ("list",)):
        run = ngopi("--json", *command)
        assert (run.status, run.error["code"]) == (65, code), (command, run)
        assert most in run.error["message"]


@pytest.mark.parametrize("key", ["guid", "slug"])
def test_no_two_entries_are_the_same(ngopi, store, key):
    def twice(ledger):
        ledger["entries"][1][key] = ledger["entries"][0][key]

    change_ledger(store, twice)

    assert ngopi("--json", "publish").error["code"] == "bad-ledger"


def test_an_episode_is_not_public_and_retracted_at_once(ngopi, store):
    change_ledger(store, lambda ledger: ledger["retracted"].append(ledger["entries"][0]))

    assert ngopi("--json", "publish").error["code"] == "bad-ledger"


# -- releases -----------------------------------------------------------------------------


def at(path, value):
    """Return a change of a release: what stands at *path*, as in "audio.sha256", is *value*."""

    def change(release):
        *parents, last = path.split(".")
        for parent in parents:
            release = release[parent]
        release[last] = value

    return change


RELEASES = [
    ("episode.slug", "dua"), ("episode.slug", "../../x"), ("episode.slug", "nul"),
    ("episode.guid", "another"), ("episode.guid", "a\tb"),
    ("episode.title", ""), ("episode.title", "\u2028"), ("episode.title", "\ud800"),
    ("episode.title", "x" * 3_000), ("episode.title", 5),
    ("episode.number", 0), ("episode.number", 10**12), ("episode.season", True),
    ("episode.kind", "penuh"), ("episode.published", None),
    ("episode.published", "2024-01-01T10:00:00+07:00:30"),
    ("episode.people", [{"name": " ", "role": "host"}]), ("episode.people", {"name": "x"}),
    ("episode.notes", "a\rb"), ("episode.notes", " a"), ("episode.explicit", 1),
    ("episode.writer", "x" * 3_000),
    ("audio.sha256", "f" * 64), ("audio.media_type", "text/html"), ("audio.duration_s", 0),
    ("audio.duration_s", 1e300), ("audio.size_bytes", -1), ("audio.size_bytes", 2**60),
    ("audio.channels", 9), ("audio.bitrate_kbps", 0), ("audio.gain_db", None),
    ("audio.recording.sha256", "x"), ("audio.before", {}),
    ("enclosure.key", "audio/dua-0123456789ab.mp3"), ("enclosure.key", "ledger.json"),
    ("enclosure.key", "../../../x"), ("enclosure.sha256", "0" * 64),
    ("enclosure.size_bytes", 1), ("enclosure.url", "javascript:alert(1)"),
    ("enclosure.url", "https://evil.example/other.mp3"),
    ("cover", {}), ("cover", "x"),
    ("cover", {"key": "covers/../../x.jpg", "url": "x", "size_bytes": 1, "sha256": "0" * 64}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), RELEASES)
def test_a_release_that_no_ngopi_wrote_is_refused_and_can_be_retracted(
    ngopi, shop, store, path, value
):
    forge_release(store, "satu", at(path, value))
    before = everything_in(shop, but=[shop / ".ngopi"])

    shutil.move(shop / "episodes" / "satu", shop.parent)
    pulled = ngopi("pull", "--json")  # as a colleague does who never had it
    shutil.move(shop.parent / "satu", shop / "episodes")
    assert (pulled.status, pulled.error["code"]) == (65, "bad-release"), pulled

    published = ngopi("publish", "--take", "ours", "--json")

    assert published.status in {0, 65}, published  # ours may not need it, where that is newer
    if published.status == 0:
        return
    assert published.error["code"] == "bad-release"
    assert "satu" in published.error["message"]
    assert everything_in(shop, but=[shop / ".ngopi"]) == before
    shutil.rmtree(shop / "episodes" / "satu")  # a colleague who never had it
    assert ngopi("doctor", "--json").status == 1
    assert ngopi("retract", "satu", "--json").status == 0
    assert ngopi("publish", "--json").status == 0


PLACES = [
    ("enclosure", "audio/dua-{}.mp3"), ("enclosure", "audio/satu-000000000000.mp3"),
    ("enclosure", "covers/satu-{}.jpg"), ("enclosure", "audio/satu-{}.jpg"),
    ("enclosure", "audio/satu-{}-0.mp3"), ("enclosure", "history/1.json"),
    ("cover", "covers/dua-{}.jpg"), ("cover", "covers/satu-{}.html"), ("cover", "feed.xml"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_a_release_names_no_place_but_that_of_its_own_files(ngopi, shop, store, name, place):
    """Though its address is that of the place: who takes it would later delete, or play, that."""

    def move(release):
        sha256, base = release["enclosure"]["sha256"], "http://127.0.0.1:8000"
        key = place.format(sha256[:12])
        release[name] = {
            "key": key,
            "url": f"{base}/{key}",
            "sha256": sha256,
            "size_bytes": release["enclosure"]["size_bytes"],
        }

    forge_release(store, "satu", move)
    shutil.rmtree(shop / "episodes" / "satu")

    run = ngopi("pull", "--json")

    assert (run.status, run.error["code"]) == (65, "bad-release"), run
    assert f"{name}.key" in run.error["message"]


def test_a_number_beyond_all_numbers_is_no_silence(ngopi, shop, store):
    """JSON's readers make infinity of it, which is what a meter says of silence."""
    release = encoded(release_of(store, "satu"))
    body = re.sub(rb'("before":\{"integrated_lufs"):[^,}]+', rb"\1:-1e999", release)
    assert body != release
    name_release(store, "satu", add_release(store, body))
    shutil.rmtree(shop / "episodes" / "satu")

    assert ngopi("pull", "--json").error["code"] == "bad-release"


def test_bytes_that_are_no_release_are_refused(ngopi, shop, store):
    shutil.rmtree(shop / "episodes" / "satu")
    for body in (b"", b"[" * 100_000, b"null", b'{"format":1}', b'{"format":true}'):
        name_release(store, "satu", add_release(store, body))
        shutil.rmtree(shop / ".ngopi", ignore_errors=True)

        run = ngopi("pull", "--json")

        assert (run.status, run.error["code"]) == (65, "bad-release"), run


# -- a later ngopi ------------------------------------------------------------------------

LATER = {
    "format of the ledger": lambda store: change_ledger(
        store, lambda ledger: ledger.update(format=99, seq="a0", entries={"x": 1})
    ),
    "field of the ledger": lambda store: change_ledger(
        store, lambda ledger: ledger.update(announced=[{"guid": "w1"}])
    ),
    "field of an entry": lambda store: change_ledger(
        store, lambda ledger: ledger["entries"][0].update(status="live")
    ),
    "format of a release": lambda store: forge_release(
        store, "satu", lambda release: release.update(format=99, episode=7)
    ),
    "field of a release": lambda store: forge_release(
        store, "satu", lambda release: release["episode"].update(location="Jakarta")
    ),
}


@pytest.mark.parametrize("name", LATER)
def test_what_a_later_ngopi_wrote_is_never_lost(ngopi, shop, store, name):
    """Also not by a folder that has no memory and another text of the same episode."""
    LATER[name](store)
    shutil.rmtree(shop / ".ngopi")
    before = everything_in(shop)

    for command in (("pull",), ("publish", "--take", "ours"), ("rollback",)):
        run = ngopi("--json", *command)
        if "release" in name and command[0] != "pull":
            continue  # what replaces it, or goes back before it, loses nothing
        assert (run.status, run.error["code"]) == (65, "ngopi-too-old"), (command, run)
        assert "pip install --upgrade ngopi" in run.error["hint"]
    if "release" not in name:
        assert ngopi("doctor", "--fix", "--json").status == 1
    assert {k: v for k, v in everything_in(shop).items() if not k.startswith(".ngopi")} == before \
        or "release" in name  # fmt: skip


# -- two shows, one place -----------------------------------------------------------------


def set_up(folder, old, new):
    settings = folder / "ngopi.toml"
    settings.write_text(settings.read_text("utf-8").replace(old, new), "utf-8")


@pytest.fixture
def other(tmp_path, ngopi, store):
    """Another show, whose [store] leads to the same place."""
    folder = tmp_path / "lain"
    assert ngopi("init", folder, "--title", "Suara Warga", "--author", "Warga").status == 0
    return folder


def lead_to(folder, store):
    set_up(folder, '"file:public"', f"'file:{store.as_posix()}'")


COMMANDS = (
    ("publish",), ("publish", "--dry-run"), ("pull",), ("retract", "satu"), ("restore", "satu"),
    ("rollback",), ("gc",), ("gc", "--delete", "--yes"),
)  # fmt: skip


def test_another_show_cannot_touch_the_ledger(ngopi, store, other):
    lead_to(other, store)
    before = everything_in(store)

    for command in COMMANDS:
        run = ngopi("--show", other, "--json", *command)
        assert (run.status, run.error["code"]) == (78, "another-show"), (command, run)
        assert '"Suara Warga"' in run.error["message"]
        assert '"Ngopi"' in run.error["message"]
    assert ngopi("--show", other, "doctor", "--fix", "--json").status == 1
    assert everything_in(store) == before


def test_a_folder_that_published_elsewhere_is_another_show(ngopi, store, other):
    """Even under the same title: its guid is known."""
    set_up(other, "127.0.0.1:8000", "127.0.0.1:9000")
    assert ngopi("--show", other, "publish").status == 0
    set_up(other, "Suara Warga", "Ngopi")
    lead_to(other, store)

    assert ngopi("--show", other, "--json", "pull").error["code"] == "another-show"
    shutil.rmtree(other / ".ngopi")  # the feed came along with the clone
    assert ngopi("--show", other, "--json", "pull").error["code"] == "another-show"


def test_shows_that_have_no_address_yet_are_not_one(ngopi, store, other):
    """The guid is made of the address, and before there is one all have the same."""
    assert ngopi("--show", other, "publish").status == 0
    lead_to(other, store)

    assert ngopi("--show", other, "--json", "pull").error["code"] == "another-show"


def test_a_show_that_is_renamed_stays_itself(ngopi, other):
    assert ngopi("--show", other, "publish").status == 0
    set_up(other, "Suara Warga", "Suara Kita")

    assert ngopi("--show", other, "publish", "--json").json["changed"]


def test_a_fresh_folder_of_the_same_show_goes_on(ngopi, shop, store, tmp_path):
    known_by_its_title = tmp_path / "judul"
    assert ngopi("init", known_by_its_title, "--title", " NGOPI", *INIT[2:]).status == 0
    known_by_its_episodes = tmp_path / "klon"
    shutil.copytree(shop, known_by_its_episodes, ignore=shutil.ignore_patterns(
        "public", ".ngopi", "feeds", "media"))  # fmt: skip
    set_up(known_by_its_episodes, '"Ngopi"', '"Ngopi Pagi"')

    for folder in (known_by_its_title, known_by_its_episodes):
        lead_to(folder, store)
        assert ngopi("--show", folder, "pull", "--json").status == 0


def test_a_new_folder_under_another_title_says_that_it_is_the_same_show(ngopi, shop, store, other):
    lead_to(other, store)
    guid = ngopi("--show", other, "--json", "pull").error["message"].rsplit(" ", 1)[1].rstrip(".")
    set_up(other, "[show]\n", f'[show]\nguid = "{guid}"\n')

    assert sorted(ngopi("--show", other, "pull", "--json").json["added"]) == ["dua", "satu"]


# -- what is gone -------------------------------------------------------------------------

GONE = {
    "gone": [["ledger.json"], ["feed.xml"], ["history/1.json"], ["../x.mp3"], ["audio/x.html"],
             ["audio/b-0.mp3", "audio/a-0.mp3"], ["audio/a-0.mp3"] * 2, "audio/a-0.mp3", [1],
             [f"releases/{'0' * 64}.json"]],
    "withdrawn": [[{"sha256": "x", "seq_out": 1, "seq_back": None}], [{"sha256": "0" * 64}],
                  [{"sha256": "0" * 64, "seq_out": 99, "seq_back": None}],
                  [{"sha256": "0" * 64, "seq_out": 0, "seq_back": None}],
                  [{"sha256": "0" * 64, "seq_out": 1, "seq_back": -1}], ["0" * 64]],
}  # fmt: skip


@pytest.mark.parametrize(("key", "value"), [(k, v) for k, vs in GONE.items() for v in vs])
def test_nobody_lends_his_right_to_delete(ngopi, store, key, value):
    change_ledger(store, lambda ledger: ledger.update({"format": 2, key: value}))

    run = ngopi("--json", "gc")

    assert (run.status, run.error["code"]) == (65, "bad-ledger"), run
    assert key in run.error["message"]


def test_a_format_that_cannot_hold_what_is_in_it_is_none(ngopi, store):
    change_ledger(store, lambda ledger: ledger.update(gone=["audio/a-0.mp3"]))

    assert ngopi("--json", "publish").error["code"] == "bad-ledger"
