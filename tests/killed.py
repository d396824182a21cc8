"""Kill a command before a step, run it again, and look at what the public sees."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Protocol

from promises import Place, Witness

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from mortal import Mortals

KILLED = -9
# Far above what any of these runs takes: a loop that never ends is a failure, not a hang.
MOST_STEPS = 500


class Stores(Protocol):
    """See `standing`."""

    def place(self, name: str) -> tuple[Place, dict[str, str]]: ...


def half_written(show: Path) -> list[str]:
    """Return what lies half-written in a show and is not left to the next hour's run."""
    left = (path.relative_to(show).as_posix() for path in show.rglob(".*.tmp"))
    later = (".ngopi/releases/", ".ngopi/stores/", "public/")
    return [name for name in left if not name.startswith(later)]


def survives(
    ngopi: Mortals,
    stores: Stores,
    start: Path,
    show: Path,
    *,
    step: int,
    command: Sequence[object],
    public: set[str],
    deleted: Iterable[str] = (),
) -> bool:
    """Kill *command* before *step*, run it again and look; return whether there was such a step.

    *start* is what the producer's folder *show* is a copy of. *public* are the guids that must
    be public in the end, and *deleted* the keys that may be gone.
    """
    shutil.rmtree(show, ignore_errors=True)
    shutil.copytree(start, show)
    place, env = stores.place(f"step-{step}")
    witness = Witness(place=place, deleted=set(deleted))
    assert witness.now() == []
    killed = ngopi.run("--show", show, *command, env=env, kill_at=step)
    assert witness.now() == [], f"killed before step {step}"
    again = ngopi.run("--show", show, *command, env=env)

    assert again.status == 0, f"killed before step {step}: {again.err}"
    assert witness.at_rest() == [], f"killed before step {step}"
    assert half_written(show) == [], f"killed before step {step}"
    assert witness.public() == public, f"killed before step {step}"
    assert killed.status in (0, KILLED), killed.err
    return killed.status == KILLED
