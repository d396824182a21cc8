"""Every failure that ngopi knows: what happened, what to do next, a stable code, an exit status.

An error is raised with the values its sentence names::

    raise EmptyRecordingError(path=path)

The sentence is put together, in the reader's language, when it is shown.
"""

import re
from string import Formatter
from typing import ClassVar

from ngopi.i18n import _

# What moves a terminal's cursor, ends a line or turns the order of letters around.
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

DATA, MISSING, UNAVAILABLE, BUG, IO, CONFLICT, REFUSED, CONFIG = 65, 66, 69, 70, 74, 75, 77, 78
INTERRUPTED = 130


def one_line(text: str) -> str:
    """Return *text* as one line for a terminal: control characters are shown as escapes."""
    return _UNSHOWN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


class NgopiError(Exception):
    """A failure that a person can understand and mend."""

    code: ClassVar[str]
    exit_status: ClassVar[int]
    sentence: ClassVar[str]
    next_step: ClassVar[str]

    def __init__(self, **values: object) -> None:
        super().__init__(values)
        self.values = values

    @property
    def message(self) -> str:
        """What happened, in the language that is set."""
        return _(self.sentence).format(**self._shown())

    @property
    def hint(self) -> str:
        """What to do next, in the language that is set."""
        return _(self.next_step).format(**self._shown())

    def _shown(self) -> dict[str, object]:
        return {name: _in_sentence(value) for name, value in self.values.items()}

    def __str__(self) -> str:
        return self.message

    @classmethod
    def names(cls) -> frozenset[str]:
        """Return the values that the sentence and the hint need."""
        fields = (*Formatter().parse(cls.sentence), *Formatter().parse(cls.next_step))
        return frozenset(field[1] for field in fields if field[1])


def _in_sentence(value: object) -> object:
    # A name that a person typed stays in its place, whatever is in it; a tuple is a list of lines.
    if isinstance(value, tuple):
        return "\n".join(one_line(line) for line in value)
    return value if isinstance(value, int | float) else one_line(str(value))
