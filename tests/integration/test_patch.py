"""Stretches encoded again: spliced in soundly, and heard as in the whole."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mp3 import decoded, renderer, snr_db
from ngopi.audio.encode import Job, encode_mp3
from ngopi.audio.excerpt import decode_excerpt
from ngopi.audio.heard import hear, hear_again, overs
from ngopi.audio.mp3_file import Mp3Reader, Mp3Writer
from ngopi.audio.patch import patch_mp3
from ngopi.audio.touchup import Dip, dipped
from other_meter import judge
from speech import conversation

SECONDS = 40
FORMATS = [(48_000, 2, 128), (44_100, 1, 64), (44_100, 2, 128), (32_000, 2, 32)]


def speech(rate_hz: int, channels: int) -> np.ndarray:
    return conversation(
        [-20, -26], turn_s=3, duration_s=SECONDS, rate_hz=rate_hz, channels=channels
    )


def encoded(sound, path, rate_hz, bitrate_kbps):
    with Mp3Writer(path, samples=len(sound)) as file:
        encode_mp3(
            renderer(sound, rate_hz),
            file,
            sample_rate_hz=rate_hz,
            channels=sound.shape[1],
            bitrate_kbps=bitrate_kbps,
            advance=float,
        )


def patched(sound, path, out, changed, rate_hz, bitrate_kbps):
    job = Job(renderer(sound, rate_hz), len(sound), rate_hz, sound.shape[1], bitrate_kbps, float)
    return patch_mp3(job, path=path, out=out, changed=changed)


def quieter_in(sound, stretches):
    changed = sound.copy()
    for stretch in stretches:
        changed[stretch.start : stretch.stop] *= 0.7
    return changed


def stretches_of(sound, rate_hz):
    """Return a stretch at either end, one in the middle, and two that are close together."""
    middle, late = 15 * rate_hz, 28 * rate_hz
    return [
        range(300),
        range(middle, middle + 2000),
        range(late, late + 100),
        range(late + rate_hz, late + rate_hz + 100),
        range(len(sound) - 300, len(sound)),
    ]


def outside(reached, frames):
    mask = np.ones(frames, dtype=bool)
    for stretch in reached:
        mask[max(stretch.start, 0) : stretch.stop] = False
    return mask


@pytest.mark.parametrize(("rate_hz", "channels", "bitrate_kbps"), FORMATS)
def test_only_what_changed_sounds_otherwise(tmp_path, rate_hz, channels, bitrate_kbps):
    sound = speech(rate_hz, channels)
    stretches = stretches_of(sound, rate_hz)[1:2]
    changed = quieter_in(sound, stretches)
    encoded(sound, tmp_path / "old.mp3", rate_hz, bitrate_kbps)

    reached = patched(
        changed, tmp_path / "old.mp3", tmp_path / "new.mp3", stretches, rate_hz, bitrate_kbps
    )

    old, new = decoded(tmp_path / "old.mp3"), decoded(tmp_path / "new.mp3")
    same = outside(reached, len(sound))
    assert new.shape == sound.shape
    assert np.array_equal(old[same], new[same])
    assert same.mean() > 0.75


@pytest.mark.parametrize(("rate_hz", "channels", "bitrate_kbps"), FORMATS)
def test_a_patched_file_is_as_good_as_one_encode(tmp_path, rate_hz, channels, bitrate_kbps):
    sound = speech(rate_hz, channels)
    stretches = stretches_of(sound, rate_hz)
    changed = quieter_in(sound, stretches)
    encoded(sound, tmp_path / "old.mp3", rate_hz, bitrate_kbps)
    encoded(changed, tmp_path / "whole.mp3", rate_hz, bitrate_kbps)

    reached = patched(
        changed, tmp_path / "old.mp3", tmp_path / "new.mp3", stretches, rate_hz, bitrate_kbps
    )

    inside = ~outside(reached, len(sound))
    new, whole = decoded(tmp_path / "new.mp3"), decoded(tmp_path / "whole.mp3")
    assert snr_db(changed[inside], new[inside]) == pytest.approx(
        snr_db(changed[inside], whole[inside]), abs=0.2
    )


@pytest.mark.parametrize(("rate_hz", "channels", "bitrate_kbps"), FORMATS)
def test_an_excerpt_sounds_as_in_the_whole(tmp_path, rate_hz, channels, bitrate_kbps):
    sound = speech(rate_hz, channels)
    path = tmp_path / "a.mp3"
    encoded(sound, path, rate_hz, bitrate_kbps)
    whole = decoded(path)

    with Mp3Reader(path) as reader:
        for start, stop in [(0, rate_hz), (7_777, 99_999), (len(sound) - 500, len(sound) + 500)]:
            excerpt = decode_excerpt(reader, tmp_path / "scratch.mp3", start, stop)
            assert np.array_equal(excerpt, whole[start:stop])

    assert [found.name for found in tmp_path.iterdir()] == ["a.mp3"]


def test_what_is_heard_again_in_part_is_what_the_whole_measures(tmp_path):
    sound = speech(48_000, 2)
    stretches = stretches_of(sound, 48_000)
    old, new = tmp_path / "old.mp3", tmp_path / "new.mp3"
    encoded(sound, old, 48_000, 128)
    before = hear(old, floor_dbtp=-30.0, advance=float)

    reached = patched(quieter_in(sound, stretches), old, new, stretches, 48_000, 128)
    heard = hear_again(before, new, changed=reached)

    whole = decoded(new)
    judged = judge(whole, 48_000)
    exact = hear(new, floor_dbtp=-30.0, advance=float).loudness
    assert heard.loudness.integrated_lufs == pytest.approx(judged.integrated_lufs, abs=0.01)
    assert heard.loudness.integrated_lufs == pytest.approx(exact.integrated_lufs, abs=1e-6)
    assert heard.loudness.true_peak_dbtp == exact.true_peak_dbtp
    assert heard.frames == len(whole)


def test_the_highest_peak_is_found_again_when_it_is_gone(tmp_path):
    sound = (0.2 * speech(48_000, 1)).astype(np.float32)
    click = 20 * 48_000
    loud = sound.copy()
    loud[click : click + 4] = 0.8
    old, new = tmp_path / "old.mp3", tmp_path / "new.mp3"
    encoded(loud, old, 48_000, 128)
    before = hear(old, floor_dbtp=-6.0, advance=float)

    reached = patched(sound, old, new, [range(click, click + 4)], 48_000, 128)
    heard = hear_again(before, new, changed=reached)

    judged = judge(decoded(new), 48_000)
    assert heard.loudness.true_peak_dbtp == pytest.approx(judged.true_peak_dbtp, abs=0.2)


def test_every_over_is_found_where_it_is(tmp_path):
    sound = (0.3 * speech(48_000, 2)).astype(np.float32)
    clicks = [5_000, 10 * 48_000, 10 * 48_000 + 9_600, len(sound) - 2_000]
    for click in clicks:
        sound[click : click + 6] = 0.7
    path = tmp_path / "a.mp3"
    encoded(sound, path, 48_000, 192)
    heard = hear(path, floor_dbtp=-12.0, advance=float)
    limit_dbtp = -8.0

    found = overs(heard, path, limit_dbtp=limit_dbtp)

    for click in clicks:
        assert any(abs(over.frame - click) < 500 for over in found)
    for over in found:
        assert any(abs(over.frame - click) < 2_000 for click in clicks)
    highest_db = max(over.over_db for over in found)
    judged = judge(decoded(path), 48_000)
    assert limit_dbtp + highest_db == pytest.approx(judged.true_peak_dbtp, abs=0.3)


def test_dips_turn_down_where_they_are_and_nowhere_else():
    sound = np.full((48_000, 2), 0.5, np.float32)
    honest = renderer(sound, 48_000)
    dips = [[Dip(20_000, 1.0), Dip(20_064, 2.0)], [Dip(20_064, 1.0)]]

    segment = dipped(honest, dips)(0, 48_000)

    made = np.frombuffer(segment.raw_data, "<i2").reshape(-1, 2)[:, 0] / 16384
    gain_db = 20 * np.log10(made)
    assert gain_db[20_064:20_128] == pytest.approx(-3.0, abs=0.01)
    assert gain_db.min() > -3.01
    assert np.all(gain_db[:19_000] == 0)
    assert np.all(gain_db[21_100:] == 0)
    assert np.abs(np.diff(gain_db)).max() < 0.01  # smooth: no click


def test_dips_do_not_depend_on_how_they_are_asked_for():
    sound = speech(48_000, 1)[: 4 * 48_000]
    render = dipped(renderer(sound, 48_000), [[Dip(48_000, 3.0), Dip(49_000, 1.0)]])

    at_once = render(0, len(sound)).raw_data
    in_pieces = b"".join(render(s, s + 997).raw_data for s in range(0, len(sound), 997))

    assert in_pieces[: len(at_once)] == at_once


def test_threads_that_read_at_once_get_their_own_frames(tmp_path):
    encoded(speech(48_000, 1)[: 48_000 * 5], tmp_path / "master.mp3", 48_000, 64)
    places = [number * 37 % 190 for number in range(4000)]
    switched_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with Mp3Reader(tmp_path / "master.mp3") as reader, ThreadPoolExecutor(8) as threads:
            alone = {place: reader.frames(place, place + 5) for place in set(places)}
            found = list(threads.map(lambda place: reader.frames(place, place + 5), places))
    finally:
        sys.setswitchinterval(switched_s)

    assert found == [alone[place] for place in places]
