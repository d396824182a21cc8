"""The command ``ngopi`` and its global options."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from ngopi.cli import changes, episodes, health, inspect, master, preview, shows, work
from ngopi.cli.session import Session, public_name
from ngopi.cli.translated import Group, Name, Option, option
from ngopi.console import show_log
from ngopi.i18n import LANGUAGES, N_, set_language


@click.group(
    cls=Group,
    invoke_without_command=True,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "NGOPI",
        "max_content_width": 100,
    },
    help=N_(
        "From a recording to a podcast: ngopi masters the sound, tags it, stores it and "
        "publishes the feed that podcast apps subscribe to."
    ),
    epilog=N_("Example: ngopi demo"),
)
@option(
    "--show",
    "show_folder",
    type=Name(path_type=Path),
    envvar="NGOPI_SHOW",
    metavar="DIR",
    help=N_("The show's folder; else the nearest one upwards with an ngopi.toml."),
)
@option(
    "--by",
    envvar=("NGOPI_BY", "NGOPI_WHO"),
    metavar="NAME",
    callback=lambda _context, _parameter, name: name and public_name(name),
    help=N_("Who publishes, for the public history; asked for once, then remembered."),
)
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON document for programs."))
@option(
    "--lang", type=click.Choice(LANGUAGES, case_sensitive=False), help=N_("Language: id or en.")
)
@option("-v", "--verbose", count=True, help=N_("Say more on stderr; twice: everything."))
@click.version_option(
    package_name="ngopi",
    message="%(prog)s %(version)s",
    cls=Option,
    help=N_("Show the version and exit."),
)
@click.pass_obj
def ngopi(
    session: Session,
    *,
    show_folder: Path | None,
    by: str | None,
    as_json: bool,
    lang: str | None,
    verbose: int,
) -> None:
    """Remember the global options."""
    if lang is not None:
        set_language(lang)
    session.show = show_folder
    session.by = by or None
    session.as_json |= as_json  # main() has seen a --json behind the command's name already
    session.verbosity = verbose
    context = click.get_current_context()
    if context.invoked_subcommand is None:  # who names no command wants to know what there is
        click.echo(context.get_help())
    show_log((logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)])


for command in (
    shows.init,
    work.ingest,
    work.publish,
    episodes.list_,
    episodes.show,
    master.master,
    inspect.measure,
    inspect.check,
    changes.pull,
    changes.replace,
    changes.retract,
    changes.restore,
    changes.rollback,
    changes.history,
    changes.schedule,
    changes.approve,
    health.doctor,
    health.gc,
    preview.serve,
    shows.demo,
):
    ngopi.add_command(command)
