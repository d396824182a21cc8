"""What a killed run left half-written in a folder store goes away, and nothing else does."""

from __future__ import annotations

import os
import time

import pytest

from ngopi.store.folder import FolderStore
from ngopi.store.journal import Journal, Upload

HOUR_S = 3600


def put(folder, name, *, age_s):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"separuh")
    then = time.time() - age_s
    os.utime(path, (then, then))
    return path


OURS = (
    ".feed.xml.0123abcd.tmp", ".ledger.json.0123abcd.tmp",
    "audio/.satu-0123456789ab.mp3.00ff00ff.tmp",
    "covers/.show-0123456789ab.jpg.00ff00ff.tmp", f"releases/.{'0' * 64}.json.00ff00ff.tmp",
    "history/.12.json.00ff00ff.tmp",
)  # fmt: skip
NOT_OURS = (
    ".htaccess.0123abcd.tmp", "audio/.catatan.txt.00ff00ff.tmp", "feed.xml.0123abcd.tmp",
    ".feed.xml.tmp", ".feed.xml.0123ABCD.tmp", "arsip/.feed.xml.0123abcd.tmp",
)  # fmt: skip


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "public")


def test_the_next_write_removes_what_was_left_long_ago(store):
    left = [put(store.folder, name, age_s=2 * HOUR_S) for name in OURS]

    store.swap("feed.xml", b"<rss/>", expected=None)

    assert not any(path.exists() for path in left)
    assert store.read("feed.xml")[0] == b"<rss/>"


def test_what_is_young_stays_for_it_may_be_under_way(store):
    """Where a file system only pretends to lock, another computer may write at this moment."""
    young = [put(store.folder, name, age_s=HOUR_S / 2) for name in OURS]

    store.swap("feed.xml", b"<rss/>", expected=None)

    assert all(path.exists() for path in young)


def test_what_ngopi_did_not_name_stays_however_old(store):
    foreign = [put(store.folder, name, age_s=1000 * HOUR_S) for name in NOT_OURS]

    store.swap("feed.xml", b"<rss/>", expected=None)

    assert all(path.exists() for path in foreign)


def test_reading_removes_nothing(store):
    left = put(store.folder, OURS[0], age_s=2 * HOUR_S)

    assert store.head("feed.xml") is None
    assert list(store.heads("")) == []
    assert left.exists()


def test_what_cannot_be_removed_stops_nobody(store):
    store.folder.mkdir()
    odd = store.folder / OURS[0]
    odd.mkdir()
    os.utime(odd, (0, 0))
    left = put(store.folder, OURS[1], age_s=2 * HOUR_S)

    store.swap("feed.xml", b"<rss/>", expected=None)

    assert odd.is_dir()
    assert not left.exists()


def test_an_upload_that_begins_removes_what_a_killed_one_left_of_its_journal(tmp_path):
    journal = Journal(tmp_path, place="s3://toko/audio/satu.mp3")
    upload = Upload(key="k", sha256="0f", upload_id="u", part_bytes=8, parts={})
    journal.write(upload)
    (kept,) = tmp_path.iterdir()
    put(tmp_path, f".{kept.name}.0123abcd.tmp", age_s=0)
    others = put(tmp_path, f".{'0' * 32}.json.0123abcd.tmp", age_s=0)

    assert journal.read() == upload
    assert set(tmp_path.iterdir()) == {kept, others}


def test_a_publish_removes_what_was_left_long_ago_of_what_the_show_remembers(ngopi, show):
    name = f".{'0' * 64}.json.0123abcd.tmp"
    old = [put(show / ".ngopi" / place, name, age_s=2 * HOUR_S) for place in ("releases", "stores")]
    young = put(show / ".ngopi/releases", name.replace("abcd", "dcba"), age_s=HOUR_S / 2)
    feed = put(show / "feeds", ".ngopi-bawaslu.xml.0123abcd.tmp", age_s=0)  # under the show's lock
    foreign = put(show / ".ngopi/releases", ".catatan.tmp", age_s=2 * HOUR_S)

    assert ngopi("publish").status == 0

    assert not any(path.exists() for path in (*old, feed))
    assert young.exists()
    assert foreign.exists()
