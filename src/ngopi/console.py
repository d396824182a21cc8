"""What a person or a program reads: results on stdout, all else on stderr."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ngopi.i18n import _
from ngopi.letters import one_line, quoted
from ngopi.text import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from typing import TextIO
    from zoneinfo import ZoneInfo

    from rich.progress import ProgressColumn, Task

    from ngopi.errors import NgopiError

# Parts of an upload land by fours, minutes apart on a slow line: a shorter look back would take
# one such moment for the line's speed.
_UPLOAD_LOOK_BACK_S = 180.0
_LOOK_BACK_S = 30.0

# What a person typed to start ngopi, and where a sentence names the program to be typed.
_typed = ["ngopi"]
_COMMAND = re.compile(
    r"(?<!-m )(?<![\w./-])ngopi(?= (?:--?[a-z]|(?:approve|check|demo|doctor|gc|history|ingest|init"
    r"|list|master|measure|publish|pull|replace|restore|retract|rollback|schedule|serve|show)\b))"
)

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


def type_as(program: str) -> None:
    """Name commands from now on as they have to be typed on this machine: *program* for ngopi."""
    _typed[0] = program


def typed(text: str) -> str:
    """Return *text* with each command that it names as it has to be typed."""
    return _COMMAND.sub(lambda _found: _typed[0], text) if _typed[0] != "ngopi" else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Prints for a person, or, with *as_json*, one document for a program."""

    as_json: bool = False

    def result(self, document: Json, *lines: str) -> None:
        """Print a command's result: *lines* for a person, *document* for a program."""
        if self.as_json:
            print(quoted(json.dumps(_finite(document), ensure_ascii=False)))  # noqa: T201 - stdout is this module's
        else:
            for line in lines:
                print(one_line(typed(line)))  # noqa: T201 - stdout is this module's

    def note(self, line: str) -> None:
        """Say something to a person, beside the result; a program finds it in the document."""
        if not self.as_json:
            _say(one_line(typed(line)))

    def table(self, document: Json, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows in columns; the first row is *head*."""
        shown = [tuple(map(one_line, row)) for row in (head, *rows)]
        widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in shown
        ]
        self.result(document, *lines)

    def error(self, error: NgopiError) -> None:
        """Say what happened, what was noted on the way (`add_note`), and what to do next."""
        between = "\n" if "\n" in error.message else " "
        message = between.join((error.message, *getattr(error, "__notes__", ())))
        self.failure(error.code, message, error.hint, error.exit_status)

    def failure(self, code: str, message: str, hint: str, exit_status: int) -> None:
        """Say what happened and what to do next, for a failure that has no class of its own."""
        if self.as_json:
            told = {
                "code": code, "message": message, "hint": typed(hint), "exit_code": exit_status,
            }  # fmt: skip
            _say(quoted(json.dumps({"error": told}, ensure_ascii=False)))
            return
        for line in _("Error: {message}").format(message=message).split("\n"):
            self.note(line)
        if hint:
            self.note(_("Try: {hint}").format(hint=hint))

    def warning(self, code: str, message: str, hint: str) -> None:
        """Say what a person should know and do before the command begins; a program, too."""
        if self.as_json:
            told = {"code": code, "message": message, "hint": hint}
            _say(quoted(json.dumps({"warning": told}, ensure_ascii=False)))
        for line in _("Warning: {message}").format(message=message).split("\n"):
            self.note(line)
        self.note(_("Try: {hint}").format(hint=hint))

    @contextlib.contextmanager
    def step(
        self, label: str, total: float, *, unit: Literal["bytes"] | None = None
    ) -> Iterator[Callable[[float], None]]:
        """Show a long step: a bar with the time left on a terminal, a line in a pipe.

        Bytes are shown in MB (10^6) beside the bar.
        """
        if self.as_json or not is_terminal(sys.stderr):
            if not self.as_json:
                self.note(_("{step} …").format(step=_(label)))
            yield _unseen
            return
        from rich.console import Console as Terminal
        from rich.progress import Progress

        columns = _share_columns() if unit is None else _byte_columns()
        look_back_s = _LOOK_BACK_S if unit is None else _UPLOAD_LOOK_BACK_S
        terminal = Terminal(stderr=True)
        with Progress(*columns, console=terminal, speed_estimate_period=look_back_s) as bar:
            task = bar.add_task(_(label), total=total)
            yield lambda done: bar.advance(task, done)
            bar.update(task, completed=total)


def is_terminal(stream: TextIO | None) -> bool:
    """Say whether a person sits at the other end of *stream*; None is one that was closed.

    Windows takes NUL, which schedulers start programs with, for a terminal.
    """
    if stream is None or not stream.isatty():
        return False
    if sys.platform == "win32":
        import ctypes
        import msvcrt

        try:
            handle = ctypes.c_void_p(msvcrt.get_osfhandle(stream.fileno()))
        except OSError:
            return True  # a window drawn by a program, as IDLE's: it knows best
        mode = ctypes.c_ulong()
        return bool(ctypes.windll.kernel32.GetConsoleMode(handle, ctypes.byref(mode)))
    else:  # noqa: RET505 - mypy reads a platform's lines by the branch
        return True


def _share_columns() -> Sequence[ProgressColumn]:
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

    return (
        TextColumn("{task.description:<22}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )


def _byte_columns() -> Sequence[ProgressColumn]:
    """Return columns as in: Uploading ━━━━ 37.2/200.0 MB · 18% · 0:42 left."""
    from rich.progress import BarColumn, DownloadColumn, ProgressColumn, TextColumn
    from rich.text import Text

    class TimeLeft(ProgressColumn):  # here: rich is loaded by whoever sees it only
        def render(self, task: Task) -> Text:
            return Text(_time_left(task))

    return (
        TextColumn("{task.description:<22}"),
        BarColumn(bar_width=16),
        DownloadColumn(),
        TextColumn("· {task.percentage:.0f}% ·"),
        TimeLeft(),
    )


def _time_left(task: Task) -> str:
    if task.finished:
        return clock(task.finished_time or 0.0)
    if task.time_remaining is None:  # nothing is known of the line's speed yet
        return _("{time} left").format(time="-:--")
    return _("{time} left").format(time=clock(task.time_remaining))


class _OneLine(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        return one_line(super().formatMessage(record))


def show_log(level: int) -> None:
    """Write log records of *level* and above to stderr; those of libraries only when asked for."""
    handler = logging.StreamHandler()
    if level >= logging.WARNING:
        handler.addFilter(lambda record: record.name.split(".")[0] == "ngopi")
    handler.setFormatter(_OneLine("%(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - stderr is this module's


def _unseen(done: float) -> None:
    """Nobody looks."""
    del done


def _finite(value: object) -> object:
    """JSON has no infinity: silence has no loudness there."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def megabytes(size_bytes: int) -> str:
    """Return a size in MB (10^6 bytes)."""
    return f"{size_bytes / 1e6:.1f} MB"


def decibels(value: float) -> str:
    """Return a level with one decimal; silence is -∞."""
    return f"{value:.1f}" if math.isfinite(value) else "-∞"


def moment(date: datetime | None, zone: ZoneInfo) -> str:
    """Return a date in the show's zone, as in 2026-11-22 16:00 WIB."""
    return "-" if date is None else f"{date.astimezone(zone):%Y-%m-%d %H:%M %Z}"
