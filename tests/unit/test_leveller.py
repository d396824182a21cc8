"""People at different distances come to one loudness, and nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest

from dialogue import Dialogue, chords
from ngopi.audio.leveller import UNLEVELLED, level
from ngopi.audio.loudness import Profile, hop_frames, measure
from ngopi.audio.pcm import Pcm
from other_meter import judge
from speech import RATE_HZ, voice

TURNS = {
    "3 to 20 s": [(12, -20), (3, -32), (20, -22), (5, -30), (4, -20)],
    "interjections": [(8, -20), (1, -32), (6, -20), (2, -32), (7, -20), (9, -32), (1, -20)],
    "one second without a pause": [(8, -20), (2, -32), (12, -20), (9, -32), (1, -20), (9, -32)],
    "three people": [(6, -20), (6, -26), (6, -32)] * 2,
}


def ignore(_done_s):
    pass


def levelled(sound, rate_hz=RATE_HZ):
    """Return what the leveller decides, and *sound* with it."""
    with Pcm.of(sound.astype(np.float32), rate_hz) as pcm:
        result = level(measure(pcm, advance=ignore), hop_frames=hop_frames(rate_hz))
    gains_db = result.curve.at(np.arange(len(sound)))
    return result, (sound * 10 ** (gains_db / 20)[:, None]).astype(np.float32), gains_db


def spread(dialogue, sound):
    found = [judge(sound[start:stop], RATE_HZ).integrated_lufs for start, stop in dialogue.turns]
    return max(found) - min(found)


def floor_rise(dialogue, sound):
    """Return how far the noise in the pauses comes up, in dB, both at one loudness."""
    louder_db = judge(dialogue.sound, RATE_HZ).integrated_lufs
    louder_db -= judge(sound, RATE_HZ).integrated_lufs
    return dialogue.floor_dbfs(sound) - dialogue.floor_dbfs(dialogue.sound) + louder_db


def noise(seconds, dbfs):
    random = np.random.default_rng(7)
    return random.standard_normal((round(seconds * RATE_HZ), 1)) * 10 ** (dbfs / 20)


@pytest.mark.parametrize("name", TURNS)
def test_people_12_db_apart_end_within_1_lu(name):
    dialogue = Dialogue.of_turns(TURNS[name])

    _, sound, gains_db = levelled(dialogue.sound)

    assert spread(dialogue, dialogue.sound) > 10
    assert spread(dialogue, sound) <= 1.0
    assert all(np.ptp(gains_db[heard]) <= 0.6 for heard in dialogue.voiced())


def test_turns_tell_where_and_how_loud_people_are():
    dialogue = Dialogue.of_turns([(9, -20), (7, -32)])

    turns = levelled(dialogue.sound)[0].turns

    assert len(turns) == 2
    for turn, (start, stop) in zip(turns, dialogue.turns, strict=True):
        before = judge(dialogue.sound[start:stop], RATE_HZ).integrated_lufs
        assert turn.start_s == pytest.approx(start / RATE_HZ, abs=0.6)  # it may begin with a pause
        assert turn.stop_s == pytest.approx(stop / RATE_HZ, abs=0.6)
        assert turn.before_lufs == pytest.approx(before, abs=0.3)
    assert turns[0].after_lufs == pytest.approx(turns[1].after_lufs, abs=0.01)


def test_pauses_keep_their_noise_down():
    dialogue = Dialogue.of_turns([(6, -20), (6, -32)] * 3, pause_s=2.0, noise_dbfs=-62)

    _, sound, _ = levelled(dialogue.sound)

    assert floor_rise(dialogue, sound) <= 2.0
    assert spread(dialogue, sound) <= 1.0


@pytest.mark.parametrize("noise_dbfs", [-45, -60, -90])
def test_silence_is_never_turned_up(noise_dbfs):
    """Twelve seconds of an empty room, between a quiet person's turns and after the last."""
    gap = np.zeros((12 * RATE_HZ, 1))
    sound = np.concatenate([voice(8), voice(6, rms_dbfs=-33), gap, voice(6, rms_dbfs=-33), gap])

    _, _, gains_db = levelled(sound + noise(44, noise_dbfs))

    for first_s, last_s in [(15, 25), (33, 44)]:
        assert gains_db[first_s * RATE_HZ : last_s * RATE_HZ].max() <= 0.01
    assert gains_db[10 * RATE_HZ] > 3  # otherwise nothing is tested here


def test_breaths_stay_breaths():
    """Noise of 0.4 s in every pause, 25 dB below the voice."""
    breath = np.concatenate([np.zeros((9600, 1)), noise(0.4, -48), np.zeros((9600, 1))])
    sound = np.concatenate([voice(6), breath] * 4)

    _, _, gains_db = levelled(sound + noise(len(sound) / RATE_HZ, -75))

    assert np.ptp(gains_db) <= 0.1


@pytest.mark.parametrize("seed", [1, 5])
@pytest.mark.parametrize("channels", [1, 2])
def test_one_steady_speaker_is_left_alone(channels, seed):
    _, _, gains_db = levelled(voice(60, channels=channels, seed=seed))

    assert np.ptp(gains_db) <= 1.0
    assert np.abs(gains_db).max() <= 1.0


def silence(seconds):
    return np.zeros((round(seconds * RATE_HZ), 1))


def word(seconds, rms_dbfs):
    """Return some of a voice without a pause in it."""
    start = round(1.5 * RATE_HZ)
    return voice(6, rms_dbfs=rms_dbfs)[start : start + round(seconds * RATE_HZ)]


def test_the_first_word_of_a_turn_belongs_to_it():
    """Louder than the rest, with a pause after it: not the last word of the louder neighbour."""
    loud, soft, pause = voice(6, rms_dbfs=-20), voice(6, rms_dbfs=-32), silence(0.3)
    sound = np.concatenate([loud, pause, word(0.7, -27), pause, soft, pause, loud])

    _, _, gains_db = levelled(sound + noise(len(sound) / RATE_HZ, -75))

    turn = gains_db[round(6.4 * RATE_HZ) : round(13.1 * RATE_HZ)]
    assert np.ptp(turn) <= 0.6
    assert turn.min() > gains_db[3 * RATE_HZ] + 9


def test_a_soft_last_word_keeps_its_gain_beside_a_loud_voice():
    """It is more than 20 dB below the voice that follows: beside that, it might be a breath."""
    loud, soft = voice(6, rms_dbfs=-20), voice(6, rms_dbfs=-33)
    sound = np.concatenate(
        [loud, silence(0.3), soft, silence(0.15), word(0.6, -41), silence(0.35), loud]
    )

    _, _, gains_db = levelled(sound + noise(len(sound) / RATE_HZ, -75))

    assert np.ptp(gains_db[round(6.6 * RATE_HZ) : round(12.95 * RATE_HZ)]) <= 0.6


def test_a_voice_that_falls_before_a_pause_is_not_the_next_speaker():
    """What it falls to is what the next speaker has, but people change in the pause."""
    loud, soft = voice(6, rms_dbfs=-20)[: round(5.25 * RATE_HZ)], voice(6, rms_dbfs=-30)
    turns = [loud, word(0.55, -30), silence(1), soft, silence(1)]
    sound = np.concatenate(turns * 3)

    _, _, gains_db = levelled(sound + noise(len(sound) / RATE_HZ, -75))

    length = len(np.concatenate(turns))
    for start in (0, length, 2 * length):
        assert np.ptp(gains_db[start + RATE_HZ // 2 : start + round(5.75 * RATE_HZ)]) <= 0.6


def test_short_pauses_between_people_keep_their_noise_down():
    dialogue = Dialogue.of_turns([(6, -22), (6, -35)] * 3, pause_s=0.25, noise_dbfs=-50)

    _, sound, _ = levelled(dialogue.sound)

    assert floor_rise(dialogue, sound) <= 2.0
    assert spread(dialogue, sound) <= 1.0


def test_a_knock_changes_nobodys_level():
    sound = voice(20)
    sound[10 * RATE_HZ : 10 * RATE_HZ + 2400] += 0.7

    _, _, gains_db = levelled(sound)

    assert np.ptp(gains_db) <= 0.1


def test_music_keeps_its_dynamics():
    dialogue = Dialogue.of_turns([(8, -20), (8, -32)] * 2).after(chords(20))

    _, sound, gains_db = levelled(dialogue.sound)

    start, stop = dialogue.music[0]
    assert np.ptp(gains_db[start:stop]) <= 0.5
    assert gains_db[start:stop].max() <= 0.0
    assert spread(dialogue, sound) <= 1.0


def test_music_alone_is_left_alone():
    assert levelled(chords(20))[0] is UNLEVELLED


def test_clicks_are_nobodys_speech():
    sound = np.zeros((6 * RATE_HZ, 1))
    sound[::RATE_HZ] = 0.9

    assert levelled(sound)[0] is UNLEVELLED


def test_the_farthest_are_lifted_by_15_db_at_most():
    dialogue = Dialogue.of_turns([(8, -18), (8, -35)] * 2)

    result, _, gains_db = levelled(dialogue.sound)

    assert result.curve.highest_db == pytest.approx(15.0)
    assert gains_db.max() <= 15.0
    assert result.curve.lowest_db == gains_db.min()


def test_the_gain_changes_on_the_quieter_side():
    """Lifted 12 dB too early, the last syllable of a loud voice would be a shout."""
    _, _, gains_db = levelled(Dialogue.of_turns([(5, -20), (5, -32), (5, -20)]).sound)

    for loud_s in (4.98, 10.02):
        assert gains_db[round(loud_s * RATE_HZ)] == pytest.approx(gains_db.min(), abs=1.5)
    for quiet_s in (5.15, 9.85):
        assert gains_db[round(quiet_s * RATE_HZ)] == pytest.approx(gains_db.max(), abs=0.3)


def test_the_curve_has_a_value_for_each_100_ms():
    result, _, gains_db = levelled(Dialogue.of_turns([(5, -20), (5, -32)]).sound)

    assert result.hop_gains_db.shape == (100,)
    middles = gains_db[2400::4800]
    assert result.hop_gains_db == pytest.approx(middles, abs=0.01)


@pytest.mark.parametrize("rate_hz", [11025, 22050, 44100])
def test_other_rates_are_levelled_too(rate_hz):
    sound = np.concatenate([voice(8, rate_hz=rate_hz), voice(8, rms_dbfs=-34, rate_hz=rate_hz)])

    _, after, _ = levelled(sound, rate_hz)

    half = 8 * rate_hz
    first, second = (judge(part, rate_hz).integrated_lufs for part in (after[:half], after[half:]))
    assert first == pytest.approx(second, abs=1.0)


@pytest.mark.parametrize("hops", [0, 1, 5, 39])
def test_hardly_anything_is_no_problem(hops):
    empty = np.empty(0, np.float32)
    profile = Profile(
        ticks=np.full((hops, 10), 1e-3),
        block_peaks=empty,
        block_levels=empty.astype(np.float16),
        true_peak=0.1,
    )

    assert not level(profile, hop_frames=4800).curve.gains_db.any()
