"""What ngopi promises of a store, judged from outside: as a listener and an auditor see it.

I1  every URL in a public feed resolves to the bytes with the recorded SHA-256, at any instant;
I2  what was acknowledged is never lost; I3 the sequence only grows, without a gap in history;
I4  a stored object never changes; I6 a guid, once public, stays, unless it is retracted;
I8  what is gone or withdrawn is said in every later state, before it is deleted.
(I5, that running again converges, is for the tests to try.)

Nothing here uses ngopi.
"""

from __future__ import annotations

import hashlib
import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import feedparser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_s3 import S3Client  # noqa: TC004 - stubs, which only annotate

_IMMUTABLE = ("audio/", "covers/", "releases/", "history/")
_TIMEOUT_S = 60


class Place(Protocol):
    """Where a show is public; *public_url* has no slash at its end."""

    public_url: str

    def read(self, key: str) -> bytes | None: ...
    def all_keys(self) -> list[str]: ...


@dataclass(frozen=True, kw_only=True)
class PublicFolder:
    """A folder store, read as the web server before it would."""

    root: Path
    public_url: str = "http://127.0.0.1:8000"

    def read(self, key: str) -> bytes | None:
        try:
            return self.root.joinpath(key).read_bytes()
        except FileNotFoundError:
            return None

    def all_keys(self) -> list[str]:
        files = (path for path in self.root.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in files)


@dataclass(frozen=True, kw_only=True)
class PublicBucket:
    """A bucket, read over plain HTTP by somebody without an access key."""

    client: S3Client
    endpoint: str
    bucket: str
    prefix: str

    @property
    def public_url(self) -> str:
        return f"{self.endpoint}/{self.bucket}/{self.prefix}"

    def read(self, key: str) -> bytes | None:
        try:
            with urllib.request.urlopen(f"{self.public_url}/{key}", timeout=_TIMEOUT_S) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 404:
                return None
            raise

    def all_keys(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{self.prefix}/"
        )
        found = [thing["Key"] for page in pages for thing in page.get("Contents", ())]
        return sorted(key.removeprefix(f"{self.prefix}/") for key in found)


@dataclass(kw_only=True)
class Witness:
    """Somebody who looks at *place* again and again and remembers what was there.

    *acknowledged*: guids of which a producer was told that they are public; *deleted*: keys that
    may be gone, because somebody said so.
    """

    place: Place
    acknowledged: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    _seq: int = 0
    _ledgers: dict[int, bytes] = field(default_factory=dict)
    _media: dict[str, str] = field(default_factory=dict)
    _public_guids: set[str] = field(default_factory=set)

    def now(self) -> list[str]:
        """Return what is broken at this instant, whoever is publishing meanwhile."""
        return [*self._feed_now(), *self._ledger_now()]

    def at_rest(self) -> list[str]:
        """Return what is broken when nobody publishes and the last run said that it is done."""
        ledger = self._json("ledger.json")
        feed = self.place.read("feed.xml")
        if ledger is None or feed is None:
            return ["nothing is public"]
        return [
            *self.now(),
            *self._in_line(ledger, feed),
            *self._releases(ledger),
            *self._history(ledger),
            *self._objects(),
        ]

    @property
    def has_seen_episodes(self) -> bool:
        """Tell whether there was anything in the feed yet."""
        return bool(self._public_guids)

    def public(self) -> set[str]:
        """Return the guids that are in the feed."""
        return {item.id for item in feedparser.parse(self.place.read("feed.xml") or b"").entries}

    # -- at any instant ---------------------------------------------------------------------

    def _feed_now(self) -> Iterator[str]:
        data = self.place.read("feed.xml")
        if data is None:
            if self._public_guids:
                yield "I1: the feed is gone"
            return
        feed = feedparser.parse(data)
        if feed.bozo or not feed.feed.get("title"):
            yield f"I1: the feed is not whole: {feed.get('bozo_exception')}"
            return
        guids = {item.id for item in feed.entries}
        if len(guids) != len(feed.entries):
            yield "I6: a guid is in the feed twice"
        if lost := self._public_guids - guids:
            lost -= self._retracted(hashlib.sha256(data).hexdigest())
            if lost:
                yield f"I6: gone from the feed: {sorted(lost)}"
        for item in feed.entries:
            yield from self._enclosure_now(item)
        yield from self._object_now(feed.feed.image.href, None)
        self._public_guids |= guids

    def _enclosure_now(self, item: Any) -> Iterator[str]:
        (enclosure,) = item.enclosures
        yield from self._object_now(enclosure.href, int(enclosure.length))

    def _object_now(self, url: str, size_bytes: int | None) -> Iterator[str]:
        key = url.removeprefix(f"{self.place.public_url}/")
        data = None if key == url else self.place.read(key)
        if data is None:
            # Read one after another: what has left the feed since may be deleted by now.
            if url.encode() in (self.place.read("feed.xml") or b""):
                yield f"I1: {url} is not there"
            return
        sha256 = hashlib.sha256(data).hexdigest()
        if size_bytes not in (None, len(data)):
            yield f"I1: {key} has {len(data)} bytes, the feed says {size_bytes}"
        if not re.search(rf"-{sha256[:12]}(-[1-9]\d*)?\.\w+$", key):
            yield f"I1: {key} has another content than its name says"
        if self._media.setdefault(key, sha256) != sha256:
            yield f"I4: {key} has changed"

    def _ledger_now(self) -> Iterator[str]:
        data = self.place.read("ledger.json")
        if data is None:
            if self._seq:
                yield "I3: the ledger is gone"
            return
        ledger = json.loads(data)
        if ledger["seq"] < self._seq:
            yield f"I3: sequence {ledger['seq']} after {self._seq}"
        if self._ledgers.setdefault(ledger["seq"], data) != data:
            yield f"I3: two ledgers of sequence {ledger['seq']}"
        self._seq = max(self._seq, ledger["seq"])

    def _retracted(self, feed: str) -> set[str]:
        """Return what is taken out in the state whose feed has that SHA-256."""
        ledger = self._json("ledger.json")
        while ledger is not None and ledger["feed"] != feed:
            ledger = self._json(f"history/{ledger['seq'] - 1}.json")
        return {entry["guid"] for entry in ledger["retracted"]} if ledger else set()

    # -- at rest ------------------------------------------------------------------------------

    def _in_line(self, ledger: dict[str, Any], feed: bytes) -> Iterator[str]:
        if hashlib.sha256(feed).hexdigest() != ledger["feed"]:
            yield "I2: the feed is not the one that the ledger renders to"
        public = {entry["guid"] for entry in ledger["entries"]}
        if {item.id for item in feedparser.parse(feed).entries} != public:
            yield "I2: feed and ledger list different episodes"
        out = {entry["guid"] for entry in ledger["retracted"]}
        if lost := self.acknowledged - public - out:
            yield f"I2: acknowledged and lost: {sorted(lost)}"

    def _releases(self, ledger: dict[str, Any]) -> Iterator[str]:
        found = self.place.read("feed.xml") or b""
        items = {item.id: item for item in feedparser.parse(found).entries}
        for entry in ledger["entries"]:
            release = self._json(f"releases/{entry['release']}.json")
            if release is None:
                yield f"I2: the release of {entry['slug']} is gone"
                continue
            enclosure = release["enclosure"]
            data = self.place.read(enclosure["key"])
            if data is None or hashlib.sha256(data).hexdigest() != enclosure["sha256"]:
                yield f"I1: {enclosure['key']} is not what was recorded"
            item = items.get(entry["guid"])
            if item is None or item.title != release["episode"]["title"]:
                yield f"I2: {entry['slug']} reads otherwise in the feed"
            elif item.enclosures[0].href != f"{self.place.public_url}/{enclosure['key']}":
                yield f"I1: {entry['slug']} has another address in the feed"

    def _history(self, ledger: dict[str, Any]) -> Iterator[str]:
        states = [self._json(f"history/{seq}.json") for seq in range(1, ledger["seq"])]
        if None in states:
            yield f"I3: history lacks {states.index(None) + 1} of {ledger['seq']}"
            return
        states.append(ledger)
        if [state["seq"] for state in states if state] != list(range(1, ledger["seq"] + 1)):
            yield "I3: history holds other sequences than its names say"
        if len({state["nonce"] for state in states if state}) != len(states):
            yield "I3: a nonce was used twice"
        for before, after in pairwise(states):
            assert before is not None
            assert after is not None
            yield from _step(before, after)
        for seq, seen in self._ledgers.items():
            if seq < ledger["seq"] and json.loads(seen) != states[seq - 1]:
                yield f"I3: history tells another ledger {seq} than was seen"

    def _objects(self) -> Iterator[str]:
        """Everything that lies there for ever is what it was, and what its name says."""
        for key in self.place.all_keys():
            if not key.startswith(_IMMUTABLE) or key.endswith(".tmp"):
                continue
            sha256 = hashlib.sha256(self.place.read(key) or b"").hexdigest()
            if self._media.setdefault(key, sha256) != sha256:
                yield f"I4: {key} has changed"
            named = re.search(r"([0-9a-f]{64}|[0-9a-f]{12})(-[1-9]\d*)?\.\w+$", key)
            if not key.startswith("history/") and not (named and sha256.startswith(named.group(1))):
                yield f"I4: {key} has another content than its name says"
        gone = {key for key in self._media if self.place.read(key) is None}
        gone -= set((self._json("ledger.json") or {}).get("gone", ()))  # said before it was done
        if gone - self.deleted:
            yield f"I4: gone: {sorted(gone - self.deleted)}"

    def _json(self, key: str) -> dict[str, Any] | None:
        data = self.place.read(key)
        return None if data is None else json.loads(data)


def _step(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """Nothing leaves a ledger but by a command that says so; what is gone never leaves it."""
    if not set(before.get("gone", ())) <= set(after.get("gone", ())):
        yield f"I8: {after['what']} {after['seq']} forgot what is gone"
    if not _withdrawn(before) <= _withdrawn(after):
        yield f"I8: {after['what']} {after['seq']} forgot what was withdrawn"
    then = {entry["guid"]: entry["slug"] for entry in before["entries"]}
    now = {entry["guid"]: entry["slug"] for entry in after["entries"]}
    gone = {entry["guid"] for entry in after["retracted"]}
    for guid, slug in then.items():
        if guid in now and now[guid] != slug:
            yield f"I6: {slug} became {now[guid]}"
        on_purpose = guid in gone and after["what"].split()[0] in ("retract", "rollback")
        if guid not in now and not on_purpose:
            yield f"I6: {slug} was dropped by {after['what']} {after['seq']}"


def _withdrawn(ledger: dict[str, Any]) -> set[str]:
    return {thing["sha256"] for thing in ledger.get("withdrawn", ())}
