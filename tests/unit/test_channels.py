"""Channels that carry nothing, or the same thing twice, do not reach the listener."""

from __future__ import annotations

import numpy as np
import pytest

from ngopi.audio.channels import choose_channels, chosen, view
from ngopi.audio.pcm import Pcm
from ngopi.audio.survey import survey
from ngopi.audio.treatment import sentence
from speech import RATE_HZ, voice

SECONDS = 8


@pytest.fixture(scope="module")
def words():
    return voice(SECONDS)


@pytest.fixture(scope="module")
def other_words():
    return voice(SECONDS, pitch_hz=180, seed=7)


def chosen_from(sound, wanted=None):
    """Return the choice, what is read then, and whether it is the recording itself."""
    with Pcm.of(sound.astype(np.float32), RATE_HZ) as pcm:
        choice = choose_channels(survey(pcm, advance=lambda _done_s: None), wanted)
        heard = view(pcm, choice)
        return choice, heard.read(0, heard.frames), heard is pcm


def names(choice):
    return [treatment.name for treatment in choice.treatments]


def hiss(dbfs):
    shape = (SECONDS * RATE_HZ, 1)
    return np.random.default_rng(9).standard_normal(shape) * 10 ** (dbfs / 20)


def test_two_voices_on_two_channels_stay_as_they_are(words, other_words):
    choice, _, untouched = chosen_from(np.hstack([words, other_words]))

    assert untouched
    assert names(choice) == []


def test_one_sound_on_both_channels_becomes_mono(words):
    choice, heard, _ = chosen_from(np.hstack([words, words]))

    assert names(choice) == ["same-twice"]
    np.testing.assert_array_equal(heard, words)


@pytest.mark.parametrize(("peak_db", "channels"), [(-62, 1), (-58, 2)])
def test_equal_means_within_60_db(words, peak_db, channels):
    differs = words.copy()
    differs[1000] += np.abs(words).max() * 10 ** (peak_db / 20)

    _, heard, _ = chosen_from(np.hstack([words, differs]))

    assert heard.shape[1] == channels


def test_one_sound_twice_stays_stereo_when_that_is_wanted(words):
    choice, _, untouched = chosen_from(np.hstack([words, words]), wanted=2)

    assert untouched
    assert names(choice) == []


@pytest.mark.parametrize(("wanted", "channels"), [(None, 1), (1, 1), (2, 2)])
def test_a_dead_channel_is_left_out(words, wanted, channels):
    choice, heard, _ = chosen_from(np.hstack([np.zeros_like(words), words]), wanted=wanted)

    assert names(choice) == ["left-out-left"]
    assert sentence(choice.treatments[0]) == "The left channel was left out: it is silent."
    np.testing.assert_array_equal(heard, np.repeat(words, channels, axis=1))


def test_a_channel_35_db_below_the_other_is_left_out(words, other_words):
    quiet = other_words * 10 ** (-35 / 20)
    choice, heard, _ = chosen_from(np.hstack([words, quiet]))

    assert names(choice) == ["left-out-right"]
    assert choice.treatments[0].db == pytest.approx(35, abs=1.5)
    np.testing.assert_array_equal(heard, words)


def test_a_channel_25_db_below_the_other_is_kept(words, other_words):
    _, _, untouched = chosen_from(np.hstack([words, other_words * 10 ** (-25 / 20)]))

    assert untouched


@pytest.mark.parametrize("wanted", [None, 1])
def test_a_channel_upside_down_does_not_cancel_the_other(words, wanted):
    choice, heard, _ = chosen_from(np.hstack([words, -words]), wanted=wanted)

    assert names(choice) == ["opposite-twice"]
    np.testing.assert_array_equal(heard, words)


def test_mono_of_two_voices_is_their_mean(words, other_words):
    choice, heard, _ = chosen_from(np.hstack([words, other_words]), wanted=1)

    assert names(choice) == []
    np.testing.assert_allclose(heard, (words + other_words) / 2, atol=1e-7)


def test_a_mono_recording_is_repeated_when_two_channels_are_wanted(words):
    choice, heard, _ = chosen_from(words, wanted=2)

    assert names(choice) == []
    np.testing.assert_array_equal(heard, np.hstack([words, words]))


def test_a_mono_recording_is_left_alone(words):
    _, _, untouched = chosen_from(words)

    assert untouched


def test_the_survey_of_what_is_chosen_needs_no_second_measurement(words):
    sound = np.hstack([words + hiss(-70), np.zeros_like(words)]).astype(np.float32)
    with Pcm.of(sound, RATE_HZ) as pcm:
        found = survey(pcm, advance=lambda _done_s: None)
        choice = choose_channels(found, None)

        assert chosen(found, choice).channels == (found.channels[0],)


def test_a_mean_of_two_is_planned_by_the_noisier_one(words, other_words):
    sound = np.hstack([words + hiss(-70), other_words + hiss(-50)]).astype(np.float32)
    with Pcm.of(sound, RATE_HZ) as pcm:
        found = survey(pcm, advance=lambda _done_s: None)
        choice = choose_channels(found, 1)

        assert chosen(found, choice).channels == (found.channels[1],)
