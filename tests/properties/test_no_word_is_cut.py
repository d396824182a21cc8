"""Nobody who speaks is cut away, however soft, however late: judged by other voice detectors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judges import RATE_HZ, at_level, real_voices, speech_in
from ngopi.audio.assembly import assemble
from ngopi.model import AudioSettings
from sounds import ArraySound

# As much as a detector's frame may begin early or end late, and the least that is a word: at the
# edge of digital silence they fire for a frame or two.
_FRAME_S, _WORD_S = 0.035, 0.15
_LOUDEST_DBFS = -20.0


def assembled(sound, audio):
    return assemble(
        ArraySound(sound), settings=audio, intro=None, outro=None,
        programme_lufs=None, advance=lambda _done_s: None,
    )  # fmt: skip


def heard_of(voice):
    """Where one of the real voices is heard, in seconds; at its best, without any noise."""
    if voice not in _HEARD:
        _HEARD[voice] = speech_in(real_voices()[voice])
        assert _HEARD[voice], "the judges are deaf"
    return _HEARD[voice]


_HEARD: dict[int, list[tuple[float, float]]] = {}


def scene(turns, *, noise_dbfs, colour="white", channels=1, lead_s=2.0, tail_s=2.0):
    """Return a sound (frames, channels), and where speech is heard in it.

    *turns* are (voice, dB below the loudest, pause after it in seconds, channel or None).
    """
    parts, spans, at_s = [np.zeros((round(lead_s * RATE_HZ), channels))], [], lead_s
    for voice, below_db, pause_s, channel in turns:
        said = at_level(real_voices()[voice], _LOUDEST_DBFS - below_db)
        part = np.zeros((len(said) + round(pause_s * RATE_HZ), channels))
        part[: len(said), slice(None) if channel is None else channel] = (
            said[:, None] if channel is None else said
        )
        parts.append(part)
        spans += [(at_s + a, at_s + b) for a, b in heard_of(voice)]
        at_s += len(part) / RATE_HZ
    parts.append(np.zeros((round(tail_s * RATE_HZ), channels)))
    sound = np.concatenate(parts)
    if noise_dbfs is not None:
        sound += noise(sound.shape, noise_dbfs, colour)
    return sound.astype(np.float32), spans


def noise(shape, dbfs, colour):
    white = np.random.default_rng(5).standard_normal(shape)
    if colour != "white":
        spectrum = np.fft.rfft(white, axis=0)
        hz = np.fft.rfftfreq(shape[0], 1 / RATE_HZ)[:, None]
        if colour == "brown":
            spectrum /= np.maximum(np.arange(len(spectrum)), 60)[:, None]
        else:  # of the voices' own frequencies: people far away, a fan
            spectrum *= (hz > 200) & (hz < 4000)
        white = np.fft.irfft(spectrum, shape[0], axis=0)
    return white * 10 ** (dbfs / 20) / np.sqrt(np.mean(white**2))


def lost(made, spans):
    """Return the spans of speech that are not all there."""
    kept = [(p.recording_start_s, p.recording_start_s + p.duration_s) for p in made.time_map.pieces]
    return [
        (a, b)
        for a, b in spans
        if b - a > _WORD_S
        and not any(low <= a + _FRAME_S and b - _FRAME_S <= high for low, high in kept)
    ]


SHARPEST = AudioSettings(kept_silence_s=0.0, longest_pause_s=0.5)

turns = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from([0, 0, 6, 14, 20, 30]),
        st.sampled_from([0.1, 0.6, 2.0, 5.0]),
        st.sampled_from([None, 0, 1]),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=12)
@given(
    turns=turns,
    above_noise_db=st.sampled_from([12, 20, 40, None]),
    colour=st.sampled_from(["white", "brown"]),
    lead_s=st.sampled_from([0.0, 1.0, 4.0]),
    click=st.booleans(),
)
def test_no_phrase_that_anybody_hears_is_cut(turns, above_noise_db, colour, lead_s, click):
    softest_dbfs = _LOUDEST_DBFS - max(below_db for _, below_db, _, _ in turns)
    noise_dbfs = None if above_noise_db is None else softest_dbfs - above_noise_db
    sound, spans = scene(turns, noise_dbfs=noise_dbfs, colour=colour, channels=2, lead_s=lead_s)
    if click:
        sound[len(sound) // 3 :][:300] += 0.5

    assert lost(assembled(sound, SHARPEST), spans) == []


@pytest.mark.parametrize("below_db", [14, 20, 30])
@pytest.mark.parametrize("noise_dbfs", [-84.0, None])
def test_a_soft_speaker_after_a_minute_of_pause_stays(below_db, noise_dbfs):
    turns = [(2, 0, 61.0, None), (1, below_db, 0.0, None)]
    sound, spans = scene(turns, noise_dbfs=noise_dbfs)

    made = assembled(sound, SHARPEST)

    assert lost(made, spans) == []
    assert made.time_map.kept_s < 20.0  # the minute itself is not what anybody wants to hear


@pytest.mark.parametrize("gain_db", [-40, -30, -12, 6, 10])
def test_a_recording_that_is_turned_up_or_down_is_cut_at_the_same_places(gain_db):
    turns = [(0, 20, 3.0, None), (2, 0, 4.0, None), (1, 14, 0.0, None)]
    sound, _ = scene(turns, noise_dbfs=-70.0, lead_s=5.0)
    audio = AudioSettings(longest_pause_s=1.0)

    turned = assembled(sound * np.float32(10 ** (gain_db / 20)), audio)

    plain = assembled(sound, audio)
    assert len(plain.time_map.pieces) > 1
    assert turned.time_map == plain.time_map


@pytest.mark.parametrize(
    ("below_db", "noise_dbfs", "colour"),
    [
        (34, -50.0, "white"),  # stands out where voices are, though not of the whole
        (35, -50.0, "voices"),  # stands out a little, for a while
    ],
)
def test_words_that_noise_nearly_covers_stay_between_loud_ones(below_db, noise_dbfs, colour):
    turns = [
        (voice, below, 0.8, None) for voice, below in [(2, 0), (1, below_db), (0, 0), (3, below_db)]
    ]
    sound, spans = scene([*turns, (2, 0, 0.0, None)], noise_dbfs=noise_dbfs, colour=colour)

    assert lost(assembled(sound, SHARPEST), spans) == []


def test_soft_words_in_one_channel_stay_whatever_the_other_one_hums():
    """Each channel has a floor of its own; a loud voice is in the quiet one too."""
    turns = [(2, 0, 3.0, 0), (1, 30, 3.0, 0), (0, 0, 3.0, 0), (3, 30, 0.0, 0)]
    sound, spans = scene(turns, noise_dbfs=-85.0, channels=2)
    sound[:, 1] += noise((len(sound), 1), -45.0, "white")[:, 0].astype(np.float32)

    made = assembled(sound, SHARPEST)

    assert lost(made, spans) == []
    assert made.time_map.kept_s < 30.0  # what is silent in both is cut all the same


def test_a_whisper_in_one_channel_beside_a_noisy_other_one_stays():
    """The noise of the other microphone is louder than the voice."""
    sound, spans = scene([(0, 30, 0.0, 0), (2, 30, 0.0, 0)], noise_dbfs=None, channels=2)
    sound[:, 1] += noise((len(sound), 1), -45.0, "white")[:, 0].astype(np.float32)

    assert lost(assembled(sound, SHARPEST), spans) == []


def test_a_voice_under_a_rumble_that_is_louder_stays():
    sound, spans = scene([(0, 10, 0.0, None)], noise_dbfs=None, lead_s=3.0, tail_s=3.0)
    rumble = noise(sound.shape, -30.0, "white")
    spectrum = np.fft.rfft(rumble, axis=0)
    spectrum[round(90 * len(sound) / RATE_HZ) :] = 0
    sound += np.fft.irfft(spectrum, len(sound), axis=0).astype(np.float32) * 10

    assert lost(assembled(sound, SHARPEST), spans) == []


def test_applause_and_music_are_no_silence():
    """Ten seconds of even noise, far above the room's, and ten of a chord."""
    sound, _ = scene([(0, 0, 12.0, None), (2, 0, 12.0, None)], noise_dbfs=-70.0)
    first = 2 * RATE_HZ + len(real_voices()[0])
    sound[first:][: 10 * RATE_HZ] += noise((10 * RATE_HZ, 1), -35.0, "white").astype(np.float32)
    second = first + 12 * RATE_HZ + len(real_voices()[2])
    time_s = np.arange(10 * RATE_HZ) / RATE_HZ
    chord = sum(np.sin(2 * np.pi * hz * time_s) for hz in (262, 330, 392)) * 0.01
    sound[second:][: 10 * RATE_HZ] += chord[:, None].astype(np.float32)

    made = assembled(sound, SHARPEST)

    for start in (first, second):
        heard_s = np.arange(start / RATE_HZ + 0.1, start / RATE_HZ + 9.9, 0.1)
        assert all(made.time_map.to_master(float(at_s)) is not None for at_s in heard_s)


def test_music_under_a_talk_is_no_silence_where_nobody_speaks():
    """Soft, even music of minutes has a floor of its own; a cut in it would be heard."""
    turns = [(2, 0, 30.0, None), (0, 0, 35.0, None), (2, 0, 12.0, None), (0, 0, 35.0, None)]
    sound, _ = scene(turns, noise_dbfs=-88.0)
    begin = 2 * RATE_HZ + len(real_voices()[2]) + 30 * RATE_HZ
    time_s = np.arange(len(sound) - begin) / RATE_HZ
    chord = sum(np.sin(2 * np.pi * hz * time_s) for hz in (262, 330, 392)) * 0.0015
    sound[begin:] += chord[:, None].astype(np.float32)

    made = assembled(sound, SHARPEST)

    # The pause of 12 s, which is more than half a minute away from the room without music.
    pause_s = 2.0 + 30.0 + 35.0 + sum(len(real_voices()[n]) / RATE_HZ for n in (2, 0, 2))
    heard_s = np.arange(pause_s + 0.5, pause_s + 11.5, 0.1)
    assert all(made.time_map.to_master(float(at_s)) is not None for at_s in heard_s)
