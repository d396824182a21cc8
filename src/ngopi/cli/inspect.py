"""measure and check: what a file or a feed is worth."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ngopi.cli.session import Session, current_time
from ngopi.cli.sources import SoundNumber, files_of
from ngopi.cli.translated import Command, Name, Words, option
from ngopi.console import Json, decibels
from ngopi.errors import NgopiError
from ngopi.i18n import N_, _, ngettext
from ngopi.model import SoundWish
from ngopi.text import clock

if TYPE_CHECKING:
    from ngopi.config import Config
    from ngopi.model import Finding, Measurement


@click.command(
    cls=Command,
    help=N_("Measure loudness (LUFS), range (LU), true peak (dBTP) and duration of FILE."),
    epilog=N_("Example: ngopi measure rekaman.wav"),
)
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=Name(path_type=Path),
    callback=files_of,
)
@option(
    "--sound",
    type=SoundNumber(),
    metavar="N|mix",
    help=N_("Of a file with several sound tracks only this one; else each, and never mixed."),
)
@click.pass_obj
def measure(session: Session, files: tuple[Path, ...], *, sound: SoundWish | None) -> None:
    """Measure files."""
    from ngopi.audio.delivery import measure_recording
    from ngopi.audio.soundtracks import each_sound

    console, measured = session.console, []
    for path in files:
        for recording in each_sound(path, wish=sound):
            with console.step(N_("Measuring"), recording.duration_s or 0.0) as advance:
                measured.append(measure_recording(recording, advance=advance))
    head = (_("file"), _("length"), "LUFS", "LU", "dBTP", "Hz", _("channels"))
    console.table([_document(m) for m in measured], head, [_row(m) for m in measured])


def _document(measured: Measurement) -> Json:
    loudness = asdict(measured.loudness)
    return {
        "path": str(measured.path),
        "sound": measured.sound,
        "duration_s": round(measured.duration_s, 3),
        **{name: round(value, 2) for name, value in loudness.items()},
        "sample_rate_hz": measured.sample_rate_hz,
        "channels": measured.channels,
    }


def _measured_name(measured: Measurement) -> str:
    if measured.sound is None:
        return str(measured.path)
    return _("{path}, sound track {number}").format(path=measured.path, number=measured.sound)


def _row(measured: Measurement) -> tuple[str, ...]:
    loudness = measured.loudness
    return (
        _measured_name(measured),
        clock(measured.duration_s),
        decibels(loudness.integrated_lufs),
        decibels(loudness.range_lu),
        decibels(loudness.true_peak_dbtp),
        str(measured.sample_rate_hz),
        str(measured.channels),
    )


@click.command(
    cls=Command,
    help=N_(
        "Check feeds: files, https addresses, or http on this machine; without FEED the show's "
        "own. Ends with 1 if there is an error."
    ),
    epilog=N_("Example: ngopi check feeds/ngopi-bawaslu.xml"),
)
@click.argument("feeds", metavar="[FEED]...", nargs=-1, type=Words())
@option(
    "--against",
    type=Words(),
    metavar="OLD",
    help=N_("The feed as it was: guids must not have changed, been used again or gone."),
)
@click.pass_obj
def check(session: Session, feeds: tuple[str, ...], against: str | None) -> int:
    """Check feeds."""
    from ngopi.cli.results import finding_lines
    from ngopi.feed.check import check_feed
    from ngopi.feed.fetch import find_feed, load_feed

    own = _own_show(session) if feeds else session.config()
    sources = feeds or (_own_feed(session.config()),)
    old = load_feed(against) if against is not None else None
    documents: list[Json] = []
    lines, errors = [], 0
    for source in sources:
        feed = find_feed(source)
        found = check_feed(
            feed.data,
            where=source,
            feed_url=own.show.feed_url if own is not None and _is_feed_of(own, source) else None,
            found_at=feed.addresses,
            against=old,
            now=current_time(),
        )
        counts = _counts(found)
        errors += counts["E"]
        lines += finding_lines(found)
        lines.append(_verdict(source, counts))
        documents.append(_feed_document(source, found, counts))
    session.console.result({"feeds": documents, "errors": errors}, *lines)
    return 1 if errors else 0


def _own_show(session: Session) -> Config | None:
    """Return the show around us, if there is one: its feed is judged as our own."""
    with contextlib.suppress(NgopiError):
        return session.config()
    return None


def _own_feed(config: Config) -> str:
    from ngopi.errors import FeedNotYetError

    if not os.path.lexists(config.feed):
        raise FeedNotYetError
    return str(config.feed)


def _is_feed_of(config: Config, source: str) -> bool:
    if "://" in source:
        return source == config.show.feed_url
    with contextlib.suppress(OSError, ValueError):
        return Path(source).samefile(config.feed)
    return False


def _counts(findings: list[Finding]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding.severity] += 1 + finding.more
    return counts


def _feed_document(source: str, findings: list[Finding], counts: Counter[str]) -> Json:
    return {
        "feed": source,
        "errors": counts["E"],
        "warnings": counts["W"],
        "remarks": counts["I"],
        "findings": [asdict(finding) for finding in findings],
    }


def _verdict(feed: str, counts: Counter[str]) -> str:
    errors, others = counts["E"], counts["W"] + counts["I"]
    counted = ngettext("{count} error", "{count} errors", errors).format(count=errors)
    remarks = ngettext("{count} remark", "{count} remarks", others).format(count=others)
    return f"{feed}: {counted}, {remarks}"
