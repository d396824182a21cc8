"""Characters that nobody sees: they turn text around, hide in it, or move a terminal's cursor."""

from __future__ import annotations

import re

# What turns the order of letters around, over the end of its line too.
_TURNING = "\u202a-\u202e\u2066-\u2069"
# What is there and takes no room: two titles look alike, or one looks empty.
_INVISIBLE = (
    "\u00ad\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e007f"
)
# Arabic and Hebrew need these between letters and digits; a terminal does not.
_MARKS = "\u061c\u200e\u200f"
_CONTROLS = "\x00-\x1f\x7f-\x9f"
_LINES = "\u2028\u2029"
_SURROGATES = "\ud800-\udfff"
# The flags of Wales and the like; and what joins emoji, or Arabic and Indian letters.
_FLAG = "\U0001f3f4[\U000e0020-\U000e007e]{1,32}\U000e007f"
_LETTER = f"[^\x00-\u02ff\u2000-\u206f\ufeff{_SURROGATES}]"
_JOINED = f"(?<={_LETTER})[\u200c\u200d](?={_LETTER})"

_HIDDEN = re.compile(f"(?P<kept>{_FLAG}|{_JOINED})|[\u200c\u200d{_TURNING}{_INVISIBLE}]")
_UNSHOWN = re.compile(
    f"(?P<kept>{_FLAG}|{_JOINED})"
    f"|(?P<control>[{_CONTROLS}{_SURROGATES}])"
    f"|[\u200c\u200d{_TURNING}{_INVISIBLE}{_MARKS}{_LINES}]"
)
_UNQUOTED = re.compile(f"[\x7f-\x9f{_SURROGATES}{_LINES}{_TURNING}{_INVISIBLE}{_MARKS}]")


def without_hidden(text: str) -> str:
    """Return *text* without what nobody sees; what joins emoji or letters stays, and marks."""
    return _HIDDEN.sub(lambda found: found["kept"] or "", text)


def one_line(text: str) -> str:
    r"""Return *text* as one line for a terminal, in which what nobody sees is seen.

    Control characters are escapes as in ``\x1b``, others their numbers as in ``⟨U+202E⟩``.
    """

    def seen(found: re.Match[str]) -> str:
        if found["kept"]:
            return found[0]
        if found["control"]:
            return found[0].encode("unicode_escape").decode("ascii")
        return f"⟨U+{ord(found[0]):04X}⟩"

    return _UNSHOWN.sub(seen, text)


def quoted(document: str) -> str:
    """Return a JSON *document* in which what nobody sees stands as JSON's own escapes."""

    def escaped(found: re.Match[str]) -> str:
        units = found[0].encode("utf-16-be", errors="surrogatepass")
        pairs = (units[at : at + 2].hex() for at in range(0, len(units), 2))
        return "".join(f"\\u{pair}" for pair in pairs)

    return _UNQUOTED.sub(escaped, document)


def toml_quoted(text: str) -> str:
    r"""Return a TOML string in which what nobody sees stands as escapes, as in ``\u202E``."""
    return _UNQUOTED.sub(lambda found: _toml_escape(ord(found[0])), text)


def _toml_escape(code: int) -> str:
    return f"\\U{code:08X}" if code > 0xFFFF else f"\\u{code:04X}"  # noqa: PLR2004 - four digits hold it
