"""Changes are put where people change: in the pauses, and with soft words on the right side."""

from __future__ import annotations

import numpy as np
import pytest

from ngopi.audio.leveller import level
from ngopi.audio.loudness import hop_frames, measure
from ngopi.audio.pcm import Pcm
from ngopi.audio.speaking import silent
from speech import RATE_HZ, voice

FLOOR_DBFS = -60.0


def gains_db(parts):
    """Return the leveller's gain at each frame of *parts*, joined, over the noise of a room."""
    sound = np.concatenate(parts)
    noise = np.random.default_rng(5).standard_normal(sound.shape) * 10 ** (FLOOR_DBFS / 20)
    with Pcm.of((sound + noise).astype(np.float32), RATE_HZ) as pcm:
        profile = measure(pcm, advance=lambda _done_s: None)
    return level(profile, hop_frames=hop_frames(RATE_HZ)).curve.at(np.arange(len(sound)))


def pause(seconds):
    return np.zeros((round(seconds * RATE_HZ), 1), np.float32)


def speech(seconds, rms_dbfs, seed):
    """Return a voice that speaks from its first to its last frame, of at most 7 s."""
    once = voice(10, rms_dbfs=rms_dbfs, seed=seed)
    power = np.mean(once.reshape(-1, RATE_HZ // 4) ** 2, axis=1)
    syllables = once.reshape(-1, RATE_HZ // 4)[power > power.max() / 100]
    return syllables[: round(seconds * 4)].reshape(-1, 1)


@pytest.mark.parametrize(
    ("word_s", "softer_db", "pause_s"),
    # What is as soft as the next speaker is told from one only by a longer pause.
    [(0.5, 6, 0.25), (0.5, 6, 0.5), (0.5, 6, 2.0), (0.25, 12, 1.0), (0.25, 12, 2.0)],
)
def test_a_soft_last_word_stays_with_its_speaker(word_s, softer_db, pause_s):
    """It comes 0.15 s after the sentence, and then somebody speaks who is 12 dB softer."""
    word = speech(word_s, -20 - softer_db, 3)
    loud = [speech(6, -20, 1), pause(0.15), word]
    parts = [*loud, pause(pause_s), speech(6, -32, 2)]

    found = gains_db(parts)

    end = sum(map(len, loud))
    assert np.ptp(found[RATE_HZ : end - RATE_HZ // 20]) <= 0.6
    assert found[end + round((pause_s + 1) * RATE_HZ)] - found[RATE_HZ] > 10


@pytest.mark.parametrize("pause_s", [0.25, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("levels_dbfs", [(-20, -32), (-32, -20)])
def test_noise_in_a_pause_follows_the_louder_speaker(pause_s, levels_dbfs):
    parts = [speech(6, levels_dbfs[0], 1), pause(pause_s), speech(6, levels_dbfs[1], 2)]

    found = gains_db(parts)

    inside = found[len(parts[0]) : len(parts[0]) + len(parts[1])]
    assert np.median(inside) <= 2.0
    # And never more than either of them has, so nothing is pumped up.
    assert inside.max() <= max(found[RATE_HZ], found[-RATE_HZ]) + 0.01
    # Changes are ramps, not steps.
    assert np.abs(np.diff(found)).max() * RATE_HZ / 1000 <= 0.25


def test_between_two_who_are_turned_up_half_a_second_is_quiet():
    turns = [(8, -18, 1), (6, -26, 2), (6, -32, 3)]
    parts = [part for turn in turns for part in (speech(*turn), pause(0.5))]

    found = gains_db(parts)

    begin = sum(map(len, parts[:3]))
    assert found[begin + round(0.28 * RATE_HZ)] <= 0.01
    assert min(found[begin - RATE_HZ], found[begin + 2 * RATE_HZ]) > 1  # else nothing is tested


@pytest.mark.parametrize("pause_s", [0.3, 0.6, 0.9])
def test_a_pause_within_a_turn_does_not_move_the_gain(pause_s):
    quiet = [speech(4, -32, 2), pause(pause_s), speech(4, -32, 3)]

    found = gains_db([speech(8, -20, 1), pause(1.5), *quiet])

    assert np.ptp(found[round(9.7 * RATE_HZ) :]) <= 0.1
    assert found[-1] > 3


def test_a_sentence_4_db_softer_is_still_the_same_person():
    """What nobody else's level is, is not worth a change: not even in a pause."""
    mine = [speech(2, -20, 1), pause(0.3), speech(2, -24, 2), pause(0.3), speech(2, -20, 3)]
    parts = [*mine, pause(0.5), speech(6, -32, 4), pause(0.5)] * 2

    found = gains_db(parts)

    stop = sum(map(len, mine))
    assert np.ptp(found[RATE_HZ // 2 : stop - RATE_HZ // 10]) <= 0.6


def test_silence_is_told_from_soft_sound_in_10_ms():
    ticks = np.full(2000, 1e-6)
    ticks[500:1000] = 1e-2
    ticks[1000:1030] = 1e-4  # 20 dB softer, and 20 dB above the room

    found = silent(ticks, ticks.reshape(-1, 10).mean(axis=1))

    assert not found[500:1030].any()
    assert found[:500].all()
    assert found[1030:].all()


def test_digital_silence_is_silent():
    assert silent(np.zeros(100), np.zeros(10)).all()
