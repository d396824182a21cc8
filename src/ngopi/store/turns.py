"""Several files on their way to a store at once, with few requests between them."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# How long files under way may take to notice that they shall stop, and to write down how far
# they came: a moment, unless a connection hangs; then their threads end with the process.
_STOP_LIMIT_S = 3.0
# Windows tells of Ctrl-C only between two waits.
_LOOK_UP_S = 0.5


class StoppedError(BaseException):
    """A file was told to stop; no Exception, which boto3 would take for a lost connection."""


class Turns:
    """How many requests that carry bytes may be under way, over all files of one errand.

    A turn is a buffer of *buffer_bytes* for what is sent, and is given back with the last byte.
    There are never more buffers than *at_once*, and they are used again: memory that threads
    take and free by turns stays with the process, for each thread anew. *stopped* is done when
    nothing more shall be sent.
    """

    def __init__(self, at_once: int, *, buffer_bytes: int) -> None:
        self.stopped: Future[None] = Future()
        self._buffer_bytes = buffer_bytes
        self._unused = at_once
        self._free: list[bytearray] = []
        self._changed = threading.Condition()

    def take(self) -> bytearray:
        """Wait for a turn.

        Raises:
            StoppedError: there are no more.
        """
        with self._changed:
            while (buffer := self._next()) is None:
                self._changed.wait()
            return buffer

    def take_if_free(self) -> bytearray | None:
        """Return a turn if there is one just now.

        Raises:
            StoppedError: there are no more.
        """
        with self._changed:
            return self._next()

    def give_back(self, buffer: bytearray) -> None:
        """Let somebody else have the turn."""
        with self._changed:
            self._free.append(buffer)
            self._changed.notify()

    def stop(self) -> None:
        """Let all who wait, for a turn or for *stopped*, know that they shall end."""
        with self._changed:
            if not self.stopped.done():
                self.stopped.set_result(None)
            self._changed.notify_all()

    def _next(self) -> bytearray | None:
        if self.stopped.done():
            raise StoppedError
        if self._free:
            return self._free.pop()
        if not self._unused:
            return None
        self._unused -= 1
        return bytearray(self._buffer_bytes)


def side_by_side(errands: Iterable[Callable[[], object]], *, turns: Turns, at_once: int) -> None:
    """Run all *errands*, so many at once, each in a thread; the first failure stops the others.

    It is raised, and so is Ctrl-C, when the others have stopped; errands that hang do not hold
    it up for long.
    """
    left = deque(errands)
    over: list[Future[None]] = [Future() for _ in range(min(at_once, len(left)))]

    def work(done: Future[None]) -> None:
        try:
            while left and not turns.stopped.done():
                try:
                    errand = left.popleft()
                except IndexError:  # another thread took the last one
                    break
                errand()
            done.set_result(None)
        except BaseException as error:  # noqa: BLE001 - it is raised where the errands were given
            done.set_exception(error)

    try:
        for number, done in enumerate(over, start=1):
            # Not a pool, whose threads the interpreter waits for at its end.
            name = f"ngopi-file-{number}"
            threading.Thread(target=work, args=(done,), name=name, daemon=True).start()
        under_way = bool(over)
        while under_way:
            now = wait(over, timeout=_LOOK_UP_S, return_when=FIRST_EXCEPTION)
            for done in now.done:
                done.result()
            under_way = bool(now.not_done)
    finally:
        turns.stop()
        wait(over, timeout=_STOP_LIMIT_S)
