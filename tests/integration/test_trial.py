"""Recordings at whose sight PyAV ends the process: they are refused, and nothing ends."""

from __future__ import annotations

import subprocess

import av
import numpy as np
import pytest

from ngopi.audio.recording import probe
from ngopi.audio.trial import survives
from ngopi.errors import UnknownCodecError
from ordered import LABELS, LEFT, MPEG_5_1_C, RIGHT, STEREO, caf


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
