"""Several recordings in one file, and what stands before one: all of the sound, in its order."""

import struct

import numpy as np
import pytest

import speech
from ngopi.audio.recording import decode, probe, windows
from ngopi.errors import DamagedRecordingError, NotARecordingError


def ignore(_seconds):
    """Nobody watches."""


def decoded(path):
    with decode(probe(path), channels=None, advance=ignore) as pcm:
        return pcm.read(0, pcm.frames), pcm


def pitches_hz(sound, seconds, rate_hz=48000):
    """Return the pitch of each stretch of *seconds*, away from its ends."""
    starts = np.cumsum([0, *seconds[:-1]])
    pieces = [
        sound[round((start + 0.2) * rate_hz) : round((start + length - 0.2) * rate_hz), 0]
        for start, length in zip(starts, seconds, strict=True)
    ]
    return [
        round(np.argmax(np.abs(np.fft.rfft(piece * np.hanning(len(piece))))) * rate_hz / len(piece))
        for piece in pieces
    ]


def glued(path, *files):
    path.write_bytes(b"".join(file.read_bytes() for file in files))
    return path


# -- an Ogg chain -------------------------------------------------------------------------

LINKS = {
    # codec, ending, and of each link: seconds, pitch, rate, channels
    "opus": ("libopus", "opus", [(2, 300, 48000, 1), (1, 500, 48000, 2), (3, 900, 48000, 1)]),
    "vorbis": ("vorbis", "ogg", [(2, 300, 48000, 2), (1, 500, 44100, 2), (3, 900, 32000, 2)]),
    "flac": ("flac", "oga", [(2, 300, 44100, 2), (1, 500, 48000, 1), (3, 900, 16000, 1)]),
}


@pytest.mark.parametrize(("codec", "ending", "links"), LINKS.values(), ids=LINKS)
def test_all_links_of_an_ogg_chain_are_read_in_their_order(tmp_path, codec, ending, links):
    files = [
        speech.write(
            tmp_path / f"{number}.{ending}",
            speech.tone(seconds, hz=hz, rate_hz=rate_hz, channels=channels),
            rate_hz,
            codec=codec,
        )
        for number, (seconds, hz, rate_hz, channels) in enumerate(links)
    ]
    path = glued(tmp_path / f"chain.{ending}", *files)

    recording = probe(path)
    found, pcm = decoded(path)
    measured = np.concatenate(list(windows(recording, advance=ignore)))

    assert recording.duration_s == pytest.approx(6, abs=0.05)
    assert recording.channels == pcm.channels == 2
    assert pcm.duration_s == pytest.approx(6, abs=0.05)
    seconds = [link[0] for link in links]
    heard_hz = [link[1] for link in links]
    assert pitches_hz(found, seconds, pcm.sample_rate_hz) == pytest.approx(heard_hz, abs=2)
    assert pitches_hz(measured, seconds, recording.sample_rate_hz) == pytest.approx(heard_hz, abs=2)
    assert [(what.name, what.count) for what in pcm.mended] == [("parts", 3)]


@pytest.fixture(scope="module")
def opus(tmp_path_factory):
    path = tmp_path_factory.mktemp("parts") / "satu.opus"
    return speech.write(path, speech.tone(2, hz=300), codec="libopus", title="Rapat")


def test_many_links_with_one_serial_number_are_read(opus, tmp_path):
    path = glued(tmp_path / "chain.opus", *[opus] * 12)

    found, _ = decoded(path)

    assert len(found) == 12 * 2 * 48000
    assert probe(path).title == "Rapat"


def test_links_of_different_codecs_are_read(opus, tmp_path):
    other = speech.write(tmp_path / "b.ogg", speech.tone(2, hz=700, channels=2), codec="vorbis")
    path = glued(tmp_path / "chain.ogg", opus, other, opus)

    found, _ = decoded(path)

    assert pitches_hz(found, [2, 2, 2]) == pytest.approx([300, 700, 300], abs=2)


def test_what_lies_between_links_is_skipped(opus, tmp_path):
    junk = tmp_path / "junk"
    junk.write_bytes(np.random.default_rng(1).integers(0, 256, 70_000, np.uint8).tobytes())
    path = glued(tmp_path / "chain.opus", opus, junk, opus)

    found, _ = decoded(path)

    assert len(found) == pytest.approx(4 * 48000, abs=4000)
    assert pitches_hz(found[-96000:], [2]) == pytest.approx([300], abs=2)


def test_a_link_that_cannot_be_read_is_told_and_the_others_are_kept(opus, tmp_path):
    broken = tmp_path / "rusak"
    broken.write_bytes(opus.read_bytes().replace(b"OpusHead", b"OpusDead"))
    path = glued(tmp_path / "chain.opus", opus, broken, opus)

    found, pcm = decoded(path)

    assert len(found) == 4 * 48000
    assert [(what.name, what.count) for what in pcm.mended] == [("parts", 2), ("lost-parts", 1)]


def test_a_chain_of_nothing_but_beginnings_is_refused(opus, tmp_path):
    page = opus.read_bytes()[: opus.read_bytes().index(b"OggS", 4)]
    other = page[:5] + b"\0" + page[6:]
    path = tmp_path / "chain.opus"
    path.write_bytes((page + other) * 20_000)

    with pytest.raises(DamagedRecordingError):
        probe(path)


def test_a_chain_is_told_wherever_the_master_is(ngopi, show, tmp_path):
    voice = speech.write(tmp_path / "satu.opus", speech.voice(2.0), codec="libopus")
    path = glued(tmp_path / "rapat.opus", voice, voice, voice)

    made = ngopi("ingest", path, "--no-publish")

    assert made.status == 0, made.err
    assert "several recordings, which follow each other here: 3." in made.err
    assert "which follow each other here: 3." in ngopi("show", "rapat").out


# -- others, glued ------------------------------------------------------------------------

OTHERS = [
    ("a.wav", "pcm_s16le", {}, 2),
    ("a.wav", "pcm_s24le", {"rf64": "always"}, 2),
    ("a.w64", "pcm_s16le", {}, 2),
    ("a.aiff", "pcm_s16be", {}, 2),
    ("a.caf", "pcm_s16le", {}, 2),
    ("a.mp4", "aac", {}, 2),
    ("a.m4a", "aac", {"movflags": "faststart"}, 2),
    ("a.mp4", "aac", {"movflags": "frag_keyframe+empty_moov", "frag_duration": "500000"}, 2),
    ("a.flac", "flac", {}, 1),
    ("a.mp3", "libmp3lame", {}, 1),
    ("a.aac", "aac", {}, 1),
    ("a.webm", "libopus", {}, 1),
]


@pytest.mark.parametrize(("name", "codec", "options", "parts"), OTHERS)
def test_files_that_were_glued_together_are_read_to_the_end(tmp_path, name, codec, options, parts):
    one, two = (
        speech.write(tmp_path / f"{hz}-{name}", speech.tone(2, hz=hz), codec=codec, options=options)
        for hz in (300, 900)
    )
    path = glued(tmp_path / name, one, two)

    found, pcm = decoded(path)

    assert pcm.duration_s == pytest.approx(4, abs=0.15)
    assert pitches_hz(found, [2, 2]) == pytest.approx([300, 900], abs=2)
    assert [what.count for what in pcm.mended if what.name == "parts"] == [2] * (parts == 2)
    assert not [what for what in pcm.mended if what.name.startswith("cut")]


def test_a_second_wav_may_have_another_rate_and_more_channels(tmp_path):
    one = speech.write_wav(tmp_path / "1.wav", speech.tone(2, hz=300, rate_hz=16000), 16000)
    two = speech.write_wav(tmp_path / "2.wav", speech.tone(2, hz=900, channels=2))
    path = glued(tmp_path / "rapat.wav", one, two)

    found, pcm = decoded(path)

    assert (pcm.sample_rate_hz, pcm.channels) == (48000, 2)
    assert pitches_hz(found, [2, 2]) == pytest.approx([300, 900], abs=2)


def test_fragments_of_an_mp4_are_read_to_the_end(tmp_path):
    options = {"movflags": "frag_keyframe+empty_moov", "frag_duration": "300000"}
    path = speech.write(tmp_path / "a.mp4", speech.tone(5), codec="aac", options=options)

    found, pcm = decoded(path)

    assert len(found) == pytest.approx(5 * 48000, abs=2048)
    assert pcm.mended == ()


# -- a tag that does not belong there -----------------------------------------------------


def id3(body_bytes, title=None):
    frame = b""
    if title is not None:
        text = b"\x03" + title.encode()
        frame = b"TIT2" + struct.pack(">I", len(text)) + b"\0\0" + text
    body = frame.ljust(body_bytes, b"\0")
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + body


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.wav", "pcm_s16le"),
        ("a.w64", "pcm_s16le"),
        ("a.aiff", "pcm_s16be"),
        ("a.flac", "flac"),
        ("a.opus", "libopus"),
        ("a.m4a", "aac"),
        ("a.mka", "flac"),
        ("a.mp3", "libmp3lame"),
        ("a.aac", "aac"),
    ],
)
@pytest.mark.parametrize("tags", [[30], [100_000], [30, 5000]])
def test_a_tag_in_front_is_skipped(tmp_path, name, codec, tags):
    sound = speech.tone(2)
    whole = decoded(speech.write(tmp_path / name, sound, codec=codec))[0]
    path = tmp_path / f"tagged-{name}"
    path.write_bytes(b"".join(map(id3, tags)) + (tmp_path / name).read_bytes())

    found, pcm = decoded(path)

    assert len(found) == pytest.approx(len(whole), abs=1152)
    assert pitches_hz(found, [2]) == pytest.approx([997], abs=2)
    assert pcm.mended == ()


def test_a_playlist_behind_a_tag_is_no_recording(tmp_path):
    speech.write_wav(tmp_path / "secret.wav", speech.tone(1))
    path = tmp_path / "list.wav"
    path.write_bytes(id3(10) + b"ffconcat version 1.0\nfile secret.wav\n")

    with pytest.raises((NotARecordingError, DamagedRecordingError)):
        probe(path)


# -- containers wider than the samples ----------------------------------------------------

SOUND = speech.voice(1.0, channels=2)
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def packed(width, valid_bits, *, low):
    """Return SOUND as little-endian integers of *width* bytes, at their upper or lower end."""
    samples = np.rint(SOUND.astype(np.float64) * 2 ** (valid_bits - 1)).astype("<i4")
    if not low:
        samples <<= 8 * width - valid_bits
    return samples.reshape(-1, 1).view(np.uint8).reshape(-1, 4)[:, :width].tobytes()


def wav_of(data, width, valid_bits, *, extensible, kind=1):
    block = 2 * width
    bits = 8 * width if extensible else valid_bits
    form = struct.pack(
        "<HHIIHH", 0xFFFE if extensible else kind, 2, 48000, 48000 * block, block, bits
    )
    if extensible:
        form += struct.pack("<HHIH", 22, valid_bits, 3, kind) + GUID_TAIL
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


@pytest.mark.parametrize("extensible", [True, False], ids=["extensible", "plain"])
@pytest.mark.parametrize("low", [False, True], ids=["upper", "lower"])
@pytest.mark.parametrize(("width", "valid_bits"), [(4, 24), (4, 16), (3, 16), (3, 24), (2, 16)])
def test_samples_are_read_wherever_they_stand_in_their_containers(
    tmp_path, width, valid_bits, low, extensible
):
    path = tmp_path / "a.wav"
    data = packed(width, valid_bits, low=low)
    path.write_bytes(wav_of(data, width, valid_bits, extensible=extensible))

    found, _ = decoded(path)

    assert len(found) == len(SOUND)
    assert np.abs(found - SOUND).max() <= 2.0 ** (2 - valid_bits)


def test_a_quiet_beginning_does_not_tell_where_samples_stand(tmp_path):
    quiet = np.concatenate([SOUND * np.float32(1e-4)] * 5 + [SOUND])
    samples = np.rint(quiet.astype(np.float64) * 2**23).astype("<i4") << 8
    path = tmp_path / "a.wav"
    path.write_bytes(wav_of(samples.tobytes(), 4, 24, extensible=True))

    found, _ = decoded(path)

    assert np.abs(found - quiet).max() <= 2.0**-22


def test_floats_whose_header_gives_them_24_bits_are_read(tmp_path):
    path = tmp_path / "a.wav"
    data = SOUND.astype("<f4").tobytes()
    path.write_bytes(wav_of(data, 4, 24, extensible=True, kind=3))

    found, _ = decoded(path)

    assert np.array_equal(found, SOUND)


def test_a_caf_with_24_bits_in_32_is_read(tmp_path):
    data = packed(4, 24, low=False)
    form = struct.pack(">d4sIIIII", 48000, b"lpcm", 2, 8, 1, 2, 24)
    chunks = ((b"desc", form), (b"data", bytes(4) + data))
    body = b"".join(name + struct.pack(">q", len(each)) + each for name, each in chunks)
    path = tmp_path / "a.caf"
    path.write_bytes(struct.pack(">4sHH", b"caff", 1, 0) + body)

    found, _ = decoded(path)

    assert np.abs(found - SOUND).max() <= 2.0**-22


def test_a_24_bit_recording_in_32_is_mastered_at_its_own_level(ngopi, tmp_path):
    sound = speech.voice(5.0, rms_dbfs=-23.0)
    samples = np.rint(sound.astype(np.float64) * 2**23).astype("<i4") << 8
    data = np.repeat(samples, 2, axis=1).tobytes()
    path = tmp_path / "a.wav"
    path.write_bytes(wav_of(data, 4, 24, extensible=True))

    made = ngopi("master", path, tmp_path / "a.mp3", "--json")

    assert made.status == 0, made.err
    assert made.json["before"]["true_peak_dbtp"] == pytest.approx(
        20 * np.log10(np.abs(sound).max()), abs=1.0
    )
