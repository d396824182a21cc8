"""Which tracks of one meeting hold nothing of their own: another one's sound, or the sum of others.

All are compared on levels of every 10 ms, laid in line by `alignment`. A track is only called
needless if nothing in it, not even one word far below the rest, is missing elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ngopi.audio.activity import gated_lufs, tick_levels, without_short_runs
from ngopi.audio.alignment import Lag, lag_between

if TYPE_CHECKING:
    from collections.abc import Sequence

LagOf = Callable[[NDArray[np.float32], NDArray[np.float32]], Lag | None]

_SMOOTHED_TICKS = 5
_FLOOR_PERCENTILE = 2  # people who talk quickly leave hardly more than that between their words
_LOUD_BELOW_DB = 15.0

# Two microphones in one room: whoever is heard 4 dB louder in one sits nearer to it.
_APART_TICKS = 50
_SPEAKING_BELOW_DB = 10.0
_MOST_APART_DB = 8.0
_ALL_BUT_PERCENT = 5

# A copy has one gain throughout. What a microphone hears of a loudspeaker nearly has, too, in a dry
# room, but softer than what it was put there for.
_COPY_WITHIN_DB, _COPY_SHARE = 0.5, 0.75
_COPY_BELOW_DB = 8.0  # what was mixed to be heard is not softer than that
_SUM_WITHIN_DB, _SUM_SHARE = 1.5, 0.9
_LEAST_PART_DB = -30.0  # what adds less to a sum is no part of it
_ONE_GAIN_DB = 3.0

# Words that are nowhere else.
_OWN_ABOVE_FLOOR_DB, _OWN_ABOVE_OTHERS_DB = 10.0, 8.0
_DEEPEST_DB = 45.0
_OWN_WORD_TICKS, _OWN_TICKS = 15, 40

_LESS_CLEAR_DB = 6.0

# A clock that is off by less than that needs no mending, nor does the way of sound in a room.
_LATE_TICKS = 3.0
_ABSENT_TICKS = 30
_MOST_DROPPED = 0.05
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Laid:
    """Where a track lies: what is heard at tick t of all is its own tick ``t + ticks + drift * t``.

    *known*: its sound says so; else it is taken to begin with the first one.
    """

    ticks: float = 0.0
    drift: float = 0.0
    known: bool = False

    def at(self, tick: float) -> float:
        """Return how many ticks later in the track stands what is heard at *tick*."""
        return self.ticks + self.drift * tick

    def end(self, ticks: float) -> float:
        """Return when the end of a track of *ticks* is heard."""
        return (ticks - self.ticks) / (1 + self.drift)

    def later(self, ticks: float) -> Laid:
        """Return the place that is *ticks* later."""
        return Laid(self.at(-ticks) - ticks, self.drift, self.known)


@dataclass(frozen=True, slots=True)
class Likeness:
    """What tracks have in common, by their numbers from 0 on.

    *laid* says where each lies, and *ticks* how long they last together. *same* maps a track to the
    one that holds the same and is better; *within* to one that holds this and more; *sums* are
    tracks of which the others hold everything. *whole* is the first that holds all that is in any
    of them, as loud and as clean; None: there is none.
    """

    laid: tuple[Laid, ...]
    ticks: int
    same: dict[int, int]
    within: dict[int, int]
    sums: frozenset[int]
    whole: int | None

    @property
    def needless(self) -> frozenset[int]:
        """The tracks that add nothing to the others."""
        return frozenset({*self.same, *self.within} | self.sums)


@dataclass(frozen=True, slots=True)
class _Heard:
    """One track on the time of all: smoothed energies, their levels, its loudness and its floor."""

    energies: NDArray[np.float64]
    levels: NDArray[np.float64]
    lufs: float
    floor: float

    @classmethod
    def of(cls, energies: NDArray[np.float64]) -> _Heard:
        weights = np.full(_SMOOTHED_TICKS, 1 / _SMOOTHED_TICKS)
        mean = np.maximum(np.convolve(energies, weights, mode="same"), 0)
        levels = tick_levels(mean)
        return cls(mean, levels, gated_lufs(energies), _floor(levels))

    def loud(self, below_db: float) -> NDArray[np.bool_]:
        return np.asarray(self.levels > self.lufs - below_db)

    @property
    def clear_db(self) -> float:
        """How far its voices stand above its noise."""
        return self.lufs - self.floor

    def absent(self) -> NDArray[np.bool_]:
        """Return when there is no sound at all (see `absent`)."""
        return absent(self.energies)

    def lacks(
        self, other: _Heard, gain_db: float, *, known: NDArray[np.bool_] | None = None
    ) -> bool:
        """Say whether *other* has words that are not here, where it is *gain_db* louder.

        At *known* ticks that does not matter.
        """
        least = max(other.floor + _OWN_ABOVE_FLOOR_DB, other.lufs - _DEEPEST_DB)
        # As far down as this track has a floor of its own, a word cannot be seen in it.
        here = np.maximum(self.levels, self.floor)
        own = (other.levels > least) & (other.levels + gain_db > here + _OWN_ABOVE_OTHERS_DB)
        if known is not None:
            own &= ~known
        own = without_short_runs(own, _OWN_WORD_TICKS)
        return int(np.count_nonzero(own)) >= _OWN_TICKS


def absent(energies: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return in which ticks there is no sound at all: at the ends, or where it dropped out.

    What is silent again and again is a track that somebody muted, and belongs to it.
    """
    heard = np.flatnonzero(energies > 0)
    missing = np.ones(len(energies), np.bool_)
    if not heard.size:
        return missing
    inside = slice(heard[0], heard[-1] + 1)
    dropped = without_short_runs(energies[inside] <= 0, _ABSENT_TICKS)
    missing[inside] = dropped & bool(dropped.mean() <= _MOST_DROPPED)
    return missing


def _floor(levels: NDArray[np.float64]) -> float:
    return float(np.percentile(levels, _FLOOR_PERCENTILE))


def compare(energies: Sequence[NDArray[np.float64]], *, lag_of: LagOf = lag_between) -> Likeness:
    """Return what tracks have in common, of which each has its K-weighted *energies* of ticks.

    *lag_of* says how late one track is against another.
    """
    laid = _laid([tick_levels(each).astype(np.float32) for each in energies], lag_of)
    ends = [place.end(len(each)) for place, each in zip(laid, energies, strict=True)]
    ticks = math.ceil(max(ends) - _ROUNDING)
    found = [
        _Heard.of(on_common_time(each, place, ticks))
        for each, place in zip(energies, laid, strict=True)
    ]
    audible = [n for n, heard in enumerate(found) if math.isfinite(heard.lufs)]
    same = _same(found, laid, audible)
    left = [n for n in audible if n not in same]
    sums = _sums(found, laid, left)
    parts = [n for n in left if n not in sums]
    within = _within(found, laid, parts)
    whole = [n for n in left if _holds_all(n, found, left, within, sums)]
    return Likeness(laid, ticks, same, within, sums, whole[0] if whole else None)


def _holds_all(
    n: int, found: list[_Heard], left: list[int], within: dict[int, int], sums: frozenset[int]
) -> bool:
    others = [m for m in left if m != n]
    if n not in sums:
        return all(within.get(m) == n for m in others)
    gains, together = _added_up(found[n], [found[m] for m in others])
    # A microphone that hears everybody adds a room and its noise.
    if found[n].floor > together.floor + _LESS_CLEAR_DB:
        return False
    return not any(
        found[n].lacks(found[m], 10 * math.log10(gain))
        for m, gain in zip(others, gains, strict=True)
    )


def on_common_time(values: NDArray[np.float64], laid: Laid, ticks: int) -> NDArray[np.float64]:
    """Return what is heard of *values* in each of the *ticks* of all; 0 where there is nothing."""
    at = np.arange(ticks, dtype=np.float64)
    places = np.rint(at + laid.ticks + laid.drift * at).astype(np.intp)
    inside = (places >= 0) & (places < len(values))
    return np.where(inside, values[np.clip(places, 0, len(values) - 1)], 0.0)


def _laid(levels: list[NDArray[np.float32]], lag_of: LagOf) -> tuple[Laid, ...]:
    """Lay every track beside the first; by way of another, where only that one hears it."""
    lags: dict[tuple[int, int], Lag] = {}
    for one, other in combinations(range(len(levels)), 2):
        lag = lag_of(levels[one], levels[other])
        if lag is not None:
            lags[one, other] = lag
    laid = {0: Laid(known=any(0 in pair for pair in lags))}
    reached = [0]
    for one in reached:
        for other in range(len(levels)):
            if other in reached or (step := _step(lags, one, other)) is None:
                continue
            before = laid[one]
            ticks = before.ticks + step.at(before.ticks)
            drift = (1 + before.drift) * (1 + step.drift) - 1
            laid[other] = Laid(ticks, drift, known=True)
            reached.append(other)
    places = [_mended(laid.get(n, Laid()), len(levels[n])) for n in range(len(levels))]
    lead = max(place.ticks / (1 + place.drift) for place in places)
    return tuple(place.later(lead) if lead else place for place in places)


def _mended(laid: Laid, ticks: int) -> Laid:
    """Return *laid*, or no shift at all where the way of sound in a room is as long."""
    late = max(abs(laid.at(0)), abs(laid.at(ticks)))
    return laid if late > _LATE_TICKS else Laid(known=laid.known)


def _step(lags: dict[tuple[int, int], Lag], one: int, other: int) -> Lag | None:
    if (one, other) in lags:
        return lags[one, other]
    if (other, one) not in lags:
        return None
    back = lags[other, one]
    # What stands in the other at t = s + ticks + drift * s, solved for s.
    return Lag(-back.ticks / (1 + back.drift), 1 / (1 + back.drift) - 1)


def _same(found: list[_Heard], laid: tuple[Laid, ...], audible: list[int]) -> dict[int, int]:
    """Return for each track that holds another one's sound which one that is."""
    # The one that stands farthest above its noise is kept; of equal ones, the first.
    best = sorted(audible, key=lambda n: (-round(found[n].clear_db / _LESS_CLEAR_DB), n))
    same: dict[int, int] = {}
    for place, n in enumerate(best):
        for better in best[:place]:
            known = laid[n].known and laid[better].known
            if better not in same and known and _are_same(found[better], found[n]):
                same[n] = better
                break
    return same


def _are_same(one: _Heard, other: _Heard) -> bool:
    apart_db = _apart(one, other)
    low, middle, high = np.percentile(apart_db, [_ALL_BUT_PERCENT, 50, 100 - _ALL_BUT_PERCENT])
    if high - low > _MOST_APART_DB:
        return False
    # Where the better one has no sound, the other one is heard.
    return not one.lacks(other, float(middle), known=one.absent())


def _apart(one: _Heard, other: _Heard) -> NDArray[np.float64]:
    """Return how much louder *one* is while somebody speaks in either."""
    weights = np.full(_APART_TICKS, 1 / _APART_TICKS)
    first, second = (
        tick_levels(np.maximum(np.convolve(each.energies, weights, mode="same"), 0))
        for each in (one, other)
    )
    there = ~(one.absent() | other.absent())
    speaking = one.loud(_SPEAKING_BELOW_DB) | other.loud(_SPEAKING_BELOW_DB)
    chosen = there & speaking
    return (first - second)[chosen] if chosen.any() else np.array([-math.inf, math.inf])


def _sums(found: list[_Heard], laid: tuple[Laid, ...], left: list[int]) -> frozenset[int]:
    """Return the one track, if there is one, that is the sum of the others."""
    for n in left:
        others = [m for m in left if m != n]
        if len(others) < 2 or not all(laid[m].known for m in left):  # noqa: PLR2004 - a sum
            continue
        if _is_sum(found[n], [found[m] for m in others]):
            return frozenset({n})
    return frozenset()


def _is_sum(whole: _Heard, parts: list[_Heard]) -> bool:
    gains, together = _added_up(whole, parts)
    means = np.array([part.energies.mean() for part in parts])
    if (gains * means < 10 ** (_LEAST_PART_DB / 10) * whole.energies.mean()).any():
        return False
    loud = whole.loud(_LOUD_BELOW_DB)
    close = np.abs(together.levels - whole.levels)[loud] <= _SUM_WITHIN_DB
    return bool(close.mean() >= _SUM_SHARE) and not together.lacks(whole, 0.0)


def _added_up(whole: _Heard, parts: list[_Heard]) -> tuple[NDArray[np.float64], _Heard]:
    """Return gains of power for *parts*, and their sum, which comes nearest to *whole*."""
    gains = _gains(whole, parts)
    energies = np.sum([g * part.energies for g, part in zip(gains, parts, strict=True)], axis=0)
    levels = tick_levels(energies)
    return gains, _Heard(energies, levels, whole.lufs, _floor(levels))


def _gains(whole: _Heard, parts: list[_Heard]) -> NDArray[np.float64]:
    """Return the gains of power with which *parts* come nearest to *whole*; none is negative."""
    loud = whole.loud(_LOUD_BELOW_DB)
    shares = np.stack([part.energies[loud] / whole.energies[loud] for part in parts], axis=1)
    gains = np.zeros(len(parts))
    used = np.arange(len(parts))
    while used.size:
        solved = np.linalg.lstsq(shares[:, used], np.ones(len(shares)), rcond=None)[0]
        if (solved > 0).all():
            gains[used] = solved
            break
        used = used[solved > 0]
    return gains


def _within(found: list[_Heard], laid: tuple[Laid, ...], left: list[int]) -> dict[int, int]:
    """Return for each track that was mixed into another one as it is which one that is."""
    gains_db = {
        (n, m): _gain_in(found[n], found[m])
        for n in left
        for m in left
        if n != m and laid[n].known and laid[m].known
    }
    within: dict[int, int] = {}
    for (n, m), gain_db in gains_db.items():
        if gain_db is None or m in within or n in within:
            continue
        back_db = gains_db[m, n]
        # Two that hear each other softly are two microphones.
        if back_db is not None and abs(gain_db + back_db) > _ONE_GAIN_DB:
            continue
        if not found[m].lacks(found[n], gain_db):
            within[n] = m
    return within


def _gain_in(part: _Heard, whole: _Heard) -> float | None:
    """Return the gain in dB with which *part* is in *whole*; None: not as a copy."""
    loud = part.loud(_LOUD_BELOW_DB) & (whole.energies > 0)
    if not loud.any():
        return None
    gains_db = np.sort((whole.levels - part.levels)[loud])
    reach = np.searchsorted(gains_db, gains_db + 2 * _COPY_WITHIN_DB, "right")
    counts = reach - np.arange(len(gains_db))
    first = int(np.argmax(counts))
    if counts[first] < _COPY_SHARE * len(gains_db):
        return None
    gain_db = float(np.median(gains_db[first : reach[first]]))
    return gain_db if part.lufs + gain_db >= whole.lufs - _COPY_BELOW_DB else None
