"""Text as people type it, made fit for XML, tags and file names."""

from __future__ import annotations

import re

# XML 1.0 (section 2.2) has no place for these; C1 controls are legal there, yet mean nothing.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_NEWLINE = re.compile("\r\n?|[\x85\u2028\u2029]")


def clean_text(text: str) -> str:
    r"""Return *text* without characters that XML refuses, with ``\n`` ends of line, stripped."""
    return _UNPRINTABLE.sub("", _NEWLINE.sub("\n", text)).strip()


def clean_line(text: str) -> str:
    """Return *text* as one clean line: single spaces, none at the ends."""
    return " ".join(clean_text(text).split())
