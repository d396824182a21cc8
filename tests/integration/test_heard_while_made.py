"""The check of a master that is still being written, and of what it states in the end."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from mp3 import decoded, renderer
from ngopi.audio.encode import encode_mp3
from ngopi.audio.growing import GrowingFile
from ngopi.audio.heard import hear, hear_growing
from ngopi.audio.mp3_file import Mp3Writer
from ngopi.audio.pcm import Pcm
from ngopi.audio.verification import _require_length
from ngopi.errors import MasterIncompleteError
from speech import conversation

SECONDS = 40


@pytest.fixture(scope="module")
def sound():
    return conversation([-20, -26], turn_s=3, duration_s=SECONDS, channels=2)


def encode(sound, path, rate_hz, *, grown):
    with Mp3Writer(path, samples=len(sound), grown=grown) as file:
        encode_mp3(
            renderer(sound, rate_hz),
            file,
            sample_rate_hz=rate_hz,
            channels=2,
            bitrate_kbps=128,
            advance=float,
        )


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_it_is_heard_as_it_is_when_it_is_whole(tmp_path, sound, rate_hz):
    path, heard = tmp_path / "a.mp3", []
    with Pcm.of(sound, rate_hz) as pcm, GrowingFile(path) as growing:
        hearing = threading.Thread(
            target=lambda: heard.append(hear_growing(growing, pcm, floor_dbtp=-30.0))
        )
        hearing.start()
        encode(sound, path, rate_hz, grown=growing.grown_to)
        growing.end()
        hearing.join()
        _require_length(pcm, path)

    (found,) = heard
    afterwards = hear(path, floor_dbtp=-30.0, advance=float)
    assert found.frames == len(sound) == len(decoded(path))
    assert found.loudness == afterwards.loudness
    assert np.array_equal(found.ticks, afterwards.ticks)


def test_a_file_that_ends_too_early_is_refused(tmp_path, sound):
    path = tmp_path / "a.mp3"
    encode(sound, path, 48_000, grown=float)
    with Pcm.of(sound, 48_000) as pcm, GrowingFile(path) as growing:
        growing.grown_to(path.stat().st_size // 2)
        growing.end()

        with pytest.raises(MasterIncompleteError):
            hear_growing(growing, pcm, floor_dbtp=-30.0)


def test_a_file_that_never_began_is_refused(tmp_path, sound):
    with Pcm.of(sound, 48_000) as pcm, GrowingFile(tmp_path / "a.mp3") as growing:
        growing.end()

        with pytest.raises(MasterIncompleteError):
            hear_growing(growing, pcm, floor_dbtp=-30.0)


def test_a_file_that_states_another_length_is_refused(tmp_path, sound):
    """A player cuts the padding by what the file states, whatever we heard."""
    path = tmp_path / "a.mp3"
    encode(sound, path, 48_000, grown=float)
    with Pcm.of(sound[:-1], 48_000) as shorter, pytest.raises(MasterIncompleteError):
        _require_length(shorter, path)
