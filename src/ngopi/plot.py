"""An episode's sound as a picture that needs no knowledge of LUFS."""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from ngopi.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ngopi.model import AudioFile, Chapter, Curve, Episode

_SIZE = (1600, 1120)
_LEFT, _RIGHT = 190, 1440
_PAPER, _INK, _SOFT, _FAINT = "#ffffff", "#1f2933", "#52606d", "#d5dce3"
_BEFORE, _AFTER, _GAIN, _PEAK, _LIMIT = "#9aa5b1", "#0b7285", "#c2570c", "#5c7cfa", "#c92a2a"
_GOOD, _BAD, _CHAPTER = "#e6f6ea", "#fdf0ee", "#7b61a8"
_TICKS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_MOST_TICKS = 12
# Louder or quieter than this against the rest, and listeners reach for the volume: Riedmiller,
# Lyman and Robinson, "Intelligent Program Loudness Measurement and Control", AES 115 (2003).
_COMFORT_DB = (-5.4, 2.4)
_LOUDNESS_TOP = 188
_MOST_ROWS, _ROW_HEIGHT, _TITLE_SIZE, _SHORTEST_TITLE = 3, 26, 18, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    """A stretch of the picture from *top* to *bottom* for values from *low* to *high*."""

    top: int
    bottom: int
    low: float
    high: float

    def y(self, value: float) -> float:
        """Return where *value* is drawn; what lies outside is drawn at the edge."""
        inside = min(max(value, self.low), self.high)
        share = (inside - self.low) / (self.high - self.low)
        return self.bottom - share * (self.bottom - self.top)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Title:
    """A chapter's line at *x*, and what of its title fits beside it, in a *row* from below."""

    x: float
    row: int
    text: str

    def above(self, bottom: int) -> int:
        """Return the top of its row, where the rows end at *bottom*."""
        return bottom - _ROW_HEIGHT * (1 + self.row)


def plot(episode: Episode, audio: AudioFile, curve: Curve) -> bytes:
    """Return a PNG: loudness before and after, what the leveller did, peaks, and chapters."""
    picture = Image.new("RGB", _SIZE, _PAPER)
    draw = ImageDraw.Draw(picture)
    _say(draw, (_LEFT, 24), _cut(draw, _latin(episode.title), _RIGHT - _LEFT, 34), 34)
    for row, sentence in enumerate(_summary(audio)):
        _say(draw, (_LEFT, 74 + 30 * row), sentence, 22)
    _say(draw, (_LEFT, _LOUDNESS_TOP), _("How loud it is, moment by moment"), 22)
    _legend(draw, ((_("as recorded"), _BEFORE), (_("as delivered"), _AFTER)))
    titles = _titles(draw, episode.chapters, audio.duration_s)
    top = _LOUDNESS_TOP + 36 + _ROW_HEIGHT * (1 + max((t.row for t in titles), default=-1))
    loudness = _Panel(top=top, bottom=650, low=-50.0, high=-5.0)
    gain = _Panel(top=745, bottom=865, low=-15.0, high=15.0)
    peaks = _Panel(top=960, bottom=1070, low=-24.0, high=0.0)
    _loudness(draw, loudness, audio, curve)
    _gain(draw, gain, curve)
    _peaks(draw, peaks, audio, curve)
    for panel in (loudness, gain, peaks):
        _time_axis(draw, panel, audio.duration_s, labelled=panel is peaks)
        for title in titles:
            draw.line((title.x, panel.top, title.x, panel.bottom), fill=_CHAPTER, width=2)
    _write_titles(draw, titles, bottom=top)
    file = BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def _x(time_s: float, duration_s: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * time_s / duration_s


def _summary(audio: AudioFile) -> list[str]:
    """Return the picture's story in at most three lines."""
    text = _(
        "The whole: {before:.1f} LUFS as recorded, {after:.1f} LUFS as delivered "
        "(aim {target:.0f}). A listener need not touch the volume."
    )
    whole = text.format(
        before=audio.before.integrated_lufs,
        after=audio.after.integrated_lufs,
        target=audio.target_lufs,
    )
    what = _("LUFS say how loud something sounds to the ear: the nearer to 0, the louder.")
    if audio.turns_apart_lu is None:
        return [whole, what]
    text = _("The voices were {before:.1f} dB apart as recorded, and are {after:.1f} dB apart now.")
    before, after = audio.turns_apart_lu
    return [whole, text.format(before=before, after=after), what]


def _loudness(draw: ImageDraw.ImageDraw, panel: _Panel, audio: AudioFile, curve: Curve) -> None:
    quietest, loudest = (audio.target_lufs + away for away in _COMFORT_DB)
    _zone(draw, panel, loudest, panel.high, _BAD, _("too loud"))
    _zone(draw, panel, quietest, loudest, _GOOD, _("comfortable"))
    _zone(draw, panel, panel.low, quietest, _BAD, _("too quiet"))
    _frame(draw, panel)
    _level(draw, panel, audio.target_lufs, _INK, f"{audio.target_lufs:g} LUFS")
    _line(draw, panel, curve.before_lufs, _BEFORE, 3)
    _line(draw, panel, curve.after_lufs, _AFTER, 4)


def _gain(draw: ImageDraw.ImageDraw, panel: _Panel, curve: Curve) -> None:
    _heading(draw, panel, _("How much each voice was raised or lowered (dB)"))
    _zone(draw, panel, 0.0, panel.high, _PAPER, _("raised"))
    _zone(draw, panel, panel.low, 0.0, _PAPER, _("lowered"))
    _frame(draw, panel)
    for level_db in (-10.0, 0.0, 10.0):
        _level(draw, panel, level_db, _FAINT, f"{level_db:+.0f} dB" if level_db else "0")
    _line(draw, panel, curve.gain_db, _GAIN, 4)


def _peaks(draw: ImageDraw.ImageDraw, panel: _Panel, audio: AudioFile, curve: Curve) -> None:
    _heading(draw, panel, _("Loudest instants; above the red line they would distort (dBTP)"))
    _zone(draw, panel, audio.ceiling_dbtp, panel.high, _BAD, "")
    _zone(draw, panel, panel.low, audio.ceiling_dbtp, _GOOD, _("safe"))
    _frame(draw, panel)
    _line(draw, panel, curve.peak_dbtp, _PEAK, 3)
    _level(draw, panel, audio.ceiling_dbtp, _LIMIT, f"{audio.ceiling_dbtp:g} dBTP")


def _titles(
    draw: ImageDraw.ImageDraw, chapters: Sequence[Chapter], duration_s: float
) -> list[_Title]:
    """Place each title beside its line, in as many rows as they need to be whole, up to three."""
    starts = [_x(chapter.start_s, duration_s) for chapter in chapters]
    titles = [_latin(chapter.title) for chapter in chapters]
    rows, shown = 1, titles
    for rows in range(1, _MOST_ROWS + 1):
        # In a row of its own, a title has room until the next one of that row.
        ends = (*starts[rows:], *[float(_SIZE[0])] * rows)
        rooms = [end - start - 20 for start, end in zip(starts, ends, strict=False)]
        pairs = zip(titles, rooms, strict=True)
        shown = [_cut(draw, title, room, _TITLE_SIZE) for title, room in pairs]
        if shown == titles:
            break
    placed = enumerate(zip(starts, shown, strict=True))
    return [_Title(x=start, row=index % rows, text=text) for index, (start, text) in placed]


def _write_titles(draw: ImageDraw.ImageDraw, titles: Sequence[_Title], *, bottom: int) -> None:
    for title in titles:
        draw.line((title.x, title.above(bottom), title.x, bottom), fill=_CHAPTER, width=2)
    # On paper, after all lines: those of titles in higher rows pass behind.
    for title in titles:
        at = (title.x + 8, title.above(bottom))
        box = draw.textbbox(at, title.text, font=ImageFont.load_default(_TITLE_SIZE))
        draw.rectangle(box, fill=_PAPER)
        _say(draw, at, title.text, _TITLE_SIZE, _CHAPTER)


def _cut(draw: ImageDraw.ImageDraw, text: str, room: float, size: int) -> str:
    """Return *text* as far as it fits into *room*; nothing where that would say nothing."""
    font = ImageFont.load_default(size)
    if draw.textlength(text, font=font) <= room:
        return text
    for length in range(len(text) - 1, _SHORTEST_TITLE - 1, -1):
        shorter = f"{text[:length].rstrip()}…"
        if draw.textlength(shorter, font=font) <= room:
            return shorter
    return ""


def _heading(draw: ImageDraw.ImageDraw, panel: _Panel, text: str) -> None:
    _say(draw, (_LEFT, panel.top - 34), text, 22)


def _zone(
    draw: ImageDraw.ImageDraw, panel: _Panel, low: float, high: float, colour: str, name: str
) -> None:
    """Colour the panel between two values and name that zone in plain words beside it."""
    top, bottom = panel.y(high), panel.y(low)
    draw.rectangle((_LEFT, top, _RIGHT, bottom), fill=colour)
    middle = (_LEFT - 14, (top + bottom) / 2)
    draw.text(middle, name, fill=_SOFT, font=ImageFont.load_default(20), anchor="rm")


def _frame(draw: ImageDraw.ImageDraw, panel: _Panel) -> None:
    draw.rectangle((_LEFT, panel.top, _RIGHT, panel.bottom), outline=_FAINT, width=2)


def _level(draw: ImageDraw.ImageDraw, panel: _Panel, value: float, colour: str, label: str) -> None:
    y = panel.y(value)
    for x in range(_LEFT, _RIGHT, 16):
        draw.line((x, y, min(x + 8, _RIGHT), y), fill=colour, width=2)
    draw.text((_RIGHT + 12, y), label, fill=_INK, font=ImageFont.load_default(20), anchor="lm")


def _line(
    draw: ImageDraw.ImageDraw, panel: _Panel, values: Sequence[float], colour: str, width: int
) -> None:
    """Draw *values* from edge to edge; silence is a gap."""
    step = (_RIGHT - _LEFT) / max(1, len(values) - 1)
    stretch: list[tuple[float, float]] = []
    for index, value in enumerate((*values, -math.inf)):
        if math.isfinite(value):
            stretch.append((_LEFT + index * step, panel.y(value)))
            continue
        if len(stretch) > 1:
            draw.line(stretch, fill=colour, width=width, joint="curve")
        stretch = []


def _legend(draw: ImageDraw.ImageDraw, entries: Sequence[tuple[str, str]]) -> None:
    x = float(_RIGHT)
    font = ImageFont.load_default(20)
    for text, colour in reversed(entries):
        x -= draw.textlength(text, font=font) + 16
        draw.text((x, _LOUDNESS_TOP), text, fill=_INK, font=font)
        draw.line((x - 44, _LOUDNESS_TOP + 13, x - 10, _LOUDNESS_TOP + 13), fill=colour, width=4)
        x -= 60


def _time_axis(
    draw: ImageDraw.ImageDraw, panel: _Panel, duration_s: float, *, labelled: bool
) -> None:
    tick_s = next((t for t in _TICKS_S if duration_s / t <= _MOST_TICKS), _TICKS_S[-1])
    for count in range(int(duration_s // tick_s) + 1):
        at_s = count * tick_s
        x = _x(at_s, duration_s)
        draw.line((x, panel.bottom, x, panel.bottom + 8), fill=_INK, width=2)
        if labelled:
            label = f"{at_s // 60}:{at_s % 60:02d}"
            font = ImageFont.load_default(20)
            draw.text((x, panel.bottom + 12), label, fill=_INK, font=font, anchor="ma")


def _say(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size: int,
    colour: str = _INK,
) -> None:
    draw.text(at, text, fill=colour, font=ImageFont.load_default(size))


def _latin(text: str) -> str:
    """Leave out what the embedded font cannot draw."""
    return text.encode("latin-1", "ignore").decode("latin-1")
