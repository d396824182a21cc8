"""A store that keeps nobody apart: it is found out, said, and used as well as can be."""

from __future__ import annotations

import contextlib
import hashlib
import random
import threading

import pytest

from faulty_proxy import faulty_proxy
from ngopi.errors import (
    CredentialsRefusedError,
    ObjectTakenError,
    StoreUnreachableError,
    StoreVerifyError,
    SwapConflictError,
)
from ngopi.model import StoreSettings
from ngopi.store import open_store
from ngopi.store.abilities import Abilities
from ngopi.store.dry_run import RehearsalStore
from s3_server import use_access_key
from weak_server import BUCKET, running_weak_server

AUDIO = "audio/007-gayo-0123456789ab.mp3"
MIB = 1 << 20
DATA = random.Random(17).randbytes(20 * MIB)
SHA256 = hashlib.sha256(DATA).hexdigest()


def ignore(units: float) -> None:
    """Nobody watches."""


@pytest.fixture
def audio(tmp_path):
    """A file of three parts."""
    path = tmp_path / "long.mp3"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def weak_server(tmp_path, monkeypatch):
    with running_weak_server(tmp_path / "weak") as server:
        use_access_key(monkeypatch, server.access_key, server.secret_key, nowhere=tmp_path)
        yield server


@pytest.fixture
def weak_settings(weak_server):
    return StoreSettings(url=f"s3://{BUCKET}/ngopi", endpoint=weak_server.endpoint)


@pytest.fixture
def store(weak_settings, tmp_path):
    return open_store(weak_settings, root=tmp_path)


# -- asking -----------------------------------------------------------------------------------


def test_a_weak_store_is_found_out(store):
    assert store.warnings == ()  # nothing is asked for them
    assert store.probe_abilities() == Abilities(
        if_match=False,
        if_none_match=False,
        if_none_match_parts=False,
        metadata=True,
        etag_is_md5=True,
    )
    assert list(store.heads("")) == []


def test_a_faithful_store_is_found_out(s3_settings, tmp_path):
    store = open_store(s3_settings, root=tmp_path)

    assert store.probe_abilities() == Abilities(
        if_match=True, if_none_match=True, if_none_match_parts=True, metadata=True, etag_is_md5=True
    )
    assert store.warnings == ()
    assert list(store.heads("")) == []


def test_a_folder_can_all_that_counts(tmp_path):
    store = open_store(StoreSettings(), root=tmp_path)

    assert store.probe_abilities().safe_for_many
    assert store.warnings == ()


def test_a_store_is_asked_once_and_remembered(s3_settings, s3_server, tmp_path):
    with faulty_proxy(s3_server.endpoint) as proxy:
        settings = StoreSettings(url=s3_settings.url, endpoint=proxy.endpoint)
        open_store(settings, root=tmp_path).swap("ledger.json", b"1", expected=None)
        asked = [request for request, _ in proxy.passed if "/probe/" in request]
        proxy.passed.clear()
        open_store(settings, root=tmp_path).swap("feed.xml", b"1", expected=None)

    assert asked
    assert [request.split("?")[0] for request, _ in proxy.passed] == [
        f"PUT /{settings.url.removeprefix('s3://')}/feed.xml"
    ]


@pytest.mark.parametrize("nth", range(1, 8))
def test_a_lost_reply_does_not_slander_a_store(s3_settings, s3_server, tmp_path, nth):
    """boto3 asks again after a lost reply, and a condition then meets its own first write."""
    with faulty_proxy(s3_server.endpoint) as proxy:
        settings = StoreSettings(url=s3_settings.url, endpoint=proxy.endpoint)
        proxy.drop_reply_to, proxy.skip = "(PUT|POST) ", nth - 1
        abilities = open_store(settings, root=tmp_path).probe_abilities()

    assert len(proxy.happened) == 1
    assert abilities == Abilities(
        if_match=True, if_none_match=True, if_none_match_parts=True, metadata=True, etag_is_md5=True
    )


def test_no_answer_is_not_remembered_as_an_inability(s3_settings, s3_server, tmp_path):
    with faulty_proxy(s3_server.endpoint) as proxy:
        settings = StoreSettings(url=s3_settings.url, endpoint=proxy.endpoint)
        proxy.always_cut = "PUT .*/probe/"
        with pytest.raises(StoreUnreachableError):
            open_store(settings, root=tmp_path).swap("ledger.json", b"1", expected=None)
        proxy.always_cut = None
        store = open_store(settings, root=tmp_path)
        store.swap("ledger.json", b"1", expected=None)

        with pytest.raises(SwapConflictError):
            store.swap("ledger.json", b"2", expected=None)


def test_a_missing_right_is_not_remembered_as_an_inability(
    s3_settings, s3_server, monkeypatch, tmp_path
):
    use_access_key(monkeypatch, s3_server.access_key, "wrong", nowhere=tmp_path)
    with pytest.raises(CredentialsRefusedError, match="probe/"):
        open_store(s3_settings, root=tmp_path).swap("ledger.json", b"1", expected=None)
    use_access_key(monkeypatch, s3_server.access_key, s3_server.secret_key, nowhere=tmp_path)

    assert open_store(s3_settings, root=tmp_path).probe_abilities().safe_for_many


NOT_IMPLEMENTED = (501, "NotImplemented")
REFUSED = (412, "PreconditionFailed")


@pytest.mark.parametrize(
    ("quirks", "if_match", "if_none_match"),
    [
        ({"If-Match": NOT_IMPLEMENTED, "If-None-Match": NOT_IMPLEMENTED}, False, False),
        ({"If-Match": REFUSED}, False, True),
    ],
    ids=["as Backblaze B2", "as DigitalOcean Spaces"],
)
def test_providers_quirks_are_found_out_and_lived_with(
    s3_settings, s3_server, audio, tmp_path, quirks, if_match, if_none_match
):
    """Their answers as people report them, before a server that has none of these quirks."""
    with faulty_proxy(s3_server.endpoint) as proxy:
        proxy.quirks = quirks
        settings = StoreSettings(url=s3_settings.url, endpoint=proxy.endpoint)
        store = open_store(settings, root=tmp_path)
        first = store.swap("ledger.json", b"1", expected=None)
        second = store.swap("ledger.json", b"2", expected=first.version)
        with pytest.raises(SwapConflictError):
            store.swap("ledger.json", b"3", expected=first.version)
        added = store.add(AUDIO, audio, sha256=SHA256, advance=ignore)
        abilities = store.probe_abilities()

        assert store.read("ledger.json") == (b"2", second)
        assert added.sha256 == SHA256
        assert (abilities.if_match, abilities.if_none_match) == (if_match, if_none_match)
        assert len(store.warnings) == 1


# -- one writer at a time ---------------------------------------------------------------------


def test_the_person_is_warned_and_stays_warned(store, weak_settings, tmp_path):
    store.swap("ledger.json", b"1", expected=None)
    later = open_store(weak_settings, root=tmp_path)

    for warned in (store, later, RehearsalStore(later)):
        (warning,) = warned.warnings
        assert weak_settings.endpoint in warning
        assert "one person at a time" in warning


def test_a_single_writer_swaps_and_notices_who_wrote_before(store):
    first = store.swap("ledger.json", b"1", expected=None)
    second = store.swap("ledger.json", b"22", expected=first.version)

    for stale in (first.version, None):
        with pytest.raises(SwapConflictError):
            store.swap("ledger.json", b"3", expected=stale)
    assert store.read("ledger.json")[0] == b"22"
    assert store.head("ledger.json").version == second.version
    store.delete("ledger.json")
    with pytest.raises(SwapConflictError):
        store.swap("ledger.json", b"3", expected=second.version)


@pytest.mark.parametrize("size_bytes", [4, 20 * MIB], ids=["whole", "parts"])
def test_a_single_writer_adds_and_overwrites_nothing(store, tmp_path, size_bytes):
    path, other = tmp_path / "a.mp3", tmp_path / "b.mp3"
    path.write_bytes(DATA[:size_bytes])
    other.write_bytes(bytes(size_bytes))
    sha256 = hashlib.sha256(DATA[:size_bytes]).hexdigest()
    added = store.add(AUDIO, path, sha256=sha256, advance=ignore)

    assert store.add(AUDIO, path, sha256=sha256, advance=ignore) == added
    with pytest.raises(ObjectTakenError):
        store.add(
            AUDIO, other, sha256=hashlib.sha256(bytes(size_bytes)).hexdigest(), advance=ignore
        )
    assert b"".join(store.chunks(AUDIO)) == DATA[:size_bytes]


def test_an_upload_in_parts_gives_way_to_who_was_faster(store, weak_server, audio):
    def overtake(_: float) -> None:
        path = weak_server.folder / BUCKET / "ngopi" / AUDIO
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"teh")

    with pytest.raises(ObjectTakenError):
        store.add(AUDIO, audio, sha256=SHA256, advance=overtake)
    assert b"".join(store.chunks(AUDIO)) == b"teh"


# -- what it forgets and what it tears ----------------------------------------------------------


def test_forgotten_metadata_is_made_good_by_reading(
    store,
    weak_settings,
    weak_server,
    audio,
    tmp_path,
):
    store.add(AUDIO, audio, sha256=SHA256, advance=ignore)
    store.swap("ledger.json", b"1", expected=None)
    weak_server.kill()
    weak_server.start()
    again = open_store(weak_settings, root=tmp_path)

    assert again.head(AUDIO).sha256 is None
    assert again.add(AUDIO, audio, sha256=SHA256, advance=ignore).sha256 == SHA256
    data, head = again.read("ledger.json")
    again.swap("ledger.json", data + b"2", expected=head.version)
    assert again.read("ledger.json")[0] == b"12"


def test_an_upload_that_a_restart_forgot_is_begun_anew(
    store,
    weak_settings,
    weak_server,
    audio,
    tmp_path,
):
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.add(AUDIO, audio, sha256=SHA256, advance=interrupt)
    weak_server.kill()
    weak_server.start()
    open_store(weak_settings, root=tmp_path).add(AUDIO, audio, sha256=SHA256, advance=ignore)

    assert b"".join(store.chunks(AUDIO)) == DATA
    assert list(tmp_path.glob(".ngopi/uploads/*")) == []


@pytest.mark.parametrize("metadata", ["kept", "forgotten"])
def test_a_torn_read_is_noticed(store, weak_settings, weak_server, tmp_path, metadata):
    """While one producer replaces the ledger, another never takes a mixture for it."""
    versions = [letter.encode() * (3_000_000 + 1000 * ord(letter)) for letter in "ab"]
    over = threading.Event()
    store.swap("ledger.json", versions[0], expected=None)

    def replace_for_ever() -> None:
        client = weak_server.client()
        while not over.is_set():
            for data in versions:
                # Metadata as ngopi writes it, or none, as after a restart of the server.
                kept = {"sha256": hashlib.sha256(data).hexdigest()} if metadata == "kept" else {}
                client.put_object(Bucket=BUCKET, Key="ngopi/ledger.json", Body=data, Metadata=kept)
        client.close()

    writer = threading.Thread(target=replace_for_ever)
    writer.start()
    seen = []
    try:
        reader = open_store(weak_settings, root=tmp_path)
        for _ in range(100):
            with contextlib.suppress(StoreVerifyError, StoreUnreachableError):
                seen.append(reader.read("ledger.json")[0])
    finally:
        over.set()
        writer.join()

    assert set(seen) <= set(versions)
