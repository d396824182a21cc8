"""What was done to a recording, or found in it: facts for programs, sentences for people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ngopi.i18n import N_, _
from ngopi.text import clock

if TYPE_CHECKING:
    from ngopi.model import Treatment

_SENTENCES = {
    "dc": N_("A constant offset was taken out ({db:.0f} dBFS)."),
    "high-pass": N_("Rumble below {hz:.0f} Hz was taken out ({db:.0f} dB against the voices)."),
    "hum": N_("Mains hum of {hz:.0f} Hz was taken out (it stood {db:.0f} dB above the noise)."),
    "noise": N_("Steady background noise was lowered by {db:.0f} dB."),
    "clipped": N_(
        "The recording is clipped: {count} samples, the first at {at_s:.1f} s. "
        "Nothing was repaired; record at a lower level next time."
    ),
    "parts": N_("The file consists of several recordings, which follow each other here: {count}."),
    "lost-parts": N_("Parts of the file cannot be read, and are missing: {count}."),
    "damaged": N_("Damaged pieces of the recording are silence of the same length now: {count}."),
    "gaps": N_("Gaps in the recording were filled with silence of their length: {count}."),
    "jumps": N_("Jumps of the recorder's clock were ignored, no sound is lost: {count}."),
    "repaired": N_(
        "Samples that were no sound (infinite, no numbers, or far beyond full scale) were replaced "
        "from their neighbours: {count}, the first at {at_s:.1f} s."
    ),
    "drift": N_(
        "The recorder's clock went {at_s:+.2f} s away from the sound, little by little: the sound "
        "counts, and nothing of it was cut or moved."
    ),
    "cut-short": N_(
        "The recording ends {at_s:.1f} s before the length that it states: the file was cut off."
    ),
    "cut-off": N_(
        "The file ends in the middle of its sound: it was cut off, and does not say how long "
        "it was."
    ),
    "trimmed-start": N_("Silence at the start was cut: {at_s:.1f} s."),
    "trimmed-end": N_("Silence at the end was cut: {at_s:.1f} s."),
    "pauses": N_("Long pauses were shortened: {count}, by {at_s:.1f} s altogether."),
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
    "track-silent": N_("Track {count} is silent: it adds nothing."),
    "track-same": N_(
        "Track {count} holds the same sound as another one: it is heard only where that one has "
        "none."
    ),
    "track-within": N_(
        "All of track {count} is on another one too: it was left out, or it would be heard twice."
    ),
    "track-sum": N_(
        "Track {count} is the mix of the others: it was left out, or they would be heard twice."
    ),
    "track-plain": N_(
        "Track {count} hears the others as loud as they are themselves: it was mixed in as it is."
    ),
    "track-later": N_("Track {count} was put {at_s:.2f} s later, where its sound belongs."),
    "track-drifts": N_(
        "The clock of track {count} runs {at_s:.2f} s apart in the course of the recording: "
        "it was kept in line."
    ),
    "sound-taken": N_("Of the file's sound tracks, number {count} was taken."),
    "sound-mixed": N_("{count} sound tracks of the file were mixed."),
    "sound-left": N_(
        "Sound track {count} was not taken ({db:.1f} LUFS); --sound {count} takes it."
    ),
    "sound-unheard": N_("Sound track {count} was not taken; --sound {count} takes it."),
    "sound-silent": N_("Sound track {count} of the file is silent."),
    "part": N_("Part {count} begins at {clock}."),
    "part-silent": N_("Part {count} is silent."),
}
_SILENT = {
    "left-out-left": N_("The left channel was left out: it is silent."),
    "left-out-right": N_("The right channel was left out: it is silent."),
}


def sentence(treatment: Treatment) -> str:
    """Return the fact as a person reads it, in the language that was set."""
    silent = treatment.db is not None and math.isinf(treatment.db)
    sentences = _SILENT if silent else _SENTENCES
    said = _(sentences[treatment.name]).format(
        hz=treatment.hz,
        db=treatment.db,
        count=treatment.count,
        at_s=treatment.at_s,
        clock=clock(treatment.at_s or 0.0),
    )
    if treatment.part is not None:
        return _("Part {number}: {said}").format(number=treatment.part, said=said)
    if treatment.track is not None:
        return _("Track {number}: {said}").format(number=treatment.track, said=said)
    return said
