"""The spool file: random access, zeros outside, private, gone afterwards."""

import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ngopi.audio.pcm import Pcm, PcmWriter
from ngopi.errors import DiskError, SpoolFullError


def counting(frames, channels=2):
    return np.arange(frames * channels, dtype=np.float32).reshape(frames, channels)


def test_reads_any_range_in_any_order():
    sound = counting(1000)

    with Pcm.of(sound, 48000) as pcm:
        assert np.array_equal(pcm.read(900, 1000), sound[900:])
        assert np.array_equal(pcm.read(0, 1), sound[:1])
        assert np.array_equal(pcm.read(10, 500), sound[10:500])
        assert (pcm.frames, pcm.channels, pcm.duration_s) == (1000, 2, 1000 / 48000)


@pytest.mark.parametrize(
    ("start", "stop", "zeros_before", "zeros_after"),
    [(-5, 10, 5, 0), (95, 105, 0, 5), (-3, 103, 3, 3), (-9, -2, 7, 0), (200, 210, 10, 0)],
)
def test_there_are_zeros_outside(start, stop, zeros_before, zeros_after):
    with Pcm.of(counting(100) + 1, 48000) as pcm:
        found = pcm.read(start, stop)

    assert found.shape == (stop - start, 2)
    assert found.dtype == np.float32
    assert not found[:zeros_before].any()
    assert not found[len(found) - zeros_after :].any()
    assert found[zeros_before : len(found) - zeros_after].all()


@pytest.mark.parametrize(("start", "stop"), [(5, 5), (7, 3)])
def test_an_empty_range_is_empty(start, stop):
    with Pcm.of(counting(100), 48000) as pcm:
        assert pcm.read(start, stop).shape == (0, 2)


def test_nothing_at_all_can_be_spooled():
    with Pcm.of(np.zeros((0, 1), np.float32), 48000) as pcm:
        assert pcm.frames == 0
        assert not pcm.read(0, 4).any()


def test_int16_full_scale_is_one():
    with PcmWriter(sample_rate_hz=48000, channels=1, dtype=np.int16) as writer:
        writer.write(np.array([[-32768], [16384], [32767]], np.int16))
        with writer.finish() as pcm:
            assert pcm.read(0, 3).ravel().tolist() == [-1.0, 0.5, 32767 / 32768]


def test_what_is_beyond_full_scale_is_kept():
    with Pcm.of(np.full((10, 1), 1.5, np.float32), 48000) as pcm:
        assert (pcm.read(0, 10) == 1.5).all()


def test_threads_read_side_by_side_without_mixing():
    sound = counting(200_000)

    with Pcm.of(sound, 48000) as pcm, ThreadPoolExecutor(8) as pool:
        starts = [n * 97 % 190_000 for n in range(2000)]
        found = pool.map(lambda start: pcm.read(start, start + 50), starts)
        assert all(
            np.array_equal(piece, sound[start : start + 50])
            for start, piece in zip(starts, found, strict=True)
        )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps the name until it is closed")
def test_the_file_is_private_and_has_no_name(tmp_path):
    with PcmWriter(sample_rate_hz=48000, channels=1, dtype=np.int16, folder=tmp_path) as writer:
        status = os.fstat(writer._file.fileno())

        assert stat.S_IMODE(status.st_mode) == 0o600
        assert list(tmp_path.iterdir()) == []


def test_an_interrupted_writer_leaves_nothing(tmp_path):
    with (  # noqa: PT012 - the interrupt must come while the writer is open
        pytest.raises(KeyboardInterrupt),
        PcmWriter(sample_rate_hz=48000, channels=1, dtype=np.int16, folder=tmp_path) as writer,
    ):
        writer.write(np.zeros((1000, 1), np.int16))
        raise KeyboardInterrupt

    assert list(tmp_path.iterdir()) == []


def test_a_recording_larger_than_the_disk_is_refused_before_any_work(tmp_path):
    with pytest.raises(SpoolFullError) as refused:
        PcmWriter(
            sample_rate_hz=48000,
            channels=2,
            dtype=np.float32,
            folder=tmp_path,
            expected_frames=10**15,
        )

    # 8 bytes a frame: 8e15 bytes, in MB
    assert refused.value.values["needed_mb"] == pytest.approx(8e9, rel=1e-6)
    assert str(tmp_path) in refused.value.message


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
def test_a_disk_that_fills_up_is_a_clear_error(tmp_path):
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = PcmWriter(sample_rate_hz=48000, channels=1, dtype=np.int16, folder=tmp_path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with writer, pytest.raises(SpoolFullError):
            writer.write(np.zeros((1 << 20, 1), np.int16))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path):
    with pytest.raises(DiskError) as refused:
        PcmWriter(sample_rate_hz=48000, channels=1, dtype=np.int16, folder=tmp_path / "none")

    assert "none" in refused.value.message
