"""Waiting for others, and never longer than was said."""

from __future__ import annotations

from concurrent.futures import Future, wait
from math import ceil
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from ngopi.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_SLICE_S = 0.5  # Windows hears no Ctrl-C inside a wait


def within(limit_s: float, work: Callable[[], T]) -> T:
    """Return what *work* returns, or raise what it raises.

    A socket's own timeout ends silence only: looking up a name, a handshake that never ends and
    headers that drip are none. What *work* still waits for afterwards ends with the program.

    Raises:
        TimeoutError: it took longer than *limit_s* seconds.
    """
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where somebody waits for it
            outcome.set_exception(error)

    Thread(target=run, daemon=True).start()
    slices = ceil(limit_s / _SLICE_S)
    for _number in range(slices):
        wait({outcome}, timeout=limit_s / slices)
        if outcome.done():
            return outcome.result()
    raise TimeoutError(_("the answer takes too long"))
