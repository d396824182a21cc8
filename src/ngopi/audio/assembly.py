"""The episode put together: trimmed, dead air shortened, intro and outro joined on.

pydub looks at the jingles: their ends are held as windows of 32-bit AudioSegment, and its
silence detection finds where music begins and ends. All that changes samples is numpy in
float32: pydub's fades step once a millisecond, its overlay clips at full scale and every gain
of it truncates to integers, while here the limiter is still to come.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from pydub import AudioSegment
from pydub.silence import detect_leading_silence

from ngopi.audio.activity import (
    TICKS_PER_S,
    active,
    gated_lufs,
    near,
    runs,
    sharp_levels,
    tick_count,
    tick_energies,
    tick_frames,
)
from ngopi.audio.clips import Clip, ClipSound, GainCurve
from ngopi.audio.silence import levels_of, silent_ticks, speech_ends
from ngopi.errors import SilentJingleError
from ngopi.model import KeptPiece, Sound, TimeMap, Treatment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from ngopi.model import AudioSettings

# What is kept of silence is never less: no cut comes nearer to a word.
_LEAST_KEPT_S = 0.05
_SHORTEST_PAUSE_S = 0.2
_PAUSE_CROSSFADE_S = 0.03
_CUT_WITHIN = (0.3, 0.7)  # of what is kept of a pause
_CUT_TICKS = 3  # as long as the cross-fade
_DECLICK_S = 0.01

_BED_BELOW_SPEECH_LU = 14.0
_DUCK_RAMP_S = 0.4
# A breath between two sentences does not bring the music back.
_DUCK_HOLD_S = 1.0
_AROUND_TICKS = 30 * TICKS_PER_S

_JINGLE_SILENCE_LU = 50.0
_JINGLE_ENDS_S = 15


class Assembled(ClipSound):
    """The episode as a `Sound`, and where each instant of the recording is heard in it.

    *cuts* say what was left out of the recording.
    """

    def __init__(
        self, clips: list[Clip], *, sample_rate_hz: int, channels: int, frames: int, kept: _Kept
    ) -> None:
        super().__init__(clips, sample_rate_hz=sample_rate_hz, channels=channels, frames=frames)
        self.time_map = kept.time_map(sample_rate_hz)
        self.cuts = kept.cuts(sample_rate_hz)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Stretches of the recording, in frames: (first, last); *at* is where the first is heard.

    *whole* is how many the recording has; *lead* and *tail* are the frames of silence at both
    ends of what is kept.
    """

    stretches: list[tuple[int, int]]
    whole: int
    lead: int
    tail: int
    at: int = 0

    @property
    def frames(self) -> int:
        return sum(last - first for first, last in self.stretches)

    def placed(self) -> Iterator[tuple[int, int, int]]:
        """Yield first, last and place of each stretch."""
        at = self.at
        for first, last in self.stretches:
            yield first, last, at
            at += last - first

    def cuts(self, rate_hz: int) -> tuple[Treatment, ...]:
        """Return what was left out: at the ends, and of the pauses in between."""
        before, after = self.stretches[0][0], self.whole - self.stretches[-1][1]
        pauses = [b - a for (_, a), (b, _) in pairwise(self.stretches)]
        found = (
            (before, Treatment(name="trimmed-start", at_s=before / rate_hz)),
            (after, Treatment(name="trimmed-end", at_s=after / rate_hz)),
            (
                sum(pauses),
                Treatment(name="pauses", count=len(pauses), at_s=sum(pauses) / rate_hz),
            ),
        )
        return tuple(treatment for frames, treatment in found if frames)

    def time_map(self, rate_hz: int) -> TimeMap:
        return TimeMap(
            pieces=tuple(
                KeptPiece(
                    recording_start_s=first / rate_hz,
                    master_start_s=at / rate_hz,
                    duration_s=(last - first) / rate_hz,
                )
                for first, last, at in self.placed()
            )
        )


@dataclass(frozen=True, slots=True)
class _Jingle:
    """An intro or outro without its silent ends; *gain* brings it to the programme's loudness."""

    sound: Sound
    first: int
    frames: int
    gain: float


def assemble(
    sound: Sound,
    *,
    settings: AudioSettings,
    intro: Sound | None,
    outro: Sound | None,
    programme_lufs: float | None,
    advance: Callable[[float], None],
) -> Assembled:
    """Return *sound* as *settings* want it, with its jingles; nothing to do: the same samples.

    Silence at both ends is cut down to `kept_silence_s`; pauses beyond `longest_pause_s` to
    that, in their middle, with a cross-fade of 30 ms. Jingles lose their silent ends and get one
    plain gain to *programme_lufs*, the loudness of *sound* (None: there are no jingles). They
    overlap it by `crossfade_s`; an intro with `intro_under_s` by that, and lies 14 LU below the
    speech while somebody speaks.
    Words are never faded: only the silence around them is. All sounds have one sample rate and
    stay open while the result is read. *advance* gets the seconds of *sound*, all in all.

    Raises:
        SilentJingleError: nothing in a jingle passes the gate of BS.1770.
    """
    assert programme_lufs is not None or not (intro or outro)
    ends = None
    if settings.trim_silence or intro or outro:
        ends = speech_ends(sound)
    kept = _kept(sound, ends, settings, advance)
    opening = closing = None
    if programme_lufs is not None:
        opening = _jingle(intro, settings.intro, programme_lufs)
        closing = _jingle(outro, settings.outro, programme_lufs)
    rate_hz = sound.sample_rate_hz
    crossfade = round(settings.crossfade_s * rate_hz)
    under = max(crossfade, round(settings.intro_under_s * rate_hz))
    # Two jingles together never overlap more of the programme than there is.
    room = kept.frames // 2 if opening and closing else kept.frames
    under = min(under, opening.frames if opening else 0, room)
    over = min(crossfade, closing.frames if closing else 0, room)
    kept = replace(kept, at=opening.frames - under if opening else 0)
    clips = _programme_clips(sound, kept, rise=min(under, crossfade), fall=over)
    frames = kept.at + kept.frames
    if opening and programme_lufs is not None:
        curve = _opening_curve(opening, sound, kept, settings, programme_lufs)
        clips.append(_clip(opening, 0, curve))
    if closing:
        curve = _faded(closing, fade_in=over, fade_out=_declick(rate_hz))
        clips.append(_clip(closing, frames - over, curve))
        frames += closing.frames - over
    return Assembled(
        clips, sample_rate_hz=rate_hz, channels=sound.channels, frames=frames, kept=kept
    )


def _declick(rate_hz: int) -> int:
    return round(_DECLICK_S * rate_hz)


# -- the recording ------------------------------------------------------------------------


def _kept(
    sound: Sound,
    ends: tuple[int, int] | None,
    settings: AudioSettings,
    advance: Callable[[float], None],
) -> _Kept:
    """Return what is left of *sound* after trimming it and shortening its pauses.

    *ends* are the ticks where speech begins and ends, as far as they are known.
    """
    # The middle of a tick is right to 5 ms.
    tick = tick_frames(sound.sample_rate_hz)
    first, last = begin, end = 0, sound.frames
    if ends:
        begin, end = ends[0] * tick + tick // 2, min(ends[1] * tick - tick // 2, sound.frames)
    if settings.trim_silence and ends:
        spared = round(max(settings.kept_silence_s, _LEAST_KEPT_S) * sound.sample_rate_hz)
        first, last = max(begin - spared, 0), min(end + spared, sound.frames)
    stretches = [(first, last)]
    if settings.longest_pause_s is not None:
        found = levels_of(sound, 0, tick_count(sound), advance=advance)
        silent = silent_ticks(found)
        levels = found[: sound.channels].max(axis=0)
        longest = round(max(settings.longest_pause_s, _SHORTEST_PAUSE_S) * TICKS_PER_S)
        stretches = list(_without_pauses(levels, silent, (first, last), longest, tick))
    else:
        advance(sound.frames / sound.sample_rate_hz)
    return _Kept(stretches, sound.frames, max(begin - first, 0), max(last - end, 0))


def _without_pauses(
    levels: NDArray[np.float32],
    silent: NDArray[np.bool_],
    bounds: tuple[int, int],
    longest: int,
    tick: int,
) -> Iterator[tuple[int, int]]:
    """Yield what is left within *bounds* (frames) if no pause lasts more than *longest* ticks."""
    start, last = bounds
    for begin, end in runs(silent):
        # What is silent up to the ends was trimmed already, or is to stay.
        if begin * tick <= start or end * tick >= last or end - begin <= longest:
            continue
        removed = end - begin - longest
        cut = _quietest_cut(levels, int(begin), int(removed), longest)
        yield start, cut * tick
        start = int(cut + removed) * tick
    yield start, last


def _quietest_cut(levels: NDArray[np.float32], begin: int, removed: int, longest: int) -> int:
    """Return the tick to cut at, so that the sound is low on both sides of the joint."""
    cuts = begin + np.arange(*(round(part * longest) for part in _CUT_WITHIN))
    around = np.arange(_CUT_TICKS) - _CUT_TICKS // 2
    energies = 10 ** (levels / 10)
    low = energies[cuts[:, None] + around] + energies[cuts[:, None] + removed + around]
    return int(cuts[np.argmin(low.sum(axis=1))])


def _programme_clips(sound: Sound, kept: _Kept, *, rise: int, fall: int) -> list[Clip]:
    """Return the recording's clips; *rise* and *fall*: the jingles' cross-fades, in frames."""
    half = round(_PAUSE_CROSSFADE_S * sound.sample_rate_hz / 2)
    declick = _declick(sound.sample_rate_hz)
    clips = []
    for first, last, at in kept.placed():
        begins, ends = at == kept.at, last == kept.stretches[-1][1]
        # An end that is the recording's own, with nothing joined on, stays as it is.
        fade_in = max(min(rise, kept.lead), declick) if rise or first else 0
        fade_out = max(min(fall, kept.tail), declick) if fall or last < sound.frames else 0
        before, after = 0 if begins else half, 0 if ends else half
        frames = last - first + before + after
        curve = GainCurve.fades(
            frames,
            fade_in=min(fade_in, frames // 2) if begins else 2 * half,
            fade_out=min(fade_out, frames // 2) if ends else 2 * half,
        )
        clips.append(
            Clip(sound=sound, first=first - before, frames=frames, at=at - before, curve=curve)
        )
    return clips


# -- intro and outro ----------------------------------------------------------------------


def _jingle(sound: Sound | None, name: str | None, programme_lufs: float) -> _Jingle | None:
    if sound is None:
        return None
    loudness_lufs = gated_lufs(tick_energies(sound, 0, tick_count(sound)))
    if math.isinf(loudness_lufs):
        raise SilentJingleError(name=name)
    ends = min(_JINGLE_ENDS_S * sound.sample_rate_hz, sound.frames)
    head = _segment(sound, 0, ends)
    tail = _segment(sound, sound.frames - ends, sound.frames)
    silent = (
        detect_leading_silence(end, silence_threshold=loudness_lufs - _JINGLE_SILENCE_LU)
        for end in (head, tail.reverse())
    )
    before, after = (min(ms * sound.sample_rate_hz // 1000, ends) for ms in silent)
    return _Jingle(
        sound=sound,
        first=before,
        frames=sound.frames - after - before,
        gain=10 ** ((programme_lufs - loudness_lufs) / 20),
    )


def _segment(sound: Sound, start: int, stop: int) -> AudioSegment:
    samples = np.clip(sound.read(start, stop).astype(np.float64), -1, 1) * (2**31 - 1)
    return AudioSegment(
        data=samples.astype(np.int32).tobytes(),
        sample_width=4,
        frame_rate=sound.sample_rate_hz,
        channels=sound.channels,
    )


def _clip(jingle: _Jingle, at: int, curve: GainCurve) -> Clip:
    return Clip(sound=jingle.sound, first=jingle.first, frames=jingle.frames, at=at, curve=curve)


def _faded(jingle: _Jingle, *, fade_in: int, fade_out: int) -> GainCurve:
    declick = _declick(jingle.sound.sample_rate_hz)
    fade_in, fade_out = (
        min(max(fade, declick), jingle.frames // 2) for fade in (fade_in, fade_out)
    )
    fades = GainCurve.fades(jingle.frames, fade_in=fade_in, fade_out=fade_out)
    return fades.times(GainCurve.level(jingle.gain))


def _opening_curve(
    intro: _Jingle, sound: Sound, kept: _Kept, settings: AudioSettings, programme_lufs: float
) -> GainCurve:
    """Return the intro's gain: its fades, and low while somebody speaks over it."""
    rate_hz = sound.sample_rate_hz
    overlap = intro.frames - kept.at
    faded = _faded(intro, fade_in=0, fade_out=min(round(settings.crossfade_s * rate_hz), overlap))
    if not settings.intro_under_s or not overlap:
        return faded
    bed_db = _bed_db(intro, sound, kept, programme_lufs)
    tick = tick_frames(rate_hz)
    ramp = round(_DUCK_RAMP_S * TICKS_PER_S)
    spoken = np.pad(_spoken_over(intro, sound, kept, programme_lufs), (ramp, 0))
    away = np.minimum(near(_held(spoken)) / ramp, 1.0)
    gains_db = bed_db * (1 + np.cos(np.pi * away)) / 2
    places = kept.at + (np.arange(len(spoken)) - ramp + 0.5) * tick
    inside = places > 0
    return faded.times(GainCurve.through(places[inside], np.power(10.0, gains_db[inside] / 20)))


def _spoken_over(
    intro: _Jingle, sound: Sound, kept: _Kept, programme_lufs: float
) -> NDArray[np.bool_]:
    """Return in which ticks of the overlap somebody speaks."""
    tick = tick_frames(sound.sample_rate_hz)
    places = np.arange(kept.at, intro.frames, tick) + tick / 2
    placed = np.array(list(kept.placed()))
    firsts, lasts, at = placed.T
    heard = np.interp(
        places,
        np.stack([at, at + lasts - firsts], axis=1).ravel(),
        placed[:, :2].ravel(),
    )
    ticks = np.minimum(heard // tick, tick_count(sound) - 1).astype(np.intp)
    # The floor is that of a longer stretch.
    around = range(
        max(int(ticks[0]) - _AROUND_TICKS, 0),
        min(int(ticks[-1]) + 1 + _AROUND_TICKS, tick_count(sound)),
    )
    levels = sharp_levels(sound, around.start, around.stop)
    return np.asarray(active(levels, programme_lufs)[ticks - around.start])


def _held(spoken: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return *spoken* with the short pauses between two words filled."""
    held = spoken.copy()
    for first, last in runs(~spoken):
        if first and last < len(spoken) and last - first <= _DUCK_HOLD_S * TICKS_PER_S:
            held[first:last] = True
    return held


def _bed_db(intro: _Jingle, sound: Sound, kept: _Kept, programme_lufs: float) -> float:
    """Return the change that lays the intro's end 14 LU below the speech over it; 0 at most."""
    tick = tick_frames(sound.sample_rate_hz)
    overlap_ticks = -(-(intro.frames - kept.at) // tick)
    music_first = (intro.first + kept.at) // tick
    music_lufs = gated_lufs(tick_energies(intro.sound, music_first, music_first + overlap_ticks))
    speech_first = kept.stretches[0][0] // tick
    speech_lufs = gated_lufs(tick_energies(sound, speech_first, speech_first + overlap_ticks))
    if math.isinf(speech_lufs):
        speech_lufs = programme_lufs
    if math.isinf(music_lufs):
        return 0.0
    return min(speech_lufs - _BED_BELOW_SPEECH_LU - music_lufs - 20 * math.log10(intro.gain), 0.0)
