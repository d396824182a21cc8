"""doctor and gc: is everything in its place, and what lies around?"""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from ngopi.cli.session import Session, confirm, current_time, who
from ngopi.cli.translated import Command, option
from ngopi.console import Json, megabytes, moment
from ngopi.i18n import N_, _, ngettext

if TYPE_CHECKING:
    from ngopi.doctor import Diagnosis
    from ngopi.gc import Garbage
    from ngopi.model import StoreSettings

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
    line = f"{severity:<10} {subject:<10} {diagnosis.message}"
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


@click.command(
    cls=Command,
    help=N_("List what lies in the store, older than 30 days, and belongs to no state."),
    epilog=N_("Example: ngopi gc --delete"),
)
@option("--delete", is_flag=True, help=N_("Delete it, after asking."))
@option("--yes", is_flag=True, help=N_("Do not ask before deleting."))
@click.pass_obj
def gc(session: Session, *, delete: bool, yes: bool) -> None:
    """List or delete what nothing references."""
    from ngopi import gc as room
    from ngopi.atomic import lock
    from ngopi.catalogue import read_catalogue
    from ngopi.store import open_store

    config, console = session.config(), session.console
    store = open_store(config.store, root=config.root)
    with lock(config.root / ".ngopi.lock") if delete else nullcontext():
        entries = read_catalogue(config.episodes, zone=config.zone)
        found = room.find_garbage(config, entries, store, now=current_time())
        deleted: tuple[str, ...] = ()
        if delete and found.objects:
            if not yes:
                confirm(_question(found), example="ngopi gc --delete --yes")
            with console.step(N_("Deleting"), len(found.objects)) as advance:
                deleted = room.delete_garbage(store, found, advance=advance)
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
        "deleted": list(deleted),
    }
    lines = [
        f"{moment(head.modified, config.zone)}  {megabytes(head.size_bytes)}  {head.key}"
        for head in found.objects
    ]
    console.result(document, *lines, _summary(found, len(deleted)))


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
