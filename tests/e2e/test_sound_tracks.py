"""Files with several sound tracks: nobody is dropped silently, nobody is heard twice."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.stream import Disposition

from other_meter import decoded
from rooms import noise, people
from speech import RATE_HZ, add_sound, tone, write_wav

SHORT_S = 20


def written(path, *tracks, languages=(), titles=(), codec="pcm_s16le", default=None, video=False):
    """Write *tracks*, float32 (frames, channels), beside each other into one file."""
    with av.open(str(path), "w") as container:
        if video:
            pictures = container.add_stream("mpeg4", rate=5)
            pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
        streams = []
        for number, sound in enumerate(tracks):
            layout = {1: "mono", 2: "stereo"}[sound.shape[1]]
            stream = container.add_stream(codec, rate=RATE_HZ, layout=layout)
            if number == default:
                stream.disposition = Disposition.default
            for name, values in (("language", languages), ("title", titles)):
                if number < len(values):
                    stream.metadata[name] = values[number]
            streams.append(stream)
        for stream, sound in zip(streams, tracks, strict=True):
            add_sound(container, stream, sound, RATE_HZ)
            container.mux(stream.encode(None))
    return path


def short(sound):
    return sound[: SHORT_S * RATE_HZ]


@pytest.fixture(scope="module")
def host_and_guest():
    return tuple(short(voice) + noise(short(voice), -75, seed=n)
                 for n, voice in enumerate(people()))  # fmt: skip


@pytest.fixture
def out(tmp_path):
    return tmp_path / "hasil.mp3"


def done(made):
    assert made.status == 0, made.err
    return [(each["name"], each["count"]) for each in made.json["done"] if "sound" in each["name"]]


def share(path, voice):
    """Return how much of *voice* is in the MP3, 1 being all that is heard while it speaks."""
    sound, rate_hz = decoded(path)
    assert rate_hz == RATE_HZ
    sound = sound.mean(axis=1)
    size = 1 << (len(sound) + len(voice)).bit_length()
    product = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(voice[:, 0], size))
    best = np.abs(np.fft.irfft(product, size)).max()
    return best / np.sqrt(np.sum(voice**2) * np.sum(sound**2))


@pytest.mark.parametrize("name", ["a.mkv", "a.mov"])
def test_one_person_a_track_are_all_heard(ngopi, host_and_guest, tmp_path, out, name):
    path = written(
        tmp_path / name, *host_and_guest, titles=("Rani", "Bayu"), languages=("ind", "ind")
    )

    told, made = ngopi("master", path, out), ngopi("master", path, out, "--yes", "--json")

    assert done(made) == [("sound-mixed", 2)]
    assert all(share(out, voice) > 0.3 for voice in host_and_guest)
    lines = told.err.splitlines()
    at = lines.index(f"{name} has several sound tracks:")
    assert all(word in lines[at + 1] for word in ("1:", "ind", "0:20", "LUFS", "taken"))
    assert all(word in lines[at + 2] for word in ("2:", "LUFS", "taken"))
    assert "2 sound tracks of the file were mixed." in lines
    if name.endswith("mkv"):
        assert '"Rani"' in lines[at + 1]


def test_a_silent_first_track_is_passed_over(ngopi, host_and_guest, tmp_path, out):
    silence = np.zeros_like(host_and_guest[0])
    path = written(tmp_path / "a.mp4", silence, host_and_guest[0], codec="aac", video=True)

    told, made = ngopi("master", path, out), ngopi("master", path, out, "--yes", "--json")

    assert done(made) == [("sound-taken", 2), ("sound-silent", 1)]
    assert share(out, host_and_guest[0]) > 0.5
    assert "  1: 0:20 · silent" in told.err
    assert "Sound track 1 of the file is silent." in told.err


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("mhg", [("sound-taken", 1), ("sound-left", 2), ("sound-left", 3)]),
        ("hmg", [("sound-taken", 2), ("sound-left", 1), ("sound-left", 3)]),
        ("mg", [("sound-taken", 1), ("sound-left", 2)]),
        ("hh", [("sound-taken", 1), ("sound-left", 2)]),
    ],
)
def test_a_track_that_holds_all_is_taken_alone(
    ngopi, host_and_guest, tmp_path, out, order, expected
):
    host, guest = host_and_guest
    tracks = {"h": host, "g": guest, "m": host + guest}
    path = written(tmp_path / "a.mkv", *(tracks[letter] for letter in order), codec="aac")

    made = ngopi("master", path, out, "--json")

    assert done(made) == expected


def test_the_mix_and_each_alone_do_not_double_when_mixed(ngopi, host_and_guest, tmp_path, out):
    host, guest = host_and_guest
    path = written(tmp_path / "a.mkv", host + guest, host, guest)

    made = ngopi("master", path, out, "--sound", "mix", "--json")

    assert done(made) == [("sound-mixed", 3)]
    assert ("track-sum", 1) in [(each["name"], each["count"]) for each in made.json["done"]]


def test_languages_are_not_laid_over_each_other(ngopi, host_and_guest, tmp_path, out):
    path = written(tmp_path / "a.mkv", *host_and_guest, languages=("eng", "ind"), default=1)

    made = ngopi("master", path, out, "--json")

    assert done(made) == [("sound-taken", 2), ("sound-left", 1)]


def test_sound_chooses_one(ngopi, host_and_guest, tmp_path, out):
    path = written(tmp_path / "a.mkv", *host_and_guest)

    made = ngopi("master", path, out, "--sound", "2", "--json")

    assert done(made) == [("sound-taken", 2), ("sound-unheard", 1)]
    assert share(out, host_and_guest[0]) < 0.1
    assert share(out, host_and_guest[1]) > 0.5


@pytest.mark.parametrize("wish", ["0", "-1", "1.5", "dua", ""])
def test_a_sound_that_is_no_number_is_a_usage_error(ngopi, host_and_guest, tmp_path, out, wish):
    path = written(tmp_path / "a.mkv", *host_and_guest)

    made = ngopi("--json", "master", path, out, "--sound", wish)

    assert (made.status, made.error["code"]) == (2, "usage")
    assert "--sound" in made.error["message"]
    assert not out.exists()


def test_a_number_that_is_not_there_is_told_with_those_that_are(
    ngopi, host_and_guest, tmp_path, out
):
    path = written(tmp_path / "a.mkv", *host_and_guest)
    alone = write_wav(tmp_path / "a.wav", host_and_guest[0])

    for command in (("master", path, out, "--sound", 3), ("measure", path, "--sound", 3)):
        made = ngopi("--json", *command)
        assert (made.status, made.error["code"]) == (2, "no-such-sound")
        assert "1, 2" in made.error["message"]
    assert ngopi("--json", "master", alone, out, "--sound", 2).status == 2
    assert not out.exists()
    assert ngopi("master", alone, out, "--sound", 1).status == 0


def test_two_steady_tones_are_two_sounds(ngopi, tmp_path, out):
    path = written(tmp_path / "a.mkv", tone(6, hz=440), tone(6, hz=880))

    made = ngopi("master", path, out, "--json")

    assert done(made) == [("sound-mixed", 2)]


def test_measure_tells_of_each_track(ngopi, host_and_guest, tmp_path):
    host, guest = host_and_guest
    path = written(tmp_path / "a.mkv", host, 0.5 * guest)

    every = ngopi("measure", path, "--json").json
    second = ngopi("measure", path, "--sound", "2", "--json").json

    assert [each["sound"] for each in every] == [1, 2]
    assert every[0]["integrated_lufs"] > every[1]["integrated_lufs"] + 3
    assert second == every[1:]
    assert "a.mkv, sound track 2" in ngopi("measure", path).out


def test_an_episode_remembers_which_was_taken(ngopi, show, host_and_guest, tmp_path):
    path = written(tmp_path / "rapat.mkv", *host_and_guest)

    made = ngopi("ingest", path, "--sound", "1", "--no-publish")
    again = ngopi("replace", "rapat", path, "--sound", "2")

    assert made.status == again.status == 0, again.err
    told = ngopi("show", "rapat").out
    assert "Of the file's sound tracks, number 2 was taken." in told
    assert 'name = "sound-taken", count = 2' in (
        show / "episodes" / "rapat" / "audio.toml"
    ).read_text("utf-8")


def test_what_is_too_short_is_said_of_several_tracks_too(ngopi, tmp_path, out):
    path = written(tmp_path / "a.mkv", tone(0.3), tone(0.3))

    made = ngopi("--json", "master", path, out)

    assert (made.status, made.error["code"]) == (65, "too-short-recording")


def test_it_is_said_of_which_track_something_was_found(ngopi, show, host_and_guest, tmp_path):
    host, guest = host_and_guest
    hum = np.sin(2 * np.pi * 50 * np.arange(len(guest)) / RATE_HZ)[:, None]
    together = written(tmp_path / "a.mkv", host, (guest + 0.02 * hum).astype(np.float32))

    made = ngopi("master", together, tmp_path / "hasil.mp3", "--json")

    assert [each["track"] for each in made.json["done"] if each["name"] == "hum"] == [2]


def test_a_sound_is_chosen_where_there_is_a_choice(ngopi, host_and_guest, tmp_path, out):
    """Beside a file with several, one with a single sound is taken as it is."""
    host, guest = host_and_guest
    several = written(tmp_path / "rapat 1.mkv", host, guest)
    alone = [write_wav(tmp_path / f"rapat {n}.wav", n / 3 * tone(2)) for n in (2, 3)]

    made = ngopi("master", several, alone[0], out, "--sound", "2", "--json")
    none = ngopi("--json", "master", *alone, tmp_path / "lain.mp3", "--sound", "2")

    taken = [each for each in made.json["done"] if each["name"] == "sound-taken"]
    assert [(each["count"], each["part"]) for each in taken] == [(2, 1)]
    assert share(out, guest) > 0.5
    assert (none.status, none.error["code"]) == (2, "no-such-sound")


def test_a_silent_track_beside_two_people_is_said_and_not_mixed(
    ngopi, host_and_guest, tmp_path, out
):
    silence = np.zeros_like(host_and_guest[0])
    path = written(tmp_path / "a.mkv", silence, *host_and_guest)

    made = ngopi("master", path, out, "--json")

    assert done(made) == [("sound-mixed", 2), ("sound-silent", 1)]


def test_a_track_of_which_nothing_was_written_is_silent(ngopi, host_and_guest, tmp_path, out):
    """As a recorder leaves it that died; no length is told where the file states none."""
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w", options={"live": "1"}) as container:
        first, _ = (container.add_stream("aac", rate=RATE_HZ, layout="mono") for _ in range(2))
        add_sound(container, first, host_and_guest[0], RATE_HZ)
        container.mux(first.encode(None))

    chosen = ngopi("master", path, out)
    made = ngopi("master", path, out, "--yes", "--json")
    mixed = ngopi("master", path, out, "--yes", "--sound", "mix", "--json")

    assert "  2: silent" in chosen.err.splitlines()
    assert done(made) == [("sound-taken", 1), ("sound-silent", 2)]
    assert ("track-silent", 2) in [(each["name"], each["count"]) for each in mixed.json["done"]]
    assert share(out, host_and_guest[0]) > 0.5
