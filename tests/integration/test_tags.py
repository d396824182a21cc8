"""ID3: written by ngopi, read by FFmpeg, by the letter of the specification, and by eyeD3."""

import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from ngopi.artwork import make_cover
from ngopi.errors import DiskError
from ngopi.model import Episode, Person, Show
from ngopi.tags import write_tags

JPEG = bytes.fromhex("ffd8ffe0") + bytes(3000) + bytes.fromhex("ffd9")
SHOW = Show(
    name="ngopi",
    title="Ngopi Bawaslu",
    description="Obrolan tentang pengawasan",
    author="Bawaslu Kota",
    language="id-ID",
    category="Government",
    timezone="Asia/Makassar",
    public_url="https://siniar.example/ngopi",
    link="https://siniar.example/kopi dan teh/é",
    copyright="© Bawaslu Kota",
)
EPISODE = Episode(
    slug="007-gayo",
    guid="0b9f6d1e-6f0e-4a44-9d0c-6d2f2d6d3a10",
    title="Mengawasi daftar pemilih ☕ “bersama” 選挙",
    summary="Cara warga ikut mengawasi.",
    season=2022,
    number=7,
    # 16:00 UTC is midnight of the next day in Makassar: the year changes with the zone.
    published=datetime(2021, 12, 31, 16, 0, tzinfo=UTC),
    people=(Person(name="Han, S.H., M.H."), Person(name="Wati", role="guest")),
)
NOTES = "Baris satu\nBaris dua: https://example.org/é"


@pytest.fixture(scope="module")
def plain_mp3(tmp_path_factory):
    """One second of tone as MP3: an Info frame and frames, no tag."""
    path = tmp_path_factory.mktemp("mp3") / "plain.mp3"
    tone = np.sin(np.arange(48_000) * 0.05).astype(np.float32)[None, :] / 4
    options = {"id3v2_version": "0", "write_xing": "1"}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("libmp3lame", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        frame.rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    assert b"Info" in path.read_bytes()[:200] or b"Xing" in path.read_bytes()[:200]
    return path


@pytest.fixture
def mp3(plain_mp3, tmp_path):
    return Path(shutil.copy(plain_mp3, tmp_path / "episode.mp3"))


def tagged(mp3, *, episode=EPISODE, show=SHOW, comment=NOTES, cover_jpeg=JPEG):
    write_tags(mp3, episode=episode, show=show, comment=comment, cover_jpeg=cover_jpeg)
    return mp3


def metadata(path):
    with av.open(str(path)) as container:
        return container.metadata


def frames(path):
    """Yield (id, body) of an ID3v2.3 tag, by section 3.1 to 3.3 of its specification."""
    data = path.read_bytes()
    end = tag_size(data)
    place = 10
    while place < end:
        size = int.from_bytes(data[place + 4 : place + 8], "big")
        yield data[place : place + 4].decode("ascii"), data[place + 10 : place + 10 + size]
        place += 10 + size
    assert place == end


def tag_size(data):
    assert data[:6] == b"ID3\x03\x00\x00"
    first, second, third, fourth = data[6:10]
    return 10 + (first << 21 | second << 14 | third << 7 | fourth)


def text_of(body):
    assert body[0] == 1, "UTF-16 with a byte order mark"
    return body[1:].decode("utf-16").rstrip("\0")


def test_ffmpeg_reads_what_people_wrote(mp3):
    found = metadata(tagged(mp3))

    assert found["title"] == EPISODE.title
    assert found["artist"] == "Han, S.H., M.H./Wati"
    assert found["album"] == "Ngopi Bawaslu"
    assert found["album_artist"] == "Bawaslu Kota"
    assert (found["track"], found["disc"]) == ("7", "2022")
    assert found["genre"] == "Podcast"
    assert found["language"] == "ind"
    assert found["comment"] == NOTES
    assert found["TDES"] == "Cara warga ikut mengawasi."
    assert found["TGID"] == EPISODE.guid


def test_the_date_is_that_of_the_shows_zone_midnight_included(mp3):
    found = {name: body for name, body in frames(tagged(mp3)) if name[0] == "T"}

    assert text_of(found["TYER"]) == "2022"
    assert text_of(found["TDAT"]) == "0101"
    assert text_of(found["TIME"]) == "0000"


def test_a_day_in_august_and_an_hour_in_the_evening_are_read_as_they_were_said(mp3):
    evening = datetime(2026, 8, 17, 13, 45, tzinfo=UTC)  # in Makassar 21:45
    path = tagged(mp3, episode=replace(EPISODE, published=evening))

    found = {name: body for name, body in frames(path) if name[0] == "T"}
    assert [text_of(found[name]) for name in ("TYER", "TDAT", "TIME")] == ["2026", "1708", "2145"]
    assert metadata(path)["date"] == "2026-08-17 21:45"


def test_links_are_ascii_and_podcast_frames_are_there(mp3):
    found = dict(frames(tagged(mp3)))

    assert found["WFED"].rstrip(b"\0") == b"https://siniar.example/ngopi/feed.xml"
    assert found["WOAS"].rstrip(b"\0") == b"https://siniar.example/kopi%20dan%20teh/%C3%A9"
    assert int.from_bytes(found["PCST"], "big") == 1
    assert len(found["PCST"]) == 4


def test_the_cover_is_the_front_cover_byte_for_byte(mp3):
    [cover] = [body for name, body in frames(tagged(mp3)) if name == "APIC"]

    assert cover == b"\x00image/jpeg\x00\x03\x00" + JPEG


def test_ffmpeg_shows_a_drawn_cover(mp3):
    tagged(mp3, cover_jpeg=make_cover("Ngopi", "Bawaslu"))

    with av.open(str(mp3)) as container:
        [video] = container.streams.video
        assert (video.codec_context.name, video.width) == ("mjpeg", 3000)


def test_sound_and_info_frame_stay_as_they_are(mp3, plain_mp3):
    before = plain_mp3.read_bytes()

    data = tagged(mp3).read_bytes()

    assert data[tag_size(data) :] == before


def test_a_second_tag_replaces_the_first_to_the_byte(mp3, plain_mp3, tmp_path):
    once = Path(shutil.copy(plain_mp3, tmp_path / "once.mp3"))
    tagged(once)

    tagged(mp3, episode=Episode(slug="x", guid="y", title="Lama " * 100), cover_jpeg=JPEG * 9)
    tagged(mp3)

    assert mp3.read_bytes() == once.read_bytes()


def test_an_old_id3v1_tag_goes(mp3, plain_mp3):
    with mp3.open("ab") as file:
        file.write(b"TAG" + bytes(125))

    data = tagged(mp3).read_bytes()

    assert data[tag_size(data) :] == plain_mp3.read_bytes()


def test_a_title_of_500_letters_stays_whole(mp3):
    title = "Ngopi ☕ " * 62 + "akhir"

    tagged(mp3, episode=Episode(slug="x", guid="y", title=title))

    assert metadata(mp3)["title"] == title


def test_control_characters_and_broken_letters_vanish(mp3):
    episode = Episode(slug="x", guid="y", title="Kopi\x00\x07 dan\r\nteh\ud83d\x1b[31m\u0085")

    tagged(mp3, episode=episode, comment="satu\r\ndua\ttiga\x00\x0b")

    found = metadata(mp3)
    assert found["title"] == "Kopi dan teh[31m"
    assert found["comment"] == "satu\ndua tiga"


def test_an_episode_with_nothing_but_a_title_has_no_empty_frames(mp3):
    tagged(mp3, episode=Episode(slug="x", guid="y", title="Z"), comment="", cover_jpeg=None)

    assert sorted(name for name, _body in frames(mp3)) == sorted(
        ["TIT2", "TPE1", "TPE2", "TALB", "TCON", "TLAN", "TCOP", "TGID", "PCST", "WFED", "WOAS"]
    )
    assert metadata(mp3)["artist"] == "Bawaslu Kota"


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("id", "ind"),
        ("en-GB", "eng"),
        ("jv", "jav"),
        ("su", "sun"),
        ("ms", "msa"),
        ("AR", "ara"),
        ("zh-Hans", "zho"),
        ("fr", "und"),
    ],
)
def test_languages_are_those_of_iso_639_2_or_undetermined(mp3, tag, code):
    found = dict(frames(tagged(mp3, show=replace(SHOW, language=tag))))

    assert text_of(found["TLAN"]) == code
    assert found["COMM"][1:4].decode("ascii") == code


@pytest.mark.parametrize(
    ("written", "published", "expected"),
    [
        ("© Bawaslu Kota", True, "2022 Bawaslu Kota"),
        ("Copyright (c) 2019 Bawaslu", True, "2019 Bawaslu"),
        ("Bawaslu", False, "Bawaslu"),
    ],
)
def test_copyright_begins_with_a_year_and_a_space(mp3, written, published, expected):
    """ID3v2.3, 4.2.1: TCOP must begin with a year and a space; readers add the sign."""
    episode = EPISODE if published else Episode(slug="x", guid="y", title="Z")

    found = dict(frames(tagged(mp3, episode=episode, show=replace(SHOW, copyright=written))))

    assert text_of(found["TCOP"]) == expected


def test_a_file_that_cannot_be_written_is_a_disk_error(tmp_path):
    with pytest.raises(DiskError) as caught:
        tagged(tmp_path)

    assert str(tmp_path) in caught.value.message


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on file sizes is a POSIX thing")
def test_a_full_disk_is_told_with_the_systems_reason(mp3):
    """A process that may write no more than 20 kB stands for the full disk."""
    program = f"""
import resource, signal
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
from ngopi.errors import DiskError
from ngopi.model import Episode, Show
from ngopi.tags import write_tags
show = Show(name="n", title="t", description="d", author="a", language="id", category="c",
            timezone="Asia/Jakarta", public_url="https://x.example")
try:
    write_tags(Path({str(mp3)!r}), episode=Episode(slug="s", guid="g", title="t"), show=show,
               comment="", cover_jpeg=bytes(50_000))
except DiskError as error:
    print(error.message)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert "File too large" in done.stdout


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
def test_ffprobe_has_no_complaint(mp3):
    tagged(mp3, cover_jpeg=make_cover("Ngopi", "Bawaslu"))

    done = subprocess.run(
        ["ffprobe", "-v", "warning", "-show_entries", "format_tags=title,date", str(mp3)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )

    assert f"TAG:title={EPISODE.title}" in done.stdout
    assert done.stderr == ""


@pytest.mark.skipif(shutil.which("eyeD3") is None, reason="eyeD3 is not installed")
def test_eyed3_reads_the_tag(mp3):
    done = subprocess.run(
        ["eyeD3", "--no-color", "-v", str(tagged(mp3))],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )

    assert "ID3 v2.3" in done.stdout
    assert EPISODE.title in done.stdout
    assert "track: 7" in done.stdout
    assert "FRONT_COVER" in done.stdout
