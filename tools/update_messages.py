"""Merge every message of ngopi and of click into the catalogue of each language.

    python tools/update_messages.py

Translations are kept by their exact source sentence, sentences that are gone leave the
catalogue, new ones stand there empty until somebody translates them. Equal sources, equal
bytes: no dates, no line numbers, no paths of this machine.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import click
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from babel.messages.catalog import Catalog, Message

SOURCES = Path(__file__).parent.parent / "src" / "ngopi"
LOCALE = SOURCES / "locale"

OURS = {"_": None, "N_": None, "ngettext": (1, 2)}
CLICKS = {"_": None, "ngettext": (1, 2)}  # its N_ is a type variable


def messages(header: str) -> Catalog:
    """Return every message of the sources, in their order, without a translation.

    *header*: the beginning of a .po file, from which the plural forms of its language come.
    """
    catalogue = read_po(io.StringIO(header))
    for path in _python_files(SOURCES):
        _add(catalogue, path, OURS, "ngopi/" + path.relative_to(SOURCES).as_posix())
    for path in _python_files(Path(click.__file__).parent):
        _add(catalogue, path, CLICKS, "click")
    return catalogue


def updated(po_text: str) -> str:
    """Return the text of a .po file with the messages of today and the translations it has."""
    header = po_text.partition("\n\n")[0].rstrip("\n") + "\n"
    old, merged = read_po(io.StringIO(po_text)), messages(header)
    for message in merged:
        _keep_translation(message, old.get(message.id) if message.id else None)
    written = io.BytesIO()
    write_po(written, merged, width=100, omit_header=True, include_lineno=False)
    # Babel would write a header with the date and its own version.
    return header + "\n" + written.getvalue().decode("utf-8").lstrip("\n")


def _python_files(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.rglob("*.py"), key=Path.as_posix))


def _add(
    catalogue: Catalog, path: Path, keywords: Mapping[str, tuple[int, ...] | None], name: str
) -> None:
    with path.open("rb") as source:
        for _line, message, _comments, context in extract("python", source, keywords):
            catalogue.add(message, locations=[(name, 0)], context=context)


def _keep_translation(message: Message, old: Message | None) -> None:
    # A sentence that became a plural, or stopped being one, is translated anew.
    if old is None or old.pluralizable != message.pluralizable:
        return
    message.string = old.string
    message.user_comments = old.user_comments
    if old.fuzzy:
        message.flags.add("fuzzy")


def untranslated(po_text: str) -> list[object]:
    """Return the messages that have no translation, or lack one of its forms."""
    return [
        message.id
        for message in read_po(io.StringIO(po_text))
        if message.id and not (message.string and all(message.string))
    ]


def main() -> None:
    for po in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        text = updated(po.read_text(encoding="utf-8"))
        po.write_text(text, encoding="utf-8", newline="\n")
        print(f"{po.parts[-3]}: {len(untranslated(text))} messages to translate")
        for message in untranslated(text):
            print(f"  {message!r}")


if __name__ == "__main__":
    main()
