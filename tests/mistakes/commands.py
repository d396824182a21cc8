"""What is typed: folders, options, names, before anything is public."""

from __future__ import annotations

from mistakes.table import (
    EPISODE,
    SETTINGS,
    Mistake,
    by_hand,
    follow,
    instead,
    line,
    plus,
    retyped,
    with_option,
    without,
)

MADE = ("--title", "Baru", "--author", "Humas")
S3 = ("--store", "s3://kopi/pagi")


def elsewhere(desk):
    """Go to a folder that is no show."""
    (desk.beside / "lain").mkdir()
    desk.monkeypatch.chdir(desk.beside / "lain")


def back(desk):
    """Go to the show's folder."""
    desk.monkeypatch.chdir(desk.show)


WRONG_FOLDER = [
    Mistake(
        name=f"no show: {argv[0]}", argv=argv, code="no-show", did=elsewhere, says=("lain",),
        hints=("cd", "--show FOLDER", "ngopi init FOLDER"), mend=by_hand(back), public=True,
    )
    for argv in (
        ("list",), ("publish",), ("ingest", "{recording}", "--episode", "satu", "--no-publish"),
        ("show", "satu"), ("pull",), ("schedule",), ("doctor",), ("gc",),
    )
] + [
    Mistake(
        name="no show: --show was meant", argv=("list",), code="no-show", did=elsewhere,
        says=("lain",), hints=("--show FOLDER",),
        mend=lambda desk, told, argv: ("--show", "{show}", *argv),
    ),
    Mistake(
        name="no show: one is made", argv=("list",), code="no-show", did=elsewhere,
        says=("lain",), hints=("ngopi init FOLDER",),
        mend=lambda desk, told, argv: (
            follow(0, *MADE, FOLDER="baru")(desk, told, argv) or ("--show", "baru", "list")
        ),
    ),
    Mistake(
        name="no config: --show of another folder", argv=("--show", "{beside}", "list"),
        code="no-config", says=("ngopi.toml",), hints=("ngopi init FOLDER",),
        mend=retyped("{beside}", "{show}"),
    ),
    Mistake(
        name="no config: --show of a misspelt folder", argv=("--show", "{show}x", "list"),
        code="no-config", says=("showx",), hints=("check the folder's name",),
        mend=retyped("{show}x", "{show}"),
    ),
    Mistake(
        name="no config: --show of ngopi.toml itself", argv=("--show", "{show}/ngopi.toml", "list"),
        code="no-config", says=("ngopi.toml",), hints=("folder",),
        mend=retyped("{show}/ngopi.toml", "{show}"),
    ),
]  # fmt: skip


def refused_init(name, option, value, says, better, **more):
    """Return an answer to init that cannot be."""
    words = [*MADE, option, value]
    if option in MADE:
        words = [*MADE]
        words[words.index(option) + 1] = value
    return Mistake(
        name=f"init: {name}", argv=("init", "{beside}/baru", *words), code="bad-answers",
        says=(says,), hints=("nothing was made",), mend=retyped(value, better), **more,
    )  # fmt: skip


INIT = [
    refused_init("an empty title", "--title", " ", '"title" is empty', "Acara"),
    refused_init("an empty author", "--author", "", '"author" is empty', "Rani"),
    refused_init("a language by name", "--language", "Indonesia", '"id"', "id"),
    refused_init("a category of one's own", "--category", "Politik", "Government", "Government"),
    refused_init("WIB", "--timezone", "WIB", "Asia/Jakarta", "Asia/Jakarta"),
    refused_init("an address without https", "--public-url", "example.org", "https://",
                 "https://example.org"),
    refused_init("a store that is a path", "--store", "public", "file:FOLDER", "file:public"),
    refused_init("an email without @", "--email", "humas", "humas@example.org",
                 "humas@example.org"),
    Mistake(
        name="init: no title", argv=("init", "{beside}/baru", "--author", "Humas"),
        code="option-missing", says=("--title",), hints=("ngopi init",), mend=instead(),
    ),
    Mistake(
        name="init: over a show", argv=("init", "{show}", *MADE), code="show-exists",
        did=elsewhere, says=("is there already",), hints=("another folder", "list"),
        mend=instead(0),
    ),
    Mistake(
        name="init: another folder", argv=("init", "{show}", *MADE), code="show-exists",
        says=("is there already",), hints=("another folder",),
        mend=retyped("{show}", "{beside}/baru"),
    ),
    Mistake(
        name="init: a file has that name", argv=("init", "{recording}", *MADE), code="usage",
        says=("file",), mend=retyped("{recording}", "{beside}/baru"),
    ),
    Mistake(
        name="init: below a file", argv=("init", "{recording}/baru", *MADE), code="disk",
        says=("rekaman.wav",), hints=("move away",),
        mend=by_hand(lambda desk: desk.recording.rename(desk.beside / "r.wav")),
    ),
    Mistake(
        name="init: a preset without a bucket",
        argv=("init", "{beside}/baru", *MADE, "--store-preset", "aws"), code="usage",
        says=("--store s3://BUCKET/PREFIX",), mend=plus("--store", "s3://kopi/pagi"),
    ),
    Mistake(
        name="init: an unknown preset", code="usage",
        argv=("init", "{beside}/baru", *MADE, *S3, "--store-preset", "gdrive"),
        says=("gdrive", "biznet"), mend=retyped("gdrive", "biznet"),
    ),
    Mistake(
        name="init: no folder", argv=("init", *MADE), code="usage", says=("DIR",),
        hints=("ngopi init --help",),
        mend=lambda desk, told, argv: ("init", "{beside}/baru", *MADE),
    ),
]  # fmt: skip

ANEW = ("ingest", "{recording}", "--episode", "satu", "--no-publish")


def refused_ingest(name, code, more, says, hints, mend, **others):
    """Return a mistake with an option of ingest, on an episode that is there."""
    return Mistake(
        name=f"ingest: {name}", argv=(*ANEW, *more), code=code, says=says, hints=hints,
        mend=mend, **others,
    )  # fmt: skip


INGEST = [
    refused_ingest("an empty title", "empty-title", ("--title", " "), ("empty",), ("--title",),
                   with_option()),
    refused_ingest("nobody", "empty-person", ("--people", ":guest"), ("nobody",), ("--people",),
                   with_option()),
    refused_ingest("a role of one's own", "unknown-role", ("--people", "Siti:jagoan"),
                   ("jagoan",), ("--people",), with_option()),
    refused_ingest("a date in words", "bad-date", ("--published", "besok"), ("besok",),
                   ("--published",), with_option()),
    refused_ingest("a date as people write it", "bad-date", ("--published", "22/11/2026"),
                   ("22/11/2026",), ("--published",), with_option()),
    refused_ingest("number zero", "bad-number", ("--number", "0"), ("1 or more",),
                   ("leave the option out",), without("--number")),
    refused_ingest("a season of minus", "bad-number", ("--season", "-1"), ("-1",),
                   ("leave the option out",), without("--season")),
    refused_ingest("a number in words", "usage", ("--number", "tiga"), ("tiga", "--number"), (),
                   retyped("tiga", "3")),
    refused_ingest("no notes there", "bad-notes", ("--notes", "{beside}/isi.md"), ("isi.md",),
                   ("check the file's name",),
                   by_hand(lambda desk: (desk.beside / "isi.md").write_text("Isi", "utf-8"))),
    refused_ingest("notes of Word", "bad-notes", ("--notes", "{beside}/isi.docx"),
                   ("UTF-8",), ("plain text",),
                   by_hand(lambda desk: (desk.beside / "isi.docx").write_text("Isi", "utf-8")),
                   did=lambda desk: (desk.beside / "isi.docx").write_bytes(b"PK\x03\x04\xff\xfe")),
    refused_ingest("a folder as notes", "bad-notes", ("--notes", "{beside}"), ("folder",),
                   ("check the file's name",), without("--notes")),
    refused_ingest("no cover there", "no-such-cover", ("--cover", "{beside}/c.jpg"), ("c.jpg",),
                   ("check",), retyped("{beside}/c.jpg", "{show}/cover.jpg")),
    refused_ingest("a misspelt option", "usage", ("--titel", "Baru"), ("--titel", "--title"), (),
                   retyped("--titel", "--title")),
    refused_ingest("a second name that is no file", "no-such-recording", ("baru.wav",),
                   ("baru.wav",), ("check the name",),
                   lambda desk, told, argv: ANEW),
    Mistake(
        name="ingest: no recording there", argv=("ingest", "{beside}/r.wav", "--no-publish"),
        code="no-such-recording", says=("r.wav",), hints=("check the name",),
        mend=by_hand(lambda desk: (desk.beside / "r.wav").write_bytes(
            desk.recording.read_bytes() + b"\0\0\0\0")),
    ),
    Mistake(
        name="ingest: a folder", argv=("ingest", "{beside}", *ANEW[2:]), code="folder-recording",
        says=("folder",), hints=("name the recording inside",),
        mend=retyped("{beside}", "{recording}"),
    ),
    Mistake(
        name="ingest: an empty file", argv=("ingest", "{beside}/kosong.wav", *ANEW[2:]),
        code="empty-recording", did=lambda desk: (desk.beside / "kosong.wav").touch(),
        says=("0 bytes",), hints=("real file",),
        mend=retyped("{beside}/kosong.wav", "{recording}"),
    ),
    Mistake(
        name="ingest: a text", argv=("ingest", "{show}/ngopi.toml", *ANEW[2:]),
        code="not-a-recording", says=("ngopi.toml",), hints=("the sound", "WAV", "MP3"),
        mend=retyped("{show}/ngopi.toml", "{recording}"),
    ),
    Mistake(
        name="ingest: a picture", argv=("ingest", "{show}/cover.jpg", *ANEW[2:]),
        code="not-a-recording", says=("cover.jpg",), hints=("the sound",),
        mend=retyped("{show}/cover.jpg", "{recording}"),
    ),
    Mistake(
        name="ingest: no recording named", argv=("ingest", *ANEW[2:]), code="usage",
        says=("RECORDING",), hints=("ngopi ingest --help",),
        mend=lambda desk, told, argv: ANEW,
    ),
    Mistake(
        name="ingest: known", argv=("ingest", "{recording}"), code="recording-known",
        public=True, says=('"satu"', "already"), hints=("ngopi show satu",),
        mend=instead(0),
    ),
    Mistake(
        name="ingest: known, made anew", argv=("ingest", "{recording}"), code="recording-known",
        public=True, says=('"satu"',), hints=("--episode satu",), mend=instead(1),
    ),
    Mistake(
        name="ingest: a slug with capitals", argv=(*ANEW[:3], "Satu", "--no-publish"),
        code="bad-slug", says=('"Satu"',), hints=("small letters", "--episode satu"),
        mend=with_option(),
    ),
    Mistake(
        name="ingest: a slug with blanks", argv=(*ANEW[:3], "satu ", "--no-publish"),
        code="bad-slug", says=("satu",), hints=("--episode satu",), mend=with_option(),
    ),
]  # fmt: skip


def unknown_slug(argv, name, **more):
    """Return a command on an episode that nobody knows."""
    return Mistake(
        name=f"no such episode: {name}", argv=argv, code="no-such-episode", says=('"dua"',),
        hints=("ngopi list",),
        mend=lambda desk, told, argv: follow()(desk, told, argv) or tuple(
            "satu" if word == "dua" else word for word in argv
        ), **more,
    )  # fmt: skip


NAMES = [
    unknown_slug(("show", "dua"), "show"),
    unknown_slug(("approve", "dua", "--as", "WG"), "approve"),
    unknown_slug(("replace", "dua", "{recording}"), "replace"),
    Mistake(
        name="show: the title for the name", argv=("show", "Satu"), code="no-such-episode",
        says=('"Satu"',), hints=("ngopi list",), mend=retyped("Satu", "satu"),
    ),
    Mistake(
        name="show: no name", argv=("show",), code="usage", says=("SLUG",), mend=plus("satu"),
    ),
    Mistake(
        name="show: a plot that is no png", argv=("show", "satu", "--plot", "{beside}/suara.jpg"),
        code="output-ending", says=(".png",), hints=("suara.png",),
        mend=lambda desk, told, argv: (*argv[:3], told.hint.removeprefix("call it ")),
    ),
    Mistake(
        name="show: a plot into no folder", argv=("show", "satu", "--plot", "{beside}/a/s.png"),
        code="no-output-folder", says=("no folder",), hints=("make that folder",),
        mend=by_hand(lambda desk: (desk.beside / "a").mkdir()),
    ),
    Mistake(
        name="show: a plot of an unknown sound", argv=("show", "satu", "--plot", "{beside}/s.png"),
        code="no-curve",
        did=lambda desk: desk.write(
            "episodes/satu/audio.toml",
            desk.read("episodes/satu/audio.toml").partition("[curve]")[0],
        ),
        says=('"satu"',), hints=("ingest",),
        mend=follow(0, "--no-publish"),
    ),
]  # fmt: skip

APPROVALS = [
    Mistake(
        name="approve: nobody knows the writer", argv=("approve", "satu", "--as", "WG"),
        code="no-writer",
        did=line(SETTINGS, "editor_required", "editor_required = true"),
        says=("who wrote",), hints=('writer = "Rani"', "episodes/satu/episode.md"),
        mend=by_hand(line(EPISODE, "kind", 'kind = "full"\nwriter = "Rani"')),
    ),
    Mistake(
        name="approve: one's own", argv=("approve", "satu", "--as", "Rani"),
        code="approver-is-writer",
        did=line(EPISODE, "kind", 'kind = "full"\nwriter = "Rani"'),
        says=("Rani wrote",), hints=("ask another person", "ngopi approve satu --as NAME"),
        mend=instead(),
    ),
    Mistake(
        name="approve: as nobody", argv=("approve", "satu", "--as", " "), code="empty-person",
        says=("names nobody",), hints=("--as",), mend=retyped(" ", "WG"),
    ),
    Mistake(
        name="approve: without --as", argv=("approve", "satu"), code="usage", says=("--as",),
        hints=("ngopi approve --help",), mend=plus("--as", "WG"),
    ),
    Mistake(
        name="approve: no audio", argv=("approve", "satu", "--as", "WG"),
        code="nothing-to-approve",
        did=lambda desk: (desk.show / "episodes/satu/audio.toml").unlink(), says=("no audio",),
        hints=("ngopi ingest RECORDING --episode satu",), mend=follow(),
    ),
]  # fmt: skip

NOT_YET = [
    Mistake(
        name=f"nothing public: {argv[0]}", argv=argv, code="nothing-public",
        says=("Nothing has been published",), hints=("ngopi publish",), mend=follow(1),
    )
    for argv in (("history",), ("pull",), ("retract", "satu"))
] + [
    Mistake(
        name="nothing public: rollback", argv=("rollback",), code="nothing-public",
        says=("Nothing has been published",), mend=follow(1), further=("no-such-history",),
    ),
    Mistake(
        name="nothing public: restore", argv=("restore", "satu"), code="nothing-public",
        says=("Nothing has been published",), mend=follow(1), further=("not-retracted",),
    ),
    Mistake(
        name="nothing public: check", argv=("check",), code="no-feed-yet",
        says=("no feed",), hints=("ngopi publish",), mend=follow(),
    ),
    Mistake(
        name="nothing public: check, a colleague published", argv=("check",), code="no-feed-yet",
        public=True, did=lambda desk: [path.unlink() for path in (desk.show / "feeds").iterdir()],
        says=("no feed",), hints=("ngopi pull",), mend=follow(1),
    ),
    Mistake(
        name="who: a name of dots", argv=("--by", "...", "publish"), code="usage",
        says=("letters", "Rani"), mend=retyped("...", "Rani"),
    ),
    Mistake(
        name="language: Indonesia", argv=("--lang", "Indonesia", "list"), code="usage",
        says=("Indonesia", "id"), mend=retyped("Indonesia", "id"),
    ),
    Mistake(
        name="publish: --take mine", argv=("publish", "--take", "mine"), code="usage",
        says=("ours", "theirs"), mend=retyped("mine", "ours"),
    ),
    Mistake(
        name="serve: a port in words", argv=("serve", "--port", "http"), code="usage",
        says=("http",), mend=lambda desk, told, argv: ("serve", "--help"),
    ),
    Mistake(
        name="history: none of them", argv=("history", "--most", "0"), code="usage", public=True,
        says=("0",), mend=retyped("0", "1"),
    ),
]  # fmt: skip

ROWS = [*WRONG_FOLDER, *INIT, *INGEST, *NAMES, *APPROVALS, *NOT_YET]
