"""click's commands and options, with help in the language that was set."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ngopi.errors import StoppedError
from ngopi.i18n import LANGUAGES, N_, _, set_language

if TYPE_CHECKING:
    from collections.abc import Callable

C = TypeVar("C", bound=click.Command)


def _in_language(command: C) -> C:
    spoken = copy.copy(command)
    spoken.help = _(command.help) if command.help else None
    spoken.epilog = _(command.epilog) if command.epilog else None
    return spoken


class Option(click.Option):
    """An option whose help is translated when it is shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option's names and its help."""
        spoken = copy.copy(self)
        spoken.help = _(self.help) if self.help else None
        return click.Option.get_help_record(spoken, ctx)


class Name(click.Path):
    """The name of a file or folder; an empty one would mean the folder that one stands in."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """Return the path."""
        text = os.fspath(value)
        if not text.strip():
            self.fail(_("the name is empty"), param, ctx)
        if "\0" in text:
            self.fail(_("no name holds a NUL"), param, ctx)
        return super().convert(value, param, ctx)


class Words(click.ParamType[str]):
    """Text in which something stands."""

    name = "text"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the text as it is."""
        text = str(value)
        if not text.strip():
            self.fail(_("it is empty"), param, ctx)
        return text


class Command(click.Command):
    """A command whose help is translated when it is shown.

    It also takes ``--json`` and ``--lang`` behind its name, where people type them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - click's own signature
        super().__init__(*args, **kwargs)
        self.params += [
            Option(
                ["--json", "as_json"],
                is_flag=True,
                expose_value=False,
                callback=_want_json,
                help=N_("Print one JSON document for programs."),
            ),
            # Nothing but the command line: NGOPI_LANG was heeded by the group already.
            Option(
                ["--lang"],
                type=click.Choice(LANGUAGES, case_sensitive=False),
                expose_value=False,
                is_eager=True,
                allow_from_autoenv=False,
                callback=_speak,
                help=N_("Language: id or en."),
            ),
        ]

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help."""
        click.Command.format_help(_in_language(self), ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the line that the list of commands shows."""
        return click.Command.get_short_help_str(_in_language(self), limit)


class Group(click.Group):
    """The group of all commands, its help translated."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command; Ctrl-C becomes an error like all others.

        click would print an empty line, which is no JSON, and forget what was noted.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            stopped = StoppedError()
            for note in getattr(error, "__notes__", ()):
                stopped.add_note(note)
            raise stopped from error

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help."""
        click.Group.format_help(_in_language(self), ctx, formatter)


def _want_json(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's own signature
    if value:
        ctx.obj.as_json = True


def _speak(_ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        set_language(value)


def option(*names: str, **attributes: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - click's own signature
    """Return click's option decorator for an option with translated help."""
    return click.option(*names, cls=Option, **attributes)
