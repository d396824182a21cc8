"""Have something happen at the very moment when ngopi calls one of its functions."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


@contextlib.contextmanager
def at_call(function: str, act: Callable[[], None], *, nth: int = 1) -> Iterator[None]:
    """Call *act* when ngopi calls *function* for the *nth* time, in whichever thread.

    *function* is its qualified name, as in ``PcmWriter.write``; what *act* raises is raised there.
    """
    left = [nth]
    counting = threading.Lock()

    def count() -> None:
        with counting:
            left[0] -= 1
            is_due = left[0] == 0
        if is_due:
            act()

    with at_every_call(function, count):
        yield
    assert left[0] <= 0, f"{function} was called {nth - left[0]} times only"


@contextlib.contextmanager
def at_every_call(function: str, act: Callable[[], None]) -> Iterator[None]:
    """Call *act* whenever ngopi calls *function*, named as for `at_call`."""

    def watch(frame: FrameType, event: str, _value: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_qualname == function and "ngopi" in code.co_filename:
            act()

    sys.setprofile(watch)
    threading.setprofile(watch)
    try:
        yield
    finally:
        threading.setprofile(None)
        sys.setprofile(None)


@contextlib.contextmanager
def python_interrupts() -> Iterator[None]:
    """Have SIGINT raise KeyboardInterrupt, as it does in a program that was just started."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
