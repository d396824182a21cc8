"""The encoder, heard by FFmpeg's decoder (and mpg123, where there is one)."""

from __future__ import annotations

import _thread
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import av
import mutagen.mp3
import numpy as np
import pytest

from mp3 import decoded, renderer, snr_db
from ngopi.audio.encode import Job, _encode, chunk_edges, encode_mp3
from ngopi.audio.mp3_file import Mp3Writer
from ngopi.audio.mp3_frames import frame_count
from ngopi.errors import DiskError
from speech import conversation, tone, voice

FRAME = 1152
CHUNK_FRAMES = 120
NEVER = 1000  # a new encoder that has not settled within the frames two chunks share


def two_voices(duration_s: float, rate_hz: int = 48_000, channels: int = 2) -> np.ndarray:
    """Return speech with a stereo image, far below the peak that LAME leaves room for."""
    left = voice(duration_s, rate_hz=rate_hz, pitch_hz=110)
    right = voice(duration_s, rate_hz=rate_hz, pitch_hz=170, seed=5)
    middle = left + 0.6 * right
    return np.concatenate([middle, left + right], axis=1)[:, :channels].astype(np.float32)


def encode(
    sound: np.ndarray, path: Path, *, rate_hz: int = 48_000, bitrate_kbps: int = 128, **more
):
    with Mp3Writer(path, samples=len(sound)) as file:
        encode_mp3(
            renderer(sound, rate_hz),
            file,
            sample_rate_hz=rate_hz,
            channels=sound.shape[1],
            bitrate_kbps=bitrate_kbps,
            **{"advance": lambda _seconds: None, **more},
        )


def encode_in_chunks(
    sound, path, *, rate_hz=48_000, bitrate_kbps=128, chunk_frames=CHUNK_FRAMES, render=None, **more
) -> int:
    """Encode with chunks far shorter than encode_mp3's own; return how many were not spliced."""
    job = Job(
        render or renderer(sound, rate_hz),
        len(sound),
        rate_hz,
        sound.shape[1],
        bitrate_kbps,
        more.pop("advance", lambda _seconds: None),
    )
    with Mp3Writer(path, samples=len(sound)) as file:
        return _encode(job, file, edges_every(chunk_frames, len(sound)), **{"workers": 2, **more})


def edges_every(chunk_frames: int, samples: int) -> list[int]:
    return chunk_edges(frame_count(samples), shortest=chunk_frames, longest=chunk_frames)


def encode_serially(sound, path, **more):
    encode_in_chunks(sound, path, chunk_frames=10**9, workers=1, **more)


def joints(frames: int) -> list[range]:
    """Return the samples around each edge where a joint may be, and two frames more."""
    edges = range(CHUNK_FRAMES, frames // FRAME - 24, CHUNK_FRAMES)
    return [range((edge - 18) * FRAME, (edge + 26) * FRAME) for edge in edges]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [32_000, 44_100, 48_000])
@pytest.mark.parametrize("bitrate_kbps", [32, 64, 96, 128, 160, 192, 320])
def test_every_sample_comes_back_in_its_place(tmp_path, channels, rate_hz, bitrate_kbps):
    sound = two_voices(4, rate_hz, channels)[: 4 * rate_hz - 77]
    path = tmp_path / "a.mp3"

    encode_in_chunks(sound, path, rate_hz=rate_hz, bitrate_kbps=bitrate_kbps, chunk_frames=60)
    heard = decoded(path)

    assert heard.shape == sound.shape
    spectrum = np.fft.rfft(sound[:, 0]).conj() * np.fft.rfft(heard[:, 0])
    assert np.argmax(np.fft.irfft(spectrum)) == 0
    assert_no_complaint(path, samples=len(sound))


def assert_no_complaint(path: Path, *, samples: int) -> None:
    """Assert that other decoders find nothing odd in *path*; each takes part if it is there."""
    if ffmpeg := shutil.which("ffmpeg"):
        run = subprocess.run(
            [ffmpeg, "-v", "warning", "-i", path, "-f", "null", "-"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert run.stderr == ""
    if mpg123 := shutil.which("mpg123"):
        run = subprocess.run(
            [mpg123, "-q", "-s", "-e", "s16", path], capture_output=True, check=True
        )
        assert run.stderr == b""
        assert len(run.stdout) % (2 * samples) == 0


@pytest.mark.parametrize("bitrate_kbps", [64, 96, 128, 160, 192, 224, 256, 320])
def test_gain_is_unity(tmp_path, bitrate_kbps):
    sound = tone(2, peak_dbfs=-1.5, channels=2)
    path = tmp_path / "a.mp3"

    encode(sound, path, bitrate_kbps=bitrate_kbps)
    middle = slice(10_000, -10_000)
    heard = decoded(path)[middle, 0]

    gain = np.dot(heard, sound[middle, 0]) / np.dot(sound[middle, 0], sound[middle, 0])
    assert abs(20 * np.log10(gain)) < 0.01


def test_sound_above_what_lame_has_room_for_is_limited_and_does_not_wrap(tmp_path):
    sound = tone(2, peak_dbfs=0.0)
    path = tmp_path / "a.mp3"

    encode(sound, path)

    # Limited by 0.45 dB a sine has harmonics at about -40 dB; one that wraps is noise.
    assert snr_db(sound, decoded(path)) > 25


@pytest.mark.parametrize(
    ("rate_hz", "bitrate_kbps", "channels"), [(48_000, 128, 2), (44_100, 64, 1)]
)
def test_joints_are_as_good_as_the_serial_encode(tmp_path, rate_hz, bitrate_kbps, channels):
    sound = conversation([-20, -26], turn_s=3, duration_s=24, rate_hz=rate_hz, channels=channels)
    sound += 0.3 * two_voices(24, rate_hz, channels)
    options = {"rate_hz": rate_hz, "bitrate_kbps": bitrate_kbps}

    serial_chunks = encode_in_chunks(sound, tmp_path / "joined.mp3", **options)
    encode_serially(sound, tmp_path / "serial.mp3", **options)
    joined, serial = decoded(tmp_path / "joined.mp3"), decoded(tmp_path / "serial.mp3")

    assert serial_chunks == 0
    assert len(joints(len(sound))) >= 6
    for window in joints(len(sound)):
        here = slice(window.start, window.stop)
        expected_db = snr_db(sound[here], serial[here])
        assert snr_db(sound[here], joined[here]) == pytest.approx(expected_db, abs=0.5)
    assert snr_db(sound, joined) == pytest.approx(snr_db(sound, serial), abs=0.1)


@pytest.mark.parametrize("workers", [1, 3])
def test_file_is_the_same_whatever_the_number_of_workers(tmp_path, workers):
    sound = two_voices(12)

    encode_in_chunks(sound, tmp_path / "two.mp3", workers=2)
    encode_in_chunks(sound, tmp_path / "other.mp3", workers=workers)

    assert (tmp_path / "other.mp3").read_bytes() == (tmp_path / "two.mp3").read_bytes()


def test_chunks_that_cannot_be_spliced_are_encoded_serially(tmp_path):
    sound = two_voices(12)

    serial_chunks = encode_in_chunks(sound, tmp_path / "chunks.mp3", settled=NEVER)
    encode_serially(sound, tmp_path / "serial.mp3")

    assert serial_chunks == 3  # edges after 120, 240 and 360 of 502 frames
    assert (tmp_path / "chunks.mp3").read_bytes() == (tmp_path / "serial.mp3").read_bytes()


def test_splicing_goes_on_after_a_chunk_that_was_encoded_serially(tmp_path):
    # The encoder of the third chunk alone hears a click in every granule, so that its windows
    # are short where the second chunk's are long: no frame of one may follow the other's.
    sound = tone(12, channels=2)
    third = (2 * CHUNK_FRAMES - 48) * FRAME
    clicks = np.zeros_like(sound)
    clicks[::192] = 0.8
    honest, misleading = renderer(sound, 48_000), renderer(clicks, 48_000)

    def render(start: int, stop: int):
        return (misleading if start == third else honest)(start, stop)

    path = tmp_path / "a.mp3"
    serial_chunks = encode_in_chunks(sound, path, render=render)

    assert serial_chunks == 1
    assert decoded(path).shape == sound.shape
    assert snr_db(sound, decoded(path)) > 30
    assert_no_complaint(path, samples=len(sound))


def test_info_frame_is_read_by_others(tmp_path):
    sound = two_voices(12)[: 12 * 48_000 - 5]
    path = tmp_path / "a.mp3"

    encode_in_chunks(sound, path)
    info = mutagen.mp3.MP3(path).info

    assert info.bitrate_mode == mutagen.mp3.BitrateMode.CBR
    assert (info.bitrate, info.sample_rate, info.channels) == (128_000, 48_000, 2)
    assert info.encoder_info.startswith("LAME 3.100")
    assert info.length == pytest.approx(len(sound) / 48_000, abs=1e-9)
    assert not info.sketchy


def test_info_frame_checks_the_whole_file(tmp_path):
    path = tmp_path / "a.mp3"

    encode_in_chunks(two_voices(8), path)
    data = path.read_bytes()

    # LAME tag, revision 1: 36 bytes of header and side information, then Info.
    info, music = data[:384], data[384:]
    assert int.from_bytes(info[48:52]) == len(data)
    assert int.from_bytes(info[184:188]) == len(data)
    assert int.from_bytes(info[188:190]) == crc16_by_the_book(music)
    assert int.from_bytes(info[190:192]) == crc16_by_the_book(info[:190])


def crc16_by_the_book(data: bytes) -> int:
    """Return x^16 + x^15 + x^2 + 1 reflected, bit by bit."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _bit in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def test_seek_table_leads_to_the_hundredths(tmp_path):
    path = tmp_path / "a.mp3"

    encode_in_chunks(two_voices(12), path)
    data = path.read_bytes()

    # At a constant bit rate each hundredth of the time is a hundredth of the bytes.
    linear = [256 * hundredth / 100 for hundredth in range(100)]
    assert list(data[52:152]) == pytest.approx(linear, abs=1.5)


def test_no_sound_at_all_is_a_file_without_samples(tmp_path):
    path = tmp_path / "a.mp3"

    encode(np.zeros((0, 2), np.float32), path)

    assert decoded(path).shape == (0, 2)


def test_progress_adds_up_to_the_length(tmp_path):
    sound = two_voices(12)[:-123]
    told: list[float] = []

    encode_in_chunks(sound, tmp_path / "a.mp3", advance=told.append, settled=NEVER)

    assert sum(told) == pytest.approx(len(sound) / 48_000, abs=1e-9)
    assert min(told) > 0


def test_progress_is_told_one_call_at_a_time(tmp_path):
    inside = threading.Lock()
    second_came = threading.Event()
    overlaps: list[float] = []

    def advance(seconds: float) -> None:
        if not inside.acquire(blocking=False):
            overlaps.append(seconds)
            second_came.set()
            return
        second_came.wait(0.2)  # room for the other thread to come in, which it must not
        inside.release()

    encode_in_chunks(two_voices(6), tmp_path / "a.mp3", advance=advance)

    assert overlaps == []


class RenderError(Exception):
    """What a render function may raise."""


@pytest.mark.parametrize("workers", [1, 2])
def test_failure_to_render_stops_all_threads_and_closes_the_file(tmp_path, workers):
    sound = two_voices(12)
    honest = renderer(sound, 48_000)

    def render(start: int, stop: int):
        if start > 6 * 48_000:
            raise RenderError
        return honest(start, stop)

    path = tmp_path / "a.mp3"
    with pytest.raises(RenderError):
        encode_in_chunks(sound, path, render=render, workers=workers)

    assert encoder_threads() == []
    path.unlink()  # Windows refuses that while it is open


def test_failure_stops_the_other_threads_within_their_chunk(tmp_path):
    sound = np.concatenate([tone(60)] * 4)
    honest = renderer(sound, 48_000)
    failed = threading.Event()
    first_chunk: list[int] = []

    def render(start: int, stop: int):
        if start == (7500 - 48) * FRAME:
            failed.set()
            raise RenderError
        first_chunk.append(start)
        if len(first_chunk) == 2:
            failed.wait(10)
        return honest(start, stop)

    with pytest.raises(RenderError):
        encode_in_chunks(sound, tmp_path / "a.mp3", render=render, chunk_frames=7500)

    assert len(first_chunk) < 45  # of 47, four seconds each and the rest


def test_interrupt_ends_all_threads(tmp_path):
    sound = two_voices(12)
    honest = renderer(sound, 48_000)
    rendered: list[int] = []

    def render(start: int, stop: int):
        rendered.append(start)
        if len(rendered) == 4:
            _thread.interrupt_main()
        return honest(start, stop)

    with pytest.raises(KeyboardInterrupt):
        encode_in_chunks(sound, tmp_path / "a.mp3", render=render, chunk_frames=75)

    # Python may lose track of a thread that is interrupted while it starts: it ends a little
    # later by itself.
    for thread in encoder_threads():
        thread.join(10)
    assert encoder_threads() == []


def encoder_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("mp3")]


def test_render_that_gives_too_little_is_refused(tmp_path):
    sound = two_voices(2)
    honest = renderer(sound, 48_000)

    with pytest.raises(ValueError, match=r"\(2, 2, "):
        encode_in_chunks(
            sound, tmp_path / "a.mp3", render=lambda start, stop: honest(start, stop - 1)
        )


@pytest.mark.parametrize(
    ("rate_hz", "channels", "bitrate_kbps"),
    [(22_050, 2, 128), (48_000, 3, 128), (48_000, 2, 100)],
)
def test_what_mpeg_1_does_not_have_is_refused(tmp_path, rate_hz, channels, bitrate_kbps):
    sound = np.zeros((100, channels), np.float32)

    with pytest.raises(ValueError, match=str(bitrate_kbps)):
        encode(sound, tmp_path / "a.mp3", rate_hz=rate_hz, bitrate_kbps=bitrate_kbps)


def test_folder_that_is_missing_is_a_disk_error(tmp_path):
    with pytest.raises(DiskError, match=r"a\.mp3"):
        encode(two_voices(1), tmp_path / "missing" / "a.mp3")


@pytest.mark.skipif(
    sys.platform == "win32" or not Path("/dev/full").exists(),
    reason="the system has no full disk to offer",
)
def test_full_disk_is_a_disk_error_and_leaves_no_thread():
    with pytest.raises(DiskError, match="/dev/full"):
        encode_in_chunks(two_voices(12), Path("/dev/full"))

    assert encoder_threads() == []


def test_the_decoder_that_ngopi_ships_has_no_complaint(tmp_path):
    path = tmp_path / "a.mp3"
    encode_in_chunks(two_voices(12), path)
    level = av.logging.get_level()
    av.logging.set_level(av.logging.WARNING)

    try:
        with av.logging.Capture() as complaints:
            decoded(path)
    finally:
        av.logging.set_level(level)

    assert complaints == []
