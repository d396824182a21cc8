"""What stands in a file's tags, as it was meant: whatever its bytes claim to be.

Old recorders and tag editors write Latin-1 or Windows-1252 where UTF-8 belongs, and UTF-8 where
Latin-1 belongs.
"""

from __future__ import annotations

import re

# A letter of UTF-8 that lost its end, where a field of 30 bytes was too short for it.
_BEGUN = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")
# What nobody writes: control characters, and the beginnings of accented letters, of dashes,
# quotation marks and pictures.
_FOLDED = tuple(map(re.compile, ("[\x80-\x9f]", "[ÂÃ][\x80-\xbf\u0152-\u2122]", "â€", "ðŸ")))
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}


def readable(text: str) -> str:
    """Return a tag as FFmpeg gives it, its unreadable bytes escaped, as people would read it."""
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return _from_bytes(text.encode("utf-8", "surrogateescape"))
    return _unfolded(text).translate(_WINDOWS)


def _from_bytes(raw: bytes) -> str:
    whole = _BEGUN.sub(b"", raw)
    if not whole.isascii():
        try:
            return whole.decode()
        except UnicodeDecodeError:
            pass
    return raw.decode("latin-1").translate(_WINDOWS)


def _unfolded(text: str) -> str:
    """Return UTF-8 that was taken for Latin-1 or Windows-1252 as what it is."""
    if not any(sign.search(text) for sign in _FOLDED):
        return text
    try:
        return b"".join(_byte(letter) for letter in text).decode()
    except UnicodeError:
        return text


def _byte(letter: str) -> bytes:
    return letter.encode("latin-1" if letter <= "\xff" else "cp1252")
