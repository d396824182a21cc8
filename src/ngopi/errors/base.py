"""Every failure that ngopi knows: what happened, what to do next, a stable code, an exit status.

An error is raised with the values its sentence names::

    raise EmptyRecordingError(path=path)

The sentence is put together, in the reader's language, when it is shown.
"""

from string import Formatter
from typing import ClassVar

from ngopi.i18n import _
from ngopi.letters import one_line

DATA, MISSING, UNAVAILABLE, BUG, IO, CONFLICT, REFUSED, CONFIG = 65, 66, 69, 70, 74, 75, 77, 78
INTERRUPTED = 130


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
