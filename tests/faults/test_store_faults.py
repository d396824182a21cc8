"""What goes wrong with stores: each failure is named, and running again mends it."""

from __future__ import annotations

import hashlib
import logging
import os
import random
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from faulty_proxy import faulty_proxy
from ngopi.errors import (
    ClockSkewError,
    CredentialsMissingError,
    CredentialsRefusedError,
    DiskError,
    NoSuchBucketError,
    ObjectTakenError,
    ObjectTooBigError,
    StoreReadError,
    StoreUnreachableError,
    StoreVerifyError,
    StoreWriteError,
    SwapConflictError,
)
from ngopi.model import StoreSettings
from ngopi.store.folder import FolderStore
from ngopi.store.s3 import S3Store
from s3_server import new_bucket, running_s3_server, use_access_key

AUDIO = "audio/007-gayo-0123456789ab.mp3"


def ignore(units: float) -> None:
    """Nobody watches."""


@pytest.fixture
def long_audio(tmp_path):
    """A file of seven parts, and its SHA-256."""
    data = random.Random(11).randbytes(50 << 20)
    path = tmp_path / "long.mp3"
    path.write_bytes(data)
    return path, hashlib.sha256(data).hexdigest()


@pytest.fixture
def short_audio(tmp_path):
    path = tmp_path / "short.mp3"
    path.write_bytes(b"kopi")
    return path, hashlib.sha256(b"kopi").hexdigest()


@pytest.fixture
def proxy(s3_server):
    with faulty_proxy(s3_server.endpoint) as faults:
        yield faults


@pytest.fixture
def proxied(s3_settings, proxy):
    return S3Store(StoreSettings(url=s3_settings.url, endpoint=proxy.endpoint))


# -- the server goes away -------------------------------------------------------------------


def test_an_upload_cut_by_a_dying_server_succeeds_when_run_again(
    tmp_path_factory, monkeypatch, tmp_path, long_audio
):
    path, sha256 = long_audio
    with running_s3_server(tmp_path_factory.mktemp("mortal")) as server:
        use_access_key(monkeypatch, server.access_key, server.secret_key, nowhere=tmp_path)
        with new_bucket(server) as bucket:
            store = S3Store(StoreSettings(url=f"s3://{bucket}", endpoint=server.endpoint))
            with pytest.raises(StoreUnreachableError):
                store.add(AUDIO, path, sha256=sha256, advance=lambda _: server.kill())
            server.start()

            assert store.head(AUDIO) is None
            added = store.add(AUDIO, path, sha256=sha256, advance=ignore)
            assert added.size_bytes == 50 << 20
            digest = hashlib.sha256()
            for chunk in store.chunks(AUDIO):
                digest.update(chunk)
            assert digest.hexdigest() == sha256


def test_no_server_is_said_with_its_address(monkeypatch, tmp_path):
    use_access_key(monkeypatch, "key", "secret", nowhere=tmp_path)
    store = S3Store(StoreSettings(url="s3://kopi", endpoint="http://127.0.0.1:1"))

    with pytest.raises(StoreUnreachableError, match=r"http://127\.0\.0\.1:1 ") as failed:
        store.head("feed.xml")
    assert failed.value.exit_status == 69


def test_a_busy_store_is_asked_again(proxied, proxy):
    proxy.answer_503_to = "PUT .*/ledger.json"
    head = proxied.swap("ledger.json", b"1", expected=None)

    assert proxied.read("ledger.json") == (b"1", head)
    assert len(proxy.happened) == 1


# -- replies are lost ------------------------------------------------------------------------


def test_an_added_file_whose_reply_was_lost_counts_as_added(proxied, proxy, short_audio):
    path, sha256 = short_audio
    proxy.drop_reply_to = "PUT .*/audio/"
    added = proxied.add(AUDIO, path, sha256=sha256, advance=ignore)

    assert len(proxy.happened) == 1
    assert (added.size_bytes, added.sha256) == (4, sha256)


def test_a_completed_upload_whose_reply_was_lost_counts_as_added(proxied, proxy, long_audio):
    path, sha256 = long_audio
    proxy.drop_reply_to = "POST .*uploadId="
    added = proxied.add(AUDIO, path, sha256=sha256, advance=ignore)

    assert len(proxy.happened) == 1
    assert (added.size_bytes, added.sha256) == (50 << 20, sha256)


def test_a_swap_whose_reply_was_lost_can_be_recognised(proxied, proxy):
    """The second try of boto3 meets its own write: who swaps must look for its own nonce."""
    first = proxied.swap("ledger.json", b"1", expected=None)
    proxy.drop_reply_to = "PUT .*/ledger.json"

    with pytest.raises(SwapConflictError):
        proxied.swap("ledger.json", b"2", expected=first.version)
    assert proxied.read("ledger.json")[0] == b"2"


@pytest.mark.parametrize("audio", ["short_audio", "long_audio"])
def test_bytes_that_were_flipped_on_the_way_are_not_stored(proxied, proxy, audio, request):
    path, sha256 = request.getfixturevalue(audio)
    proxy.corrupt_body_of = "PUT .*/audio/"

    with pytest.raises(StoreWriteError):
        proxied.add(AUDIO, path, sha256=sha256, advance=ignore)
    assert proxied.head(AUDIO) is None


def test_a_document_that_states_another_hash_is_not_taken(s3_settings, s3_server, s3_bucket):
    """As from a store that answers with one object's headers and another's bytes."""
    store = S3Store(s3_settings)
    store.swap("ledger.json", b"1", expected=None)
    key = next(iter(s3_server.client().list_objects_v2(Bucket=s3_bucket)["Contents"]))["Key"]
    s3_server.client().put_object(
        Bucket=s3_bucket, Key=key, Body=b"1", Metadata={"sha256": hashlib.sha256(b"2").hexdigest()}
    )

    with pytest.raises(StoreVerifyError):
        store.read("ledger.json")


def test_a_document_that_is_too_big_is_not_read(s3_settings, monkeypatch):
    store = S3Store(s3_settings)
    store.swap("ledger.json", b"12345678", expected=None)
    monkeypatch.setattr("ngopi.store.kinds.LARGEST_DOCUMENT_BYTES", 7)

    with pytest.raises(ObjectTooBigError):
        store.read("ledger.json")


def test_a_long_upload_does_not_overwrite_who_was_faster(
    s3_settings, s3_server, s3_bucket, long_audio
):
    path, sha256 = long_audio
    other = s3_server.client()

    def overtake(_: float) -> None:
        other.put_object(Bucket=s3_bucket, Key=f"ngopi/{AUDIO}", Body=b"teh")

    with pytest.raises(ObjectTakenError):
        S3Store(s3_settings).add(AUDIO, path, sha256=sha256, advance=overtake)
    assert b"".join(S3Store(s3_settings).chunks(AUDIO)) == b"teh"
    assert other.list_multipart_uploads(Bucket=s3_bucket).get("Uploads", []) == []
    other.close()


# -- the clock -----------------------------------------------------------------------------


def http_date(minutes):
    return format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)


@pytest.mark.parametrize("minutes", [-6, 6, 60 * 24 * 400])
def test_a_clock_that_is_minutes_off_stops_a_swap(proxied, proxy, minutes):
    proxy.date = http_date(minutes)
    assert proxied.read("ledger.json") is None

    with pytest.raises(ClockSkewError):
        proxied.swap("ledger.json", b"{}", expected=None)
    assert not [request for request, _ in proxy.passed if request.startswith("PUT")]


@pytest.mark.parametrize("date", [-3, 3, "yesterday", "0", ""])
def test_a_clock_that_is_nearly_right_or_unknown_stops_nobody(proxied, proxy, date):
    proxy.date = http_date(date) if isinstance(date, int) else date
    assert proxied.read("ledger.json") is None

    assert proxied.swap("ledger.json", b"{}", expected=None).size_bytes == 2


# -- keys and buckets ----------------------------------------------------------------------


def test_a_wrong_key_is_refused_with_what_it_must_be_allowed(
    s3_settings, s3_server, monkeypatch, tmp_path
):
    use_access_key(monkeypatch, s3_server.access_key, "wrong", nowhere=tmp_path)

    with pytest.raises(CredentialsRefusedError) as refused:
        S3Store(s3_settings).swap("feed.xml", b"x", expected=None)
    assert refused.value.exit_status == 77
    assert "feed.xml" in refused.value.message
    assert "s3:PutObject" in refused.value.hint
    assert "ngopi/feed.xml" in refused.value.hint


def test_no_key_is_named_as_such(s3_settings, monkeypatch, tmp_path):
    use_access_key(monkeypatch, None, None, nowhere=tmp_path)

    with pytest.raises(CredentialsMissingError) as missing:
        S3Store(s3_settings).head("feed.xml")
    assert missing.value.exit_status == 77


def test_a_profile_that_is_not_there_is_named(s3_settings, tmp_path):
    settings = StoreSettings(url=s3_settings.url, endpoint=s3_settings.endpoint, profile="warung")

    with pytest.raises(CredentialsMissingError, match="warung"):
        S3Store(settings).head("feed.xml")


def test_a_missing_bucket_is_named(s3_server, s3_environment, short_audio):
    path, sha256 = short_audio
    store = S3Store(StoreSettings(url="s3://no-such-bucket", endpoint=s3_server.endpoint))

    for ask in (
        lambda: store.read("ledger.json"),
        lambda: store.add(AUDIO, path, sha256=sha256, advance=ignore),
        lambda: list(store.heads("")),
    ):
        with pytest.raises(NoSuchBucketError, match="no-such-bucket"):
            ask()


def test_no_log_level_shows_keys_or_signatures(s3_settings, s3_server, caplog):
    with caplog.at_level(logging.DEBUG):
        S3Store(s3_settings).swap("ledger.json", b"1", expected=None)

    assert s3_server.access_key not in caplog.text
    assert s3_server.secret_key not in caplog.text
    assert "Signature" not in caplog.text


# -- folders ---------------------------------------------------------------------------------


def test_a_file_in_the_folders_place_is_named(tmp_path, short_audio):
    """Stands for every folder that cannot be written; permissions do not bind root."""
    path, sha256 = short_audio
    tmp_path.joinpath("public").write_bytes(b"")
    store = FolderStore(tmp_path / "public")

    with pytest.raises(DiskError, match="public"):
        store.add(AUDIO, path, sha256=sha256, advance=ignore)
    with pytest.raises(DiskError, match="public"):
        store.swap("ledger.json", b"1", expected=None)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind root")
def test_a_read_only_folder_is_named(tmp_path, short_audio):
    path, sha256 = short_audio
    public = tmp_path / "public"
    public.mkdir(mode=0o500)
    try:
        with pytest.raises(DiskError):
            FolderStore(public).add(AUDIO, path, sha256=sha256, advance=ignore)
    finally:
        public.chmod(0o700)


def test_a_folder_in_a_files_place_cannot_be_read(tmp_path):
    tmp_path.joinpath("public", "feed.xml").mkdir(parents=True)

    with pytest.raises(StoreReadError, match=r"feed\.xml"):
        FolderStore(tmp_path / "public").read("feed.xml")


@pytest.mark.skipif(os.name == "nt", reason="no limit on the size of files to set there")
def test_a_full_disk_leaves_the_old_file_and_no_part_of_the_new(tmp_path):
    """A limit on the size of files fails a write in its middle, as a full disk does."""
    script = textwrap.dedent("""
        import hashlib, resource, signal, sys
        from pathlib import Path
        from ngopi.errors import DiskError
        from ngopi.store.folder import FolderStore

        root = Path(sys.argv[1])
        store = FolderStore(root / "public")
        first = store.swap("ledger.json", b"1", expected=None)
        path = root / "long.mp3"
        path.write_bytes(bytes(3 << 20))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        sha256 = hashlib.sha256(bytes(3 << 20)).hexdigest()
        for write in (
            lambda: store.add("audio/x.mp3", path, sha256=sha256, advance=lambda _: None),
            lambda: store.swap("ledger.json", bytes(3 << 20), expected=first.version),
        ):
            try:
                write()
            except DiskError as error:
                print(error.exit_status)
    """)
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )

    public = tmp_path / "public"
    assert run.stdout.split() == ["74", "74"]
    assert {path.name for path in public.rglob("*") if path.is_file()} == {
        "ledger.json",
        ".ngopi.lock",
    }
    assert public.joinpath("ledger.json").read_bytes() == b"1"
