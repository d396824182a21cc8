"""What is remembered of an earlier feed never shows in a later one."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime

import pytest

from ngopi.catalogue import read_catalogue
from ngopi.config import load_config
from ngopi.feed.build import build_feed
from ngopi.feed.stamp import stamped
from ngopi.ledger import LEDGER_KEY, from_json, release_key, sha256_of_bytes
from ngopi.model import Ledger, Release, ShowRelease
from ngopi.plan import make_wish
from ngopi.recall import Recall
from prepared import add_episode, make_show


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = make_show(tmp_path_factory.mktemp("prepared") / "show")
    add_episode(folder, "dua", 2)
    return folder


@pytest.fixture
def show(prepared, tmp_path, monkeypatch):
    folder = shutil.copytree(prepared, tmp_path / "show")
    monkeypatch.chdir(folder)
    return folder


def substitute(path, pattern, text):
    before = path.read_text("utf-8")
    after = re.sub(pattern, text, before, count=1)
    assert after != before
    path.write_text(after, "utf-8")


def rendered_anew(public):
    """Build the feed of what lies in the store, with nothing to remember."""

    def read(kind, key):
        return from_json(kind, public.joinpath(key).read_bytes(), key=key)

    ledger = read(Ledger, LEDGER_KEY)
    show = read(ShowRelease, release_key(ledger.show))
    releases = [read(Release, release_key(entry.release)) for entry in ledger.entries]
    feed = build_feed(show.show, cover=show.cover, releases=releases)
    return stamped(feed, seq=ledger.seq)


@pytest.mark.parametrize(
    ("file", "pattern", "text"),
    [
        ("episodes/dua/episode.md", r'title = ".*"', 'title = "Lain"'),
        ("ngopi.toml", r'title = ".*"', 'title = "Acara lain"'),
        ("ngopi.toml", r'timezone = ".*"', 'timezone = "Asia/Jayapura"'),
        ("ngopi.toml", r"explicit = false", "explicit = true"),
        ("ngopi.toml", r"# link = .*", 'link = "https://example.org/acara"'),
    ],
)
def test_a_changed_feed_is_that_of_a_folder_that_remembers_nothing(
    ngopi, show, file, pattern, text
):
    assert ngopi("publish").status == 0
    substitute(show / file, pattern, text)
    before = show.joinpath("public", "feed.xml").read_bytes()
    assert ngopi("publish").status == 0

    feed = show.joinpath("public", "feed.xml").read_bytes()
    assert feed == rendered_anew(show / "public") != before


def test_an_altered_memory_of_items_is_not_shown(ngopi, show):
    assert ngopi("publish").status == 0
    memory = show / ".ngopi" / "feed-items.json"
    data = memory.read_bytes()
    assert b"Satu" in data
    memory.write_bytes(data.replace(b"Satu", b"Sata"))
    substitute(show / "episodes" / "dua" / "episode.md", r'title = ".*"', 'title = "Lain"')
    assert ngopi("publish").status == 0

    feed = show.joinpath("public", "feed.xml").read_bytes()
    assert b"Sata" not in feed
    assert feed == rendered_anew(show / "public")


def test_another_address_of_the_store_is_in_every_item(ngopi, show, monkeypatch):
    """Releases of an earlier address are said under the new one."""
    assert ngopi("publish").status == 0
    monkeypatch.setenv("NGOPI_STORE_PUBLIC_URL", "https://baru.example")
    assert ngopi("publish").status == 0

    feed = show.joinpath("public", "feed.xml").read_bytes()
    assert feed.count(b'<enclosure url="https://baru.example/audio/') == 2


def test_a_memory_never_names_a_release(ngopi, show):
    """What it says of an episode that becomes public is looked at again."""
    path = show / "episodes" / "dua" / "episode.md"
    substitute(path, r'title = ".*"', 'title = "Lain"')
    config = load_config(show)
    recall = Recall(config.scratch)
    entries = read_catalogue(config.episodes, zone=config.zone, recall=recall)
    make_wish(config, entries, None, now=datetime.now(UTC), recall=recall)
    for key in list(recall.releases._used):  # as if all hashes were of something else
        recall.releases.keep(key, "0" * 64)
    recall.save()

    assert ngopi("publish").status == 0

    public = show / "public"
    ledger = from_json(Ledger, public.joinpath(LEDGER_KEY).read_bytes(), key=LEDGER_KEY)
    for entry in ledger.entries:
        body = public.joinpath(release_key(entry.release)).read_bytes()
        assert sha256_of_bytes(body) == entry.release
