"""Producers at once, killed and stopped again and again, and a listener who looks on all the time.

python benchmarks/soak.py [--quick] [--store folder|s3|both] [--producers 4] [--acts 25]
    [--kills 300] [--stops 100] [--seed 1]

Each producer has a folder of its own and does one thing after another until each is acknowledged:
publishes an episode, stores one ahead of its date and publishes it when that has come, gives one
other audio, takes one out, deletes its audio, brings it back, goes back a state, pulls, cleans up
whatever is older than seconds. kill -9 comes at random moments of these runs, and they are stopped
right after they have found something stored or swapped it, while the others go on. Prints one line
for each store: what was lost, which promises were broken (tests/promises.py), kills, stops and
seconds; exit status 1 if anything was.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import hashlib
import json
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from mortal import Mortals, mortals
from prepared import add_episode, copy_without_episodes, guid_of, make_show
from promises import Place, PublicBucket, PublicFolder, Witness
from s3_server import new_bucket, running_s3_server
from standing import OnFolder, OnS3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mortal import Ended

KILLED = -signal.SIGKILL
DONE, MISSING, CONFLICT = 0, 66, 75
GRACE = "2s"
MOST_TRIES = 60
# A run has about so many cues; a later one is not met.
CUES = 14
LONGEST_STOP_S = 3.0
TO_COME, HAS_COME = "2030-01-01T10:00:00+07:00", "2024-03-01T10:00:00+07:00"


@dataclass(kw_only=True)
class Soak:
    """What all producers share; *typical_s* is how long a run takes that nobody disturbs.

    *went_back*: of each acknowledged rollback, which state it left and which it made.
    """

    place: Place
    env: dict[str, str]
    acts: int
    kills_each: int
    stops_each: int
    typical_s: float = 1.0
    kills: int = 0
    stops: int = 0
    runs: int = 0
    told_again: int = 0
    done: collections.Counter[str] = field(default_factory=collections.Counter)
    acknowledged: set[str] = field(default_factory=set)
    went_back: list[tuple[int, int]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(kw_only=True)
class Producer:
    """One who works in the folder *show*; *mine* are the slugs that were published from there."""

    soak: Soak
    ngopi: Mortals
    show: Path
    number: int
    chance: random.Random
    kills_left: int
    stops_left: int
    mine: list[str] = field(default_factory=list)
    ahead: list[str] = field(default_factory=list)
    made: int = 0

    def work(self) -> None:
        """Do one thing after another until all are done and all kills and stops are spent."""
        acts = (
            [self.publish] * 5 + [self.store_ahead] * 2 + [self.publish_ahead] * 2
            + [self.give_other_audio] * 3 + [self.retract, self.delete, self.delete]
            + [self.restore] * 3 + [self.go_back, self.pull] + [self.clean_up] * 3
        )  # fmt: skip
        done = 0
        while done < self.soak.acts or self.kills_left > 0 or self.stops_left > 0:
            act = self.publish if not self.mine else self.chance.choice(acts)
            if act():
                done += 1
                with self.soak.lock:
                    self.soak.done[act.__name__] += 1
            if self.soak.failures:
                return

    def publish(self) -> bool:
        slug = self._new_episode()
        if self.chance.random() < 0.5:
            self._leave_unfinished(slug)
        if self._until_done("publish"):
            self._acknowledge(slug)
        return True

    def store_ahead(self) -> bool:
        slug = self._new_episode()
        self._date(slug, TO_COME)
        if self.chance.random() < 0.5:
            self._leave_unfinished(slug)
        if self._until_done("publish"):
            self.ahead.append(slug)
        return True

    def publish_ahead(self) -> bool:
        if not self.ahead:
            return False
        slug = self.ahead.pop()
        self._date(slug, HAS_COME)
        if self._until_done("publish"):
            self._acknowledge(slug)
        return True

    def give_other_audio(self) -> bool:
        slug = self.chance.choice(self.mine)
        path = self.show / "episodes" / slug / "audio.toml"
        audio = path.read_text("utf-8")
        old = re.findall(r'^sha256 = "(\w+)"', audio, re.MULTILINE)[0]
        self.made += 1
        data = self.show.joinpath("media", f"{old}.mp3").read_bytes() + f"{self.made}".encode()
        new = hashlib.sha256(data).hexdigest()
        self.show.joinpath("media", f"{new}.mp3").write_bytes(data)
        audio = re.sub(r"(?m)^size_bytes = .*", f"size_bytes = {len(data)}", audio, count=1)
        audio = re.sub(r"(?m)^sound_sha256 = .*\n", "", audio)
        path.write_text(audio.replace(old, new, 1), "utf-8")
        return self._until_done("publish", "--take", "ours") is not None

    def retract(self) -> bool:
        return self._until_done("retract", self.chance.choice(self.mine)) is not None

    def delete(self) -> bool:
        slug = self.chance.choice(self.mine)
        return self._until_done("retract", slug, "--delete-audio", "--yes") is not None

    def restore(self) -> bool:
        asked = ["--deleted-audio"] if self.chance.random() < 0.5 else []
        return self._until_done("restore", self.chance.choice(self.mine), *asked) is not None

    def go_back(self) -> bool:
        ended = self._until_done("--json", "rollback")
        if ended is not None:
            told = json.loads(ended.out)
            with self.soak.lock:
                self.soak.went_back.append((told["from"], told["seq"]))
        return ended is not None

    def pull(self) -> bool:
        return self._until_done("pull") is not None

    def clean_up(self) -> bool:
        data = f"garbage {self.number} {self.chance.random()}".encode()
        put(self.soak.place, f"audio/sampah-{hashlib.sha256(data).hexdigest()[:12]}.mp3", data)
        return self._until_done("gc", "--older-than", GRACE, "--delete", "--yes") is not None

    def _new_episode(self) -> str:
        self.made += 1
        slug = f"p{self.number}-{self.made}"
        add_episode(self.show, slug, self.number * 600 + self.made)
        return slug

    def _date(self, slug: str, date: str) -> None:
        path = self.show / "episodes" / slug / "episode.md"
        text = re.sub(r"(?m)^published = .*", f"published = {date}", path.read_text("utf-8"))
        path.write_text(text, "utf-8")

    def _leave_unfinished(self, slug: str) -> None:
        """Store an episode's audio as a publish did that nobody repeated, seconds ago."""
        audio = self.show.joinpath("episodes", slug, "audio.toml").read_text("utf-8")
        sha256 = re.findall(r'^sha256 = "(\w+)"', audio, re.MULTILINE)[0]
        data = self.show.joinpath("media", f"{sha256}.mp3").read_bytes()
        put(self.soak.place, f"audio/{slug}-{sha256[:12]}.mp3", data)

    def _acknowledge(self, slug: str) -> None:
        self.mine.append(slug)
        with self.soak.lock:
            self.soak.acknowledged.add(guid_of(self.show, slug))

    def _until_done(self, *command: str) -> Ended | None:
        """Give a command until it is done; None: somebody else made it pointless."""
        for _ in range(MOST_TRIES):
            ended = self._disturbed(*command)
            if ended.status == DONE:
                return ended
            if ended.status == MISSING and command[0] in ("retract", "restore"):
                return None
            if ended.status == CONFLICT and '"undone-meanwhile"' in ended.err:
                return None
            if ended.status not in (KILLED, CONFLICT):
                break
        with self.soak.lock:
            told = f"{' '.join(command)}: exit {ended.status}: {ended.err[-400:]}"
            self.soak.failures.append(f"p{self.number}: {told}")
        return None

    def _disturbed(self, *command: str) -> Ended:
        """Run a command, and kill or stop it if there are such left."""
        soak, began = self.soak, time.monotonic()
        left = {"kill": self.kills_left, "stop": self.stops_left, "": 0.5 * soak.acts}
        (how,) = self.chance.choices(list(left), list(left.values()))
        how = how if left[how] else ""
        death = {
            "kill": {"kill_after_s": self.chance.uniform(0, soak.typical_s)},
            "stop": {"stop_at": self.chance.randint(1, CUES)},
            "": {},
        }[how]
        pid = self.ngopi.start("--json", "--show", self.show, *command, env=soak.env, **death)
        stopped = how == "stop" and self.ngopi.stops(pid)
        if stopped:
            time.sleep(self.chance.uniform(0, LONGEST_STOP_S))
            self.ngopi.go_on(pid)
        ended = self.ngopi.wait(pid)
        self.kills_left -= ended.status == KILLED
        self.stops_left -= stopped
        with soak.lock:
            soak.runs += 1
            soak.kills += ended.status == KILLED
            soak.stops += stopped
            soak.told_again += ended.status == CONFLICT
            if ended.status == DONE and not stopped:
                soak.typical_s = 0.7 * soak.typical_s + 0.3 * (time.monotonic() - began)
        return ended


def put(place: Place, key: str, data: bytes) -> None:
    """Store *data* as anybody may who can write there."""
    if isinstance(place, PublicFolder):
        path = place.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(f".{path.name}").write_bytes(data)
        path.with_name(f".{path.name}").replace(path)
    else:
        assert isinstance(place, PublicBucket)
        place.client.put_object(Bucket=place.bucket, Key=f"{place.prefix}/{key}", Body=data)


def look_on(witness: Witness, done: threading.Event, broken: list[str]) -> None:
    """Look at the public state until *done*; counts its looks as the last item."""
    looks = 0
    while not done.is_set():
        broken += witness.now()
        looks += witness.has_seen_episodes
    broken.append(str(looks))


@contextlib.contextmanager
def stores_of(kind: str, folder: Path) -> Iterator[OnFolder | OnS3]:
    if kind == "folder":
        yield OnFolder(root=folder)
        return
    with (
        running_s3_server(folder) as server,
        new_bucket(server) as bucket,
        OnS3.of(server, bucket) as stores,
    ):
        yield stores


def publish_what_lies_ahead(ngopi: Mortals, soak: Soak, show: Path, slugs: list[str]) -> None:
    """Publish it from a folder without media/, as a machine does at night that has only git."""
    night = show.with_name(f"{show.name}-at-night")
    shutil.copytree(show, night, ignore=shutil.ignore_patterns("media", ".ngopi", "public"))
    for slug in slugs:
        path = night / "episodes" / slug / "episode.md"
        text = path.read_text("utf-8")
        path.write_text(text.replace(TO_COME, HAS_COME), "utf-8")
    ended = ngopi.run("--show", night, "publish", "--take", "theirs", env=soak.env)
    if ended.status != DONE:
        soak.failures.append(f"at night: exit {ended.status}: {ended.err[-400:]}")
    soak.acknowledged |= {guid_of(night, slug) for slug in slugs}


def undone(place: Place, went_back: list[tuple[int, int]]) -> Iterator[str]:
    """Name what rollbacks took away that had come in between their start and their end."""
    for start, end in went_back:
        then, before, after = (guids(place, seq) for seq in (start, end - 1, end))
        if lost := before - then - after:
            yield f"I2: {sorted(lost)} came after state {start}, rollback {end} took it away"


def guids(place: Place, seq: int) -> set[str]:
    data = place.read(f"history/{seq}.json") or place.read("ledger.json")
    assert data is not None
    return {entry["guid"] for entry in json.loads(data)["entries"]}


def known(place: Place) -> set[str]:
    """Return all guids that are public, or out because somebody took them out."""
    ledger = json.loads(place.read("ledger.json") or b"{}")
    return {entry["guid"] for entry in (*ledger["entries"], *ledger["retracted"])}


def all_work(soak: Soak, start: Path, folder: Path, options: argparse.Namespace) -> None:
    """Have all producers work at once; in the end publish what still lies ahead of its date."""
    with contextlib.ExitStack() as stack:
        producers = []
        for number in range(options.producers):
            show = copy_without_episodes(start, folder / f"producer-{number}")
            producers.append(
                Producer(
                    soak=soak, ngopi=stack.enter_context(mortals(show)), show=show,
                    number=number, chance=random.Random(options.seed * 1000 + number),
                    kills_left=soak.kills_each, stops_left=soak.stops_each,
                )
            )  # fmt: skip
        threads = [threading.Thread(target=producer.work) for producer in producers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for producer in producers:
            publish_what_lies_ahead(producer.ngopi, soak, producer.show, producer.ahead)


def soak_store(kind: str, options: argparse.Namespace) -> bool:
    """Soak one kind of store, print what came of it, and say whether all was kept."""
    with tempfile.TemporaryDirectory() as name, stores_of(kind, Path(name)) as stores:
        folder = Path(name)
        start = make_show(folder / "show")
        place, env = stores.place("soak")
        witness, over, broken = Witness(place=place), threading.Event(), []
        reader = threading.Thread(target=look_on, args=(Witness(place=place), over, broken))
        soak = Soak(
            place=place, env=env, acts=options.acts,
            kills_each=-(-options.kills // options.producers),
            stops_each=-(-options.stops // options.producers),
        )  # fmt: skip
        began = time.monotonic()
        reader.start()
        all_work(soak, start, folder, options)
        took_s = time.monotonic() - began
        over.set()
        reader.join()
        looks = broken.pop()
        violations = broken + witness.at_rest() + soak.failures
        violations += undone(place, soak.went_back)
        lost = soak.acknowledged - known(place)
        states = json.loads(place.read("ledger.json") or b"{}")["seq"]
    acts = ", ".join(f"{count} {what}" for what, count in sorted(soak.done.items()))
    print(
        f"{kind}: {len(soak.acknowledged)} episodes of {options.producers} producers · "
        f"{states} states · {soak.runs} runs ({acts}) · {soak.kills} killed · "
        f"{soak.stops} stopped · {soak.told_again} told to run again · {looks} looks · "
        f"{len(lost)} lost · {len(violations)} violations · {took_s:.0f} s",
        flush=True,
    )
    for violation in violations[:20]:
        print(f"  {violation}", flush=True)
    return not lost and not violations


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="3 acts each, 8 kills, 8 stops")
    parser.add_argument("--store", choices=("folder", "s3", "both"), default="both")
    parser.add_argument("--producers", type=int, default=4)
    parser.add_argument("--acts", type=int, default=25)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--stops", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.quick:
        options.acts, options.kills, options.stops = 3, 8, 8
    kinds = ("folder", "s3") if options.store == "both" else (options.store,)
    kept = [soak_store(kind, options) for kind in kinds]  # all of them, also after a loss
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
