"""A store that is put back from a backup: who has seen more stops, and doctor mends it."""

from __future__ import annotations

import json
import shutil

import pytest

from prepared import add_episode, guid_of, make_show
from promises import PublicFolder, Witness


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture
def show(ngopi, prepared, tmp_path, monkeypatch):
    """Public are satu, since state 2 dua, and since state 3 tiga; *tmp_path*/backup is state 1."""
    folder = shutil.copytree(prepared, tmp_path / "show")
    monkeypatch.chdir(folder)
    assert ngopi("publish").status == 0
    shutil.copytree(folder / "public", tmp_path / "backup")
    for number, slug in enumerate(("dua", "tiga"), start=1):
        add_episode(folder, slug, number)
        assert ngopi("publish").status == 0
    return folder


@pytest.fixture
def put_back(show, tmp_path):
    """Put ledger and feed of state 1 back; the rest of the store stays."""
    for name in ("ledger.json", "feed.xml"):
        shutil.copy(tmp_path / "backup" / name, show / "public" / name)


@pytest.fixture
def all_put_back(show, tmp_path):
    """Put the whole store back as it was in state 1."""
    shutil.rmtree(show / "public")
    shutil.copytree(tmp_path / "backup", show / "public")


def files(show):
    found = (path for path in (show / "public").rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in found if path.suffix != ".lock"}


def history(show):
    return {path: path.read_bytes() for path in (show / "public" / "history").glob("*.json")}


def public_slugs(show):
    ledger = json.loads((show / "public" / "ledger.json").read_bytes())
    return {entry["slug"] for entry in ledger["entries"]}


def witness_of(show, *slugs):
    return Witness(
        place=PublicFolder(root=show / "public"),
        acknowledged={guid_of(show, slug) for slug in slugs},
    )


COMMANDS = (
    ("publish",),
    ("retract", "satu"),
    ("restore", "satu"),
    ("rollback", "1"),
    ("rollback",),
    ("pull",),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("how", ["put_back", "all_put_back"])
def test_who_has_seen_more_stops_and_changes_nothing(ngopi, show, request, how, command):
    request.getfixturevalue(how)
    before = files(show)
    add_episode(show, "empat", 4)

    run = ngopi("--json", *command)

    assert (run.status, run.error["code"]) == (65, "store-put-back")
    assert "ngopi doctor" in run.error["hint"]
    assert files(show) == before


@pytest.mark.parametrize("how", ["put_back", "all_put_back"])
def test_doctor_brings_back_what_the_old_copy_lacks(ngopi, show, request, how):
    request.getfixturevalue(how)
    kept = history(show)

    told = ngopi("--json", "doctor")
    mended = ngopi("--json", "doctor", "--fix")

    assert (told.status, mended.status) == (1, 0), mended.out
    wrong = [found for found in told.json["findings"] if found["severity"] == "error"]
    assert [found["subject"] for found in wrong] == ["ledger"]
    assert "state 1" in wrong[0]["message"]
    assert "state 3" in wrong[0]["message"]
    assert json.loads((show / "public/ledger.json").read_bytes())["seq"] > 3
    assert public_slugs(show) == {"satu", "dua", "tiga"}
    assert witness_of(show, "satu", "dua", "tiga").now() == []
    assert kept.items() <= history(show).items()
    assert not ngopi("--json", "publish").json["changed"]


def test_what_was_published_on_the_old_copy_stays_too(
    ngopi, show, all_put_back, prepared, tmp_path
):
    """Somebody with a new computer knew of nothing; now two histories have a state 2."""
    other = shutil.copytree(prepared, tmp_path / "other")
    add_episode(other, "lima", 5)
    shutil.copytree(show / "public", other / "public", dirs_exist_ok=True)
    assert ngopi("--show", other, "publish").status == 0
    shutil.rmtree(show / "public")
    shutil.copytree(other / "public", show / "public")
    assert ngopi("publish", "--json").error["code"] == "store-put-back"

    assert ngopi("doctor", "--fix").status == 0

    assert public_slugs(show) == {"satu", "dua", "tiga", "lima"}
    shutil.rmtree(other / "public")
    shutil.copytree(show / "public", other / "public")
    assert ngopi("--show", other, "doctor", "--fix").status == 0
    assert ngopi("--show", other, "publish").status == 0
    assert json.loads((other / "public/ledger.json").read_bytes())["entries"]
    assert witness_of(show, "satu", "dua", "tiga").now() == []


def test_who_has_seen_nothing_does_not_write_a_second_state_of_one_number(
    ngopi, show, put_back, prepared, tmp_path
):
    """The history knows state 2 already: a new one of that number would hide it."""
    newcomer = shutil.copytree(prepared, tmp_path / "newcomer")
    add_episode(newcomer, "lima", 5)
    shutil.copytree(show / "public", newcomer / "public", dirs_exist_ok=True)
    kept = history(newcomer)

    run = ngopi("--show", newcomer, "--json", "publish")

    assert (run.status, run.error["code"]) == (65, "store-put-back")
    assert history(newcomer) == kept
    assert ngopi("--show", newcomer, "doctor", "--fix").status == 0
    assert ngopi("--show", newcomer, "publish").status == 0
    # Of state 3 nothing is left: tiga comes back when its producer publishes.
    assert public_slugs(newcomer) == {"satu", "dua", "lima"}
    assert kept.items() <= history(newcomer).items()


def test_the_history_is_never_written_over(ngopi, show):
    """Somebody put another file there, for the state that is current now."""
    path = show / "public" / "history" / "3.json"
    ledger = json.loads((show / "public/ledger.json").read_bytes())
    foreign = json.dumps(ledger | {"nonce": "0" * 16}).encode()
    path.write_bytes(foreign)
    add_episode(show, "empat", 4)

    run = ngopi("--json", "publish")

    assert (run.status, run.error["code"]) == (65, "store-put-back")
    assert path.read_bytes() == foreign
    assert public_slugs(show) == {"satu", "dua", "tiga"}


def test_a_later_state_with_another_past_is_noticed(ngopi, show):
    """The ledger is ahead of what was seen, but the history says that it took another way."""
    path = show / "public" / "history" / "3.json"
    ledger = json.loads((show / "public/ledger.json").read_bytes())
    path.write_text(json.dumps(ledger | {"nonce": "0" * 16}), "utf-8")
    later = ledger | {"seq": 4, "nonce": "1" * 16}
    (show / "public/ledger.json").write_text(json.dumps(later), "utf-8")

    assert ngopi("publish", "--json").error["code"] == "store-put-back"
    assert ngopi("doctor", "--fix").status == 0
    assert ngopi("publish").status == 0
    assert public_slugs(show) == {"satu", "dua", "tiga"}


def test_a_folder_of_an_earlier_ngopi_notices_it_by_its_copy_of_the_ledger(ngopi, show, put_back):
    (show / ".ngopi" / "seen.json").unlink()

    assert ngopi("publish", "--json").error["code"] == "store-put-back"


def test_a_show_that_moves_to_another_store_is_not_stopped(ngopi, show):
    path = show / "ngopi.toml"
    path.write_text(path.read_text("utf-8").replace("file:public", "file:elsewhere"), "utf-8")

    assert ngopi("publish").status == 0
    assert (show / "elsewhere" / "ledger.json").is_file()


@pytest.mark.parametrize("damaged", [b"[]", b"\xff", b'{"place": 1}', b"null"])
def test_a_damaged_memory_is_only_forgotten(ngopi, show, damaged):
    (show / ".ngopi" / "seen.json").write_bytes(damaged)
    add_episode(show, "empat", 4)

    assert ngopi("publish").status == 0


@pytest.mark.parametrize("seq", [3, 4, 5])
@pytest.mark.parametrize("body", [b"{}", b"\xff"])
def test_what_lies_where_a_state_will_be_kept_stops_nobody_for_good(ngopi, show, seq, body):
    """State 3 is current; doctor found nothing, and every publish was refused for ever."""
    foreign = show / "public" / "history" / f"{seq}.json"
    foreign.write_bytes(body)
    for number, slug in enumerate(("empat", "lima", "enam"), start=4):
        add_episode(show, slug, number)
        if ngopi("publish").status != 0:
            assert ngopi("doctor").status == 1
            assert ngopi("doctor", "--fix").status == 0
            assert ngopi("publish").status == 0

    assert foreign.read_bytes() == body
    assert public_slugs(show) == {"satu", "dua", "tiga", "empat", "lima", "enam"}
