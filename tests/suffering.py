"""Runs of a publish behind a `faulty_proxy` that spoils what it is told to, and what is then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prepared import guid_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from faulty_proxy import Faults
    from mortal import Ended
    from promises import Witness

WRITE_FAULTS = (
    "cut_body_of", "corrupt_body_of", "truncate_body_of", "answer_503_to", "drop_reply_to",
    "truncate_reply_to",
)  # fmt: skip
READ_FAULTS = ("truncate_reply_to", "corrupt_reply_to", "drop_reply_to")

# Answers of a server that changes its mind, and the exit statuses that name them.
REFUSALS = (
    (400, "ExpiredToken", {77}),
    (403, "AccessDenied", {77}),
    (404, "NoSuchBucket", {69, 78}),
    (500, "InternalError", {69}),
    (503, "SlowDown", {69}),
)


def suffer(
    publish: Callable[[], Ended],
    proxy: Faults,
    witness: Witness,
    pattern: str,
    *,
    faults: Sequence[str],
) -> None:
    """Let each fault happen once to a request that matches, in as many runs as it takes."""
    for fault in faults:
        setattr(proxy, fault, pattern)
    statuses: list[int] = []
    while len(proxy.happened) < len(faults) and len(statuses) <= len(faults):
        statuses.append(publish().status)
        assert witness.now() == []

    assert len(proxy.happened) == len(faults)
    # Unreachable, not what was sent or is stored, in conflict, refused: a signature was spoilt.
    assert set(statuses) <= {0, 69, 74, 75, 77}


def be_refused(publish: Callable[[], Ended], proxy: Faults, witness: Witness, pattern: str) -> None:
    """Have the requests that match refused in each way that there is; nothing public changes."""
    for status, code, exits in REFUSALS:
        proxy.refuses = {pattern: (status, code)}
        refused = publish()
        assert refused.status in exits, refused.err
        assert witness.now() == []
    proxy.refuses = {}


def assert_converged(witness: Witness, publish: Callable[[], Ended], show: Path) -> None:
    """Publish again: all is as it was promised, and *show*'s first episode is public."""
    again = publish()

    assert again.status == 0, again.err
    witness.acknowledged.add(guid_of(show, "satu"))
    assert witness.at_rest() == []
