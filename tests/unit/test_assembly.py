"""Trims, pauses, jingles: judged by arithmetic and by libebur128."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest

from ngopi.audio.assembly import assemble
from ngopi.errors import SilentJingleError
from ngopi.model import AudioSettings
from other_meter import judge
from sounds import ArraySound
from speech import RATE_HZ, voice

TRIM = AudioSettings(trim_silence=True)
UNTRIMMED = AudioSettings(trim_silence=False)

# Promised is that ends are found to 5 ms each: 10 ms together.
END_S = 0.0101


def ignore(_done_s):
    pass


def assembled(sound, settings, *, intro=None, outro=None, rate_hz=RATE_HZ, programme_lufs=None):
    """Return the assembly of *sound*, an array, and all that it reads as."""
    if programme_lufs is None:
        programme_lufs = judge(sound, rate_hz).integrated_lufs
    recording, intro, outro = (
        None if part is None else ArraySound(part, rate_hz) for part in (sound, intro, outro)
    )
    made = assemble(
        recording,
        settings=settings,
        intro=intro,
        outro=outro,
        programme_lufs=programme_lufs,
        advance=ignore,
    )
    return made, made.read(0, made.frames)


def silence(duration_s, channels=1, rate_hz=RATE_HZ):
    return np.zeros((round(duration_s * rate_hz), channels), np.float32)


@cache
def words(duration_s, *, rms_dbfs=-23.0, channels=1, rate_hz=RATE_HZ, seed=2):
    """Return speech that begins and ends with a word, and pauses for 400 ms at most."""
    frames = round(duration_s * rate_hz)
    time_s = np.arange(frames) / rate_hz
    loud = np.abs(np.sin(2 * np.pi * 2 * time_s)) ** 0.5 * (time_s * 4 % 5 < 4)
    loud[-round(0.25 * rate_hz) :] = 1
    sound = voice(duration_s, rms_dbfs=-10, rate_hz=rate_hz, seed=seed)[:, 0]
    carrier = np.sign(np.sin(2 * np.pi * 130 * time_s)) * 0.5 + sound
    sound = carrier * np.maximum(loud, 0.05)
    sound *= 10 ** (rms_dbfs / 20) / np.sqrt(np.mean(sound**2))
    return np.repeat(sound.astype(np.float32)[:, None], channels, axis=1)


def with_noise(sound, noise_dbfs, seed=7):
    noise = np.random.default_rng(seed).standard_normal(sound.shape) * 10 ** (noise_dbfs / 20)
    return sound + noise.astype(np.float32)


def music(duration_s, *, rms_dbfs=-18.0, channels=1, rate_hz=RATE_HZ):
    """Return three steady chords, far from the voice in pitch."""
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    sound = sum(np.sin(2 * np.pi * hz * time_s) for hz in (523.25, 659.25, 783.99))
    sound *= 10 ** (rms_dbfs / 20) / np.sqrt(np.mean(sound**2))
    return np.repeat(sound.astype(np.float32)[:, None], channels, axis=1)


def energy(sound):
    return float(np.sum(sound.astype(np.float64) ** 2))


def steepest(sound):
    return float(np.abs(np.diff(sound, axis=0)).max())


# -- nothing to do ------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2])
def test_without_anything_to_do_the_samples_stay(channels):
    sound = voice(3, channels=channels)

    made, heard = assembled(sound, UNTRIMMED)

    assert np.array_equal(heard, sound)
    assert made.time_map.to_master(1.25) == 1.25
    assert made.time_map.kept_s == pytest.approx(3.0)


def test_speech_from_end_to_end_is_not_trimmed():
    sound = words(4)

    _, heard = assembled(sound, TRIM)

    assert np.array_equal(heard, sound)


def test_beyond_its_ends_there_is_silence():
    made, _ = assembled(voice(1), UNTRIMMED)

    assert made.read(-5, 0).tolist() == [[0.0]] * 5
    assert not made.read(made.frames, made.frames + 10).any()
    assert made.read(10, 10).shape == (0, 1)


# -- trimming -----------------------------------------------------------------------------


@pytest.mark.parametrize("rate_hz", [44100, 48000])
@pytest.mark.parametrize("level_dbfs", [-45, -23])
@pytest.mark.parametrize("noise_below_db", [36, 40, 60, 200])
def test_silence_at_both_ends_is_cut_to_what_is_kept(rate_hz, level_dbfs, noise_below_db):
    spoken = words(5, rms_dbfs=level_dbfs, rate_hz=rate_hz)
    sound = with_noise(
        np.concatenate([silence(3.217, rate_hz=rate_hz), spoken, silence(2.5, rate_hz=rate_hz)]),
        level_dbfs - noise_below_db,
    )

    made, heard = assembled(sound, TRIM, rate_hz=rate_hz)

    assert made.frames / rate_hz == pytest.approx(0.5 + 5.0 + 0.5, abs=END_S)
    assert made.time_map.to_master(3.217) == pytest.approx(0.5, abs=END_S)
    begin = round(made.time_map.to_master(3.217) * rate_hz)
    first = round(3.217 * rate_hz)
    assert np.array_equal(heard[begin:][: len(spoken)], sound[first:][: len(spoken)])


def test_kept_silence_is_a_setting():
    sound = np.concatenate([silence(3), words(4), silence(3)])

    made, _ = assembled(sound, AudioSettings(kept_silence_s=1.25))

    assert made.frames / RATE_HZ == pytest.approx(1.25 + 4 + 1.25, abs=END_S)


def test_less_silence_than_is_kept_stays():
    sound = np.concatenate([silence(0.3), words(4), silence(0.2)])

    _, heard = assembled(sound, TRIM)

    assert np.array_equal(heard, sound)


def test_soft_first_syllable_and_breath_stay_even_if_no_silence_is_kept():
    breath = with_noise(silence(0.3), -23 - 32)
    soft = words(0.3) * 10 ** (-25 / 20)
    sound = np.concatenate([silence(4), breath, silence(0.15), soft, silence(0.1), words(5)])
    sound = with_noise(np.concatenate([sound, silence(2)]), -23 - 60)

    made, _ = assembled(sound, AudioSettings(kept_silence_s=0.0))

    assert made.time_map.to_master(4.0) is not None
    assert made.time_map.pieces[0].recording_start_s > 3.9


def test_words_that_fade_away_stay():
    fading = words(1.5) * np.linspace(1, 0, round(1.5 * RATE_HZ), dtype=np.float32)[:, None] ** 2
    sound = with_noise(np.concatenate([words(5), fading, silence(3)]), -23 - 60)

    made, _ = assembled(sound, AudioSettings(kept_silence_s=0.0))

    # 1.3 s down its fade it has lost 35 dB.
    assert 6.3 < made.time_map.kept_s < 6.7


def test_quiet_speaker_at_the_start_is_speech():
    sound = np.concatenate([silence(2), words(4, rms_dbfs=-41), words(20, rms_dbfs=-21)])

    made, _ = assembled(with_noise(sound, -80), TRIM)

    assert made.time_map.to_master(2.0) == pytest.approx(0.5, abs=END_S)


def test_click_before_the_first_word_is_cut_away():
    sound = with_noise(np.concatenate([silence(5), words(5)]), -80)
    sound[RATE_HZ : RATE_HZ + 400] += 0.3

    made, _ = assembled(sound, TRIM)

    assert made.time_map.to_master(5.0) == pytest.approx(0.5, abs=END_S)


def test_noise_as_loud_as_a_soft_voice_is_not_trimmed():
    sound = with_noise(np.concatenate([silence(3), words(5)]), -23 - 12)

    _, heard = assembled(sound, TRIM)

    assert np.array_equal(heard, sound)


def test_silence_alone_is_left_to_the_mastering():
    made, heard = assembled(silence(5), TRIM, programme_lufs=-23)

    assert made.frames == 5 * RATE_HZ
    assert not heard.any()


def test_long_silence_at_the_start_is_found_to_its_end():
    sound = with_noise(np.concatenate([silence(70), words(4)]), -80)

    made, _ = assembled(sound, TRIM)

    assert made.time_map.to_master(70.0) == pytest.approx(0.5, abs=END_S)


# -- pauses -------------------------------------------------------------------------------


def paused(pauses_s, *, noise_dbfs=-83.0):
    """Return words of 3 s with pauses between them, and where each begins, in seconds."""
    parts, starts, at = [], [], 0.0
    for pause_s in (*pauses_s, 0.0):
        starts.append(at)
        parts += [words(3, seed=len(parts) + 1), silence(pause_s)]
        at += 3 + pause_s
    return with_noise(np.concatenate(parts), noise_dbfs), starts


def test_dead_air_is_shortened_and_no_word_changes():
    sound, starts = paused([4.0, 0.9, 7.3, 1.4])

    made, heard = assembled(sound, AudioSettings(trim_silence=False, longest_pause_s=1.5))

    assert made.frames / RATE_HZ == pytest.approx(5 * 3 + 1.5 + 0.9 + 1.5 + 1.4, abs=0.02)
    for start_s in starts:
        first = round(start_s * RATE_HZ)
        there = round(made.time_map.to_master(start_s) * RATE_HZ)
        assert np.array_equal(heard[there:][: 3 * RATE_HZ], sound[first:][: 3 * RATE_HZ])
    gap_s = made.time_map.to_master(starts[1]) - made.time_map.to_master(starts[0] + 3)
    assert gap_s == pytest.approx(1.5, abs=END_S)


def test_joints_do_not_click_and_the_room_goes_on():
    time_s = np.arange(20 * RATE_HZ) / RATE_HZ
    hum = (0.002 * np.sin(2 * np.pi * 100 * time_s)).astype(np.float32)[:, None]
    sound, _ = paused([5.0], noise_dbfs=-70)
    sound = sound + hum[: len(sound)]

    made, heard = assembled(sound, AudioSettings(trim_silence=False, longest_pause_s=1.0))

    joint = round(made.time_map.pieces[1].master_start_s * RATE_HZ)
    around = heard[joint - 2400 : joint + 2400]
    room = sound[round(3.2 * RATE_HZ) : round(7.8 * RATE_HZ)]
    assert steepest(around) <= steepest(room) * 1.05
    level_db = 10 * np.log10(energy(around) / len(around) * len(room) / energy(room))
    assert abs(level_db) < 1.5


def test_a_joint_is_not_made_in_a_click():
    """A mouse or a cup is no sound that a pause is kept for, but half of it would be heard."""
    sound, _ = paused([5.0], noise_dbfs=-75)
    click = 0.03 * np.random.default_rng(3).standard_normal((240, 1))
    sound[round(3.5 * RATE_HZ) :][:240] += click.astype(np.float32)

    made, _ = assembled(sound, AudioSettings(trim_silence=False, longest_pause_s=1.0))

    before, after = made.time_map.pieces
    joints_s = (before.recording_start_s + before.duration_s, after.recording_start_s)
    assert all(abs(at_s - 3.5) > 0.02 for at_s in joints_s)


def test_pauses_stay_by_default():
    sound, _ = paused([6.0])

    _, heard = assembled(sound, UNTRIMMED)

    assert np.array_equal(heard, sound)


def test_a_very_short_longest_pause_leaves_a_fifth_of_a_second():
    sound, _ = paused([2.0])

    made, _ = assembled(sound, AudioSettings(trim_silence=False, longest_pause_s=0.01))

    # Between two syllables there is less than that.
    assert made.frames / RATE_HZ == pytest.approx(6.2, abs=END_S)


def test_pauses_and_ends_together():
    sound, _ = paused([4.0])
    sound = np.concatenate([with_noise(silence(3), -83), sound, with_noise(silence(3), -83)])

    made, _ = assembled(sound, AudioSettings(longest_pause_s=2.0))

    assert made.frames / RATE_HZ == pytest.approx(0.5 + 3 + 2 + 3 + 0.5, abs=0.02)


# -- intro and outro ----------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("jingle_dbfs", [-40, -8])
def test_jingles_are_as_loud_as_the_programme(channels, jingle_dbfs):
    sound = np.concatenate([silence(1), words(8, rms_dbfs=-28), silence(1)])
    sound = np.repeat(sound, channels, axis=1)
    programme_lufs = judge(sound, RATE_HZ).integrated_lufs

    made, heard = assembled(
        sound,
        TRIM,
        intro=music(6, rms_dbfs=jingle_dbfs, channels=channels),
        outro=music(5, rms_dbfs=jingle_dbfs - 5, channels=channels),
    )

    assert made.frames / RATE_HZ == pytest.approx(6 + 9 + 5 - 2 * 0.5, abs=END_S)
    intro, outro = heard[: round(5.4 * RATE_HZ)], heard[-round(4.4 * RATE_HZ) :]
    assert judge(intro, RATE_HZ).integrated_lufs == pytest.approx(programme_lufs, abs=0.3)
    assert judge(outro, RATE_HZ).integrated_lufs == pytest.approx(programme_lufs, abs=0.3)


def test_jingles_keep_their_dynamics():
    jingle = music(6) * np.repeat([1.0, 0.25, 0.6], 2 * RATE_HZ).astype(np.float32)[:, None]

    _, heard = assembled(words(6), TRIM, intro=jingle)

    inside = slice(RATE_HZ // 10, 5 * RATE_HZ)
    loud = np.abs(jingle[inside]) > 0.01
    assert np.ptp((heard[inside] / np.where(loud, jingle[inside], 1))[loud]) < 1e-5


def test_words_are_not_faded_by_the_crossfade():
    sound = with_noise(np.concatenate([silence(2), words(6), silence(2)]), -90)

    made, heard = assembled(sound, TRIM, intro=music(5), outro=music(5))

    first, last = (round(made.time_map.to_master(at_s) * RATE_HZ) for at_s in (2.0, 8.0))
    spoken = sound[2 * RATE_HZ : 8 * RATE_HZ]
    assert np.allclose(heard[first:last], spoken, atol=0.02 * np.abs(spoken).max())
    assert energy(heard[first:last]) == pytest.approx(energy(spoken), rel=0.001)


def test_word_at_the_very_start_is_heard_under_the_fading_intro():
    sound = words(6)
    intro = music(5)

    made, heard = assembled(sound, UNTRIMMED, intro=intro)

    joint = made.frames - len(sound)
    music_too = heard[joint:][: RATE_HZ // 2]
    spoken = sound[: RATE_HZ // 2]
    alike = float((music_too * spoken).sum()) / energy(spoken)
    assert joint == len(intro) - RATE_HZ // 2
    assert alike == pytest.approx(1.0, abs=0.05)


def test_crossfade_length_is_a_setting_and_falls_smoothly():
    sound = with_noise(np.concatenate([silence(4), words(6)]), -90)
    intro = music(6)

    made, heard = assembled(sound, AudioSettings(kept_silence_s=2.5, crossfade_s=2.0), intro=intro)

    assert made.frames / RATE_HZ == pytest.approx(6 - 2 + 2.5 + 6, abs=END_S)
    levels_db = [
        10 * np.log10(energy(heard[round(at * RATE_HZ) :][: RATE_HZ // 10])) for at in (3.5, 4.95)
    ]
    # Half way down a fade of constant power it is 3 dB.
    assert levels_db[0] - levels_db[1] == pytest.approx(3.0, abs=0.3)
    assert steepest(heard[: 6 * RATE_HZ]) <= steepest(heard[: 3 * RATE_HZ]) * 1.05


def test_crossfade_of_nothing_joins_without_a_click():
    sound = with_noise(np.concatenate([silence(2), words(6), silence(2)]), -90)

    made, heard = assembled(sound, AudioSettings(crossfade_s=0.0), intro=music(5), outro=music(4))

    joint = 5 * RATE_HZ
    assert made.frames / RATE_HZ == pytest.approx(5 + 7 + 4, abs=END_S)
    assert steepest(heard[joint - 600 : joint + 600]) <= steepest(heard[: 4 * RATE_HZ]) * 1.05


def test_bed_lies_14_lu_below_the_speech_while_somebody_speaks():
    sound = with_noise(np.concatenate([silence(1), words(12)]), -95)
    settings = AudioSettings(intro_under_s=6.0)
    made, heard = assembled(sound, settings, intro=music(10))
    kept = made.frames - 4 * RATE_HZ
    spoken = sound[len(sound) - kept :]
    bed = heard[4 * RATE_HZ :] - spoken

    steady = slice(RATE_HZ, 5 * RATE_HZ)
    speech_lufs = judge(spoken[steady], RATE_HZ).integrated_lufs
    bed_lufs = judge(bed[steady], RATE_HZ).integrated_lufs
    assert speech_lufs - bed_lufs == pytest.approx(14.0, abs=1.0)
    assert not bed[round(6.01 * RATE_HZ) :].any()
    assert steepest(bed) <= steepest(heard[: 3 * RATE_HZ]) * 1.05


def test_bed_is_low_before_the_first_word_begins_and_comes_back_in_a_long_pause():
    sound = np.concatenate([silence(0.5), words(3), silence(3.5), words(6)])
    made, heard = assembled(
        sound, AudioSettings(trim_silence=False, intro_under_s=8.0), intro=music(12)
    )
    bed = heard[4 * RATE_HZ :][: 8 * RATE_HZ] - sound[: 8 * RATE_HZ]

    def level_db(at_s):
        part = bed[round(at_s * RATE_HZ) :][: RATE_HZ // 10]
        return 10 * np.log10(energy(part) / len(part))

    loud_db = 10 * np.log10(energy(heard[: 3 * RATE_HZ]) / (3 * RATE_HZ))
    assert made.time_map.to_master(0.5) == pytest.approx(4.5, abs=END_S)
    assert level_db(0.0) == pytest.approx(loud_db, abs=1)
    assert level_db(0.6) < loud_db - 12
    assert level_db(5.5) == pytest.approx(loud_db, abs=0.5)
    assert level_db(7.2) == pytest.approx(level_db(0.6), abs=0.5)


def test_bed_is_measured_against_the_first_speaker():
    sound = np.concatenate([silence(1), words(8, rms_dbfs=-33), words(20, rms_dbfs=-21)])
    made, heard = assembled(sound, AudioSettings(intro_under_s=5.0), intro=music(8))
    spoken = sound[len(sound) - (made.frames - 3 * RATE_HZ) :]
    bed = heard[3 * RATE_HZ :] - spoken

    steady = slice(RATE_HZ, 4 * RATE_HZ)
    difference_lu = (
        judge(spoken[steady], RATE_HZ).integrated_lufs - judge(bed[steady], RATE_HZ).integrated_lufs
    )
    assert difference_lu == pytest.approx(14.0, abs=1.0)


def test_a_bed_that_is_soft_already_is_not_lifted():
    intro = np.concatenate([music(4), music(6) * np.float32(0.01)])
    spoken = words(12)
    settings = AudioSettings(trim_silence=False, intro_under_s=6.0)

    _, heard = assembled(spoken, settings, intro=intro)

    bed = heard[4 * RATE_HZ :][: 6 * RATE_HZ] - spoken[: 6 * RATE_HZ]
    below = energy(bed[RATE_HZ : 4 * RATE_HZ]) / energy(heard[: 3 * RATE_HZ])
    assert 10 * np.log10(below) == pytest.approx(-40, abs=1)


def test_digital_silence_under_the_intro_turns_nothing_down():
    sound = np.concatenate([silence(5), words(8)])
    settings = AudioSettings(trim_silence=False, intro_under_s=3.0)

    _, heard = assembled(sound, settings, intro=music(8))

    assert np.isfinite(heard).all()
    under, before = heard[round(5.5 * RATE_HZ) : 7 * RATE_HZ], heard[: 3 * RATE_HZ]
    assert energy(under) / len(under) == pytest.approx(energy(before) / len(before), rel=0.1)


@pytest.mark.parametrize("rate_hz", [44_100, RATE_HZ])
def test_silent_ends_of_a_jingle_are_not_joined_on(rate_hz):
    quiet = [silence(seconds, rate_hz=rate_hz) for seconds in (1.5, 2)]
    jingle = np.concatenate([quiet[0], music(4, rate_hz=rate_hz), quiet[1]])
    talk = words(6, rate_hz=rate_hz)

    made, _ = assembled(talk, UNTRIMMED, intro=jingle, outro=jingle, rate_hz=rate_hz)

    assert made.frames / rate_hz == pytest.approx(4 + 6 + 4 - 2 * 0.5, abs=0.05)


def test_sting_shorter_than_the_meters_gate_is_used():
    made, heard = assembled(words(6), UNTRIMMED, intro=music(0.3))

    assert made.frames > 6 * RATE_HZ - 10
    assert np.isfinite(heard).all()


def test_silent_jingle_is_refused_by_name():
    with pytest.raises(SilentJingleError) as caught:
        assembled(words(3), AudioSettings(intro="intro.wav"), intro=silence(3))

    assert "intro.wav" in caught.value.message


def test_mono_jingle_is_heard_on_both_sides():
    sound = words(6, channels=2)

    _, heard = assembled(sound, UNTRIMMED, intro=music(4))

    assert np.array_equal(heard[: 3 * RATE_HZ, 0], heard[: 3 * RATE_HZ, 1])
    assert heard[: 3 * RATE_HZ].any()


def test_jingles_longer_than_the_recording_overlap_half_of_it():
    made, heard = assembled(
        words(1), AudioSettings(crossfade_s=5.0), intro=music(8), outro=music(8)
    )

    assert made.frames / RATE_HZ == pytest.approx(8 + 1 + 8 - 2 * 0.5, abs=END_S)
    assert np.isfinite(heard).all()


# -- however it is read -------------------------------------------------------------------


def everything():
    sound, _ = paused([4.0, 3.0])
    ends = (with_noise(silence(2), -83, seed=seed) for seed in (8, 9))
    sound = np.repeat(np.concatenate([next(ends), sound, next(ends)]), 2, axis=1)
    settings = AudioSettings(longest_pause_s=1.0, intro_under_s=4.0, crossfade_s=1.0)
    return assembled(sound, settings, intro=music(7), outro=music(5))


def test_samples_do_not_depend_on_how_they_are_read():
    made, whole = everything()
    random = np.random.default_rng(3)
    cuts = np.sort(random.integers(0, made.frames, 60))
    bounds = [0, *cuts.tolist(), made.frames]

    with ThreadPoolExecutor(4) as threads:
        parts = list(threads.map(made.read, bounds[:-1], bounds[1:]))

    assert np.array_equal(np.concatenate(parts), whole)


def test_map_and_sound_agree_with_everything_at_once():
    made, whole = everything()

    assert made.time_map.pieces[0].master_start_s == pytest.approx(3.0, abs=1e-4)
    assert made.time_map.kept_s == pytest.approx(0.5 + 9 + 2 * 1.0 + 0.5, abs=0.03)
    assert len(whole) / RATE_HZ == pytest.approx(3.0 + made.time_map.kept_s - 1.0 + 5.0, abs=1e-3)


def test_progress_counts_every_second_once():
    sound, _ = paused([3.0])
    for settings in (TRIM, AudioSettings(longest_pause_s=1.0)):
        done_s = []
        assemble(
            ArraySound(sound),
            settings=settings,
            intro=None,
            outro=None,
            programme_lufs=-23.0,
            advance=done_s.append,
        )

        assert sum(done_s) == pytest.approx(9.0, abs=END_S)
