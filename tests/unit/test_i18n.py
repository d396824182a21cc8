"""Indonesian ships complete: every message of today's sources, ngopi's and click's."""

from __future__ import annotations

import ast
import gettext
import io
import json
import os
import re
import runpy
import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from string import Formatter

import click
import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import ngopi as package
from ngopi import errors
from ngopi.cli.root import ngopi as root_command
from ngopi.errors import NgopiError
from ngopi.feed import rules

SOURCES = Path(package.__file__).parent
PO = SOURCES / "locale" / "id" / "LC_MESSAGES" / "ngopi.po"
PO_TEXT = PO.read_text(encoding="utf-8")
TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "update_messages.py"))

EXIT_STATUSES = {2, 65, 66, 69, 70, 74, 75, 77, 78, 130}

COMMANDS = (
    "approve|check|demo|doctor|gc|history|ingest|init|list|master|measure|publish|pull|replace|"
    "restore|retract|rollback|schedule|serve|show"
)

# What a person copies letter by letter, or looks up: it is the same in every language.
VERBATIM = re.compile(
    rf"""ngopi\ (?:--show\ \S+\ )?(?:{COMMANDS})\b
    | (?<=:\ )ngopi\ [^,;:]*$                  # a command line that ends the sentence
    | (?<!\w)--?[a-z][a-z-]*                   # options
    | </?[\w:!?][^<>]*>                        # XML
    | \w{(2,)}(?:[./][\w/]+)+ | \.\w+\b             # files and hosts
    | (?:https?|s3|file):[^\s,;)\]>"]+[^\s.,;)\]>"]
    | \b[A-Z]\w*_\w+\b | \b[a-z0-9]+_\w+\b     # variables and keys
    | \[\w+\]                                  # tables of ngopi.toml
    | \b(?:LUFS|dBTP|LU|UUID\w*|UTF-8|JSON|JPEG|PNG|RGB|RSS|XML)\b
    | \bguid(?=s?\b)
    | \b\d+(?:[.:+-]\d+)*
    """,
    re.VERBOSE,
)


def catalogue():
    return [message for message in read_po(io.StringIO(PO_TEXT)) if message.id]


def pairs():
    """Yield each source sentence (the plural, where there is one) with its translation."""
    for message in catalogue():
        if message.pluralizable:
            yield message.id[1], message.string[0]
        else:
            yield message.id, message.string


def placeholders(text):
    named = (f"{field[1]}!{field[3]}:{field[2]}" for field in Formatter().parse(text) if field[1])
    return Counter((*named, *re.findall(r"%\(\w+\)\w", text)))


# -- the catalogue ------------------------------------------------------------------------


def test_every_message_of_the_sources_is_translated_and_no_other_is_kept():
    wanted = {
        message.id for message in TOOL["messages"](PO_TEXT.partition("\n\n")[0]) if message.id
    }
    held = read_po(io.StringIO(PO_TEXT))

    assert {message.id for message in catalogue()} == wanted, "run: make messages"
    assert TOOL["untranslated"](PO_TEXT) == []
    assert [message.id for message in catalogue() if message.fuzzy] == []
    assert not held.obsolete


def test_no_message_hides_in_an_f_string():
    """Python 3.11 shows those of the sources to nobody, so they would have no translation."""
    hidden = [
        (path.name, node.lineno)
        for path in SOURCES.rglob("*.py")
        for text in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(text, ast.JoinedStr)
        for node in ast.walk(text)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"_", "ngettext"}
    ]

    assert hidden == []


def test_updating_the_catalogue_twice_gives_the_same_bytes_and_no_path_or_date():
    once = TOOL["updated"](PO_TEXT)

    assert once == PO_TEXT, "run: make messages"
    assert TOOL["updated"](once) == once
    assert str(SOURCES) not in once
    assert "-Date" not in once


def test_a_new_message_comes_empty_and_one_that_is_gone_leaves():
    gone = '\nmsgid "Nobody says this."\nmsgstr "Tidak ada."\n'
    lost = PO_TEXT.replace('msgstr "Mengunggah"', 'msgstr ""')

    assert TOOL["updated"](PO_TEXT + gone) == PO_TEXT
    assert TOOL["untranslated"](TOOL["updated"](lost)) == ["Uploading"]


def test_the_compiled_catalogue_is_that_of_the_source():
    made = io.BytesIO()
    write_mo(made, read_po(io.StringIO(PO_TEXT), locale="id"))
    made.seek(0)

    with PO.with_suffix(".mo").open("rb") as compiled:
        assert messages_of(compiled) == messages_of(made), "run: python hatch_build.py"


def messages_of(compiled):
    """Return a .mo file's messages; its header names the minute in which it was made."""
    messages = dict(gettext.GNUTranslations(compiled)._catalog)
    del messages[""]
    return messages


def with_placeholders(text):
    """Return *text* with what stands for a value as Indonesian help and hints call it."""
    said = {
        "RECORDING": "REKAMAN", "FILE": "BERKAS", "DIR": "FOLDER", "NAME": "NAMA", "ROLE": "PERAN",
    }  # fmt: skip
    return re.sub(r"(?<![\w%{])[A-Z]+(?![\w}])", lambda found: said.get(found[0], found[0]), text)


def test_a_translation_has_the_placeholders_and_the_literal_words_of_its_source():
    wrong = [
        (english, indonesian)
        for english, indonesian in pairs()
        if placeholders(indonesian) != placeholders(english)
        or set(VERBATIM.findall(indonesian)) != set(VERBATIM.findall(with_placeholders(english)))
        or indonesian.count("\n") != english.count("\n")
    ]

    assert wrong == []


def test_a_translation_stands_in_a_sentence_as_its_source_does():
    """A hint follows "Try:", a reason follows a colon; either may be followed by a full stop."""
    wrong = [
        (english, indonesian)
        for english, indonesian in pairs()
        if indonesian.endswith(".") != english.endswith(".")
        or indonesian != indonesian.strip()
        or {_begins(english), _begins(indonesian)} == {"capital", "small"}
    ]

    assert wrong == []


# What a word must not be called, where another word for the same thing is used everywhere.
OTHER_WORDS = {
    "siniar": r"\bpodcast\b(?!:)",
    "editor": r"\bpenyunting\b(?! teks)(?!, tanpa suaranya)",
    "penyimpanan": r"\bsimpanan\b",
    "ledger": r"\bbuku besar\b",
    "REKAMAN": r"\bRECORDING\b",
    "NAMA": r"--as NAME\b",
    "prefiks": r"\bawalan\b",
    "namespace": r"\bruang nama\b",
    "kebijakan akses": r"\bpolicy\b",
    "tanda kutip": r"\btanda petik\b",
    "aplikasi": r"\bklien\b",
    "berkas": r"\bfile\b(?![:}])",
    "surel": r"\be-?mail\b(?! di bawah)",
}


@pytest.mark.parametrize("word", OTHER_WORDS)
def test_one_thing_has_one_word(word):
    said_otherwise = re.compile(OTHER_WORDS[word], re.IGNORECASE)
    without_keys = (
        (english, re.sub(r'"[^"]*"|<[^>]*>', "", indonesian)) for english, indonesian in pairs()
    )

    assert [text for _, text in without_keys if said_otherwise.search(text)] == []


def _begins(text):
    # Placeholders, commands and marks keep their letters wherever they stand.
    if not text[0].isalpha() or text.startswith(("ngopi", "podcast:")):
        return "any"
    return "capital" if text[0].isupper() else "small"


# -- what must be in the catalogue --------------------------------------------------------


def error_classes(kind=NgopiError):
    for subclass in kind.__subclasses__():
        yield subclass
        yield from error_classes(subclass)


def all_rules():
    for room in iter_modules(rules.__path__):
        module = import_module(f"{rules.__name__}.{room.name}")
        yield from (value for value in vars(module).values() if isinstance(value, rules.Rule))


def test_no_sentence_of_an_error_a_rule_or_a_command_was_left_unmarked():
    commands = (root_command, *root_command.commands.values())
    options = [
        option.help
        for command in commands
        for option in command.params
        if isinstance(option, click.Option)
    ]
    sentences = {
        *(text for kind in error_classes() for text in (kind.sentence, kind.next_step)),
        *(text for rule in all_rules() for text in (rule.message, rule.hint)),
        *(text for command in commands for text in (command.help, command.epilog) if text),
        *(text for text in options if text),
    }

    assert len(sentences) > 200
    assert sentences - {message.id for message in catalogue() if not message.pluralizable} == set()


# -- what a person reads ------------------------------------------------------------------


def english_left(text):
    """Return the source sentences (two words or more) that still stand in *text*."""
    shown = " ".join(text.split())
    return [
        english
        for english, indonesian in pairs()
        if " " in english and "{" not in english and english != indonesian and english in shown
    ]


def in_a_new_process(*argv):
    """Run ngopi as a shell does: click keeps the help option that it translated first."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("NGOPI_")},
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": "100",
    }
    done = subprocess.run(
        [sys.executable, "-m", "ngopi", *argv],
        env=environment, capture_output=True, text=True, encoding="utf-8", check=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (
            ("--help",),
            ("Pemakaian: ngopi", "Opsi:", "Perintah:", "Folder acara;", "Contoh: ngopi demo"),
        ),
        (
            ("ingest", "--help"),
            ("Pemakaian: ngopi ingest", "Buat episode dari REKAMAN", "Contoh: ngopi ingest"),
        ),
    ],
)
def test_help_is_indonesian_to_the_last_sentence(argv, says):
    told = in_a_new_process("--lang", "id", *argv)

    assert [words for words in says if words not in told] == []
    assert "Tampilkan pesan ini, lalu selesai." in told
    assert not re.search(r"\b(Usage|Options|Commands|Example|Show|Print|default)\b:?", told)
    assert english_left(told) == []


def test_every_page_of_help_is_in_the_language_that_is_asked_for(ngopi):
    for name in root_command.commands:
        english, indonesian = ngopi(name, "--help").out, ngopi("--lang", "id", name, "--help").out

        assert english.startswith("Usage:")
        assert "Example: " in english
        assert indonesian.startswith("Pemakaian:")
        assert "Contoh: " in indonesian
        # click keeps the one option that it made and translated itself.
        assert set(english_left(indonesian)) <= {"Show this message and exit."}


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("frobnicate",), 'Galat: Tidak ada perintah "frobnicate".'),
        (("ingest",), "Galat: Belum ada argumen 'REKAMAN'."),
        (("ingest", "a.wav", "--frob"), "Galat: Tidak ada opsi '--frob'."),
        (
            ("ingest", "a.wav", "--number", "x"),
            "Galat: Nilai tidak sah untuk '--number': tulis bilangan bulat",
        ),
        (("init", "a", "b"), "Galat: Ada argumen berlebih yang tidak dikenal (b)"),
        (("--lang", "fr"), "Galat: Nilai tidak sah untuk '--lang': 'fr' bukan salah satu dari"),
    ],
)
def test_a_usage_error_is_indonesian_with_its_hint(ngopi, argv, says):
    run = ngopi("--lang=id", *argv)

    assert run.status == 2
    assert run.err.startswith(says)
    assert "\nCoba: lihat " in run.err
    assert run.err.rstrip().endswith(" --help")
    assert english_left(run.err) == []


def test_a_failure_is_indonesian_with_its_hint(ngopi, show):
    run = ngopi("--lang", "id", "show", "tidak-ada")

    assert run.status == 66
    assert run.err == (
        'Galat: Tidak ada episode "tidak-ada".\nCoba: lihat nama-namanya dengan: ngopi list\n'
    )


def test_json_has_the_same_keys_codes_and_states_in_both_languages(ngopi, show):
    (show / "episodes" / "satu").mkdir(parents=True)
    (show / "episodes" / "satu" / "episode.md").write_text(
        '+++\nguid = "a1"\ntitle = "Satu"\n+++\n', encoding="utf-8"
    )
    failures = {
        language: json.loads(ngopi("--lang", language, "--json", "show", "tidak-ada").err)["error"]
        for language in ("en", "id")
    }

    assert ngopi("--lang", "id", "--json", "list").json == ngopi("--json", "list").json
    assert '"state": "draft"' in ngopi("--lang", "id", "--json", "list").out
    assert failures["id"] == {
        "code": "no-such-episode",
        "message": 'Tidak ada episode "tidak-ada".',
        "hint": "lihat nama-namanya dengan: ngopi list",
        "exit_code": 66,
    }
    assert failures["en"]["code"] == "no-such-episode"
    assert failures["en"].keys() == failures["id"].keys()


# -- which language -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "environment", "begins"),
    [
        ("id", {"NGOPI_LANG": "en", "LC_ALL": "en_US.UTF-8"}, "Galat:"),
        ("en", {"NGOPI_LANG": "id", "LC_ALL": "id_ID.UTF-8"}, "Error:"),
        (None, {"NGOPI_LANG": "id", "LC_ALL": "en_US.UTF-8", "LANG": "en_US.UTF-8"}, "Galat:"),
        (None, {"NGOPI_LANG": "en", "LC_ALL": "id_ID.UTF-8", "LANG": "id_ID.UTF-8"}, "Error:"),
        (None, {"LC_ALL": "id_ID.UTF-8", "LC_MESSAGES": "en_GB", "LANG": "en_GB"}, "Galat:"),
        (None, {"LC_ALL": "en_GB", "LC_MESSAGES": "id_ID", "LANG": "id_ID"}, "Error:"),
        (None, {"LC_MESSAGES": "id_ID.UTF-8", "LANG": "en_GB.UTF-8"}, "Galat:"),
        (None, {"LC_MESSAGES": "C", "LANG": "id_ID.UTF-8"}, "Error:"),
        (None, {"LANG": "id_ID"}, "Galat:"),
        (None, {"LC_ALL": "", "LANG": "id_ID.UTF-8"}, "Galat:"),
        (None, {"LANG": "in_ID.UTF-8"}, "Galat:"),  # the code of Indonesian until 1989
        (None, {"LANG": "Indonesian_Indonesia.1252"}, "Galat:"),  # Windows
        (None, {"LANG": "jv_ID.UTF-8"}, "Error:"),
        (None, {"LANG": "C"}, "Error:"),
    ],
)
def test_lang_beats_ngopi_lang_beats_the_locale(ngopi, monkeypatch, asked, environment, begins):
    for name in ("NGOPI_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    run = ngopi(*(("--lang", asked) if asked else ()), "frobnicate")

    assert run.err.startswith(begins)


# -- errors -------------------------------------------------------------------------------


def constructions():
    """Yield (place, class, names of its values) for each error that the sources make."""
    known = {kind.__name__: kind for kind in error_classes()}
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            made = node.exc if isinstance(node, ast.Raise) else node
            values = made.keywords if isinstance(made, ast.Call) else []
            kind = known.get(_called(made if isinstance(node, ast.Raise | ast.Call) else None))
            if kind is not None:
                assert not getattr(made, "args", []), "values have names"
                place = f"{path.relative_to(SOURCES).as_posix()}:{node.lineno} {kind.__name__}"
                yield place, kind, {value.arg for value in values}


def _called(made):
    """Return the name of the class that *made* calls, or is."""
    named = made.func if isinstance(made, ast.Call) else made
    return getattr(named, "attr", getattr(named, "id", None))


def test_every_error_is_raised_with_exactly_the_values_that_it_says():
    found = list(constructions())

    assert len(found) > 50
    wrong = [
        f"{place} has {sorted(map(str, given))}, says {sorted(kind.names())}"
        for place, kind, given in found
        if given != kind.names()
    ]
    assert wrong == []


def test_every_error_class_is_raised_somewhere():
    raised = {kind for _, kind, _ in constructions()}

    assert sorted(kind.__name__ for kind in set(error_classes()) - raised) == []


def test_codes_are_unique_and_stable_words():
    codes = [kind.code for kind in error_classes()]

    assert [code for code, count in Counter(codes).items() if count > 1] == []
    assert [code for code in codes if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)] == []


@pytest.mark.parametrize("kind", list(error_classes()), ids=lambda kind: kind.__name__)
def test_an_error_has_a_known_exit_status_a_sentence_and_a_hint(kind):
    assert kind.__module__.startswith(errors.__name__)
    assert kind.exit_status in EXIT_STATUSES
    assert kind.sentence.strip()
    assert kind.next_step.strip()
    assert not kind.next_step[0].isupper(), "a hint follows 'Try:'"
    assert kind.__doc__
