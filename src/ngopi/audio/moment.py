"""Whether recordings are of one moment, or one after the other: what sound, names and tags say."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.activity import TICKS_PER_S, gated_lufs, tick_levels
from ngopi.audio.likeness import compare, on_common_time
from ngopi.audio.order import at_one_time, in_order, named_as_parts, one_after_the_other
from ngopi.errors import TracksApartError
from ngopi.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ngopi.audio.likeness import Likeness
    from ngopi.model import Recording

# Files that one recorder or meeting program stops at once end within moments of each other.
_EQUAL_SHARE, _EQUAL_S = 0.01, 3.0
_SPEAKING_BELOW_DB = 20.0
_HELD_TICKS = 20  # what lies between two words ends no turn
# Of two that talk with each other, one is silent most of the time that the other speaks.
_TURNS_MOST_AT_ONCE = 0.35
_CROWDED_LEAST_AT_ONCE = 0.6
_CROWDED_LOUD = (0.3, 0.9)  # what has no gaps between words is music or noise, and tells nothing
_LEAST_TOLD_S = 15.0


def require_one_moment(
    tracks: Sequence[Recording],
    energies: Sequence[NDArray[np.float64]],
    likeness: Likeness,
) -> None:
    """Say what speaks against *tracks* being of one moment.

    Raises:
        TracksApartError: something does.
    """
    reason = why_apart(tracks, energies, likeness)
    if reason is not None:
        names = " ".join(str(track.path) for track in tracks)
        tracked = " ".join(f"--track {track.path}" for track in tracks)
        raise TracksApartError(
            reason=reason,
            joined=f"ngopi ingest {names}",
            together=f"ngopi ingest {tracked} --together",
        )


def why_apart(
    tracks: Sequence[Recording],
    energies: Sequence[NDArray[np.float64]],
    likeness: Likeness,
) -> str | None:
    """Return what speaks against *tracks* being of one moment; None: they are, or nothing does.

    What one hears of another settles it, and so do people who let each other speak.
    """
    if all(place.known for place in likeness.laid) or _take_turns(energies, likeness):
        return None
    if one_after_the_other(tracks):
        return _("their tags say that one was recorded after the other")
    if named_as_parts(tracks):
        return _("their names say that they are parts")
    if at_one_time(tracks):
        return None
    lengths_s = [len(each) / TICKS_PER_S for each in energies]
    if not _are_equal(lengths_s):
        return _("they are not equally long, and neither hears what is in the other")
    if _crowded(energies, likeness):
        return _("in both somebody speaks all the time, and neither hears what is in the other")
    return None


def why_together(
    parts: Sequence[Recording], listen: Callable[[], Sequence[NDArray[np.float64]]]
) -> str | None:
    """Return what speaks against *parts* following one another; None: nothing does.

    Where names and tags say nothing, their sound does: *listen* returns the energies of the ticks
    of each that can be read.
    """
    lengths_s = [part.duration_s for part in parts if part.duration_s]
    if len(lengths_s) < len(parts) or not _are_equal(lengths_s):
        return None
    if named_as_parts(parts) or one_after_the_other(parts):
        return None
    if at_one_time(parts):
        return _("they are equally long, and their tags say that they began together")
    if in_order(parts).by in {"name", "tag"}:
        return None
    energies = [each for each in listen() if math.isfinite(gated_lufs(each))]
    if len(energies) <= 1:
        return None
    likeness = compare(energies)
    if any(place.known for place in likeness.laid):
        return _("they are equally long, and what is in one is heard in another")
    if _take_turns(energies, likeness):
        return _("they are equally long, and one is silent while another one speaks")
    return None


def _are_equal(lengths_s: Sequence[float]) -> bool:
    within_s = max(_EQUAL_S, _EQUAL_SHARE * max(lengths_s))
    return max(lengths_s) - min(lengths_s) <= within_s


def _take_turns(energies: Sequence[NDArray[np.float64]], likeness: Likeness) -> bool:
    """Say whether no two of the tracks are full of speech at the same time."""
    spoken = list(map(_held, _loud(energies, likeness)))
    return all(
        min(one.sum(), other.sum()) >= _LEAST_TOLD_S * TICKS_PER_S
        and _at_once(one, other) <= _TURNS_MOST_AT_ONCE
        for one, other in combinations(spoken, 2)
    )


def _crowded(energies: Sequence[NDArray[np.float64]], likeness: Likeness) -> bool:
    low, high = _CROWDED_LOUD
    return any(
        all(low <= float(each.mean()) <= high for each in pair)
        and min(each.sum() for each in pair) >= _LEAST_TOLD_S * TICKS_PER_S
        and _at_once(*map(_held, pair)) >= _CROWDED_LEAST_AT_ONCE
        for pair in combinations(_loud(energies, likeness), 2)
    )


def _at_once(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Return how much of the time of the one who speaks less the other one speaks too."""
    both = np.count_nonzero(one & other)
    return both / max(min(int(one.sum()), int(other.sum())), 1)


def _loud(energies: Sequence[NDArray[np.float64]], likeness: Likeness) -> list[NDArray[np.bool_]]:
    """Return for each track in which ticks somebody utters a sound."""
    found = []
    for each, place in zip(energies, likeness.laid, strict=True):
        levels = tick_levels(on_common_time(each, place, likeness.ticks))
        found.append(levels > gated_lufs(each) - _SPEAKING_BELOW_DB)
    return found


def _held(loud: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return *loud* with the gaps between words."""
    return np.asarray(np.convolve(loud, np.ones(2 * _HELD_TICKS + 1), mode="same") > 0)
