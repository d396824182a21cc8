"""Covers: drawing one from a title, and looking over one that people bring."""

from __future__ import annotations

import hashlib
import unicodedata
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

from ngopi.errors import (
    CoverColourError,
    CoverExtensionError,
    CoverNotSquareError,
    CoverTooLargeError,
    CoverTooSmallError,
    CoverUnreadableError,
    NoSuchCoverError,
)
from ngopi.i18n import _
from ngopi.reading import kind_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALLEST_PX, LARGEST_PX = 1400, 3000
TAG_LIMIT_BYTES = 500_000

# Pillow calls a JPEG that carries a second picture (many phones write them) "MPO".
_MEDIA_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png"}
_EXTENSIONS = {"image/jpeg": (".jpg", ".jpeg"), "image/png": (".png",)}

# From the best to the smallest, in which even noise, the worst case, takes 46 kB (measured).
_TAG_STEPS = ((1400, 90), (1400, 80), (1400, 65), (1000, 65), (700, 65), (500, 60))

_Colour = tuple[int, int, int]


class _Palette(NamedTuple):
    ground: _Colour
    table: _Colour
    accent: _Colour


_PAPER: _Colour = (250, 243, 230)
_COFFEE: _Colour = (74, 44, 30)
_PALETTES = (
    _Palette((27, 58, 75), (39, 84, 106), (232, 176, 75)),
    _Palette((38, 70, 56), (54, 98, 78), (236, 184, 96)),
    _Palette((92, 36, 44), (122, 52, 58), (242, 190, 110)),
    _Palette((50, 44, 84), (70, 62, 114), (240, 178, 122)),
    _Palette((92, 58, 34), (122, 80, 48), (244, 200, 122)),
    _Palette((20, 74, 78), (30, 102, 104), (244, 190, 116)),
)

_MARGIN = 240
_TITLE_BOX = (LARGEST_PX - 2 * _MARGIN, 1000)
_TITLE_SIZES_PX = range(400, 60, -20)
_AUTHOR_BOX = (920, 460)
_AUTHOR_SIZES_PX = range(120, 50, -10)

# Both are shares of the font's size; it has no bold, an outline in the same colour makes one.
_SPACING, _OUTLINE = 0.18, 1 / 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """A cover that may be published; *warnings* are sentences, in the language that is set."""

    path: Path
    media_type: str
    width_px: int
    warnings: tuple[str, ...]


def check_cover(path: Path) -> Cover:
    """Return what is known of the picture *path*: a square JPEG or PNG, RGB, 1400 to 3000 px.

    Raises:
        NoSuchCoverError: the path leads nowhere.
        CoverUnreadableError: it is no JPEG or PNG, or a damaged one.
        CoverNotSquareError, CoverTooSmallError, CoverTooLargeError: its size is refused.
        CoverColourError: it is CMYK, grey or has a palette.
        CoverExtensionError: its name says JPEG and its content PNG, or the like.

    Source: Apple Podcasts, artwork requirements.
    """
    with _opened(path) as image:
        width_px, height_px = image.size
        media_type = _MEDIA_TYPES[str(image.format)]
        mode, has_alpha = image.mode, image.has_transparency_data
        # Sizes first: nothing larger than a cover is ever decoded.
        _check_size(path, width_px, height_px)
        image.verify()
    if mode not in ("RGB", "RGBA"):
        raise CoverColourError(path=path, colours=mode)
    if path.suffix.lower() not in _EXTENSIONS[media_type]:
        raise CoverExtensionError(
            path=path, extension=_EXTENSIONS[media_type][0], media_type=media_type
        )
    with _opened(path) as image:
        image.load()  # verify() reads the frame of the file, only this the picture itself
    return Cover(
        path=path,
        media_type=media_type,
        width_px=width_px,
        warnings=tuple(_remarks(width_px, has_alpha=has_alpha)),
    )


def cover_for_tag(path: Path) -> bytes:
    """Return the cover *path* as a JPEG of at most 1400 px and 500 kB, white where it is clear.

    It has passed check_cover.

    Raises:
        NoSuchCoverError, CoverUnreadableError: it is no longer there, or no longer that.
    """
    with _opened(path) as image:
        # Small at once, a JPEG already as it is decoded: copies of 3000 px take 27 MB each.
        largest_px = _TAG_STEPS[0][0]
        image.draft("RGB", (largest_px, largest_px))
        image.thumbnail((largest_px, largest_px), Image.Resampling.LANCZOS)
        picture = ImageOps.exif_transpose(image)  # the JPEG that is written has no EXIF
        if picture.has_transparency_data:
            clear = picture.convert("RGBA")
            picture = Image.new("RGBA", clear.size, "white")
            picture.alpha_composite(clear)
        return _within_tag_limit(picture.convert("RGB"))


def make_cover(title: str, author: str) -> bytes:
    """Return a cover for *title* as a JPEG, 3000 x 3000 px, RGB.

    The same words give the same picture. Letters that the font lacks lose their accent or,
    like emoji, are left out.
    """
    colours = _PALETTES[
        hashlib.sha256(title.encode("utf-8", "replace")).digest()[0] % len(_PALETTES)
    ]
    image = Image.new("RGB", (LARGEST_PX, LARGEST_PX), colours.ground)
    draw = ImageDraw.Draw(image)
    _draw_table(draw, colours)
    _draw_cup(draw, colours)
    _draw_words(draw, title, author, colours)
    return _jpeg(image, quality=85)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        if kind_fault(path.stat()) is not None:  # a pipe would be waited for
            raise CoverUnreadableError(path=path)
        with warnings.catch_warnings():
            # Too many pixels for Pillow are too many for a cover: _check_size says so.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=("JPEG", "PNG")) as image:
                yield image
    except FileNotFoundError as error:
        raise NoSuchCoverError(path=path) from error
    except Image.DecompressionBombError as error:
        raise CoverTooLargeError(path=path) from error
    # Pillow meets a damaged file with any of these.
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise CoverUnreadableError(path=path) from error


def _check_size(path: Path, width_px: int, height_px: int) -> None:
    if width_px != height_px:
        raise CoverNotSquareError(path=path, width_px=width_px, height_px=height_px)
    if width_px < SMALLEST_PX:
        raise CoverTooSmallError(path=path, width_px=width_px)
    if width_px > LARGEST_PX:
        raise CoverTooLargeError(path=path)


def _remarks(width_px: int, *, has_alpha: bool) -> Iterator[str]:
    if has_alpha:
        yield _("The cover has transparent parts; some apps show them black.")
    if width_px < LARGEST_PX:
        yield _("The cover is {width_px} pixels wide; 3000 look best on large screens.").format(
            width_px=width_px
        )


def _within_tag_limit(picture: Image.Image) -> bytes:
    tried = (_reduced(picture, side_px, quality) for side_px, quality in _TAG_STEPS)
    return next(data for data in tried if len(data) <= TAG_LIMIT_BYTES)


def _reduced(picture: Image.Image, side_px: int, quality: int) -> bytes:
    smaller = picture.copy()
    smaller.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    return _jpeg(smaller, quality=quality)


def _jpeg(image: Image.Image, *, quality: int) -> bytes:
    file = BytesIO()
    image.save(file, "JPEG", quality=quality, optimize=True)
    return file.getvalue()


def _draw_table(draw: ImageDraw.ImageDraw, colours: _Palette) -> None:
    """Draw the round table that runs out of the picture at the lower right."""
    draw.circle((2250, 2480), 1120, fill=colours.table)


def _draw_cup(draw: ImageDraw.ImageDraw, colours: _Palette) -> None:
    draw.ellipse((1560, 2590, 2720, 2770), fill=colours.accent)
    draw.ellipse((1760, 2600, 2520, 2720), fill=_blend(colours.accent, colours.ground))
    draw.ellipse((2310, 2130, 2690, 2510), outline=_PAPER, width=76)
    draw.rectangle((1700, 2080, 2460, 2330), fill=_PAPER)
    draw.pieslice((1700, 1970, 2460, 2690), 0, 180, fill=_PAPER)
    draw.ellipse((1700, 1995, 2460, 2165), fill=_PAPER)
    draw.ellipse((1745, 2020, 2415, 2140), fill=_COFFEE)
    for centre_x in (1930, 2080, 2230):
        _draw_steam(draw, centre_x, _blend(colours.table, _PAPER))


def _draw_steam(draw: ImageDraw.ImageDraw, centre_x: int, colour: _Colour) -> None:
    """Draw one wisp of steam: two half circles that turn into each other, round ends."""
    radius, width = 60, 34
    top, middle, bottom = 1690, 1690 + 2 * radius, 1690 + 4 * radius
    reach = radius + width // 2
    for centre_y, start in ((top + radius, 90), (middle + radius, 270)):
        box = (centre_x - reach, centre_y - reach, centre_x + reach, centre_y + reach)
        draw.arc(box, start, start + 180, fill=colour, width=width)
    for end_y in (top, bottom):
        draw.circle((centre_x, end_y), width // 2, fill=colour)


def _draw_words(draw: ImageDraw.ImageDraw, title: str, author: str, colours: _Palette) -> None:
    draw.rounded_rectangle((_MARGIN, 240, _MARGIN + 360, 270), 15, fill=colours.accent)
    for text, colour, box, sizes_px, place, anchor in (
        (title, _PAPER, _TITLE_BOX, _TITLE_SIZES_PX, 350, "la"),
        (author, colours.accent, _AUTHOR_BOX, _AUTHOR_SIZES_PX, LARGEST_PX - _MARGIN, "ld"),
    ):
        font, wrapped = _fitted(draw, text, box=box, sizes_px=sizes_px)
        draw.multiline_text(
            (_MARGIN, place),
            wrapped,
            font=font,
            fill=colour,
            anchor=anchor,
            spacing=font.size * _SPACING,
            stroke_width=font.size * _OUTLINE,
        )


def _fitted(
    draw: ImageDraw.ImageDraw, text: str, *, box: tuple[int, int], sizes_px: range
) -> tuple[ImageFont.FreeTypeFont, str]:
    """Return the largest font in which *text*, wrapped, fills no more than *box* (px)."""
    words = _drawable(text).split()
    font, lines = _font(sizes_px[0]), [""]
    for size_px in sizes_px:
        font = _font(size_px)
        lines = _lines(words, font, box[0])
        _left, _top, right, bottom = draw.multiline_textbbox(
            (0, 0),
            "\n".join(lines),
            font=font,
            spacing=size_px * _SPACING,
            stroke_width=size_px * _OUTLINE,
        )
        if right <= box[0] and bottom <= box[1]:
            return font, "\n".join(lines)
    # Nobody reads 500 characters on a cover: show as much as the smallest size holds.
    rows = int(box[1] / (font.size * (1.2 + _SPACING)))
    return font, "\n".join([line for line in lines if font.getlength(line) <= box[0]][:rows])


def _lines(words: list[str], font: ImageFont.FreeTypeFont, width_px: int) -> list[str]:
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width_px:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _drawable(text: str) -> str:
    """Return *text* in letters that the font has: é becomes e, an emoji nothing."""
    font = _font(40)
    missing = bytes(font.getmask("\ue000"))  # private use: the font's box for the unknown

    def known(letter: str) -> bool:
        if unicodedata.category(letter).startswith("C"):
            return False
        return bytes(font.getmask(letter)) != missing

    def nearest(letter: str) -> str:
        if letter.isspace():
            return " "
        if known(letter):
            return letter
        return "".join(filter(known, unicodedata.normalize("NFKD", letter)))

    return "".join(map(nearest, text))


def _font(size_px: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size=size_px)
    assert isinstance(font, ImageFont.FreeTypeFont)  # a bitmap font only without FreeType
    return font


def _blend(one: _Colour, other: _Colour) -> _Colour:
    return (
        (one[0] + other[0]) // 2,
        (one[1] + other[1]) // 2,
        (one[2] + other[2]) // 2,
    )
