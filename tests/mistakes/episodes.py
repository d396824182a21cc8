"""Slips in episode.md."""

from __future__ import annotations

from mistakes.table import (
    EPISODE,
    Mistake,
    all_of,
    by_hand,
    choose,
    line,
    put,
    swap,
    take_example,
    take_nearest,
)

FOLDER = "episodes/satu"


def slip(name, key, new, says, mend, **more):
    """Return the mistake of writing *new* for the line of *key*."""
    return Mistake(
        name=f"episode.md: {name}", argv=("publish",), code="bad-episode",
        did=line(EPISODE, key, new), says=says if isinstance(says, tuple) else (says,), mend=mend,
        **more,
    )  # fmt: skip


def behind(new):
    """Return a line for the kind with *new* below it."""
    return f'kind = "full"\n{new}'


MISSPELT = [
    slip(f"{wrong} for {key}", at, f"{wrong} = {value}", f'did you mean "{key}"',
         take_nearest(wrong))
    for wrong, key, at, value in (
        ("tittle", "title", "title", '"Satu"'),
        ("Title", "title", "title", '"Satu"'),
        ("publised", "published", "published", "2024-01-01T10:00:00+07:00"),
        ("seasons", "season", "kind", "1"),
        ("peoples", "people", "kind", '[{ name = "Rani" }]'),
        ("chapter", "chapters", "kind", '[{ start = "00:00", title = "A" }]'),
        ("sumary", "summary", "kind", '"Isi"'),
    )
]  # fmt: skip

SLIPS = [
    slip("an empty title", "title", 'title = ""', '"title" is empty', put('title = "Satu"')),
    slip("a number as the title", "title", "title = 1", ('"title"', "quotation marks"),
         put('title = "1"')),
    slip("a number in marks", "kind", 'number = "tiga"', ('"number"', "whole number"),
         put("number = 3")),
    slip("number zero", "kind", "number = 0", ('"number"', "leave the line out"), put("")),
    slip("half a number", "kind", "number = 1.5", ('"number"', "whole number"),
         put("number = 2")),
    slip("a kind in Indonesian", "kind", 'kind = "penuh"', ('"kind"', "full"), choose("kind")),
    slip("an unknown key", "kind", 'tema = "pemilu"', ('"tema"', "these are"), put("")),
    slip("explicit of text", "kind", 'explicit = "tidak"', "true or false",
         put("explicit = false")),
]  # fmt: skip

DATES = [
    slip(f"the date {wrong}", "published", f"published = {wrong}", says,
         take_example("published"))
    for wrong, says in (
        ('"besok"', "must be a date with its time"),
        ('"22 November 2026"', "must be a date with its time"),
        ("2026", "must be a date with its time"),
        ("16:00:00", "must be a date with its time"),
        ("true", "must be a date with its time"),
    )
] + [
    slip("a date of long ago", "published", "published = 1926-11-22T10:00:00+07:00",
         "between the years", put("published = 2026-11-22T10:00:00+07:00")),
]  # fmt: skip

PEOPLE = [
    slip("a name for people", "kind", 'people = "Rani"', ('"people"', "list"),
         put('people = [{ name = "Rani" }]')),
    slip("names for people", "kind", 'people = ["Rani"]', ('"people', "table"),
         put('people = [{ name = "Rani" }]')),
    slip("a table for people", "kind", 'people = { name = "Rani" }', ('"people"', "list"),
         put('people = [{ name = "Rani" }]')),
    slip("people without a name", "kind", 'people = [{ role = "guest" }]',
         ('"people', "missing"), put('people = [{ name = "Rani", role = "guest" }]')),
    slip("people of an empty name", "kind", 'people = [{ name = "" }]', "without a name",
         put('people = [{ name = "Rani" }]')),
    slip("people of a role of their own", "kind",
         'people = [{ name = "Rani", role = "jagoan" }]', ("jagoan", "nearest"),
         put('people = [{ name = "Rani", role = "guest" }]')),
    slip("people with Nama", "kind", 'people = [{ nama = "Rani" }]', '"people',
         put('people = [{ name = "Rani" }]')),
    slip("a writer in a list", "kind", 'writer = ["Rani"]', ('"writer"', "quotation marks"),
         put('writer = "Rani"')),
]  # fmt: skip

CHAPTERS = [
    slip("chapters as text", "kind", 'chapters = "Pembukaan"', "must be a list",
         take_example("chapters")),
    slip("a chapter at a number", "kind", 'chapters = [{ start = 0, title = "A" }]',
         "between quotation marks", put('chapters = [{ start = "00:00", title = "A" }]')),
    slip("a chapter without a title", "kind", 'chapters = [{ start = "00:00" }]', "no title",
         put('chapters = [{ start = "00:00", title = "A" }]')),
    slip("a chapter with judul", "kind", 'chapters = [{ start = "00:00", judul = "A" }]',
         '"judul"', put('chapters = [{ start = "00:00", title = "A" }]')),
    slip("chapters out of order", "kind",
         'chapters = [{ start = "00:01", title = "A" }, { start = "00:00", title = "B" }]',
         "later than the one before",
         put('chapters = [{ start = "00:00", title = "B" }, { start = "00:01", title = "A" }]')),
    slip("a chapter after the end", "kind", 'chapters = [{ start = "12:30", title = "A" }]',
         "the episode ends at", put("")),
]  # fmt: skip


def fences(name, edit, says):
    """Return a mistake with the two lines of +++."""
    return Mistake(
        name=f"episode.md: {name}", argv=("list",), code="bad-episode",
        did=lambda desk: (desk.kept.update(text=desk.read(EPISODE)),
                          desk.write(EPISODE, edit(desk.read(EPISODE)))),
        says=says, mend=by_hand(lambda desk: desk.write(EPISODE, desk.kept["text"])),
    )  # fmt: skip


FENCES = [
    fences("empty", lambda _text: "", ("+++",)),
    fences("no first fence", lambda text: text.removeprefix("+++\n"), ("must begin with +++",)),
    fences("one fence only", lambda text: text[::-1].replace("+++", "", 1)[::-1], ("second",)),
    fences("dashes for pluses", lambda text: text.replace("+++", "---"), ("+++",)),
    fences("an empty line first", lambda text: f"\n{text}", ("must begin with +++",)),
    fences("no title", lambda text: text.replace('title = "Satu"\n', ""),
           ('"title" is missing',)),
]  # fmt: skip

FILES = [
    Mistake(
        name="episode: saved as UTF-16", argv=("list",), code="bad-episode",
        did=lambda desk: (desk.show / EPISODE).write_text(desk.read(EPISODE), "utf-16"),
        says=("UTF-8",),
        mend=by_hand(lambda desk: desk.write(
            EPISODE, (desk.show / EPISODE).read_text("utf-16")
        )),
    ),
    Mistake(
        name="episode: a folder with blanks", argv=("list",), code="bad-episode",
        did=lambda desk: (desk.show / FOLDER).rename(desk.show / "episodes/Episode Satu"),
        says=("Episode Satu", "small letters"),
        mend=by_hand(lambda desk: (desk.show / "episodes/Episode Satu").rename(
            desk.show / "episodes/episode-satu"
        )),
    ),
    Mistake(
        name="episode: a folder of Windows", argv=("list",), code="bad-episode",
        did=lambda desk: (desk.show / FOLDER).rename(desk.show / "episodes/aux"),
        says=("aux", "Windows"),
        mend=by_hand(lambda desk: (desk.show / "episodes/aux").rename(desk.show / FOLDER)),
    ),
    Mistake(
        name="episode: a folder of pictures", argv=("publish",), code="bad-episode",
        did=lambda desk: (desk.show / "episodes/foto").mkdir(),
        says=("foto/episode.md", "missing", "move a folder"),
        mend=by_hand(lambda desk: (desk.show / "episodes/foto").rename(desk.beside / "foto")),
    ),
    Mistake(
        name="episode: its audio.toml was touched", argv=("publish",), code="bad-episode",
        did=swap("episodes/satu/audio.toml", "duration_s", "lama"),
        says=("satu/audio.toml", "duration_s"),
        mend=by_hand(swap("episodes/satu/audio.toml", "lama", "duration_s")),
    ),
    Mistake(
        name="episode: a copy keeps the guid", argv=("publish",), code="guid-reused",
        did=lambda desk: _copied(desk, "dua"), says=('"satu"', '"dua"', "same guid"),
        hints=("guid of its own",),
        mend=lambda desk, told, argv: line(
            "episodes/dua/episode.md", "guid", told.hint.partition("for instance ")[2]
        )(desk),
    ),
    Mistake(
        name="episode: the guid of a public one was changed", argv=("publish",),
        code="guid-changed", public=True, did=line(EPISODE, "guid", 'guid = "lain"'),
        says=('"satu"', "lain", "twice"), hints=("write guid = ",),
        mend=lambda desk, told, argv: line(
            EPISODE, "guid", told.hint.removeprefix("write ").partition(" into ")[0]
        )(desk),
    ),
    Mistake(
        name="episode: its audio is gone", argv=("publish",), code="media-missing",
        did=lambda desk: [path.unlink() for path in (desk.show / "media").iterdir()],
        says=('"satu"',), hints=("ngopi ingest RECORDING --episode satu",),
        mend=lambda desk, told, argv: tuple(
            {"RECORDING": "{recording}"}.get(word, word)
            for word in told.hint.partition("ngopi ")[2].split()
        ),
    ),
    Mistake(
        name="episode: two mistakes at once", argv=("list",), code="bad-episode",
        did=all_of(line(EPISODE, "title", "title = 1"), line(EPISODE, "kind", 'kind = "lain"')),
        says=('"title"', '"kind"'),
        mend=by_hand(all_of(line(EPISODE, "title", 'title = "1"'),
                            line(EPISODE, "kind", 'kind = "full"'))),
    ),
]  # fmt: skip


def _copied(desk, slug):
    copy = desk.show / "episodes" / slug
    copy.mkdir()
    for path in (desk.show / FOLDER).iterdir():
        (copy / path.name).write_bytes(path.read_bytes())


ROWS = [*MISSPELT, *SLIPS, *DATES, *PEOPLE, *CHAPTERS, *FENCES, *FILES]
