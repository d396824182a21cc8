"""What lies on this machine: programs, the catalogue, the audio, the copies of what is public."""

from __future__ import annotations

import platform
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from ngopi.catalogue import survey
from ngopi.doctor.diagnosis import FIX, Diagnosis, healthy, of_error
from ngopi.errors import CatalogueInvalidError, JingleMissingError, NgopiError
from ngopi.i18n import N_, _, ngettext
from ngopi.ledger import read_bases, seen_ledger
from ngopi.merging import judge
from ngopi.plan import make_plan, make_wish
from ngopi.publish import keep_feed
from ngopi.recall import Recall
from ngopi.released import addresses_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ngopi.catalogue import Catalogue
    from ngopi.config import Config
    from ngopi.model import CatalogueEntry, Ledger, ObjectHead
    from ngopi.store import Store

_LIBRARIES = ("av", "boto3", "feedgen", "lameenc", "lxml", "mutagen", "numpy", "pydub")


def tell_versions() -> Diagnosis:
    """Say what runs here; a report of a fault needs it."""
    programs = {"ngopi": version("ngopi"), "Python": platform.python_version()}
    programs |= {name: version(name) for name in _LIBRARIES}
    return healthy("versions", ", ".join(f"{name} {number}" for name, number in programs.items()))


def check_catalogue(config: Config) -> tuple[Catalogue, tuple[Diagnosis, ...]]:
    """Return the episodes of the folder, also those that cannot be read, and what is wrong."""
    found = survey(config.episodes, zone=config.zone, recall=Recall(config.scratch))
    hint = CatalogueInvalidError(problems=found.problems).hint
    wrong = tuple(
        Diagnosis(subject="catalogue", severity="error", message=line.strip(), hint=hint)
        for line in found.problems
    )
    count = len(found.entries)
    text = ngettext("{count} episode can be read", "{count} episodes can be read", count)
    return found, (*wrong, healthy("catalogue", text.format(count=count)))


def check_jingles(config: Config) -> Iterator[Diagnosis]:
    """Say which intro or outro is not where ngopi.toml says."""
    for key, name in (("intro", config.audio.intro), ("outro", config.audio.outro)):
        if name is not None and not (config.root / name).is_file():
            missing = JingleMissingError(key=key, name=name, path=config.root / name)
            yield of_error("catalogue", missing)


# By the names of Plan's fields.
_PLANNED = {
    "add": (N_('"{slug}" is due and not public yet.'), "ngopi publish"),
    "change": (N_('"{slug}" was changed here and is public as before.'), "ngopi publish"),
    "behind": (N_('"{slug}" was changed by a colleague since.'), "ngopi pull"),
    "reverted": (
        N_('A rollback took this folder\'s "{slug}" back.'),
        N_("ngopi pull, or: ngopi publish --take ours"),
    ),
    "unknown": (N_('"{slug}" is public and not in this folder.'), "ngopi pull"),
    "clashes": (
        N_('"{slug}" was changed here and by a colleague.'),
        N_(
            "see what differs with ngopi pull, then choose: ngopi publish --take ours, "
            "or ngopi pull --take theirs"
        ),
    ),
    "waiting": (
        N_('"{slug}" waits for an editor.'),
        N_(
            "let somebody else than its writer read and hear it, then run: "
            "ngopi approve {slug} --as NAME"
        ),
    ),
    "silent": (
        N_('"{slug}" has a date but no audio.'),
        "ngopi ingest RECORDING --episode {slug}",
    ),
}


def compare_with_public(
    config: Config,
    catalogue: Catalogue,
    store: Store,
    ledger: Ledger | None,
    *,
    now: datetime,
) -> Iterator[Diagnosis]:
    """Say in what the folder and the public state differ, but for what cannot be read here."""
    entries = catalogue.entries
    bases = read_bases(config.scratch)
    try:
        wish = make_wish(
            config, entries, ledger, now=now,
            addresses=lambda: addresses_of(config, store, ledger),
        )  # fmt: skip
        plan = make_plan(entries, wish, ledger, bases=bases, now=now)
        judged = judge(config, store, plan, wish, ledger, bases=bases, take=None)
    except NgopiError as error:
        yield of_error("catalogue", error)
        return
    plan = judged.plan
    unknown = tuple(slug for slug in plan.unknown if slug not in catalogue.unreadable)
    plan = replace(plan, unknown=unknown)
    for slug in judged.episodes:
        yield Diagnosis(
            subject="catalogue",
            severity="warning",
            message=_('"{slug}" was changed here and by a colleague, in different places.').format(
                slug=slug
            ),
            hint=_("to have both here, run: ngopi pull"),
        )
    for name, (message, hint) in _PLANNED.items():
        for slug in getattr(plan, name):
            if name == "behind" and slug in plan.reverted:
                continue
            yield Diagnosis(
                subject="catalogue",
                severity="warning",
                message=_(message).format(slug=slug),
                hint=_(hint).format(slug=slug),
            )
    verdict = "merge" if judged.show is not None else plan.show
    if wish.show_waits and verdict in {"add", "change"}:
        verdict = "waiting"
    yield from _compare_show(verdict)


def _compare_show(verdict: str) -> Iterator[Diagnosis]:
    said = {
        "change": (
            _("The show's own data was changed in ngopi.toml and is public as before."),
            "ngopi publish",
        ),
        "behind": (
            _("The public show's data is not this folder's: a colleague or a rollback changed it."),
            _("copy the colleague's ngopi.toml and cover into this folder"),
        ),
        "clashes": (
            _("The show's own data was changed in ngopi.toml and by a colleague."),
            _("ngopi publish --take ours, or: ngopi publish --take theirs"),
        ),
        "waiting": (
            _("The show's own data (title, description, cover …) waits for an editor."),
            _("let somebody read ngopi.toml, then run: ngopi approve ngopi.toml --as NAME"),
        ),
        "merge": (
            _("The show's own data was changed in ngopi.toml and by a colleague, in other places."),
            _("to have both, run: ngopi publish"),
        ),
    }.get(verdict)
    if said is not None:
        yield Diagnosis(subject="catalogue", severity="warning", message=said[0], hint=said[1])


def check_media(
    config: Config,
    entries: tuple[CatalogueEntry, ...],
    stock: dict[str, ObjectHead],
    ledger: Ledger | None,
) -> Iterator[Diagnosis]:
    """Say of which episodes the audio is neither in media/ nor in the store.

    Of a retracted one it may be deleted on purpose.
    """
    retracted = {entry.guid for entry in ledger.retracted} if ledger else set()
    made = [
        (entry.episode.slug, entry.audio)
        for entry in entries
        if entry.audio is not None and entry.episode.guid not in retracted
    ]
    lost = False
    for slug, audio in made:
        head = stock.get(f"audio/{slug}-{audio.sha256[:12]}.mp3")
        path = config.media / f"{audio.sha256}.mp3"
        kept = path.is_file() and path.stat().st_size == audio.size_bytes
        if kept or (head is not None and head.size_bytes == audio.size_bytes):
            continue
        lost = True
        text = _('The audio of "{slug}" is neither in the store nor whole in {path}.')
        hint = _("put the file back, or make it again: ngopi ingest RECORDING --episode {slug}")
        yield Diagnosis(
            subject="media",
            severity="error",
            message=text.format(slug=slug, path=path),
            hint=hint.format(slug=slug),
        )
    if not lost:
        yield healthy("media", _("all audio is in media/ or in the store"))


def check_copies(
    config: Config, store: Store, ledger: Ledger, feed: bytes | None
) -> Iterator[Diagnosis]:
    """Say whether the folder's copies of feed and ledger are those of the store."""
    seen = seen_ledger(config.scratch)
    behind = []
    if feed is not None and not (config.feed.is_file() and config.feed.read_bytes() == feed):
        name = config.feed.relative_to(config.root).as_posix()
        behind.append(_("{name} is not the public feed.").format(name=name))
    if seen is None or seen.seq < ledger.seq:
        text = _("This folder has not seen the public state {seq} yet.")
        behind.append(text.format(seq=ledger.seq))
    for message in behind:
        yield Diagnosis(
            subject="local",
            severity="warning",
            message=message,
            hint=FIX,
            mend=lambda: keep_feed(config, store),
        )
    if not behind:
        yield healthy("local", _("the folder's copies are those of the store"))
