"""An MP3 file of our own making, frame by frame: the Info frame in front, then the sound."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING, Self

import numpy as np

from ngopi.audio.mp3_frames import (
    TOC_ENTRIES,
    StreamFacts,
    crc16,
    frame_count,
    frame_size,
    info_frame,
    info_head,
    samples_stated,
    split_frames,
)
from ngopi.errors import DiskError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_READ_BYTES = 1 << 20


def _unseen(_size_bytes: int) -> None:
    """Nobody reads it meanwhile."""


class Mp3Writer:
    """The file as it grows: an Info frame, then frames; the Info frame once more at the end.

    The first one states what a decoder needs, the last one also sizes, positions and checksum.
    *samples*: the length for each channel. *grown* is told how many bytes can be read so far.

    Raises:
        DiskError: *path* cannot be written.
    """

    def __init__(self, path: Path, *, samples: int, grown: Callable[[int], None] = _unseen) -> None:
        self._path = path
        self.samples = samples
        self._grown = grown
        self._total = frame_count(samples)
        self._count = self._size = self._crc = 0
        self._positions: list[int] = []
        self._head = b""
        with _disk(path):
            self._file = path.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: object, *_rest: object) -> None:
        with _disk(self._path), self._file:
            if error is None:
                self._file.seek(0)
                self._file.write(self._info())

    def write(self, frames: Sequence[bytes]) -> None:
        """Append whole frames."""
        if not frames:
            return
        with _disk(self._path):
            if not self._head:
                self._head = info_head(frames[0])
                self._file.write(self._info())
            self._file.write(data := b"".join(frames))
            self._file.flush()
        self._note_positions(frames)
        self._count += len(frames)
        self._size += len(data)
        self._crc = crc16(data, self._crc)
        self._grown(frame_size(self._head) + self._size)

    def _note_positions(self, frames: Sequence[bytes]) -> None:
        starts = list(accumulate(map(len, frames), initial=self._size))
        while len(self._positions) < TOC_ENTRIES:
            frame = len(self._positions) * self._total // TOC_ENTRIES - self._count
            if frame >= len(frames):
                return
            self._positions.append(starts[frame])

    def _info(self) -> bytes:
        unknown = [0] * (TOC_ENTRIES - len(self._positions))
        facts = StreamFacts(
            samples=self.samples,
            size_bytes=self._size,
            crc=self._crc,
            positions=[*self._positions, *unknown],
        )
        return info_frame(self._head, facts)


class Mp3Reader:
    """Any frames of a file that Mp3Writer wrote; the first after the Info frame has number 0.

    *count* is their number, *samples* the length that the Info frame states. Several threads may
    read at once.

    Raises:
        DiskError: *path* cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        with _disk(path):
            self._file = path.open("rb")
            self._starts = self._frame_starts()
            info = self.frames(-1, 0)[0]
        self.count = len(self._starts) - 2
        self.samples = samples_stated(info)

    def _frame_starts(self) -> NDArray[np.int64]:
        # In pieces: what is needed of each frame is only how long it is.
        parts = [np.zeros(1, np.int64)]
        rest = b""
        while data := self._file.read(_READ_BYTES):
            rest += data
            frames = split_frames(rest)
            sizes = np.fromiter(map(len, frames), np.int64, len(frames))
            parts.append(parts[-1][-1] + np.cumsum(sizes))
            rest = rest[int(sizes.sum()) :]
        return np.concatenate(parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def frames(self, first: int, stop: int) -> list[bytes]:
        """Return frames *first* to *stop*."""
        begin, end = int(self._starts[first + 1]), int(self._starts[stop + 1])
        with _disk(self._path), self._lock:  # between seek and read nobody else may seek
            self._file.seek(begin)
            data = self._file.read(end - begin)
        return split_frames(data)


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DiskError(path=path, reason=error.strerror or error) from error
