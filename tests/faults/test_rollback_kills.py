"""A rollback goes back once, whenever it was killed and however often it is run again."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from mortal import mortals
from prepared import add_episode, guid_of, make_show
from promises import Witness
from standing import InShow

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="neither fork nor SIGKILL there")

KILLED = -9
MOST_STEPS = 100
ENV = {"NGOPI_LANG": "en", "NGOPI_WHO": "ani"}


@pytest.fixture(scope="module")
def ngopi(tmp_path_factory):
    show = make_show(tmp_path_factory.mktemp("prepared") / "show")
    with mortals(show) as runs:
        yield runs


@pytest.fixture(scope="module")
def three_states(ngopi, tmp_path_factory):
    """Public were: satu; satu and dua; all three. To go back twice would lose dua."""
    show = make_show(tmp_path_factory.mktemp("states") / "show")
    for number, slug in enumerate((None, "dua", "tiga")):
        if slug is not None:
            add_episode(show, slug, number)
        assert ngopi.run("--show", show, "publish", env=ENV).status == 0
    return show


def guids(show, *slugs):
    return {guid_of(show, slug) for slug in slugs}


def ledger(show):
    return json.loads(show.joinpath("public", "ledger.json").read_bytes())


def test_killed_before_any_step_and_run_again_it_has_gone_back_once(ngopi, three_states, tmp_path):
    show = tmp_path / "show"
    for step in range(1, MOST_STEPS):
        shutil.rmtree(show, ignore_errors=True)
        shutil.copytree(three_states, show)
        place, _ = InShow(show=show).place("show")
        witness = Witness(place=place)
        assert witness.now() == []
        killed = ngopi.run("--show", show, "rollback", env=ENV, kill_at=step)
        assert witness.now() == [], f"killed before step {step}"
        again = ngopi.run("--show", show, "--json", "rollback", env=ENV)

        assert again.status == 0, f"killed before step {step}: {again.err}"
        if killed.status != KILLED:
            break
        assert json.loads(again.out) == {"from": 3, "seq": 4}, f"killed before step {step}"
        assert witness.at_rest() == [], f"killed before step {step}"
        assert witness.public() == guids(show, "satu", "dua"), f"killed before step {step}"

    assert step > 10
    # The last was not killed: who was told that it is done and asks again wants to go further.
    assert json.loads(again.out) == {"from": 4, "seq": 5}


@pytest.fixture
def killed_unsaid(ngopi, three_states, tmp_path):
    """A show whose rollback is public, and nobody was told."""
    show = tmp_path / "show"
    for step in range(1, MOST_STEPS):
        shutil.rmtree(show, ignore_errors=True)
        shutil.copytree(three_states, show)
        killed = ngopi.run("--show", show, "rollback", env=ENV, kill_at=step)
        feed = show.joinpath("public", "feed.xml").read_text("utf-8")
        if ledger(show)["seq"] == 4 and guid_of(show, "tiga") not in feed:
            break
    assert killed.status == KILLED
    return show


def test_what_a_colleague_published_in_between_stays(ngopi, killed_unsaid, tmp_path):
    budi = shutil.copytree(
        killed_unsaid, tmp_path / "budi", ignore=shutil.ignore_patterns("public", ".ngopi")
    )
    add_episode(budi, "empat", 4)
    env = ENV | {"NGOPI_STORE_URL": f"file:{killed_unsaid / 'public'}"}
    assert ngopi.run("--show", budi, "publish", env=env).status == 0

    again = ngopi.run("--show", killed_unsaid, "--json", "rollback", env=ENV)

    assert json.loads(again.out) == {"from": 3, "seq": 4}
    entries = ledger(killed_unsaid)["entries"]
    assert {entry["slug"] for entry in entries} == {"satu", "dua", "empat"}


@pytest.mark.parametrize("command", [["publish"], ["retract", "dua"]])
def test_who_has_done_something_else_since_goes_back_from_there(ngopi, killed_unsaid, command):
    show = killed_unsaid
    add_episode(show, "empat", 4)
    assert ngopi.run("--show", show, *command, env=ENV).status == 0

    again = ngopi.run("--show", show, "--json", "rollback", env=ENV)

    assert json.loads(again.out) == {"from": 5, "seq": 6}
    assert {entry["slug"] for entry in ledger(show)["entries"]} == {"satu", "dua"}
