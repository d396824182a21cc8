"""pull, replace, retract, restore, rollback, history, schedule, approve: working together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ngopi.cli.session import Session, catalogue_of, confirm, current_time, who
from ngopi.cli.sources import files_of, source_options
from ngopi.cli.translated import Command, Name, WholeFrom, option
from ngopi.console import Json, moment
from ngopi.i18n import N_, _, ngettext
from ngopi.model import Take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ngopi.config import Config
    from ngopi.model import CatalogueEntry, Ledger
    from ngopi.pull import Pulled
    from ngopi.revival import Folder
    from ngopi.rollback import RolledBack
    from ngopi.store import RealStore, Store


def _opened(session: Session) -> tuple[Config, RealStore]:
    from ngopi.store import open_store

    config = session.config()
    return config, open_store(config.store, root=config.root)


def _left_broken(config: Config, broken: tuple[str, ...], done: Pulled) -> tuple[str, ...]:
    """Return the mistakes that a pull has not mended."""
    from ngopi.catalogue import survey

    if not broken or not done.updated:
        return broken
    return survey(config.episodes, zone=config.zone).problems


def _keep_feed(config: Config, store: Store) -> None:
    from ngopi.publish import keep_feed

    keep_feed(config, store)


@click.command(
    cls=Command,
    help=N_("Bring here what colleagues published; what you changed here is not overwritten."),
    epilog=N_("Example: ngopi pull"),
)
@option(
    "--take",
    type=click.Choice(["theirs"]),
    help=N_("theirs: also where you changed the same episode here."),
)
@click.pass_obj
def pull(session: Session, *, take: Take | None) -> None:
    """Bring what is public into this folder."""
    from ngopi.atomic import lock
    from ngopi.pull import pull as bring

    config, store = _opened(session)
    with lock(config.root / ".ngopi.lock"):
        done = bring(config, catalogue_of(session, config), store, take=take)
        _keep_feed(config, store)
    lines = [
        *(_("New here: {slug}").format(slug=slug) for slug in done.added),
        *(_("Brought up to date: {slug}").format(slug=slug) for slug in done.updated),
        *(
            _('"{slug}" was changed here and by a colleague: both changes are here now').format(
                slug=slug
            )
            for slug in done.merged
        ),
    ]
    for slug, fields in done.differing.items():
        lines += [_('"{slug}" was changed here; left alone:').format(slug=slug), *fields]
    if done.show:
        text = _("The public show's data is not this folder's; ngopi.toml was left alone:")
        lines += [text, *done.show]
    if not lines and not done.refused and not done.unreadable:
        lines = [_("Nothing to do: this folder has all that is public.")]
    document: Json = {
        "added": list(done.added),
        "updated": list(done.updated),
        "merged": list(done.merged),
        "kept": list(done.kept),
        "differing": {slug: list(fields) for slug, fields in done.differing.items()},
        "show": list(done.show),
        "refused": list(done.refused),
        "unreadable": list(done.unreadable),
    }
    session.broken = _left_broken(config, session.broken, done)
    session.console.result(document, *lines)
    if done.show:
        text = _("To have the public data here too, write it into ngopi.toml; its cover: {url}")
        session.console.note(text.format(url=done.cover_url))
    for error in done.refused.values():
        raise error  # what could be pulled was


@click.command(
    cls=Command,
    help=N_("Give an episode new audio and publish it: the guid stays, the address changes."),
    epilog=N_("Example: ngopi replace 003-pengawasan rekaman-baru.wav"),
)
@click.argument("slug", metavar="SLUG")
@click.argument(
    "recordings",
    metavar="RECORDING...",
    type=Name(path_type=Path),
    nargs=-1,
    required=True,
    callback=files_of,
)
@source_options
@click.pass_context
def replace(ctx: click.Context, /, slug: str, recordings: tuple[Path, ...], **said: object) -> None:
    """Replace an episode's audio."""
    from ngopi.cli.work import ingest

    config = ctx.obj.config()
    catalogue_of(ctx.obj, config).find(slug)
    ctx.invoke(ingest, recordings=recordings, slug=slug, **said)
    if _is_public(ctx.obj, slug):
        ctx.obj.console.note(
            _(
                "Apps that have not fetched the episode yet get the new audio. "
                "Those that have keep the old file until the listener deletes and fetches it again."
            )
        )


def _is_public(session: Session, slug: str) -> bool:
    """Say whether the public has the episode as it lies in this folder."""
    from ngopi.cli.session import seen_ledger
    from ngopi.standing import standings

    config, store = _opened(session)
    entry, ledger = catalogue_of(session, config).find(slug), seen_ledger(config)
    standing = standings(config, (entry,), store, ledger, now=current_time())[slug]
    return standing.state == "published" and standing.differs is None


@click.command(
    cls=Command,
    help=N_("Take an episode out of the feed; its audio stays, and restore brings it back."),
    epilog=N_("Example: ngopi retract 003-pengawasan"),
)
@click.argument("slug", metavar="SLUG")
@option("--delete-audio", is_flag=True, help=N_("Also delete its audio from the store."))
@option("--yes", is_flag=True, help=N_("Do not ask before deleting."))
@option("--alone", is_flag=True, help=N_("Nobody else publishes now: delete without swaps too."))
@click.pass_obj
def retract(session: Session, slug: str, *, delete_audio: bool, yes: bool, alone: bool) -> None:
    """Retract an episode."""
    from ngopi import amend
    from ngopi.atomic import lock
    from ngopi.deletion import require_swaps
    from ngopi.ledger import forget_intent

    config, store = _opened(session)
    if delete_audio and not yes:
        question = _('Delete the audio of "{slug}" for good?').format(slug=slug)
        confirm(question, example=f"ngopi retract {slug} --delete-audio --yes")
    by, deleted = who(session, config), ""
    with lock(config.root / ".ngopi.lock"):
        if delete_audio:
            require_swaps(store, alone=alone)
        entry = amend.retract(config, store, slug, by=by, now=current_time())
        if delete_audio:
            deleted, *_older = amend.delete_audio(config, store, entry, by=by, now=current_time())
        _keep_feed(config, store)
    line = _('"{slug}" is out of the feed; ngopi restore {slug} brings it back.')
    if deleted:
        line = _('"{slug}" is out of the feed and its audio is deleted.')
    document: Json = {"slug": slug, "guid": entry.guid, "deleted": deleted or None}
    session.console.result(document, line.format(slug=slug))
    forget_intent(config.scratch)  # last: whoever was told that it is done may ask anew


@click.command(
    cls=Command,
    help=N_("Bring a retracted episode back into the feed, with its guid."),
    epilog=N_("Example: ngopi restore 003-pengawasan"),
)
@click.argument("slug", metavar="SLUG")
@option(
    "--deleted-audio",
    is_flag=True,
    help=N_("Bring back audio, too, that was deleted by name; this folder has to have it."),
)
@click.pass_obj
def restore(session: Session, slug: str, *, deleted_audio: bool) -> None:
    """Restore an episode."""
    session.about_one = True
    from ngopi import amend
    from ngopi.atomic import lock
    from ngopi.ledger import forget_intent

    config, store = _opened(session)
    folder = _folder(session, config)
    with lock(config.root / ".ngopi.lock"):
        entry = amend.restore(config, store, slug, folder, deleted_audio=deleted_audio)
        _keep_feed(config, store)
    _say_restored(session, config, slug, entry.guid)
    forget_intent(config.scratch)  # last: whoever was told that it is done may ask anew


def _say_restored(session: Session, config: Config, slug: str, guid: str) -> None:
    """Say what the public has of the episode, as it was read after the act."""
    from ngopi.cli.session import seen_ledger

    ledger = seen_ledger(config)
    public = ledger is not None and guid in {entry.guid for entry in ledger.entries}
    text = _('"{slug}" is back in the feed.')
    if not public:
        text = _('"{slug}" was back in the feed, but somebody has taken it out again since.')
    document: Json = {"slug": slug, "guid": guid, "state": "published" if public else "retracted"}
    session.console.result(document, text.format(slug=slug))


def _folder(session: Session, config: Config) -> Folder:
    from ngopi.revival import Folder

    return Folder(
        by=who(session, config),
        now=current_time(),
        progress=session.console,
        entries=catalogue_of(session, config).entries,
    )


@click.command(
    cls=Command,
    help=N_("Make an earlier state public again; without SEQ the one before the current."),
    epilog=N_("Example: ngopi rollback 12"),
)
@click.argument("seq", metavar="[SEQ]", type=WholeFrom(min=1), required=False)
@click.pass_obj
def rollback(session: Session, seq: int | None) -> None:
    """Roll back."""
    from ngopi.atomic import lock
    from ngopi.ledger import forget_intent
    from ngopi.rollback import rollback as go_back

    config, store = _opened(session)
    folder = _folder(session, config)

    def announce(start: Ledger, target: Ledger) -> None:
        text = _("Going back from state {start} to state {target} of {at} by {by}: {what}")
        at = moment(target.at, config.zone)
        said = {"start": start.seq, "target": target.seq, "by": target.by, "what": target.what}
        session.console.note(text.format(at=at, **said))

    with lock(config.root / ".ngopi.lock"):
        done = go_back(config, store, seq, folder, announce=announce)
        _keep_feed(config, store)
    for sentence in _not_rolled_back(done):
        session.console.note(sentence)
    count = len(done.after.entries)
    public = ngettext("{count} episode is public", "{count} episodes are public", count)
    text = _("State {old} was replaced by state {new}: {public}")
    old, new = done.before.seq, done.after.seq
    document: dict[str, Json] = {"from": old, "seq": new}
    if done.between:
        document["between"] = list(done.between)
    if done.left_out:
        document["left_out"] = list(done.left_out)
    line = text.format(old=old, new=new, public=public.format(count=count))
    if old == new:
        text = _("Nothing to do: that is what the current state {seq} says already; {public}")
        line = text.format(seq=new, public=public.format(count=count))
    session.console.result(document, line)
    forget_intent(config.scratch)  # last: who was told that it is done may want to go back again


def _not_rolled_back(done: RolledBack) -> Iterator[str]:
    """Yield what stays as others made it meanwhile, and what could not come back."""
    for slug in done.between:
        text = _('"{slug}" was changed by somebody else meanwhile: that stays, see ngopi history')
        yield text.format(slug=slug)
    for slug in done.left_out:
        text = _(
            '"{slug}" is left out: its audio is deleted; to bring it back: ngopi restore {slug}'
        )
        yield text.format(slug=slug)


@click.command(
    cls=Command,
    help=N_("Show who changed what is public, when, and what."),
    epilog=N_("Example: ngopi history --most 5"),
)
@option("--most", type=WholeFrom(min=1), default=20, help=N_("How many [default: 20]."))
@click.pass_obj
def history(session: Session, most: int) -> None:
    """Show the history."""
    from itertools import islice

    from ngopi import amend
    from ngopi.seen import require_not_gone

    config, store = _opened(session)
    require_not_gone(config)
    steps = list(islice(amend.history(store), most))
    rows, documents = [], []
    for step in steps:
        ledger, approved = step.ledger, {e.slug: e.approved_by for e in step.ledger.entries}
        names = [
            *(f"+{slug}" for slug in step.added),
            *(f"~{slug}" for slug in step.changed),
            *(["~ngopi.toml"] if step.show else []),
            *(f"-{slug}" for slug in step.removed),
        ]
        editors = sorted({approved.get(slug) or "" for slug in (*step.added, *step.changed)} - {""})
        who_did = f"{ledger.by} ({', '.join(editors)})" if editors else ledger.by
        rows.append(
            (
                str(ledger.seq),
                moment(ledger.at, config.zone),
                who_did,
                _what(ledger),
                " ".join(names),
            )
        )
        documents.append(
            {
                "seq": ledger.seq,
                "at": ledger.at.isoformat(),
                "by": ledger.by,
                "approved_by": editors,
                "what": ledger.what,
                "show_changed": step.show,
                "added": list(step.added),
                "changed": list(step.changed),
                "removed": list(step.removed),
            }
        )
    head = ("#", _("date"), _("who"), _("command"), _("episodes"))
    session.console.table(documents, head, rows)  # type: ignore[arg-type]  # JSON's list is invariant


def _what(ledger: Ledger) -> str:
    """Return the command that made a state, as people read it."""
    return _("rollback (to the one before)") if ledger.what == "rollback previous" else ledger.what


@click.command(
    cls=Command,
    help=N_("Show which episodes become public when, in the show's time zone."),
    epilog=N_("Example: ngopi schedule"),
)
@click.pass_obj
def schedule(session: Session) -> None:
    """Show what comes when."""
    from ngopi.cli.session import sight
    from ngopi.plan import state_in

    (config, store), now = _opened(session), current_time()
    ledger = sight(config, session.console, store)
    coming = [
        (entry, state)
        for entry in catalogue_of(session, config).entries
        if (state := state_in(config, entry, ledger, now=now)) in {"scheduled", "ready", "waiting"}
    ]
    coming.sort(key=lambda pair: pair[0].episode.published or now)
    documents: list[Json] = [
        {"slug": e.episode.slug, "published": _iso(e, config), "state": s} for e, s in coming
    ]
    if not coming and not session.as_json:
        session.console.result([], _("Nothing is scheduled."))
        return
    head = (_("date"), _("episode"), _("title"))
    rows = [
        (moment(e.episode.published, config.zone), e.episode.slug, e.episode.title)
        for e, _state in coming
    ]
    session.console.table(documents, head, rows)
    for entry, state in coming:
        for sentence in _still_needed(config, entry, state):
            session.console.note(sentence)


def _still_needed(config: Config, entry: CatalogueEntry, state: str) -> Iterator[str]:
    """Yield what somebody has to do before an episode is public."""
    from ngopi.cli.results import waiting
    from ngopi.plan import awaits_approval

    slug = entry.episode.slug
    if awaits_approval(config, entry):
        yield waiting(slug)
    elif state == "draft":
        text = _('"{slug}" is a draft: its date is not written in episodes/{slug}/episode.md yet.')
        yield text.format(slug=slug)
    elif state == "ready":
        text = _('The date of "{slug}" has come; to make it public, run: ngopi publish')
        yield text.format(slug=slug)


def _iso(entry: CatalogueEntry, config: Config) -> str | None:
    published = entry.episode.published
    return published.astimezone(config.zone).isoformat() if published else None


@click.command(
    cls=Command,
    help=N_(
        "Say yes as the editor to an episode, or with ngopi.toml to the show's own data; a later "
        "change needs a new yes."
    ),
    epilog=N_('Example: ngopi approve 003-pengawasan --as "WG"'),
)
@click.argument("slug", metavar="SLUG|ngopi.toml")
@option("--as", "name", required=True, metavar="NAME", help=N_("The editor, not the writer."))
@click.pass_obj
def approve(session: Session, slug: str, name: str) -> None:
    """Approve an episode or the show."""
    session.about_one = True
    from ngopi.approve import approve as say_yes
    from ngopi.approve import approve_show
    from ngopi.atomic import lock
    from ngopi.cli.session import seen_ledger
    from ngopi.config import FILE_NAME

    config, now = session.config(), current_time()
    ledger = seen_ledger(config)
    with lock(config.root / ".ngopi.lock"):
        if slug == FILE_NAME:
            approval = approve_show(config, ledger, by=name, now=now)
            following = "ngopi publish"
        else:
            entry = catalogue_of(session, config).find(slug)
            approval = say_yes(config, entry, by=name, now=now)
            following = _after_approval(config, entry, ledger, now=now)
    line = _('{name} approved "{slug}"; next: {following}')
    document: Json = {"slug": slug, "by": approval.by, "sha256": approval.sha256}
    session.console.result(document, line.format(name=approval.by, slug=slug, following=following))


def _after_approval(
    config: Config, entry: CatalogueEntry, ledger: Ledger | None, *, now: datetime
) -> str:
    """Return what brings an episode to the public once it was approved."""
    from ngopi.plan import state_in

    state = state_in(config, entry, ledger, now=now)
    if state == "draft":
        return _("write its date into episode.md, which then needs a new yes")
    if state == "retracted":
        return f"ngopi restore {entry.episode.slug}"
    return "ngopi publish"
