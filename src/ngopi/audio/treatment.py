"""What was done to a recording, or found in it: facts for programs, sentences for people."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ngopi.i18n import N_, _

_SENTENCES = {
    "dc": N_("A constant offset was taken out ({db:.0f} dBFS)."),
    "high-pass": N_("Rumble below {hz:.0f} Hz was taken out ({db:.0f} dB against the voices)."),
    "hum": N_("Mains hum of {hz:.0f} Hz was taken out (it stood {db:.0f} dB above the noise)."),
    "noise": N_("Steady background noise was lowered by {db:.0f} dB."),
    "clipped": N_(
        "The recording is clipped: {count} samples, the first at {at_s:.1f} s. "
        "Nothing was repaired; record at a lower level next time."
    ),
    "same-twice": N_("Both channels are the same sound: it is delivered as mono."),
    "opposite-twice": N_(
        "The right channel is the left one turned upside down: only the left one is used."
    ),
    "left-out-left": N_(
        "The left channel was left out: it is {db:.0f} dB quieter than the right one."
    ),
    "left-out-right": N_(
        "The right channel was left out: it is {db:.0f} dB quieter than the left one."
    ),
}
_SILENT = {
    "left-out-left": N_("The left channel was left out: it is silent."),
    "left-out-right": N_("The right channel was left out: it is silent."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """One fact for the certificate; *name* is stable, the figures are None where they mean nothing.

    ``dc`` (*db*: dBFS), ``high-pass`` (*hz*: where 3 dB are gone, *db*: rumble against the
    voices), ``hum`` (*hz*: of the mains, *db*: above the noise), ``noise`` (*db*: reduction),
    ``clipped`` (*count* of samples, the first *at_s*), ``same-twice``, ``opposite-twice``,
    ``left-out-left`` and ``left-out-right`` (*db* quieter than the other channel; inf: silent).
    """

    name: str
    hz: float | None = None
    db: float | None = None
    count: int | None = None
    at_s: float | None = None

    @property
    def sentence(self) -> str:
        """The fact as a person reads it, in the language that was set."""
        sentences = _SILENT if self.db is not None and math.isinf(self.db) else _SENTENCES
        return _(sentences[self.name]).format(
            hz=self.hz, db=self.db, count=self.count, at_s=self.at_s
        )
