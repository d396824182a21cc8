"""What people mean who write TOML by hand: why a line cannot be read, which key a word stands for.

In: a line or a word as a person wrote it. Out: a sentence that says what to write, or the key.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from typing import TYPE_CHECKING

from ngopi.i18n import _
from ngopi.letters import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"' + r"|'[^']*'")
_TYPED_MARKS = "“”„‟«»‘’‚‛″′＂＇`"  # noqa: RUF001 - they are what is looked for
_DASHES = "−–—‒"  # noqa: RUF001 - they are what is looked for
_TRUTHS = ("true", "false", "ya", "tidak", "yes", "no", "on", "off", "benar", "salah")
_CONFLICT = re.compile(r"<{7}|={7}|>{7}|\|{7}")
# What Indonesians, and people used to other programs, call a key; the first that is known counts.
_MEANT = {
    "acara": ("show",), "podcast": ("show",), "siniar": ("show",), "penyimpanan": ("store",),
    "suara": ("audio",), "audio": ("audio",), "alur": ("workflow",),
    "judul": ("title",), "nama": ("name",), "deskripsi": ("description", "summary"),
    "keterangan": ("description", "summary"), "ringkasan": ("summary", "description"),
    "penulis": ("writer", "author"), "pembuat": ("author", "writer"), "bahasa": ("language",),
    "kategori": ("category",), "subkategori": ("subcategory",), "zona": ("timezone",),
    "zona_waktu": ("timezone",), "zonawaktu": ("timezone",), "sampul": ("cover",),
    "gambar": ("cover",), "image": ("cover",), "artwork": ("cover",), "surel": ("email",),
    "tautan": ("link",), "laman": ("link",), "situs": ("link",), "website": ("link",),
    "hak_cipta": ("copyright",), "alamat": ("url", "link"), "alamat_publik": ("public_url",),
    "bucket": ("url",), "wilayah": ("region",), "profil": ("profile",), "pembuka": ("intro",),
    "penutup": ("outro",), "musim": ("season",), "nomor": ("number",), "nomer": ("number",),
    "jenis": ("kind",), "tipe": ("kind",), "type": ("kind",), "tanggal": ("published",),
    "terbit": ("published",), "tayang": ("published",), "date": ("published",),
    "orang": ("people",), "pembicara": ("people",), "peserta": ("people",),
    "narasumber": ("people",), "guests": ("people",), "bab": ("chapters",),
    "eksplisit": ("explicit",), "dewasa": ("explicit",), "terkunci": ("locked",),
    "mulai": ("start",), "peran": ("role",),
}  # fmt: skip


def key_meant(word: str, known: Sequence[str]) -> str | None:
    """Return which of the *known* keys *word* stands for, if any does."""
    plain = word.lower().replace("-", "_").replace(" ", "_")
    meant = next((key for key in _MEANT.get(plain, ()) if key in known), None)
    return meant or next(iter(difflib.get_close_matches(word.lower(), known, n=1)), None)


def why_unreadable(error: str, line: str) -> str:
    """Return what is wrong with *line*, of which TOML's reader said *error*."""
    bare = _QUOTED.sub('""', line)
    key, equals, value = (part.strip() for part in bare.partition("="))
    return (
        _twice(error, line, key)
        or _unseen(line, bare)
        or _marks(line, bare)
        or _stray(bare.strip(), key if equals else None)
        or (_value(key, value.partition("#")[0].strip()) if re.fullmatch(r"[\w-]+", key) else None)
        or _unclosed(error, bare)
        or _(
            "this line cannot be read; every text needs its quotation marks, "
            'as in title = "Pengawasan pemilu"'
        )
    )


def _twice(error: str, line: str, key: str) -> str | None:
    if error.startswith("Cannot overwrite"):
        return _('"{key}" stands there twice; delete one of the two lines').format(key=key)
    if error.startswith("Cannot declare"):
        said = _("{table} stands there twice; write all of its lines below the first one")
        return said.format(table=line.strip())
    return None


def _unseen(line: str, bare: str) -> str | None:
    """Name a character that nobody sees, or that looks like a blank and is none."""
    controls = (
        letter for letter in line if letter != "\t" and unicodedata.category(letter) == "Cc"
    )
    for letter in (*controls, *bare):
        category = unicodedata.category(letter)
        shown = one_line(letter)
        if category == "Zs" and letter != " ":
            shown = f"⟨U+{ord(letter):04X}⟩"
        if letter not in {shown, "\t"}:
            said = _("a character that nobody sees stands here, {letter}; type the line anew")
            return said.format(letter=shown)
    return None


def _marks(line: str, bare: str) -> str | None:
    if re.search(r'"[^"]*\\', line):
        return _(
            "a \\ between quotation marks begins a special letter; write / in its place, "
            'as in "C:/Users/Rani"'
        )
    typed = "".join(dict.fromkeys(re.findall(f"[{_TYPED_MARKS}]", bare)))
    if typed:
        said = _('these are not plain quotation marks; write " instead of {marks}')
        return said.format(marks=" ".join(typed))
    if bare.replace('""', "").count('"') % 2:
        return _missing_mark()
    if re.search(r'""\s*[^\s#,;\]}=/].*""', bare) and "[" not in bare and "{" not in bare:
        return _("a text ends at the next quotation mark; write ' for those inside")
    return None


def _stray(bare: str, key: str | None) -> str | None:
    """Say what is wrong with a line that sets nothing, or whose key is none."""
    if _CONFLICT.match(bare):
        return _(
            "git found two versions of these lines; keep one of them, and delete the lines that "
            "begin with <<<<<<<, ======= and >>>>>>>"
        )
    if bare in {"---", "+++"}:
        return _("{line} does not belong here; delete that line").format(line=bare)
    if re.match(r"[\w-]+\s*:", bare):
        return _("write = between a key and its value, not :")
    if key is not None and re.fullmatch(r"[\w-]+(\s+[\w-]+)+", key):
        return _('"{key}" is not one word; a key holds no blanks').format(key=key)
    if bare.startswith("("):
        return _square()
    if key is None and bare and bare[0] not in "[]{}\"',":
        return _('this line sets nothing, as title = "…" does; a remark begins with #')
    return None


def _value(key: str, value: str) -> str | None:
    """Say what is wrong with what stands after =."""
    if not value:
        return _("nothing stands after =; write a value there, or delete the line")
    if key == "published":
        return _('"{key}" {must}').format(key=key, must=date_rule())
    if value.lower() in _TRUTHS:
        return _("write true or false, in small letters and without quotation marks")
    if value[0] == "(":
        return _square()
    if re.search(r"(^|\s)//", value):
        return _("a remark begins with #, not with //")
    if value[-1] in ",;" and value[0] not in "[{":
        return _("a line ends with its value; delete {sign}").format(sign=value[-1])
    return _number(value)


def _number(value: str) -> str | None:
    if re.match(rf"[{_DASHES}]\s*\d", value):
        return _("this is a dash; write the minus that is on the keyboard, as in -16.0")
    if re.fullmatch(r"[-+]?\d+,\d+", value):
        return _("write a point in a number, not a comma, as in 0.5")
    if re.fullmatch(r"[-+]?\.\d+", value):
        return _("a number begins with a digit, as in 0.5")
    if re.fullmatch(r"[-+]?0\d+(\.\d+)?", value):
        return _("no zero stands before a number; write 7, not 07")
    if re.fullmatch(r"[-+]?[\d.]+\s*[^\W\d]\w*", value):
        return _("a number stands alone, without a unit behind it")
    return None


def _unclosed(error: str, bare: str) -> str | None:
    if error.startswith("Unterminated string"):
        return _missing_mark()
    if bare.count("{") != bare.count("}"):
        return _("a curly bracket is missing: each one that opens needs one that closes")
    if bare.count("[") != bare.count("]"):
        return _("a bracket is missing: each [ needs its ]")
    if "{" in bare or "[" in bare or error.startswith("Unclosed"):
        return _("between two things in brackets or braces stands a comma")
    return None


def begin_of(error: str, lines: Sequence[str], number: int) -> int:
    """Return the line that opens what TOML's reader missed the end of at line *number*, from 1."""
    if error.startswith("Unclosed"):
        for above in range(number, 0, -1):
            bare = _QUOTED.sub('""', lines[above - 1])
            if any(bare.count(left) > bare.count(right) for left, right in ("[]", "{}")):
                return above
    return number


def _missing_mark() -> str:
    return _('a quotation mark is missing: a text begins and ends with ", on one line')


def _square() -> str:
    return _("square brackets stand here, [ and ], not round ones")


def date_rule() -> str:
    """Return the words that say what a date must be."""
    return _("must be a date with its time, as in 2026-11-22T16:00:00+07:00")
