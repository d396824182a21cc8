"""Slips in ngopi.toml."""

from __future__ import annotations

import re

from mistakes.table import (
    SETTINGS,
    Mistake,
    by_hand,
    choose,
    line,
    put,
    swap,
    take_example,
    take_nearest,
)


def slip(name, key, new, says, mend, **more):
    """Return the mistake of writing *new* for the line of *key*."""
    return Mistake(
        name=f"toml: {name}", argv=("publish",), code="bad-config", did=line(SETTINGS, key, new),
        says=says if isinstance(says, tuple) else (says,), mend=mend, **more,
    )  # fmt: skip


MISSPELT = [
    slip(f"{wrong} for {key}", key, f"{wrong} = {value}", f'did you mean "{key}"',
         take_nearest(wrong))
    for wrong, key, value in (
        ("tittle", "title", '"Ngopi"'),
        ("auhtor", "author", '"Humas"'),
        ("languange", "language", '"id"'),
        ("time_zone", "timezone", '"Asia/Jakarta"'),
        ("Title", "title", '"Ngopi"'),
        ("public-url", "public_url", '"http://127.0.0.1:8000"'),
        ("bit_rate_kbps", "bitrate_kbps", "128"),
        ("target_lusf", "target_lufs", "-16.0"),
        ("editor_require", "editor_required", "false"),
        ("e_mail", "email", '"humas@example.org"'),
    )
]  # fmt: skip

VALUES = [
    slip("a number for the title", "title", "title = 7", ('"title"', "quotation marks"),
         put('title = "7"')),
    slip("an empty title", "title", 'title = ""', '"title" is empty', put('title = "Ngopi"')),
    slip("an empty author", "author", 'author = " "', '"author" is empty', put('author = "H"')),
    slip("a name with blanks", "name", 'name = "Acara Kami"', ('"name"', "hyphens"),
         put('name = "acara-kami"')),
    slip("a name of Windows", "name", 'name = "con"', ('"name"', "Windows"),
         put('name = "acara"')),
    slip("a language by name", "language", 'language = "Indonesia"', '"language"',
         take_example("language")),
    slip("an underscore in a language", "language", 'language = "id_ID"', '"language"',
         take_example("language")),
    slip("a category of one's own", "category", 'category = "Politik"', '"category"',
         choose("category")),
    slip("a category in Indonesian", "category", 'category = "Pemerintah"', '"category"',
         choose("category")),
    slip("no such subcategory", "category", 'category = "News"\nsubcategory = "Pemilu"',
         ('"subcategory" of News',),
         choose("subcategory")),
    slip("WIB", "timezone", 'timezone = "WIB"', '"timezone"', take_example("timezone")),
    slip("Bandung", "timezone", 'timezone = "Asia/Bandung"', '"timezone"',
         take_example("timezone")),
    slip("GMT+7", "timezone", 'timezone = "UTC+7"', '"timezone"', take_example("timezone")),
    slip("a kind of one's own", "kind", 'kind = "berseri"', ('"kind"', "episodic"),
         choose("kind")),
    slip("an email without @", "email", 'email = "humas"', '"email"', take_example("email")),
    slip("a link without https", "link", 'link = "example.org"', ('"link"', "https://"),
         put('link = "https://example.org"')),
    slip("a cover that is no name", "cover", "cover = 3", '"cover"', take_example("cover")),
    slip("an empty guid", "guid", 'guid = ""', '"guid"', put("")),
    slip("public_url without https", "public_url", 'public_url = "media.example.org"',
         ('"public_url"', "https://"), put('public_url = "http://127.0.0.1:8000"')),
    slip("public_url with http", "public_url", 'public_url = "http://media.example.org"',
         "https://", put('public_url = "http://127.0.0.1:8000"')),
    slip("public_url of s3", "public_url", 'public_url = "s3://kopi"', "web address",
         put('public_url = "http://127.0.0.1:8000"')),
    slip("public_url under show", "link", 'public_url = "http://127.0.0.1:8000"',
         "belongs under [store]", put("")),
    slip("the feed as public_url", "public_url", 'public_url = "https://example.org/?a=1"',
         "web address", put('public_url = "http://127.0.0.1:8000"')),
    slip("a path as a store", "url", 'url = "public"', ('"url"', "file:FOLDER"),
         put('url = "file:public"')),
    slip("https as a store", "url", 'url = "https://s3.example.org/kopi"', '"url"',
         put('url = "file:public"')),
    slip("ftp as a store", "url", 'url = "ftp://example.org"', '"url"',
         put('url = "file:public"')),
    slip("an s3 without a bucket", "url", 'url = "s3://"', '"url"', put('url = "file:public"')),
    slip("a password in a store", "url", 'url = "s3://kunci:sandi@kopi"', '"url"',
         put('url = "file:public"')),
    slip("an endpoint without https", "endpoint", 'endpoint = "s3.example.org"', '"endpoint"',
         take_example("endpoint")),
    slip("an endpoint with a bucket", "endpoint", 'endpoint = "https://s3.example.org/kopi"',
         '"endpoint"', take_example("endpoint")),
    slip("too loud", "target_lufs", "target_lufs = 0", "between -31 and -9",
         put("target_lufs = -16")),
    slip("a plus for a minus", "target_lufs", "target_lufs = 16", "between -31 and -9",
         put("target_lufs = -16")),
    slip("a peak above full scale", "true_peak_dbtp", "true_peak_dbtp = 1", "between -9 and 0",
         put("true_peak_dbtp = -1.0")),
    slip("an odd bit rate", "bitrate_kbps", "bitrate_kbps = 100", '"bitrate_kbps"',
         choose("bitrate_kbps", number=4)),
    slip("bits for kilobits", "bitrate_kbps", "bitrate_kbps = 128000", '"bitrate_kbps"',
         choose("bitrate_kbps", number=4)),
    slip("stereo", "channels", 'channels = "stereo"', ('"channels"', "whole number"),
         put("channels = 2")),
    slip("5.1", "channels", "channels = 6", "1 or 2", put("channels = 2")),
    slip("milliseconds", "crossfade_s", "crossfade_s = 500", "0 to 60",
         put("crossfade_s = 0.5")),
    slip("minus seconds", "kept_silence_s", "kept_silence_s = -1", "0 to 60",
         put("kept_silence_s = 1")),
    slip("an intro on a server", "intro", 'intro = "//server/intro.wav"', "on this computer",
         put("")),
    slip("an intro that is true", "intro", "intro = true", '"intro"', put("")),
    slip("an unknown key", "link", 'warna = "merah"', ('"warna"', "these are"), put("")),
]  # fmt: skip

_VALUES = {"language": "id", "category": "Government", "timezone": "Asia/Jakarta"}


def _write_what_is_missing(desk, told, argv):
    keys = re.findall(r'"(\w+)" is missing', told.message)
    lines = [f'{key} = "{_VALUES.get(key, "acara")}"' for key in keys]
    desk.write(SETTINGS, "\n".join(["[show]", *lines, ""]))


WHOLE = [
    Mistake(
        name="toml: a line is missing", argv=("list",), code="bad-config",
        did=swap(SETTINGS, 'title = "Ngopi"\n', "\n"), says=('"title" is missing',),
        mend=by_hand(swap(SETTINGS, "[show]\n", '[show]\ntitle = "Ngopi"\n')),
    ),
    Mistake(
        name="toml: empty", argv=("list",), code="bad-config",
        did=lambda desk: desk.write(SETTINGS, ""), says=('"title" is missing',),
        mend=_write_what_is_missing,
    ),
    Mistake(
        name="toml: saved as UTF-16", argv=("list",), code="bad-config",
        did=lambda desk: (desk.show / SETTINGS).write_text(desk.read(SETTINGS), "utf-16"),
        says=("UTF-8", "Save as"),
        mend=by_hand(lambda desk: desk.write(
            SETTINGS, (desk.show / SETTINGS).read_text("utf-16")
        )),
    ),
    Mistake(
        name="toml: a folder", argv=("list",), code="bad-config",
        did=lambda desk: ((desk.show / SETTINGS).rename(desk.beside / "old.toml"),
                          (desk.show / SETTINGS).mkdir()),
        says=("it is a folder",),
        mend=by_hand(lambda desk: ((desk.show / SETTINGS).rmdir(),
                                   (desk.beside / "old.toml").rename(desk.show / SETTINGS))),
    ),
]  # fmt: skip

ROWS = [*MISSPELT, *VALUES, *WHOLE]
