"""Sound on disk that is read anywhere, by any thread: a recording's own, or decoded once."""

from __future__ import annotations

import errno
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from ngopi.errors import DiskError, SpoolFullError, UnreadableRecordingError

if TYPE_CHECKING:
    from io import FileIO
    from types import TracebackType

    from numpy.typing import DTypeLike, NDArray

    from ngopi.audio.intake import Unchanged
    from ngopi.model import Treatment

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_SPARE_BYTES = 64 << 20  # room that is left to everybody else on the disk
_INT16_SCALE = np.float32(1 / 32768)


class Pcm:
    """A whole recording as PCM for random access: in a private file without a name, or its own.

    Nothing of it stays in memory, and nothing of a private file stays on disk after ``close``.
    *mended* says for the certificate what could not be decoded, was missing or out of time.
    *own* watches the recording's own file, whose samples begin after *begin_bytes*.
    """

    def __init__(
        self,
        file: FileIO,
        *,
        sample_rate_hz: int,
        channels: int,
        frames: int,
        dtype: DTypeLike,
        mended: tuple[Treatment, ...] = (),
        own: Unchanged | None = None,
        begin_bytes: int = 0,
    ) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.channels = channels
        self.frames = frames
        self.mended = mended
        self._own = own
        self._begin_bytes = begin_bytes
        self._dtype = np.dtype(dtype)
        self._file = file
        # Positioned reads are not available everywhere; a lock around seek and read is, and
        # costs nothing that could be measured beside the work done on what was read.
        self._lock = threading.Lock()

    @classmethod
    def of(cls, sound: NDArray[np.float32], sample_rate_hz: int) -> Pcm:
        """Spool *sound*, float32 (frames, channels)."""
        with PcmWriter(
            sample_rate_hz=sample_rate_hz, channels=sound.shape[1], dtype=np.float32
        ) as writer:
            writer.write(sound.astype(np.float32, copy=False))
            return writer.finish()

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return self.frames / self.sample_rate_hz

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return frames *start* to *stop* as float32 (stop - start, channels).

        Full scale is -1..1; what lossy codecs put beyond is kept. Outside of the recording,
        before frame 0 as well as after the last, there are zeros.
        """
        first, last = max(start, 0), min(stop, self.frames)
        if first >= last:
            return np.zeros((max(stop - start, 0), self.channels), np.float32)
        found = np.empty((last - first, self.channels), self._dtype)
        self._read_into(found, first)
        if self._dtype == np.int16:
            scaled = found * _INT16_SCALE
        else:
            scaled = cast("NDArray[np.float32]", found)
        if (first, last) == (start, stop):
            return scaled
        return np.pad(scaled, ((first - start, stop - last), (0, 0)))

    def check(self) -> None:
        """Raise RecordingChangedError if the sound is the recording's own file and that changed."""
        if self._own is not None:
            self._own.check()

    def _read_into(self, found: NDArray[Any], first: int) -> None:
        try:
            self._fill(found.reshape(-1).view(np.uint8).data, first)
        except OSError as error:
            if self._own is None:
                raise
            reason = error.strerror or error
            raise UnreadableRecordingError(path=self._own.path, reason=reason) from error

    def _fill(self, view: memoryview, first: int) -> None:
        with self._lock:
            self._file.seek(self._begin_bytes + first * self.channels * self._dtype.itemsize)
            while view:
                count = self._file.readinto(view)
                if not count:
                    raise OSError(errno.EIO, "the file lost its end")
                view = view[count:]

    def close(self) -> None:
        """Give the disk space back."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if self._own is not None:
            self._own.__exit__(kind, error, trace)


class PcmWriter:
    """Writes windows of sound to a private temporary file and hands it over as a Pcm.

    On POSIX the file has no name from the start, on Windows it goes with its handle: neither
    a crash nor a kill leaves it behind. *dtype* is int16 or float32. Leaving the context
    without ``finish`` throws the file away.

    Raises:
        SpoolFullError: *folder* (default: the system's own) has no room for *expected_frames*.
        DiskError: *folder* cannot be written.
    """

    def __init__(
        self,
        *,
        sample_rate_hz: int,
        channels: int,
        dtype: DTypeLike,
        folder: Path | None = None,
        expected_frames: int = 0,
    ) -> None:
        self.channels = channels
        self.sample_rate_hz = sample_rate_hz
        self.frames = 0
        self._dtype = np.dtype(dtype)
        self._folder = folder or Path(tempfile.gettempdir())
        self._expected_bytes = expected_frames * channels * self._dtype.itemsize
        try:
            free_bytes = shutil.disk_usage(self._folder).free
            if self._expected_bytes and self._expected_bytes + _SPARE_BYTES > free_bytes:
                raise self._no_room()
            # tempfile opens with mode 0600, and unbuffered it is the bare file.
            file = tempfile.TemporaryFile(buffering=0, dir=self._folder)  # noqa: SIM115 - finish() hands it on
            self._file = cast("FileIO | None", file)  # on Windows in a wrapper that does the same
        except OSError as error:
            raise DiskError(path=self._folder, reason=error.strerror or error) from error

    def write(self, window: NDArray[Any]) -> None:
        """Append *window*, (frames, channels) of the writer's own type.

        Raises:
            SpoolFullError: the disk has become full.
            DiskError: it cannot be written for another reason.
        """
        assert self._file is not None
        assert window.dtype == self._dtype
        assert window.shape[1] == self.channels
        view = np.ascontiguousarray(window).reshape(-1).view(np.uint8).data
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise self._no_room() from error
            raise DiskError(path=self._folder, reason=error.strerror or error) from error
        self.frames += len(window)

    def _no_room(self) -> SpoolFullError:
        written_bytes = self.frames * self.channels * self._dtype.itemsize
        needed_bytes = max(self._expected_bytes, written_bytes) + _SPARE_BYTES
        return SpoolFullError(folder=self._folder, needed_mb=-(-needed_bytes // 1_000_000))

    def finish(self, *, mended: tuple[Treatment, ...] = ()) -> Pcm:
        """Return what was written; whoever gets it closes it."""
        assert self._file is not None
        file, self._file = self._file, None
        return Pcm(
            file,
            sample_rate_hz=self.sample_rate_hz,
            channels=self.channels,
            frames=self.frames,
            dtype=self._dtype,
            mended=mended,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
