"""Where a recording's sound belongs in time, and what had to be mended in it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ngopi.errors import DamagedRecordingError, TooShortRecordingError
from ngopi.model import Treatment

if TYPE_CHECKING:
    from pathlib import Path

    from ngopi.model import Recording

_log = logging.getLogger(__name__)

_SHORTEST_S = 0.5
_MAX_DAMAGED_SHARE = 0.05
_MAX_MISSING_SHARE = 0.5  # an end that was cut off is warned about, a mere beginning is refused
_JITTER_S = 0.1  # containers round their timestamps, recorders are late
_MAX_GAP_S = 60.0
_MAX_OVERLAP_S = 1.0
_TRUNCATED_S = 1.0


@dataclass(slots=True)
class Tally:
    """What had to be mended."""

    damaged_frames: int = 0
    damaged_s: float = 0.0
    gaps: int = 0
    gaps_s: float = 0.0
    jumps: int = 0
    missing_s: float = 0.0

    def treatments(self) -> tuple[Treatment, ...]:
        """Return what was mended as facts for the certificate."""
        found = (
            (self.damaged_frames, Treatment(name="damaged", count=self.damaged_frames)),
            (self.gaps, Treatment(name="gaps", count=self.gaps)),
            (self.jumps, Treatment(name="jumps", count=self.jumps)),
            (self.missing_s > _TRUNCATED_S, Treatment(name="cut-short", at_s=self.missing_s)),
        )
        return tuple(treatment for is_there, treatment in found if is_there)

    def judge(self, recording: Recording, *, decoded_s: float) -> None:
        """Refuse what is too broken to be mended.

        Raises:
            DamagedRecordingError: more than a twentieth is damaged, or half of it is missing.
            TooShortRecordingError: it is shorter than half a second.
        """
        path = recording.path
        nothing_left = self.damaged_frames > 0 and decoded_s <= self.damaged_s
        too_damaged = self.damaged_s > _MAX_DAMAGED_SHARE * decoded_s
        too_little = self.missing_s > _MAX_MISSING_SHARE * (decoded_s + self.missing_s)
        if nothing_left or too_damaged or too_little:
            raise DamagedRecordingError(path=path)
        if decoded_s < _SHORTEST_S:
            raise TooShortRecordingError(path=path, duration_s=decoded_s)

    def warn(self, path: Path) -> None:
        """Log what was mended, where there is no certificate to say it in."""
        if self.damaged_frames:
            count, lost_s = self.damaged_frames, self.damaged_s
            _log.warning("%s: %d damaged frames are silence now (%.2f s)", path, count, lost_s)
        if self.gaps:
            count, lost_s = self.gaps, self.gaps_s
            _log.warning("%s: %d gaps were filled with silence (%.2f s)", path, count, lost_s)
        if self.jumps:
            _log.warning("%s: %d jumps of its clock were ignored", path, self.jumps)
        if self.missing_s > _TRUNCATED_S:
            _log.warning("%s: ends %.1f s before its stated length", path, self.missing_s)


class Clock:
    """Compares each frame's timestamp with where the sound has come to."""

    def __init__(self, tally: Tally) -> None:
        self.elapsed_s = 0.0
        self._tally = tally
        self._start_s: float | None = None
        self._overlapping = False

    def place(self, time_s: float | None, frame_s: float) -> float | None:
        """Return the seconds of silence that belong before a frame; None drops the frame."""
        if time_s is None:
            self.step(frame_s)
            return 0.0
        if self._start_s is None:
            self._start_s = time_s - self.elapsed_s
        ahead_s = time_s - self._start_s - self.elapsed_s
        # Once in an overlap all of it goes, not only what is more than jitter.
        tolerance_s = frame_s / 2 if self._overlapping else _JITTER_S
        self._overlapping = -_MAX_OVERLAP_S <= ahead_s < -tolerance_s
        if self._overlapping:
            _log.debug("overlap at %.3f s: a frame is dropped", self.elapsed_s)
            return None
        silence_s = 0.0
        if _JITTER_S < ahead_s <= _MAX_GAP_S:
            silence_s = ahead_s
            self._tally.gaps += 1
            self._tally.gaps_s += silence_s
        elif ahead_s > _MAX_GAP_S or ahead_s < -_MAX_OVERLAP_S:
            self._start_s += ahead_s
            self._tally.jumps += 1
        self.step(silence_s + frame_s)
        return silence_s

    def damage(self, length_s: float) -> float:
        """Count a frame that is lost and return the silence in its place."""
        self._tally.damaged_frames += 1
        self._tally.damaged_s += length_s
        self.step(length_s)
        return length_s

    def step(self, length_s: float) -> None:
        """Go on by *length_s*."""
        self.elapsed_s += length_s
