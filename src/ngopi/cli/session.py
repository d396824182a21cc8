"""What the global options said, for the command that runs."""

from __future__ import annotations

import getpass
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ngopi.console import Console

if TYPE_CHECKING:
    from ngopi.config import Config
    from ngopi.model import Ledger


@dataclass(slots=True, kw_only=True)
class Session:
    """One run of ngopi; *show* None: the nearest folder upwards that is one."""

    show: Path | None = None
    as_json: bool = False
    verbosity: int = 0

    @property
    def console(self) -> Console:
        """Where results and notes go."""
        return Console(as_json=self.as_json)

    def config(self) -> Config:
        """Read the show's ngopi.toml."""
        from ngopi.config import find_show, load_config

        root = self.show.absolute() if self.show is not None else find_show(Path.cwd())
        return load_config(root)


def program() -> str:
    """Return what a person has to type to start this ngopi again."""
    if shutil.which("ngopi") is not None:
        return "ngopi"
    started = Path(sys.argv[0])
    return str(started) if started.stem == "ngopi" else "python -m ngopi"


def who() -> str:
    """Return who publishes: NGOPI_WHO, or the name that this machine knows its user by."""
    said = os.environ.get("NGOPI_WHO", "").strip()
    if said:
        return said
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container without users
        user = "ngopi"
    return f"{user}@{platform.node() or 'localhost'}"


def confirm(question: str, *, example: str) -> None:
    """Ask a person on a terminal; *example* is the command that does not ask.

    Raises:
        OptionMissingError: nobody is there to answer.
        Abort: the answer is no.
    """
    from ngopi.errors import OptionMissingError

    if not sys.stdin.isatty():
        raise OptionMissingError(option="--yes", example=example)
    click.confirm(question, abort=True, err=True)


def current_time() -> datetime:
    """Return this moment; everything below the command line gets it as a value."""
    return datetime.now(UTC)


def last_ledger(config: Config) -> Ledger | None:
    """Return the ledger of a folder store, or the last one that was seen of another store."""
    from ngopi.ledger import LEDGER_KEY, ledger_of
    from ngopi.store import open_store

    if config.store.url.startswith("file:"):
        store = open_store(config.store, root=config.root)
        return ledger_of(store.read(LEDGER_KEY))
    return seen_ledger(config)


def seen_ledger(config: Config) -> Ledger | None:
    """Return the ledger of the last publish that this folder saw through to its end."""
    from ngopi.ledger import seen_ledger as seen

    return seen(config.scratch)
