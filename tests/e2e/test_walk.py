"""The whole way by command line: a recording comes in, a podcast client plays it."""

from __future__ import annotations

import email.utils
import hashlib
import io
import threading
import tomllib
import urllib.request
from datetime import datetime, timedelta

import feedparser
import podcastparser
import pytest

import speech
from ngopi.preview import open_preview
from other_meter import decoded, judge


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Two voices, 12 dB apart, quieter than any podcast."""
    path = tmp_path_factory.mktemp("walk") / "rapat_pleno-2026.wav"
    speech.write_wav(path, speech.conversation((-24.0, -36.0), channels=2), speech.RATE_HZ)
    return path


def audio_toml(show, slug):
    return tomllib.loads((show / "episodes" / slug / "audio.toml").read_text(encoding="utf-8"))


@pytest.fixture
def preview(show):
    """The published folder over HTTP, as listeners reach it."""
    server = open_preview(show / "public", port=0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(url: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as response:
        return response.status, response.read(), dict(response.headers)


def test_clients_read_back_what_was_said_and_get_the_very_bytes(
    ngopi, show, recording, preview, tmp_path
):
    done = ngopi(
        "--json", "ingest", recording, "--title", "Rapat & pleno", "--number", 7,
        "--published", "2026-01-28 16:00", "--people", "Siti Aminah:guest",
    )  # fmt: skip

    assert done.status == 0, done.err
    slug, kept = done.json["slug"], audio_toml(show, done.json["slug"])
    status, feed, headers = fetch(f"{preview}/feed.xml")
    assert (status, headers["Content-Type"]) == (200, "application/rss+xml; charset=utf-8")
    item = podcastparser.parse("http://127.0.0.1:8000/feed.xml", io.BytesIO(feed))["episodes"][0]
    other = feedparser.parse(feed).entries[0]
    published = datetime.fromisoformat("2026-01-28T16:00:00+07:00")
    assert (item["title"], other.title) == ("Rapat & pleno", "Rapat & pleno")
    assert item["guid"] == other.id == done.json["guid"]
    assert item["published"] == published.timestamp()
    assert email.utils.parsedate_to_datetime(other.published).utcoffset() == timedelta(hours=7)
    enclosure, link = item["enclosures"][0], other.enclosures[0]
    assert enclosure["file_size"] == int(link["length"]) == kept["size_bytes"]
    assert enclosure["mime_type"] == link["type"] == "audio/mpeg"
    assert item["total_time"] == round(kept["duration_s"])
    address = enclosure["url"].replace("http://127.0.0.1:8000", preview)
    _status, audio, _headers = fetch(address)
    assert hashlib.sha256(audio).hexdigest() == kept["sha256"]
    part = fetch(address, Range="bytes=10-19")
    assert part[:2] == (206, audio[10:20])
    assert slug == "007-rapat-pleno"
    tmp_path.joinpath("terkirim.mp3").write_bytes(audio)
    judged = judge(*decoded(tmp_path / "terkirim.mp3"))
    assert judged.integrated_lufs == pytest.approx(-16.0, abs=0.5)
    assert judged.true_peak_dbtp <= -1.0


def test_a_feed_built_again_has_the_same_bytes(ngopi, show, recording):
    ngopi("ingest", recording)
    first = (show / "public" / "feed.xml").read_bytes()
    (show / "public" / "feed.xml").unlink()

    again = ngopi("publish")

    assert again.status == 0
    assert (show / "public" / "feed.xml").read_bytes() == first
    assert (show / "feeds" / "ngopi-bawaslu.xml").read_bytes() == first


def test_a_second_publish_does_nothing_and_says_so(ngopi, show, recording):
    ngopi("ingest", recording)
    before = {path: path.stat().st_mtime_ns for path in (show / "public").rglob("*")}

    again = ngopi("publish")

    assert again.status == 0
    assert "Nothing to do" in again.out
    assert {path: path.stat().st_mtime_ns for path in (show / "public").rglob("*")} == before


def test_the_same_recording_is_known_again(ngopi, show, recording, tmp_path):
    slug = ngopi("--json", "ingest", recording).json["slug"]
    copy = tmp_path / "another name.wav"
    copy.write_bytes(recording.read_bytes())

    again = ngopi("--json", "ingest", copy)

    assert again.status == 65
    assert again.error["code"] == "recording-known"
    assert slug in again.error["hint"]


def test_an_episodes_audio_is_replaced_under_the_same_guid(ngopi, show, recording, tmp_path):
    first = ngopi("--json", "ingest", recording, "--title", "Satu").json
    other = tmp_path / "lebih baik.wav"
    speech.write_wav(other, speech.conversation((-20.0, -26.0), channels=2), speech.RATE_HZ)

    second = ngopi("--json", "ingest", other, "--episode", first["slug"])

    assert second.status == 0, second.err
    assert second.json["guid"] == first["guid"]
    assert second.json["url"] != first["url"]
    feed = feedparser.parse((show / "public" / "feed.xml").read_bytes())
    assert [(entry.id, entry.title) for entry in feed.entries] == [(first["guid"], "Satu")]
    assert feed.entries[0].enclosures[0]["href"] == second.json["url"]


def test_drafts_and_future_episodes_stay_out_of_the_feed(ngopi, show, recording, tmp_path):
    other = tmp_path / "lain.wav"
    speech.write_wav(other, speech.conversation((-20.0, -26.0), channels=2), speech.RATE_HZ)
    ngopi("ingest", recording, "--published", "draft", "--title", "Nanti saja")
    ngopi("ingest", other, "--published", "2999-01-01 08:00", "--title", "Tahun depan")

    states = {entry["slug"]: entry["state"] for entry in ngopi("--json", "list").json}

    assert states == {"nanti-saja": "draft", "tahun-depan": "scheduled"}
    assert feedparser.parse((show / "public" / "feed.xml").read_bytes()).entries == []


def test_a_dry_run_shows_the_plan_and_writes_nothing(ngopi, show, recording):
    ngopi("ingest", recording, "--no-publish", "--title", "Siap")

    rehearsed = ngopi("--json", "publish", "--dry-run")

    assert rehearsed.status == 0
    assert (rehearsed.json["add"], rehearsed.json["changed"]) == (["siap"], True)
    assert not (show / "public" / "feed.xml").exists()
    assert not list((show / "feeds").glob("*.xml"))


def test_a_folder_that_lacks_an_episode_does_not_drop_it(ngopi, show, recording, tmp_path):
    import shutil

    first = ngopi("--json", "ingest", recording, "--title", "Milik rekan").json
    shutil.rmtree(show / "episodes" / first["slug"])
    other = tmp_path / "baru.wav"
    speech.write_wav(other, speech.conversation((-20.0, -26.0), channels=2), speech.RATE_HZ)

    ngopi("ingest", other, "--title", "Milik saya")

    feed = feedparser.parse((show / "public" / "feed.xml").read_bytes())
    assert {entry.title for entry in feed.entries} == {"Milik rekan", "Milik saya"}


def test_the_demo_runs_and_runs_again(ngopi, tmp_path):
    first = ngopi("--json", "demo", tmp_path / "coba")
    again = ngopi("--json", "demo", tmp_path / "coba")

    assert (first.status, again.status) == (0, 0), first.err + again.err
    assert first.json["episode"]["sha256"] == again.json["episode"]["sha256"]
    assert first.json["errors"] == 0


def test_an_s3_store_serves_the_same_walk(ngopi, show, recording, s3_settings, s3_server):
    public = f"{s3_server.endpoint}/{s3_settings.url.removeprefix('s3://')}"
    text = (show / "ngopi.toml").read_text(encoding="utf-8")
    text = text.replace('"file:public"', f'"{s3_settings.url}"\nendpoint = "{s3_server.endpoint}"')
    text = text.replace('"http://127.0.0.1:8000"', f'"{public}"')
    (show / "ngopi.toml").write_text(text, encoding="utf-8")

    done = ngopi("--json", "ingest", recording)

    assert done.status == 0, done.err
    _status, feed, headers = fetch(f"{public}/feed.xml")
    assert headers["Content-Type"] == "application/rss+xml; charset=utf-8"
    _status, audio, headers = fetch(feedparser.parse(feed).entries[0].enclosures[0]["href"])
    assert hashlib.sha256(audio).hexdigest() == audio_toml(show, done.json["slug"])["sha256"]
    assert headers["Content-Type"] == "audio/mpeg"
    assert "immutable" in headers["Cache-Control"]
    assert "Nothing to do" in ngopi("publish").out
    assert ngopi("--json", "list").json[0]["state"] == "published"
