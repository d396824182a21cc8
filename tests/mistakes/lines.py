"""Slips in one line of a file, and lines that stand in the wrong place of ngopi.toml."""

from __future__ import annotations

import re

from mistakes.table import (
    EPISODE,
    SETTINGS,
    Mistake,
    by_hand,
    line,
    put,
    swap,
    take_nearest,
)

TITLE = 'title = "Ngopi"'


def slip(name, key, new, says, mend, **more):
    """Return the mistake of writing *new* for the line of *key*."""
    return Mistake(
        name=f"line: {name}", argv=("list",), code="bad-config", did=line(SETTINGS, key, new),
        says=says if isinstance(says, tuple) else (says,), mend=mend, **more,
    )  # fmt: skip


MARKS = [
    slip(f"quotation marks {one}{two}", "title", f"title = {one}Ngopi{two}",
         ("not plain quotation marks", one, two), put(TITLE))
    for one, two in ("“”", "„“", "‘’", "«»", "″″", "＂＂", "``", '“"')  # noqa: RUF001
] + [
    slip("no quotation marks", "title", "title = Ngopi Pagi", "needs its quotation marks",
         put(TITLE)),
    slip("no second quotation mark", "title", 'title = "Ngopi', "a quotation mark is missing",
         put(TITLE)),
    slip("no first quotation mark", "title", 'title = Ngopi"', "a quotation mark is missing",
         put(TITLE)),
    slip("a text over two lines", "description", 'description = "Ngopi\npagi"',
         "a quotation mark is missing",
         by_hand(swap(SETTINGS, '"Ngopi\npagi"', '"Ngopi pagi"'))),
    slip("quotation marks inside", "title", 'title = "Ngopi "Pagi" kita"',
         "write ' for those inside", put("title = \"Ngopi 'Pagi' kita\"")),
    slip("backslashes", "intro", 'intro = "C:\\Users\\Rani\\intro.wav"', "write / in its place",
         put("")),
]  # fmt: skip

SIGNS = [
    slip("a colon for =", "title", 'title: "Ngopi"', "write = between", put(TITLE)),
    slip("nothing after =", "title", "title =", "nothing stands after =", put(TITLE)),
    slip("nothing but a remark after =", "title", "title = # nanti", "nothing stands after =",
         put(TITLE)),
    slip("a key of two words", "title", 'nama acara = "Ngopi"', '"nama acara" is not one word',
         put(TITLE)),
    slip("a remark after //", "title", f"{TITLE} // judul", "begins with #",
         put(f"{TITLE} # judul")),
    slip("a remark alone after //", "title", f"{TITLE}\n// judul", "begins with #",
         put("# judul")),
    slip("a semicolon behind", "title", f"{TITLE};", "delete ;", put(TITLE)),
    slip("a comma behind", "title", f"{TITLE},", "delete ,", put(TITLE)),
    slip("a line of words", "title", f"{TITLE}\nacara kami", "begins with #", put("# acara kami")),
    slip("dashes as in other programs", "title", f"{TITLE}\n---", "delete that line", put("")),
    slip("pluses as in episode.md", "title", f"{TITLE}\n+++", "delete that line", put("")),
    slip("versions that git could not merge", "title",
         f"<<<<<<< HEAD\n{TITLE}\n=======\n{TITLE}\n>>>>>>> rekan", "git",
         by_hand(swap(SETTINGS, f"<<<<<<< HEAD\n{TITLE}\n=======\n{TITLE}\n>>>>>>> rekan", TITLE))),
    slip("a blank that is none", "title", f"\u00a0{TITLE}", "⟨U+00A0⟩", put(TITLE)),
    slip("blanks that are none beside =", "title", TITLE.replace(" ", "\u00a0"), "⟨U+00A0⟩",
         put(TITLE)),
    slip("a letter that nobody sees", "title", f"\u200b{TITLE}", "⟨U+200B⟩", put(TITLE)),
    slip("a mark of UTF-8 in the middle", "title", f"\ufeff{TITLE}", "⟨U+FEFF⟩", put(TITLE)),
    slip("a form feed", "title", 'title = "Ngo\fpi"', "\\x0c", put(TITLE)),
]  # fmt: skip

SECONDS = "kept_silence_s = 0.5"
NUMBERS = [
    slip(f"the number {wrong}", "kept_silence_s", f"kept_silence_s = {wrong}", says, put(SECONDS))
    for wrong, says in (
        ("0,5", "write a point"),
        (".5", "begins with a digit"),
        ("0.5s", "without a unit"),
        ("0.5 detik", "without a unit"),
        ('"setengah"', "must be a number"),
        ("00.5", "no zero stands before"),
    )
] + [
    slip(f"a dash {dash} for the minus", "target_lufs", f"target_lufs = {dash}16", "the minus",
         put("target_lufs = -16"))
    for dash in "−–—"  # noqa: RUF001
] + [
    slip("LUFS behind a number", "target_lufs", "target_lufs = -16 LUFS", "without a unit",
         put("target_lufs = -16")),
    slip("kbps behind a number", "bitrate_kbps", "bitrate_kbps = 128k", "without a unit",
         put("bitrate_kbps = 128")),
] + [
    slip(f"{wrong} for true", "leveller", f"leveller = {wrong}", "true or false",
         put("leveller = true"))
    for wrong in ("True", "TRUE", "ya", "yes", "on", '"mungkin"', "7")
]  # fmt: skip

INDONESIAN = [
    slip(f"{wrong} for {key}", key, f"{wrong} = {value}", f'did you mean "{key}"',
         take_nearest(wrong))
    for wrong, key, value in (
        ("judul", "title", '"Ngopi"'),
        ("deskripsi", "description", '"Ngopi"'),
        ("penulis", "author", '"Humas"'),
        ("bahasa", "language", '"id"'),
        ("kategori", "category", '"Government"'),
        ("zona_waktu", "timezone", '"Asia/Jakarta"'),
        ("sampul", "cover", '"cover.jpg"'),
        ("tautan", "link", '"https://example.org"'),
        ("surel", "email", '"humas@example.org"'),
        ("hak_cipta", "copyright", '"CC BY 4.0"'),
        ("alamat_publik", "public_url", '"http://127.0.0.1:8000"'),
    )
]  # fmt: skip


def _told_once(desk, told, argv):
    """Hold that one mistake is told as one, then write the line that is missing."""
    assert told.message.count("\n") == 1, told
    wanted = re.search(r"\[(\w+)\] is missing", told.message)
    assert wanted, told
    number = int(re.search(r":(\d+): ", told.message)[1])
    lines = desk.read(SETTINGS).splitlines()
    lines.insert(number - 1, f"[{wanted[1]}]")
    desk.write(SETTINGS, "\n".join(lines) + "\n")


def _put_under(desk, told, argv):
    """Move the line that is named under the table that is named."""
    assert told.message.count("\n") == 1, told
    table = re.search(r"belongs under (\[\w+\])", told.message)[1]
    number = int(re.search(r":(\d+): ", told.message)[1])
    lines = desk.read(SETTINGS).splitlines()
    moved = lines.pop(number - 1)
    lines.insert(lines.index(table) + 1, moved)
    desk.write(SETTINGS, "\n".join(lines) + "\n")


def _take_table(desk, told, argv):
    assert told.message.count("\n") == 1, told
    said = re.search(r"(\[\w+\]).*did you mean (\[\w+\])", told.message)
    assert said, told
    swap(SETTINGS, said[1], said[2])(desk)


def table(name, old, new, says, mend):
    """Return a mistake with the lines in brackets."""
    return Mistake(
        name=f"table: {name}", argv=("list",), code="bad-config", did=swap(SETTINGS, old, new),
        says=(says,), mend=mend,
    )  # fmt: skip


TABLES = [
    table(f"[{name}] is missing", f"[{name}]\n", "\n", f"[{name}] is missing", _told_once)
    for name in ("show", "store", "audio", "workflow")
] + [
    table(f"[{wrong}] for [{name}]", f"[{name}]", f"[{wrong}]", f"[{wrong}]", _take_table)
    for wrong, name in (
        ("Show", "show"), ("acara", "show"), ("podcast", "show"), ("siniar", "show"),
        ("AUDIO", "audio"), ("suara", "audio"), ("stores", "store"), ("penyimpanan", "store"),
        ("workflows", "workflow"),
    )
] + [
    table("a timezone under [store]", "[store]\n", '[store]\ncopyright = "Humas"\n',
          "belongs under [show]", _put_under),
    table("a loudness under [show]", "[store]\n", "target_lufs = -16\n[store]\n",
          "belongs under [audio]", _put_under),
    table("the editor under [show]", "[store]\n", "longest_pause_s = 2\n[store]\n",
          "belongs under [audio]", _put_under),
    table("a title before [show]", "[show]\n", 'copyright = "Humas"\n[show]\n',
          "belongs under [show]", _put_under),
    table("no second bracket", "[audio]\n", "[audio\n", "each [ needs its ]",
          by_hand(swap(SETTINGS, "[audio\n", "[audio]\n"))),
    table("round brackets", "[audio]\n", "(audio)\n", "square brackets",
          by_hand(swap(SETTINGS, "(audio)", "[audio]"))),
    table("twice", "[workflow]\n", "[audio]\nlongest_pause_s = 2\n[workflow]\n",
          "[audio] stands there twice",
          by_hand(swap(SETTINGS, "[audio]\nlongest_pause_s = 2\n", ""))),
    table("two brackets", "[audio]\n", "[[audio]]\n", "write [audio]",
          by_hand(swap(SETTINGS, "[[audio]]", "[audio]"))),
]  # fmt: skip


def front(name, new, says, mend):
    """Return a mistake of one line in an episode.md."""
    return Mistake(
        name=f"episode line: {name}", argv=("list",), code="bad-episode",
        did=line(EPISODE, "kind", new), says=(says,), mend=mend,
    )  # fmt: skip


PEOPLE = 'people = [{ name = "Rani", role = "guest" }]'
FRONTS = [
    front(f"{wrong} for {key}", f"{wrong} = {value}", f'did you mean "{key}"', take_nearest(wrong))
    for wrong, key, value in (
        ("musim", "season", "2022"),
        ("nomor", "number", "3"),
        ("ringkasan", "summary", '"Isi"'),
        ("jenis", "kind", '"full"'),
        ("pembicara", "people", '[{ name = "Rani" }]'),
        ("bab", "chapters", '[{ start = "00:00", title = "A" }]'),
        ("penulis", "writer", '"Rani"'),
    )
] + [
    front("smart marks", "summary = “Isi”", "not plain quotation marks", put('summary = "Isi"')),
    front("a colon", 'summary: "Isi"', "write = between", put('summary = "Isi"')),
    front("a number with zeros", "number = 007", "no zero stands before", put("number = 7")),
    front("no comma between", PEOPLE.replace(",", ""), "a comma", put(PEOPLE)),
    front("no brace", PEOPLE.replace(" }", ""), "a curly bracket is missing", put(PEOPLE)),
    front("no bracket", PEOPLE.replace("]", ""), "each [ needs its ]", put(PEOPLE)),
    front("round brackets", 'people = ("Rani")', "square brackets", put(PEOPLE)),
]  # fmt: skip

ROWS = [*MARKS, *SIGNS, *NUMBERS, *INDONESIAN, *TABLES, *FRONTS]
