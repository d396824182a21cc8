"""Somebody else is faster each time: a publish gives up with a sentence, and loses nothing."""

from __future__ import annotations

import json
import shutil

import pytest

from failpoints import at_every_call
from forged import encoded, ledger_of
from prepared import add_episode, make_show
from promises import PublicFolder, Witness

MORE_THAN_ENOUGH = 40


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture
def show(ngopi, prepared, tmp_path, monkeypatch):
    folder = shutil.copytree(prepared, tmp_path / "show")
    monkeypatch.chdir(folder)
    assert ngopi("publish").status == 0
    add_episode(folder, "dua", 1)
    return folder


class Rival:
    """Publishes a new state, in which nothing is new, whenever it is asked to; not for ever."""

    def __init__(self, store):
        self.store = store
        self.count = 0

    def publish(self):
        self.count += 1
        if self.count > MORE_THAN_ENOUGH:
            return
        body = self.store.joinpath("ledger.json").read_bytes()
        ledger = json.loads(body)
        self.store.joinpath("history").mkdir(exist_ok=True)
        self.store.joinpath("history", f"{ledger['seq']}.json").write_bytes(body)
        ledger |= {"seq": ledger["seq"] + 1, "nonce": f"{self.count:016}"}
        self.store.joinpath("ledger.json").write_bytes(encoded(ledger))


def test_who_is_overtaken_each_time_gives_up(ngopi, show):
    rival = Rival(show / "public")

    with at_every_call("_swap_ledger", rival.publish):
        run = ngopi("publish", "--json")

    assert (run.status, run.error["code"]) == (75, "contended"), run
    assert 3 <= rival.count < MORE_THAN_ENOUGH
    ledger = ledger_of(show / "public")
    assert (ledger["seq"], ledger["nonce"]) == (1 + rival.count, f"{rival.count:016}")
    assert ngopi("publish").status == 0  # the advice helps
    assert ledger_of(show / "public")["seq"] == 2 + rival.count
    assert Witness(place=PublicFolder(root=show / "public")).at_rest() == []


def test_who_is_overtaken_a_few_times_gets_through(ngopi, show):
    rival = Rival(show / "public")
    rival.count = MORE_THAN_ENOUGH - 3

    with at_every_call("_swap_ledger", rival.publish):
        assert ngopi("publish").status == 0

    assert ledger_of(show / "public")["seq"] == 5
    assert Witness(place=PublicFolder(root=show / "public")).at_rest() == []
