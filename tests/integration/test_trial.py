"""Recordings at whose sight PyAV ends the process: they are refused, and nothing ends."""

from __future__ import annotations

import struct
import subprocess

import av
import numpy as np
import pytest

from ngopi.audio.recording import probe
from ngopi.audio.trial import survives
from ngopi.errors import UnknownCodecError

LABELS, STEREO, MPEG_5_1_C = 0, 0x650002, 0x7B0006
LEFT, RIGHT = 1, 2


def caf(path, tag, *, channels=2, labels=()):
    """Write a second of 16-bit sound whose channels lie in the order *tag*, or that of *labels*."""
    sound = np.random.default_rng(1).integers(-9000, 9000, (48000, channels)).astype(">i2")
    order = struct.pack(">III", tag, 0, len(labels))
    order += b"".join(struct.pack(">IIfff", label, 0, 0, 0, 0) for label in labels)
    format_ = struct.pack(">d4sIIIII", 48000, b"lpcm", 0, 2 * channels, 1, channels, 16)
    data = bytes(4) + sound.tobytes()
    chunks = ((b"desc", format_), (b"chan", order), (b"data", data))
    packed = b"".join(name + struct.pack(">q", len(body)) + body for name, body in chunks)
    path.write_bytes(struct.pack(">4sHH", b"caff", 1, 0) + packed)
    return path


@pytest.mark.parametrize(
    ("tag", "channels", "labels"), [(LABELS, 2, (RIGHT, LEFT)), (MPEG_5_1_C, 6, ())]
)
def test_an_order_of_its_own_is_refused(ngopi, tmp_path, tag, channels, labels):
    path = caf(tmp_path / "rekaman.caf", tag, channels=channels, labels=labels)

    assert not survives(path)
    with pytest.raises(UnknownCodecError):
        probe(path)
    assert ngopi("measure", path).status == 65


@pytest.mark.parametrize(("tag", "labels"), [(LABELS, (LEFT, RIGHT)), (STEREO, ())])
def test_the_usual_order_is_read(tmp_path, tag, labels):
    assert probe(caf(tmp_path / "rekaman.caf", tag, labels=labels)).channels == 2


def test_only_what_states_an_order_is_tried(tmp_path, monkeypatch):
    def started(*_arguments, **_options):
        raise AssertionError

    path = tmp_path / "rekaman.m4a"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000, layout="stereo")
        silence = av.AudioFrame.from_ndarray(np.zeros((2, 48000), np.float32), format="fltp")
        silence.sample_rate = 48000
        container.mux([*stream.encode(silence), *stream.encode(None)])
    monkeypatch.setattr(subprocess, "run", started)

    assert survives(path)
    assert survives(caf(tmp_path / "rekaman.caf", STEREO))
    with pytest.raises(AssertionError):
        survives(caf(tmp_path / "rekaman.caf", LABELS, labels=(LEFT, RIGHT)))


@pytest.mark.parametrize("length", [3, 15, 30, 61, 75])
def test_a_cut_file_is_refused(ngopi, tmp_path, length):
    path = caf(tmp_path / "rekaman.caf", STEREO)
    path.write_bytes(path.read_bytes()[:length])

    assert survives(path)  # nothing is tried in vain
    assert ngopi("measure", path).status == 65
