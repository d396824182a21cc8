"""An upload that was stopped goes on where it stopped, and nothing that is stale misleads it."""

from __future__ import annotations

import hashlib
import json
import random
import re
import shutil
import subprocess
import sys
import textwrap
import threading

import pytest

from faulty_proxy import faulty_proxy
from ngopi.errors import (
    ObjectTakenError,
    SourceChangedError,
    StoreUnreachableError,
    StoreWriteError,
)
from ngopi.model import StoreSettings
from ngopi.store import open_store
from s3_server import new_bucket, running_s3_server, use_access_key

AUDIO = "audio/007-gayo-0123456789ab.mp3"
MIB = 1 << 20
PART_BYTES = 8 * MIB
PARTS = 10
DATA = random.Random(13).randbytes((PARTS - 1) * PART_BYTES + 1)
# Three parts, the fewest that an upload in parts has, where their number does not matter.
SHORT = DATA[: 2 * PART_BYTES + 1]
FILES = {"long.mp3": DATA, "short.mp3": SHORT}
SHA256 = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
ALL_PARTS = set(range(1, PARTS + 1))
SENT_PARTS = r"PUT .*partNumber=(\d+)"


def ignore(units: float) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    """A file of ten parts; the last one is a single byte. It is for reading only."""
    path = tmp_path_factory.mktemp("audio") / "long.mp3"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def own_audio(audio, tmp_path):
    """The same, to be changed."""
    return shutil.copyfile(audio, tmp_path / audio.name)


@pytest.fixture
def short(tmp_path):
    path = tmp_path / "short.mp3"
    path.write_bytes(SHORT)
    return path


@pytest.fixture
def proxy(s3_server):
    with faulty_proxy(s3_server.endpoint) as faults:
        yield faults


@pytest.fixture
def settings(s3_settings, proxy):
    return StoreSettings(url=s3_settings.url, endpoint=proxy.endpoint)


def add(settings, root, path, *, advance=ignore, sha256=None):
    """Add the audio as a new run of ngopi would."""
    store = open_store(settings, root=root)
    return store.add(AUDIO, path, sha256=sha256 or SHA256[path.name], advance=advance)


def stopping_after(done_bytes, stop):
    """Return a way to watch an upload that calls *stop* once so much is done."""
    done = 0

    def advance(units):
        nonlocal done
        done += units
        if done >= done_bytes:
            stop()

    return advance


def interrupt():
    raise KeyboardInterrupt


def stopped_upload(settings, root, path, *, done_bytes=6 * PART_BYTES):
    """Begin an upload and press Ctrl-C when *done_bytes* are stored."""
    with pytest.raises(KeyboardInterrupt):
        add(settings, root, path, advance=stopping_after(done_bytes, interrupt))


def journals(root):
    return sorted(root.glob(".ngopi/uploads/*"))


def landed_parts(root):
    """Return the numbers of the parts that the journal knows."""
    (journal,) = journals(root)
    return {int(number) for number in json.loads(journal.read_text(encoding="utf-8"))["parts"]}


def uploading_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("ngopi-part")]


def unfinished(server, bucket):
    client = server.client()
    try:
        return client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    finally:
        client.close()


def assert_stored(settings, root, path):
    """The file is there, whole, and nothing is remembered of how it came there."""
    store = open_store(settings, root=root)
    digest = hashlib.sha256()
    for chunk in store.chunks(AUDIO):
        digest.update(chunk)
    assert digest.hexdigest() == store.head(AUDIO).sha256 == SHA256[path.name]
    assert journals(root) == []


def sent_parts(proxy):
    """Return the bytes of the parts that passed, by number."""
    found = ((re.match(SENT_PARTS, request), size) for request, size in proxy.passed)
    return {int(part[1]): size for part, size in found if part}


# -- the same file again ----------------------------------------------------------------------


def test_an_upload_cut_at_60_percent_sends_only_the_rest(settings, proxy, audio, tmp_path):
    proxy.always_cut = r"PUT .*partNumber=([7-9]|10)(&|$)"
    with pytest.raises(StoreUnreachableError):
        add(settings, tmp_path, audio)
    landed = landed_parts(tmp_path)
    assert uploading_threads() == []
    proxy.always_cut = None
    proxy.passed.clear()
    done = []
    added = add(settings, tmp_path, audio, advance=done.append)

    assert {1, 2, 3} <= landed <= {1, 2, 3, 4, 5, 6}  # 4, 5 and 6 may have been under way
    assert set(sent_parts(proxy)) == ALL_PARTS - landed
    assert sum(sent_parts(proxy).values()) == len(DATA) - len(landed) * PART_BYTES
    assert sum(done) == len(DATA) == added.size_bytes
    assert_stored(settings, tmp_path, audio)


def test_ctrl_c_stops_all_threads_and_costs_only_what_was_under_way(
    settings, proxy, audio, tmp_path
):
    stopped_upload(settings, tmp_path, audio)
    assert uploading_threads() == []
    landed = landed_parts(tmp_path)
    proxy.passed.clear()
    add(settings, tmp_path, audio)

    assert len(landed) >= 6
    assert set(sent_parts(proxy)) == ALL_PARTS - landed
    assert_stored(settings, tmp_path, audio)


def test_ctrl_c_does_not_wait_for_a_frozen_server(settings, proxy, audio, tmp_path):
    """boto3 would wait a minute for each part, and again: three times."""
    proxy.freezes = r"PUT .*partNumber=([4-9]|10)(&|$)"
    stopped_upload(settings, tmp_path, audio, done_bytes=3 * PART_BYTES)
    waiting = uploading_threads()
    proxy.thawed.set()
    for thread in waiting:
        thread.join()
    add(settings, tmp_path, audio)

    assert waiting
    assert all(thread.daemon for thread in waiting)  # they would not keep the process alive
    assert_stored(settings, tmp_path, audio)


def test_a_killed_process_is_continued_by_the_next(settings, proxy, audio, tmp_path):
    script = textwrap.dedent("""
        import os, sys
        from pathlib import Path
        from ngopi.model import StoreSettings
        from ngopi.store import open_store

        url, endpoint, root, path, key, sha256, limit = sys.argv[1:]
        done = 0
        def advance(units):
            global done
            done += units
            if done >= int(limit):
                os._exit(9)
        store = open_store(StoreSettings(url=url, endpoint=endpoint), root=Path(root))
        store.add(key, Path(path), sha256=sha256, advance=advance)
    """)
    where, what = (settings.url, settings.endpoint, tmp_path), (audio, AUDIO, SHA256[audio.name])
    arguments = map(str, (*where, *what, 6 * PART_BYTES))
    run = subprocess.run([sys.executable, "-c", script, *arguments], check=False)
    assert run.returncode == 9
    landed = landed_parts(tmp_path)
    proxy.passed.clear()
    add(settings, tmp_path, audio)

    assert len(landed) >= 6
    assert set(sent_parts(proxy)) == ALL_PARTS - landed
    assert_stored(settings, tmp_path, audio)


def test_a_server_that_was_killed_gets_only_the_rest(
    tmp_path_factory, monkeypatch, tmp_path, audio
):
    with running_s3_server(tmp_path_factory.mktemp("mortal")) as server:
        use_access_key(monkeypatch, server.access_key, server.secret_key, nowhere=tmp_path)
        with new_bucket(server) as bucket, faulty_proxy(server.endpoint) as proxy:
            settings = StoreSettings(url=f"s3://{bucket}", endpoint=proxy.endpoint)
            kill = stopping_after(6 * PART_BYTES, server.kill)
            with pytest.raises(StoreUnreachableError):
                add(settings, tmp_path, audio, advance=kill)
            server.start()
            landed = landed_parts(tmp_path)
            proxy.passed.clear()
            add(settings, tmp_path, audio)

            assert len(landed) >= 6
            assert set(sent_parts(proxy)) == ALL_PARTS - landed
            assert_stored(settings, tmp_path, audio)


def test_the_journal_holds_no_secret(settings, s3_server, short, tmp_path):
    stopped_upload(settings, tmp_path, short, done_bytes=PART_BYTES)
    (journal,) = journals(tmp_path)
    text = journal.read_text(encoding="utf-8")

    assert s3_server.access_key not in text
    assert s3_server.secret_key not in text


# -- stale journals ---------------------------------------------------------------------------


def test_an_upload_that_the_store_has_dropped_is_begun_anew(
    settings, proxy, s3_server, s3_bucket, short, tmp_path
):
    stopped_upload(settings, tmp_path, short, done_bytes=len(SHORT))
    (upload,) = unfinished(s3_server, s3_bucket)
    client = s3_server.client()
    client.abort_multipart_upload(Bucket=s3_bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    client.close()
    proxy.passed.clear()
    add(settings, tmp_path, short)

    assert sum(sent_parts(proxy).values()) == len(SHORT)
    assert_stored(settings, tmp_path, short)


def test_parts_that_the_store_refuses_as_a_whole_are_sent_anew(
    settings, proxy, s3_server, s3_bucket, short, tmp_path
):
    """It has acknowledged each: asking the same again would get the same answer for ever."""
    proxy.refuses = {rf"POST .*{AUDIO}.*uploadId=": (400, "InvalidPart")}
    with pytest.raises(StoreWriteError):
        add(settings, tmp_path, short)
    proxy.refuses = {}

    assert journals(tmp_path) == []
    assert unfinished(s3_server, s3_bucket) == []
    proxy.passed.clear()
    add(settings, tmp_path, short)
    assert sum(sent_parts(proxy).values()) == len(SHORT)
    assert_stored(settings, tmp_path, short)


def test_a_damaged_journal_is_no_journal(settings, proxy, short, tmp_path):
    stopped_upload(settings, tmp_path, short, done_bytes=PART_BYTES)
    (journal,) = journals(tmp_path)
    journal.write_bytes(journal.read_bytes()[:100])
    proxy.passed.clear()
    add(settings, tmp_path, short)

    assert sum(sent_parts(proxy).values()) == len(SHORT)
    assert_stored(settings, tmp_path, short)


def test_a_part_that_was_replaced_in_the_store_is_sent_again(
    settings, proxy, s3_server, s3_bucket, short, tmp_path
):
    stopped_upload(settings, tmp_path, short, done_bytes=len(SHORT))
    (upload,) = unfinished(s3_server, s3_bucket)
    client = s3_server.client()
    client.upload_part(
        Bucket=s3_bucket,
        Key=upload["Key"],
        UploadId=upload["UploadId"],
        PartNumber=2,
        Body=bytes(PART_BYTES),
    )
    client.close()
    proxy.passed.clear()
    add(settings, tmp_path, short)

    assert 2 in sent_parts(proxy)
    assert_stored(settings, tmp_path, short)


def test_other_content_drops_what_was_begun(settings, s3_server, s3_bucket, short, tmp_path):
    """The file was made again in between: not a byte of the old one may get into it."""
    other = tmp_path / "other.mp3"
    other.write_bytes(bytes(len(SHORT)))
    with pytest.raises(KeyboardInterrupt):
        add(
            settings,
            tmp_path,
            other,
            sha256=hashlib.sha256(bytes(len(SHORT))).hexdigest(),
            advance=stopping_after(PART_BYTES, interrupt),
        )
    add(settings, tmp_path, short)

    assert unfinished(s3_server, s3_bucket) == []
    assert_stored(settings, tmp_path, short)


def test_an_upload_that_somebody_else_finished_is_forgotten(
    settings, s3_server, s3_bucket, short, tmp_path
):
    stopped_upload(settings, tmp_path, short, done_bytes=PART_BYTES)
    add(settings, tmp_path / "another machine", short)
    add(settings, tmp_path, short)

    assert unfinished(s3_server, s3_bucket) == []
    assert_stored(settings, tmp_path, short)


def test_an_upload_that_came_too_late_is_dropped(settings, s3_server, s3_bucket, short, tmp_path):
    client = s3_server.client()

    def overtake():
        client.put_object(Bucket=s3_bucket, Key=f"ngopi/{AUDIO}", Body=b"teh")

    with pytest.raises(ObjectTakenError):
        add(settings, tmp_path, short, advance=stopping_after(len(SHORT), overtake))
    client.close()

    assert unfinished(s3_server, s3_bucket) == []
    assert journals(tmp_path) == []


# -- the source -------------------------------------------------------------------------------


def test_a_file_that_is_truncated_while_it_is_read_leaves_nothing(
    settings, s3_server, s3_bucket, own_audio, tmp_path
):
    def truncate():
        with own_audio.open("r+b") as file:
            file.truncate(7 * PART_BYTES)

    with pytest.raises(SourceChangedError):
        add(settings, tmp_path, own_audio, advance=stopping_after(PART_BYTES, truncate))
    assert unfinished(s3_server, s3_bucket) == []
    assert journals(tmp_path) == []
    assert uploading_threads() == []
    own_audio.write_bytes(DATA)
    add(settings, tmp_path, own_audio)

    assert_stored(settings, tmp_path, own_audio)


def test_a_file_that_changed_since_the_upload_was_stopped_is_refused(
    settings, s3_server, s3_bucket, own_audio, tmp_path
):
    stopped_upload(settings, tmp_path, own_audio)
    own_audio.write_bytes(bytes(1) + DATA[1:])
    with pytest.raises(SourceChangedError):
        add(settings, tmp_path, own_audio)
    assert unfinished(s3_server, s3_bucket) == []
    own_audio.write_bytes(DATA)
    add(settings, tmp_path, own_audio)

    assert_stored(settings, tmp_path, own_audio)


# -- one request goes wrong -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "request_pattern"),
    [
        ("drop_reply_to", r"POST .*\?uploads"),
        ("drop_reply_to", SENT_PARTS),
        ("drop_reply_to", r"POST .*uploadId="),
        ("cut_body_of", SENT_PARTS),
        ("answer_503_to", SENT_PARTS),
    ],
    ids=["begin", "part", "complete", "cut", "busy"],
)
def test_one_lost_reply_or_cut_is_made_good_in_the_same_run(
    settings, proxy, short, tmp_path, fault, request_pattern
):
    open_store(settings, root=tmp_path).probe_abilities()  # whose requests look alike
    setattr(proxy, fault, request_pattern)
    added = add(settings, tmp_path, short)

    assert len(proxy.happened) == 1
    assert (added.size_bytes, added.sha256) == (len(SHORT), SHA256[short.name])
    assert_stored(settings, tmp_path, short)
