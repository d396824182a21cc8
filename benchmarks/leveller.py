"""The leveller's turns beside a gain rider, judged by libebur128.

python benchmarks/leveller.py [--minutes 10] [--more FOLDER]

Both see the same profile. The rider is what the turns replaced: short-term loudness of what is
spoken within 3 s on either side, a gain towards the common loudness that moves by 6 dB a
second, holds in pauses. FOLDER may have recordings of single speakers (WAV, 0.5 s and more),
of which conversations are made.

spread: loudest against quietest turn, LU; in turn: how far the gain moves while one person is
heard, without 0.3 s at both ends, dB; floor: how far room noise (the median of 100 ms in the
pauses) comes up against a master without leveller, both at one loudness, dB; music: how far the
gain moves inside music, dB.

Found, rider against turns: spread of 13.8 dB to 9.8 and 0.1 (turns of 3 to 20 s), of 14.6 to
17.8 and 0.2 (interjections of 1 s); in turn 9.9 and 0.0; floor +3.3 and -1.3; music 6.4 and 0.0;
0.07 and 0.13 CPU s for 10 minutes.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from ngopi.audio.activity import gated_lufs
from ngopi.audio.leveller import GainCurve, level
from ngopi.audio.loudness import decibels, hop_frames, measure
from ngopi.audio.pcm import Pcm
from ngopi.audio.speaking import spoken

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from dialogue import Dialogue, chords
from other_meter import decoded, judge
from speech import RATE_HZ, conversation

RIDER_REACH_HOPS, RIDER_DB_PER_HOP = 30, 0.6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--more", type=Path)
    options = parser.parse_args()
    print(f"{'':22}{'before':>8}{'':6}{'spread':>8}{'in turn':>9}{'floor':>8}{'music':>8}")
    for name, dialogue in cases(options.more):
        before = spread(dialogue, dialogue.sound)
        for design, curve_of in {"rider": rider, "turns": turns}.items():
            with Pcm.of(dialogue.sound, RATE_HZ) as pcm:
                curve = curve_of(measure(pcm, advance=ignore))
            print(f"{name:22}{before:8.1f}  {design:6}", end="")
            print("".join(f"{figure:8.2f}" for figure in figures(dialogue, curve)))
    cost(options.minutes)


def cases(more: Path | None):
    yield "turns of 3 to 20 s", Dialogue.of_turns([(12, -20), (3, -32), (20, -24), (8, -32)] * 2)
    yield (
        "interjections of 1 s",
        Dialogue.of_turns(
            [(10, -20), (1, -32), (8, -20), (2, -32), (12, -20), (9, -32), (1, -20), (9, -32)]
        ),
    )
    yield "pauses of 2 s", Dialogue.of_turns([(8, -20), (6, -32)] * 4, pause_s=2.0, noise_dbfs=-65)
    yield "one speaker", Dialogue.of_turns([(60, -26)])
    yield "music, then speech", Dialogue.of_turns([(8, -20), (8, -32)] * 2).after(chords(15))
    if more is not None:
        phrases = [decoded_mono(path) for path in sorted(more.iterdir()) if path.is_file()]
        phrases = [phrase for phrase in phrases if len(phrase) > RATE_HZ // 2]
        yield "real, one speaker", Dialogue.of_phrases(phrases, [-26], turn_s=15)
        yield "real, turns of 3 s", Dialogue.of_phrases(phrases, [-20, -32], turn_s=3)
        yield "real, turns of 10 s", Dialogue.of_phrases(phrases, [-20, -32, -26], turn_s=10)


def decoded_mono(path):
    sound, rate_hz = decoded(path)
    assert rate_hz == RATE_HZ
    return sound[:, :1]


def turns(profile):
    return level(profile, hop_frames=hop_frames(RATE_HZ)).curve


def rider(profile):
    """Return the gain of a rider with the same voice detector."""
    hops = profile.energies
    voiced = spoken(hops)
    ones = np.ones(2 * RIDER_REACH_HOPS + 1)
    heard = np.convolve(hops * voiced, ones, "same"), np.convolve(voiced, ones, "same")
    around_lufs = decibels(heard[0] / np.maximum(heard[1], 1))
    common_lufs = gated_lufs(profile.ticks.ravel())
    gains_db, gain_db = np.zeros(len(hops)), 0.0
    for hop in range(len(hops)):
        if voiced[hop]:
            wanted_db = np.clip(common_lufs - around_lufs[hop], -15, 15)
            gain_db += np.clip(wanted_db - gain_db, -RIDER_DB_PER_HOP, RIDER_DB_PER_HOP)
        gains_db[hop] = gain_db
    frames = (np.arange(len(hops)) * hop_frames(RATE_HZ)).astype(np.int64)
    return GainCurve(frames=frames, gains_db=gains_db)


def figures(dialogue, curve):
    gains_db = curve.at(np.arange(len(dialogue.sound)))
    levelled = dialogue.sound * (10 ** (gains_db / 20)).astype(np.float32)[:, None]
    yield spread(dialogue, levelled)
    yield max(np.ptp(gains_db[heard]) for heard in dialogue.voiced())
    yield floor_rise(dialogue, levelled)
    yield max((np.ptp(gains_db[a:b]) for a, b in dialogue.music), default=0.0)


def spread(dialogue, sound):
    found = [judge(sound[a:b], RATE_HZ).integrated_lufs for a, b in dialogue.turns]
    return max(found) - min(found)


def floor_rise(dialogue, levelled):
    if not dialogue.pauses:
        return 0.0
    louder_db = judge(dialogue.sound, RATE_HZ).integrated_lufs
    louder_db -= judge(levelled, RATE_HZ).integrated_lufs
    return dialogue.floor_dbfs(levelled) - dialogue.floor_dbfs(dialogue.sound) + louder_db


def cost(minutes):
    sound = conversation([-20.0, -32.0, -26.0], duration_s=60 * minutes, channels=1)
    with Pcm.of(sound, RATE_HZ) as pcm:
        profile = measure(pcm, advance=ignore)
    for design, curve_of in {"rider": rider, "turns": turns}.items():
        started = time.process_time()
        curve_of(profile)
        print(
            f"{design}: {(time.process_time() - started) * 10 / minutes:.2f} CPU s for 10 minutes"
        )


def ignore(_done_s):
    pass


if __name__ == "__main__":
    main()
