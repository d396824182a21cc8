"""Publishers at once, killed again and again, and a listener who looks on without a pause.

python benchmarks/soak.py [--quick] [--store folder|s3|both] [--publishers 4] [--episodes 25]
    [--kills 200] [--seed 1]

Each publisher has a folder of its own, adds an episode, publishes it until that is acknowledged,
and goes on to the next; kill -9 comes at random moments of these runs. Prints one line for each
store: what was lost, which promises were broken (tests/promises.py), kills and seconds; exit
status 1 if anything was.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from mortal import mortals
from prepared import add_episode, copy_without_episodes, guid_of, make_show
from promises import Witness
from s3_server import new_bucket, running_s3_server
from standing import OnFolder, OnS3

if TYPE_CHECKING:
    from collections.abc import Iterator

KILLED = -signal.SIGKILL
# What a person who is told to run it again would do.
AGAIN = (0, 75)


@dataclass(kw_only=True)
class Soak:
    """What all publishers share; *typical_s* is how long a run takes that nobody kills."""

    env: dict[str, str]
    witness: Witness
    episodes: int
    kills_each: int
    typical_s: float = 1.0
    kills: int = 0
    runs: int = 0
    told_again: int = 0
    failures: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def publish_all(soak: Soak, show: Path, number: int, chance: random.Random) -> None:
    """Add and publish one publisher's episodes, under fire until its share of kills is spent."""
    left, episode = soak.kills_each, 0
    with mortals(show) as ngopi:
        while episode < soak.episodes or left > 0:
            slug = f"p{number}-{episode}"
            guid = add_episode(show, slug, number * soak.episodes + episode)
            episode += 1
            # A share for each episode, and what is left when they are done, for some more.
            share = -(-left // max(1, soak.episodes - episode + 1))
            acknowledged = False
            while not acknowledged:
                began = time.monotonic()
                moment_s = chance.uniform(0, soak.typical_s) if share > 0 else None
                pid = ngopi.start("--show", show, "publish", env=soak.env, kill_after_s=moment_s)
                ended = ngopi.wait(pid)
                with soak.lock:
                    soak.runs += 1
                    soak.kills += ended.status == KILLED
                    soak.told_again += ended.status == AGAIN[1]
                    if ended.status == 0:
                        soak.typical_s = 0.7 * soak.typical_s + 0.3 * (time.monotonic() - began)
                    if ended.status not in (*AGAIN, KILLED):
                        soak.failures.append(f"{slug}: exit {ended.status}: {ended.err[-300:]}")
                        return
                if ended.status == KILLED:
                    share, left = share - 1, left - 1
                acknowledged = ended.status == 0
            with soak.lock:
                soak.witness.acknowledged.add(guid)


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


def soak_store(kind: str, options: argparse.Namespace) -> bool:
    """Soak one kind of store, print what came of it, and say whether all was kept."""
    with tempfile.TemporaryDirectory() as name, stores_of(kind, Path(name)) as stores:
        folder = Path(name)
        start = make_show(folder / "show")
        place, env = stores.place("soak")
        witness, done, broken = Witness(place=place), threading.Event(), []
        reader = threading.Thread(target=look_on, args=(Witness(place=place), done, broken))
        soak = Soak(
            env=env, witness=witness, episodes=options.episodes,
            kills_each=options.kills // options.publishers,
        )  # fmt: skip
        publishers = []
        for number in range(options.publishers):
            show = copy_without_episodes(start, folder / f"publisher-{number}")
            chance = random.Random(options.seed * 1000 + number)
            publishers.append(
                threading.Thread(target=publish_all, args=(soak, show, number, chance))
            )
        began = time.monotonic()
        for thread in (reader, *publishers):
            thread.start()
        for thread in publishers:
            thread.join()
        took_s = time.monotonic() - began
        done.set()
        reader.join()
        looks = broken.pop()
        witness.acknowledged.add(guid_of(start, "satu"))
        violations = broken + witness.at_rest() + soak.failures
        lost = witness.acknowledged - witness.public()
    print(
        f"{kind}: {len(witness.acknowledged)} episodes of {options.publishers} publishers · "
        f"{soak.runs} runs · {soak.kills} killed · {soak.told_again} told to run again · "
        f"{looks} looks · {len(lost)} lost · {len(violations)} violations · {took_s:.0f} s"
    )
    for violation in violations[:20]:
        print(f"  {violation}")
    return not lost and not violations


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="3 episodes each, 12 kills")
    parser.add_argument("--store", choices=("folder", "s3", "both"), default="both")
    parser.add_argument("--publishers", type=int, default=4)
    parser.add_argument("--episodes", type=int, default=25)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.quick:
        options.episodes, options.kills = 3, 12
    kinds = ("folder", "s3") if options.store == "both" else (options.store,)
    kept = [soak_store(kind, options) for kind in kinds]  # all of them, also after a loss
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
