"""master: the mastering alone, without a show."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ngopi.cli.outputs import require_output
from ngopi.cli.session import Session
from ngopi.cli.sources import chosen, files_of, source_options
from ngopi.cli.translated import Command, Name, option
from ngopi.console import decibels, megabytes
from ngopi.i18n import N_, _
from ngopi.text import clock

if TYPE_CHECKING:
    from ngopi.console import Json
    from ngopi.model import Master

_CLOCK = re.compile(r"(?:(\d+):)?(?:(\d+):)?(\d+(?:\.\d+)?)")


class Passage(click.ParamType[tuple[float, float]]):
    """START-END, each in seconds or as m:ss or h:mm:ss."""

    name = "passage"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        """Return start and end in seconds."""
        if isinstance(value, tuple):
            return value
        ends = [_CLOCK.fullmatch(part.strip()) for part in str(value).split("-")]
        if len(ends) == 2 and ends[0] and ends[1]:  # noqa: PLR2004 - a start and an end
            start_s, stop_s = (_seconds(end) for end in ends if end)
            if start_s < stop_s:
                return start_s, stop_s
        return self.fail(_("write it as START-END, as in 0:30-1:00"), param, ctx)


class Lufs(click.FloatRange):
    """A loudness that a podcast could have: a number, which click's range does not ask for."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the loudness in LUFS."""
        try:
            lufs = float(str(value).replace("\N{MINUS SIGN}", "-").replace(",", "."))
        except ValueError:
            lufs = math.nan
        if not (self.min or -math.inf) <= lufs <= (self.max or math.inf):  # NaN is in no range
            said = _("write a number from {least:.0f} to {most:.0f}, as in -16")
            self.fail(said.format(least=self.min, most=self.max), param, ctx)
        return lufs


def _seconds(found: re.Match[str]) -> float:
    total = 0.0
    for part in found.groups():
        total = total * 60 + float(part) if part is not None else total
    return total


@click.command(
    cls=Command,
    help=N_(
        "Only master RECORDING and write it to OUT.mp3; no show is needed. Several are parts, "
        "joined in order."
    ),
    epilog=N_("Example: ngopi master rekaman.wav rekaman.mp3 --preview 0:30-1:00"),
)
@click.argument(
    "recordings",
    metavar="RECORDING...",
    type=Name(path_type=Path),
    nargs=-1,
    required=False,  # of one name alone, the other is what is missing
    callback=files_of,
)
@click.argument("out", metavar="OUT.mp3", type=Name(path_type=Path, dir_okay=False))
@option(
    "--target",
    type=Lufs(-31, -9),
    metavar="LUFS",
    help=N_("Loudness [default: -16, or -19 for mono]."),
)
@option(
    "--preview",
    type=Passage(),
    metavar="START-END",
    help=N_("Only this passage, for a quick listen, as in 0:30-1:00."),
)
@source_options
@option("--no-leveller", is_flag=True, help=N_("Leave the speakers at the levels they have."))
@option("--yes", is_flag=True, help=N_("Write over OUT.mp3 if it is there."))
@click.pass_obj
def master(
    session: Session,
    /,
    recordings: tuple[Path, ...],
    out: Path,
    *,
    target: float | None,
    preview: tuple[float, float] | None,
    no_leveller: bool,
    yes: bool,
    **how: object,
) -> None:
    """Master a recording."""
    from ngopi.audio.delivery import deliver
    from ngopi.audio.treatment import sentence
    from ngopi.errors import OutputExistsError, OutputIsRecordingError
    from ngopi.model import AudioSettings

    if not recordings:
        raise click.MissingParameter(param_hint="'OUT.mp3'", param_type="argument")
    for recording in recordings:
        if out.exists() and recording.exists() and out.samefile(recording):
            raise OutputIsRecordingError(path=out)
    require_output(out, ending=".mp3")
    if out.exists() and not (yes and not _is_next(recordings, out)):
        raise OutputExistsError(path=out)
    source = chosen(session, recordings, **how)  # type: ignore[arg-type]  # by option name
    settings = AudioSettings(target_lufs=target, leveller=not no_leveller)
    if preview is not None:
        settings = replace(settings, trim_silence=False)
    made = deliver(source, out, settings=settings, progress=session.console, excerpt_s=preview)
    for treatment in made.done:
        session.console.note(sentence(treatment))
    size_bytes = out.stat().st_size
    before, after = made.before.integrated_lufs, made.after.integrated_lufs
    line = " · ".join(
        (
            str(out),
            clock(made.duration_s),
            f"{decibels(before)} → {decibels(after)} LUFS",
            f"{decibels(made.after.true_peak_dbtp)} dBTP",
            megabytes(size_bytes),
        )
    )
    session.console.result(_document(made, size_bytes), line)


def _is_next(recordings: tuple[Path, ...], out: Path) -> bool:
    """Say whether *out* may be one more part, as in ``ngopi master *.mp3 --yes``."""
    from ngopi.audio.order import alike_in_name

    return len(recordings) > 1 and alike_in_name([*recordings, out])


def _document(made: Master, size_bytes: int) -> Json:
    return {
        "path": str(made.path),
        "duration_s": round(made.duration_s, 3),
        "size_bytes": size_bytes,
        "target_lufs": made.target_lufs,
        "ceiling_dbtp": made.ceiling_dbtp,
        "gain_db": round(made.gain_db, 2),
        "before": asdict(made.before),
        "after": asdict(made.after),
        "done": [asdict(treatment) for treatment in made.done],
        "turns": [asdict(turn) for turn in made.turns],
    }
