"""Recordings and jingles as files: assembled, mixed, mastered."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from ngopi.audio.assembly import assemble
from ngopi.audio.mastering import plan_master, render
from ngopi.audio.mixing import mix
from ngopi.audio.recording import decode, probe
from ngopi.model import AudioSettings
from other_meter import judge
from sounds import ArraySound
from speech import RATE_HZ, conversation, tone, voice, write, write_wav


def ignore(_done_s):
    pass


@contextlib.contextmanager
def decoded(*paths, channels=None):
    with contextlib.ExitStack() as opened:
        yield [
            opened.enter_context(decode(probe(path), channels=channels, advance=ignore))
            for path in paths
        ]


def test_episode_with_everything_is_mastered_to_its_target(tmp_path):
    talk = conversation([-26], duration_s=20, noise_dbfs=-85)
    still = np.random.default_rng(4).standard_normal((4 * RATE_HZ, 2)) * 10 ** (-85 / 20)
    still = still.astype(np.float32)
    recording = write_wav(tmp_path / "talk.wav", np.concatenate([still, talk, still]))
    jingle = write(
        tmp_path / "jingle.mp3", tone(6, peak_dbfs=-6, channels=2), codec="mp3", bit_rate=192_000
    )
    settings = AudioSettings(intro_under_s=3.0)
    with decoded(recording, jingle, channels=2) as (pcm, music):
        made = assemble(
            pcm,
            settings=settings,
            intro=music,
            outro=music,
            programme_lufs=judge(talk, RATE_HZ).integrated_lufs,
            advance=ignore,
        )
        plan = plan_master(made, settings, advance=ignore)
        master = render(made, plan, 0, made.frames)

    sound = np.frombuffer(master.raw_data, np.int16).reshape(-1, 2).astype(np.float32) / 32768
    parts = [
        sound[: round(2.8 * RATE_HZ)],
        sound[6 * RATE_HZ : -7 * RATE_HZ],
        sound[-5 * RATE_HZ :],
    ]
    levels_lufs = [judge(part, RATE_HZ).integrated_lufs for part in parts]
    assert judge(sound, RATE_HZ).integrated_lufs == pytest.approx(-16, abs=0.1)
    assert max(levels_lufs) - min(levels_lufs) < 1.0
    # A voice's first and last syllable may be a pause itself.
    assert made.time_map.kept_s == pytest.approx(21, abs=0.6)


def test_tracks_of_a_meeting_become_one_episode(tmp_path):
    first, second = voice(24, rms_dbfs=-20, seed=4), voice(24, rms_dbfs=-31, seed=5, pitch_hz=190)
    turn = (np.arange(24 * RATE_HZ) // (6 * RATE_HZ) % 2)[:, None].astype(np.float32)
    paths = [
        write_wav(tmp_path / "first.wav", first * (1 - turn)),
        write_wav(tmp_path / "second.wav", second * turn),
    ]
    with decoded(*paths) as tracks:
        together = mix(tracks, channels=1, advance=ignore)
        made = assemble(
            together,
            settings=AudioSettings(),
            intro=None,
            outro=None,
            programme_lufs=-23.0,
            advance=ignore,
        )
        sound = made.read(0, made.frames)

    levels_lufs = [
        judge(sound[round((6 * n + 0.5) * RATE_HZ) :][: 5 * RATE_HZ], RATE_HZ).integrated_lufs
        for n in range(4)
    ]
    assert np.ptp([sum(levels_lufs[::2]) / 2, sum(levels_lufs[1::2]) / 2]) < 1.0


class Watched(ArraySound):
    """Remembers the longest stretch that was asked for."""

    longest = 0

    def read(self, start, stop):
        Watched.longest = max(Watched.longest, stop - start)
        return super().read(start, stop)


def test_recording_is_never_held_in_memory():
    part = np.concatenate([voice(10), np.zeros((3 * RATE_HZ, 1), np.float32)])
    sound = Watched(np.tile(part, (20, 1)))

    assemble(
        sound,
        settings=AudioSettings(longest_pause_s=1.0),
        intro=ArraySound(tone(12)),
        outro=None,
        programme_lufs=-23.0,
        advance=ignore,
    )
    mix([sound, sound], channels=2, advance=ignore)

    assert Watched.longest < 10 * RATE_HZ
