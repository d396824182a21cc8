"""In which order parts follow each other, and how they are told from tracks of one moment."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ngopi.audio.moment import why_together
from ngopi.audio.order import in_order, named_as_parts
from ngopi.audio.recording.tags import language_of, name_of, part_of, recorded_at
from ngopi.model import Recording

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def part(name, *, minutes=10.0, recorded=None, number=None):
    return Recording(
        path=Path(name),
        duration_s=minutes * 60,
        sample_rate_hz=48000,
        channels=1,
        codec="aac",
        size_bytes=1,
        part=number,
        recorded=None if recorded is None else NOON + timedelta(minutes=recorded),
    )


@pytest.mark.parametrize(
    "names",
    [
        ("part1.wav", "part2.wav", "part10.wav"),
        ("ZOOM0001.WAV", "ZOOM0002.WAV"),
        ("001.mp3", "002.mp3", "011.mp3"),
        ("Rapat 2.m4a", "Rapat 11.m4a"),
        ("GX010123.MP4", "GX020123.MP4", "GX030123.MP4", "GX010124.MP4"),
        ("GOPR0123.MP4", "GP010123.MP4", "GP020123.MP4"),
        ("rekaman.m4a", "rekaman (2).m4a", "rekaman (10).m4a"),
        ("rekaman-a.wav", "rekaman-b.wav"),
        ("A.wav", "B.wav", "C.wav"),
        ("bagian satu.m4a", "bagian dua.m4a", "bagian tiga.m4a"),
        ("first_half.wav", "second_half.wav"),
        ("rapat-pertama.wav", "rapat-kedua.wav", "rapat-ketiga.wav"),
        ("2026-11-27 10.00.mkv", "2026-11-27 11.30.mkv"),
        ("27-11-2026 10.00.mkv", "01-12-2026 09.00.mkv"),
        ("Bagian 1 dari 3.wav", "bagian 2 dari 3.wav"),
    ],
)
def test_names_tell_the_order_whatever_the_shell_made_of_it(names):
    for given in (names[::-1], sorted(names), [*names[1:], names[0]]):
        found = in_order([part(name) for name in given])

        assert [each.path.name for each in found.parts] == list(names)
        assert found.by == "name"


def test_tags_tell_where_names_do_not():
    first = part("pembukaan.m4a", recorded=0)
    second, third = part("isi.m4a", recorded=10), part("penutup.m4a", recorded=25)

    found = in_order([third, first, second])

    assert (found.parts, found.by) == ((first, second, third), "tag")
    assert in_order([part("b.mp3", number=1), part("isi.mp3", number=2)][::-1]).parts[0].part == 1


def test_a_tag_against_the_names_is_told():
    first, second = part("part1.m4a", recorded=60), part("part2.m4a", recorded=0)

    found = in_order([first, second])

    assert found.parts == (first, second)
    assert found.otherwise == (second, first)


def test_the_clock_of_files_tells_only_if_they_lie_as_far_apart_as_they_last(tmp_path):
    files = [tmp_path / "z-pagi.wav", tmp_path / "siang.wav"]
    for minutes, path in zip((0, 30), files, strict=True):
        path.write_bytes(b"")
        os.utime(path, (NOON.timestamp() + minutes * 60,) * 2)
    written_as_recorded = in_order([part(files[1]), part(files[0])])
    os.utime(files[0], (NOON.timestamp() + 30 * 60 - 2,) * 2)

    copied = in_order([part(files[1]), part(files[0])])

    assert [each.path for each in written_as_recorded.parts] == files
    assert written_as_recorded.by == "time"
    assert ([each.path for each in copied.parts], copied.by) == (files[::-1], "given")


@pytest.mark.parametrize(
    ("names", "are_parts"),
    [
        (("wawancara part 1.wav", "wawancara part 2.wav"), True),
        (("bagian_satu.wav", "bagian_dua.wav"), True),
        (("GX010123.MP4", "GX020123.MP4"), True),
        (("rani.wav", "bayu.wav"), False),
        (("ZOOM0001_Tr1.WAV", "ZOOM0001_Tr2.WAV"), False),
        (("1-rani.flac", "2-bayu.flac"), False),
        (("partisipasi1.wav", "partisipasi2.wav"), False),
    ],
)
def test_names_that_say_part(names, are_parts):
    assert named_as_parts([part(name) for name in names]) is are_parts


def by_turns():
    """Let two speak, and each be silent while the other does, in stretches of 3 s."""
    ticks = np.arange(60 * 100)
    first = ticks // 300 % 2 == 0
    quiet, loud = 1e-9, 1e-3
    return np.where(first, loud, quiet), np.where(first, quiet, loud)


@pytest.mark.parametrize(
    ("parts", "doubt"),
    [
        ([part("rani.wav"), part("bayu.wav")], "one is silent while another one speaks"),
        ([part("rani.wav", recorded=0), part("bayu.wav", recorded=0)], "began together"),
        ([part("a1.wav"), part("a2.wav")], None),
        ([part("GX010123.MP4", recorded=0), part("GX020123.MP4", recorded=0)], None),
        ([part("rani.wav", recorded=0), part("bayu.wav", recorded=10)], None),
        ([part("pembukaan.wav", minutes=3), part("isi.wav", minutes=40)], None),
    ],
)
def test_equal_lengths_without_an_order_may_be_tracks(parts, doubt):
    found = why_together(parts, by_turns)

    assert found is None if doubt is None else doubt in found


def test_tags_are_read_as_recorders_write_them():
    bext = {"date": "2026-11-22", "creation_time": "13:00:00"}

    assert recorded_at(bext) == datetime(2026, 11, 22, 13, tzinfo=UTC)
    assert recorded_at({"creation_time": "2026-11-22T13:00:00.000000Z"}) == recorded_at(bext)
    assert recorded_at({"creation_time": "1904-01-01T00:00:00Z"}) is None
    assert recorded_at({"date": "2026"}) is None
    assert (part_of({"TRACK": "2/5"}), part_of({"track": "dua"})) == (2, None)
    assert (language_of({"language": "und"}), language_of({"language": "ind"})) == (None, "ind")
    assert name_of({"handler_name": "SoundHandler"}) is None
    assert name_of({"title": "Mic/Aux", "handler_name": "SoundHandler"}) == "Mic/Aux"
