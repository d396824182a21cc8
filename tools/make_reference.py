"""Make docs/reference.md out of the commands, the settings, the errors and the feed rules.

    python tools/make_reference.py

Equal source, equal bytes: tests/e2e/test_docs.py holds the file against what this makes.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ngopi.cli.root import ngopi
from ngopi.config import DEFAULT_PUBLIC_URL
from ngopi.errors import NgopiError
from ngopi.feed.rules import Rule
from ngopi.i18n import set_language
from ngopi.model import AudioSettings, Episode, Person, Show, StoreSettings, WorkflowSettings
from ngopi.scaffold import Answers, settings_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

TARGET = Path(__file__).parent.parent / "docs" / "reference.md"
TABLES = {
    "show": Show,
    "store": StoreSettings,
    "audio": AudioSettings,
    "workflow": WorkflowSettings,
}
RULE_ROOMS = ("document", "channel", "item", "values", "history")
SEVERITIES = {"E": "error", "W": "warning", "I": "information"}

# These two live beside the dataclasses of their tables: one is a path, one belongs to the show.
OTHER_KEYS = {"cover": '`"cover.jpg"`', "public_url": f'`"{DEFAULT_PUBLIC_URL}"`'}

TYPES = {
    "str": "text",
    "bool": "true or false",
    "int": "whole number",
    "float": "number",
    "datetime": "date and time",
    "ShowKind": '`"episodic"` or `"serial"`',
    "EpisodeKind": '`"full"`, `"trailer"` or `"bonus"`',
    "tuple[Person, ...]": "list of `{ name = …, role = … }`",
    "tuple[Chapter, ...]": 'a list of `{ start = "12:30", title = "…" }`',
}

STATUSES = {
    0: "done",
    1: "a check answered no: `ngopi check` or `ngopi demo` found an error in a feed, or "
    "`ngopi doctor` one anywhere",
    2: "the command line is not understood, or an option is missing",
    65: "a bad recording, episode, cover or feed",
    66: "a file that was named is not there",
    69: "the store or an address does not answer as it should",
    70: "a bug of ngopi",
    74: "a disk or file error",
    75: "something else is at work there: run it again; or a colleague changed the same",
    77: "credentials are missing or refused",
    78: "a setting in ngopi.toml",
    130: "interrupted with Ctrl-C",
}

OPENING = """\
# Reference

Made by `tools/make_reference.py` from the source; do not edit it by hand. What the words
mean and how the files look is in [the formats](format.md); how to do things is in
[the guide](guide.md), also [in Indonesian](panduan.md).

- [Commands](#commands)
- [Settings in ngopi.toml](#settings-in-ngopitoml)
- [Keys of episode.md](#keys-of-episodemd)
- [Errors by exit status](#errors-by-exit-status)
- [What ngopi check looks at](#what-ngopi-check-looks-at)
"""


def reference() -> str:
    """Return docs/reference.md."""
    set_language("en")
    parts = (
        OPENING,
        *_commands(),
        *_settings(),
        *_episode_keys(),
        *_errors(),
        *_rules(),
    )
    return "\n".join(part.rstrip() + "\n" for part in parts)


# -- commands -----------------------------------------------------------------------------


def _commands() -> Iterator[str]:
    context = click.Context(ngopi, info_name="ngopi", **ngopi.context_settings)
    yield "## Commands"
    yield (
        "Results go to stdout; progress, remarks and errors to stderr. `--json` may also stand "
        "behind a command's name. `NGOPI_SHOW` and `NGOPI_LANG` in the environment stand for "
        "`--show` and `--lang`, `NGOPI_BY` (or `NGOPI_WHO`) for `--by`."
    )
    yield from _command(ngopi, context, hidden=())
    for name in ngopi.list_commands(context):
        command = ngopi.commands[name]
        yield from _command(
            command,
            click.Context(command, info_name=name, parent=context),
            hidden=("--json", "--help"),
        )


def _command(command: click.Command, context: click.Context, *, hidden: Sequence[str]) -> list[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    records = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    rows = [
        (f"`{names}`", help_text)
        for names, help_text in filter(None, records)
        if help_text and not any(name in names for name in hidden)
    ]
    parts = [f"### {context.command_path}", f"```text\n{usage}\n```", command.help or ""]
    if rows:
        parts.append(_table(("option", "meaning"), rows))
    if command.epilog:
        parts.append(f"```sh\n{command.epilog.removeprefix('Example: ')}\n```")
    return parts


# -- settings -----------------------------------------------------------------------------


def _settings() -> Iterator[str]:
    yield "## Settings in ngopi.toml"
    yield (
        "A setting also comes from the environment, which goes before the file: `NGOPI_`, the "
        "table, `_`, the key, all in capitals, as in `NGOPI_STORE_URL` or "
        "`NGOPI_AUDIO_TARGET_LUFS`. Keys that are not listed here are refused."
    )
    meanings = _meanings()
    for table, kind in TABLES.items():
        known = {field.name: field for field in fields(kind)}
        rows = [
            (
                f"`{key}`",
                _type(str(known[key].type)) if key in known else "text",
                _default(known[key]) if key in known else OTHER_KEYS[key],
                meaning,
            )
            for (owner, key), meaning in meanings.items()
            if owner == table
        ]
        yield f"### [{table}]"
        yield _table(("key", "value", "default", "meaning"), rows)


def _meanings() -> dict[tuple[str, str], str]:
    """Return the comment that a new show's ngopi.toml has above each key."""
    answers = Answers(
        title="…", author="…", language="id", category="Government", timezone="Asia/Jakarta",
        public_url=DEFAULT_PUBLIC_URL, store="file:public", preset=None, email=None,
    )  # fmt: skip
    meanings, table, comment = {}, "", ""
    for line in settings_text("…", answers).splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            table = header[1]
        elif key := re.match(r"(?:# )?(\w+) = ", line):
            meanings[table, key[1]] = comment
        else:
            comment = line.removeprefix("# ")
    return meanings


def _type(annotation: str) -> str:
    return TYPES[annotation.removesuffix(" | None")]


def _default(field: object) -> str:
    default = getattr(field, "default", MISSING)
    if default is MISSING:
        return "required"
    if default is None or default == ():
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f'`"{default}"`' if isinstance(default, str) else f"`{default}`"


def _episode_keys() -> Iterator[str]:
    yield "## Keys of episode.md"
    yield "Between the two lines of `+++`; their meaning is in [the formats](format.md#episodemd)."
    for kind, hidden in ((Episode, {"slug", "notes"}), (Person, set[str]())):
        rows = [
            (f"`{field.name}`", _type(str(field.type)), _default(field))
            for field in fields(kind)
            if field.name not in hidden
        ]
        if kind is Person:
            yield "Each of the `people`:"
        yield _table(("key", "value", "default"), rows)


# -- errors and rules ---------------------------------------------------------------------


def _errors() -> Iterator[str]:
    yield "## Errors by exit status"
    yield (
        "Words in capitals stand for what the message names. With `--json` an error is one JSON "
        "object on stderr, see [the formats](format.md#errors-under---json)."
    )
    classes = sorted(NgopiError.__subclasses__(), key=lambda kind: kind.code)
    for status, meaning in STATUSES.items():
        yield f"### Exit status {status}"
        yield f"{meaning[0].upper()}{meaning[1:]}."
        rows = [
            (f"`{kind.code}`", _shouted(kind.sentence), _shouted(kind.next_step))
            for kind in classes
            if kind.exit_status == status
        ]
        if rows:
            yield _table(("code", "what is said", "what to do"), rows)


def _rules() -> Iterator[str]:
    yield "## What ngopi check looks at"
    yield "An error keeps a feed from being published; a warning or information does not."
    rules = {
        value.id: value
        for room in RULE_ROOMS
        for value in vars(import_module(f"ngopi.feed.rules.{room}")).values()
        if isinstance(value, Rule)
    }
    rows = [
        (f"`{rule.id}`", SEVERITIES[rule.severity], _shouted(rule.message), _shouted(rule.hint))
        for rule in rules.values()
    ]
    yield _table(("rule", "severity", "what is said", "what to do"), rows)


def _shouted(sentence: str) -> str:
    return re.sub(r"\{(\w+)[^}]*\}", lambda name: name[1].upper(), sentence)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    # A table's cell is one line, and GitHub would take <name> for a tag.
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()).replace("|", "\\|"))
    return "".join(part if part.startswith("`") else escape(part, quote=False) for part in parts)


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8", newline="\n")
