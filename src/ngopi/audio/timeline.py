"""Where a recording's sound belongs in time, and what had to be mended in it."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from ngopi.errors import DamagedRecordingError, TooShortRecordingError
from ngopi.model import Treatment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ngopi.model import Recording

Frame = TypeVar("Frame")

_log = logging.getLogger(__name__)

SHORTEST_S = 0.5
_MAX_DAMAGED_SHARE = 0.05
_MAX_MISSING_SHARE = 0.7  # an end that was cut off is warned about, a mere beginning is refused
_JITTER_S = 0.1  # containers round their timestamps, recorders are late
_ABRUPT_S = 0.05  # from one frame to the next; a clock that drifts gets there bit by bit
_MAX_GAP_S = 60.0
_AROUND_S = 1.0  # before and after a step: it is one if the clock stays there
_MOST_AROUND = 500  # pieces: each is held against all of them, and a file may have tiny ones
_DRIFT_S, _DRIFT_SHARE = 0.04, 0.0005


@dataclass(slots=True)
class Tally:
    """What had to be mended; *parts* of a file were read, one after the other.

    *missing_s* is what files lack of the length that they state, *left_out_s* as much of it as
    was there once for certain; *cuts* lack something and do not say how much.
    """

    parts: int = 0
    lost_parts: int = 0
    damaged_frames: int = 0
    damaged_s: float = 0.0
    gaps: int = 0
    gaps_s: float = 0.0
    jumps: int = 0
    drift_s: float = 0.0
    timed_s: float = 0.0
    cuts: int = 0
    missing_s: float = 0.0
    left_out_s: float = 0.0

    @property
    def drifts(self) -> bool:
        """Whether the clock and the sound went apart, slowly, by more than rounding does."""
        return abs(self.drift_s) >= max(_DRIFT_S, _DRIFT_SHARE * self.timed_s)

    def treatments(self) -> tuple[Treatment, ...]:
        """Return what was mended as facts for the certificate."""
        found = (
            (self.parts > 1, Treatment(name="parts", count=self.parts)),
            (self.lost_parts, Treatment(name="lost-parts", count=self.lost_parts)),
            (self.damaged_frames, Treatment(name="damaged", count=self.damaged_frames)),
            (self.gaps, Treatment(name="gaps", count=self.gaps)),
            (self.jumps, Treatment(name="jumps", count=self.jumps)),
            (self.drifts, Treatment(name="drift", at_s=self.drift_s)),
            (self.missing_s > 0, Treatment(name="cut-short", at_s=self.missing_s)),
            (self.cuts and not self.missing_s, Treatment(name="cut-off")),
        )
        return tuple(treatment for is_there, treatment in found if is_there)

    def judge(self, recording: Recording, *, decoded_s: float, least_s: float = SHORTEST_S) -> None:
        """Refuse what is too broken to be mended.

        Raises:
            DamagedRecordingError: more than a twentieth is damaged, or most of it is missing.
            TooShortRecordingError: it is shorter than *least_s*.
        """
        path = recording.path
        nothing_left = self.damaged_frames > 0 and decoded_s <= self.damaged_s
        too_damaged = self.damaged_s > _MAX_DAMAGED_SHARE * decoded_s
        too_little = self.left_out_s > _MAX_MISSING_SHARE * (decoded_s + self.left_out_s)
        if nothing_left or too_damaged or too_little:
            raise DamagedRecordingError(path=path)
        if decoded_s < least_s:
            raise TooShortRecordingError(path=path, duration_s=decoded_s)

    def warn(self, path: Path) -> None:
        """Log what was mended, where there is no certificate to say it in."""
        if self.lost_parts:
            _log.warning("%s: %d parts of it cannot be read", path, self.lost_parts)
        if self.damaged_frames:
            count, lost_s = self.damaged_frames, self.damaged_s
            _log.warning("%s: %d damaged frames are silence now (%.2f s)", path, count, lost_s)
        if self.gaps:
            count, lost_s = self.gaps, self.gaps_s
            _log.warning("%s: %d gaps were filled with silence (%.2f s)", path, count, lost_s)
        if self.jumps:
            _log.warning("%s: %d jumps of its clock were ignored", path, self.jumps)
        if self.drifts:
            _log.warning("%s: its clock went %+.2f s away from its sound", path, self.drift_s)
        if self.missing_s:
            _log.warning("%s: ends %.1f s before its stated length", path, self.missing_s)
        elif self.cuts:
            _log.warning("%s: ends in the middle", path)


class Piece(NamedTuple, Generic[Frame]):
    """A decoded frame; None is as much silence, in place of a damaged one."""

    time_s: float | None
    length_s: float
    frame: Frame | None


class Clock:
    """Holds timestamps against the sound that came, which counts.

    A clock may start late, run fast or slow, be rounded or now and then be late itself: no sound
    is cut or moved for that. Only where the timestamps leave a gap at once, and do not come
    back, is there silence of its length. *elapsed_s* is what was given out so far.
    """

    def __init__(self, tally: Tally) -> None:
        self.elapsed_s = 0.0
        self._tally = tally
        # How far the clock was ahead of the sound: in the last second, and in the first one
        # since it last stepped.
        self._before: deque[_Ahead] = deque(maxlen=_MOST_AROUND)
        self._first: list[_Ahead] = []

    def placed(self, pieces: Iterable[Piece[Frame]]) -> Iterator[Frame | float]:
        """Yield the frames in their order, and numbers of seconds where silence belongs."""
        coming: deque[tuple[Piece[Frame], _Ahead | None]] = deque()
        come_s = gone_s = 0.0
        for piece in pieces:
            ahead = None if piece.time_s is None else _Ahead(come_s, piece.time_s - come_s)
            coming.append((piece, ahead))
            come_s += piece.length_s
            while come_s - gone_s > _AROUND_S + coming[0][0].length_s or len(coming) > _MOST_AROUND:
                gone_s += coming[0][0].length_s
                yield from self._next(coming)
        while coming:
            yield from self._next(coming)
        self._leave()

    def _next(self, coming: deque[tuple[Piece[Frame], _Ahead | None]]) -> Iterator[Frame | float]:
        piece, ahead = coming[0]
        if ahead is not None:
            if silence_s := self._silence_s(ahead, coming):
                self.elapsed_s += silence_s
                yield silence_s
            self._follow(ahead)
        coming.popleft()
        self.elapsed_s += piece.length_s
        yield piece.length_s if piece.frame is None else piece.frame

    def _silence_s(
        self, ahead: _Ahead, coming: Iterable[tuple[Piece[Frame], _Ahead | None]]
    ) -> float:
        """Return the silence that belongs before a piece, if the clock steps there."""
        if not self._before or abs(ahead.by_s - self._before[-1].by_s) < _ABRUPT_S:
            return 0.0
        usual_s = median(before.by_s for before in self._before)
        after = [later.by_s - usual_s for _, later in coming if later is not None]
        if min(after) > _JITTER_S:
            is_gap = min(after) <= _MAX_GAP_S
            self._leave()
            if is_gap:
                self._tally.gaps += 1
                self._tally.gaps_s += min(after)
                return min(after)
            self._tally.jumps += 1
        elif max(after) < -_JITTER_S:
            self._leave()
            self._tally.jumps += 1
        return 0.0

    def _follow(self, ahead: _Ahead) -> None:
        self._before.append(ahead)
        while ahead.at_s - self._before[0].at_s > _AROUND_S:
            self._before.popleft()
        if not self._first or ahead.at_s - self._first[0].at_s <= _AROUND_S:
            self._first.append(ahead)

    def _leave(self) -> None:
        """Count how far the clock drifted since its last step, and begin anew."""
        if self._first:
            first, last = _middle(self._first), _middle(self._before)
            self._tally.drift_s += last.by_s - first.by_s
            self._tally.timed_s += last.at_s - first.at_s
        self._before.clear()
        self._first.clear()


class _Ahead(NamedTuple):
    """By how much the clock is ahead where *at_s* of sound came."""

    at_s: float
    by_s: float


def _middle(found: Iterable[_Ahead]) -> _Ahead:
    each = list(found)
    return _Ahead(median(one.at_s for one in each), median(one.by_s for one in each))
