"""list and show: what is in the folder, and what became of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ngopi.chapters import start_text
from ngopi.cli.outputs import require_output
from ngopi.cli.results import entry_document, show_waiting
from ngopi.cli.session import Session, catalogue_of, current_time, sight
from ngopi.cli.translated import Command, Name, option
from ngopi.console import decibels, megabytes, moment
from ngopi.i18n import N_, _
from ngopi.numbering import same_numbers
from ngopi.text import clock

if TYPE_CHECKING:
    from ngopi.config import Config
    from ngopi.model import AudioFile, CatalogueEntry
    from ngopi.recall import Recall
    from ngopi.standing import Standing

# Said here so that translators meet them: a state is a value, its name is a word.
_NAME_WIDTH = 14
_STATES = {
    "draft": N_("draft"),
    "scheduled": N_("scheduled"),
    "ready": N_("ready"),
    "waiting": N_("waits for approval"),
    "published": N_("published"),
    "retracted": N_("retracted"),
}


_DIFFERING = {
    "here": N_("published, a change waits"),
    "there": N_("published, newer there"),
}


def _with_standings(
    session: Session,
    config: Config,
    entries: tuple[CatalogueEntry, ...],
    recall: Recall | None = None,
) -> tuple[list[tuple[CatalogueEntry, Standing]], bool]:
    """Return the episodes with how they stand, newest first, and whether the show waits."""
    from ngopi.standing import show_is_waiting, standings
    from ngopi.store import open_store

    now = current_time()
    store = open_store(config.store, root=config.root)
    ledger = sight(config, session.console, store)
    found = standings(config, entries, store, ledger, now=now, recall=recall)
    dated = sorted(
        entries,
        key=lambda entry: (entry.episode.published or now, entry.episode.slug),
        reverse=True,
    )
    show_waits = show_is_waiting(config, store, ledger)
    return [(entry, found[entry.episode.slug]) for entry in dated], show_waits


def _state_text(standing: Standing) -> str:
    return _(_DIFFERING[standing.differs] if standing.differs else _STATES[standing.state])


@click.command(
    "list",
    cls=Command,
    help=N_("List the episodes: state, date, duration, loudness, address."),
    epilog=N_("Example: ngopi list"),
)
@click.pass_obj
def list_(session: Session) -> None:
    """List the episodes."""
    from ngopi.recall import Recall

    config = session.config()
    recall = Recall(config.scratch)
    entries = catalogue_of(session, config, recall).entries
    found, show_waits = _with_standings(session, config, entries, recall)
    if not found and not session.broken and not session.as_json:
        hint = _("There is no episode yet. Make one with: ngopi ingest RECORDING")
        session.console.result([], hint)
        return
    rows = [_row(config, entry, standing) for entry, standing in found]
    head = (_("episode"), _("state"), _("date"), _("length"), "LUFS", _("address"))
    session.console.table([entry_document(config, *pair) for pair in found], head, rows)
    for remark in same_numbers(entry.episode for entry, _standing in found):
        session.console.note(remark.sentence)
    if show_waits:
        session.console.note(show_waiting())


def _row(config: Config, entry: CatalogueEntry, standing: Standing) -> tuple[str, ...]:
    audio = entry.audio
    return (
        entry.episode.slug,
        _state_text(standing),
        moment(entry.episode.published, config.zone),
        clock(audio.duration_s) if audio else "-",
        decibels(audio.after.integrated_lufs) if audio else "-",
        standing.url or "-",
    )


@click.command(
    cls=Command,
    help=N_("Show all about one episode."),
    epilog=N_("Example: ngopi show pengawasan-partisipatif"),
)
@click.argument("slug", metavar="SLUG")
@option(
    "--plot",
    type=Name(path_type=Path, dir_okay=False),
    metavar="FILE.png",
    help=N_("Also draw its sound over time: how loud it was, and is."),
)
@click.pass_obj
def show(session: Session, slug: str, plot: Path | None) -> None:
    """Show one episode."""
    config = session.config()
    if plot is not None:
        require_output(plot, ending=".png")
    session.about_one = True
    wanted = catalogue_of(session, config).find(slug)
    ((entry, standing),), _show_waits = _with_standings(session, config, (wanted,))
    facts = _facts(config, entry, standing)
    width = max(_NAME_WIDTH, *(len(name) + 2 for name, _value in facts))
    lines = [f"{name:<{width}}{value}" for name, value in facts]
    if plot is not None:
        lines.append(_drawn(entry, plot))
    session.console.result(entry_document(config, entry, standing), *lines)


def _drawn(entry: CatalogueEntry, path: Path) -> str:
    from ngopi.atomic import write_atomic
    from ngopi.errors import NoCurveError
    from ngopi.plot import plot

    audio = entry.audio
    if audio is None or audio.curve is None:
        raise NoCurveError(slug=entry.episode.slug)
    write_atomic(path, plot(entry.episode, audio, audio.curve))
    return _("Drew its sound in {path}").format(path=path)


def _facts(config: Config, entry: CatalogueEntry, standing: Standing) -> list[tuple[str, str]]:
    episode, audio = entry.episode, entry.audio
    facts = [
        (_("title"), episode.title),
        (_("state"), _state_text(standing)),
        (_("date"), moment(episode.published, config.zone)),
        ("guid", episode.guid),
    ]
    if episode.people:
        people = ", ".join(f"{person.name} ({person.role})" for person in episode.people)
        facts.append((_("people"), people))
    facts += [(_("chapter"), f"{start_text(c.start_s)} {c.title}") for c in episode.chapters]
    if audio is None:
        return [*facts, (_("audio"), _("none yet"))]
    from ngopi.audio.treatment import sentence

    before, after = audio.before, audio.after
    loudness = f"{decibels(before.integrated_lufs)} → {decibels(after.integrated_lufs)} LUFS"
    peak = f"{decibels(before.true_peak_dbtp)} → {decibels(after.true_peak_dbtp)} dBTP"
    spread = f"{decibels(before.range_lu)} → {decibels(after.range_lu)} LU"
    return [
        *facts,
        (_("length"), clock(audio.duration_s)),
        (_("loudness"), loudness),
        (_("true peak"), peak),
        (_("range"), spread),
        (_("size"), megabytes(audio.size_bytes)),
        (_("format"), f"MP3 {audio.bitrate_kbps} kbit/s, {audio.sample_rate_hz} Hz"),
        (_("recording"), audio.recording.name),
        *((_("done"), sentence(treatment)) for treatment in audio.done),
        *((_("speakers"), line) for line in _turn_lines(audio)),
        (_("made by"), audio.made_by),
        ("SHA-256", audio.sha256),
        (_("address"), standing.url or "-"),
    ]


def _turn_lines(audio: AudioFile) -> list[str]:
    """Say how far the speakers were apart, before and after."""
    apart = audio.turns_apart_lu
    if apart is None:
        return []
    text = _("{count} turns; apart by {before:.1f} LU as recorded, {after:.1f} LU as delivered")
    count = sum(math.isfinite(turn.before_lufs) for turn in audio.turns)
    return [text.format(count=count, before=apart[0], after=apart[1])]
