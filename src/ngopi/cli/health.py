"""doctor and gc: is everything in its place, and what lies around?"""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

import click

from ngopi.cli.session import Session, confirm, current_time, who
from ngopi.cli.translated import Command, option
from ngopi.console import Json, megabytes, moment
from ngopi.i18n import N_, _, ngettext

if TYPE_CHECKING:
    from ngopi.config import Config
    from ngopi.console import Console
    from ngopi.doctor import Diagnosis
    from ngopi.gc import Garbage
    from ngopi.model import CatalogueEntry, StoreSettings
    from ngopi.store import RealStore

# What a diagnosis is about, for people; programs read the English words.
_SUBJECTS = {
    "versions": N_("versions"), "clock": N_("clock"), "catalogue": N_("catalogue"),
    "media": N_("media"), "store": N_("store"), "ledger": N_("ledger"),
    "history": N_("history"), "releases": N_("releases"), "objects": N_("objects"),
    "feed": N_("feed"), "local": N_("local"), "public": N_("public"),
    "privacy": N_("privacy"), "garbage": N_("garbage"),
}  # fmt: skip
_SEVERITIES = {"ok": N_("ok"), "warning": N_("warning"), "error": N_("error")}


@click.command(
    cls=Command,
    help=N_(
        "Examine this folder, the store and what the public gets of it. Ends with 1 if something "
        "is broken."
    ),
    epilog=N_("Example: ngopi doctor --fix"),
)
@option(
    "--read-data", is_flag=True, help=N_("Also read all public files from the store and hash them.")
)
@option("--fix", is_flag=True, help=N_("Mend what can be mended without losing anything."))
@option(
    "--policies",
    is_flag=True,
    help=N_("Also print the policies and CORS rules to paste at an S3 provider."),
)
@click.pass_obj
def doctor(session: Session, *, read_data: bool, fix: bool, policies: bool) -> int:
    """Examine everything."""
    from ngopi import doctor as room
    from ngopi.atomic import lock
    from ngopi.store import open_store
    from ngopi.store.presets import settings_instead

    config, console = session.config(), session.console
    store = open_store(config.store, root=config.root)
    # Only who mends changes something that others read.
    by = who(session, config) if fix else config.show.author
    with lock(config.root / ".ngopi.lock") if fix else nullcontext():
        asked = {"by": by, "now": current_time(), "progress": console, "read_data": read_data}
        mended: tuple[Diagnosis, ...] = ()
        if fix:
            mended, found = room.mend(config, store, **asked)  # type: ignore[arg-type]  # by name
        else:
            found = room.examine(config, store, **asked)  # type: ignore[arg-type]  # by name
    errors = sum(diagnosis.severity == "error" for diagnosis in found)
    warnings = sum(diagnosis.severity == "warning" for diagnosis in found)
    lines = [_("Mended: {message}").format(message=diagnosis.message) for diagnosis in mended]
    lines += [*map(_line, found), _verdict(errors, warnings)]
    document: dict[str, Json] = {
        "findings": [_document(diagnosis) for diagnosis in found],
        "mended": [_document(diagnosis) for diagnosis in mended],
        "errors": errors,
    }
    if policies:
        texts = _policies(config.store)
        document["policies"] = {name: text and json.loads(text) for name, text in texts.items()}
        lines += _policy_lines(texts, settings_instead(config.store))
    console.result(document, *lines)
    return 1 if errors else 0


def _document(diagnosis: Diagnosis) -> dict[str, Json]:
    return {
        "subject": diagnosis.subject,
        "severity": diagnosis.severity,
        "message": diagnosis.message,
        "hint": diagnosis.hint,
    }


def _line(diagnosis: Diagnosis) -> str:
    severity = _(_SEVERITIES[diagnosis.severity])
    subject = _(_SUBJECTS[diagnosis.subject])
    line = f"{severity:<10} {subject:<11} {diagnosis.message}"
    return f"{line} " + _("Try: {hint}").format(hint=diagnosis.hint) if diagnosis.hint else line


def _verdict(errors: int, warnings: int) -> str:
    wrong = ngettext("{count} error", "{count} errors", errors).format(count=errors)
    odd = ngettext("{count} warning", "{count} warnings", warnings).format(count=warnings)
    return f"{wrong}, {odd}"


def _policies(settings: StoreSettings) -> dict[str, str | None]:
    """Return what the show needs at an S3 provider; nothing for a folder.

    None: this provider takes no such policy.
    """
    from ngopi.store.presets import bucket_policy, cors_rules, iam_policy, settings_instead

    if not settings.url.startswith("s3:"):
        return {}
    if settings_instead(settings):
        return {"bucket": None, "cors": cors_rules(settings), "iam": None}
    return {
        "bucket": bucket_policy(settings),
        "cors": cors_rules(settings),
        "iam": iam_policy(settings),
    }


def _policy_lines(texts: dict[str, str | None], instead: tuple[str, ...]) -> list[str]:
    if not texts:
        return [_("This show's store is a folder: it needs no policies.")]
    heads = {
        "bucket": _("The bucket's policy, by which anybody can listen:"),
        "cors": _("The bucket's CORS rules, by which players on web pages can:"),
        "iam": _("The policy of the access key that publishes:"),
    }
    lines = ["", *instead] if instead else []
    for name, text in texts.items():
        if text is not None:
            lines += ["", heads[name], *text.splitlines()]
    return lines


class Age(click.ParamType[timedelta]):
    """A stretch of time, as in 30d, 12h, 15m or 90s."""

    name = "age"
    _units: ClassVar = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the age that was typed."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"([0-9]{1,6})([dhms])", str(value), re.ASCII)
        if found is None:
            self.fail(_("{value} is no age, as in 30d or 12h.").format(value=value), param, ctx)
        return timedelta(**{self._units[found[2]]: int(found[1])})


@click.command(
    cls=Command,
    help=N_("List what has lain in the store for 30 days and belongs to no state."),
    epilog=N_("Example: ngopi gc --delete"),
)
@option("--delete", is_flag=True, help=N_("Delete it, after asking."))
@option("--yes", is_flag=True, help=N_("Do not ask before deleting."))
@option(
    "--older-than",
    type=Age(),
    metavar="AGE",
    default="30d",
    help=N_("How long it has lain there, as in 30d, 12h, 15m or 90s [default: 30d]."),
)
@option("--alone", is_flag=True, help=N_("Nobody else publishes now: delete without swaps too."))
@click.pass_obj
def gc(session: Session, *, delete: bool, yes: bool, older_than: timedelta, alone: bool) -> None:
    """List or delete what nothing references."""
    from ngopi import gc as room
    from ngopi.atomic import lock
    from ngopi.catalogue import read_catalogue
    from ngopi.seen import require_not_gone
    from ngopi.store import open_store

    config, console = session.config(), session.console
    store = open_store(config.store, root=config.root)
    require_not_gone(config)
    by = who(session, config) if delete else config.show.author
    with lock(config.root / ".ngopi.lock") if delete else nullcontext():
        entries = read_catalogue(config.episodes, zone=config.zone)
        now = current_time()
        found = room.find_garbage(config, entries, store, now=now, older_than=older_than)
        deleted: tuple[str, ...] = ()
        if delete and found.objects:
            deleted = _delete(
                config, console, store, entries, found,
                by=by, now=now, older_than=older_than, yes=yes, alone=alone,
            )  # fmt: skip
    if not found.sure:
        console.note(
            _("A past state cannot be read, so whatever it may need is kept; see: ngopi doctor")
        )
    document: Json = {
        "objects": [
            {
                "key": head.key,
                "size_bytes": head.size_bytes,
                "modified": head.modified.isoformat() if head.modified else None,
            }
            for head in found.objects
        ],
        "size_bytes": found.size_bytes,
        "sure": found.sure,
        "foreign": list(found.foreign),
        "deleted": list(deleted),
    }
    lines = [
        f"{moment(head.modified, config.zone)}  {megabytes(head.size_bytes)}  {head.key}"
        for head in found.objects
    ]
    console.result(document, *lines, _summary(found, len(deleted)))


def _delete(  # noqa: PLR0913 - what, where, and what was said: each is a value of its own
    config: Config,
    console: Console,
    store: RealStore,
    entries: tuple[CatalogueEntry, ...],
    found: Garbage,
    *,
    by: str,
    now: datetime,
    older_than: timedelta,
    yes: bool,
    alone: bool,
) -> tuple[str, ...]:
    """Delete what was found, as far as a person said yes to it; return the keys."""
    from ngopi import gc as room
    from ngopi.deletion import Command as Deletion
    from ngopi.deletion import require_swaps
    from ngopi.publish import keep_feed

    confirmed = {head.key for head in found.objects}
    if not yes:
        confirm(_question(found), example="ngopi gc --delete --yes")
    elif len(found.foreign) > room.HANDFUL:
        # Whoever may only write to the store must not delete by the hand of a nightly run.
        confirmed -= set(found.foreign)
        text = _(
            "{count} files that somebody else called deleted still lie there; look at them, and "
            "delete them, without --yes: ngopi gc --delete"
        )
        console.note(text.format(count=len(found.foreign)))
    if not confirmed:
        return ()
    require_swaps(store, alone=alone)
    with console.step(N_("Deleting"), len(confirmed)) as advance:
        deleted = room.collect(
            config, entries, store, Deletion(what="gc", by=by, now=now),
            confirmed=confirmed, older_than=older_than, advance=advance,
        )  # fmt: skip
    keep_feed(config, store)
    return deleted


def _question(found: Garbage) -> str:
    count = len(found.objects)
    text = ngettext(
        "Delete {count} object ({size}) for good?",
        "Delete {count} objects ({size}) for good?",
        count,
    )
    return text.format(count=count, size=megabytes(found.size_bytes))


def _summary(found: Garbage, deleted: int) -> str:
    count = len(found.objects)
    if not count:
        return _("Nothing to do: nothing old lies in the store without need.")
    if deleted:
        text = ngettext("{count} object deleted: {size}", "{count} objects deleted: {size}", count)
    else:
        text = ngettext(
            "{count} object ({size}) belongs to no state; to delete it: ngopi gc --delete",
            "{count} objects ({size}) belong to no state; to delete them: ngopi gc --delete",
            count,
        )
    return text.format(count=count, size=megabytes(found.size_bytes))
