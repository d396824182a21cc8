"""Tracks of one meeting: levels, cross-talk and what is left of each voice."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from ngopi.audio.mixing import mix
from ngopi.errors import SilentRecordingError
from other_meter import judge
from sounds import ArraySound
from speech import RATE_HZ, voice

TURN_S = 6
DELAY_FRAMES = 240  # five milliseconds: the next microphone on the table


def ignore(_done_s):
    pass


def meeting(levels_dbfs, *, bleed_db=-25.0, turns=6, channels=1, noise_below_db=55.0):
    """Return the voice of each speaker alone, and the tracks with all that they hear.

    The speakers take turns of TURN_S; every track hears the others *bleed_db* softer than
    their own microphones do, a little later.
    """
    frames = turns * TURN_S * RATE_HZ
    alone = [np.zeros((frames, channels), np.float32) for _ in levels_dbfs]
    for turn in range(turns):
        speaker = turn % len(levels_dbfs)
        alone[speaker][turn * TURN_S * RATE_HZ : (turn + 1) * TURN_S * RATE_HZ] = voice(
            TURN_S,
            rms_dbfs=levels_dbfs[speaker],
            pitch_hz=100 + 40 * speaker,
            channels=channels,
            seed=turn + 1,
        )
    tracks = []
    for own, level_dbfs in zip(alone, levels_dbfs, strict=True):
        others = sum(voice_ for voice_ in alone if voice_ is not own)
        noise = np.random.default_rng(len(tracks)).standard_normal(own.shape)
        track = own + np.roll(others, DELAY_FRAMES, axis=0) * 10 ** (bleed_db / 20)
        track = track + noise * 10 ** ((level_dbfs - noise_below_db) / 20)
        tracks.append(track.astype(np.float32))
    return alone, tracks


def mixed(tracks, *, channels=1):
    """Return the mix of *tracks* (arrays), all of it."""
    made = mix([ArraySound(track) for track in tracks], channels=channels, advance=ignore)
    return made.read(0, made.frames)


def share_db(sound, part):
    """Return how much of *part* is in *sound*, in dB."""
    gain = np.sum(sound.astype(np.float64) * part) / np.sum(part.astype(np.float64) ** 2)
    return 20 * np.log10(max(abs(gain), 1e-9))


def turn_of(sound, turn):
    """Return the middle of a turn."""
    return sound[round((turn * TURN_S + 0.75) * RATE_HZ) : round((turn + 1) * TURN_S * RATE_HZ)]


@pytest.mark.parametrize("bleed_db", [-80, -25])
@pytest.mark.parametrize("channels", [1, 2])
def test_three_speakers_12_db_apart_end_within_1_db(channels, bleed_db):
    _, tracks = meeting([-20, -26, -32], bleed_db=bleed_db)

    sound = mixed(tracks, channels=channels)

    levels_lufs = [
        judge(
            np.concatenate([turn_of(sound, speaker), turn_of(sound, speaker + 3)]), RATE_HZ
        ).integrated_lufs
        for speaker in range(3)
    ]
    assert max(levels_lufs) - min(levels_lufs) < 1.0
    assert np.mean(levels_lufs) == pytest.approx(-23, abs=0.5)


@pytest.mark.parametrize("levels_dbfs", [[-23, -23], [-20, -32], [-26, -20, -32]])
def test_crosstalk_is_lowered_by_12_db_or_more(levels_dbfs):
    alone, tracks = meeting(levels_dbfs, bleed_db=-22)
    # With another sound in its place, the bleed of one track can be told from the voice itself.
    marks = [np.zeros_like(track) for track in tracks]
    frames = len(tracks[0])
    random = np.random.default_rng(11)
    spoken = np.abs(alone[0]) > 0
    marks[1] = (random.standard_normal((frames, 1)) * spoken).astype(np.float32)
    marks[1] *= 10 ** ((levels_dbfs[0] - 40) / 20)

    made = mixed([track + mark for track, mark in zip(tracks, marks, strict=True)])

    own_gain_db = share_db(turn_of(made, 1), turn_of(alone[1], 1))
    left_db = share_db(turn_of(made, 0), turn_of(marks[1], 0))
    assert left_db - own_gain_db < -12


def test_own_words_are_not_touched():
    alone, tracks = meeting([-20, -32], bleed_db=-25)

    made = mixed(tracks)

    for turn in range(6):
        own = alone[turn % 2][turn * TURN_S * RATE_HZ :][: TURN_S * RATE_HZ]
        heard = made[turn * TURN_S * RATE_HZ :][: TURN_S * RATE_HZ]
        gains_db = [
            share_db(heard[at:][: RATE_HZ // 5], own[at:][: RATE_HZ // 5])
            for at in range(0, TURN_S * RATE_HZ, RATE_HZ // 4)
            if np.abs(own[at:][: RATE_HZ // 5]).max() > 0.01 * np.abs(own).max()
        ]
        # Every syllable of a turn, the first and the last too, has the same gain.
        assert max(gains_db) - min(gains_db) < 1.5


def test_two_who_speak_at_once_are_both_heard():
    alone, tracks = meeting([-20, -30], bleed_db=-25, turns=6)
    both = slice(2 * TURN_S * RATE_HZ, 3 * TURN_S * RATE_HZ)
    second = voice(TURN_S, rms_dbfs=-30, pitch_hz=140, seed=77)
    tracks[1][both] += second

    made = mixed(tracks)[both]

    own_gain_db = share_db(turn_of(mixed(tracks), 1), turn_of(alone[1], 1))
    assert share_db(made, second) == pytest.approx(own_gain_db, abs=1.5)


def test_track_of_somebody_who_only_listens_is_not_brought_up():
    alone, tracks = meeting([-22, -24], bleed_db=-25)
    listener = sum(alone) * 10 ** (-25 / 20)
    noise = np.random.default_rng(5).standard_normal(listener.shape) * 10 ** (-80 / 20)

    without = mixed(tracks)
    with_listener = mixed([*tracks, (listener + noise).astype(np.float32)])

    added = with_listener - without
    assert np.sum(added**2) < np.sum(without**2) * 10 ** (-35 / 10)


def test_noise_does_not_breathe_when_nobody_speaks():
    alone, tracks = meeting([-23, -23], bleed_db=-80, turns=4, noise_below_db=45)
    quiet = slice(round(9.0 * RATE_HZ), round(11.5 * RATE_HZ))
    for track, own in zip(tracks, alone, strict=True):
        track[quiet] -= own[quiet]

    made = mixed(tracks)[quiet]

    levels_db = [
        10 * np.log10(np.mean(made[at:][: RATE_HZ // 4] ** 2))
        for at in range(RATE_HZ // 2, 2 * RATE_HZ, RATE_HZ // 4)
    ]
    assert max(levels_db) - min(levels_db) < 0.5


def test_gates_do_not_click():
    _, tracks = meeting([-23, -23], bleed_db=-25)

    made = mixed(tracks)

    steepest = np.abs(np.diff(made, axis=0)).max()
    gain = 10 ** (share_db(turn_of(made, 0), turn_of(tracks[0], 0)) / 20)
    assert steepest <= max(np.abs(np.diff(track, axis=0)).max() for track in tracks) * gain * 1.1


def test_tracks_of_different_lengths_and_channels():
    _, tracks = meeting([-20, -26], turns=4)
    tracks[1] = np.repeat(tracks[1][: 20 * RATE_HZ], 2, axis=1)

    made = mix([ArraySound(track) for track in tracks], channels=2, advance=ignore)
    sound = made.read(0, made.frames)

    assert (made.channels, made.frames) == (2, 24 * RATE_HZ)
    levels_lufs = [judge(turn_of(sound, turn), RATE_HZ).integrated_lufs for turn in range(3)]
    assert max(levels_lufs) - min(levels_lufs) < 1.0
    assert not made.read(made.frames, made.frames + 100).any()


def test_same_recording_twice_is_still_heard():
    sound = voice(12, rms_dbfs=-26)

    made = mixed([sound, sound])

    assert share_db(made, sound) > 0


def test_loud_tracks_are_not_clipped():
    first = voice(8, rms_dbfs=-8)

    made = mixed([first, voice(8, rms_dbfs=-40, seed=3)])

    peaks = np.abs(first).max(), np.abs(made).max()
    assert peaks[0] > 1
    assert share_db(made, first) == pytest.approx(
        -23 - judge(first, RATE_HZ).integrated_lufs, abs=1
    )


def test_one_track_is_only_levelled():
    sound = voice(8, rms_dbfs=-35)

    made = mixed([sound])

    assert judge(made, RATE_HZ).integrated_lufs == pytest.approx(-23, abs=0.5)
    assert np.ptp(made[np.abs(sound) > 0.01] / sound[np.abs(sound) > 0.01]) < 1e-4


def test_silent_track_adds_nothing():
    sound = voice(8)

    made = mixed([sound, np.zeros_like(sound)])

    assert np.array_equal(made, mixed([sound]))


def test_silence_on_all_tracks_is_refused():
    with pytest.raises(SilentRecordingError):
        mixed([np.zeros((RATE_HZ, 1), np.float32)] * 2)


def test_samples_do_not_depend_on_how_they_are_read():
    _, tracks = meeting([-20, -32], turns=3)
    made = mix([ArraySound(track) for track in tracks], channels=1, advance=ignore)
    whole = made.read(0, made.frames)
    bounds = [0, 1, 777, 48_000, 48_001, 300_000, 500_003, made.frames]

    parts = [made.read(*pair) for pair in pairwise(bounds)]

    assert np.array_equal(np.concatenate(parts), whole)


def test_progress_counts_every_track():
    done_s = []

    mix([ArraySound(voice(7))] * 3, channels=1, advance=done_s.append)

    assert sum(done_s) == pytest.approx(21.0)
