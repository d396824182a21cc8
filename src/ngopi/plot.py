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

    from ngopi.model import AudioFile, Curve

_SIZE = (1600, 1000)
_LEFT, _RIGHT = 170, 1560
_PAPER, _INK, _FAINT = "#ffffff", "#1f2933", "#d5dce3"
_BEFORE, _AFTER, _GAIN, _PEAK, _LIMIT = "#9aa5b1", "#0b7285", "#c2570c", "#5c7cfa", "#c92a2a"
_TICKS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_MOST_TICKS = 12


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


def plot(title: str, audio: AudioFile, curve: Curve) -> bytes:
    """Return a PNG: loudness before and after, what the leveller did, peaks and their limit."""
    picture = Image.new("RGB", _SIZE, _PAPER)
    draw = ImageDraw.Draw(picture)
    _say(draw, (_LEFT, 28), _latin(title), 34)
    _say(draw, (_LEFT, 74), _summary(audio), 22)
    loudness = _Panel(top=150, bottom=520, low=-50.0, high=-5.0)
    gain = _Panel(top=620, bottom=740, low=-15.0, high=15.0)
    peaks = _Panel(top=830, bottom=940, low=-24.0, high=0.0)
    _loudness(draw, loudness, audio, curve)
    _gain(draw, gain, curve)
    _peaks(draw, peaks, audio, curve)
    for panel in (loudness, gain, peaks):
        _time_axis(draw, panel, audio.duration_s, labelled=panel is peaks)
    file = BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def _summary(audio: AudioFile) -> str:
    text = _(
        "The whole: {before:.1f} LUFS as recorded, {after:.1f} LUFS as delivered "
        "(aim {target:.0f}). A listener need not touch the volume."
    )
    return text.format(
        before=audio.before.integrated_lufs,
        after=audio.after.integrated_lufs,
        target=audio.target_lufs,
    )


def _loudness(draw: ImageDraw.ImageDraw, panel: _Panel, audio: AudioFile, curve: Curve) -> None:
    _frame(draw, panel, _("How loud it is, moment by moment"))
    _say(draw, (20, panel.top), _("louder"), 20)
    _say(draw, (20, panel.bottom - 24), _("quieter"), 20)
    _level(draw, panel, audio.target_lufs, _INK, f"{audio.target_lufs:.0f} LUFS")
    _line(draw, panel, curve.before_lufs, _BEFORE, 2)
    _line(draw, panel, curve.after_lufs, _AFTER, 3)
    _legend(draw, panel, ((_("as recorded"), _BEFORE), (_("as delivered"), _AFTER)))


def _gain(draw: ImageDraw.ImageDraw, panel: _Panel, curve: Curve) -> None:
    _frame(draw, panel, _("How much each voice was raised or lowered (dB)"))
    _level(draw, panel, 0.0, _FAINT, "0")
    _line(draw, panel, curve.gain_db, _GAIN, 3)


def _peaks(draw: ImageDraw.ImageDraw, panel: _Panel, audio: AudioFile, curve: Curve) -> None:
    _frame(draw, panel, _("Loudest instants; above the red line they would distort (dBTP)"))
    _line(draw, panel, curve.peak_dbtp, _PEAK, 2)
    _level(draw, panel, audio.ceiling_dbtp, _LIMIT, f"{audio.ceiling_dbtp:.0f} dBTP")


def _frame(draw: ImageDraw.ImageDraw, panel: _Panel, heading: str) -> None:
    _say(draw, (_LEFT, panel.top - 34), heading, 22)
    draw.rectangle((_LEFT, panel.top, _RIGHT, panel.bottom), outline=_FAINT, width=2)


def _level(draw: ImageDraw.ImageDraw, panel: _Panel, value: float, colour: str, label: str) -> None:
    y = panel.y(value)
    for x in range(_LEFT, _RIGHT, 16):
        draw.line((x, y, min(x + 8, _RIGHT), y), fill=colour, width=2)
    draw.text((_LEFT - 12, y), label, fill=_INK, font=ImageFont.load_default(20), anchor="rm")


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


def _legend(draw: ImageDraw.ImageDraw, panel: _Panel, entries: Sequence[tuple[str, str]]) -> None:
    x = float(_RIGHT)
    font = ImageFont.load_default(20)
    for text, colour in reversed(entries):
        x -= draw.textlength(text, font=font) + 16
        draw.text((x, panel.top - 12), text, fill=_INK, font=font, anchor="lb")
        draw.line((x - 44, panel.top - 22, x - 10, panel.top - 22), fill=colour, width=4)
        x -= 60


def _time_axis(
    draw: ImageDraw.ImageDraw, panel: _Panel, duration_s: float, *, labelled: bool
) -> None:
    tick_s = next((t for t in _TICKS_S if duration_s / t <= _MOST_TICKS), _TICKS_S[-1])
    for count in range(int(duration_s // tick_s) + 1):
        at_s = count * tick_s
        x = _LEFT + (_RIGHT - _LEFT) * at_s / duration_s
        draw.line((x, panel.bottom, x, panel.bottom + 8), fill=_INK, width=2)
        if labelled:
            label = f"{at_s // 60}:{at_s % 60:02d}"
            font = ImageFont.load_default(20)
            draw.text((x, panel.bottom + 12), label, fill=_INK, font=font, anchor="ma")


def _say(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int) -> None:
    draw.text(at, text, fill=_INK, font=ImageFont.load_default(size))


def _latin(text: str) -> str:
    """Leave out what the embedded font cannot draw."""
    return text.encode("latin-1", "ignore").decode("latin-1")
