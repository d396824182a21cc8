"""The state in which a feed last changed, as a comment behind it: its bytes never come back.

In: a feed as it was built, which may be the same for many states. Out: the same with its stamp.
Whoever was stopped before the swap of a feed swaps against bytes that were looked at long ago.
Without a stamp those bytes would be public again once others had taken an episode out and
brought it back, and then the late feed would name what was deleted meanwhile.
"""

from __future__ import annotations

import hashlib

# A later state than that is asked for in vain: no show has so many, only a forged ledger.
_MOST_STATES = 100_000


def stamped(feed: bytes, *, seq: int) -> bytes:
    """Return *feed* as one that changed in state *seq*."""
    return feed + _stamp(seq)


def as_known(feed: bytes, *, sha256: str, latest: int) -> bytes | None:
    """Return *feed* with the stamp by which its SHA-256 is *sha256*; None: it has changed since.

    The stamp is that of state *latest*, or of one before it, or there is none, as in the feeds of
    an earlier ngopi.
    """
    whole = hashlib.sha256(feed)
    if whole.hexdigest() == sha256:
        return feed
    for seq in range(latest, max(latest - _MOST_STATES, 0), -1):
        digest = whole.copy()
        digest.update(_stamp(seq))
        if digest.hexdigest() == sha256:
            return stamped(feed, seq=seq)
    return None


def _stamp(seq: int) -> bytes:
    return b"\n<!-- ngopi: state %d -->\n" % seq
