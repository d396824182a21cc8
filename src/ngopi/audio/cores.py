"""Work on all cores, in threads: numpy, LAME and the decoders let go of the interpreter."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor, Future

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # a container may own fewer cores than the machine
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(
    threads: Executor,
    work: Callable[[_Item], _Result],
    items: Iterable[_Item],
    *,
    ahead: int,
) -> Iterator[_Result]:
    """Yield what *work* makes of each of *items*, in their order.

    No more than *ahead* results wait beside the one that is yielded: ``Executor.map`` makes
    all of them as fast as it can, however large they are.
    """
    rest = iter(items)
    running: deque[Future[_Result]] = deque(
        threads.submit(work, item) for item in islice(rest, ahead + 1)
    )
    try:
        while running:
            result = running.popleft().result()
            running.extend(threads.submit(work, item) for item in islice(rest, 1))
            yield result
    finally:
        for future in running:
            future.cancel()


def one_ahead(items: Iterable[_Item]) -> Iterator[_Item]:
    """Yield *items* while the next one is being made in a thread of its own."""
    rest = iter(items)
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(tuple, islice(rest, 1))
        while found := coming.result():
            coming = thread.submit(tuple, islice(rest, 1))
            yield from found
