"""The order in the feed follows from the episodes alone, and from nobody's folder or turn."""

from __future__ import annotations

import re
import shutil
from itertools import permutations

import feedparser
import pytest

from forged import ledger_of
from prepared import add_episode, guid_of, make_show

SLUGS = ("alfa", "beta", "cela")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A show with three episodes of one and the same moment, and an older one; none is public."""
    show = make_show(tmp_path_factory.mktemp("prepared") / "show")
    for slug in SLUGS:
        add_episode(show, slug, 0)
    return show


def number(show, numbers):
    for slug, text in numbers.items():
        path = show / "episodes" / slug / "episode.md"
        path.write_text(path.read_text("utf-8").replace("\ntitle", f"\nnumber = {text}\ntitle", 1))


def published_in_turn(ngopi, show, turns):
    """Publish one episode after the other, as people do who have one each."""
    away = show.parent / "away"
    shutil.move(show / "episodes", away)
    (show / "episodes").mkdir()
    for slug in turns:
        shutil.copytree(away / slug, show / "episodes" / slug)
        assert ngopi("--show", show, "publish").status == 0


def feed_of(show):
    """Return the feed without the stamp of its state."""
    data = (show / "public" / "feed.xml").read_bytes()
    return re.sub(rb"\n<!-- ngopi: state \d+ -->\n", b"", data)


def order_of(show):
    return [item.id for item in feedparser.parse(feed_of(show)).entries]


@pytest.mark.parametrize(
    "numbers",
    [{}, {"alfa": 2, "beta": 3, "cela": 1}, {"alfa": 1, "beta": 1, "cela": 1}],
    ids=["without a number", "numbered", "of one number"],
)
def test_episodes_of_one_moment_have_one_order_whoever_came_first(
    ngopi, prepared, tmp_path, numbers
):
    found, ledgers = [], []
    for turn, turns in enumerate(list(permutations(SLUGS))[::2]):
        show = shutil.copytree(prepared, tmp_path / str(turn) / "show")
        number(show, numbers)
        published_in_turn(ngopi, show, ("satu", *turns))
        found.append(order_of(show))
        ledgers.append([entry["slug"] for entry in ledger_of(show / "public")["entries"]])

    newest_first = sorted(SLUGS, key=lambda s: (numbers.get(s, 0), guid_of(show, s)), reverse=True)
    assert found == [[guid_of(show, slug) for slug in (*newest_first, "satu")]] * len(found)
    assert ledgers == [ledgers[0]] * len(ledgers)
