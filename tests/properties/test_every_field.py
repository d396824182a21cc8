"""No field of an episode or its audio is lost on its way: release → episode.md → release."""

from __future__ import annotations

import math
import shutil
import tempfile
import tomllib
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ngopi.catalogue import add_entry, edit_episode, read_catalogue, replace_audio
from ngopi.frontmatter import audio_text, episode_keys
from ngopi.ledger import from_json, to_json
from ngopi.model import (
    AudioFile,
    Chapter,
    Curve,
    Episode,
    Loudness,
    Person,
    Release,
    SourceFile,
    StoredObject,
    Treatment,
    Turn,
)
from ngopi.text import clean_line
from prepared import FIRST, make_show

ZONE = ZoneInfo("Asia/Jakarta")
LINES = st.text(
    st.characters(categories=("L", "N", "P", "S"), exclude_characters="\u2028"), min_size=1
).map(lambda text: f"a {text} z")
NUMBERS = st.none() | st.integers(1, 99_999)
LEVELS = st.floats(-70.0, 30.0)
SECONDS = st.integers(0, 3_599_999).map(lambda thousandths: thousandths / 1000)
HASHES = st.text("0123456789abcdef", min_size=64, max_size=64)
DATES = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - in a zone below
    lambda date: date.replace(microsecond=0, tzinfo=timezone(timedelta(hours=7)))
)


def complete(kind, /, **strategies):
    """Build *kind* of a strategy for each of its fields: one that is forgotten here is told."""
    assert {field.name for field in fields(kind)} == set(strategies), kind
    return st.builds(kind, **strategies)


PEOPLE = complete(Person, name=LINES, role=st.sampled_from(["host", "guest", "sound designer"]))
# A chapter's title is clean as soon as it is read; what hides in others stays in the file.
CHAPTERS = st.lists(
    complete(Chapter, start_s=SECONDS, title=LINES.map(clean_line)),
    unique_by=lambda chapter: chapter.start_s,
).map(lambda chapters: tuple(sorted(chapters, key=lambda chapter: chapter.start_s)))
EPISODES = complete(
    Episode,
    slug=st.just(FIRST),
    guid=st.uuids().map(str),
    title=LINES,
    summary=st.none() | LINES,
    season=NUMBERS,
    number=NUMBERS,
    kind=st.sampled_from(["full", "trailer", "bonus"]),
    published=st.none() | DATES,
    people=st.lists(PEOPLE, max_size=3).map(tuple),
    chapters=CHAPTERS,
    explicit=st.none() | st.booleans(),
    writer=st.none() | LINES,
    notes=st.lists(LINES, max_size=3).map("\n\n".join),
)
LOUDNESS = complete(
    Loudness,
    integrated_lufs=LEVELS | st.just(-math.inf),
    range_lu=st.floats(0.0, 30.0),
    true_peak_dbtp=LEVELS | st.just(-math.inf),
    momentary_max_lufs=LEVELS,
    short_term_max_lufs=LEVELS,
)
TREATMENTS = complete(
    Treatment,
    name=st.sampled_from(["dc", "hum", "noise"]),
    hz=st.none() | LEVELS,
    db=st.none() | LEVELS,
    count=NUMBERS,
    at_s=st.none() | SECONDS,
    part=NUMBERS,
    track=NUMBERS,
)
TURNS = complete(Turn, start_s=SECONDS, stop_s=SECONDS, before_lufs=LEVELS, after_lufs=LEVELS)
CURVES = complete(
    Curve,
    step_s=st.floats(0.1, 10.0),
    **{
        name: st.lists(LEVELS, min_size=1, max_size=3).map(tuple)
        for name in ("before_lufs", "after_lufs", "gain_db", "peak_dbtp")
    },
)
AUDIO = complete(
    AudioFile,
    sha256=HASHES,
    size_bytes=st.integers(1, 10**9),
    duration_s=st.just(3_600.0),
    media_type=st.just("audio/mpeg"),
    sample_rate_hz=st.sampled_from([44_100, 48_000]),
    channels=st.integers(1, 2),
    bitrate_kbps=st.sampled_from([64, 128]),
    target_lufs=st.floats(-31.0, -9.0),
    ceiling_dbtp=st.floats(-9.0, 0.0),
    gain_db=LEVELS,
    before=LOUDNESS,
    after=LOUDNESS,
    recording=complete(SourceFile, name=LINES, sha256=HASHES, size_bytes=st.integers(1, 10**9)),
    made_by=LINES,
    sound_sha256=st.none() | HASHES,
    done=st.lists(TREATMENTS, max_size=2).map(tuple),
    turns=st.lists(TURNS, max_size=2).map(tuple),
    curve=st.none() | CURVES,
)
CERTIFICATE = {"done": (), "turns": (), "curve": None}
STILL = settings(max_examples=40, suppress_health_check=list(HealthCheck))


def released(episode, audio):
    """Return a release as it comes out of a store, the certificate left out."""
    key = f"audio/{FIRST}-{audio.sha256[:12]}.mp3"
    enclosure = StoredObject(
        key=key, url=f"http://127.0.0.1:8000/{key}", size_bytes=audio.size_bytes,
        sha256=audio.sha256,
    )  # fmt: skip
    release = Release(episode=episode, audio=replace(audio, **CERTIFICATE), enclosure=enclosure)
    return from_json(Release, to_json(release), key="releases/0.json")


@STILL
@given(EPISODES, AUDIO)
def test_an_episode_that_comes_new_into_a_folder_is_what_was_published(episode, audio):
    release = released(replace(episode, published=episode.published or datetime.now(ZONE)), audio)
    with tempfile.TemporaryDirectory() as folder:
        add_entry(Path(folder), episode=release.episode, audio=release.audio, cover=None)
        [entry] = read_catalogue(Path(folder), zone=ZONE)

    assert (entry.episode, entry.audio) == (release.episode, release.audio)


@STILL
@given(EPISODES, EPISODES, AUDIO)
def test_an_episode_that_was_another_becomes_what_was_published(before, after, audio):
    after = replace(after, guid=before.guid)
    with tempfile.TemporaryDirectory() as folder:
        add_entry(Path(folder), episode=before, audio=audio, cover=None)
        [entry] = read_catalogue(Path(folder), zone=ZONE)
        replace_audio(entry, replace(audio, **CERTIFICATE), cover=None)
        edit_episode(entry, episode_keys(after), notes=after.notes)
        [entry] = read_catalogue(Path(folder), zone=ZONE)

    assert entry.episode == after
    assert entry.audio == audio, "the same audio keeps its certificate"


@STILL
@given(AUDIO)
def test_an_audio_toml_holds_every_figure(audio):
    written = tomllib.loads(audio_text(audio))

    absent = {**CERTIFICATE, "sound_sha256": None}
    empty = {name for name, none in absent.items() if getattr(audio, name) == none}
    assert set(written) == {field.name for field in fields(AudioFile)} - empty


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


ELSEWISE = Episode(
    slug=FIRST,
    guid="",
    title="Lain",
    summary="Ringkas",
    season=3,
    number=7,
    kind="bonus",
    published=datetime(2024, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=7))),
    people=(Person(name="Rani", role="guest"),),
    chapters=(Chapter(start_s=0.25, title="Isi"),),
    explicit=True,
    writer="Han",
    notes="Catatan\n\nlain.",
)


@pytest.mark.parametrize("way", ["added", "updated", "taken"])
def test_what_a_colleague_pulls_is_all_that_was_published(ngopi, prepared, tmp_path, way):
    """Through the commands: nothing that a folder lacks becomes a change of the next publish."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    shutil.copytree(prepared, ours)
    settings_file = ours / "ngopi.toml"
    settings_file.write_text(
        settings_file.read_text("utf-8").replace(
            "file:public", f"file:{(tmp_path / 'pub').as_posix()}"
        ),
        "utf-8",
    )
    shutil.copytree(ours, theirs)
    if way == "added":
        shutil.rmtree(theirs / "episodes" / FIRST)
    else:
        assert ngopi("--show", ours, "publish").status == 0
        assert ngopi("--show", theirs, "pull").status == 0
    [entry] = read_catalogue(ours / "episodes", zone=ZONE)
    wanted = replace(ELSEWISE, guid=entry.episode.guid)
    for field in fields(Episode):
        if field.name not in {"slug", "guid"}:
            assert getattr(wanted, field.name) != getattr(entry.episode, field.name), field.name
    edit_episode(entry, episode_keys(wanted), notes=wanted.notes)
    assert ngopi("--show", ours, "publish").status == 0
    if way == "taken":
        [mine] = read_catalogue(theirs / "episodes", zone=ZONE)
        edit_episode(mine, {"title": "Punya saya"}, notes=None)

    take = ("--take", "theirs") if way == "taken" else ()
    assert ngopi("--show", theirs, "pull", *take).status == 0

    [pulled] = read_catalogue(theirs / "episodes", zone=ZONE)
    assert pulled.episode == wanted
    [entry] = read_catalogue(ours / "episodes", zone=ZONE)  # with new tags by now
    kept = entry.audio if way != "added" else replace(entry.audio, **CERTIFICATE)
    assert pulled.audio == kept
    assert is_dataclass(pulled.audio.curve) == (way != "added")
    assert not ngopi("--show", theirs, "publish", "--json").json["changed"]
