"""A catalogue that is read with what was remembered is the one that is read without."""

from __future__ import annotations

import contextlib
import re
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ngopi.catalogue import find_entry, read_catalogue, write_approval
from ngopi.config import load_config
from ngopi.errors import CatalogueInvalidError
from ngopi.model import Approval
from ngopi.plan import make_plan, make_wish, reading_of, release_of
from ngopi.recall import Recall

NOW = datetime(2024, 6, 1, tzinfo=UTC)
SHOW = """\
[show]
name = "ngopi"
title = "Ngopi"
description = "Obrolan."
author = "Humas"
language = "id"
category = "Government"
timezone = "Asia/Jakarta"
cover = "cover.jpg"
[store]
public_url = "https://example.org"
[workflow]
editor_required = true
"""
EPISODE = """\
+++
guid = "{slug}"
title = "Judul"
published = 2024-01-01T10:00:00
chapters = [{{ start = "00:00", title = "Awal" }}, {{ start = "00:08", title = "Akhir" }}]
people = [{{ name = "Syukur", role = "host" }}]
writer = "Han"
+++

Catatan.
"""
SOUND = (
    "integrated_lufs = -19.0\nrange_lu = 0.0\ntrue_peak_dbtp = -6.0\nmomentary_max_lufs = -18.0\n"
)
AUDIO = f"""\
sha256 = "{"1f" * 32}"
size_bytes = 100
duration_s = 9.5
media_type = "audio/mpeg"
sample_rate_hz = 48000
channels = 1
bitrate_kbps = 64
target_lufs = -19.0
ceiling_dbtp = -1.0
gain_db = 3.0
made_by = "ngopi"
turns = [{{start_s = 0.0, stop_s = 9.5, before_lufs = -22.0, after_lufs = -19.0}}]
recording = {{name = "a.wav", sha256 = "2f", size_bytes = 1000}}
[before]
{SOUND}short_term_max_lufs = -inf
[after]
{SOUND}short_term_max_lufs = -18.5
"""
# A file, what is looked for in it, and what takes its place: some make mistakes of it.
CHANGES = (
    ("episode.md", r'title = "Judul.*?"', 'title = "Judul lain"'),
    ("episode.md", r'title = "Judul.*?"', 'title = "Judul"'),
    ("episode.md", r'title = "Judul.*?"', 'titel = "Judul"'),
    ("episode.md", r"\nCatatan.*", "\nCatatan **lain**."),
    ("episode.md", r"published = .*", "published = 2024-01-01T10:00:00+09:00"),
    ("episode.md", r"published = .*", "published = 2024-07-01T10:00:00"),
    ("episode.md", r"(?m)^published = .*\n", ""),
    ("episode.md", r'"00:08"', '"00:09.400"'),
    ("episode.md", r"\n", "\r\n"),
    ("audio.toml", r"duration_s = .*", "duration_s = 9.25"),
    ("audio.toml", r"duration_s = .*", "duration_s = 8.0"),
    ("audio.toml", r"size_bytes = 100\n", "size_bytes = 101\n"),
    ("audio.toml", r"size_bytes = 10.\n", 'size_bytes = "x"\n'),
    ("audio.toml", r"before_lufs = .*?,", "before_lufs = -23.0,"),
    ("audio.toml", r"gain_db = .*", "gain_db = 4.0"),
    ("audio.toml", r"(?s).*", AUDIO),
)
SLUGS = ("satu", "dua", "tiga")
ZONES = ("Asia/Jakarta", "Asia/Jayapura", "Europe/Berlin")
URLS = ("https://example.org", "https://lain.example")
MEMORIES = ("audio-files", "episodes", "release-hashes")
slugs = st.sampled_from(SLUGS)
edits = st.one_of(
    st.tuples(st.just("change"), slugs, st.sampled_from(CHANGES)),
    st.tuples(st.just("rename"), slugs, st.sampled_from(["empat", "lima"])),
    st.tuples(st.just("show"), st.just("timezone"), st.sampled_from(ZONES)),
    st.tuples(st.just("show"), st.just("public_url"), st.sampled_from(URLS)),
    st.tuples(st.just("cover"), slugs, st.binary(min_size=1, max_size=3)),
    st.tuples(st.sampled_from(["approve", "without audio"]), slugs, st.none()),
    st.tuples(st.just("damage"), st.sampled_from(MEMORIES), st.integers(0, 5000)),
)


def make_show(root):
    root.joinpath("ngopi.toml").write_text(SHOW, "utf-8")
    root.joinpath("cover.jpg").write_bytes(b"picture")
    for slug in SLUGS:
        folder = root / "episodes" / slug
        folder.mkdir(parents=True)
        folder.joinpath("episode.md").write_text(EPISODE.format(slug=slug), "utf-8")
        folder.joinpath("audio.toml").write_text(AUDIO, "utf-8")


def substitute(path, pattern, text):
    if path.is_file():
        before = path.read_bytes().decode()
        path.write_bytes(re.sub(pattern, lambda _: text, before, count=1).encode())


def edit(root, what, where, value):
    folder = root / "episodes" / where
    match what:
        case "change":
            substitute(folder / value[0], value[1], value[2])
        case "rename" if folder.is_dir() and not folder.with_name(value).exists():
            folder.rename(folder.with_name(value))
        case "show":
            substitute(root / "ngopi.toml", rf"(?m)^{where} = .*", f'{where} = "{value}"')
        case "cover" if folder.is_dir():
            folder.joinpath("cover.png").write_bytes(value)
        case "approve" if folder.is_dir():
            approve(root, where)
        case "without audio":
            folder.joinpath("audio.toml").unlink(missing_ok=True)
        case "damage":
            damage(root / ".ngopi" / f"{where}.json", value)


def approve(root, slug):
    config = load_config(root, environment={})
    with contextlib.suppress(CatalogueInvalidError):
        entry = find_entry(read_catalogue(config.episodes, zone=config.zone), slug)
        if entry.audio is not None:
            read = reading_of(release_of(config, entry))
            write_approval(entry, Approval(by="WG", at=NOW, sha256=read))


def damage(path, at):
    if path.is_file():
        data = bytearray(path.read_bytes())
        data[at % len(data)] ^= 1
        path.write_bytes(data)


def outcome(root, recall):
    config = load_config(root, environment={})
    entries = read_catalogue(config.episodes, zone=config.zone, recall=recall)
    wish = make_wish(config, entries, None, now=NOW, recall=recall)
    return entries, wish, make_plan(entries, wish, None, bases={}, now=NOW)


def told(root, recall):
    """Return all that comes of a folder, or all that is said of its mistakes."""
    try:
        entries, wish, plan = outcome(root, recall)
    except CatalogueInvalidError as error:
        return error.message
    bare = [e if e.audio is None else replace(e, audio=replace(e.audio, turns=())) for e in entries]
    dates = [entry.episode.published and entry.episode.published.isoformat() for entry in entries]
    return bare, dates, wish, plan


EACH = [
    *(("change", "dua", change) for change in CHANGES),
    ("rename", "dua", "empat"),
    *(("show", "timezone", zone) for zone in ZONES),
    *(("show", "public_url", url) for url in URLS),
    ("cover", "dua", b"picture"),
    ("approve", "dua", None),
    ("without audio", "dua", None),
    *(("damage", name, 90) for name in MEMORIES),
]


@pytest.mark.parametrize("one", EACH)
def test_one_edit_is_seen(tmp_path, one):
    make_show(tmp_path)
    told(tmp_path, recall := Recall(tmp_path / ".ngopi"))
    recall.save()
    edit(tmp_path, *one)

    assert told(tmp_path, Recall(tmp_path / ".ngopi")) == told(tmp_path, None)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(edits, max_size=3), min_size=1, max_size=5))
def test_whatever_is_edited_nothing_else_comes_of_it_with_a_memory(runs):
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        make_show(root)
        told(root, recall := Recall(root / ".ngopi"))
        recall.save()
        for changes in runs:
            for change in changes:
                edit(root, *change)

            recall = Recall(root / ".ngopi")
            assert told(root, recall) == told(root, None)
            recall.save()
