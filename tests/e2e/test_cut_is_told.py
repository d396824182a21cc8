"""What is cut of a recording is told when it is made, and stands beside the episode for ever."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

import speech


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Four seconds of room, a voice, a pause of five, a voice 25 dB softer, three of room."""
    near = speech.voice(4.0, rms_dbfs=-20.0, seed=3)
    far = speech.voice(4.0, rms_dbfs=-45.0, seed=4)
    room = [np.zeros((seconds * speech.RATE_HZ, 1), np.float32) for seconds in (4, 5, 3)]
    sound = np.concatenate([room[0], near, room[1], far, room[2]])
    noise = np.random.default_rng(2).standard_normal(sound.shape) * 10 ** (-78 / 20)
    path = tmp_path_factory.mktemp("rekaman") / "jauh.wav"
    return speech.write_wav(path, (sound + noise).astype(np.float32))


def test_ingest_tells_it_and_show_and_audio_toml_keep_it(ngopi, show, recording):
    path = show / "ngopi.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("# longest_pause_s", "longest_pause_s = 2.0\n#"), "utf-8")

    made = ngopi("ingest", recording, "--title", "Jauh")

    assert made.status == 0, made.err
    kept = tomllib.loads((show / "episodes/jauh/audio.toml").read_text("utf-8"))
    cut = {done["name"]: done for done in kept["done"]}
    # A voice's first and last syllable may be a pause itself.
    assert cut["trimmed-start"]["at_s"] == pytest.approx(3.5, abs=0.3)
    assert cut["trimmed-end"]["at_s"] == pytest.approx(2.5, abs=0.3)
    assert cut["pauses"]["count"] == 1
    assert cut["pauses"]["at_s"] == pytest.approx(3.5, abs=0.6)
    assert kept["duration_s"] == pytest.approx(
        20.0 - sum(cut[name]["at_s"] for name in ("trimmed-start", "trimmed-end", "pauses")),
        abs=0.05,
    )
    said = [
        f"Silence at the start was cut: {cut['trimmed-start']['at_s']:.1f} s.",
        f"Silence at the end was cut: {cut['trimmed-end']['at_s']:.1f} s.",
        f"Long pauses were shortened: 1, by {cut['pauses']['at_s']:.1f} s altogether.",
    ]
    shown = ngopi("show", "jauh")
    assert all(sentence in made.err for sentence in said), made.err
    assert all(sentence in shown.out for sentence in said), shown.out


def test_where_nothing_is_cut_nothing_is_said(ngopi, show, recording):
    path = show / "ngopi.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("trim_silence = true", "trim_silence = false"), "utf-8")

    made = ngopi("ingest", recording, "--title", "Utuh")

    assert made.status == 0, made.err
    assert "was cut" not in made.err
    assert tomllib.loads((show / "episodes/utuh/audio.toml").read_text("utf-8"))[
        "duration_s"
    ] == pytest.approx(20.0, abs=0.05)
