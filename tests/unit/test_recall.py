"""What is recalled of an episode's files is never other than what the files say."""

from __future__ import annotations

import math
import os
import tomllib
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from ngopi.catalogue import read_catalogue
from ngopi.errors import CatalogueInvalidError
from ngopi.recall import Memory, Recall

AUDIO = """\
sha256 = "1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f"
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
done = [{name = "hum", hz = 50.0}]
turns = [{start_s = 0.0, stop_s = 9.5, before_lufs = -22.0, after_lufs = -19.0}]
recording.name = "a.wav"
recording.sha256 = "2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f"
recording.size_bytes = 1000
[before]
integrated_lufs = -22.0
range_lu = 0.0
true_peak_dbtp = -9.0
momentary_max_lufs = -21.0
short_term_max_lufs = -inf
[after]
integrated_lufs = -19.0
range_lu = 0.0
true_peak_dbtp = -6.0
momentary_max_lufs = -18.0
short_term_max_lufs = -inf
[curve]
step_s = 1.0
before_lufs = [-22.0]
after_lufs = [-19.0]
gain_db = [3.0]
peak_dbtp = [-6.0]
"""


@pytest.fixture
def episodes(tmp_path):
    folder = tmp_path / "episodes" / "satu"
    folder.mkdir(parents=True)
    folder.joinpath("episode.md").write_text('+++\nguid = "g"\ntitle = "Satu"\n+++\n', "utf-8")
    folder.joinpath("audio.toml").write_text(AUDIO, "utf-8")
    return folder.parent


def read(episodes):
    """Read as one run does, and remember for the next."""
    recall = Recall(episodes.parent / ".ngopi")
    (entry,) = read_catalogue(episodes, zone=ZoneInfo("UTC"), recall=recall)
    recall.save()
    return entry.audio


def memory(episodes, name="audio-files.json"):
    return episodes.parent / ".ngopi" / name


def test_it_is_what_the_file_says_without_the_certificate(episodes):
    (whole,) = read_catalogue(episodes, zone=ZoneInfo("UTC"))
    first, second = read(episodes), read(episodes)

    assert whole.audio.curve is not None
    assert first == second == replace(whole.audio, done=(), turns=(), curve=None)
    assert second.size_bytes == tomllib.loads(AUDIO)["size_bytes"]
    assert second.after.short_term_max_lufs == -math.inf


def test_a_change_that_leaves_size_and_date_as_they_were_is_seen(episodes):
    path = episodes / "satu" / "audio.toml"
    then = path.stat()
    assert read(episodes).size_bytes == 100
    path.write_text(AUDIO.replace("size_bytes = 100\n", "size_bytes = 101\n"), "utf-8")
    os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert path.stat().st_size == then.st_size

    assert read(episodes).size_bytes == 101


def test_a_mistake_is_named_also_after_it_was_right(episodes):
    read(episodes)
    (episodes / "satu" / "audio.toml").write_text(AUDIO.replace("100\n", '"x"\n', 1), "utf-8")

    with pytest.raises(CatalogueInvalidError, match="size_bytes"):
        read(episodes)


def written_by_another(data):
    """Change what is remembered and leave it well-formed."""
    return data.replace(b"100", b"101").replace(b"Satu", b"Sata")


def cut(data):
    return data[: len(data) // 2]


@pytest.mark.parametrize("damage", [written_by_another, cut, lambda _data: b"", lambda _data: b"{"])
@pytest.mark.parametrize("name", ["audio-files.json", "episodes.json"])
def test_a_damaged_memory_is_none(episodes, name, damage):
    read(episodes)
    path = memory(episodes, name)
    path.write_bytes(damage(path.read_bytes()))

    (entry,) = read_catalogue(
        episodes, zone=ZoneInfo("UTC"), recall=Recall(episodes.parent / ".ngopi")
    )
    assert (entry.audio.size_bytes, entry.episode.title) == (100, "Satu")


def test_what_another_ngopi_remembered_is_read_anew(tmp_path):
    """Another version may make more, or something else, of the same bytes."""
    memory = Memory[str](tmp_path / "a.json", str, libraries=("lxml",))
    memory.keep("key", "value")
    memory.save()

    assert Memory[str](tmp_path / "a.json", str, libraries=("lxml",)).find("key") == "value"
    assert Memory[str](tmp_path / "a.json", str, libraries=("nh3",)).find("key") is None


def test_what_is_gone_from_the_catalogue_is_forgotten(episodes):
    read(episodes)
    before = memory(episodes).stat().st_size
    (episodes / "satu" / "audio.toml").unlink()

    assert read(episodes) is None
    assert memory(episodes).stat().st_size < before


def test_a_memory_that_cannot_be_written_stops_nobody(episodes):
    """It only makes the next run quicker."""
    read(episodes)
    path = memory(episodes)
    path.unlink()
    path.mkdir()

    assert read(episodes).size_bytes == 100
    assert path.is_dir()
    assert not list(path.parent.glob("*.tmp"))
