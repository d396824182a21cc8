"""Text as people type it, made fit for XML, tags and file names."""

from __future__ import annotations

import re
import unicodedata

from ngopi.letters import without_hidden

# XML 1.0 (section 2.2) has no place for these; C1 controls are legal there, yet mean nothing.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
# Windows opens a device under these names in every folder, whatever ending they have.
_DEVICE = re.compile("con|prn|aux|nul|(com|lpt)[0-9]")
_SLUG = re.compile("[a-z0-9][a-z0-9-]{0,79}")
_NEWLINE = re.compile("\r\n?|[\x85\u2028\u2029]")


def clean_text(text: str) -> str:
    r"""Return *text* without what XML refuses or what hides, with ``\n`` ends, stripped."""
    return without_hidden(_UNPRINTABLE.sub("", _NEWLINE.sub("\n", text))).strip()


def clean_line(text: str) -> str:
    """Return *text* as one clean line: single spaces, none at the ends, nothing that hides."""
    return " ".join(clean_text(text).split())


def is_same_person(one: str, other: str) -> bool:
    """Say whether two names are one, however they are written: letters count, not their looks."""

    def letters(name: str) -> str:
        plain = unicodedata.normalize("NFKC", clean_line(name).partition(":")[0]).casefold()
        return "".join(filter(str.isalnum, plain)) or plain

    return letters(one) == letters(other)


def slug_of(title: str) -> str:
    """Return a slug made of *title*; empty if it holds no letter that ASCII knows."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii")
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:80].strip("-")
    return f"{slug}-1" if _DEVICE.fullmatch(slug) else slug


def is_slug(text: str) -> bool:
    """Say whether *text* can be a folder, a file's name and a part of a URL everywhere.

    Whatever names an episode must pass, wherever it comes from: a person, a folder, a store.
    """
    return _SLUG.fullmatch(text) is not None and not _DEVICE.fullmatch(text)


def clean_notes(text: str) -> str:
    r"""Return notes as an episode.md holds them: every kind of line end is ``\n``."""
    return "\n".join(text.splitlines()).strip()


def clock(duration_s: float) -> str:
    """Return a duration as people say it: 42:10 or 1:02:03."""
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
