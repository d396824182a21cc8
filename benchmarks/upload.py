"""Uploading episodes in parts beside boto3's own upload_file, to SeaweedFS on loopback.

python benchmarks/upload.py [--megabytes 200] [--rounds 5] [--files 1]

The two take turns in the same run, and boto3 takes its files one after another, with its default
concurrency; each run is a process of its own, so that the memory that is measured is that of one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from s3_server import new_bucket, running_s3_server

WAYS = ("ngopi", "boto3")
ONE_UPLOAD = """
import json, re, sys, time
from pathlib import Path
way, bucket, endpoint, root, *names = sys.argv[1:]
if way == "ngopi":
    from ngopi.model import StoreSettings
    from ngopi.store import open_store
    from ngopi.store.source import Source
    store = open_store(StoreSettings(url=f"s3://{bucket}", endpoint=endpoint), root=Path(root))
    paths = [Path(root) / name for name in names]
    sources = [Source(key=f"audio/{p.stem[:12]}.mp3", path=p, sha256=p.stem) for p in paths]
    store.probe_abilities()
    began = time.perf_counter()
    store.add_all(sources, advance=lambda _: None)
else:
    import boto3
    from botocore.config import Config
    config = Config(s3={"addressing_style": "path"})
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config)
    client.head_bucket(Bucket=bucket)
    began = time.perf_counter()
    for name in names:
        client.upload_file(f"{root}/{name}", bucket, name)
taken_s = time.perf_counter() - began
# Not getrusage, in which a new process begins with its parent's peak.
peak_kib = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(json.dumps({"taken_s": taken_s, "peak_mb": int(peak_kib) * 1024 / 1e6}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=1, help="that make up the megabytes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, running_s3_server(Path(name)) as server:
        size_bytes = options.megabytes * 1_000_000 // options.files
        names = [new_file(Path(name), seed, size_bytes) for seed in range(options.files)]
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": server.access_key,
            "AWS_SECRET_ACCESS_KEY": server.secret_key,
        }
        runs = {way: [] for way in WAYS}
        for round_ in range(options.rounds + 1):
            for way in WAYS if round_ % 2 else reversed(WAYS):
                with new_bucket(server) as bucket:
                    arguments = [way, bucket, server.endpoint, name, *names]
                    run = one_upload(arguments, environment)
                if round_:  # the first one warms the server up
                    runs[way].append(run)
    report(runs, options.megabytes)


def new_file(folder, seed, size_bytes):
    """Write random bytes, and return the file's name, which begins with their SHA-256."""
    data = random.Random(seed).randbytes(size_bytes)
    path = folder / f"{hashlib.sha256(data).hexdigest()}.mp3"
    path.write_bytes(data)
    return path.name


def one_upload(arguments, environment):
    run = subprocess.run(
        [sys.executable, "-c", ONE_UPLOAD, *map(str, arguments)],
        env=environment, capture_output=True, check=True,
    )  # fmt: skip
    return json.loads(run.stdout)


def report(runs, megabytes):
    taken_s = {way: statistics.median(run["taken_s"] for run in runs[way]) for way in WAYS}
    for way in WAYS:
        peak_mb = max(run["peak_mb"] for run in runs[way])
        spread = ", ".join(f"{run['taken_s']:.2f}" for run in runs[way])
        speed = megabytes / taken_s[way]
        print(f"{way:6} {taken_s[way]:6.2f} s {speed:6.0f} MB/s, peak {peak_mb:.0f} MB ({spread})")
    print(f"ratio  {taken_s['ngopi'] / taken_s['boto3']:6.2f} (target 1.30 at most)")


if __name__ == "__main__":
    main()
