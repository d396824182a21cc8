"""Covers that podcast apps would refuse are refused before the work, with the way to mend them."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from refusals import refused, tree
from speech import voice, write_wav


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write_wav(tmp_path_factory.mktemp("rekaman") / "rapat.wav", voice(4.0))


def picture(path, *, mode="RGB", size=(1400, 1400), **more):
    Image.new(mode, size).save(path, **more)
    return path


def no_file(folder):
    return folder / "tidak-ada.jpg"


def oblong(folder):
    return picture(folder / "lebar.jpg", size=(1920, 1080))


def small(folder):
    return picture(folder / "kecil.jpg", size=(600, 600))


def large(folder):
    return picture(folder / "besar.png", size=(3001, 3001))


def for_the_press(folder):
    return picture(folder / "cetak.jpg", mode="CMYK")


def grey(folder):
    return picture(folder / "abu.png", mode="L")


def wrongly_named(folder):
    return picture(folder / "sampul.jpg", format="PNG")


def a_text(folder):
    folder.joinpath("sampul.jpg").write_text("bukan gambar", encoding="utf-8")
    return folder / "sampul.jpg"


def half(folder):
    path = picture(folder / "putus.png")
    path.write_bytes(path.read_bytes()[:200])
    return path


def a_folder(folder):
    return folder


BAD_COVERS = pytest.mark.parametrize(
    ("make", "status", "code"),
    [
        (no_file, 66, "no-such-cover"),
        (oblong, 65, "cover-not-square"),
        (small, 65, "cover-too-small"),
        (large, 65, "cover-too-large"),
        (for_the_press, 65, "cover-colours"),
        (grey, 65, "cover-colours"),
        (wrongly_named, 65, "cover-extension"),
        (a_text, 65, "cover-unreadable"),
        (half, 65, "cover-unreadable"),
        (a_folder, 65, "cover-unreadable"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)


@BAD_COVERS
def test_an_episodes_cover_is_refused_before_the_work(
    ngopi, show, recording, tmp_path, make, status, code
):
    path = make(tmp_path)

    refused(
        ngopi,
        show,
        "ingest",
        recording,
        "--cover",
        path,
        status=status,
        code=code,
        says=[str(path)],
    )


@BAD_COVERS
def test_the_shows_cover_is_refused_before_the_work(
    ngopi, show, recording, tmp_path, make, status, code
):
    path = make(tmp_path)
    settings = show / "ngopi.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('"cover.jpg"', f"'{path}'"), encoding="utf-8")

    for command in (("ingest", recording), ("publish",)):
        refused(ngopi, show, *command, status=status, code=code, says=[str(path)])


def test_a_cover_with_transparent_parts_is_taken_with_a_remark(ngopi, show, recording, tmp_path):
    clear = Image.new("RGBA", (3000, 3000), (0, 0, 0, 0))
    ImageDraw.Draw(clear).rectangle((0, 0, 1500, 1500), fill="red")
    clear.save(tmp_path / "sampul.png")

    made = ngopi("ingest", recording, "--cover", tmp_path / "sampul.png")

    assert made.status == 0
    assert "transparent" in made.err
    assert "episodes/rapat/cover.png" in tree(show)
