"""Samples that are no sound: not a number, infinite, or far beyond anything that was recorded."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ngopi.errors import BrokenSamplesError
from ngopi.model import Treatment

if TYPE_CHECKING:
    from pathlib import Path

    from av.audio.frame import AudioFrame
    from numpy.typing import NDArray

_log = logging.getLogger(__name__)

# Of float samples, +40 dBFS: what recorders with 32-bit float write above full scale is legitimate,
# and the loudest of it stays far below.
_LOUDEST = 100.0
# Bytes that are no floats at all are "not a number" one time in 256, and far more often too large:
# with a quarter of that the rest cannot be trusted either.
_MOST_BROKEN = 0.001
_TYPES: dict[str, np.dtype[Any]] = {
    "flt": np.dtype(np.float32),
    "fltp": np.dtype(np.float32),
    "dbl": np.dtype(np.float64),
    "dblp": np.dtype(np.float64),
}
_MOST_PLANES = 8  # PyAV looks for more where there are none


class Repair:
    """Puts straight lines in the place of broken samples, between their neighbours."""

    def __init__(self) -> None:
        self.broken = 0
        self.samples = 0
        self.first_s: float | None = None
        self._seen_s = 0.0
        self._last: dict[int, float] = {}  # of each channel, the last sample that was sound

    def mend(self, frame: AudioFrame) -> None:
        """Mend the samples of *frame* in place; they follow those of the last call."""
        type_ = _TYPES.get(frame.format.name)
        channels = frame.layout.nb_channels
        if type_ is not None and not (frame.format.is_planar and channels > _MOST_PLANES):
            first = None
            for number, samples in enumerate(_channels(frame, type_)):
                found = self._mend(samples, number)
                first = found if first is None or (found is not None and found < first) else first
            if first is not None and self.first_s is None:
                self.first_s = self._seen_s + first / frame.sample_rate
        self.samples += frame.samples * channels
        self._seen_s += frame.samples / frame.sample_rate

    def _mend(self, samples: NDArray[Any], number: int) -> int | None:
        """Mend one channel and return where its first broken sample was."""
        # Not a number compares as false, whatever it is compared with.
        if samples.max(initial=0) <= _LOUDEST and samples.min(initial=0) >= -_LOUDEST:
            self._last[number] = float(samples[-1]) if len(samples) else 0.0
            return None
        sound = np.abs(samples) <= _LOUDEST
        broken, kept = np.flatnonzero(~sound), np.flatnonzero(sound)
        before = self._last.get(number, samples[kept[0]] if kept.size else 0.0)
        known = np.concatenate(([before], samples[kept]))
        samples[broken] = np.interp(broken, np.concatenate(([-1], kept)), known)
        self._last[number] = float(samples[-1])
        self.broken += broken.size
        return int(broken[0])

    def judge(self, path: Path) -> None:
        """Refuse a recording that has too many of them.

        Raises:
            BrokenSamplesError: more than one in a thousand.
        """
        if self.broken > _MOST_BROKEN * self.samples:
            percent = 100 * self.broken / self.samples
            raise BrokenSamplesError(path=path, count=self.broken, percent=percent)

    def treatments(self) -> tuple[Treatment, ...]:
        """Return what was mended as a fact for the certificate."""
        if not self.broken:
            return ()
        return (Treatment(name="repaired", count=self.broken, at_s=self.first_s),)

    def warn(self, path: Path) -> None:
        """Log what was mended, where there is no certificate to say it in."""
        if self.broken:
            _log.warning("%s: %d broken samples were replaced", path, self.broken)


def _channels(frame: AudioFrame, type_: np.dtype[Any]) -> list[NDArray[Any]]:
    """Return views of the samples of each channel; planes may have a longer tail."""
    channels = frame.layout.nb_channels
    # A plane offers its bytes as a buffer, which its type does not say.
    found = cast("tuple[bytes, ...]", frame.planes)
    if frame.format.is_planar:
        return [np.frombuffer(plane, type_, count=frame.samples) for plane in found]
    packed = np.frombuffer(found[0], type_, count=frame.samples * channels)
    return list(packed.reshape(-1, channels).T)
