"""The one place where exceptions become exit codes."""

from ngopi.codepath import leave_current_folder, namesakes, stands_in_variable

_looked_into = leave_current_folder()  # before anything else is imported

import io
import sys
import traceback
import warnings
from typing import TYPE_CHECKING

import click

from ngopi.cli.root import ngopi
from ngopi.cli.session import Session, as_module, program
from ngopi.cli.translated import NoSuchCommandError, UnquotedNameError
from ngopi.console import type_as
from ngopi.errors import BUG, IO, CatalogueInvalidError, DiskError, NgopiError, StoppedError
from ngopi.i18n import LANGUAGES, _, language_of_environment, set_language

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: "Sequence[str] | None" = None) -> int:
    """Run ngopi with *argv* (without the program's name); return the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    set_language(_asked_language(arguments))
    session = Session(as_json="--json" in arguments, typed=tuple(arguments))
    if _looked_into is not None:
        _warn_of_code(session, _looked_into)
    try:
        done = ngopi.main(arguments, prog_name="ngopi", obj=session, standalone_mode=False)
    except click.ClickException as error:
        session.console.failure("usage", error.format_message(), _hint(error), error.exit_code)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        session.console.error(StoppedError())
        return StoppedError.exit_status
    except NgopiError as error:
        if not isinstance(error, CatalogueInvalidError):
            _warn_of_broken(session)
        session.console.error(error)
        return error.exit_status
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone; Python would complain at exit
        return IO
    except OSError as error:
        message = f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
        session.console.failure("disk", message, _(DiskError.next_step), IO)
        return IO
    except Exception as error:  # noqa: BLE001 - the one place that says sorry for our own bugs
        return _sorry(session, error)
    return _told(session, done if isinstance(done, int) else 0)


def _told(session: Session, status: int) -> int:
    """Tell of the episodes that the command went on without, and return its exit status.

    Who asked for something about another episode got all of it.
    """
    if not session.broken:
        return status
    if session.about_one:
        _warn_of_broken(session)
        return status
    error = CatalogueInvalidError(problems=session.broken)
    session.console.error(error)
    return status or error.exit_status


def _warn_of_broken(session: Session) -> None:
    if session.broken:
        error = CatalogueInvalidError(problems=session.broken)
        session.console.warning(error.code, error.message, error.hint)


def run() -> None:
    """Start ngopi from a shell."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None where somebody closed it
            _speak_utf8(stream)
    if not sys.warnoptions:  # who asks Python for warnings gets them
        warnings.simplefilter("ignore")  # libraries warn their developers, not people
    type_as(program())
    sys.exit(main())


def _speak_utf8(stream: io.TextIOWrapper) -> None:
    """Write UTF-8 into pipes and files: whoever reads them knows no code page of this machine.

    A terminal keeps what it understands; what it cannot show becomes "?" instead of a crash.
    """
    stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")


def _asked_language(arguments: list[str]) -> str:
    for position, argument in enumerate(arguments):
        asked = argument.removeprefix("--lang=")
        if argument == "--lang" and position + 1 < len(arguments):
            asked = arguments[position + 1]
        if asked in LANGUAGES and argument.startswith("--lang"):
            return asked
    return language_of_environment()


def _warn_of_code(session: Session, folder: str) -> None:
    """Say so when Python, before our first line, looked into *folder* and code lies there."""
    names = ", ".join(namesakes(folder))
    if not names:
        return
    message = _(
        "Python looked for code in this folder first; {names} may have run as a part of ngopi."
    ).format(names=names)
    hint = _("start it with: {program}").format(program=as_module())
    if stands_in_variable(folder):
        hint = _("take this folder out of the variable PYTHONPATH.")
    session.console.warning("code-in-folder", message, hint)


def _hint(error: click.ClickException) -> str:
    if isinstance(error, NoSuchCommandError | UnquotedNameError):
        return error.hint
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "ngopi"
    return _("see what it takes with: {command} --help").format(command=command)


def _sorry(session: Session, error: Exception) -> int:
    if session.verbosity:
        traceback.print_exception(error)
    message = _("ngopi has a bug: {kind}: {text}").format(kind=type(error).__name__, text=error)
    hint = _("run it again with -v and send the output to the developers; nothing was published.")
    session.console.failure("bug", message, hint, BUG)
    return BUG


if __name__ == "__main__":
    run()
