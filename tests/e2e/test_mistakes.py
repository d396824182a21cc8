"""The likely mistakes: each is named for what it is, and doing what the hint says helps."""

from __future__ import annotations

import shutil

import pytest

from mistakes import commands, episodes, lines, publishing, settings
from mistakes.table import Desk, Told, no_problem
from ngopi.__main__ import main
from prepared import make_show

ROWS = (*settings.ROWS, *lines.ROWS, *episodes.ROWS, *commands.ROWS, *publishing.ROWS)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Two shows of one episode; in the first, nothing is public."""
    folder = tmp_path_factory.mktemp("prepared")
    draft = make_show(folder / "rekaman")
    public = shutil.copytree(draft, folder / "public")
    assert main(["--show", str(public), "publish"]) == 0
    return {False: draft, True: public}


@pytest.fixture
def desk(prepared, tmp_path, ngopi, monkeypatch, request):
    show = shutil.copytree(prepared[request.param], tmp_path / "show")
    recording = shutil.copy(prepared[False].with_suffix(".wav"), tmp_path / "rekaman.wav")
    monkeypatch.chdir(show)
    return Desk(show=show, recording=recording, ngopi=ngopi, monkeypatch=monkeypatch)


@pytest.mark.parametrize(
    ("desk", "mistake"),
    [pytest.param(row.public, row, id=row.name) for row in ROWS],
    indirect=["desk"],
)
def test_what_the_hint_says_helps(desk, mistake):
    if mistake.did is not None:
        mistake.did(desk)
    refused = desk.run("--json", *mistake.argv)
    told = Told(message=refused.error["message"], hint=refused.error["hint"])
    assert (refused.error["code"], refused.status) == (mistake.code, mistake.status), told
    for words in mistake.says:
        assert words in told.message, told
    for words in mistake.hints:
        assert words in told.hint, told

    again = mistake.mend(desk, told, mistake.argv) or mistake.argv

    after = desk.run("--json", *again)
    assert no_problem(after, mistake.further), (told, again, after.err)


def test_no_mistake_is_in_the_table_twice():
    names = [row.name for row in ROWS]

    assert len(names) == len(set(names))
