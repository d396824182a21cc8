"""Which recordings, and which of their sound tracks, one sound is made of: chosen, told, asked."""

from __future__ import annotations

import filecmp
import os
import re
import shlex
import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ngopi.cli.session import Session, program
from ngopi.cli.translated import option
from ngopi.console import decibels, is_terminal
from ngopi.i18n import N_, _
from ngopi.model import SoundWish
from ngopi.text import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ngopi.audio.order import Order
    from ngopi.audio.soundtracks import Choice
    from ngopi.errors import NgopiError, TracksApartError
    from ngopi.model import Recording, Source, Treatment

F = TypeVar("F", bound="Callable[..., Any]")

TOGETHER, AS_GIVEN = "--together", "--as-given"
#: By the names of their parameters.
SOURCE_OPTIONS = ("sound", "as_given", "together")

# & and ^ are signs of cmd.exe; a comma makes two words in PowerShell.
_PLAIN_ON_WINDOWS = re.compile(r"[\w.:\\/=+-]+")

_WILD = frozenset("*?")
_CHOSEN_BY_HAND = 2  # more in the order of the alphabet are hardly so by chance

_BY = {
    "name": N_("by their names"),
    "tag": N_("by their tags"),
    "time": N_("by the time they were written"),
    "given": N_("as they were named"),
}


class SoundNumber(click.ParamType[SoundWish]):
    """The number of a sound track, or all of them."""

    name = "sound"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> SoundWish:
        """Return the number, from 1 on, or "mix"."""
        text = str(value).strip().casefold()
        if text == "mix":
            return "mix"
        if text.isascii() and text.isdigit() and int(text):
            return int(text)
        return self.fail(_("write the number of a sound track, from 1 on, or mix"), param, ctx)


def matching(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return *paths*, each with ``*`` or ``?`` as the files that it means.

    The shells of Windows leave that to programs. What means no file stays as it is.
    """
    found: list[Path] = []
    for path in paths:
        listed: list[Path] = []
        if not _WILD.isdisjoint(path.name) and not path.exists():
            # Square brackets stand in many names, and mean nothing to the shells of Windows.
            meant = path.parent.glob(path.name.replace("[", "[[]"))
            listed = sorted(each for each in meant if _is_plain_file(each))
        found += listed or [path]
    return tuple(found)


def _is_plain_file(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")


def files_of(
    context: click.Context, parameter: click.Parameter, paths: tuple[Path, ...]
) -> tuple[Path, ...]:
    """Take a parameter's *paths* for the files that they mean."""
    del context, parameter
    return matching(paths)


def source_options(command: F) -> F:
    """Give *command* the options that say how recordings are meant."""
    for decorated in (
        option(
            AS_GIVEN,
            is_flag=True,
            help=N_("Several recordings are parts in the order in which they are named here."),
        ),
        option(
            "--sound",
            type=SoundNumber(),
            metavar="N|mix",
            help=N_("Of a file with several sound tracks: this one, or all of them mixed."),
        ),
    ):
        command = decorated(command)
    return command


def chosen(
    session: Session,
    parts: Sequence[Path],
    *,
    tracks: Sequence[Path] = (),
    sound: SoundWish | None,
    as_given: bool = False,
    together: bool = False,
) -> Source:
    """Return what is to be made into one sound, and tell what was chosen where there was a choice.

    *parts* follow one another; *tracks*, and one recording beside them, are of one moment.

    Raises:
        Abort: the person was asked and said no.
        NgopiError: a recording cannot be used, or it is not clear how they belong together.
    """
    from ngopi.errors import NotTogetherError
    from ngopi.model import Source

    if tracks and len(parts) > 1:
        raise NotTogetherError
    _require_once(parts)
    wished = _wish_of_each((*parts, *tracks), sound)
    named = [_choice(session, path, wish) for path, wish in wished]
    if tracks or len(parts) == 1:
        return _of_one_moment(named, together=together)
    by_file = {choice.tracks[0].path: choice for choice in named}
    firsts = [choice.tracks[0] for choice in named]
    ordered = [by_file[first.path] for first in _ordered(session, firsts, as_given=as_given)]
    return Source(
        parts=tuple(choice.tracks for choice in ordered),
        found=tuple(
            replace(treatment, part=number)
            for number, choice in enumerate(ordered, start=1)
            for treatment in choice.treatments()
        ),
    )


def _of_one_moment(named: Sequence[Choice], *, together: bool) -> Source:
    from ngopi.model import Source

    found: list[Treatment] = []
    every: list[Recording] = []
    for choice in named:
        number = None if len(named) == 1 else len(every) + 1
        found += (replace(treatment, track=number) for treatment in choice.treatments())
        every += choice.tracks
    return Source(parts=(tuple(every),), found=tuple(found), together=together)


# -- sound tracks -------------------------------------------------------------------------


def _wish_of_each(
    paths: Sequence[Path], sound: SoundWish | None
) -> list[tuple[Path, SoundWish | None]]:
    """Return what is wished of each file: nothing of one that has no choice, if another one has."""
    from ngopi.audio.recording import sound_tracks

    if sound is None or len(paths) == 1:
        return [(path, sound) for path in paths]
    several = [len(sound_tracks(path)) > 1 for path in paths]
    return [
        (path, sound if has_choice or not any(several) else None)
        for path, has_choice in zip(paths, several, strict=True)
    ]


def _choice(session: Session, path: Path, sound: SoundWish | None) -> Choice:
    from ngopi.audio.soundtracks import choose_sound

    choice = choose_sound(path, wish=sound, progress=session.console)
    if len(choice.every) > 1:
        session.console.note(_("{name} has several sound tracks:").format(name=path.name))
        for line in _track_lines(choice):
            session.console.note(line)
        if sound is None:
            session.console.note(_("To choose otherwise: --sound NUMBER, or --sound mix for all."))
    return choice


def _track_lines(choice: Choice) -> list[str]:
    lines = []
    for track in choice.every:
        lufs = choice.lufs.get(track.number)
        told = [
            track.title and f'"{track.title}"',
            track.language,
            track.recording and _length(track.recording),
            _("cannot be decoded") if track.recording is None else None,
            None if lufs is None else _loudness(lufs),
            _("taken") if track.number in choice.numbers else None,
        ]
        lines.append(f"  {track.number}: {' · '.join(word for word in told if word)}")
    return lines


def _length(recording: Recording) -> str | None:
    return None if recording.duration_s is None else clock(recording.duration_s)


def _loudness(lufs: float) -> str:
    return _("silent") if decibels(lufs) == decibels(float("-inf")) else f"{decibels(lufs)} LUFS"


# -- parts --------------------------------------------------------------------------------


def _ordered(
    session: Session, parts: Sequence[Recording], *, as_given: bool
) -> tuple[Recording, ...]:
    from ngopi.audio.moment import why_together
    from ngopi.audio.order import Order, in_order
    from ngopi.audio.soundtracks import listened_to
    from ngopi.errors import OrderUnknownError, PartsTogetherError

    def listen() -> Sequence[NDArray[np.float64]]:
        return tuple(listened_to(dict(enumerate(parts)), session.console).values())

    order = Order(parts=tuple(parts), by="given") if as_given else in_order(parts)
    reason = None if as_given else why_together(parts, listen)
    for line in _order_lines(order, moved=order.parts != tuple(parts)):
        session.console.note(line)
    if reason is not None:
        question = _("These may be tracks of one moment: {reason}. Join them one after the other?")
        _ask(
            question.format(reason=reason),
            lambda: PartsTogetherError(
                reason=reason,
                together=_command(session, parts, as_tracks=True),
                joined=_command(session, parts, as_tracks=False, more=(AS_GIVEN,)),
            ),
        )
    if order.otherwise is not None:
        _settle_order(session, parts, order)
    if order.by == "given" and not as_given and _may_be_listed(session, parts):
        _ask(
            _("Neither names nor tags nor times tell the order. Join them in the order above?"),
            lambda: OrderUnknownError(
                example=_command(session, parts, as_tracks=False, more=(AS_GIVEN,))
            ),
        )
    return order.parts


def _may_be_listed(session: Session, parts: Sequence[Recording]) -> bool:
    """Say whether the order may be that of ``*.wav``, of which nobody thought."""
    names = [part.path.name.casefold() for part in parts]
    is_pattern = any(not _WILD.isdisjoint(word) for word in session.typed)
    return names == sorted(names) and (is_pattern or len(parts) > _CHOSEN_BY_HAND)


def _require_once(parts: Sequence[Path]) -> None:
    from ngopi.errors import CopyOfPartError, NamedTwiceError

    there = [path for path in parts if path.is_file()]
    for other, path in combinations(there, 2):
        if path.samefile(other):
            raise NamedTwiceError(path=path)
        # What is different is so at once; only a copy is read to its end.
        if _is_copy(path, other):
            raise CopyOfPartError(path=path, other=other)


def _is_copy(path: Path, other: Path) -> bool:
    try:
        return path.stat().st_size > 0 and filecmp.cmp(path, other, shallow=False)
    except OSError:  # whoever opens it says what is wrong
        return False


def _settle_order(session: Session, parts: Sequence[Recording], order: Order) -> None:
    from ngopi.errors import OrderUnclearError

    named, timed = (
        ", ".join(part.path.name for part in found)
        for found in (order.parts, order.otherwise or ())
    )
    timed = _("by their time of recording {parts}").format(parts=timed)
    session.console.note(timed)
    _ask(
        _("Join them in the order above?"),
        lambda: OrderUnclearError(
            named=named,
            timed=timed,
            example=_command(session, parts, as_tracks=False, more=(AS_GIVEN,)),
        ),
    )


def _order_lines(order: Order, *, moved: bool) -> list[str]:
    lines = [_("Joined in this order, {by}:").format(by=_(_BY[order.by]))]
    for number, part in enumerate(order.parts, start=1):
        told = (part.path.name, _length(part))
        lines.append(f"  {number}: {' · '.join(word for word in told if word)}")
    lengths_s = [part.duration_s for part in order.parts if part.duration_s is not None]
    if len(lengths_s) == len(order.parts):
        lines.append(_("Together {length}.").format(length=clock(sum(lengths_s))))
    if moved:
        lines.append(_("To keep the order in which you named them: --as-given"))
    return lines


# -- doubts -------------------------------------------------------------------------------


def settle_apart(session: Session, source: Source, error: TracksApartError) -> Source:
    """Ask whether tracks belong together all the same, and return *source* if they do.

    Raises:
        Abort: they do not.
        TracksApartError: nobody is there to ask; it names the exact commands.
    """
    from ngopi.errors import TracksApartError

    reason = error.values["reason"]
    question = _(
        "These may be parts of one recording: {reason}. Lay them over each other as tracks of one "
        "moment?"
    )
    files = source.files
    _ask(
        question.format(reason=reason),
        lambda: TracksApartError(
            reason=reason,
            joined=_command(session, files, as_tracks=False),
            together=_command(session, files, as_tracks=True, more=(TOGETHER,)),
        ),
    )
    return replace(source, together=True)


def _ask(question: str, error: Callable[[], NgopiError]) -> None:
    if not is_terminal(sys.stdin):
        raise error()
    click.confirm(question, abort=True, err=True)


def _command(
    session: Session, files: Sequence[Recording], *, as_tracks: bool, more: Sequence[str] = ()
) -> str:
    """Return the command that was typed, with its recordings as tracks or as parts."""
    paths = [file.path for file in files]
    typed = iter(session.typed)
    kept: list[str] = []
    at = None
    for word in typed:
        named = next(typed, "") if word == "--track" else word.removeprefix("--track=")
        if any(path in paths for path in matching([Path(named)])):
            at = len(kept) if at is None else at
        else:
            kept.append(word)
    option_of_each = ("--track",) if as_tracks else ()
    names = [word for path in paths for word in (*option_of_each, os.fspath(path))]
    words = [*kept[:at], *names, *kept[at:], *(word for word in more if word not in kept)]
    if as_tracks:
        words = _as_ingest(words, names)
    quoted = map(quoted_for_windows, words) if os.name == "nt" else map(shlex.quote, words)
    return f"{program()} {' '.join(quoted)}"


def quoted_for_windows(word: str) -> str:
    """Return *word* as cmd.exe and PowerShell take it for one: in double quotes where needed."""
    if _PLAIN_ON_WINDOWS.fullmatch(word):
        return word
    # Backslashes count as themselves, except before a quote, where each is written twice.
    inner = re.sub(r'(\\*)"', r'\1\1\\"', word)
    end = len(inner) - len(inner.rstrip("\\"))
    return f'"{inner}{end * chr(92)}"'


def _as_ingest(words: list[str], names: list[str]) -> list[str]:
    """Return *words*, in which *names* are, with the one command that takes tracks."""
    if "replace" in words:
        at = words.index("replace")
        return [*words[:at], "ingest", "--episode", *words[at + 1 :]]
    return ["ingest", *names] if "master" in words else words
