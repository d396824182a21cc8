"""Several files go up at once, with no more parts under way than for one, and each goes on."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections import Counter

import pytest

from faulty_proxy import faulty_proxy
from ngopi.errors import SourceChangedError, StoreUnreachableError
from ngopi.model import StoreSettings
from ngopi.store import open_store
from ngopi.store.source import Source
from prepared import add_episode, guid_of, make_show
from promises import Witness
from standing import OnS3

MIB = 1 << 20
NAMES = ("satu", "dua", "tiga")
# Three parts of 8 MiB at most, or two of 16 MiB: the last is short.
LARGE_BYTES = 17 * MIB
PARTS = {1, 2, 3}
SENT_PART = re.compile(r"PUT .*/audio/(\w+)-\w+\.mp3\?.*partNumber=(\d+)")
SENT_FILE = re.compile(r"PUT .*/audio/(\w+)-\w+\.mp3$")
LIMIT_S = 60  # only what hangs takes so long


def ignore(units: float) -> None:
    """Nobody watches."""


def audio_of(slug, size_bytes, folder):
    data = random.Random(slug).randbytes(size_bytes)
    sha256 = hashlib.sha256(data).hexdigest()
    path = folder / f"{slug}.mp3"
    path.write_bytes(data)
    return Source(key=f"audio/{slug}-{sha256[:12]}.mp3", path=path, sha256=sha256)


@pytest.fixture
def large(tmp_path):
    return [audio_of(slug, LARGE_BYTES, tmp_path) for slug in NAMES]


@pytest.fixture
def proxy(s3_server):
    with faulty_proxy(s3_server.endpoint) as faults:
        yield faults


@pytest.fixture
def settings(s3_settings, proxy):
    return StoreSettings(url=s3_settings.url, endpoint=proxy.endpoint)


def add_all(settings, root, sources, *, advance=ignore):
    """Store all as a new run of ngopi would."""
    open_store(settings, root=root).add_all(sources, advance=advance)


def journalled(root):
    """Return the parts that are known to have landed, by slug."""
    uploads = [json.loads(path.read_text("utf-8")) for path in root.glob(".ngopi/uploads/*")]
    return {
        re.match(r"audio/(\w+)-", upload["key"])[1]: {int(number) for number in upload["parts"]}
        for upload in uploads
    }


def sent_parts(proxy):
    """Return the numbers of the parts that passed, by slug."""
    sent = {}
    for request, _ in proxy.passed:
        if found := SENT_PART.match(request):
            sent.setdefault(found[1], []).append(int(found[2]))
    return {slug: sorted(numbers) for slug, numbers in sent.items()}


def uploading_threads():
    return [t for t in threading.enumerate() if t.name.startswith(("ngopi-part", "ngopi-file"))]


def assert_stored(settings, root, sources):
    store = open_store(settings, root=root)
    for source in sources:
        digest = hashlib.sha256()
        for chunk in store.chunks(source.key):
            digest.update(chunk)
        assert digest.hexdigest() == source.sha256
    assert journalled(root) == {}


class Meeting:
    """Holds the first request of each of so many files until all of them are there."""

    def __init__(self, pattern, files):
        self.pattern, self.seen, self.lock = pattern, set(), threading.Lock()
        self.barrier = threading.Barrier(files)

    def __call__(self, request):
        found = self.pattern.match(request)
        if not found:
            return
        with self.lock:
            first = found[1] not in self.seen
            self.seen.add(found[1])
        if first:
            self.barrier.wait(LIMIT_S)


class Crowd:
    """Counts the parts and files that are under way at the same time."""

    def __init__(self):
        self.now, self.most, self.lock = 0, 0, threading.Lock()

    def arriving(self, request):
        if SENT_PART.match(request) or SENT_FILE.match(request):
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)

    def answering(self, request):
        if SENT_PART.match(request) or SENT_FILE.match(request):
            with self.lock:
                self.now -= 1


# -- at once ----------------------------------------------------------------------------------


def test_parts_of_several_files_are_under_way_at_once(settings, proxy, large, tmp_path):
    """Each file's first part is held back until all three have come: in turn, none ever would."""
    proxy.arriving = Meeting(SENT_PART, files=3)
    done = []
    add_all(settings, tmp_path, large, advance=done.append)

    assert not proxy.arriving.barrier.broken
    assert proxy.arriving.seen == set(NAMES)
    assert sum(done) == 3 * LARGE_BYTES
    assert uploading_threads() == []
    assert_stored(settings, tmp_path, large)


def test_small_files_are_under_way_at_once(settings, proxy, tmp_path):
    """Four at once is what most stores are asked."""
    small = [audio_of(f"episode{number}", 1000 + number, tmp_path) for number in range(8)]
    proxy.arriving = Meeting(SENT_FILE, files=4)
    proxy.arriving.seen = {f"episode{number}" for number in range(4, 8)}  # those are not held
    done = []
    add_all(settings, tmp_path, small, advance=done.append)

    assert not proxy.arriving.barrier.broken
    assert sum(done) == sum(source.path.stat().st_size for source in small)
    assert_stored(settings, tmp_path, small)


@pytest.mark.parametrize(("preset", "most"), [("seaweedfs", 4), ("r2", 2)])
def test_all_files_together_have_no_more_parts_under_way_than_one_file(
    s3_settings, proxy, large, tmp_path, preset, most
):
    """A part under way is a part in memory, and R2 answers 429 to more than two."""
    settings = StoreSettings(url=s3_settings.url, endpoint=proxy.endpoint, preset=preset)
    small = [audio_of(f"kecil{number}", 4 * MIB, tmp_path) for number in range(4)]
    crowd = Crowd()
    proxy.arriving, proxy.answering = crowd.arriving, crowd.answering
    add_all(settings, tmp_path, [*small[:2], *large, *small[2:]])

    assert 1 < crowd.most <= most
    assert crowd.now == 0
    assert_stored(settings, tmp_path, [*large, *small])


def test_whoever_watches_is_called_by_one_at_a_time(settings, large, tmp_path):
    busy = threading.Lock()

    def advance(units):
        assert busy.acquire(blocking=False)
        try:
            hashlib.sha256(bytes(MIB)).hexdigest()  # lets other threads run meanwhile
        finally:
            busy.release()

    add_all(settings, tmp_path, large, advance=advance)

    assert_stored(settings, tmp_path, large)


# -- one of them fails ------------------------------------------------------------------------


def cut_after_two_parts_of_the_others(proxy):
    """Cut dua's second part when satu and tiga have two parts each, whose third never ends."""
    landed, enough = set(), threading.Event()
    proxy.always_cut = r"PUT .*/dua-.*partNumber=2"
    proxy.freezes = r"PUT .*/(satu|tiga)-.*partNumber=3"

    def answering(request):
        found = SENT_PART.match(request)
        if found and found[1] != "dua":
            landed.add((found[1], found[2]))
        if len(landed) == 4:
            enough.set()

    def arriving(request):
        if re.match(proxy.always_cut, request):
            assert enough.wait(LIMIT_S)

    proxy.answering, proxy.arriving = answering, arriving


def test_a_failure_stops_the_others_and_the_next_run_sends_only_what_is_missing(
    settings, proxy, large, tmp_path
):
    cut_after_two_parts_of_the_others(proxy)
    with pytest.raises(StoreUnreachableError) as failed:
        add_all(settings, tmp_path, large)
    landed = journalled(tmp_path)
    proxy.always_cut = proxy.freezes = None
    proxy.thawed.set()
    for thread in uploading_threads():
        thread.join()
    assert journalled(tmp_path) == landed  # who was left behind changes nothing
    proxy.arriving = proxy.answering = str
    proxy.passed.clear()
    done = []
    add_all(settings, tmp_path, large, advance=done.append)

    assert "dua-" in failed.value.message
    assert landed.keys() == set(NAMES)
    assert landed["satu"] == landed["tiga"] == {1, 2}
    assert 2 not in landed["dua"]
    assert sent_parts(proxy) == {slug: sorted(PARTS - landed[slug]) for slug in NAMES}
    assert sum(done) == 3 * LARGE_BYTES
    assert_stored(settings, tmp_path, large)


def test_a_file_that_changed_stops_the_others_and_is_all_that_is_dropped(
    settings, proxy, large, tmp_path
):
    """Its bytes are known to be wrong only at its end; what the others sent is kept."""
    satu, dua, tiga = large
    right = dua.path.read_bytes()
    dua.path.write_bytes(bytes(1) + right[1:])
    with pytest.raises(SourceChangedError) as failed:
        add_all(settings, tmp_path, large)
    landed = journalled(tmp_path)
    assert uploading_threads() == []
    store = open_store(settings, root=tmp_path)
    for source in (satu, tiga):
        if store.head(source.key) is not None:
            landed[source.path.stem] = PARTS
    dua.path.write_bytes(right)
    proxy.passed.clear()
    add_all(settings, tmp_path, large)

    assert failed.value.values == {"path": dua.path}
    assert "dua" not in landed
    missing = {slug: sorted(PARTS - landed.get(slug, set())) for slug in NAMES}
    assert sent_parts(proxy) == {slug: parts for slug, parts in missing.items() if parts}
    assert_stored(settings, tmp_path, large)


def test_a_file_that_somebody_else_stored_meanwhile_stops_nobody(
    settings, s3_settings, proxy, large, tmp_path
):
    """Another producer's whole file lands when half of ours is sent: ours gives way."""
    once = threading.Event()
    colleague = open_store(s3_settings, root=tmp_path / "colleague")

    def arriving(request):
        if re.match(r"POST .*/dua-.*uploadId=", request) and not once.is_set():
            once.set()
            colleague.add(large[1].key, large[1].path, sha256=large[1].sha256, advance=ignore)

    proxy.arriving = arriving
    add_all(settings, tmp_path, large)

    assert once.is_set()
    assert_stored(settings, tmp_path, large)


# -- the command ------------------------------------------------------------------------------


@pytest.fixture
def large_show(tmp_path):
    """A show of three episodes, of three parts each, nothing of it public."""
    show = make_show(tmp_path / "show")
    for number, slug in enumerate(("dua", "tiga"), start=1):
        add_episode(show, slug, number)
    for slug in NAMES:
        inflate(show, slug)
    return show


def inflate(show, slug):
    """Give an episode more bytes behind its last frame, which players skip."""
    path = show / "episodes" / slug / "audio.toml"
    text = path.read_text("utf-8")
    old = re.findall(r'^sha256 = "(\w+)"', text, re.MULTILINE)[0]
    data = show.joinpath("media", f"{old}.mp3").read_bytes()
    data += random.Random(slug).randbytes(LARGE_BYTES - len(data))
    new = hashlib.sha256(data).hexdigest()
    show.joinpath("media", f"{new}.mp3").write_bytes(data)
    text = re.sub(r"(?m)^size_bytes = .*", f"size_bytes = {len(data)}", text, count=1)
    path.write_text(text.replace(old, new, 1), "utf-8")


def publish(show, env, **keywords):
    return subprocess.Popen(
        [sys.executable, "-m", "ngopi", "--show", show, "publish"],
        env=os.environ | env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        **keywords,
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to whole consoles")
def test_ctrl_c_in_a_publish_of_three_files_makes_nothing_public_and_loses_no_part(
    s3_server, s3_bucket, proxy, large_show
):
    landed, enough = set(), threading.Event()
    proxy.freezes = r"PUT .*partNumber=3"

    def answering(request):
        if found := SENT_PART.match(request):
            landed.add(found.groups())
        if len(landed) == 6:
            enough.set()

    proxy.answering = answering
    with OnS3.of(s3_server, s3_bucket, proxy.endpoint) as stores:
        place, env = stores.place("siniar")
        witness = Witness(place=place)
        with publish(large_show, env) as process:
            assert enough.wait(LIMIT_S)
            process.send_signal(signal.SIGINT)
            _, interrupted = process.communicate()
        kept = journalled(large_show)
        keys = place.all_keys()
        proxy.freezes = None
        proxy.thawed.set()
        proxy.passed.clear()
        proxy.answering = str
        with publish(large_show, env) as again:
            told = again.communicate()

        assert process.returncode == 130, interrupted
        assert "Traceback" not in interrupted
        assert not [key for key in keys if not key.startswith(("covers/", "probe/"))]
        assert kept.keys() == set(NAMES)
        assert Counter(map(frozenset, kept.values())) == {frozenset({1, 2}): 3}
        assert again.returncode == 0, told
        assert {slug: set(parts) for slug, parts in sent_parts(proxy).items()} == {
            slug: {3} for slug in NAMES
        }
        assert witness.at_rest() == []
        assert witness.public() == {guid_of(large_show, slug) for slug in NAMES}
        requests = [request for request, _ in proxy.passed]
        last_audio = max(n for n, request in enumerate(requests) if "/audio/" in request)
        first_release = min(
            n for n, request in enumerate(requests) if re.match("PUT .*/releases/", request)
        )
        assert last_audio < first_release
