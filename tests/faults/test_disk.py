"""A disk that is full at any moment: said in a sentence, and nothing half-made stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from refusals import tree
from speech import voice, write, write_wav

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no limit on the size of files there")

# A limit on the size of files fails a write in its middle, as a full disk does.
LIMITED = """
import resource, sys
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from ngopi.__main__ import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Four seconds: 384 kB when it is decoded, about 37 kB as MP3 without its cover."""
    return write_wav(tmp_path_factory.mktemp("rekaman") / "rapat.wav", voice(4.0))


@pytest.fixture(scope="module")
def large_cover(tmp_path_factory):
    """A cover of noise, which is larger than anything else that ingest writes: 6 MB."""
    path = tmp_path_factory.mktemp("sampul") / "derau.png"
    noise = np.random.default_rng(1).integers(0, 256, (1400, 1400, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path, compress_level=1)
    return path


def limited(limit_bytes, *argv):
    """Run ngopi where no file may be larger than *limit_bytes*."""
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(limit_bytes), "--json", *map(str, argv)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert run.stdout == ""
    return run.returncode, json.loads(run.stderr)["error"]


def test_a_full_disk_while_reading_says_how_much_is_needed(ngopi, show, tmp_path):
    recording = write(tmp_path / "rapat.flac", voice(4.0), codec="flac")
    before = tree(show)

    status, error = limited(200_000, "ingest", recording)

    assert (status, error["code"]) == (74, "spool-full")
    assert "MB" in error["message"]
    assert "make room" in error["hint"]
    assert tree(show) == before
    assert ngopi("ingest", recording).status == 0


def test_a_full_disk_while_tagging_leaves_nothing(ngopi, show, recording, tmp_path):
    notes = tmp_path / "catatan.md"
    # Far more than the sound needs meanwhile, so that it is the tag that does not fit.
    notes.write_text("Pengawasan partisipatif. " * 39_000, encoding="utf-8")  # twice that in a tag
    before = tree(show)

    status, error = limited(1_500_000, "ingest", recording, "--notes", notes)

    assert (status, error["code"]) == (74, "disk")
    assert tree(show) == before
    assert ngopi("ingest", recording, "--notes", notes).status == 0


def test_a_full_disk_while_the_episode_is_written_leaves_neither_it_nor_its_audio(
    ngopi, show, recording, large_cover
):
    before = tree(show)

    status, error = limited(2_000_000, "ingest", recording, "--cover", large_cover)

    assert (status, error["code"]) == (74, "disk")
    assert "cover.png" in error["message"]
    assert tree(show) == before
    assert ngopi("ingest", recording, "--cover", large_cover).status == 0


def test_a_full_disk_while_audio_is_replaced_leaves_the_old(
    ngopi, show, recording, large_cover, tmp_path
):
    assert ngopi("ingest", recording).status == 0
    other = write_wav(tmp_path / "lain.wav", voice(4.0, seed=2))
    before = tree(show)

    status, error = limited(
        2_000_000, "ingest", other, "--episode", "rapat", "--cover", large_cover
    )

    assert (status, error["code"]) == (74, "disk")
    assert tree(show) == before
    assert ngopi("list", "--json").json[0]["state"] == "published"


def test_a_full_disk_while_uploading_keeps_the_episode_and_says_so(
    ngopi, show, recording, large_cover
):
    settings = show / "ngopi.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('"cover.jpg"', f"'{large_cover}'"), encoding="utf-8")

    status, error = limited(2_000_000, "ingest", recording)

    assert (status, error["code"]) == (74, "disk")
    assert "made and kept" in error["message"]
    names = set(tree(show))
    assert "episodes/rapat/episode.md" in names
    assert not {"public/ledger.json", "public/feed.xml"} & names
    assert not {name for name in names if ".tmp" in name or name.startswith(".ngopi/ingest-")}
    assert ngopi("ingest", recording).out.startswith("Published rapat")
    assert ngopi("check").status == 0


def test_a_full_disk_leaves_no_half_of_a_new_show(tmp_path):
    status, error = limited(
        1_000, "init", tmp_path / "baru", "--title", "Ngopi", "--author", "Humas"
    )

    assert (status, error["code"]) == (74, "disk")
    assert not tmp_path.joinpath("baru", "ngopi.toml").exists()
    assert not list(tmp_path.rglob("*.tmp"))
