"""Whatever the length, the chunks and the sound: the file decodes to what went in."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mp3 import decoded, renderer, snr_db
from ngopi.audio.encode import Job, _encode, chunk_edges
from ngopi.audio.mp3_file import Mp3Writer
from ngopi.audio.mp3_frames import frame_count

LONGEST_S = 8


def sound_of(kind: str, frames: int, channels: int, seed: int) -> np.ndarray:
    """Return sound that is easy, hard, or hard now and then for an encoder."""
    random = np.random.default_rng(seed)
    noise = random.standard_normal((frames, channels)) * 0.1
    time = np.arange(frames)[:, None] + 50 * np.arange(channels)
    gate = time // 9000 % 3 == 0
    kinds = {
        "silence": np.zeros((frames, channels)),
        "noise": noise,
        "tone": 0.5 * np.sin(time * 0.1),
        "bursts": noise * gate,
        "clicks": 0.01 * noise + 0.7 * (random.random((frames, channels)) < 1e-3),
    }
    return np.clip(kinds[kind], -0.8, 0.8).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(
    frames=st.integers(0, LONGEST_S * 32_000),
    chunk_frames=st.integers(20, 150),
    rate_hz=st.sampled_from([32_000, 44_100, 48_000]),
    bitrate_kbps=st.sampled_from([32, 64, 96, 128, 192, 256, 320]),
    channels=st.sampled_from([1, 2]),
    kind=st.sampled_from(["silence", "noise", "tone", "bursts", "clicks"]),
    seed=st.integers(0, 99),
)
def test_chunks_decode_to_the_length_and_quality_of_one_encode(
    frames, chunk_frames, rate_hz, bitrate_kbps, channels, kind, seed
):
    sound = sound_of(kind, frames, channels, seed)
    job_values = (renderer(sound, rate_hz), frames, rate_hz, channels, bitrate_kbps)

    with tempfile.TemporaryDirectory() as folder:
        chunks, whole = Path(folder) / "chunks.mp3", Path(folder) / "whole.mp3"
        with Mp3Writer(chunks, samples=frames) as file:
            edges = chunk_edges(frame_count(frames), shortest=chunk_frames, longest=chunk_frames)
            _encode(Job(*job_values, float), file, edges, workers=2)
        with Mp3Writer(whole, samples=frames) as file:
            _encode(Job(*job_values, float), file, [0, frame_count(frames)], workers=1)
        heard, heard_of_one = decoded(chunks), decoded(whole)

    assert heard.shape == sound.shape
    if sound.any():
        assert snr_db(sound, heard) > snr_db(sound, heard_of_one) - 0.5
    else:
        assert not heard.any()
