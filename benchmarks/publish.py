"""``ngopi publish`` of a large show: with nothing to do, and one new episode; requests and time.

python benchmarks/publish.py [--episodes 1000,10000] [--words 40] [--profile]

The store is a real S3 server behind a proxy that counts requests and bodies. The show is written
as ngopi would have left it after publishing all episodes but the last, on another machine: the
first run of this folder remembers nothing yet. Each episode has notes of so many words. Targets:
nothing to do in 1,000 episodes takes no more than 3 requests and 1 s beside Python's start; one new
episode takes as many requests in 10,000 episodes as in 10, and what it takes beyond nothing to do
is the feed's own bytes.
"""

from __future__ import annotations

import argparse
import cProfile
import hashlib
import json
import os
import pstats
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from faulty_proxy import faulty_proxy
from ngopi.catalogue import read_catalogue
from ngopi.config import load_config
from ngopi.feed.build import build_feed
from ngopi.ledger import release_key, sha256_of_bytes, to_json
from ngopi.model import CatalogueEntry, Ledger, LedgerEntry
from ngopi.plan import make_wish
from prepared import add_episode, make_show
from s3_server import new_bucket, running_s3_server
from standing import OnS3

NGOPI = (sys.executable, "-m", "ngopi")
NOW = datetime.now(UTC)


def write_episodes(show: Path, count: int, *, words: int = 0) -> None:
    """Copy one episode's files under other names, each with the certificate of an hour's audio."""
    add_episode(show, "pola", 0)
    pattern = show / "episodes" / "pola"
    text = pattern.joinpath("episode.md").read_text("utf-8") + notes(words)
    audio = hour_long(pattern.joinpath("audio.toml").read_text("utf-8"))
    sha256 = next(line.split('"')[1] for line in audio.splitlines() if line.startswith("sha256"))
    guid = next(line.split('"')[1] for line in text.splitlines() if line.startswith("guid"))
    for number in range(count):
        folder = show / "episodes" / f"episode-{number}"
        folder.mkdir()
        digits = hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()
        folder.joinpath("episode.md").write_text(
            text.replace(
                guid, f"{guid[:9]}{digits[:4]}-4{digits[4:7]}-8{digits[7:10]}-{digits[10:22]}"
            ).replace("Kata", f"Kata{number}"),
            "utf-8",
        )
        folder.joinpath("audio.toml").write_text(
            audio.replace(sha256, f"{digits}{sha256[32:]}"), "utf-8"
        )
    shutil.rmtree(pattern)


def notes(words: int) -> str:
    """Return notes of so many words, a link every ten."""
    line = "Kata dari *obrolan* tentang **pengawasan** di [kelurahan](https://example.org) ini\n"
    return "\n" + "".join(f"{'- ' if n % 3 else ''}{line}" for n in range(words // 10))


def hour_long(audio: str) -> str:
    """Give an audio.toml as many points and turns as an hour of talk has."""
    curve = "".join(
        f"{name} = [{', '.join(f'{-20 - number % 90 / 10:.1f}' for number in range(400))}]\n"
        for name in ("before_lufs", "after_lufs", "gain_db", "peak_dbtp")
    )
    turns = "".join(
        f"    {{start_s = {at}.0, stop_s = {at + 12}.0, before_lufs = -22.69, "
        "after_lufs = -17.35},\n"
        for at in range(0, 3600, 12)
    )
    head = re.sub(r"(?ms)^turns = \[.*?^\]\n", "", audio[: audio.index("[curve]")])
    table = head.index("\n[") + 1
    return f"{head[:table]}turns = [\n{turns}]\n\n{head[table:]}[curve]\nstep_s = 9.0\n{curve}"


def entries_of(show: Path, config) -> tuple[CatalogueEntry, ...]:
    """Return the catalogue; who has read one audio.toml knows all but the hash of the others."""
    folders = sorted(path.name for path in config.episodes.iterdir())
    alike = [name for name in folders if name.startswith("episode-")][1:]
    few = show / "few"
    few.mkdir()
    for name in set(folders) - set(alike):
        few.joinpath(name).symlink_to(config.episodes / name)
    entries = list(read_catalogue(few, zone=config.zone))
    shutil.rmtree(few)
    pattern = next(e for e in entries if e.episode.slug.startswith("episode-"))
    for name in alike:
        episode, audio = (
            config.episodes.joinpath(name, file).read_text("utf-8")
            for file in ("episode.md", "audio.toml")
        )
        guid = re.search(r'(?m)^guid = "([^"]+)', episode)[1]
        sha256 = re.search(r'(?m)^sha256 = "([^"]+)', audio)[1]
        told = episode.split("+++", 2)[2].strip()
        entries.append(
            replace(
                pattern,
                episode=replace(pattern.episode, slug=name, guid=guid, notes=told),
                audio=replace(pattern.audio, sha256=sha256),
            )
        )
    return tuple(sorted(entries, key=lambda entry: entry.episode.slug))


def publish_all(show: Path, environment: dict[str, str], put) -> None:
    """Write what a publish of all these episodes leaves, in the store and in the folder."""
    config = load_config(show, environment=environment)
    wish = make_wish(config, entries_of(show, config), None, now=NOW)
    shown, entries, bases = to_json(wish.show), [], {}
    releases = config.scratch / "releases"
    releases.mkdir(parents=True, exist_ok=True)
    bodies = {sha256_of_bytes(shown): shown}
    for release in wish.releases:
        body = to_json(release)
        sha256, episode = sha256_of_bytes(body), release.episode
        bodies[sha256] = body
        bases[episode.guid] = sha256
        entries.append(
            LedgerEntry(
                guid=episode.guid, slug=episode.slug, release=sha256,
                published=episode.published, by="benchmark", at=NOW,
            )
        )  # fmt: skip
    for sha256, body in bodies.items():
        config.scratch.joinpath(release_key(sha256)).write_bytes(body)
    feed = build_feed(wish.show.show, cover=wish.show.cover, releases=wish.releases)
    ordered = sorted(entries, key=lambda entry: (entry.published, entry.guid), reverse=True)
    ledger = to_json(
        Ledger(
            seq=1, nonce="0", guid=wish.show.show.guid, show=sha256_of_bytes(shown),
            feed=sha256_of_bytes(feed), by="benchmark", at=NOW, what="publish",
            entries=tuple(ordered),
        )
    )  # fmt: skip
    cover = config.cover.read_bytes()
    for key, body in (
        ("feed.xml", feed), ("ledger.json", ledger), (wish.show.cover.key, cover),
        (release_key(sha256_of_bytes(shown)), shown),
    ):  # fmt: skip
        put(key, body)
    config.scratch.joinpath("bases.json").write_text(json.dumps(bases), "utf-8")
    config.scratch.joinpath("ledger.json").write_bytes(ledger)
    config.feed.parent.mkdir(exist_ok=True)
    config.feed.write_bytes(feed)
    print(f"  feed {len(feed) / 1e6:.2f} MB, ledger {len(ledger) / 1e6:.2f} MB")


def timed(*arguments: object, env: dict[str, str]) -> tuple[float, float]:
    """Return the seconds that passed, and those that a core was busy: others compute here too."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(
        [*NGOPI, *map(str, arguments)],
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        sys.exit(run.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, busy_s


def measure(count: int, folder: Path, stores: OnS3, proxy, *, words: int, profile: bool) -> None:
    print(f"{count:,} episodes")
    show = make_show(folder / f"show-{count}")
    place, env = stores.place(f"show-{count}")
    write_episodes(show, count - 1, words=words)

    def put(key: str, body: bytes) -> None:
        stores.client.put_object(
            Bucket=stores.bucket, Key=f"{place.prefix}/{key}", Body=body,
            Metadata={"sha256": sha256_of_bytes(body)},
        )  # fmt: skip

    publish_all(show, env, put)
    start = min(timed("--version", env=env) for _ in range(3))

    def report(what: str, *, runs: int = 1) -> None:
        took = []
        for _ in range(runs):
            proxy.passed.clear()
            took.append(timed("--show", show, "publish", env=env))
        took_s, busy_s = (min(column) for column in zip(*took, strict=True))
        sent = sum(size for _, size in proxy.passed)
        print(
            f"  {what}: {len(proxy.passed)} requests, {sent / 1e6:.2f} MB sent; beside Python's "
            f"start ({start[0]:.2f} s) {took_s - start[0]:.2f} s, busy {busy_s - start[1]:.2f} s",
            flush=True,
        )

    report("nothing to do, nothing remembered")
    report("nothing to do", runs=3)
    add_episode(show, "baru-1", 1)
    report("one new episode, first of this folder")
    for number in (2, 3):
        add_episode(show, f"baru-{number}", number)
        report("one new episode")
    if profile:
        profiled(show, env)


def profiled(show: Path, env: dict[str, str]) -> None:
    """Show where the time of a publish with nothing to do, and of a changed title, goes."""
    from ngopi.__main__ import main

    os.environ.update(env)
    for what in ("nothing to do", "one changed episode"):
        if what != "nothing to do":
            path = show / "episodes" / "baru-3" / "episode.md"
            path.write_text(path.read_text("utf-8").replace("Baru-3", "Baru sekali"), "utf-8")
        profile = cProfile.Profile()
        profile.runcall(main, ["--show", str(show), "publish"])
        print(f"  profile, {what}:")
        stats = pstats.Stats(profile)
        rows = sorted(stats.stats.items(), key=lambda row: -row[1][3])
        for (path, _, name), (calls, _, own_s, total_s, _) in rows:
            if "ngopi" in path and "site-packages" not in path and total_s > 0.02:
                print(
                    f"    {total_s:7.2f} s  {own_s:6.2f} own  {calls:>7} x {Path(path).stem}.{name}"
                )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--episodes", default="10,1000,10000")
    parser.add_argument("--words", type=int, default=40)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        running_s3_server(Path(name)) as server,
        new_bucket(server) as bucket,
        faulty_proxy(server.endpoint) as proxy,
        OnS3.of(server, bucket, proxy.endpoint) as stores,
    ):
        for count in options.episodes.split(","):
            measure(
                int(count), Path(name), stores, proxy,
                words=options.words, profile=options.profile,
            )  # fmt: skip


if __name__ == "__main__":
    main()
