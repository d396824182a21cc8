"""A run stands still at the worst moment, others delete beside it, and then it goes on.

The worst moments are known: right after it has found something stored, and right after its swap.
A process that is stopped there has no clock that could save it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from mortal import mortals
from prepared import add_episode, copy_without_episodes, guid_of, make_show
from promises import Witness
from standing import OnFolder, OnS3, PutBack

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="neither fork nor SIGSTOP there")

GC = ("gc", "--older-than", "0s", "--delete", "--yes")
DELETE = ("retract", "dua", "--delete-audio", "--yes")
# What a run may come to beside others: done, told to run again, or that somebody undid it.
UNDONE = 75
MOST_CUES = 60


@dataclass(frozen=True, kw_only=True)
class Scene:
    """*stopped* stands still at each of its cues, while *beside* runs; folders are ani and budi.

    *before* is what made it so. *statuses* are those that *stopped* may end with. *public* are
    the slugs that are public in the end, where only one end is right.
    """

    stopped: Sequence[str]
    beside: Sequence[tuple[str, ...]]
    before: Sequence[tuple[str, ...]] = ()
    statuses: tuple[int, ...] = (0,)
    public: frozenset[str] | None = None
    garbage: tuple[str, ...] = ()


PUBLISH = ("publish",)
SCENES = {
    "publish beside gc": Scene(
        stopped=PUBLISH, beside=[GC], garbage=("dua",), public=frozenset({"satu", "dua"})
    ),
    "publish beside two gc and a publish": Scene(
        stopped=PUBLISH, beside=[GC, PUBLISH, GC], garbage=("dua",),
        public=frozenset({"satu", "dua", "tiga"}),
    ),
    "gc beside publish": Scene(
        stopped=GC, beside=[PUBLISH], garbage=("tiga",), public=frozenset({"satu", "tiga"})
    ),
    "gc beside gc and publish": Scene(
        stopped=GC, beside=[GC, PUBLISH], garbage=("tiga",), public=frozenset({"satu", "tiga"})
    ),
    "delete beside restore": Scene(
        stopped=DELETE, beside=[("restore", "dua")], before=[PUBLISH], statuses=(0, UNDONE)
    ),
    "delete beside gc": Scene(
        stopped=DELETE, beside=[GC, PUBLISH, GC], before=[PUBLISH],
        public=frozenset({"satu", "tiga"}),
    ),
    "restore beside delete": Scene(
        stopped=("restore", "dua"), beside=[DELETE], before=[PUBLISH, ("retract", "dua")],
        statuses=(0, 66, UNDONE),
    ),
    "rollback beside publish and gc": Scene(
        stopped=("rollback",), beside=[PUBLISH, GC], before=[PUBLISH], garbage=("empat",),
        public=frozenset({"satu", "tiga"}),
    ),
    "publish of new audio beside delete": Scene(
        stopped=PUBLISH, beside=[("retract", "satu", "--delete-audio", "--yes")],
        public=frozenset({"dua"}),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture(scope="module")
def ngopi(prepared):
    with mortals(prepared) as runs:
        yield runs


# A bucket takes longer: each test stops at a share of the cues, and they can run side by side.
SHARES = 3
PLACES = [("folder", 1, 1), *(("bucket", first, SHARES) for first in range(1, SHARES + 1))]


@pytest.fixture(params=PLACES, ids=[f"{kind}-{first}" for kind, first, _ in PLACES])
def share(request):
    """Where the store is, the first cue to stop at, and how far it is to the next."""
    return request.param


@pytest.fixture
def stores(request, share, tmp_path):
    if share[0] == "folder":
        yield OnFolder(root=tmp_path)
        return
    server, bucket = request.getfixturevalue("s3_server"), request.getfixturevalue("s3_bucket")
    with OnS3.of(server, bucket) as found:
        yield found


class Office:
    """The folders of ani, who is stopped, and of budi, and one store of theirs."""

    def __init__(self, ngopi, prepared: Path, stores, folder: Path) -> None:
        self._ngopi, self._stores = ngopi, stores
        self.place, self.env = stores.place("kantor")
        self._root, self._kept = folder / "folders", folder / "kept"
        self._root.mkdir()
        self.ani = self._folder(prepared, "ani", "dua")
        self.budi = self._folder(prepared, "budi", "tiga")
        self.run(self._folder(prepared, "awal"), *PUBLISH)
        self._first = stores

    def _folder(self, prepared, name, *slugs):
        show = copy_without_episodes(prepared, self._root / name)
        for number, slug in enumerate(slugs, start=1):
            add_episode(show, slug, number, environment=self.env)
        return show

    def keep(self):
        """Remember all as it is now."""
        shutil.copytree(self._root, self._kept)
        if isinstance(self._stores, OnS3):
            self._first = PutBack.of(self._stores, "kantor")
        else:
            shutil.copytree(self.place.root, self._kept / "store")

    def as_kept(self):
        """Have all as it was, with a witness who has seen nothing yet."""
        shutil.rmtree(self._root)
        shutil.copytree(self._kept, self._root, ignore=shutil.ignore_patterns("store"))
        if isinstance(self._first, PutBack):
            self._first.place("kantor")
        else:
            shutil.rmtree(self.place.root)
            shutil.copytree(self._kept / "store", self.place.root)
        self.witness = Witness(place=self.place)
        assert self.witness.now() == []

    def run(self, show, *command, status=0):
        ended = self._ngopi.run("--show", show, *command, env=self.env)
        assert ended.status == status, ended.err
        return ended

    def leave_garbage(self, prepared, slug):
        """Have an episode's audio lie in the store, as a publish that nobody repeated left it."""
        show = self._folder(prepared, f"sampah-{slug}", slug)
        text = show.joinpath("episodes", slug, "audio.toml").read_text("utf-8")
        sha256 = re.findall(r'^sha256 = "(\w+)"', text, re.MULTILINE)[0]
        data = show.joinpath("media", f"{sha256}.mp3").read_bytes()
        put(self.place, f"audio/{slug}-{sha256[:12]}.mp3", data)

    def guid(self, slug):
        folder = next(s for s in (self.ani, self.budi) if s.joinpath("episodes", slug).is_dir())
        return guid_of(folder, slug)


def put(place, key, data):
    if hasattr(place, "root"):
        place.root.joinpath(key).parent.mkdir(exist_ok=True)
        place.root.joinpath(key).write_bytes(data)
    else:
        place.client.put_object(Bucket=place.bucket, Key=f"{place.prefix}/{key}", Body=data)


def played(scene, office, ngopi, *, cue):
    """Play *scene* with a stop after *cue*; return whether there was such a cue."""
    pid = ngopi.start("--show", office.ani, *scene.stopped, env=office.env, stop_at=cue)
    stopped = ngopi.stops(pid)
    try:
        for command in scene.beside if stopped else ():
            ended = ngopi.run("--show", office.budi, *command, env=office.env)
            assert ended.status in (0, 66), ended.err
            assert office.witness.now() == []
    finally:
        ngopi.go_on(pid)
        ended = ngopi.wait(pid)

    assert ended.status in scene.statuses, ended.err
    assert office.witness.at_rest() == []
    return stopped


@pytest.mark.parametrize("name", SCENES)
def test_whoever_is_stopped_at_a_cue_names_nothing_that_is_deleted(
    ngopi, prepared, stores, share, tmp_path, name
):
    scene, office = SCENES[name], Office(ngopi, prepared, stores, tmp_path)
    for command in scene.before:
        office.run(office.ani, *command)
    for slug in scene.garbage:
        office.leave_garbage(prepared, slug)
    office.keep()
    _, first, each = share
    for cue in range(first, MOST_CUES, each):
        office.as_kept()
        if not played(scene, office, ngopi, cue=cue):
            break
        if scene.public is not None:
            wanted = {office.guid(slug) for slug in scene.public}
            assert office.witness.public() == wanted, f"stopped after cue {cue}"

    assert cue > 3
