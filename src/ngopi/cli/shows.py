"""init and demo: a show to begin with."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ngopi.cli.session import Session, as_argument, current_time, program
from ngopi.cli.translated import Command, Name, option
from ngopi.console import is_terminal
from ngopi.i18n import N_, _, ngettext
from ngopi.letters import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ngopi.console import Json
    from ngopi.scaffold import Answers

_EXAMPLE = N_(
    'Example: ngopi init ngopi-bawaslu --title "Ngopi Bawaslu" '
    '--author "Bawaslu Kota Jakarta Barat"'
)


@click.command(
    cls=Command,
    help=N_("Make a new show in the folder DIR. In a terminal it asks for what was not said."),
    epilog=_EXAMPLE,
)
@click.argument("folder", metavar="DIR", type=Name(path_type=Path, file_okay=False))
@option("--title", help=N_("The show's name."))
@option("--author", help=N_("Who makes it."))
@option("--language", help=N_("Language code [default: id]."))
@option("--category", help=N_("One of Apple's categories [default: Government]."))
@option("--timezone", help=N_("Time zone of all dates [default: Asia/Jakarta]."))
@option("--public-url", help=N_("Web address of the store [default: http://127.0.0.1:8000]."))
@option("--store", help=N_("file:FOLDER or s3://BUCKET/PREFIX [default: file:public]."))
@option(
    "--store-preset",
    type=click.Choice(
        ("aws", "r2", "b2", "wasabi", "spaces", "biznet", "idcloudhost", "minio", "seaweedfs")
    ),
    help=N_("The S3 provider: sets its address and its habits."),
)
@option("--email", help=N_("Shown in the feed to everybody; better left out."))
@click.pass_obj
def init(session: Session, /, folder: Path, **said: str | None) -> None:
    """Make a new show."""
    from ngopi.config import FILE_NAME
    from ngopi.errors import FolderNotEmptyError
    from ngopi.scaffold import make_show, require_answers, still_to_write

    preset = said.pop("store_preset")
    if preset is not None and not (said["store"] or "").startswith("s3:"):
        raise click.UsageError(_("--store-preset goes with --store s3://BUCKET/PREFIX"))
    if (folder / FILE_NAME).exists():  # before any question is asked
        raise FolderNotEmptyError(path=folder / FILE_NAME, folder=folder)
    require_answers(said)
    answers = _answers(said, preset)
    config = make_show(folder, answers)
    document: Json = {
        "folder": str(folder),
        "feed_url": config.show.feed_url,
        "store": config.store.url,
    }
    keys = still_to_write(config)
    write = _("First write into {path}, below [store]: {keys}")
    session.console.result(
        document,
        _("Made the show {title} in {folder}").format(title=answers.title, folder=folder),
        *([write.format(path=folder / FILE_NAME, keys=", ".join(keys))] if keys else []),
        _("Next: {program} --show {folder} ingest RECORDING").format(
            program=program(), folder=as_argument(folder)
        ),
    )


def _answers(said: Mapping[str, str | None], preset: str | None) -> Answers:
    """Ask for what was not said, where somebody is there to answer."""
    from ngopi.scaffold import ONLY_HERE, Answers

    address = _("Under which web address will the public find it (Enter: only here, to try)")
    return Answers(
        title=_ask(said, "title", _("What is the show called")),
        author=_ask(said, "author", _("Who makes it")),
        language=_ask(said, "language", _("Language code"), "id"),
        category=_ask(said, "category", _("Category"), "Government"),
        timezone=_ask(said, "timezone", _("Time zone"), "Asia/Jakarta"),
        public_url=_ask(said, "public_url", address, ONLY_HERE),
        store=said["store"] or "file:public",
        preset=preset,
        email=said["email"],
    )


def _ask(
    said: Mapping[str, str | None], name: str, question: str, default: str | None = None
) -> str:
    from ngopi.categories import CATEGORIES
    from ngopi.errors import OptionMissingError

    answer = said[name]
    if answer is not None:
        return answer.strip()
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        if default is None:
            option = f"--{name}"
            raise OptionMissingError(option=option, example=_EXAMPLE.removeprefix("Example: "))
        return default
    if name == "category":
        click.echo(", ".join(CATEGORIES), err=True)
    return str(
        click.prompt(question, default=default, err=True, value_proc=partial(_checked, name))
    )


def _checked(name: str, answer: str) -> str:
    """Return an answer that can be; what click does with another is to say why, and ask again."""
    from ngopi.categories import CATEGORIES
    from ngopi.scaffold import answer_fault

    told = answer.strip()
    if name == "category":
        told = next((known for known in CATEGORIES if known.casefold() == told.casefold()), told)
    fault = answer_fault(name, told)
    if fault is not None:
        raise click.UsageError(one_line(fault))
    return told


@click.command(
    cls=Command,
    help=N_(
        "Try everything at once: make a show in DIR, ingest the recording that comes with "
        "ngopi, publish it to a folder and check the feed."
    ),
    epilog=N_("Example: ngopi demo"),
)
@click.argument(
    "folder",
    metavar="[DIR]",
    default="ngopi-demo",
    type=Name(path_type=Path, file_okay=False),
)
@click.pass_obj
def demo(session: Session, folder: Path) -> int:
    """Walk the whole way once."""
    from ngopi.cli.results import entry_document, entry_line, finding_line
    from ngopi.demo import run_demo

    made = run_demo(folder, now=current_time(), progress=session.console)
    config, errors = made.config, sum(f.severity == "E" for f in made.findings)
    rows = (
        (_("show"), folder / "ngopi.toml"),
        (_("episode"), made.entry.folder / "episode.md"),
        (_("audio"), config.root / "public" / "audio"),
        (_("feed"), config.feed),
    )
    session.console.result(
        {
            "folder": str(folder),
            "episode": entry_document(config, made.entry, made.standing),
            "feed": str(config.feed),
            "feed_url": config.show.feed_url,
            "errors": errors,
        },
        entry_line(_("Published"), config, made.entry, config.show.feed_url),
        *(finding_line(finding) for finding in made.findings if finding.severity == "E"),
        ngettext(
            "The feed was checked: {count} error", "The feed was checked: {count} errors", errors
        ).format(count=errors),
        *(f"  {name:<10}{path}" for name, path in rows),
        _("Listen: {program} --show {folder} serve").format(
            program=program(), folder=as_argument(folder)
        ),
        _("Your own: {program} --show {folder} ingest RECORDING").format(
            program=program(), folder=as_argument(folder)
        ),
    )
    return 1 if errors else 0
