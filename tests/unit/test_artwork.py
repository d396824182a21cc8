"""Covers: what is drawn, and what is refused with a way out."""

import random
import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image, ImageChops

from ngopi.artwork import check_cover, cover_for_tag, make_cover
from ngopi.errors import (
    CoverColourError,
    CoverExtensionError,
    CoverNotSquareError,
    CoverTooLargeError,
    CoverTooSmallError,
    CoverUnreadableError,
    NoSuchCoverError,
)


def saved(path, *, mode="RGB", size_px=(1400, 1400), colour=None, **options):
    Image.new(mode, size_px, colour or 0).save(path, **options)
    return path


def opened(data):
    image = Image.open(BytesIO(data))
    image.load()
    return image


def png_that_claims(width_px, height_px):
    """A PNG whose header names a size and whose picture is not there."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0"))


@pytest.mark.parametrize(
    "title",
    ["Ngopi Bawaslu", "Ngopi " * 84, "M" * 500, "", "السلام عليكم", "Kopi ☕\ud83d dan\nteh 🍵"],
    ids=["short", "500-characters", "one-long-word", "empty", "no-glyph", "emoji"],
)
def test_a_drawn_cover_is_one_that_directories_accept(tmp_path, title):
    path = tmp_path / "cover.jpg"
    path.write_bytes(make_cover(title, "Bawaslu Kota Jakarta Selatan"))

    cover = check_cover(path)

    assert (cover.width_px, cover.media_type, cover.warnings) == (3000, "image/jpeg", ())
    assert path.stat().st_size < 700_000


def test_the_same_title_gives_the_same_bytes():
    assert make_cover("Ngopi", "Bawaslu") == make_cover("Ngopi", "Bawaslu")


def test_title_and_author_are_both_drawn():
    bare = opened(make_cover("Ngopi", ""))
    titled_only = ImageChops.difference(bare, opened(make_cover("Ngopi", "Bawaslu")))

    left, top, _right, bottom = titled_only.point(lambda value: 255 * (value > 40)).getbbox()
    assert left >= 200
    assert top > 1500
    assert bottom <= 2800


def test_letters_that_the_font_lacks_lose_their_accent_or_vanish():
    plain = opened(make_cover("Cafe Sore", "B")).crop((0, 300, 3000, 1300)).convert("L")
    accented = opened(make_cover("Café Sore ☕", "B")).crop((0, 300, 3000, 1300)).convert("L")
    # The colours follow the title: compare where the letters are, not what colour is behind.
    assert plain.point(lambda v: v > 170).getbbox() == accented.point(lambda v: v > 170).getbbox()


def test_a_good_cover_passes_without_a_word(tmp_path):
    cover = check_cover(saved(tmp_path / "cover.JPEG", size_px=(3000, 3000), format="JPEG"))

    assert (cover.media_type, cover.width_px, cover.warnings) == ("image/jpeg", 3000, ())


def test_a_phone_picture_with_a_second_picture_inside_is_a_jpeg(tmp_path):
    path = tmp_path / "cover.jpg"
    picture = Image.new("RGB", (3000, 3000))
    picture.save(path, format="MPO", save_all=True, append_images=[picture])

    assert check_cover(path).media_type == "image/jpeg"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": "RGBA", "size_px": (3000, 3000)}, "transparent"),
        ({"size_px": (3000, 3000), "transparency": (0, 0, 0)}, "transparent"),
        ({"size_px": (1400, 1400)}, "1400"),
    ],
    ids=["alpha-channel", "transparent-colour", "smallest"],
)
def test_what_is_merely_unwise_is_a_warning(tmp_path, options, words):
    [warning] = check_cover(saved(tmp_path / "cover.png", **options)).warnings

    assert words in warning


@pytest.mark.parametrize(
    ("size_px", "error"),
    [
        ((3000, 2999), CoverNotSquareError),
        ((1399, 1399), CoverTooSmallError),
        ((3001, 3001), CoverTooLargeError),
    ],
)
def test_a_wrong_size_is_refused(tmp_path, size_px, error):
    path = saved(tmp_path / "cover.png", size_px=size_px)

    with pytest.raises(error) as caught:
        check_cover(path)

    assert str(path) in caught.value.message
    assert "3000 by 3000" in caught.value.hint
    assert caught.value.exit_status == 65


@pytest.mark.parametrize("side_px", [3001, 10_000, 60_000])
def test_a_decompression_bomb_is_refused_by_its_header(tmp_path, side_px):
    path = tmp_path / "cover.png"
    path.write_bytes(png_that_claims(side_px, side_px))

    with pytest.raises(CoverTooLargeError):
        check_cover(path)


@pytest.mark.parametrize(
    ("name", "mode"), [("c.jpg", "CMYK"), ("c.jpg", "L"), ("c.png", "P"), ("c.png", "LA")]
)
def test_colours_other_than_rgb_are_refused_with_a_way_out(tmp_path, name, mode):
    with pytest.raises(CoverColourError) as caught:
        check_cover(saved(tmp_path / name, mode=mode))

    assert mode in caught.value.message
    assert "RGB" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "real", "extension"),
    [("c.png", "JPEG", ".jpg"), ("c.jpg", "PNG", ".png"), ("cover", "JPEG", ".jpg")],
)
def test_a_name_that_hides_the_real_type_is_refused(tmp_path, name, real, extension):
    with pytest.raises(CoverExtensionError) as caught:
        check_cover(saved(tmp_path / name, format=real))

    assert extension in caught.value.hint


def test_a_missing_cover_is_named(tmp_path):
    with pytest.raises(NoSuchCoverError, match=r"nowhere\.jpg"):
        check_cover(tmp_path / "nowhere.jpg")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _data: b"",
        lambda _data: b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-200] + bytes(200),
    ],
    ids=["empty", "svg", "half", "zeros-at-the-end"],
)
@pytest.mark.parametrize("name", ["cover.jpg", "cover.png"])
def test_what_is_no_whole_jpeg_or_png_is_refused(tmp_path, name, spoil):
    path = tmp_path / name
    picture = Image.effect_noise((1400, 1400), 40).convert("RGB")
    picture.save(path)
    path.write_bytes(spoil(path.read_bytes()))

    with pytest.raises(CoverUnreadableError):
        check_cover(path)


def test_other_picture_formats_are_never_decoded(tmp_path):
    """Pillow reads dozens of formats; each is a way in for a hostile file."""
    with pytest.raises(CoverUnreadableError):
        check_cover(saved(tmp_path / "cover.jpg", format="TIFF"))


def test_a_tag_gets_a_smaller_jpeg(tmp_path):
    path = saved(tmp_path / "cover.png", size_px=(3000, 3000), colour=(200, 30, 30))

    image = opened(cover_for_tag(path))

    assert (image.format, image.size, image.mode) == ("JPEG", (1400, 1400), "RGB")
    assert image.getpixel((700, 700)) == pytest.approx((200, 30, 30), abs=3)


def test_clear_parts_become_white_in_a_tag(tmp_path):
    path = saved(tmp_path / "cover.png", mode="RGBA", colour=(0, 0, 0, 0))

    assert opened(cover_for_tag(path)).getpixel((5, 5)) == (255, 255, 255)


def test_even_noise_fits_into_a_tag(tmp_path):
    """Noise is the worst that JPEG can meet; players drop pictures over 500 kB."""
    path = tmp_path / "cover.png"
    noise = random.Random(1).randbytes(1400 * 1400 * 3)
    Image.frombytes("RGB", (1400, 1400), noise).save(path, compress_level=0)

    data = cover_for_tag(path)

    assert len(data) <= 500_000
    assert opened(data).width >= 500


def test_a_turned_photograph_stands_upright_in_a_tag(tmp_path):
    """The JPEG in a tag carries no EXIF, so its pixels themselves must be turned."""
    path = tmp_path / "cover.jpg"
    picture = Image.new("RGB", (1400, 1400), "black")
    picture.paste("white", (0, 0, 1400, 700))
    exif = Image.Exif()
    exif[0x0112] = 3  # turned by 180 degrees
    picture.save(path, exif=exif)

    assert opened(cover_for_tag(path)).convert("L").getpixel((700, 1300)) > 200
