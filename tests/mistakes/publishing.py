"""What goes wrong between a folder, its store and colleagues."""

from __future__ import annotations

import json
import re
import shutil

from mistakes.table import (
    EPISODE,
    SETTINGS,
    Mistake,
    all_of,
    by_hand,
    follow,
    instead,
    line,
    ran,
    retyped,
    without,
)
from ngopi.atomic import lock


def colleague_retitled(desk):
    """Let a colleague with a folder of their own publish another title."""
    theirs = shutil.copytree(desk.show, desk.beside / "rekan")
    swap_store(desk.show, theirs)
    path = theirs / EPISODE
    path.write_text(re.sub(r"(?m)^title = .*", 'title = "Rekan"', path.read_text("utf-8")), "utf-8")
    assert desk.run("--show", theirs, "--by", "Rekan", "publish").status == 0


def swap_store(show, theirs):
    """Let both folders publish to the store of *show*."""
    path = theirs / SETTINGS
    store = (show / "public").as_posix()
    path.write_text(path.read_text("utf-8").replace("file:public", f"file:{store}"), "utf-8")


def colleague_renamed_the_show(desk):
    """Let a colleague publish another author."""
    theirs = shutil.copytree(desk.show, desk.beside / "rekan")
    swap_store(desk.show, theirs)
    path = theirs / SETTINGS
    path.write_text(
        re.sub(r"(?m)^author = .*", 'author = "Rekan"', path.read_text("utf-8")), "utf-8"
    )
    assert desk.run("--show", theirs, "--by", "Rekan", "publish").status == 0


def clash(name, mend, **more):
    """Return a title that was changed in two folders."""
    return Mistake(
        name=f"clash: {name}", argv=("publish",), code="clash", public=True,
        did=all_of(colleague_retitled, line(EPISODE, "title", 'title = "Saya"')),
        says=('"satu"', "Rekan"), hints=("--take ours", "ngopi pull --take theirs"), mend=mend,
        **more,
    )  # fmt: skip


COLLEAGUES = [
    clash("mine", instead(0)),
    clash("theirs", follow(1)),
    Mistake(
        name="show clash: mine", argv=("publish",), code="show-clash", public=True,
        did=all_of(colleague_renamed_the_show, line(SETTINGS, "author", 'author = "Saya"')),
        says=("ngopi.toml", "Rekan"), mend=instead(0),
    ),
    Mistake(
        name="show clash: theirs", argv=("publish",), code="show-clash", public=True,
        did=all_of(colleague_renamed_the_show, line(SETTINGS, "author", 'author = "Saya"')),
        says=("ngopi.toml", "Rekan"), mend=instead(1),
    ),
    Mistake(
        name="guid: the show's was made up", argv=("publish",), code="show-guid-changed",
        public=True, did=line(SETTINGS, "guid", 'guid = "917393e3-1b1e-5cef-ace4-edaa54e1f810"'),
        says=("public with the podcast guid",), hints=("delete that line",),
        mend=by_hand(line(SETTINGS, "guid", "")),
    ),
    Mistake(
        name="guid: the show's as the hint says", argv=("publish",), code="show-guid-changed",
        public=True, did=line(SETTINGS, "guid", 'guid = "917393e3-1b1e-5cef-ace4-edaa54e1f810"'),
        says=("podcast guid",), hints=("write guid = ",),
        mend=lambda desk, told, argv: line(
            SETTINGS, "guid", told.hint.removeprefix("write ").partition(" under")[0]
        )(desk),
    ),
    Mistake(
        name="another show in the store", argv=("--show", "{beside}/lain", "publish"),
        code="another-show", public=True,
        did=ran("init", "{beside}/lain", "--title", "Lain", "--author", "Lain",
                "--store", "file:../show/public"),
        says=('"Lain"', "another one"), hints=("a place of its own",),
        mend=by_hand(line("../lain/ngopi.toml", "url", 'url = "file:public"')),
    ),
    Mistake(
        name="locked: another run", argv=("publish",), code="locked",
        did=lambda desk: (desk.kept.update(lock=lock(desk.show / ".ngopi.lock")),
                          desk.kept["lock"].__enter__()),
        says=("Another run",), hints=("wait until it has finished",),
        mend=by_hand(lambda desk: desk.kept["lock"].__exit__(None, None, None)),
    ),
]  # fmt: skip

HISTORY = [
    Mistake(
        name="retract: not public", argv=("retract", "dua"), code="not-public-episode",
        public=True, says=('"dua"',), hints=("ngopi list",),
        mend=lambda desk, told, argv: (
            follow()(desk, told, argv) or ("retract", desk.ngopi("list", "--json").json[0]["slug"])
        ),
    ),
    Mistake(
        name="retract: with its audio, in a pipe", argv=("retract", "satu", "--delete-audio"),
        code="option-missing", public=True, says=("--yes",), hints=("--yes",), mend=instead(),
    ),
    Mistake(
        name="restore: not retracted", argv=("restore", "satu"), code="not-retracted",
        public=True, says=('"satu"',), hints=("ngopi history",),
        mend=lambda desk, told, argv: follow()(desk, told, argv) or ("list",),
    ),
    Mistake(
        name="restore: the audio is deleted", argv=("restore", "satu"), code="audio-gone",
        public=True,
        did=all_of(
            ran("retract", "satu", "--delete-audio", "--yes"),
            lambda desk: [path.unlink() for path in (desk.show / "media").iterdir()],
        ),
        says=("no longer in the store",), hints=("ngopi ingest RECORDING --episode satu",),
        # The same recording makes the same file, which was deleted on purpose: that is asked.
        mend=lambda desk, told, argv: (
            follow(0, "--no-publish")(desk, told, argv) or (*argv, "--deleted-audio")
        ),
    ),
    Mistake(
        name="rollback: no such state", argv=("rollback", "9"), code="no-such-history",
        public=True, says=("9",), hints=("ngopi history",),
        mend=lambda desk, told, argv: (
            follow()(desk, told, argv)
            or ("rollback", str(desk.ngopi("history", "--json").json[-1]["seq"]))
        ),
    ),
    Mistake(
        name="rollback: the first state", argv=("rollback",), code="no-such-history",
        public=True, says=("no state",), hints=("ngopi history",),
        mend=lambda desk, told, argv: follow()(desk, told, argv) or ("rollback", "1"),
    ),
    Mistake(
        name="rollback: a name for a number", argv=("rollback", "satu"), code="usage",
        public=True, says=("satu",), mend=retyped("satu", "1"),
    ),
    Mistake(
        name="replace: no recording", argv=("replace", "satu", "{beside}/tidak-ada.wav"),
        code="no-such-recording", public=True, says=("tidak-ada.wav",), hints=("check the name",),
        mend=retyped("{beside}/tidak-ada.wav", "{recording}"),
    ),
]  # fmt: skip


def at(url, *, name, code, says, hints, mend, **more):
    """Return a store that cannot be."""
    return Mistake(
        name=f"store: {name}", argv=("publish",), code=code,
        did=line(SETTINGS, "url", url), says=says, hints=hints, mend=mend, **more,
    )  # fmt: skip


def folder_again(desk):
    """Write the folder store's line."""
    text = desk.read(SETTINGS)
    text = re.sub(r"(?m)^url = .*(\n(preset|endpoint|profile) = .*)*", 'url = "file:public"', text)
    desk.write(SETTINGS, text)


STORES = [
    at('url = "s3://Kopi Pagi/x"', name="a bucket with blanks", code="bad-store-address",
       says=("Kopi Pagi",), hints=("s3://BUCKET/FOLDER",), mend=by_hand(folder_again)),
    at('url = "file://server/www"', name="a folder of another machine", code="bad-store-address",
       says=("file://server/www",), hints=('url = "file:public"',), mend=by_hand(folder_again)),
    at('url = "s3://kopi/x"\npreset = "gdrive"', name="an unknown preset",
       code="unknown-store-preset", says=("gdrive",), hints=("biznet", "leave preset out"),
       mend=by_hand(folder_again)),
    at('url = "s3://kopi/x"\npreset = "r2"', name="r2 without its account",
       code="no-store-endpoint", says=("r2",), hints=("endpoint = ",),
       mend=by_hand(folder_again)),
    at('url = "s3://kopi/x"\npreset = "b2"', name="b2 without its region",
       code="no-store-endpoint", says=("b2",), hints=("endpoint = ",),
       mend=by_hand(folder_again)),
    at('url = "file:cover.jpg"', name="a file for the folder", code="store-no-folder",
       says=("cover.jpg",), hints=('url = "file:public"',), mend=by_hand(folder_again)),
    at('url = "file:cover.jpg/www"', name="a folder below a file", code="store-no-folder",
       says=("cover.jpg is a file",), hints=('url = "file:public"',), mend=by_hand(folder_again)),
    Mistake(
        name="serve: a store in the web", argv=("serve",), code="not-a-folder",
        did=line(SETTINGS, "url", 'url = "s3://kopi/x"'), says=("s3://kopi/x",),
        hints=("/feed.xml",), mend=lambda desk, told, argv: ("serve", "--help"),
    ),
    Mistake(
        name="folder: media is a file", argv=("ingest", "{recording}", "--episode", "satu"),
        code="disk",
        did=lambda desk: (shutil.rmtree(desk.show / "media"), (desk.show / "media").touch()),
        says=("media",), hints=("move away",),
        mend=by_hand(lambda desk: (desk.show / "media").rename(desk.beside / "media")),
    ),
    Mistake(
        name="folder: public is a file", argv=("publish",), code="store-no-folder",
        did=lambda desk: (desk.show / "public").touch(), says=("public",),
        hints=("move that file away",),
        mend=by_hand(lambda desk: (desk.show / "public").rename(desk.beside / "public")),
    ),
    Mistake(
        name="folder: feeds is a file", argv=("publish",), code="disk",
        did=lambda desk: (shutil.rmtree(desk.show / "feeds"), (desk.show / "feeds").touch()),
        says=("feeds",), hints=("move away",),
        mend=by_hand(lambda desk: (desk.show / "feeds").rename(desk.beside / "feeds")),
    ),
    Mistake(
        name="store: the ledger was deleted by hand", argv=("publish",), code="ledger-gone",
        public=True,
        did=all_of(lambda desk: (desk.show / "public/ledger.json").unlink(),
                   line(EPISODE, "title", 'title = "Baru"')),
        says=("no ledger.json",), hints=("ngopi doctor --fix",), mend=follow(),
    ),
    Mistake(
        name="store: the ledger was edited by hand", argv=("publish",), code="bad-ledger",
        public=True, did=lambda desk: desk.write("public/ledger.json", "{"),
        says=("ledger.json",), hints=("ngopi doctor",),
        mend=follow(0, "--fix"),
    ),
    Mistake(
        name="store: an older copy was put back", argv=("publish",), code="store-put-back",
        public=True,
        did=all_of(
            lambda desk: shutil.copytree(desk.show / "public", desk.beside / "cadangan"),
            line(EPISODE, "title", 'title = "Baru"'),
            ran("publish"),
            lambda desk: (shutil.rmtree(desk.show / "public"),
                          (desk.beside / "cadangan").rename(desk.show / "public")),
        ),
        says=("older copy",), hints=("ngopi doctor --fix",), mend=follow(1),
    ),
    Mistake(
        name="store: of a later ngopi", argv=("publish",), code="ngopi-too-old", public=True,
        did=all_of(
            lambda desk: desk.kept.update(ledger=desk.read("public/ledger.json")),
            lambda desk: desk.write("public/ledger.json", json.dumps(
                json.loads(desk.read("public/ledger.json")) | {"format": 99}
            )),
        ),
        says=("later ngopi",), hints=("pip install --upgrade ngopi",),
        mend=by_hand(lambda desk: desk.write("public/ledger.json", desk.kept["ledger"])),
    ),
]  # fmt: skip


def unplug(desk):
    """Take the folder of the store away, as a disk that is not connected."""
    (desk.show / "public").rename(desk.beside / "disk")


def plug_in(desk):
    """Bring it back; nothing was made in its place meanwhile."""
    assert not (desk.show / "public").exists()
    (desk.beside / "disk").rename(desk.show / "public")


def _made_again(desk, told, argv):
    assert not (desk.show / "public").exists()
    (desk.show / "public").mkdir()
    return follow()(desk, told, argv)


UNPLUGGED = [
    Mistake(
        name=f"store: its disk is not connected: {' '.join(argv)}", argv=argv,
        code="store-folder-gone",
        public=True, did=all_of(line(EPISODE, "title", 'title = "Baru"'), unplug),
        says=("public", "is not there"), hints=("connect the disk",), mend=by_hand(plug_in),
        further=further,
    )
    for argv, further in (
        (("publish",), ()), (("publish", "--dry-run"), ()), (("pull",), ()), (("history",), ()),
        (("gc",), ()), (("retract", "satu"), ()), (("restore", "satu"), ("not-retracted",)),
        (("rollback",), ("no-such-history",)), (("rollback", "1"), ()),
        (("ingest", "{recording}", "--episode", "satu"), ()),
    )
] + [
    Mistake(
        name="store: its folder was deleted for good", argv=("publish",), public=True,
        code="store-folder-gone", did=unplug, says=("public",),
        hints=("make that folder again", "ngopi doctor --fix"), mend=_made_again,
    ),
    Mistake(
        name="store: it was emptied", argv=("publish",), public=True, code="store-emptied",
        did=lambda desk: (unplug(desk), (desk.show / "public").mkdir()),
        says=("emptied", "another disk"), hints=("ngopi doctor --fix",), mend=follow(),
    ),
]  # fmt: skip


def in_parts(name, argv, code, says, hints, mend, **more):
    """Return a mistake with a recording or a feed alone."""
    return Mistake(name=name, argv=argv, code=code, says=says, hints=hints, mend=mend, **more)


OUT = "{beside}/keluar.mp3"
ALONE = [
    in_parts("master: over a file", ("master", "{recording}", OUT), "output-exists",
             ("is there already",), ("--yes",),
             lambda desk, told, argv: (*argv, "--yes"),
             did=lambda desk: (desk.beside / "keluar.mp3").touch()),
    in_parts("master: over the recording", ("master", "{recording}", "{recording}"),
             "output-is-recording", ("recording itself",), ("another name",),
             lambda desk, told, argv: (*argv[:2], OUT)),
    in_parts("master: to wav", ("master", "{recording}", "{beside}/keluar.wav"), "output-ending",
             (".mp3",), ("keluar.mp3",),
             lambda desk, told, argv: (*argv[:2], told.hint.removeprefix("call it "))),
    in_parts("master: into no folder", ("master", "{recording}", "{beside}/a/keluar.mp3"),
             "no-output-folder", ("no folder",), ("make that folder",),
             by_hand(lambda desk: (desk.beside / "a").mkdir())),
    in_parts("master: a plus for a minus", ("master", "{recording}", OUT, "--target", "16"),
             "usage", ("16", "-31"), (), retyped("16", "-16")),
    *(in_parts(f"master: the target {wrong}", ("master", "{recording}", OUT, "--target", wrong),
               "usage", ("write a number from -31 to -9", "as in -16"), (), retyped(wrong, "-16"))
      for wrong in ("-16LUFS", "keras", "-5", "nan", "inf")),
    in_parts("master: a passage in words", ("master", "{recording}", OUT, "--preview", "awal"),
             "usage", ("START-END", "0:30-1:00"), (), retyped("awal", "0:00-0:01")),
    in_parts("master: a passage after the end",
             ("master", "{recording}", OUT, "--preview", "9:00-9:30"), "no-such-passage",
             ("lasts",), ("inside the recording",), without("--preview")),
    in_parts("master: no second name", ("master", "{recording}"), "usage", ("OUT.mp3",),
             ("ngopi master --help",), lambda desk, told, argv: (*argv, OUT)),
    in_parts("measure: nothing there", ("measure", "{beside}/x.wav"), "no-such-recording",
             ("x.wav",), ("check the name",), retyped("{beside}/x.wav", "{recording}")),
    in_parts("measure: a folder", ("measure", "{beside}"), "folder-recording", ("folder",),
             ("inside",), retyped("{beside}", "{recording}")),
    in_parts("measure: no file", ("measure",), "usage", ("FILE",), ("ngopi measure --help",),
             lambda desk, told, argv: (*argv, "{recording}")),
    in_parts("check: nothing there", ("check", "feeds/x.xml"), "no-such-feed", ("x.xml",),
             ("https://",), lambda desk, told, argv: ("check",), public=True),
    in_parts("check: an address without https", ("check", "example.org/feed.xml"),
             "no-such-feed", ("example.org",), ("begins with https://",),
             lambda desk, told, argv: ("check",), public=True),
    in_parts("check: http", ("check", "http://example.org/feed.xml"), "feed-address",
             ("not https",), ("https address",), lambda desk, told, argv: ("check",),
             public=True),
    in_parts("check: a folder", ("check", "feeds"), "no-such-feed", ("feeds",),
             ("the feed's file",), lambda desk, told, argv: ("check",), public=True),
    in_parts("check: nothing to compare with", ("check", "--against", "lama.xml"),
             "no-such-feed", ("lama.xml",), ("the feed's file",), without("--against"),
             public=True),
    in_parts("cover: it was moved away", ("publish",), "no-such-cover", ("cover.jpg",),
             ("1400",), by_hand(lambda desk: (desk.beside / "c.jpg").rename(
                 desk.show / "cover.jpg")),
             did=lambda desk: (desk.show / "cover.jpg").rename(desk.beside / "c.jpg")),
    in_parts("cover: named otherwise in ngopi.toml", ("publish",), "no-such-cover",
             ("sampul.jpg",), ("how its name is spelt",),
             by_hand(line(SETTINGS, "cover", 'cover = "cover.jpg"')),
             did=line(SETTINGS, "cover", 'cover = "sampul.jpg"')),
]  # fmt: skip

ROWS = [*COLLEAGUES, *HISTORY, *STORES, *UNPLUGGED, *ALONE]
