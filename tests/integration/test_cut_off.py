"""Files that end in the middle: mastered, and told; whole files, of which nothing is said."""

import struct

import av
import pytest

import speech
from ngopi.audio.recording import decode, probe

LENGTH_S = 12.0


def ignore(_seconds):
    """Nobody watches."""


def decoded(path):
    with decode(probe(path), channels=None, advance=ignore) as pcm:
        return pcm.duration_s, pcm.mended


def vbri(path):
    """Put a VBRI header in front of the frames of an MP3, as Fraunhofer's encoder does."""
    content = path.read_bytes()
    length = 144 * 128_000 // 48_000
    frames, rest = divmod(len(content), length)
    assert not rest
    head = content[:4] + bytes(32)
    head += struct.pack(">4sHHHIIHHHH", b"VBRI", 1, 576, 75, len(content), frames, 0, 1, 2, 1)
    path.write_bytes(head.ljust(length, b"\0") + content)
    return path


# Name, codec, options of the container, bit rate: files that state their length …
STATING = {
    "wav": ("a.wav", "pcm_s16le", {}, None),
    "wav 24": ("a.wav", "pcm_s24le", {}, None),
    "rf64": ("a.wav", "pcm_s16le", {"rf64": "always"}, None),
    "w64": ("a.w64", "pcm_s16le", {}, None),
    "aiff": ("a.aiff", "pcm_s16be", {}, None),
    "caf": ("a.caf", "pcm_s16le", {}, None),
    "flac": ("a.flac", "flac", {}, None),
    "mp3": ("a.mp3", "libmp3lame", {}, 128_000),
    "vbri": ("a.mp3", "libmp3lame", {"write_xing": "0", "id3v2_version": "0"}, 128_000),
    "m4a": ("a.m4a", "aac", {"movflags": "faststart"}, None),
    "mp4": ("a.mp4", "aac", {"movflags": "faststart"}, None),
    "mkv": ("a.mkv", "flac", {}, None),
    "mka": ("a.mka", "aac", {}, None),
    "webm": ("a.webm", "libopus", {}, None),
}
# … and files that do not.
SILENT = {
    "mp3": ("a.mp3", "libmp3lame", {"write_xing": "0"}, 128_000),
    "aac": ("a.aac", "aac", {}, None),
    "opus": ("a.opus", "libopus", {}, None),
    "ogg": ("a.ogg", "vorbis", {}, None),
    "oga": ("a.oga", "flac", {}, None),
    "fragments": (
        "a.mp4",
        "aac",
        {"movflags": "frag_keyframe+empty_moov", "frag_duration": "500000"},
        None,
    ),
    "live webm": ("a.webm", "libopus", {"live": "1"}, None),
    "live mkv": ("a.mkv", "flac", {"live": "1"}, None),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return a function that writes a kind of file once and returns its bytes."""
    folder, known = tmp_path_factory.mktemp("whole"), {}

    def write(kind, kinds):
        if (kind, kinds is STATING) not in known:
            name, codec, options, bit_rate = kinds[kind]
            # FFmpeg's own Vorbis encoder knows no other number.
            sound = speech.voice(LENGTH_S, channels=2 if codec == "vorbis" else 1)
            path = speech.write(
                folder / name,
                sound,
                codec=codec,
                options=options,
                bit_rate=bit_rate,
            )
            if kind == "vbri":
                vbri(path)
            known[kind, kinds is STATING] = name, path.read_bytes()
        return known[kind, kinds is STATING]

    return write


@pytest.mark.parametrize("share", [0.42, 0.7, 0.93])
@pytest.mark.parametrize("kind", STATING)
def test_a_file_that_was_cut_says_how_much_is_missing(written, tmp_path, kind, share):
    name, content = written(kind, STATING)
    path = tmp_path / name
    path.write_bytes(content[: round(len(content) * share)])

    found_s, mended = decoded(path)

    assert 0.3 * LENGTH_S < found_s < LENGTH_S - 0.2
    assert [(what.name, what.at_s) for what in mended] == [
        ("cut-short", pytest.approx(LENGTH_S - found_s, abs=0.1))
    ]


@pytest.mark.parametrize("share", [0.42, 0.7, 0.93])
@pytest.mark.parametrize("kind", SILENT)
def test_a_file_that_was_cut_and_states_no_length_says_so(written, tmp_path, kind, share):
    name, content = written(kind, SILENT)
    path = tmp_path / name
    path.write_bytes(content[: round(len(content) * share)])

    found_s, mended = decoded(path)

    assert 0.3 * LENGTH_S < found_s < LENGTH_S - 0.2
    assert [what.name for what in mended] == ["cut-off"]


@pytest.mark.parametrize(("kinds", "kind"), [(k, n) for k in (STATING, SILENT) for n in k])
def test_nothing_is_said_of_a_whole_file(written, tmp_path, kinds, kind):
    name, content = written(kind, kinds)
    path = tmp_path / name
    path.write_bytes(content)

    found_s, mended = decoded(path)

    assert found_s == pytest.approx(LENGTH_S, abs=0.15)
    assert mended == ()


def test_sound_that_ends_before_the_pictures_was_not_cut(tmp_path):
    for name in ("a.mkv", "a.mp4"):
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            video = speech.add_video(container)
            stream = container.add_stream("aac", rate=48000, layout="mono")
            for number in range(60):
                frame = av.VideoFrame(64, 64, "yuv420p")
                frame.pts = number
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
            speech.add_sound(container, stream, speech.voice(4.0), 48000)
            container.mux(stream.encode(None))

        assert decoded(path)[1] == ()


NEVER_WRITTEN = [0, 0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF, 0x7FFFF000, 0x80000000, 0xFFFFFFFF - 36]


@pytest.mark.parametrize("length", NEVER_WRITTEN, ids=hex)
def test_a_length_that_was_never_written_is_no_length(tmp_path, length):
    path = speech.write_wav(tmp_path / "a.wav", speech.voice(2.0))
    content = bytearray(path.read_bytes())
    content[4:8] = struct.pack("<I", min(length + 36, 0xFFFFFFFF))
    content[40:44] = struct.pack("<I", length)
    path.write_bytes(content)

    found_s, mended = decoded(path)

    assert found_s == pytest.approx(2.0)
    assert mended == ()


def test_a_few_bytes_too_many_in_a_header_are_no_cut(tmp_path):
    path = speech.write_wav(tmp_path / "a.wav", speech.voice(2.0))
    content = bytearray(path.read_bytes())
    content[40:44] = struct.pack("<I", 2 * 96000 + 44)
    path.write_bytes(content)

    assert decoded(path)[1] == ()


@pytest.mark.parametrize("tags", [b"TAG" + b"Rapat".ljust(125, b"\0"), b"APETAGEX" + b"\0" * 60])
def test_tags_behind_the_last_frame_are_no_cut(written, tmp_path, tags):
    name, content = written("mp3", SILENT)
    path = tmp_path / name
    path.write_bytes(content + tags)

    assert decoded(path)[1] == ()


def test_no_length_is_guessed_where_more_follows_than_an_mp3_states(written, tmp_path):
    """As where two were put behind each other, of which the first has the higher bit rate."""
    name, content = written("mp3", STATING)
    low = speech.write(
        tmp_path / "low.mp3", speech.voice(LENGTH_S), codec="libmp3lame", bit_rate=32_000
    )
    path = tmp_path / name
    path.write_bytes(low.read_bytes() + content)
    padded = tmp_path / "padded.mp3"
    padded.write_bytes(content + bytes(len(content) // 8))

    for each, expected_s in ((padded, LENGTH_S), (path, 2 * LENGTH_S)):
        length_s, mended = decoded(each)
        assert length_s == pytest.approx(expected_s, abs=0.2)
        assert not [what for what in mended if what.name.startswith("cut")]


def test_two_links_the_last_of_which_was_cut_tell_of_both(written, tmp_path):
    name, content = written("opus", SILENT)
    path = tmp_path / name
    path.write_bytes(content + content[: len(content) // 2])

    assert [what.name for what in decoded(path)[1]] == ["parts", "cut-off"]


@pytest.mark.parametrize(
    ("kind", "kinds", "told"),
    [("wav", STATING, "The recording ends 3.6 s before"), ("opus", SILENT, "The file ends in the")],
)
def test_a_cut_file_is_told_wherever_the_master_is(
    ngopi, show, written, tmp_path, caplog, kind, kinds, told
):
    name, content = written(kind, kinds)
    path = tmp_path / f"rapat{name[1:]}"
    path.write_bytes(content[: round(len(content) * 0.7)])

    made = ngopi("ingest", path, "--no-publish")

    assert made.status == 0, made.err
    assert told in made.err
    assert told in ngopi("show", "rapat").out
    name = "cut-short" if kinds is STATING else "cut-off"
    assert f'{{name = "{name}"' in (show / "episodes/rapat/audio.toml").read_text("utf-8")
    mastered = ngopi("master", path, tmp_path / "rapat.mp3", "--json")
    assert name in [what["name"] for what in mastered.json["done"]]
    assert ngopi("measure", path).status == 0
    assert "ends " in caplog.text
