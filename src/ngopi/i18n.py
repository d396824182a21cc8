"""The languages that ngopi speaks: English is the source, Indonesian ships complete.

Messages are looked up at the moment they are shown, so that ``--lang`` can follow the
import of the modules that hold them. click's own messages go through the same catalogue.
"""

import gettext
import locale
import os
from pathlib import Path

LANGUAGES = ("id", "en")
_DOMAIN = "ngopi"
_LOCALE_FOLDER = Path(__file__).parent / "locale"


class _Spoken:
    """The catalogue in use, looked up once: gettext itself asks the disk for each message."""

    translations = gettext.NullTranslations()


_spoken = _Spoken()


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "translated later"
    """Mark *message* for translation and return it as it is."""
    return message


def _(message: str) -> str:
    """Return *message* in the language that was set."""
    return _spoken.translations.gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the form of the message that *count* asks for, in the language that was set."""
    return _spoken.translations.ngettext(singular, plural, count)


def set_language(language: str) -> None:
    """Speak *language* (one of LANGUAGES) from now on, click's own messages included."""
    _spoken.translations = gettext.translation(
        _DOMAIN, _LOCALE_FOLDER, languages=[language], fallback=True
    )
    # click asks gettext's global domain, which follows the environment.
    os.environ["LANGUAGE"] = language
    gettext.bindtextdomain(_DOMAIN, _LOCALE_FOLDER)
    gettext.textdomain(_DOMAIN)


def language_of_environment() -> str:
    """Return the language that NGOPI_LANG or else the machine's locale asks for."""
    wanted = os.environ.get("NGOPI_LANG", "").lower()
    if wanted in LANGUAGES:
        return wanted
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    name = next((name for name in names if name), None) or locale.getlocale()[0] or ""
    return "id" if name.lower().startswith(("id", "in_", "indonesian")) else "en"
