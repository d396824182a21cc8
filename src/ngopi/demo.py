"""``ngopi demo``: the whole way once, on the recording that ships in the package."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from ngopi.atomic import lock
from ngopi.audio.recording import probe
from ngopi.catalogue import read_catalogue
from ngopi.config import DEFAULT_PUBLIC_URL, FILE_NAME, Config, load_config
from ngopi.errors import RecordingKnownError
from ngopi.feed.check import check_feed
from ngopi.ingest import Request, ingest
from ngopi.model import CatalogueEntry, Finding, Source
from ngopi.publish import keep_local_copies, publish
from ngopi.scaffold import Answers, make_show
from ngopi.standing import Standing, standings
from ngopi.store import open_store

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ngopi.model import Progress

RECORDING = "obrolan.m4a"
_ANSWERS = Answers(
    title="Ngopi Bawaslu",
    author="Bawaslu Kota Jakarta Barat",
    language="id",
    category="Government",
    timezone="Asia/Jakarta",
    public_url=DEFAULT_PUBLIC_URL,
    store="file:public",
    preset=None,
    email=None,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What the demo made."""

    config: Config
    entry: CatalogueEntry
    standing: Standing
    findings: tuple[Finding, ...]


def run_demo(folder: Path, *, now: datetime, progress: Progress) -> Demo:
    """Make a show in *folder*, ingest, publish, check; run again, it goes on where it was."""
    if not (folder / FILE_NAME).exists():
        make_show(folder, _ANSWERS)
    config = load_config(folder)
    with lock(folder / ".ngopi.lock"), as_file(files("ngopi") / "data" / RECORDING) as recording:
        source = Source.of(probe(recording))
        request = Request(source=source, number=1, people=("Rani:host", "Bayu:guest"))
        try:
            entry = ingest(config, request, now=now, progress=progress).entry
        except RecordingKnownError as error:
            entries = read_catalogue(config.episodes, zone=config.zone)
            entry = next(e for e in entries if e.episode.slug == error.values["slug"])
        store = open_store(config.store, root=config.root)
        entries = read_catalogue(config.episodes, zone=config.zone)
        published = publish(config, entries, store, by="demo", now=now, progress=progress)
        keep_local_copies(config, store, published)
        slug = entry.episode.slug
        standing = standings(config, (entry,), store, published.ledger, now=now)[slug]
    feed = config.feed.read_bytes()
    findings = check_feed(feed, where=str(config.feed), feed_url=config.show.feed_url)
    return Demo(config=config, entry=entry, standing=standing, findings=tuple(findings))
