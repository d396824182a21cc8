"""Mistakes in the files that people write: ngopi.toml, episode.md."""

from __future__ import annotations

import shutil

import pytest

from conftest import INIT
from ngopi.__main__ import main
from refusals import refused, told_and_left_alone, tree
from speech import voice, write_wav


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write_wav(tmp_path_factory.mktemp("rekaman") / "rapat.wav", voice(4.0))


# -- ngopi.toml -------------------------------------------------------------------------------


def rewrite(path, old, new):
    """Replace *old* in a file; return the line that it was on."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_outside_of_a_show_the_way_to_one_is_told(ngopi, show, recording, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    for command in (("ingest", recording), ("publish",), ("list",), ("check",)):
        error = refused(ngopi, show, *command, status=78, code="no-show", says=[str(tmp_path)])
        assert "ngopi init" in error["hint"]
    refused(
        ngopi,
        show,
        "--show",
        tmp_path / "lain",
        "list",
        status=78,
        code="no-config",
        says=["ngopi.toml"],
    )


MISTAKES = {
    "misspelt": ('author = "', 'auhtor = "', ['"auhtor"', 'did you mean "author"?']),
    "unknown": ("[audio]", 'warna = "merah"\n\n[audio]', ['"warna"']),
    "wrong table": ("[audio]", "[suara]", ["[suara] is no table", "mean [audio]"]),
    "number for text": ('title = "Ngopi Bawaslu"', "title = 3", ['"title"', "quotation marks"]),
    "text for number": (
        "true_peak_dbtp = -1.0", 'true_peak_dbtp = "keras"', ['"true_peak_dbtp"', "a number"],
    ),
    "text for truth": ("explicit = false", 'explicit = "tidak"', ['"explicit"', "true or false"]),
    "no quotation marks": ('timezone = "Asia/Jakarta"', "timezone = Asia/Jakarta", ["quotation"]),
    "unknown zone": ('"Asia/Jakarta"', '"Asia/Bandung"', ['"timezone"', "Asia/Jakarta"]),
    "unknown category": ('"Government"', '"Pemerintah"', ['"category"', "Government"]),
    "empty": ('author = "Humas"', 'author = " "', ['"author" is empty']),
    "nothing to be seen": (
        'title = "Ngopi Bawaslu"', 'title = "\\u0000\\ufffe"', ['"title" is empty'],
    ),
    "nothing to be read": (
        'description = "Ngopi Bawaslu: a podcast by Humas."', 'description = "\\u0001"',
        ['"description" is empty'],
    ),
    "too loud": ("true_peak_dbtp = -1.0", "true_peak_dbtp = 3.0", ["between -9 and 0"]),
    "http": ("http://127.0.0.1:8000", "http://example.org", ['"public_url"', "https://"]),
    "store": ('"file:public"', '"ftp://example.org"', ['"url"', "s3://"]),
    "password": ('"file:public"', '"s3://kunci:sandi@bucket/x"', ['"url"']),
    "braces": ('author = "Humas"', '"{auhtor}" = "Humas"', ['"{auhtor}"']),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_settings_is_named_with_its_line(ngopi, show, recording, mistake):
    old, new, says = MISTAKES[mistake]
    line = rewrite(show / "ngopi.toml", old, new)
    line += new[: len(new) - len(new.lstrip())].count("\n")

    for command in (("ingest", recording), ("publish",), ("list",)):
        refused(
            ngopi,
            show,
            *command,
            status=78,
            code="bad-config",
            says=[f"ngopi.toml:{line}: ", *says],
        )


def test_every_mistake_in_the_settings_is_named_at_once(ngopi, show):
    lines = [
        rewrite(show / "ngopi.toml", 'author = "', 'auhtor = "'),
        rewrite(show / "ngopi.toml", "explicit = false", 'explicit = "tidak"'),
        rewrite(show / "ngopi.toml", "true_peak_dbtp = -1.0", "true_peak_dbtp = 3.0"),
        rewrite(show / "ngopi.toml", 'cover = "cover.jpg"', "cover = 7"),
    ]

    refused(
        ngopi,
        show,
        "list",
        status=78,
        code="bad-config",
        says=[f"ngopi.toml:{line}: " for line in lines],
    )


def test_settings_that_are_no_text_are_refused(ngopi, show):
    show.joinpath("ngopi.toml").write_bytes('[show]\ntitle = "Café"\n'.encode("utf-16"))

    refused(ngopi, show, "list", status=78, code="bad-config", says=["UTF-8"])


def test_a_setting_of_the_environment_that_cannot_be_is_named(ngopi, show, monkeypatch):
    monkeypatch.setenv("NGOPI_AUDIO_CHANNELS", "tiga")

    refused(ngopi, show, "list", status=78, code="bad-config", says=['"channels"'])


def test_a_show_is_not_made_over_a_show(ngopi, show):
    refused(
        ngopi,
        show,
        "init",
        show,
        "--title",
        "Lain",
        "--author",
        "Lain",
        status=65,
        code="show-exists",
        says=["ngopi.toml"],
    )


def test_what_cannot_be_asked_is_named(ngopi, show, tmp_path):
    error = refused(
        ngopi, show, "init", tmp_path / "baru", status=2, code="option-missing", says=["--title"]
    )

    assert "ngopi init" in error["hint"]
    assert not tmp_path.joinpath("baru").exists()


@pytest.mark.parametrize(
    "title", ['Kopi "pahit" \\ {gula}', "[red]Merah[/red]", "satu\ndua", "☕", "'''", "\x1b[31m"]
)
def test_a_show_may_have_any_name(ngopi, tmp_path, title):
    made = ngopi("init", tmp_path / "baru", "--title", title, "--author", title)

    assert made.status == 0, made.err
    assert ngopi("--show", tmp_path / "baru", "list").status == 0
    assert ngopi("--show", tmp_path / "baru", "publish").status == 0


# -- episode.md -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published(tmp_path_factory, recording):
    """A show with one episode that is public, to be copied."""
    folder = tmp_path_factory.mktemp("terbit") / "show"
    episode = ("--title", "Rapat", "--people", "Rani:host", "--season", "3")
    for command in (("init", folder, *INIT), ("--show", folder, "ingest", recording, *episode)):
        assert main([str(argument) for argument in command]) == 0
    return folder


@pytest.fixture
def episode(published, show):
    """The file of an episode that is public."""
    shutil.copytree(published, show, dirs_exist_ok=True)
    return show / "episodes" / "rapat" / "episode.md"


BROKEN = {
    "no key of ours": ('title = "Rapat"', 'judul = "Rapat"', ['"judul"', '"title"']),
    "misspelt": ("season = 3", "saeson = 3", ['"saeson"', 'did you mean "season"?']),
    "missing title": ('title = "Rapat"', "# title", ['"title" is missing']),
    "empty title": ('title = "Rapat"', 'title = " "', ['"title" is empty']),
    "number for text": ('title = "Rapat"', "title = 3", ['"title"', "quotation marks"]),
    "text for number": ("season = 3", 'season = "tiga"', ['"season"', "whole number"]),
    "zero": ("season = 3", "season = 0", ['"season" must be 1 or more']),
    "kind": ('kind = "full"', 'kind = "panjang"', ['"kind"', "trailer"]),
    "role": ('role = "host"', "role = 7", ['"people']),
    "nobody": ('name = "Rani"', 'name = " "', ['"people"']),
    "no quotation marks": ('title = "Rapat"', "title = Rapat", ["quotation marks"]),
    "slug": ("season = 3", 'slug = "lain"', ['"slug" does not belong here']),
    "date of letters": ("season = 3", 'season = 3\npublished = "besok"', []),
    "braces": ("season = 3", '"{nomor}" = 3', ['"{nomor}"']),
}


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_mistake_in_an_episode_is_named_with_its_line(ngopi, show, episode, mistake):
    old, new, says = BROKEN[mistake]
    line = rewrite(episode, old, new)

    where = "rapat/episode.md:" if mistake in ("missing title", "date of letters") else None
    says = [where or f"rapat/episode.md:{line}: ", *says]
    refused(ngopi, show, "show", "rapat", status=65, code="bad-episode", says=says)
    for command in ("list", "publish"):
        told_and_left_alone(ngopi, show, command, says=says)


@pytest.mark.parametrize(
    "text",
    ["", "tanpa pagar", "+++\ntitle = 'x'\n", "\n+++\n+++\n", "---\ntitle: x\n---\n"],
    ids=["empty", "none", "one", "late", "yaml"],
)
def test_an_episode_without_its_fences_is_named(ngopi, show, episode, text):
    episode.write_text(text, encoding="utf-8")

    told_and_left_alone(ngopi, show, "publish", says=["rapat/episode.md:1: ", "+++"])


@pytest.mark.parametrize(
    ("date", "says"),
    [
        ('"besok"', "must be a date with its time"),
        ("16:00:00", "must be a date with its time"),
        ("2026", "must be a date with its time"),
        ("1000-01-01T00:00:00", "between the years"),
        ("9999-12-31T23:59:59Z", "between the years"),
    ],
)
def test_a_date_that_cannot_be_is_named_with_its_line(ngopi, show, episode, date, says):
    lines = episode.read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines) if line.startswith("published"))
    lines[number] = f"published = {date}"
    episode.write_text("\n".join(lines), encoding="utf-8")

    for command in ("list", "publish"):
        where = f"rapat/episode.md:{number + 1}: "
        told_and_left_alone(ngopi, show, command, says=[where, '"published"', says])


def test_all_broken_episodes_are_named_at_once(ngopi, show, episode, tmp_path):
    second = write_wav(tmp_path / "dua.wav", voice(4.0, seed=2))
    assert ngopi("ingest", second, "--title", "Dua").status == 0
    lines = [
        rewrite(episode, 'title = "Rapat"', "title = Rapat"),
        rewrite(show / "episodes" / "dua" / "episode.md", 'kind = "full"', 'kind = "panjang"'),
    ]
    show.joinpath("episodes", "dua", "audio.toml").write_text("sha256 =", encoding="utf-8")
    show.joinpath("episodes", "Bukan Slug").mkdir()

    told_and_left_alone(
        ngopi,
        show,
        "publish",
        says=[
            f"rapat/episode.md:{lines[0]}: ",
            f"dua/episode.md:{lines[1]}: ",
            "dua/audio.toml:1: ",
            "Bukan Slug: ",
        ],
    )


def test_a_new_recording_is_taken_in_beside_a_broken_episode(ngopi, show, episode, tmp_path):
    line = rewrite(episode, 'title = "Rapat"', "title = Rapat")
    second = write_wav(tmp_path / "dua.wav", voice(4.0, seed=2))

    made = ngopi("ingest", second, "--json")

    assert (made.status, made.json["state"]) == (0, "published")
    assert f"rapat/episode.md:{line}: " in made.err


def test_an_episode_without_its_file_is_named(ngopi, show, episode):
    episode.unlink()

    told_and_left_alone(ngopi, show, "publish", says=["rapat/episode.md:1: "])


def test_a_public_guid_that_was_changed_is_told_with_the_right_one(ngopi, show, episode):
    guid = ngopi("list", "--json").json[0]["guid"]
    rewrite(episode, guid, "guid-lain")

    error = refused(
        ngopi, show, "publish", status=65, code="guid-changed", says=[guid, "guid-lain"]
    )

    assert f'guid = "{guid}"' in error["hint"]
    # A colleague's may have the same name: with its guid, this one would take its place.
    assert "another episode" in error["hint"]
    assert "rename its folder" in error["hint"]


def test_a_copied_episode_is_named_with_its_twin(ngopi, show, episode):
    copy = show / "episodes" / "salinan"
    copy.mkdir()
    for path in episode.parent.iterdir():
        copy.joinpath(path.name).write_bytes(path.read_bytes())

    refused(ngopi, show, "publish", status=65, code="guid-reused", says=['"rapat"', '"salinan"'])


def test_audio_that_is_gone_from_media_is_named_only_when_it_is_needed(ngopi, show, recording):
    assert ngopi("ingest", recording, "--no-publish").status == 0
    media = next(show.joinpath("media").iterdir())
    data = media.read_bytes()
    media.unlink()
    error = refused(ngopi, show, "publish", status=66, code="media-missing", says=['"rapat"'])
    assert "ngopi ingest" in error["hint"]

    media.write_bytes(data)
    assert ngopi("publish").status == 0
    media.unlink()
    assert ngopi("publish").status == 0


def test_audio_that_was_changed_in_media_is_not_published(ngopi, show, recording):
    assert ngopi("ingest", recording, "--no-publish").status == 0
    media = next(show.joinpath("media").iterdir())
    media.write_bytes(media.read_bytes()[:-1] + b"x")

    run = ngopi("publish", "--json")

    assert (run.status, run.error["code"]) == (65, "media-changed")
    assert "ngopi ingest" in run.error["hint"]
    assert not [name for name in tree(show) if name.startswith(("public/audio/", "public/ledger"))]
    assert "public/feed.xml" not in tree(show)
