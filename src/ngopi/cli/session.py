"""What the global options said, for the command that runs."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ngopi.console import Console, is_terminal
from ngopi.i18n import _
from ngopi.letters import one_line
from ngopi.numbering import SameNumber

if TYPE_CHECKING:
    from ngopi.catalogue import Catalogue
    from ngopi.config import Config
    from ngopi.model import Ledger
    from ngopi.recall import Recall
    from ngopi.store import Store


_NAME_LENGTH = 100


@dataclass(slots=True, kw_only=True)
class Session:
    """One run of ngopi; *show* None: the nearest folder upwards that is one.

    *by* is who publishes, where that was said; *typed* is the command line, without ``ngopi``.
    *broken* are the mistakes in the files of episodes that the command went on without;
    *about_one*: it was about another one. *same_numbers*: those that a publish told.
    """

    show: Path | None = None
    by: str | None = None
    as_json: bool = False
    verbosity: int = 0
    broken: tuple[str, ...] = ()
    about_one: bool = False
    same_numbers: tuple[SameNumber, ...] = ()
    typed: tuple[str, ...] = ()

    @property
    def console(self) -> Console:
        """Where results and notes go."""
        return Console(as_json=self.as_json)

    def config(self) -> Config:
        """Read the show's ngopi.toml."""
        from ngopi.config import find_show, load_config

        root = self.show.absolute() if self.show is not None else find_show(Path.cwd())
        return load_config(root)


def catalogue_of(session: Session, config: Config, recall: Recall | None = None) -> Catalogue:
    """Return the show's episodes; those that cannot be read are told when the command is done."""
    from ngopi.catalogue import survey

    found = survey(config.episodes, zone=config.zone, recall=recall)
    session.broken = found.problems
    return found


def program() -> str:
    """Return what a person has to type to start this ngopi again."""
    if shutil.which("ngopi") is not None:
        return "ngopi"
    started = Path(sys.argv[0])
    return str(started) if started.stem == "ngopi" else as_module()


def as_argument(path: Path) -> str:
    """Return a name as it has to be typed: in quotation marks where blanks would part it."""
    text = str(path)
    return text if re.fullmatch(r"[\w./\\:~+@-]+", text) else f'"{text}"'


def as_module() -> str:
    """Return how to start ngopi by Python's name: without a look into the current folder (-P)."""
    launched = sys.platform == "win32" and shutil.which("py") is not None
    return f"{'py' if launched else sys.orig_argv[0]} -P -m ngopi"


def known_name(session: Session, config: Config) -> str | None:
    """Return who publishes from this folder, as said now or remembered; None: nobody knows."""
    from ngopi.ledger import remembered_name

    return session.by or remembered_name(config.scratch)


def who(session: Session, config: Config) -> str:
    """Return who publishes, for the history that everybody can read; a person is asked once.

    Where nobody can be asked it is the show's author: a name that is public anyway, which the
    name of a login or a computer is not.
    """
    from ngopi.ledger import remember_name

    name = known_name(session, config)
    if name is None and is_terminal(sys.stdin):
        question = _("Your name, as colleagues and the public shall read it in the history")
        name = click.prompt(question, value_proc=public_name, err=True)
    elif name is None:
        return config.show.author
    remember_name(config.scratch, name)
    return name


def public_name(said: str) -> str:
    """Return a person's name without blanks around it.

    Raises:
        BadParameter: nobody could be called that.
    """
    name = " ".join(said.split())
    if not any(letter.isalnum() for letter in name) or len(name) > _NAME_LENGTH:
        raise click.BadParameter(_('a name has letters and up to 100 characters, as in "Rani".'))
    if not name.isprintable():
        raise click.BadParameter(_("a name has no invisible characters."))
    return name


def confirm(question: str, *, example: str) -> None:
    """Ask a person on a terminal; *example* is the command that does not ask.

    Raises:
        OptionMissingError: nobody is there to answer.
        Abort: the answer is no.
    """
    from ngopi.errors import OptionMissingError

    if not is_terminal(sys.stdin):
        raise OptionMissingError(option="--yes", example=example)
    click.confirm(one_line(question), abort=True, err=True)


def current_time() -> datetime:
    """Return this moment; everything below the command line gets it as a value."""
    return datetime.now(UTC)


def sight(config: Config, console: Console, store: Store) -> Ledger | None:
    """Return what is public now; where the store does not answer, what it was, and say so."""
    from ngopi.console import moment
    from ngopi.standing import look_at

    seen = look_at(config, store)
    if not seen.fresh:
        console.note(_("The store cannot be read now, so this may be out of date."))
        text = _("Nothing public was seen from this folder so far.")
        if seen.ledger is not None:
            text = _("It is what was public in state {seq}, of {date}, the last seen from here.")
            date = moment(seen.ledger.at, config.zone)
            text = text.format(seq=seen.ledger.seq, date=date)
        console.note(text)
    return seen.ledger


def seen_ledger(config: Config) -> Ledger | None:
    """Return the ledger of the last publish that this folder saw through to its end."""
    from ngopi.ledger import seen_ledger as seen

    return seen(config.scratch)
