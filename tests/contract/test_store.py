"""What every store promises, asked of a folder and of a real S3 server."""

from __future__ import annotations

import contextlib
import hashlib
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from ngopi.errors import (
    ObjectMissingError,
    ObjectTakenError,
    SourceChangedError,
    SourceUnreadableError,
    StoreKeyError,
    SwapConflictError,
)
from ngopi.model import StoreSettings
from ngopi.store import open_store

AUDIO = "audio/007-gayo-0123456789ab.mp3"
# SHA-256 of b"kopi" and b"teh", by coreutils' sha256sum.
KOPI_SHA256 = "5f48a5df5e2ecb1282c9d43c449f8c6bbed8a9e8d8d6b923036499be4fc6f17d"
TEH_SHA256 = "57a499486a01b8c5a2f876e89e000a0b83143e42b637e7675ec8fa2cc211dcfc"


def ignore(units: float) -> None:
    """Nobody watches."""


@pytest.fixture(params=["folder", "s3"])
def settings(request, tmp_path):
    if request.param == "s3":
        return request.getfixturevalue("s3_settings")
    return StoreSettings(url="file:public")


@pytest.fixture
def store(settings, tmp_path):
    return open_store(settings, root=tmp_path)


@pytest.fixture
def kopi(tmp_path):
    path = tmp_path / "kopi.mp3"
    path.write_bytes(b"kopi")
    return path


def test_nothing_is_there_at_first(store):
    assert store.head("feed.xml") is None
    assert store.read("feed.xml") is None
    assert list(store.heads("")) == []
    with pytest.raises(ObjectMissingError):
        list(store.chunks(AUDIO))


def test_what_was_added_is_read_back(store, kopi):
    done = []
    added = store.add(AUDIO, kopi, sha256=KOPI_SHA256, advance=done.append)

    assert (added.key, added.size_bytes, added.sha256) == (AUDIO, 4, KOPI_SHA256)
    assert added.media_type == "audio/mpeg"
    assert store.head(AUDIO) == added
    assert store.read(AUDIO) == (b"kopi", added)
    assert b"".join(store.chunks(AUDIO)) == b"kopi"
    assert sum(done) == 4


def test_adding_the_same_again_changes_nothing(store, kopi):
    first = store.add(AUDIO, kopi, sha256=KOPI_SHA256, advance=ignore)
    done = []
    again = store.add(AUDIO, kopi, sha256=KOPI_SHA256, advance=done.append)

    assert again == first
    assert sum(done) == 4


def test_other_content_never_takes_a_key_that_is_taken(store, kopi, tmp_path):
    store.add(AUDIO, kopi, sha256=KOPI_SHA256, advance=ignore)
    other = tmp_path / "teh.mp3"
    other.write_bytes(b"teh")

    with pytest.raises(ObjectTakenError):
        store.add(AUDIO, other, sha256=TEH_SHA256, advance=ignore)
    assert b"".join(store.chunks(AUDIO)) == b"kopi"


def test_a_changed_source_is_refused_and_leaves_nothing(store, kopi, tmp_path):
    with pytest.raises(SourceChangedError):
        store.add(AUDIO, kopi, sha256=TEH_SHA256, advance=ignore)

    assert store.head(AUDIO) is None
    assert leftovers(tmp_path) == []


def test_a_source_that_is_gone_is_named(store, tmp_path):
    with pytest.raises(SourceUnreadableError, match=r"gone\.mp3"):
        store.add(AUDIO, tmp_path / "gone.mp3", sha256=KOPI_SHA256, advance=ignore)

    assert store.head(AUDIO) is None


def test_a_large_file_arrives_whole(store, tmp_path):
    """21 MiB and a byte: above the single request of an S3 store, with an odd last part."""
    data = random.Random(7).randbytes((21 << 20) + 1)
    path = tmp_path / "long.mp3"
    path.write_bytes(data)
    done = []
    added = store.add(AUDIO, path, sha256=hashlib.sha256(data).hexdigest(), advance=done.append)

    assert added.size_bytes == len(data) == sum(done)
    assert b"".join(store.chunks(AUDIO)) == data
    assert store.add(AUDIO, path, sha256=added.sha256, advance=ignore) == added


def test_a_large_source_that_changes_leaves_nothing(store, settings, tmp_path, request):
    path = tmp_path / "long.mp3"
    path.write_bytes(bytes(21 << 20))

    with pytest.raises(SourceChangedError):
        store.add(AUDIO, path, sha256=KOPI_SHA256, advance=ignore)
    assert store.head(AUDIO) is None
    assert leftovers(tmp_path) == []
    if settings.url.startswith("s3:"):
        client = request.getfixturevalue("s3_server").client()
        uploads = client.list_multipart_uploads(Bucket=request.getfixturevalue("s3_bucket"))
        client.close()
        assert uploads.get("Uploads", []) == []


def test_a_swap_needs_the_version_that_is_there(store):
    first = store.swap("ledger.json", b"1", expected=None)
    second = store.swap("ledger.json", b"2", expected=first.version)

    with pytest.raises(SwapConflictError):
        store.swap("ledger.json", b"3", expected=first.version)
    assert second.version != first.version
    assert store.read("ledger.json") == (b"2", second)
    assert store.head("ledger.json") == second


def test_a_swap_that_expects_nothing_only_creates(store):
    store.swap("ledger.json", b"1", expected=None)

    with pytest.raises(SwapConflictError):
        store.swap("ledger.json", b"2", expected=None)
    assert store.read("ledger.json")[0] == b"1"


def test_a_swap_of_what_was_deleted_is_refused(store):
    first = store.swap("ledger.json", b"1", expected=None)
    store.delete("ledger.json")

    with pytest.raises(SwapConflictError):
        store.swap("ledger.json", b"2", expected=first.version)
    assert store.read("ledger.json") is None


def test_racing_swaps_lose_no_increment(store, settings, tmp_path):
    """Two producers publish at once: the ledger must hold the work of both."""
    store.swap("ledger.json", b"0", expected=None)

    def increment(times: int) -> None:
        mine = open_store(settings, root=tmp_path)
        while times:
            data, head = mine.read("ledger.json")
            with contextlib.suppress(SwapConflictError):
                mine.swap("ledger.json", b"%d" % (int(data) + 1), expected=head.version)
                times -= 1

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(increment, [20, 20]))

    assert store.read("ledger.json")[0] == b"40"


def test_racing_adds_of_the_same_file_all_succeed(settings, kopi, tmp_path):
    def add(_: int) -> str:
        mine = open_store(settings, root=tmp_path)
        return mine.add(AUDIO, kopi, sha256=KOPI_SHA256, advance=ignore).sha256

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(add, range(4))) == {KOPI_SHA256}


def test_racing_adds_of_other_files_leave_one_winner(settings, tmp_path):
    def add(word: str) -> str:
        path = tmp_path / f"{word}.mp3"
        path.write_bytes(word.encode() * 100_000)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        mine = open_store(settings, root=tmp_path)
        try:
            return mine.add(AUDIO, path, sha256=sha256, advance=ignore).sha256
        except ObjectTakenError:
            return "refused"

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(add, ["kopi", "teh", "susu", "jahe"]))

    assert results.count("refused") == 3
    (winner,) = set(results) - {"refused"}
    stored = b"".join(open_store(settings, root=tmp_path).chunks(AUDIO))
    assert hashlib.sha256(stored).hexdigest() == winner


def test_deleting_twice_is_deleting_once(store, kopi):
    store.add(AUDIO, kopi, sha256=KOPI_SHA256, advance=ignore)
    store.delete(AUDIO)
    store.delete(AUDIO)

    assert store.head(AUDIO) is None


def test_heads_come_in_the_order_of_their_keys(store):
    for key in ("releases/b.json", "ledger.json", "releases/a.json", "releases/a-1.json"):
        store.swap(key, key.encode(), expected=None)
    heads = list(store.heads("releases/"))

    assert [(head.key, head.size_bytes) for head in heads] == [
        ("releases/a-1.json", 17),
        ("releases/a.json", 15),
        ("releases/b.json", 15),
    ]
    assert heads[2].version == store.head("releases/b.json").version
    assert next(store.heads("")).key == "ledger.json"


def test_odd_keys_are_refused_by_every_method(store, kopi):
    odd = ["../feed.xml", "/feed.xml", "audio\\x.mp3", "audio/kopí.mp3", "C:/feed.xml", "x.html"]
    for ask in (
        store.head,
        store.read,
        lambda key: list(store.chunks(key)),
        lambda key: store.add(key, kopi, sha256=KOPI_SHA256, advance=ignore),
        lambda key: store.swap(key, b"", expected=None),
        store.delete,
    ):
        for key in odd:
            with pytest.raises(StoreKeyError):
                ask(key)


def leftovers(tmp_path):
    """What a folder store has left behind, besides its lock."""
    public = tmp_path / "public"
    return [path for path in public.rglob("*") if path.is_file() and path.name != ".ngopi.lock"]
