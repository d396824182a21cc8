"""A ledger that is gone from the store: nothing begins anew, and it comes back."""

from __future__ import annotations

import shutil

import pytest

from prepared import add_episode, guid_of, make_show
from promises import PublicFolder, Witness


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture
def show(ngopi, prepared, tmp_path, monkeypatch):
    """Public are satu and, since state 2, dua; this process stands in the folder."""
    folder = shutil.copytree(prepared, tmp_path / "show")
    monkeypatch.chdir(folder)
    assert ngopi("publish").status == 0
    add_episode(folder, "dua", 1)
    assert ngopi("publish").status == 0
    return folder


@pytest.fixture
def witness(show):
    acknowledged = {guid_of(show, slug) for slug in ("satu", "dua")}
    found = Witness(place=PublicFolder(root=show / "public"), acknowledged=acknowledged)
    assert found.at_rest() == []
    return found


def test_who_lacks_an_episode_does_not_begin_anew_without_it(ngopi, show, witness):
    """They would publish a first state of satu alone, over the feed that has both."""
    (show / "public" / "ledger.json").unlink()
    shutil.rmtree(show / "episodes" / "dua")
    kept = {path: path.read_bytes() for path in show.glob("public/**/*") if path.is_file()}

    refused = ngopi("publish", "--json")
    rehearsed = ngopi("publish", "--dry-run", "--json")

    assert (refused.status, refused.error["code"]) == (69, "ledger-gone")
    assert rehearsed.error["code"] == "ledger-gone"
    assert {path: path.read_bytes() for path in kept} == kept
    assert ngopi("doctor", "--fix").status == 0
    assert ngopi("publish", "--json").json["unknown"] == ["dua"]
    assert witness.at_rest() == []


def test_one_that_nobody_saw_gives_way_to_the_state_that_the_feed_still_shows(ngopi, show, witness):
    """The publisher of state 3 was stopped before its feed, and the store lost its ledger."""
    kept = [show / ".ngopi/ledger.json", show / "public/feed.xml", show / ".ngopi/bases.json"]
    kept.append(show / ".ngopi/seen.json")
    before = {path: path.read_bytes() for path in kept}
    add_episode(show, "tiga", 2)
    assert ngopi("publish").status == 0
    for path, data in before.items():
        path.write_bytes(data)
    (show / "public" / "ledger.json").unlink()
    assert (show / "public/history/2.json").is_file()
    assert ngopi("publish").status == 69

    assert ngopi("doctor", "--fix").status == 0

    assert witness.now() == []
    assert ngopi("publish", "--json").json["add"] == ["tiga"]
    assert witness.at_rest() == []
    assert witness.public() == {guid_of(show, slug) for slug in ("satu", "dua", "tiga")}


def test_a_feed_of_another_tool_is_not_written_over(ngopi, prepared, tmp_path, monkeypatch):
    folder = shutil.copytree(prepared, tmp_path / "show")
    monkeypatch.chdir(folder)
    feed = folder / "public" / "feed.xml"
    feed.parent.mkdir()
    feed.write_bytes(b"<rss/>")

    refused = ngopi("publish", "--json")

    assert refused.error["code"] == "ledger-gone"
    assert "move feed.xml out of the store" in refused.error["hint"]
    assert feed.read_bytes() == b"<rss/>"
    feed.unlink()
    assert ngopi("publish").status == 0
