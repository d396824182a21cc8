"""Tracks that hold the same, or the sum of others: nobody is heard twice, and nobody is lost."""

from __future__ import annotations

import numpy as np
import pytest

from ngopi.audio.mixing import mix
from other_meter import judge
from rooms import noise, people, recorded
from sounds import ArraySound
from speech import RATE_HZ

# What the documentation says: never louder than a plain mix by more.
MOST_ABOVE_PLAIN_DB = 6.0


def ignore(_done_s):
    pass


def mixed(*tracks):
    """Return the mix of *tracks* (arrays), and what was found: name to numbers of tracks."""
    made = mix([ArraySound(track) for track in tracks], channels=1, advance=ignore)
    found = {}
    for treatment in made.treatments:
        found.setdefault(treatment.name, []).append(treatment.count)
    return made.read(0, made.frames), found


def plainly(*tracks):
    """Return all *tracks*, each at -23 LUFS, added up."""
    frames = max(map(len, tracks))
    levels = [judge(track, RATE_HZ).integrated_lufs for track in tracks]
    return sum(
        np.pad(track, ((0, frames - len(track)), (0, 0))) * np.float32(10 ** ((-23 - lufs) / 20))
        for track, lufs in zip(tracks, levels, strict=True)
        if np.isfinite(lufs)
    )


def both():
    return sum(people())


def ripple_db(sound, reference):
    """Return how unevenly the spectrum of *reference* came through: a comb filter ripples."""
    spectra = [
        np.sqrt(np.mean(np.abs(np.fft.rfft(part[: len(part) // 4096 * 4096, 0].reshape(-1, 4096)))
                        ** 2, axis=0))
        for part in (sound, reference)
    ]  # fmt: skip
    band = slice(round(300 / RATE_HZ * 4096), round(5000 / RATE_HZ * 4096))
    return float(np.std(20 * np.log10(spectra[0][band] / spectra[1][band])))


NEARLY_SAME = {
    "identical": lambda: (both(), both()),
    "one upside down and softer": lambda: (both(), -0.2 * both()),
    "other gain and noise": lambda: (both() + noise(both(), -70), 0.3 * both()),
    "two laptops in one room": lambda: (
        recorded((1, 1), place=1),
        recorded((0.9, 1.1), place=2, late_s=1.234, drift_ppm=80, noise_dbfs=-55),
    ),
    "two laptops, tens of milliseconds": lambda: (
        recorded((1, 0.7), place=1, late_s=0.07),
        recorded((0.7, 1), place=2),
    ),
}


@pytest.mark.parametrize("case", NEARLY_SAME)
def test_the_same_sound_twice_is_heard_once(case):
    tracks = NEARLY_SAME[case]()

    sound, found = mixed(*tracks)

    assert found["track-same"] == [2]
    judged = judge(sound, RATE_HZ)
    assert judged.integrated_lufs == pytest.approx(-23, abs=0.3)
    assert judged.true_peak_dbtp < judge(plainly(tracks[0]), RATE_HZ).true_peak_dbtp + 0.5
    late = len(sound) - len(tracks[0])
    assert ripple_db(sound[max(late, 0) :], tracks[0]) < 0.5


@pytest.mark.parametrize(
    "tracks",
    [
        lambda: (recorded((1, 0.5), place=1), recorded((0.5, 1), place=2)),
        lambda: (recorded((1, 0.7), place=1), recorded((0.4, 1), place=2, late_s=3.3)),
        lambda: tuple(
            recorded(gains, place=n) for n, gains in enumerate([(1, 0.5), (0.7, 0.7), (0.5, 1)])
        ),
        lambda: (
            recorded((1, 1), place=1),
            recorded((1, 1), place=2)
            * np.interp(np.arange(len(both())), np.arange(6) * 9 * RATE_HZ,
                        [1, 0.25, 1, 0.25, 1, 0.25])[:, None].astype(np.float32),
        ),
    ],
    ids=["6 dB nearer", "seconds late", "three", "one with automatic gain"],
)  # fmt: skip
def test_nobody_gets_louder_than_a_plain_mix_makes_them(tracks):
    heard = tracks()

    sound, _ = mixed(*heard)

    made, plain = judge(sound, RATE_HZ), judge(plainly(*heard), RATE_HZ)
    assert made.integrated_lufs < plain.integrated_lufs + MOST_ABOVE_PLAIN_DB
    assert made.true_peak_dbtp < plain.true_peak_dbtp + MOST_ABOVE_PLAIN_DB
    for voice in people():  # everybody is there
        spoken = np.abs(voice) > 0.01
        late = len(sound) - len(voice)
        assert np.mean(sound[late:][spoken] ** 2) > 10 ** (-40 / 10)


def test_one_of_three_that_is_equal_to_another_is_left_out():
    host, guest = people()
    first, second = host + 0.05 * guest, guest + 0.05 * host

    sound, found = mixed(first, second, first)

    assert found == {"track-same": [3]}
    assert np.allclose(sound, mixed(first, second)[0], atol=1e-6)


def test_the_mix_of_all_beside_each_alone_is_not_heard_twice():
    host, guest = people()

    sound, found = mixed(host + guest, host, guest)

    assert found == {"track-sum": [1]}
    assert np.allclose(sound, mixed(host, guest)[0], atol=1e-6)


def test_somebody_who_is_in_the_mix_too_is_not_heard_twice():
    host, guest = people()

    sound, found = mixed(host + guest, guest)

    assert found == {"track-within": [2]}
    assert np.allclose(sound, mixed(host + guest)[0], atol=1e-6)


@pytest.mark.parametrize("where", [0, 1, 2])
def test_soft_words_that_one_track_alone_holds_are_kept(where):
    host, guest = people()
    tracks = [host + guest, host.copy(), guest.copy()]
    word = slice(20 * RATE_HZ, 21 * RATE_HZ)
    third = np.zeros_like(host)
    third[word] = host[2 * RATE_HZ : 3 * RATE_HZ] * 10 ** (-24 / 20)
    for n, track in enumerate(tracks):
        track[word] = third[word] if n == where else 0

    sound, _ = mixed(*(track + noise(track, -80, seed=n) for n, track in enumerate(tracks)))

    gain = np.sum(sound[word] * third[word]) / np.sum(third[word] ** 2)
    assert abs(gain) > 10 ** (-6 / 20)


def test_what_the_better_of_two_equal_tracks_lacks_comes_from_the_other():
    whole = both() + noise(both(), -75)
    worse = both() + noise(both(), -60, seed=2)
    begun_late, cut = whole[4 * RATE_HZ :], whole.copy()
    cut[20 * RATE_HZ : 21 * RATE_HZ] = 0  # a cable that was pulled
    cut[-3 * RATE_HZ :] = 0

    late, found_late = mixed(begun_late, worse)
    mended, found_cut = mixed(cut, worse)

    assert found_late == {"track-later": [1], "track-same": [2]}
    assert found_cut == {"track-same": [2]}
    for sound, stretches_s in ((late, [(0, 3.9)]), (mended, [(20.1, 20.9), (42.2, 44.5)])):
        level = np.sqrt(np.mean(sound**2) / np.mean(whole**2))
        for start_s, stop_s in stretches_s:
            here = slice(round(start_s * RATE_HZ), round(stop_s * RATE_HZ))
            gain = np.sum(sound[here] * whole[here]) / np.sum(whole[here] ** 2)
            assert gain == pytest.approx(level, rel=0.15)


def test_a_track_that_began_seconds_later_is_put_in_line():
    host, guest = people()
    first, second = host + 0.06 * guest, (guest + 0.06 * host)[round(2.5 * RATE_HZ) :]

    sound, found = mixed(first, second)

    assert found == {"track-later": [2]}
    together = mixed(first, guest + 0.06 * host)[0]
    same = slice(3 * RATE_HZ, 44 * RATE_HZ)
    assert np.sqrt(np.mean((sound[same] - together[same]) ** 2)) < 0.1 * np.sqrt(
        np.mean(together[same] ** 2)
    )


def test_people_recorded_apart_are_left_where_they_are():
    host, guest = people()

    sound, found = mixed(host + noise(host, -75), guest + noise(guest, -75, seed=2))

    assert found == {}
    assert len(sound) == len(host)
    assert judge(sound, RATE_HZ).integrated_lufs == pytest.approx(-23, abs=0.5)


def test_a_silent_track_is_told():
    _, found = mixed(both(), np.zeros_like(both()))

    assert found == {"track-silent": [2]}
