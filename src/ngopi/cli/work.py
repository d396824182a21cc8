"""ingest and publish: the work itself."""

from __future__ import annotations

import dataclasses
import gc
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ngopi.cli.results import show_waiting, waiting
from ngopi.cli.session import Session, catalogue_of, current_time, known_name, seen_ledger, who
from ngopi.cli.sources import (
    SOURCE_OPTIONS,
    TOGETHER,
    chosen,
    files_of,
    settle_apart,
    source_options,
)
from ngopi.cli.translated import Command, Name, Whole, option, placeholder
from ngopi.i18n import N_, _, ngettext
from ngopi.model import Take
from ngopi.numbering import SameNumber, same_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ngopi.config import Config
    from ngopi.console import Console, Json
    from ngopi.ingest import Ingested, Request
    from ngopi.merging import Merge, ShowMerge
    from ngopi.model import CatalogueEntry
    from ngopi.plan import Plan
    from ngopi.publish import Published
    from ngopi.standing import Standing
    from ngopi.store import Store

# Colleagues may go on changing things while both versions are put together.
_ATTEMPTS = 3


@click.command(
    cls=Command,
    help=N_(
        "Make an episode of RECORDING: measure it, bring it to podcast loudness, encode and tag "
        "it, and publish it. Several are parts, joined in order."
    ),
    epilog=N_('Example: ngopi ingest rekaman.wav --title "Pengawasan partisipatif" --number 3'),
)
@click.argument(
    "recordings",
    metavar="[RECORDING]...",
    type=Name(path_type=Path),
    nargs=-1,
    required=False,
    callback=files_of,
)
@option(
    "--track",
    "tracks",
    multiple=True,
    type=Name(path_type=Path),
    callback=files_of,
    metavar="FILE",
    help=N_("One of several recordings of the same meeting, one a person; repeat it for each."),
)
@source_options
@option(
    TOGETHER, is_flag=True, help=N_("The tracks are of one moment, whatever speaks against it.")
)
@option("--title", help=N_("The episode's title; else the recording's own, or its file name."))
@option(
    "--episode",
    "slug",
    metavar="SLUG",
    help=N_("Its short name; of an episode that exists: replace its audio."),
)
@option("--season", type=Whole(), help=N_("Season, 1 or more; a year will do."))
@option("--number", type=Whole(), help=N_("Episode number, 1 or more."))
@option(
    "--published",
    metavar="now|DATETIME|draft",
    help=N_('When it is public [default: now], as in "2026-11-22 16:00".'),
)
@option(
    "--people",
    multiple=True,
    metavar="NAME[:ROLE]",
    help=N_("Who is heard: role host, guest, moderator, narator …; may be repeated."),
)
@option(
    "--notes",
    type=Name(path_type=Path),
    metavar="FILE",
    help=N_("A text file (Markdown) about the episode."),
)
@option(
    "--cover",
    type=Name(path_type=Path),
    metavar="FILE",
    help=N_("A square picture for this episode, 1400 to 3000 pixels."),
)
@option("--no-leveller", is_flag=True, help=N_("Leave the speakers at the levels they have."))
@option("--no-publish", is_flag=True, help=N_("Only make the episode; ngopi publish comes later."))
@click.pass_obj
def ingest(
    session: Session,
    /,
    recordings: tuple[Path, ...],
    *,
    tracks: tuple[Path, ...],
    no_publish: bool,
    no_leveller: bool,
    people: tuple[str, ...],
    **said: object,
) -> None:
    """Make an episode of a recording."""
    session.about_one = True
    from ngopi.atomic import lock
    from ngopi.cli.results import entry_document, entry_line
    from ngopi.errors import TracksApartError
    from ngopi.ingest import Request
    from ngopi.store import open_store

    config, console, now = session.config(), session.console, current_time()
    store = open_store(config.store, root=config.root)  # an address that cannot be is said at once
    if not recordings and not tracks:
        raise click.MissingParameter(
            param_hint=f"'{placeholder('RECORDING')}'", param_type="argument"
        )
    how = {name: said.pop(name) for name in SOURCE_OPTIONS}
    source = chosen(session, recordings, tracks=tracks, **how)  # type: ignore[arg-type]  # by option name
    request = Request(
        source=source,
        people=people,
        leveller=not no_leveller,
        **said,  # type: ignore[arg-type]  # by option name
    )
    # Asked before the work, which may take a while.
    by = None if no_publish else who(session, config)
    with lock(config.root / ".ngopi.lock"):
        try:
            made = _made(session, config, request, now, resume=not no_publish)
        except TracksApartError as error:
            request = replace(request, source=settle_apart(session, source, error))
            made = _made(session, config, request, now, resume=not no_publish)
        if made.title_from:
            text = _('No title was given: took "{title}" from {source}.')
            console.note(text.format(title=made.entry.episode.title, source=_(made.title_from)))
        for remark in made.remarks:
            console.note(remark)
        published = None if by is None else _publish_made(session, config, store, made, by=by)
        entry = catalogue_of(session, config).find(made.entry.episode.slug)
        standing = _standing(config, store, entry)
    public = standing.state == "published" and standing.differs is None
    document = entry_document(config, entry, standing)
    if not public:  # what is public under this name is another one, or nothing
        document |= {"state": "made", "url": None}
    document |= {"replaced": made.replaced, "feed_url": config.show.feed_url if public else None}
    document |= {"same_numbers": _numbers_document(made.same_numbers)}
    verb = _("Published") if public else _("Made")
    console.result(document, entry_line(verb, config, entry, standing.url if public else None))
    if not public:
        for sentence in _to_come(entry, standing, None if published is None else published.plan):
            console.note(sentence)


def _standing(config: Config, store: Store, entry: CatalogueEntry) -> Standing:
    """Return how the episode stands in what a publish of this folder saw last."""
    from ngopi.standing import standings

    ledger = seen_ledger(config)
    return standings(config, (entry,), store, ledger, now=current_time())[entry.episode.slug]


def _to_come(entry: CatalogueEntry, standing: Standing, plan: Plan | None) -> Iterator[str]:
    """Say what is to be done before the public gets what was made."""
    slug = entry.episode.slug
    if plan is not None and slug in plan.retracted:
        text = _('"{slug}" was retracted; to bring it back, run: ngopi restore {slug}')
        yield text.format(slug=slug)
    elif plan is not None and slug in plan.waiting:
        yield waiting(slug)
    elif plan is not None and slug in plan.deleted:
        yield left_out(slug)
    elif plan is not None and plan.show == "waiting" and standing.state == "ready":
        yield show_waiting()
    elif standing.state != "published":
        yield _next_step(slug, entry.episode.published is None)
    if standing.state == "published":
        yield _(
            'Until then "{slug}" stays public as it was; ngopi publish brings the new one.'
        ).format(slug=slug)


def _made(
    session: Session, config: Config, request: Request, now: datetime, *, resume: bool
) -> Ingested:
    """Make the episode; if an earlier run did, and was stopped in publishing it, go on there."""
    from ngopi.errors import RecordingKnownError
    from ngopi.ingest import Ingested, ingest
    from ngopi.ledger import state_of

    try:
        made = ingest(config, request, now=now, progress=session.console)
    except RecordingKnownError as error:
        entry = catalogue_of(session, config).find(str(error.values["slug"]))
        if not resume or state_of(entry, seen_ledger(config), now=now) != "ready":
            raise
        session.console.note(error.message)
        made = Ingested(entry=entry, replaced=False, title_from=None)
    session.broken = made.broken
    return made


def _publish_made(
    session: Session, config: Config, store: Store, made: Ingested, *, by: str
) -> Published:
    from ngopi.errors import NgopiError

    try:
        return bring_public(session, config, store, by=by)
    except (NgopiError, OSError, KeyboardInterrupt) as error:
        kept = _('The episode "{slug}" is made and kept; to make it public, run: ngopi publish')
        error.add_note(kept.format(slug=made.entry.episode.slug))
        raise


def _next_step(slug: str, draft: bool) -> str:  # noqa: FBT001 - two sentences, no behaviour
    if draft:
        text = _("It is a draft: write its date into episodes/{slug}/episode.md to publish it.")
        return text.format(slug=slug)
    return _("It is not public yet; ngopi publish makes it so once its date has come.")


def bring_public(
    session: Session,
    config: Config,
    store: Store,
    *,
    by: str,
    take: Take | None = None,
    announce: Callable[[Plan], None] | None = None,
) -> Published:
    """Publish the catalogue, verify it, keep the local copies; the show is locked meanwhile.

    What a colleague changed in other places than this folder is brought into it first.
    """
    from ngopi.config import load_config
    from ngopi.errors import ChangedApartError
    from ngopi.merging import write_merges
    from ngopi.publish import keep_local_copies
    from ngopi.verify import verify

    console, merged = session.console, list[str]()
    for attempt in range(_ATTEMPTS):
        try:
            done = _in_line(session, config, store, by=by, take=take, announce=announce)
            break
        except ChangedApartError:
            if attempt == _ATTEMPTS - 1:
                raise
            merges, show = _merges(session, config, store, take=take)
            write_merges(config, merges, show)
            merged += _say_merged(console, merges, show)
            config = load_config(config.root)
    if not verify(config, store, done):
        text = _("{url} still is an earlier feed, perhaps from a cache; look again: ngopi doctor")
        console.note(text.format(url=done.feed_url))
    keep_local_copies(config, store, done)
    for warning in store.warnings:
        console.note(warning)
    return dataclasses.replace(done, merged=tuple(merged))


def _in_line(
    session: Session,
    config: Config,
    store: Store,
    *,
    by: str,
    take: Take | None,
    announce: Callable[[Plan], None] | None,
) -> Published:
    from ngopi.publish import publish as bring_in_line
    from ngopi.recall import Recall
    from ngopi.retag import renew_tags
    from ngopi.seen import require_not_gone
    from ngopi.transaction import look
    from ngopi.whose import require_same_show

    recall, console = Recall(config.scratch), session.console
    found = catalogue_of(session, config, recall)
    entries = found.entries
    if announce is not None:
        _say_same_numbers(session, entries)
    require_not_gone(config)
    ledger = look(store).ledger
    require_same_show(config, store, ledger)  # before anything is written here
    renewed = renew_tags(
        config, entries, store, ledger,
        now=current_time(), take=take, progress=console, recall=recall,
    )  # fmt: skip
    for slug in renewed:
        text = _('The file of "{slug}" has new tags now: its words were changed since it was made.')
        console.note(text.format(slug=slug))
    if renewed:
        entries = catalogue_of(session, config, recall).entries
    # A large show's values live to the end; walking them again and again takes 0.4 s of 1.8.
    gc.freeze()
    done = bring_in_line(
        config, entries, store, by=by, now=current_time(), progress=console,
        take=take, announce=announce, recall=recall, unreadable=found.unreadable,
    )  # fmt: skip
    recall.save()  # not before: of what was refused, no episode is remembered
    return done


def _merges(
    session: Session, config: Config, store: Store, *, take: Take | None
) -> tuple[tuple[Merge, ...], ShowMerge | None]:
    from ngopi.merging import find_merges
    from ngopi.transaction import look

    ledger = look(store).ledger
    if ledger is None:  # somebody emptied the store meanwhile: the next look tells
        return (), None
    entries = catalogue_of(session, config).entries
    return find_merges(config, entries, store, ledger, now=current_time(), take=take)


def _say_merged(
    console: Console, merges: tuple[Merge, ...], show: ShowMerge | None
) -> Iterator[str]:
    """Tell a person what came from a colleague into this folder; yield the names for programs."""
    text = _('"{name}" was changed by {by} too, in other places; from there come: {fields}')
    things = [(merge.entry.episode.slug, merge.by, merge.changes) for merge in merges]
    if show is not None:
        things.append(("ngopi.toml", _("a colleague"), show.changes))
    for name, by, changes in things:
        console.note(text.format(name=name, by=by, fields=", ".join(sorted(changes.theirs))))
        yield name


@click.command(
    cls=Command,
    help=N_("Bring what is public in line with the episodes in this folder."),
    epilog=N_("Example: ngopi publish --dry-run"),
)
@option("--dry-run", is_flag=True, help=N_("Only show what would be done."))
@option(
    "--take",
    type=click.Choice(("ours", "theirs")),
    help=N_("Where this folder and a colleague changed the same: whose version to keep."),
)
@click.pass_obj
def publish(session: Session, *, dry_run: bool, take: Take | None) -> None:
    """Bring the public state in line with the catalogue."""
    from ngopi.atomic import lock
    from ngopi.store import open_store

    config, console = session.config(), session.console
    store = open_store(config.store, root=config.root)

    def announce(plan: Plan) -> None:
        for line in _plan_lines(plan):
            console.note(line)

    if dry_run:
        by = known_name(session, config) or config.show.author
        done = _rehearse(session, config, store, by=by, take=take)
    else:
        by = who(session, config)
        with lock(config.root / ".ngopi.lock"):
            done = bring_public(session, config, store, by=by, take=take, announce=announce)
    plan = done.plan
    for sentence in _left_alone(plan):
        console.note(sentence)
    document: dict[str, Json] = {
        "changed": done.changed,
        "dry_run": dry_run,
        "add": list(plan.add),
        "change": list(plan.change),
        "keep": list(plan.keep),
        "behind": list(plan.behind),
        "reverted": list(plan.reverted),
        "waiting": list(plan.waiting),
        "retracted": list(plan.retracted),
        "drafts": list(plan.drafts),
        "scheduled": list(plan.scheduled),
        "silent": list(plan.silent),
        "unknown": list(plan.unknown),
        "withdrawn": list(plan.withdrawn),
        "deleted": list(plan.deleted),
        "merged": list(done.merged),
        "same_numbers": _numbers_document(session.same_numbers),
        "show": plan.show,
        "seq": done.ledger.seq if done.ledger else None,
        "feed_url": done.feed_url,
    }
    shown = _plan_lines(plan) if dry_run else []  # else it was shown before it was applied
    console.result(document, *shown, _summary(done, dry_run=dry_run))


def _left_alone(plan: Plan) -> Iterator[str]:
    """Yield what a publish did not do, and how it can be done."""
    for slug in plan.silent:
        text = _('"{slug}" has a date but no audio: ngopi ingest RECORDING --episode {slug}')
        yield text.format(slug=slug)
    for slug in plan.behind:
        yield _behind(plan, slug).format(slug=slug)
    if plan.show == "behind":
        yield _(
            "The show's own data stays public as the colleague left it; to have it here too, copy "
            "their ngopi.toml and cover into this folder"
        )
    if plan.show == "waiting":
        yield show_waiting()
    yield from map(waiting, plan.waiting)
    for slug in plan.retracted:
        text = _('"{slug}" was retracted; to bring it back, run: ngopi restore {slug}')
        yield text.format(slug=slug)
    yield from map(left_out, plan.deleted)
    for slug in plan.withdrawn:
        yield _('"{slug}" is public and stays so, whatever its date.').format(slug=slug)


def _behind(plan: Plan, slug: str) -> str:
    if slug in plan.reverted:
        return _(
            'A rollback took this folder\'s "{slug}" back; to have the public one here, run: '
            "ngopi pull; to publish this folder's again: ngopi publish --take ours"
        )
    if slug in plan.yielded:
        return _(
            '"{slug}" stays public as the colleague left it; to have it here too, run: '
            "ngopi pull --take theirs"
        )
    return _('"{slug}" was changed by a colleague since; to have it here, run: ngopi pull')


def left_out(slug: str) -> str:
    """Return the sentence about an episode whose audio somebody deleted by name."""
    text = _(
        '"{slug}" is left out: its audio was deleted for good, by name; '
        "with other audio: ngopi ingest RECORDING --episode {slug}"
    )
    return text.format(slug=slug)


def _rehearse(
    session: Session, config: Config, store: Store, *, by: str, take: Take | None
) -> Published:
    from ngopi.errors import ChangedApartError
    from ngopi.merging import agreed_with, with_merges
    from ngopi.publish import publish as bring_in_line
    from ngopi.recall import Recall
    from ngopi.store.dry_run import RehearsalStore, nothing_to_fetch

    recall = Recall(config.scratch)
    found, console = catalogue_of(session, config, recall), session.console
    entries = found.entries
    _say_same_numbers(session, entries)
    merged: list[str] = []
    rehearsed = partial(
        bring_in_line,
        store=RehearsalStore(store),
        by=by,
        now=current_time(),
        progress=replace(console, as_json=True),  # nothing is sent: nothing is shown as if it were
        take=take,
        fetch=nothing_to_fetch,
        recall=recall,
        unreadable=found.unreadable,
    )
    try:
        done = rehearsed(config, entries)
    except ChangedApartError:
        merges, show = _merges(session, config, store, take=take)
        merged += _say_merged(console, merges, show)
        if show is not None:
            config = dataclasses.replace(
                config, show=show.merged.show, cover=show.cover or config.cover
            )
        done = rehearsed(config, with_merges(entries, merges), bases=agreed_with(merges, show))
    return dataclasses.replace(done, merged=tuple(merged))


def _say_same_numbers(session: Session, entries: tuple[CatalogueEntry, ...]) -> None:
    session.same_numbers = tuple(same_numbers(entry.episode for entry in entries))
    for each in session.same_numbers:
        session.console.note(each.sentence)


def _numbers_document(shared: tuple[SameNumber, ...]) -> list[Json]:
    return [
        {"season": each.season, "number": each.number, "slugs": list(each.slugs)} for each in shared
    ]


def _plan_lines(plan: Plan) -> list[str]:
    names = (
        (_("add"), plan.add),
        (_("change"), (*plan.change, *(["ngopi.toml"] if plan.show == "change" else []))),
        (_("scheduled"), plan.scheduled),
        (_("draft"), plan.drafts),
        (_("public, not in this folder"), plan.unknown),
    )
    return [f"  {name}: {', '.join(slugs)}" for name, slugs in names if slugs]


def _summary(done: Published, *, dry_run: bool) -> str:
    plan = done.plan
    if done.ledger is None:
        return _("Nothing was published, and nothing is public yet.")
    if not done.changed and (
        plan.behind or plan.waiting or plan.withdrawn or plan.show in {"behind", "waiting"}
    ):
        text = _("Nothing was published: what is public at {url} stays as it is.")
        return text.format(url=done.feed_url)
    if not done.changed:
        return _("Nothing to do: {url} is in line with this folder.").format(url=done.feed_url)
    count = len(done.ledger.entries)
    public = ngettext("{count} episode is public", "{count} episodes are public", count)
    text = _("This would be done: {public} · {url}") if dry_run else _("Done: {public} · {url}")
    return text.format(public=public.format(count=count), url=done.feed_url)
