"""Whatever people write as a title, a slug, a date, a name or notes: kept, cleaned or refused."""

from __future__ import annotations

import re
from pathlib import Path

import feedparser
import pytest

from refusals import refused, told_and_left_alone
from speech import voice, write_wav


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write_wav(tmp_path_factory.mktemp("rekaman") / "rapat.wav", voice(4.0))


def first_of_feed(show):
    # Its own cleaning of HTML would hide what the feed says.
    feed = feedparser.parse(
        show.joinpath("feeds", "ngopi-bawaslu.xml").read_bytes(), sanitize_html=False
    )
    assert not feed.bozo
    return feed.entries[0]


# -- titles -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "heard"),
    [
        ('Syarat & "janji" <b>kampanye</b>', 'Syarat & "janji" <b>kampanye</b>'),
        ("]]> &amp; &#8364; {x} %s [red]", "]]> &amp; &#8364; {x} %s [red]"),
        ("Ngopi ☕ 👩‍👩‍👧 🇮🇩", "Ngopi ☕ 👩‍👩‍👧 🇮🇩"),
        ("نقاش עברית 議論", "نقاش עברית 議論"),
        ("satu\x00\x1b[31mdua\x7f tiga\x9b", "satu[31mdua tiga"),
        ("  dua \n baris\t\r\n ", "dua baris"),
        ("kata " * 99 + "akhir", "kata " * 99 + "akhir"),
        ("=1+1;'x'\\n", "=1+1;'x'\\n"),
    ],
    ids=["markup", "escaped", "emoji", "scripts", "control", "lines", "500", "quotes"],
)
def test_listeners_read_the_title_that_was_written(ngopi, show, recording, title, heard):
    """Only control characters, which no feed can hold, and double spaces are lost."""
    made = ngopi("ingest", recording, "--title", title, "--json")

    assert made.status == 0, made.err
    assert made.json["title"] == heard
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", made.json["slug"])
    assert first_of_feed(show).title == heard
    assert ngopi("publish", "--json").json["changed"] is False
    assert heard in ngopi("show", made.json["slug"]).out


@pytest.mark.parametrize("title", ["", "   ", "\t\n", "\x1b\x07"])
def test_an_empty_title_is_refused(ngopi, show, recording, title):
    refused(
        ngopi,
        show,
        "ingest",
        recording,
        "--title",
        title,
        status=65,
        code="empty-title",
        says=["The title is empty."],
    )


# -- slugs ------------------------------------------------------------------------------------

# Windows opens a device under these names in every folder, and with any ending behind them.
PORTS = {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
DEVICES = {"con", "prn", "aux", "nul", *PORTS}


@pytest.mark.parametrize("title", ["Con", "NUL", "Aux.", "COM1", "lpt9 ", "prn?"])
def test_a_title_that_windows_keeps_for_a_device_gets_another_slug(ngopi, show, recording, title):
    made = ngopi("ingest", recording, "--title", title, "--no-publish", "--json").json

    assert made["title"] == title.strip()
    assert made["slug"] not in DEVICES
    assert ngopi("show", made["slug"]).status == 0


def test_a_folder_that_windows_could_not_open_is_told(ngopi, show, recording):
    ngopi("ingest", recording, "--title", "Rapat", "--no-publish")
    (show / "episodes" / "rapat").rename(show / "episodes" / "lpt9")

    told_and_left_alone(ngopi, show, "list", says=["lpt9", "Windows"])


def test_a_show_whose_feed_windows_could_not_write_is_told(ngopi, show):
    settings = show / "ngopi.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('"ngopi-bawaslu"', '"nul"'), encoding="utf-8")

    refused(ngopi, show, "list", status=78, code="bad-config", says=['"name"', "Windows"])


def test_a_new_show_gets_a_name_that_windows_can_write(ngopi, tmp_path):
    assert ngopi("init", tmp_path / "aux-1", "--title", "Aux", "--author", "Humas").status == 0

    assert ngopi("--show", tmp_path / "aux-1", "list").status == 0


@pytest.mark.parametrize(
    "slug",
    [
        "../keluar",
        "a/b",
        "a\\b",
        "dua kata",
        "HurufBesar",
        "",
        ".",
        "..",
        "-depan",
        "a" * 81,
        "é",
        "x.y",
        "a\n",
        "{slug}",
        "con",
        "nul",
        "com1",
        "lpt9",
        "con.",
        "a ",
        "a.",
        "a\u202eb",
        "a\u200bb",
    ],
)
def test_a_slug_that_is_no_folder_and_no_address_is_refused(ngopi, show, recording, slug):
    error = refused(
        ngopi,
        show,
        "ingest",
        recording,
        f"--episode={slug}",
        status=65,
        code="bad-slug",
        says=["cannot be the short name of an episode"],
    )

    example = error["hint"].rpartition("--episode ")[2]
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", example)
    assert example not in DEVICES
    assert not list(show.parent.glob("keluar*"))


@pytest.mark.parametrize("command", ["show"])
def test_an_episode_that_is_not_there_is_named(ngopi, show, command):
    refused(
        ngopi,
        show,
        command,
        "tidak-{ada}",
        status=66,
        code="no-such-episode",
        says=['"tidak-{ada}"'],
    )


def test_equal_titles_get_slugs_of_their_own(ngopi, show, tmp_path, recording):
    other = write_wav(tmp_path / "lain.wav", voice(4.0, seed=2))

    slugs = [
        ngopi("ingest", path, "--title", "Rapat", "--no-publish", "--json").json["slug"]
        for path in (recording, other)
    ]

    assert slugs == ["rapat", "rapat-2"]


# -- numbers, dates, people -------------------------------------------------------------------


ROLES = {
    "tamu": "guest", "Narasumber": "guest", "PEMBICARA": "guest", "host": "host",
    "pembawa acara": "host", "Pembawa  Acara": "host", "moderator": "host", "co host": "co-host",
    "penulis": "writer", "penyunting": "editor", "editor": "editor", "Executive-Producer":
    "executive producer", "juru bahasa": "translator",
}  # fmt: skip


@pytest.mark.parametrize("said", ROLES)
def test_a_role_is_taken_in_the_peoples_own_words(ngopi, show, recording, said):
    ngopi("ingest", recording, "--title", "Rapat", "--people", f"Rani:{said}")

    text = show.joinpath("feeds", "ngopi-bawaslu.xml").read_text(encoding="utf-8")
    (person,) = re.findall(r"<podcast:person[^>]*>", text)
    assert f'role="{ROLES[said]}"' in person
    assert f"({ROLES[said]})" in ngopi("show", "rapat").out


def test_a_role_of_another_group_says_its_group(ngopi, show, recording):
    """Apps take somebody without a group for one of the cast."""
    ngopi("ingest", recording, "--title", "Rapat", "--people", "Rani:penulis")

    text = show.joinpath("feeds", "ngopi-bawaslu.xml").read_text(encoding="utf-8")
    assert '<podcast:person role="writer" group="writing">Rani<' in text


@pytest.mark.parametrize(("said", "near"), [("tamuu", "tamu"), ("hots", "host"), ("xyz", "")])
def test_a_role_that_no_app_knows_is_refused(ngopi, show, recording, said, near):
    error = refused(
        ngopi, show, "ingest", recording, "--people", f"Rani:{said}",
        status=65, code="unknown-role", says=[f'"{said}"', near],
    )  # fmt: skip
    taken = error["hint"].rpartition(":")[2].strip('".')
    assert ngopi("ingest", recording, "--people", f"Rani:{taken}", "--no-publish").status == 0


def with_line(show, old, new):
    path = show / "episodes" / "rapat" / "episode.md"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_a_role_in_the_file_is_taken_or_told_with_its_line(ngopi, show, recording):
    ngopi("ingest", recording, "--title", "Rapat", "--people", "Rani")
    path = with_line(show, 'role = "host"', 'role = "Narasumber"')

    assert ngopi("publish", "--json").json["change"] == ["rapat"]
    feed = show.joinpath("feeds", "ngopi-bawaslu.xml").read_text(encoding="utf-8")
    assert 'role="guest"' in feed

    with_line(show, "Narasumber", "narasumbr")
    line = (
        path.read_text(encoding="utf-8")
        .splitlines()
        .index('people = [{name = "Rani", role = "narasumbr"}]')
    )
    says = [f"rapat/episode.md:{line + 1}: ", '"narasumbr"', "narasumber"]
    told_and_left_alone(ngopi, show, "publish", says=says)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-01-28T13:00+07:00", "2026-01-28T13:00:00+07:00"),
        ("2026-01-28 13:00+07:00", "2026-01-28T13:00:00+07:00"),
        ("2026-01-28 13:00 +0700", "2026-01-28T13:00:00+07:00"),
        ("2026-01-28 13:00", "2026-01-28T13:00:00+07:00"),
        ("2026-01-28T13:00Z", "2026-01-28T20:00:00+07:00"),
        ("2026-01-28T13:00:30+08", "2026-01-28T12:00:30+07:00"),
        ('"2026-01-28 13:00"', "2026-01-28T13:00:00+07:00"),
        ("2026-01-28 9.05", "2026-01-28T09:05:00+07:00"),
        ("'2026-01-28 13.00 WIT'", "2026-01-28T11:00:00+07:00"),
        ("2026-01-28T13:00  # rapat pleno", "2026-01-28T13:00:00+07:00"),
        ("2026-01-28T13:00:00+07:00", "2026-01-28T13:00:00+07:00"),
    ],
)
def test_a_date_is_read_as_people_write_it(ngopi, show, recording, written, meant):
    ngopi("ingest", recording, "--title", "Rapat", "--published", "2025-01-01", "--no-publish")
    with_line(show, "published = 2025-01-01T00:00:00+07:00", f"published = {written}")

    assert ngopi("show", "rapat", "--json").json["published"] == meant
    other = ngopi("ingest", recording, "--episode", "rapat", "--title", "Lain", "--no-publish")
    assert other.status == 0, other.err
    assert ngopi("show", "rapat", "--json").json["published"] == meant


@pytest.mark.parametrize("written", ["2026-01-28T13.00", "2026-01-28 13:00 WIB"])
def test_the_command_reads_a_date_as_the_file_does(ngopi, show, recording, written):
    made = ngopi("ingest", recording, "--published", written, "--no-publish", "--json")

    assert made.json["published"] == "2026-01-28T13:00:00+07:00"


def test_a_number_that_two_episodes_have_is_remarked_on(ngopi, show, tmp_path, recording):
    other = write_wav(tmp_path / "lain.wav", voice(4.0, seed=2))
    third = write_wav(tmp_path / "tiga.wav", voice(4.0, seed=3))
    said = "have the number 3: rapat, rapat-2"
    one = ("--title", "Rapat", "--number", "3", "--episode")

    assert "have the number" not in ngopi("ingest", recording, *one, "rapat").err
    assert said in ngopi("ingest", other, *one, "rapat-2").err
    assert "have the number" not in ngopi("ingest", third, *one, "rapat-3", "--season", "2").err
    for command in ("list", "publish"):
        run = ngopi(command)
        assert run.status == 0
        assert said in run.err
    assert said in ngopi("publish", "--dry-run").err
    with_line(show, 'kind = "full"', 'kind = "bonus"')
    assert "have the number" not in ngopi("list").err


@pytest.mark.parametrize("option", ["--season", "--number"])
@pytest.mark.parametrize("number", ["0", "-3"])
def test_a_number_below_1_is_refused(ngopi, show, recording, option, number):
    refused(
        ngopi,
        show,
        "ingest",
        recording,
        option,
        number,
        status=65,
        code="bad-number",
        says=[number],
    )


@pytest.mark.parametrize("option", ["--season", "--number"])
def test_a_number_of_letters_is_a_fault_of_usage(ngopi, show, recording, option):
    refused(
        ngopi,
        show,
        "ingest",
        recording,
        option,
        "tiga",
        status=2,
        code="usage",
        says=["tiga", option],
    )


@pytest.mark.parametrize(
    "date",
    [
        "besok",
        "",
        "2026-13-01",
        "1979-12-31",
        "9001-01-01",
        "2026-02-30 16:00",
        "22/11/2026",
        "25:00",
        "{text}",
        "0001-01-01",
        "9999-12-31T23:59:59-12:00",
        "1000-01-01",
    ],
)
def test_what_is_no_date_is_refused(ngopi, show, recording, date):
    refused(
        ngopi,
        show,
        "ingest",
        recording,
        f"--published={date}",
        status=65,
        code="bad-date",
        says=[f'"{date}"'],
    )


def test_a_date_without_a_zone_is_in_the_shows(ngopi, show, recording):
    arguments = ("--published", "2026-01-02 16:00", "--json")

    made = ngopi("ingest", recording, *arguments)

    assert made.json["published"] == "2026-01-02T16:00:00+07:00"
    assert first_of_feed(show).published == "Fri, 02 Jan 2026 16:00:00 +0700"


@pytest.mark.parametrize("person", ["", "  ", ":guest", "\x1b:host"])
def test_a_person_without_a_name_is_refused(ngopi, show, recording, person):
    refused(ngopi, show, "ingest", recording, f"--people={person}", status=65, code="empty-person")


def test_a_zone_with_seconds_is_said_in_the_shows_zone(ngopi, show, recording):
    """Python reads such a zone, TOML cannot say it."""
    made = ngopi("ingest", recording, "--published", "2026-01-02T09:00:30+00:00:30", "--json")

    assert made.status == 0
    assert made.json["published"] == "2026-01-02T16:00:00+07:00"
    assert ngopi("list").status == 0


def test_names_are_kept_as_they_are_written(ngopi, show, recording):
    names = ['Siti "Ibu" Aminah', "R&D <Tim>", "O'Brien {x}", "Ngurah Rai, S.H."]
    people = [argument for name in names for argument in ("--people", f"{name}:guest")]

    made = ngopi("ingest", recording, *people, "--json")

    assert made.status == 0, made.err
    shown = ngopi("show", made.json["slug"]).out
    feed = show.joinpath("feeds", "ngopi-bawaslu.xml").read_text(encoding="utf-8")
    heard = re.findall(r'<podcast:person role="guest"[^>]*>([^<]*)<', feed)
    assert [
        name.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") for name in heard
    ] == names
    assert all(name in shown for name in names)


# -- notes ------------------------------------------------------------------------------------


def no_file(folder):
    return folder / "tidak-ada.md"


def a_folder(folder):
    return folder


def latin_1(folder):
    folder.joinpath("catatan.md").write_bytes("Caf\xe9".encode("latin-1"))
    return folder / "catatan.md"


def a_picture(folder):
    folder.joinpath("catatan.md").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    return folder / "catatan.md"


@pytest.mark.parametrize("make", [no_file, a_folder, latin_1, a_picture])
def test_notes_that_are_no_text_are_refused(ngopi, show, recording, tmp_path, make):
    path = make(tmp_path)

    refused(
        ngopi,
        show,
        "ingest",
        recording,
        "--notes",
        path,
        status=66,
        code="bad-notes",
        says=[str(path)],
    )


@pytest.mark.parametrize(
    "notes",
    [
        "",
        "+++\ntitle = 'lain'\n+++\n",
        "<script>alert(1)</script> [x](javascript:alert(1))",
        "kata " * 5000,
        "\ufeffdengan BOM\r\nWindows\x00\x1b[31m",
    ],
    ids=["empty", "fences", "script", "long", "windows"],
)
def test_notes_of_any_kind_make_a_sound_feed(ngopi, show, recording, tmp_path, notes):
    path = Path(tmp_path / "catatan.md")
    path.write_text(notes, encoding="utf-8")

    made = ngopi("ingest", recording, "--title", "Rapat", "--notes", path)

    assert made.status == 0, made.err
    entry = first_of_feed(show)
    assert entry.title == "Rapat"
    assert not re.search(r"href=.?javascript", str(entry))
    assert "<script" not in show.joinpath("feeds", "ngopi-bawaslu.xml").read_text("utf-8")
    assert ngopi("check").status == 0
    assert ngopi("publish", "--json").json["changed"] is False


# -- commands ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("xyzzy",), "xyzzy"),
        (("{x}\x1b[31m\n",), "{x}"),
        (("ingest",), "RECORDING"),
        (("ingest", "a.wav", "--judul", "x"), "--judul"),
        (("show", "rapat", "rapat-2"), "rapat-2"),
        (("show",), "SLUG"),
        (("--lang", "fr", "list"), "fr"),
        (("serve", "--port", "[red]"), "[red]"),
    ],
    ids=["command", "escape", "no argument", "option", "too many", "no slug", "language", "port"],
)
def test_a_fault_of_usage_names_the_word_and_the_way_to_the_help(ngopi, show, argv, says):
    error = refused(ngopi, show, *argv, status=2, code="usage", says=[says])

    assert "--help" in error["hint"]
    assert error["message"].isprintable()


@pytest.mark.parametrize("argv", [("show", "x", "--json"), ("list", "--nosuch", "--json")])
def test_json_is_understood_wherever_it_stands(ngopi, show, argv):
    """Also where the command line is broken before it."""
    run = ngopi(*argv)

    assert run.status in (2, 66)
    assert run.error["exit_code"] == run.status
    assert run.out == ""
    assert len(run.err.splitlines()) == 1
