"""Every failure that ngopi knows: what happened, what to do next, a stable code, an exit status.

An error is raised with the values its sentence names::

    raise EmptyRecordingError(path=path)

The sentence is put together, in the reader's language, when it is shown.
"""

from string import Formatter
from typing import ClassVar

from ngopi.i18n import N_, _

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
        return _(self.sentence).format(**self.values)

    @property
    def hint(self) -> str:
        """What to do next, in the language that is set."""
        return _(self.next_step).format(**self.values)

    def __str__(self) -> str:
        return self.message

    @classmethod
    def names(cls) -> frozenset[str]:
        """Return the values that the sentence and the hint need."""
        fields = (*Formatter().parse(cls.sentence), *Formatter().parse(cls.next_step))
        return frozenset(field[1] for field in fields if field[1])


# -- recordings ---------------------------------------------------------------------------


class NoSuchRecordingError(NgopiError):
    """The path leads nowhere."""

    code, exit_status = "no-such-recording", MISSING
    sentence = N_("There is no file {path}.")
    next_step = N_(
        "check the name; dragging the file from its folder into this window writes its path."
    )


# -- files ------------------------------------------------------------------------------


class DiskError(NgopiError):
    """The disk is full, the folder is read-only, or the like."""

    code, exit_status = "disk", IO
    sentence = N_("Could not write {path}: {reason}.")
    next_step = N_(
        "make room on the disk or allow writing in that folder, then run the command again."
    )


class LockedError(NgopiError):
    """Two runs at once in one folder."""

    code, exit_status = "locked", CONFLICT
    sentence = N_("Another run of ngopi is at work in {folder}.")
    next_step = N_("wait until it has finished, then run the command again.")


# -- show and catalogue -------------------------------------------------------------------


# -- stores -------------------------------------------------------------------------------


# -- feeds --------------------------------------------------------------------------------
