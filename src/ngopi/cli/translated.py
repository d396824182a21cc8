"""click's commands and options, with help in the language that was set."""

from __future__ import annotations

import copy
import difflib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ngopi.errors import StoppedError
from ngopi.i18n import LANGUAGES, N_, _, set_language
from ngopi.letters import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

C = TypeVar("C", bound=click.Command)

_FIRST_SENTENCE = re.compile(r"(?s).*?(?:[.!?](?=\s|$)|$)")
_LONGEST_NAME = 1000
# What Indonesians would call the commands, and what other tools do.
_INDONESIAN = {
    "mulai": "init", "buat": "init", "baru": "init", "new": "init", "create": "init",
    "olah": "ingest", "ambil": "ingest", "masukkan": "ingest", "rekam": "ingest",
    "tambah": "ingest", "add": "ingest", "import": "ingest", "upload": "publish",
    "terbitkan": "publish", "terbit": "publish", "siarkan": "publish", "unggah": "publish",
    "push": "publish", "daftar": "list", "ls": "list", "episode": "list", "episodes": "list",
    "lihat": "show", "tampilkan": "show", "info": "show", "status": "list",
    "ukur": "measure", "periksa": "check", "cek": "check", "validasi": "check",
    "validate": "check", "setujui": "approve", "setuju": "approve", "tarik": "retract",
    "cabut": "retract", "hapus": "retract", "delete": "retract", "remove": "retract",
    "kembalikan": "restore", "pulihkan": "restore", "ganti": "replace", "perbarui": "pull",
    "update": "pull", "sync": "pull", "sinkronkan": "pull", "riwayat": "history",
    "log": "history", "jadwal": "schedule", "jadwalkan": "schedule", "mundur": "rollback",
    "undo": "rollback", "batalkan": "rollback", "dokter": "doctor", "diagnosa": "doctor",
    "perbaiki": "doctor", "fix": "doctor", "bersihkan": "gc", "clean": "gc",
    "sajikan": "serve", "pratinjau": "serve", "preview": "serve", "dengarkan": "serve",
    "contoh": "demo", "coba": "demo", "bantuan": "--help", "help": "--help", "tolong": "--help",
    "versi": "--version", "version": "--version",
}  # fmt: skip


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

    def make_metavar(self, ctx: click.Context) -> str:
        """Return what stands for the option's value."""
        return placeholder(click.Option.make_metavar(self, ctx))


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


class Whole(click.types.IntParamType):
    """A whole number."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the number."""
        try:
            return int(str(value))
        except ValueError:
            self.fail(
                _("write a whole number, as in 3, not {value}").format(value=value), param, ctx
            )


class WholeFrom(click.IntRange):
    """A whole number that is not too small."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the number."""
        return super().convert(Whole().convert(value, param, ctx), param, ctx)


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
        """Return the first sentence, whole: the list of commands wraps it."""
        del limit
        return _FIRST_SENTENCE.match(_(self.help) if self.help else "")[0]  # type: ignore[index]  # it always does

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return what stands behind the command's name in its usage line."""
        return _usage(click.Command.collect_usage_pieces(self, ctx))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; a file's name with blanks comes in pieces where nobody quoted it.

        Raises:
            UnquotedNameError: the pieces together are a file.
        """
        try:
            rest = super().parse_args(ctx, list(args))
        except click.UsageError as error:
            whole = unquoted_file(args)
            if whole is None:
                raise
            raise UnquotedNameError(whole, ctx) from error
        # Where several files may be named, the pieces pass for as many names.
        if _names_nothing(ctx.params.values()) and (whole := unquoted_file(args)) is not None:
            raise UnquotedNameError(whole, ctx)
        return rest


def _names_nothing(values: Iterable[object]) -> bool:
    """Say whether one of several names, where an argument takes several, is no file's."""
    several = (value for value in values if isinstance(value, tuple))
    paths = (name for names in several for name in names if isinstance(name, Path))
    return not all(os.path.exists(path) for path in paths)  # noqa: PTH110 - no name is too long for it


class UnquotedNameError(click.UsageError):
    """A file's name with blanks in it, which the terminal took apart."""

    def __init__(self, name: str, ctx: click.Context) -> None:
        text = _("The file's name has blanks in it, and no quotation marks around it: {name}")
        name = one_line(name)
        super().__init__(text.format(name=name), ctx)
        self.hint = _('write it with quotation marks, as in: {command} "{name}"').format(
            command=ctx.command_path, name=name
        )


class NoSuchCommandError(click.UsageError):
    """A command that there is none of; *hint* says which one may have been meant."""

    def __init__(self, name: str, near: str | None, ctx: click.Context) -> None:
        super().__init__(_('There is no command "{name}".').format(name=one_line(name)), ctx)
        if near is None:
            self.hint = _("see all commands with: ngopi --help")
        else:
            self.hint = _("did you mean: ngopi {near}").format(near=near)


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

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return what stands behind the program's name in its usage line."""
        return _usage(click.Group.collect_usage_pieces(self, ctx))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is asked for.

        Raises:
            NoSuchCommandError: there is none of that name, but perhaps one that was meant.
        """
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise NoSuchCommandError(name, nearest_command(name, self.list_commands(ctx)), ctx)
        return super().resolve_command(ctx, args)


def nearest_command(name: str, known: Iterable[str]) -> str | None:
    """Return the command that *name* is likely to mean: misspelt, or said in Indonesian."""
    word = name.casefold()
    if word in _INDONESIAN:
        return _INDONESIAN[word]
    meant = {**{command: command for command in known}, **_INDONESIAN}
    near = difflib.get_close_matches(word, meant, n=1, cutoff=0.7)
    return meant[near[0]] if near else None


def unquoted_file(args: Sequence[str]) -> str | None:
    """Return the file that arguments in a row name together; None: there is none."""
    for first in range(len(args)):
        for last in range(len(args), first + 1, -1):
            name = " ".join(args[first:last])
            if not name.startswith("-") and len(name) < _LONGEST_NAME and Path(name).is_file():
                return name
    return None


def _usage(pieces: list[str]) -> list[str]:
    """Return a usage line's pieces in the language that was set."""
    said = {"COMMAND [ARGS]...": _("COMMAND …"), "[COMMAND] [ARGS]...": _("COMMAND …")}
    return [said.get(piece) or placeholder(piece) for piece in pieces]


def placeholder(words: str) -> str:
    """Return what stands for a value, in the language that was set."""
    said = {
        "OPTIONS": _("OPTIONS"),
        "INTEGER": _("NUMBER"),
        "TEXT": _("TEXT"),
        "FILE": _("FILE"),
        "DIR": _("DIR"),
        "NAME": _("NAME"),
        "ROLE": _("ROLE"),
        "RECORDING": _("RECORDING"),
        "DATETIME": _("DATETIME"),
    }
    return re.sub(r"[A-Z]+", lambda found: said.get(found[0], found[0]), words)


def _want_json(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's own signature
    if value:
        ctx.obj.as_json = True


def _speak(_ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        set_language(value)


def option(*names: str, **attributes: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - click's own signature
    """Return click's option decorator for an option with translated help."""
    return click.option(*names, cls=Option, **attributes)
