"""Several files: parts that follow one another, tracks of one moment, and telling them apart."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import tomllib

import av
import numpy as np
import pytest

from ngopi.__main__ import main
from other_meter import decoded
from refusals import tree
from rooms import noise, people
from speech import RATE_HZ, add_sound, write, write_wav

HALF_S = 21


@pytest.fixture(scope="module")
def talk():
    """The whole conversation, in one."""
    sound = sum(people())
    return sound + noise(sound, -75)


@pytest.fixture(scope="module")
def halves(talk, tmp_path_factory):
    """Two parts of one recording."""
    folder = tmp_path_factory.mktemp("halves")
    cut = HALF_S * RATE_HZ
    return (
        write_wav(folder / "rapat part2.wav", talk[cut:]),
        write_wav(folder / "rapat part1.wav", talk[:cut]),
    )


@pytest.fixture
def out(tmp_path):
    return tmp_path / "hasil.mp3"


def places(sound, *pieces):
    """Return in which second of *sound* each of *pieces* is heard, and how alike it is there."""
    found = []
    for piece in pieces:
        size = 1 << (len(sound) + len(piece)).bit_length()
        product = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(piece, size))
        correlated = np.fft.irfft(product, size)[: len(sound) - len(piece)]
        best = int(np.argmax(np.abs(correlated)))
        there = sound[best : best + len(piece)]
        alike = abs(correlated[best]) / np.sqrt(np.sum(piece**2) * np.sum(there**2))
        found.append((best / RATE_HZ, alike))
    return found


def mono(path):
    sound, rate_hz = decoded(path)
    assert rate_hz == RATE_HZ
    return sound.mean(axis=1)


# -- parts --------------------------------------------------------------------------------


def test_parts_are_joined_in_the_order_of_their_names_not_a_sample_lost(
    ngopi, halves, talk, tmp_path, out
):
    whole = write_wav(tmp_path / "rapat.wav", talk)
    told = ngopi("master", *halves, out)
    joined = mono(out)

    assert told.status == ngopi("master", whole, tmp_path / "whole.mp3").status == 0

    lines = told.err.splitlines()
    at = lines.index("Joined in this order, by their names:")
    assert lines[at + 1 : at + 4] == [
        "  1: rapat part1.wav · 0:21", "  2: rapat part2.wav · 0:24", "Together 0:45.",
    ]  # fmt: skip
    assert at < next(n for n, line in enumerate(lines) if line.startswith("Reading"))
    # A recording that was cut in two is what it was, over the joint too.
    at_once = mono(tmp_path / "whole.mp3")
    assert len(joined) == len(at_once)
    assert np.sqrt(np.mean((joined - at_once) ** 2)) < 1e-3


def test_the_episode_tells_where_each_part_begins(ngopi, show, halves, talk):
    made = ngopi("ingest", *halves, "--no-publish", "--json")

    assert made.status == 0, made.err
    written = tomllib.loads(
        (show / "episodes" / "rapat-part1" / "audio.toml").read_text(encoding="utf-8")
    )
    parts = [each for each in written["done"] if each["name"] == "part"]
    assert [each["count"] for each in parts] == [2]
    sound = mono(next(show.joinpath("media").iterdir()))
    cut = HALF_S * RATE_HZ
    begin = np.flatnonzero(np.abs(talk[cut:, 0]) > 0.05)[0] + cut
    ((heard_s, alike),) = places(sound, talk[begin : begin + RATE_HZ, 0])
    assert alike > 0.9
    assert parts[0]["at_s"] == pytest.approx(heard_s - (begin - cut) / RATE_HZ, abs=0.05)
    recording = written["recording"]
    assert recording["name"] == "rapat part1.wav + rapat part2.wav"
    assert recording["size_bytes"] == sum(path.stat().st_size for path in halves)


def test_parts_that_were_taken_in_are_known_and_can_be_replaced(ngopi, show, halves):
    assert ngopi("ingest", *halves, "--title", "Rapat", "--no-publish").status == 0

    again = ngopi("--json", "ingest", *halves[::-1], "--no-publish")
    replaced = ngopi("replace", "rapat", *halves)

    assert (again.status, again.error["code"]) == (65, "recording-known")
    assert replaced.status == 0, replaced.err
    assert ngopi("list", "--json").json[0]["state"] == "published"


def test_parts_of_other_rates_channels_and_kinds_are_joined(ngopi, talk, tmp_path, out):
    thirds = [talk[n * 15 * RATE_HZ : (n + 1) * 15 * RATE_HZ] for n in range(3)]
    slow = thirds[1][::2]
    paths = [
        write(tmp_path / "1.flac", np.repeat(thirds[0], 2, axis=1), codec="flac"),
        write_wav(tmp_path / "2.wav", slow, rate_hz=RATE_HZ // 2),
        write(tmp_path / "3.m4a", 0.2 * thirds[2], codec="aac", bit_rate=128_000),
    ]

    made = ngopi("master", *paths, out)

    assert made.status == 0, made.err
    pieces = [third[5 * RATE_HZ : 8 * RATE_HZ, 0] for third in thirds]
    found = places(mono(out), *pieces)
    assert all(alike > 0.8 for _, alike in found)
    assert np.diff([at_s for at_s, _ in found]) == pytest.approx([15, 15], abs=0.05)


def test_a_joint_of_two_that_do_not_fit_does_not_click(ngopi, tmp_path, out):
    loud = 0.3 * np.cos(2 * np.pi * 200 * np.arange(6 * RATE_HZ) / RATE_HZ)[:, None]
    paths = [
        write_wav(tmp_path / f"bagian {n}.wav", sign * loud.astype(np.float32))
        for n, sign in ((1, 1), (2, -1))
    ]

    assert ngopi("master", *paths, out, "--no-leveller").status == 0

    sound = mono(out)
    joint = sound[round(5.9 * RATE_HZ) : round(6.1 * RATE_HZ)]
    assert len(sound) == pytest.approx(12 * RATE_HZ, abs=1200)
    steady = np.abs(np.diff(sound[RATE_HZ : 2 * RATE_HZ])).max()
    assert np.abs(np.diff(joint)).max() < 1.6 * steady


def test_the_order_as_given_is_kept(ngopi, halves, talk, out):
    made = ngopi("master", *halves, out, "--as-given")

    assert made.status == 0, made.err
    first, second = (talk[n * RATE_HZ : (n + 3) * RATE_HZ, 0] for n in (24, 3))
    (first_s, _), (second_s, _) = places(mono(out), first, second)
    assert first_s < second_s


def test_clocks_against_names_are_told_and_asked(ngopi, talk, tmp_path, out):
    paths = []
    for number, hour in ((1, 14), (2, 13)):
        path = tmp_path / f"part{number}.mkv"
        with av.open(str(path), "w") as container:
            container.metadata["creation_time"] = f"2026-11-22T{hour}:00:00Z"
            stream = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
            add_sound(container, stream, talk[: 6 * RATE_HZ], RATE_HZ)
        paths.append(path)

    made = ngopi("--json", "master", *paths, out)

    assert (made.status, made.error["code"]) == (2, "order-unclear")
    assert "part1.mkv, part2.mkv" in made.error["message"]
    assert "part2.mkv, part1.mkv" in made.error["message"]
    command = made.error["hint"].split(": ", 1)[1]
    assert run_again(ngopi, command).status == 0


def test_one_file_named_twice_is_a_usage_error(ngopi, halves, out):
    made = ngopi("--json", "master", halves[0], halves[0], out)

    assert (made.status, made.error["code"]) == (2, "named-twice")


def test_a_copy_of_a_part_is_not_heard_twice(ngopi, halves, tmp_path, out):
    """As when a browser downloads the same file again."""
    copy = tmp_path / "rapat part1 (1).wav"
    copy.write_bytes(halves[1].read_bytes())

    made = ngopi("--json", "master", *halves, copy, out)

    assert (made.status, made.error["code"]) == (2, "copy-of-part")
    assert not out.exists()


@pytest.fixture(scope="module")
def pieces(talk, tmp_path_factory):
    """Six parts of one recording: a usual one, a short, a silent, a tiny, one cut off, one more."""
    folder = tmp_path_factory.mktemp("pieces")
    second = RATE_HZ
    cut = write_wav(folder / "r5.wav", talk[14 * second : 20 * second])
    cut.write_bytes(cut.read_bytes()[: 44 + 2 * 3 * second])
    return (
        write_wav(folder / "r1.wav", talk[: 8 * second]),
        write_wav(folder / "r2.wav", talk[8 * second : round(8.2 * second)]),
        write_wav(folder / "r3.wav", np.zeros((5 * second, 1), np.float32)),
        write_wav(folder / "r4.wav", talk[14 * second : 14 * second + 1, [0, 0]]),
        cut,
        write_wav(folder / "r6.wav", talk[20 * second : 32 * second]),
    )


def test_nothing_is_lost_or_added_whatever_a_part_is_like(ngopi, pieces, talk, out):
    told = ngopi("master", *pieces, out, "--json")

    assert told.status == 0, told.err
    sound = mono(out)
    lengths = (8, 0.2, 5, 1 / RATE_HZ, 3, 12)
    cut_s = sum(each["at_s"] for each in told.json["done"] if "trimmed" in each["name"])
    assert len(sound) / RATE_HZ + cut_s == pytest.approx(sum(lengths), abs=0.05)
    first, last = (talk[n * RATE_HZ : (n + 4) * RATE_HZ, 0] for n in (3, 26))
    (first_s, alike), (last_s, also) = places(sound, first, last)
    assert min(alike, also) > 0.9
    assert last_s - first_s == pytest.approx(sum(lengths[:5]) + 6 - 3, abs=0.01)


def test_it_is_said_which_part_is_silent_and_which_is_cut_off(ngopi, pieces, out):
    told = ngopi("master", *pieces, out, "--json")

    facts = [(each["name"], each["count"], each["part"]) for each in told.json["done"]]
    assert ("part-silent", 3, None) in facts
    assert ("cut-short", None, 5) in facts
    assert [count for name, count, _ in facts if name == "part-silent"] == [3]
    out.unlink()
    lines = ngopi("master", *pieces, out).err.splitlines()
    assert "Part 3 is silent." in lines
    assert any(line.startswith("Part 5: The recording ends 3.0 s before") for line in lines)


def test_a_part_begins_where_it_is_heard_after_a_cut(ngopi, pieces, out):
    told = ngopi("master", pieces[2], pieces[5], out, "--as-given", "--json")

    (begin,) = (each for each in told.json["done"] if each["name"] == "part")
    (cut,) = (each for each in told.json["done"] if each["name"] == "trimmed-start")
    assert cut["at_s"] > 3
    assert begin["at_s"] == pytest.approx(max(5 - cut["at_s"], 0), abs=0.05)


def test_parts_too_short_even_together_are_refused(ngopi, pieces, out):
    made = ngopi("--json", "master", pieces[1], pieces[3], out)

    assert (made.status, made.error["code"]) == (65, "too-short-recording")


def test_one_part_that_cannot_be_read_is_named_and_nothing_made(ngopi, pieces, tmp_path, out):
    broken = tmp_path / "r7.wav"
    broken.write_bytes(b"no sound at all" * 99)

    made = ngopi("--json", "master", *pieces, broken, out)

    assert (made.status, made.error["code"]) == (65, "not-a-recording")
    assert str(broken) in made.error["message"]
    assert not out.exists()


def test_a_pattern_is_taken_for_its_files_as_windows_leaves_it(ngopi, pieces, tmp_path, out):
    (tmp_path / "r[1].wav").write_bytes(pieces[0].read_bytes())

    made = ngopi("master", pieces[0].parent / "r?.wav", out)
    in_brackets = ngopi("measure", tmp_path / "r[1].*", "--json")
    none = ngopi("--json", "master", tmp_path / "x*.wav", tmp_path / "lain.mp3")

    assert made.status == 0, made.err
    assert "  6: r6.wav · 0:12" in made.err
    assert [each["path"] for each in in_brackets.json] == [str(tmp_path / "r[1].wav")]
    assert (none.status, none.error["code"]) == (66, "no-such-recording")


@pytest.mark.parametrize(
    "names", [("isi", "pembukaan", "penutup"), ("pembukaan", "penutup", "isi")]
)
def test_files_of_a_folder_in_no_order_are_asked_about(ngopi, pieces, tmp_path, out, names):
    """The shell lists ``*.wav`` by the alphabet; who named them in another order thought of it."""
    parts = []
    for name, piece in zip(names, (pieces[0], pieces[1], pieces[5]), strict=True):
        parts.append(tmp_path / f"{name}.wav")
        parts[-1].write_bytes(piece.read_bytes())
        os.utime(parts[-1], (1e9, 1e9))

    made = ngopi("--json", "master", *parts, out)

    if names != tuple(sorted(names)):
        assert made.status == 0, made.err
        return
    assert (made.status, made.error["code"]) == (2, "order-unknown")
    assert not out.exists()
    assert run_again(ngopi, made.error["hint"].split(": ", 1)[1]).status == 0


def test_the_next_part_is_never_written_over(ngopi, talk, tmp_path):
    paths = [
        write(tmp_path / f"rapat {n}.mp3", talk[: 5 * RATE_HZ], codec="mp3") for n in (1, 2, 3)
    ]
    before = paths[2].read_bytes()

    made = ngopi("--json", "master", *paths, "--yes")

    assert (made.status, made.error["code"]) == (65, "output-exists")
    assert paths[2].read_bytes() == before


def test_joining_can_be_interrupted_and_leaves_nothing(show, halves, monkeypatch):
    before = tree(show)

    class Terminal:
        def __init__(self):
            self.text = ""

        def write(self, text):
            self.text += text
            if "Surveying" in text:
                raise KeyboardInterrupt

        def flush(self):
            """Nothing waits."""

        def isatty(self):
            return False

    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", Terminal())
        status = main(["ingest", *map(str, halves), "--no-publish"])

    assert status == 130
    assert tree(show) == before


# -- tracks or parts ----------------------------------------------------------------------


@contextlib.contextmanager
def a_person_who_types(answers, monkeypatch):
    """Let a terminal be at the keyboard's end, on which *answers* are typed."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    os.write(ours, answers.encode())
    with os.fdopen(theirs, encoding="utf-8") as keyboard, monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", keyboard)
        yield
    os.close(ours)


def run_again(ngopi, command):
    """Run the *command* that a hint names."""
    words = shlex.split(command)
    return ngopi(*words[words.index("ngopi") + 1 :]) if "ngopi" in words else ngopi(*words[1:])


def halves_as_tracks(halves):
    return [word for path in halves for word in ("--track", path)]


def test_halves_are_not_laid_over_each_other_without_a_word(ngopi, show, halves):
    before = tree(show)

    made = ngopi("--json", "ingest", *halves_as_tracks(halves), "--title", "Rapat", "--no-publish")

    assert (made.status, made.error["code"]) == (2, "tracks-apart")
    assert tree(show) == before
    hint = made.error["hint"]
    joined = hint.split("follow one another: ")[1].split("; if they belong")[0]
    together = hint.split("belong together: ")[1]
    for command in (joined, together):
        assert all(shlex.quote(str(path)) in command for path in halves)
        assert "--title Rapat" in command
    assert "--track" not in joined
    assert run_again(ngopi, joined).status == 0
    assert ngopi("list", "--json").json[0]["duration_s"] == pytest.approx(44.5, abs=1.5)


def test_halves_of_one_length_and_any_name_are_seen_by_their_sound(ngopi, show, talk, tmp_path):
    half = len(talk) // 2
    tracks = []
    for name, sound in (("pagi", talk[:half]), ("siang", talk[half : 2 * half])):
        tracks += ["--track", write_wav(tmp_path / f"{name}.wav", sound)]

    made = ngopi("--json", "ingest", *tracks, "--no-publish")

    assert (made.status, made.error["code"]) == (2, "tracks-apart")
    assert "somebody speaks all the time" in made.error["message"]
    assert ngopi("ingest", *tracks, "--together", "--no-publish").status == 0


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 130)])
def test_a_person_is_asked(ngopi, show, halves, monkeypatch, answer, status):
    with a_person_who_types(answer, monkeypatch):
        made = ngopi("ingest", *halves_as_tracks(halves), "--no-publish")

    assert made.status == status, made.err
    assert "Lay them over each other as tracks of one moment?" in made.err


@pytest.mark.parametrize("noise_dbfs", [-140, -75])
@pytest.mark.parametrize("short_by_s", [0, 9])
def test_people_recorded_apart_are_mixed_without_a_question(
    ngopi, show, tmp_path, noise_dbfs, short_by_s
):
    host, guest = people()
    tracks = []
    for n, voice in enumerate((host, guest[: len(guest) - short_by_s * RATE_HZ])):
        sound = voice + noise(voice, noise_dbfs, seed=n)
        tracks += ["--track", write_wav(tmp_path / f"track{n}.wav", sound)]

    made = ngopi("ingest", *tracks, "--no-publish")

    assert made.status == 0, made.err


def test_tracks_that_hear_each_other_need_not_be_equally_long(ngopi, show, tmp_path):
    host, guest = people()
    first, second = host + 0.05 * guest, (guest + 0.05 * host)[round(15.5 * RATE_HZ) :]
    tracks = []
    for name, sound in (("part1", first), ("part2", second)):
        tracks += ["--track", write_wav(tmp_path / f"{name}.wav", sound + noise(sound, -80))]

    made = ngopi("ingest", *tracks, "--no-publish")

    assert made.status == 0, made.err
    assert "Track 2 was put 15.50 s later, where its sound belongs." in made.err


def test_tracks_named_without_track_are_asked_about(ngopi, show, tmp_path):
    host, guest = people()
    paths = [
        write_wav(tmp_path / "rani.wav", host + noise(host, -75)),
        write_wav(tmp_path / "bayu.wav", guest + noise(guest, -75)),
    ]

    made = ngopi("--json", "ingest", *paths, "--title", "Obrolan", "--no-publish")

    assert (made.status, made.error["code"]) == (2, "parts-together")
    together = made.error["hint"].split("belong together: ")[1].split("; if they follow")[0]
    assert together.count("--track") == 2
    assert run_again(ngopi, together).status == 0


def test_parts_and_tracks_at_once_are_a_usage_error(ngopi, show, halves):
    made = ngopi("--json", "ingest", *halves, "--track", halves[0])

    assert (made.status, made.error["code"]) == (2, "tracks-or-parts")
