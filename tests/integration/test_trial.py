"""Recordings at whose sight PyAV ends the process: they are refused, and nothing ends."""

from __future__ import annotations

import subprocess

import av
import numpy as np
import pytest

import speech
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


@pytest.mark.parametrize("tag", [b"", b"ID3\3\0\0\0\0\0\x0aTIT2" + bytes(6)], ids=["bare", "tag"])
def test_an_order_that_a_film_states_is_tried_behind_a_tag_too(tmp_path, monkeypatch, tag):
    def started(*_arguments, **_options):
        raise AssertionError

    path = speech.write(tmp_path / "rekaman.m4a", speech.tone(1.0), codec="aac")
    content = path.read_bytes()
    order = b"\0\0\0\x18chan" + bytes(4) + b"\0\0\1\1" + bytes(8)
    at = content.index(b"moov") - 4
    length = int.from_bytes(content[at : at + 4], "big")
    content = content[:at] + (length + len(order)).to_bytes(4, "big") + content[at + 4 :]
    path.write_bytes(tag + content[: at + length] + order + content[at + length :])
    monkeypatch.setattr(subprocess, "run", started)

    with pytest.raises(AssertionError):
        survives(path)
