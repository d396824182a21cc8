"""Publishers, deleters, restorers and gc in every order: nothing public is ever deleted.

Each of the six rules of the protocol is needed: without any of them the search finds the harm.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import time
from datetime import UTC, datetime, timedelta

import pytest

from ngopi.amend import delete_audio, restore, retract
from ngopi.catalogue import read_catalogue
from ngopi.config import load_config
from ngopi.deletion import Command
from ngopi.gc import collect
from ngopi.publish import publish
from ngopi.revival import Folder
from ngopi.rollback import rollback
from ngopi.transaction import bring_feed_in_line, settle
from prepared import add_episode, copy_without_episodes, make_show
from search import FEED, LEDGER, Run, World, direct, drawn_token, search

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
NEVER_OLD = timedelta(0)
_ENCLOSURE = re.compile(rb'<enclosure url="[^"]*/(audio/[^"]+)"')
_IMAGE = re.compile(rb'<itunes:image href="[^"]*/(covers/[^"]+)"')


class Silent:
    """Nobody watches."""

    def step(self, label, total, *, unit=None):
        del label, total, unit
        return self

    def __enter__(self):
        return lambda _done: None

    def __exit__(self, *_error):
        return None


class Everything:
    """What a person confirms who looks at nothing."""

    def __contains__(self, key):
        return bool(key)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture(autouse=True)
def repeatable(monkeypatch):
    """Every execution of a run draws the same nonces, and waits for nobody."""
    monkeypatch.setattr(secrets, "token_hex", drawn_token)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(os, "fsync", lambda _file: None)


@pytest.fixture
def office(prepared, tmp_path):
    return Office(prepared, tmp_path)


class Office:
    """Folders of several people who publish one show, and what they can do with it."""

    def __init__(self, prepared, tmp_path):
        self._prepared, self._tmp_path = prepared, tmp_path
        self.world = World(contents=())

    def folder(self, name, *slugs):
        """Return a folder with satu and these other episodes."""
        show = copy_without_episodes(self._prepared, self._tmp_path / name)
        for number, slug in enumerate(slugs, start=1):
            add_episode(show, slug, number)
        return show

    def done(self, show, prepare):
        """Let something happen before the search begins."""
        self.world = direct(self.world, prepare(show))


def config_of(show):
    return load_config(show, environment={"NGOPI_STORE_URL": f"file:{show / 'public'}"})


def entries_of(config):
    return read_catalogue(config.episodes, zone=config.zone)


def publishing(show):
    config = config_of(show)
    entries = entries_of(config)
    return lambda store: (
        publish(config, entries, store, by="penerbit", now=NOW, progress=Silent()).changed
    )


def collecting(show):
    config = config_of(show)
    entries = entries_of(config)
    command = Command(what="gc", by="juru bersih", now=NOW)
    return lambda store: collect(
        config, entries, store, command,
        confirmed=Everything(), older_than=NEVER_OLD, advance=lambda _done: None,
    )  # fmt: skip


def deleting(slug):
    def prepare(show):
        config = config_of(show)

        def call(store):
            entry = retract(config, store, slug, by="penghapus", now=NOW)
            return delete_audio(config, store, entry, by="penghapus", now=NOW)

        return call

    return prepare


def retracting(slug):
    def prepare(show):
        config = config_of(show)
        return lambda store: retract(config, store, slug, by="penarik", now=NOW).guid

    return prepare


def restoring(slug, *, deleted_audio=False):
    def prepare(show):
        config = config_of(show)
        folder = Folder(by="pemulih", now=NOW, progress=Silent(), entries=entries_of(config))
        return lambda store: (
            restore(config, store, slug, folder, deleted_audio=deleted_audio).release
        )

    return prepare


def rolling_back(seq=None):
    def prepare(show):
        config = config_of(show)
        folder = Folder(by="pemutar", now=NOW, progress=Silent())

        def call(store):
            done = rollback(config, store, seq, folder, announce=lambda _start, _target: None)
            return done.before.seq, done.after.seq

        return call

    return prepare


def lining_up(show):
    config = config_of(show)
    return lambda store: settle(lambda: bring_feed_in_line(config, store))


# -- what must never be ---------------------------------------------------------------------


def json_of(world, key):
    data = world.get(key)
    return None if data is None else json.loads(data)


def files_of(world, release):
    document = json_of(world, f"releases/{release}.json")
    return [thing for thing in (document.get("enclosure"), document.get("cover")) if thing]


def wrong(world):
    """Name what the public or a state misses (I1, I8)."""
    yield from wrong_in_feed(world)
    ledger = json_of(world, LEDGER)
    if ledger is not None:
        yield from wrong_in_state(world, ledger)
        for key, data in world.contents:
            if key.startswith("history/") and not gone_in(json.loads(data)) <= gone_in(ledger):
                yield "I8: a key is not gone any more"


def gone_in(ledger):
    return set(ledger.get("gone", ()))


def wrong_in_feed(world):
    feed = world.get(FEED) or b""
    for key in {*_ENCLOSURE.findall(feed), *_IMAGE.findall(feed)}:
        data = world.get(key.decode())
        if data is None:
            yield f"I1: the feed names {key.decode()[:12]}, which is not there"
        elif hashlib.sha256(data).hexdigest()[:12].encode() not in key:
            yield "I4: other bytes than its name says"


def wrong_in_state(world, ledger):
    out = {line["sha256"] for line in ledger.get("withdrawn", ())
           if line["seq_out"] > (line["seq_back"] or 0)}  # fmt: skip
    for release in {ledger["show"], *(entry["release"] for entry in ledger["entries"])}:
        for thing in files_of(world, release):
            if world.get(thing["key"]) is None:
                yield "I8: the ledger names what is deleted"
            if thing["key"] in gone_in(ledger):
                yield "I8: what is gone is named again"
            if thing["sha256"] in out:
                yield "I8: what was withdrawn is public"


def garbage(office, show, slug):
    """Have an episode's audio lie in the store, and no state or release name it."""
    config = config_of(show)
    audio = next(e.audio for e in entries_of(config) if e.episode.slug == slug)
    key = f"audio/{slug}-{audio.sha256[:12]}.mp3"
    data = config.media.joinpath(f"{audio.sha256}.mp3").read_bytes()
    office.world = office.world.with_key(key, data)
    return key


def published_by(office, *slugs):
    """Make satu and these public, and return the folder that did."""
    show = office.folder("first", *slugs)
    office.done(show, publishing)
    return show


class Scenes:
    """What may meet, each as the runs that do; *broken* is a rule that they break."""

    def publisher_and_gc(self, office, broken=""):
        """Satu is public; dua's audio lies there unused; somebody is about to find it."""
        published_by(office)
        ani, budi = office.folder("ani", "dua"), office.folder("budi")
        garbage(office, ani, "dua")
        return (
            Run(name="publish dua", prepare=publishing, folder=ani, broken=broken),
            Run(name="gc", prepare=collecting, folder=budi, broken=broken),
        )

    def two_publishers_and_gc(self, office, broken=""):
        """As before; a third publishes something else."""
        citra = office.folder("citra", "tiga")
        return (
            *self.publisher_and_gc(office, broken),
            Run(name="publish tiga", prepare=publishing, folder=citra, broken=broken, coarse=True),
        )

    def publisher_and_two_gcs(self, office, broken=""):
        """As before; two clean up."""
        citra = office.folder("citra")
        return (
            *self.publisher_and_gc(office, broken),
            Run(name="gc too", prepare=collecting, folder=citra, broken=broken, coarse=True),
        )

    def publisher_and_killed_gc(self, office, broken=""):
        published_by(office)
        ani, budi = office.folder("ani", "dua"), office.folder("budi")
        garbage(office, ani, "dua")
        return (
            Run(name="publish dua", prepare=publishing, folder=ani, broken=broken, losses=1),
            Run(name="gc", prepare=collecting, folder=budi, broken=broken, kills=1, losses=1),
        )

    def deleter_and_restorer(self, office, broken=""):
        """One deletes dua's audio; one brings dua back, and has the audio."""
        show = published_by(office, "dua")
        budi = office.folder("budi", "dua")
        return (
            Run(name="delete dua", prepare=deleting("dua"), folder=show, broken=broken),
            Run(name="restore dua", prepare=restoring("dua"), folder=budi, broken=broken),
        )

    def deleter_restorer_and_publisher(self, office, broken=""):
        """As before; one publishes."""
        show = published_by(office, "dua")
        budi, citra = office.folder("budi", "dua"), office.folder("citra", "tiga")
        back = restoring("dua")
        return (
            Run(name="delete dua", prepare=deleting("dua"), folder=show, broken=broken),
            Run(name="restore dua", prepare=back, folder=budi, broken=broken, coarse=True),
            Run(name="publish tiga", prepare=publishing, folder=citra, broken=broken, coarse=True),
        )

    def deleter_and_who_asks_it_back(self, office, broken=""):
        show = published_by(office, "dua")
        budi = office.folder("budi", "dua")
        asking = restoring("dua", deleted_audio=True)
        return (
            Run(name="delete dua", prepare=deleting("dua"), folder=show, broken=broken),
            Run(name="restore dua", prepare=asking, folder=budi, broken=broken),
        )

    def killed_deleter_and_publisher(self, office, broken=""):
        show = published_by(office, "dua")
        citra = office.folder("citra", "tiga")
        return (
            Run(name="delete dua", prepare=deleting("dua"), folder=show, kills=1, broken=broken),
            Run(name="publish tiga", prepare=publishing, folder=citra, broken=broken, coarse=True),
        )

    def publisher_and_deleter(self, office, broken=""):
        """Somebody publishes dua, and another, who sees it, deletes it."""
        published_by(office)
        ani, budi = office.folder("ani", "dua"), office.folder("budi")
        return (
            Run(name="publish dua", prepare=publishing, folder=ani, broken=broken),
            Run(name="delete dua", prepare=deleting("dua"), folder=budi, broken=broken),
        )

    def lagging_feed_and_deleter(self, office, broken=""):
        """The feed lags, whoever left it so: one brings it in line, one deletes dua."""
        feed = self._lagging(office)
        office.world = office.world.with_key(FEED, feed)
        ani, budi = office.folder("ani"), office.folder("budi")
        return (
            Run(name="line up", prepare=lining_up, folder=ani, broken=broken),
            Run(name="delete dua", prepare=deleting("dua"), folder=budi, broken=broken),
        )

    def _lagging(self, office):
        published_by(office)
        feed = office.world.get(FEED)
        office.done(office.folder("early", "dua"), publishing)
        return feed

    def retracter_and_deleter(self, office, broken=""):
        """Dua is out of the ledger, and not of the feed yet, when its audio is deleted."""
        show = published_by(office, "dua")
        budi = office.folder("budi", "dua")
        return (
            Run(name="retract dua", prepare=retracting("dua"), folder=show),
            Run(name="delete dua", prepare=deleting("dua"), folder=budi, broken=broken),
        )

    def roller_and_publisher(self, office, broken=""):
        """Three states; one goes back, one publishes, one cleans up."""
        published_by(office)
        for name in ("dua", "tiga"):
            office.done(office.folder(f"early-{name}", name), publishing)
        ani, budi = office.folder("ani"), office.folder("budi", "empat")
        return (
            Run(name="rollback", prepare=rolling_back(), folder=ani, kills=1, broken=broken),
            Run(name="publish empat", prepare=publishing, folder=budi, broken=broken),
        )

    def finisher_and_publisher(self, office, broken=""):
        """A backup's feed is back, and names dua, which the ledger calls gone already.

        A put-back store is like that while it is mended: bytes and feed are of then.
        """
        show = published_by(office, "dua")
        feed, contents = office.world.get(FEED), office.world.contents
        office.done(show, deleting("dua"))
        (key,) = json_of(office.world, LEDGER)["gone"]
        office.world = office.world.with_key(key, dict(contents)[key]).with_key(FEED, feed)
        budi, citra = office.folder("budi"), office.folder("citra", "tiga")
        return (
            Run(name="gc", prepare=collecting, folder=budi, broken=broken),
            Run(name="publish tiga", prepare=publishing, folder=citra, coarse=True),
        )

    def who_stores_ahead_and_gc(self, office, broken=""):
        """Dua's audio lies there unused; somebody finds it for an episode that is yet to come."""
        published_by(office)
        ani, budi = office.folder("ani", "dua"), office.folder("budi")
        garbage(office, ani, "dua")
        text = ani.joinpath("episodes", "dua", "episode.md")
        later = re.sub(r"(?m)^published = 2024", "published = 2027", text.read_text("utf-8"))
        text.write_text(later, "utf-8")
        return (
            Run(name="ahead dua", prepare=publishing, folder=ani, broken=broken),
            Run(name="gc", prepare=collecting, folder=budi, broken=broken),
        )


# Of these three meet, or one is killed: minutes, where the others take seconds.
LONG = {
    "two_publishers_and_gc", "publisher_and_two_gcs", "publisher_and_killed_gc",
    "deleter_and_restorer", "deleter_restorer_and_publisher", "killed_deleter_and_publisher",
    "deleter_and_who_asks_it_back", "roller_and_publisher",
}  # fmt: skip
SCENES = [
    pytest.param(name, marks=[pytest.mark.long] if name in LONG else [])
    for name in vars(Scenes)
    if not name.startswith("_")
]
# Each rule of the protocol, and a scene in which its breach does harm.
RULES = {
    "version": "publisher_and_gc",
    "in line": "retracter_and_deleter",
    "generation": "publisher_and_gc",
    "stamp": "publisher_and_deleter",
    "version before ledger": "publisher_and_deleter",
    "finishing": "finisher_and_publisher",
}


def wrong_at_end(world, ends):
    """Name what is broken when nobody has anything left to do (I2, I5)."""
    ledger = json_of(world, LEDGER)
    slugs = {entry["slug"] for entry in (*ledger["entries"], *ledger["retracted"])}
    public = {entry["slug"] for entry in ledger["entries"]}
    for name, (how, end) in ends.items():
        what, _, slug = name.partition(" ")
        if what == "ahead" and how == "done":
            yield from wrong_ahead(world, slug)
        if how == "failed" and end not in EXCUSES.get(what, ()):
            yield f"I5: {name} ends with {end}"
        if what == "publish" and how == "done" and slug not in slugs:
            yield f"I2: {slug} was acknowledged and is lost"
        if what == "delete" and how == "done" and slug not in public:
            # Who was sending it meanwhile may have left it there; every gc finishes that.
            left = {key for key, _ in world.contents if key.startswith(f"audio/{slug}-")}
            if not left <= gone_in(ledger):
                yield f"I5: {slug}'s audio is still there, and nobody would delete it"
    if hashlib.sha256(world.get(FEED)).hexdigest() != ledger["feed"]:
        yield "I2: the feed is not the ledger's"
    how, end = ends.get("rollback", ("", None))
    if how == "done":
        yield from undone(world, *end)


def undone(world, start, end):
    """Name what came in between the start and the end of a rollback, and was taken away by it."""
    then, before, after = (slugs_in(world, seq) for seq in (start, end - 1, end))
    if lost := before - then - after:
        yield f"I2: {sorted(lost)} came after state {start}, rollback {end} took it away"


def slugs_in(world, seq):
    ledger = json_of(world, f"history/{seq}.json") or json_of(world, LEDGER)
    return {entry["slug"] for entry in ledger["entries"]}


def wrong_ahead(world, slug):
    """Name what a release ahead of its date names, and what is not there (I8)."""
    documents = (json_of(world, key) for key, _ in world.contents if key.startswith("releases/"))
    named = {
        document["enclosure"]["key"]
        for document in documents
        if document.get("episode", {}).get("slug") == slug
    }
    if not any(world.get(key) for key in named):
        yield f"I8: {slug} was stored ahead of its date and is deleted"


# How a command may end where somebody else did something on purpose.
EXCUSES = {
    "restore": ("audio-gone", "audio-deleted", "not-retracted"),
    "delete": ("undone-meanwhile", "not-public-episode"),
    "rollback": (),
}


@pytest.mark.parametrize("scene", SCENES)
def test_no_order_of_steps_breaks_a_promise(office, scene):
    runs = getattr(Scenes(), scene)(office)
    found = search(office.world, runs, wrong=wrong, wrong_at_end=wrong_at_end)

    assert found.broken == {}


@pytest.mark.parametrize(("rule", "scene"), RULES.items())
def test_without_any_one_rule_the_search_finds_harm(office, rule, scene):
    """A search that could not find anything would prove nothing."""
    runs = getattr(Scenes(), scene)(office, broken=rule)
    found = search(office.world, runs, wrong=wrong, wrong_at_end=wrong_at_end, stop_at_first=True)

    assert any(sentence.startswith(("I1", "I2", "I8")) for sentence in found.broken), found
