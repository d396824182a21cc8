"""What was deleted stays named for ever: keys that are gone, and bytes that a person withdrew.

In: what two ledgers say of it, or a folder remembers. Out: both together. Neither list ever
loses a line; whoever makes a ledger of others takes the union.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ngopi.model import Withdrawn

if TYPE_CHECKING:
    from collections.abc import Iterable


def union_of_gone(*lists: Iterable[str]) -> tuple[str, ...]:
    """Return all keys that any of *lists* names, in the one order that equal ledgers have."""
    return tuple(sorted({key for keys in lists for key in keys}))


def union_of_withdrawn(*lists: Iterable[Withdrawn]) -> tuple[Withdrawn, ...]:
    """Return all that any of *lists* knows; of one SHA-256, the later of each of its dates."""
    known: dict[str, Withdrawn] = {}
    for thing in (thing for things in lists for thing in things):
        other = known.get(thing.sha256, thing)
        known[thing.sha256] = Withdrawn(
            sha256=thing.sha256,
            seq_out=max(thing.seq_out, other.seq_out),
            seq_back=max(thing.seq_back or 0, other.seq_back or 0) or None,
        )
    return tuple(known[sha256] for sha256 in sorted(known))
