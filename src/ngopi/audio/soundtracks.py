"""Which of a file's sound tracks are taken: what nobody is lost by, and nobody heard twice."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ngopi.audio.activity import energies_of, gated_lufs
from ngopi.audio.alignment import lag_on_one_clock
from ngopi.audio.cores import cores
from ngopi.audio.likeness import compare
from ngopi.audio.recording import probe, sound_tracks, windows
from ngopi.errors import DamagedRecordingError, NoSuchSoundError, TooShortRecordingError
from ngopi.i18n import N_
from ngopi.model import Recording, SoundTrack, Treatment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from ngopi.model import Progress, SoundWish

_ONE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """*tracks* of the file are taken, all of one moment; *lufs* tells of each that was looked at.

    *every* are all that the file has.
    """

    tracks: tuple[Recording, ...]
    every: tuple[SoundTrack, ...]
    lufs: dict[int, float]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the tracks that are taken."""
        if len(self.every) == _ONE:
            return (_ONE,)
        return tuple(track.sound or _ONE for track in self.tracks)

    def treatments(self) -> tuple[Treatment, ...]:
        """Return what was chosen as facts for the certificate; nothing of a file with one track."""
        if len(self.every) == _ONE:
            return ()
        taken = self.numbers
        chosen = (
            Treatment(name="sound-taken", count=taken[0])
            if len(taken) == _ONE
            else Treatment(name="sound-mixed", count=len(taken))
        )
        left = (track.number for track in self.every if track.number not in taken)
        return (
            chosen,
            *(_left(n, self.lufs.get(n)) for n in left),
        )


def _left(number: int, lufs: float | None) -> Treatment:
    if lufs is None:
        return Treatment(name="sound-unheard", count=number)
    if math.isinf(lufs):
        return Treatment(name="sound-silent", count=number)
    return Treatment(name="sound-left", count=number, db=lufs)


def choose_sound(path: Path, *, wish: SoundWish | None, progress: Progress) -> Choice:
    """Choose among the sound tracks of *path*; without a *wish*, all are listened to first.

    Silent ones are left out. If one holds all that is in any other (the mix of all that OBS
    records beside each alone, or the same in another codec) it is taken. Versions of one sound
    (in several languages, with a comment) are no parts of it: the one that players take is taken.
    Else all are, to be mixed.

    Raises:
        NoSuchSoundError: there is no track of that number, or none that can be decoded.
        NgopiError: the file cannot be used.
    """
    every = sound_tracks(path)
    usable = {track.number: track.recording for track in every if track.recording is not None}
    if wish is not None:
        return Choice(tracks=_wished(path, usable, wish), every=every, lufs={})
    if len(usable) == _ONE:
        return Choice(tracks=tuple(usable.values()), every=every, lufs={})
    energies = listened_to(usable, progress)
    if not energies:  # whoever decodes the one that players take says what is wrong
        first = _first([track for track in every if track.number in usable])
        return Choice(tracks=(usable[first.number],), every=every, lufs={})
    lufs = {number: gated_lufs(found) for number, found in energies.items()}
    taken = _taken([track for track in every if track.number in energies], energies, lufs)
    return Choice(tracks=tuple(usable[n] for n in taken), every=every, lufs=lufs)


def each_sound(path: Path, *, wish: SoundWish | None) -> tuple[Recording, ...]:
    """Return the sound tracks that can be decoded, or the one of that number.

    Raises:
        NoSuchSoundError: there is no track of that number, or none that can be decoded.
        NgopiError: the file cannot be used.
    """
    every = sound_tracks(path)
    if len(every) == _ONE and wish is None:
        return (probe(path),)
    usable = {track.number: track.recording for track in every if track.recording is not None}
    return _wished(path, usable, wish or "mix")


def _wished(path: Path, usable: dict[int, Recording], wish: SoundWish) -> tuple[Recording, ...]:
    numbers = tuple(usable) if wish == "mix" else (wish,)
    if not usable.keys() >= set(numbers):
        listed = ", ".join(map(str, usable))
        raise NoSuchSoundError(path=path, number=wish, numbers=listed)
    return tuple(usable[number] for number in numbers)


def listened_to(usable: dict[int, Recording], progress: Progress) -> dict[int, NDArray[np.float64]]:
    """Return the energies of the ticks of each track that can be read, under its number."""
    total_s = sum(track.duration_s or 0.0 for track in usable.values())
    with (
        progress.step(N_("Listening"), total_s) as advance,
        ThreadPoolExecutor(cores()) as threads,
    ):
        found = threads.map(partial(_energies, advance), usable.values())
        return {
            number: energies
            for number, energies in zip(usable, found, strict=True)
            if energies is not None
        }


def _energies(advance: Callable[[float], None], track: Recording) -> NDArray[np.float64] | None:
    try:
        heard = windows(track, advance=advance)
        return energies_of(heard, sample_rate_hz=track.sample_rate_hz)
    except TooShortRecordingError as error:
        return None if error.values["duration_s"] else np.zeros(1)  # nothing at all is silence
    except DamagedRecordingError:
        return None


def _taken(
    every: list[SoundTrack], energies: dict[int, NDArray[np.float64]], lufs: dict[int, float]
) -> list[int]:
    sounding = [track for track in every if math.isfinite(lufs[track.number])]
    if len(sounding) <= _ONE:
        # All silent: mastering says so of the one that players take.
        return [_first(sounding or every).number]
    likeness = compare([energies[track.number] for track in sounding], lag_of=lag_on_one_clock)
    if likeness.whole is not None:
        return [sounding[likeness.whole].number]
    distinct = [track for n, track in enumerate(sounding) if n not in likeness.needless]
    parts = [track for track in distinct if not track.other]
    languages = {track.language for track in parts if track.language}
    if not parts or len(languages) > _ONE:
        return [_first(parts or distinct).number]
    return [track.number for track in parts]


def _first(tracks: list[SoundTrack]) -> SoundTrack:
    return next((track for track in tracks if track.default), tracks[0])
