"""Who may write the store may not write, read or delete anything else on a colleague's disk."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import urllib.error
import urllib.request
import uuid

import pytest

from forged import add_release, change_ledger, encoded, forge_release, ledger_of, release_of
from ngopi.__main__ import main
from ngopi.preview import open_preview
from ngopi.store.folder import FolderStore
from prepared import add_episode, make_show

SLUGS = (
    ".x", "..", "x/../../evil", "x/../../../.config/autostart/evil", "x/../../../precious",
    "/tmp/ngopi-evil", "C:\\evil", "\\\\server\\share", "con", "A", "a b", "a\x00b", "",
)  # fmt: skip
COMMANDS = (
    ("pull",), ("pull", "--take", "theirs"), ("list",), ("schedule",), ("publish", "--dry-run"),
    ("publish",), ("publish", "--take", "theirs"), ("doctor",), ("doctor", "--fix"),
    ("doctor", "--read-data"), ("gc",), ("gc", "--delete", "--yes"), ("history",), ("rollback",),
)  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    show = make_show(tmp_path_factory.mktemp("terbit") / "show")
    add_episode(show, "dua", 2)
    assert main(["--show", str(show), "publish"]) == 0
    return show


@pytest.fixture
def home(published, tmp_path):
    """A person's home: a show that knows nothing yet, its store, and what is nobody's business."""
    home = tmp_path / "home"
    ignored = shutil.ignore_patterns("episodes", ".ngopi", "media", "feeds")
    shutil.copytree(published, home / "show", ignore=ignored)
    home.joinpath("precious.tmp").mkdir()
    home.joinpath("precious.tmp", "thesis.txt").write_text("keep", "utf-8")
    home.joinpath("show", "episodes", ".precious.tmp").mkdir(parents=True)
    home.joinpath("show", "episodes", ".precious.tmp", "draf.txt").write_text("keep", "utf-8")
    home.joinpath(".config", "autostart").mkdir(parents=True)
    return home


@pytest.fixture
def store(home):
    return home / "show" / "public"


def outside(home):
    """Return all that no command has any business with."""
    episodes = home / "show" / "episodes"
    return {
        path.relative_to(home).as_posix(): path.read_bytes() if path.is_file() else None
        for path in home.rglob("*")
        if not path.is_relative_to(home / "show") or path.is_relative_to(episodes / ".precious.tmp")
    }


def forge_episode(store, slug, in_entry):
    """Add an episode whose release has another slug than a slug may be."""
    release = release_of(store, "satu")
    release["episode"] |= {"slug": slug, "guid": str(uuid.uuid4()), "notes": "attacker wrote this"}
    release["enclosure"]["key"] = f"audio/{slug}-{release['audio']['sha256'][:12]}.mp3"
    base = release["enclosure"]["url"].split("/audio/")[0]
    release["enclosure"]["url"] = f"{base}/{release['enclosure']['key']}"
    sha256 = add_release(store, release)

    def name(ledger):
        entry = dict(ledger["entries"][-1])
        entry |= {"slug": in_entry, "guid": release["episode"]["guid"], "release": sha256}
        ledger["entries"].append(entry)

    change_ledger(store, name)


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("hidden", [True, False], ids=["in the release", "in the ledger too"])
def test_no_slug_leads_out_of_the_show(ngopi, home, store, slug, hidden):
    forge_episode(store, slug, "tiga" if hidden else slug)
    before = outside(home)

    for command in COMMANDS:
        run = ngopi("--show", home / "show", "--json", *command)
        assert run.status != 70, (command, run)
        assert outside(home) == before, command
    made = {path.name for path in home.joinpath("show", "episodes").iterdir()}
    assert made <= {"satu", "dua", ".precious.tmp"}
    if hidden:
        assert made >= {"satu", "dua"}  # the others came all the same


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
@pytest.mark.parametrize("name", ["satu", "."])
def test_no_link_leads_out_of_the_show(ngopi, home, store, tmp_path, name):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = home / "show" / "episodes" / name
    if name == ".":
        shutil.rmtree(home / "show" / "episodes")
        link = home / "show" / "episodes"
    link.symlink_to(elsewhere, target_is_directory=True)

    for command in COMMANDS:
        assert ngopi("--show", home / "show", "--json", *command).status != 70

    assert list(elsewhere.iterdir()) == []


def test_a_folder_of_a_killed_run_is_cleared_away_and_no_other(ngopi, home):
    episodes = home / "show" / "episodes"
    names = (".satu.tmp", ".satu.0123abcd.tmp.old", "x.satu.0123abcd.tmp", ".dua-3.0123abcd.tmp")
    ours, others = episodes / ".satu.0123abcd.tmp", [episodes / name for name in names]
    for folder in (ours, *others):
        folder.mkdir()
        folder.joinpath("catatan.txt").write_text("x", "utf-8")

    ngopi("--show", home / "show", "pull")

    assert not ours.exists()
    assert all(folder.joinpath("catatan.txt").is_file() for folder in others)


# -- covers -------------------------------------------------------------------------------


def forge_cover(store, body, *, size_bytes=None, ending="jpg"):
    sha256 = hashlib.sha256(body).hexdigest()
    key = f"covers/satu-{sha256[:12]}.{ending}"
    store.joinpath(key).write_bytes(body)
    url = release_of(store, "satu")["enclosure"]["url"].split("/audio/")[0] + f"/{key}"
    cover = {"key": key, "url": url, "size_bytes": size_bytes or len(body), "sha256": sha256}
    forge_release(store, "satu", lambda release: release.update(cover=cover))


@pytest.mark.parametrize("body", [b"<script>alert(1)</script>", b"\x89PNG\r\n\x1a\n", b"MZ" * 999])
def test_a_cover_that_is_no_picture_does_not_come_in(ngopi, home, store, body):
    forge_cover(store, body)

    run = ngopi("--show", home / "show", "pull", "--json")

    assert (run.status, run.error["code"], run.json["added"]) == (65, "bad-release", ["dua"])
    assert not list(home.joinpath("show", "episodes").rglob("cover.*"))


def test_a_cover_is_read_no_further_than_it_is_said_to_be_long(ngopi, home, store):
    """A hash that fits proves nothing of what a store would send after it."""
    forge_cover(store, bytes(10_000_000), size_bytes=10)

    run = ngopi("--show", home / "show", "pull", "--json")

    assert (run.status, run.json["refused"]) == (65, ["satu"])


# -- one bad thing stops what needs it ----------------------------------------------------


def test_a_kept_state_that_is_damaged_stops_only_who_goes_there(ngopi, published, tmp_path):
    show = tmp_path / "show"
    shutil.copytree(published, show)
    store = show / "public"
    ngopi("--show", show, "retract", "dua")
    kept = json.loads(store.joinpath("history", "1.json").read_bytes())
    kept["entries"][0]["slug"] = "../../x"
    store.joinpath("history", "1.json").write_bytes(encoded(kept))

    assert ngopi("--show", show, "publish", "--json").status == 0
    assert ngopi("--show", show, "pull", "--json").status == 0
    assert ngopi("--show", show, "restore", "dua", "--json").status == 0
    gone_back = ngopi("--show", show, "rollback", "1", "--json")

    assert (gone_back.status, gone_back.error["code"]) == (65, "bad-ledger")
    assert "history/1.json" in gone_back.error["message"]
    assert not ngopi("--show", show, "gc", "--json").json["sure"]


def test_a_kept_state_under_another_number_is_none(ngopi, published, tmp_path):
    show = tmp_path / "show"
    shutil.copytree(published, show)
    ngopi("--show", show, "retract", "dua")
    ngopi("--show", show, "restore", "dua")
    history = show / "public" / "history"
    history.joinpath("2.json").write_bytes(history.joinpath("1.json").read_bytes())

    assert ngopi("--show", show, "rollback", "2", "--json").error["code"] == "bad-ledger"


def test_a_number_that_no_state_reached_makes_nobody_wait(ngopi, published, tmp_path):
    """A forged number was counted up to, one by one."""
    show = tmp_path / "show"
    shutil.copytree(published, show)
    store = show / "public"
    store.joinpath("history").mkdir(exist_ok=True)
    store.joinpath("history", f"{2**53 - 2}.json").write_bytes(b"{}")
    change_ledger(store, lambda ledger: ledger.update(seq=2**53 - 5, nonce="x"))
    shutil.rmtree(show / ".ngopi")

    examined = ngopi("--show", show, "doctor", "--json")
    ngopi("--show", show, "gc", "--json")

    assert any(found["subject"] == "history" for found in examined.json["findings"])
    assert len(examined.json["findings"]) < 100
    assert ngopi("--show", show, "rollback", "9" * 200, "--json").status == 66


@pytest.mark.parametrize("command", [("restore", "satu"), ("retract", "satu"), ("rollback", "1")])
def test_no_command_looks_for_itself_in_states_that_never_were(
    ngopi, published, tmp_path, monkeypatch, command
):
    """A run that was stopped looks for what it did: in all states that the ledger spoke of."""
    show = tmp_path / "show"
    shutil.copytree(published, show)
    change_ledger(show / "public", lambda ledger: ledger.update(seq=2**53 - 5, nonce="x"))
    shutil.rmtree(show / ".ngopi")
    show.joinpath(".ngopi").mkdir()
    intent = {"what": " ".join(command), "seq": 1, "at": "2026-01-01T00:00:00+00:00"}
    show.joinpath(".ngopi", "intent.json").write_bytes(encoded(intent))
    asked, read = [], FolderStore.read

    def counted(store, key):
        asked.append(key)
        assert len(asked) < 1_000
        return read(store, key)

    monkeypatch.setattr(FolderStore, "read", counted)

    assert ngopi("--show", show, "--json", *command).status in {0, 66}


@pytest.mark.parametrize("key", ["title", "description"])
def test_a_show_whose_words_nobody_can_see_is_none(ngopi, published, tmp_path, key):
    """Nothing was left of them in the feed, which then could not be written."""
    show = tmp_path / "show"
    shutil.copytree(published, show)
    store = show / "public"
    name = store / "releases" / f"{ledger_of(store)['show']}.json"
    release = json.loads(name.read_bytes())
    release["show"][key] = "\x00\ufffe"
    forged = add_release(store, release)
    change_ledger(store, lambda ledger: ledger.update(show=forged))

    for command in (("pull",), ("retract", "satu"), ("doctor",)):
        run = ngopi("--show", show, "--json", *command)
        assert run.status in {1, 65}, (command, run)
    assert ngopi("--show", show, "publish").status in {0, 65}  # may have no need of it


def test_another_shows_release_is_not_the_shows(ngopi, published, tmp_path):
    show = tmp_path / "show"
    shutil.copytree(published, show)
    store = show / "public"
    sha256 = ledger_of(store)["show"]
    release = json.loads(store.joinpath("releases", f"{sha256}.json").read_bytes())
    release["show"] |= {"guid": str(uuid.uuid4()), "title": "Bajakan"}
    forged = add_release(store, release)
    change_ledger(store, lambda ledger: ledger.update(show=forged))

    for command in (("pull",), ("retract", "satu")):
        run = ngopi("--show", show, "--json", *command)
        assert (run.status, run.error["code"]) == (65, "bad-ledger"), (command, run)
    assert b"Bajakan" not in store.joinpath("feed.xml").read_bytes()


# -- what this folder remembers -----------------------------------------------------------

MEMORIES = (
    b"", b"null", b"[]", b"7", b"[" * 100_000, b"\xff\xfe", b'{"a":' * 50_000, b'{"satu": 7}',
    b'{"what":"rollback previous","seq":-7,"at":"2026-01-01"}',
    b'{"place":"x","seq":1e999,"nonce":[]}', b'{"show":"../../x"}', b'"\\ud800"',
)  # fmt: skip


@pytest.mark.parametrize("body", MEMORIES, ids=range(len(MEMORIES)))
def test_a_damaged_memory_is_forgotten(ngopi, published, tmp_path, body):
    show = tmp_path / "show"
    shutil.copytree(published, show)
    for path in show.joinpath(".ngopi").rglob("*.json"):
        path.write_bytes(body)
    for name in ("bases.json", "intent.json", "seen.json", "name.json", "read.json"):
        show.joinpath(".ngopi", name).write_bytes(body)

    for command in (("list",), ("publish",), ("pull",), ("rollback",), ("doctor",)):
        run = ngopi("--show", show, "--json", *command)
        assert run.status != 70, (command, run)
    assert ngopi("--show", show, "publish").status == 0


# -- serve --------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_the_preview_follows_no_link_out_of_the_store(home, store):
    store.joinpath("audio", "evil-0.mp3").symlink_to(home / "precious.tmp" / "thesis.txt")
    inside = next(path for path in store.joinpath("audio").glob("satu-*.mp3"))
    server = open_preview(store, port=0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        base = f"http://127.0.0.1:{server.port}/audio"
        with urllib.request.urlopen(f"{base}/{inside.name}", timeout=20) as answer:
            assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{base}/evil-0.mp3", timeout=20)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert refused.value.code == 404
    refused.value.close()
