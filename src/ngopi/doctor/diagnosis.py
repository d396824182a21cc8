"""What the doctor says of one thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ngopi.errors import NgopiError

# The hint of everything that has a *mend*; a command is the same in every language.
FIX = "ngopi doctor --fix"
Mend = Callable[[], object]
Health = Literal["ok", "warning", "error"]
Subject = Literal[
    "versions", "clock", "catalogue", "media", "store", "ledger", "history",
    "releases", "objects", "feed", "local", "public", "privacy", "garbage",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One line of the report; *hint* names the command that mends it, empty where all is well.

    *mend*, where there is one, mends it and loses nothing; it may raise NgopiError.
    """

    subject: Subject
    severity: Health
    message: str
    hint: str = ""
    mend: Mend | None = field(default=None, compare=False, repr=False)


def healthy(subject: Subject, message: str) -> Diagnosis:
    """Return that all is well with *subject*."""
    return Diagnosis(subject=subject, severity="ok", message=message)


def of_error(subject: Subject, error: NgopiError) -> Diagnosis:
    """Return an error of ngopi as a diagnosis."""
    message = " ".join(error.message.split())
    return Diagnosis(subject=subject, severity="error", message=message, hint=error.hint)
