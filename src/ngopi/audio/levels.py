"""The likeliest sequence of levels: what a hidden Markov model makes of misfits and changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STATES_LU = np.arange(-25.0, 16.0)
"""The levels that somebody may have, against everybody's loudness."""

# A change of level costs as much as a lasting misfit; a small one costs more, because one
# voice alone rises and falls by 3 dB from sentence to sentence.
_SMALL_CHANGE_LU = 4.0
# Within a word a change costs this much more, and less and less the longer the pause is.
_NO_PAUSE_COST, _PAUSE_TICKS = 7.0, 20.0
# A level costs more the less is spoken at it in all, but never more than this.
_RARE_COST, _RAREST_COST, _SAME_PERSON_LU = 1.5, 6.0, 1.0
_LOOKS = 2


def likeliest(
    misfits: NDArray[np.float32],
    pauses: NDArray[np.float64],
    lengths: NDArray[np.intp],
    *,
    change_cost: float,
    small_change_cost: float,
) -> NDArray[np.intp]:
    """Return which of the levels each step has, in the sequence that is likeliest as a whole.

    *misfits* are (steps, levels); each step begins with a pause (ticks) and has a length, in any
    unit. Viterbi's algorithm weighs misfits against changes; a second look knows what levels
    there are.
    """
    distance_lu = np.abs(STATES_LU[:, None] - STATES_LU)
    change = change_cost + small_change_cost * np.exp(-distance_lu / _SMALL_CHANGE_LU)
    extra = _NO_PAUSE_COST * np.exp(-pauses / _PAUSE_TICKS)
    path = _cheapest(misfits, change, extra)
    for _ in range(1, _LOOKS):
        path = _cheapest(misfits, change + _rarity(path, lengths)[:, None], extra)
    return path


def _rarity(path: NDArray[np.intp], lengths: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return what it costs to enter each level, by how much of *path* is near it."""
    distance = STATES_LU[:, None] - STATES_LU
    near = np.exp(-0.5 * (distance / _SAME_PERSON_LU) ** 2)
    share = near @ np.bincount(path, lengths, minlength=len(STATES_LU))
    with np.errstate(divide="ignore"):
        return np.asarray(np.minimum(-_RARE_COST * np.log(share / share.max()), _RAREST_COST))


def _cheapest(
    misfits: NDArray[np.float32], change: NDArray[np.float64], extra: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the states of the cheapest path.

    *misfits* are (steps, states), *change* is [to, from], *extra* comes on top at each step.
    """
    np.fill_diagonal(change, 0.0)
    states = np.arange(len(change))
    came_from = np.empty(misfits.shape, np.uint8)
    cost = np.zeros(len(change))
    for step, (misfit, more) in enumerate(zip(misfits, extra, strict=True)):
        onward = cost + change
        onward.ravel()[:: len(states) + 1] -= more  # whoever goes on
        sources = onward.argmin(axis=1)
        came_from[step] = sources
        cost = onward[states, sources] + misfit
    state = int(cost.argmin())
    path = np.empty(len(misfits), np.intp)
    for step in range(len(path) - 1, -1, -1):
        path[step] = state
        state = came_from[step, state]
    return path
