"""Timestamps that are not the sound's: the sound is what counts, as a listener hears it."""

import av
import numpy as np
import pytest

import speech
from ngopi.audio.recording import decode, probe


def ignore(_seconds):
    """Nobody watches."""


def decoded(path):
    with decode(probe(path), channels=None, advance=ignore) as pcm:
        return pcm.read(0, pcm.frames), pcm.mended


def retimed(source, path, time_s, *, twice=()):
    """Copy the packets of *source*, each to *time_s* of its own time; some of them twice."""
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream_from_template(old.streams.audio[0])
        kept = []
        for number, packet in enumerate(old.demux(audio=0)):
            if not packet.size:
                continue
            start_s = float(packet.pts * packet.time_base)
            copy = av.Packet(bytes(packet))
            copy.stream = stream
            copy.time_base = packet.time_base
            copy.pts = copy.dts = round(time_s(start_s) / packet.time_base)
            kept.append((number, copy))
        for number, packet in kept:
            again = av.Packet(bytes(packet))
            again.stream, again.time_base = stream, packet.time_base
            again.pts, again.dts = packet.pts, packet.dts
            new.mux_one(packet)
            if number in twice:
                new.mux_one(again)
    return path


@pytest.fixture(scope="module")
def opus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clock")
    first = speech.write(folder / "satu.mka", speech.voice(30.0), codec="libopus")
    # A copy does not know how much of its last packet is padding: then none of them does.
    return retimed(first, folder / "rapat.mka", lambda time_s: time_s)


@pytest.mark.parametrize("name", ["drift.mka", "drift.webm"])
@pytest.mark.parametrize("drift", [-0.02, -0.01, -0.005, 0.005, 0.02])
def test_every_sample_of_a_recording_with_a_drifting_clock_is_kept(opus, tmp_path, name, drift):
    path = retimed(opus, tmp_path / name, lambda time_s: time_s * (1 + drift))

    found, mended = decoded(path)

    assert np.array_equal(found, decoded(opus)[0])
    assert [(what.name, what.at_s) for what in mended] == [
        ("drift", pytest.approx(30 * drift, abs=0.03))
    ]


def test_a_late_start_and_jitter_change_nothing(opus, tmp_path):
    jitter = np.random.default_rng(2)
    path = retimed(opus, tmp_path / "a.mka", lambda time_s: 7.5 + time_s + jitter.uniform(0, 0.012))

    found, mended = decoded(path)

    assert np.array_equal(found, decoded(opus)[0])
    assert mended == ()


def test_a_dropout_in_a_drifting_clock_becomes_silence(opus, tmp_path):
    path = retimed(
        opus, tmp_path / "a.mka", lambda time_s: time_s * 0.995 + (1.5 if time_s > 12 else 0)
    )
    whole = decoded(opus)[0]

    found, mended = decoded(path)

    cut = 12 * 48000 + np.argmax(found[12 * 48000 :, 0] == 0)
    assert len(found) - len(whole) == pytest.approx(1.5 * 48000, abs=0.02 * 48000)
    assert np.array_equal(found[: 11 * 48000], whole[: 11 * 48000])
    assert np.array_equal(found[-17 * 48000 :], whole[-17 * 48000 :])
    assert not found[cut + 4800 : cut + 60000].any()
    assert [what.name for what in mended] == ["gaps", "drift"]


def test_packets_that_were_written_twice_are_heard_once(opus, tmp_path):
    path = retimed(opus, tmp_path / "a.mka", lambda time_s: time_s, twice=range(300, 340))

    found, mended = decoded(path)

    assert np.array_equal(found, decoded(opus)[0])
    assert mended == ()


def test_a_drifting_clock_is_told_wherever_the_master_is(ngopi, show, opus, tmp_path, caplog):
    path = retimed(opus, tmp_path / "rapat.mka", lambda time_s: time_s * 0.99)

    made = ngopi("ingest", path, "--no-publish")

    assert made.status == 0, made.err
    sentence = "The recorder's clock went -0.29 s away from the sound"
    assert sentence in made.out + made.err
    assert sentence in ngopi("show", "rapat").out
    assert '{name = "drift", at_s = -0.29}' in (show / "episodes/rapat/audio.toml").read_text(
        "utf-8"
    )
    assert ngopi("measure", path).status == 0
    assert "its clock went -0.29 s away" in caplog.text
