"""Decoded frames of any kind as arrays of one rate, number of channels and type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np
from av.audio.fifo import AudioFifo

from ngopi.audio.recording.samples import Repair

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.audio.frame import AudioFrame
    from numpy.typing import DTypeLike, NDArray

_LAYOUT_NAMES = {1: "mono", 2: "stereo"}
_QUEUED_FRAMES = 48000  # a file may state any rate
_MOST_PLANES = 8  # PyAV looks for more where there are none


class Converter:
    """Turns frames of any kind into arrays of one rate, number of channels and type.

    *frames* counts what was given out so far, *repair* what was broken in it.
    """

    def __init__(self, sample_rate_hz: int, channels: int, dtype: DTypeLike) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.dtype = np.dtype(dtype)
        self.frames = 0
        self.repair = Repair()
        self._channels = channels
        self._kind: tuple[str, str, int] | None = None
        self._queue = AudioFifo()
        self._resampler: av.AudioResampler | None = None

    def windows(self, sound: Iterable[AudioFrame | float]) -> Iterator[NDArray[Any]]:
        """Yield arrays (frames, channels) of at least a second; the last one may be shorter."""
        waiting: list[NDArray[Any]] = []
        count = 0
        for piece in self._pieces(sound):
            waiting.append(piece)
            count += len(piece)
            if count >= self.sample_rate_hz:
                yield waiting[0] if len(waiting) == 1 else np.concatenate(waiting)
                self.frames += count
                waiting, count = [], 0
        if count:
            yield np.concatenate(waiting)
            self.frames += count

    def _pieces(self, sound: Iterable[AudioFrame | float]) -> Iterator[NDArray[Any]]:
        for item in sound:
            if isinstance(item, float):
                yield from self._flush()
                yield from self._silence(item)
                continue
            kind = (item.format.name, item.layout.name, item.sample_rate)
            if kind != self._kind:
                yield from self._flush()
                self._kind = kind
            item.pts = None  # time was dealt with before: from here on only the order counts
            self._queue.write(item)
            # A second at a time: frames are a fiftieth of that, and each call costs as much.
            if self._queue.samples >= min(item.sample_rate, _QUEUED_FRAMES):
                yield from self._convert(self._queue.read())
        yield from self._flush()

    def _silence(self, length_s: float) -> Iterator[NDArray[Any]]:
        frames = round(length_s * self.sample_rate_hz)
        for start in range(0, frames, self.sample_rate_hz):
            length = min(self.sample_rate_hz, frames - start)
            yield np.zeros((length, self._channels), self.dtype)

    def _convert(self, frame: AudioFrame | None) -> Iterator[NDArray[Any]]:
        if frame is None:
            return
        # Before any filter, which would spread what is broken.
        self.repair.mend(frame)
        frame.pts = None
        if self._resampler is None:
            direct = self._direct(frame)
            if direct is not None:
                yield direct
                return
            self._resampler = self._new_resampler(frame)
        for converted in self._resampler.resample(frame):
            yield self._folded(_interleaved(converted, self.dtype))

    def _direct(self, frame: AudioFrame) -> NDArray[Any] | None:
        """Return the frame's own samples where they need no filter, which is much cheaper."""
        if (frame.sample_rate, frame.layout.nb_channels) != (self.sample_rate_hz, self._channels):
            return None
        if frame.format.is_planar and frame.layout.nb_channels > _MOST_PLANES:
            return None
        name = frame.format.name
        if name in {"flt", "fltp"} and self.dtype == np.float32:
            return _interleaved(frame, self.dtype)
        if name in {"s16", "s16p"} and self.dtype == np.int16:
            return _interleaved(frame, self.dtype)
        return None

    def _new_resampler(self, frame: AudioFrame) -> av.AudioResampler:
        keep = frame.layout.nb_channels == self._channels or _is_folded(frame)
        return av.AudioResampler(
            format="flt" if self.dtype == np.float32 else "s16",
            layout=None if keep else _LAYOUT_NAMES.get(self._channels),
            rate=self.sample_rate_hz,
            # Mixing down never adds up to more than full scale.
            options={"rematrix_maxval": "1"},
        )

    def _folded(self, piece: NDArray[Any]) -> NDArray[Any]:
        if piece.shape[1] == self._channels:
            return piece
        mean = piece.mean(axis=1, keepdims=True, dtype=np.float32).astype(self.dtype)
        return np.repeat(mean, self._channels, axis=1)

    def _flush(self) -> Iterator[NDArray[Any]]:
        yield from self._convert(self._queue.read())
        self._queue = AudioFifo()
        if self._resampler is not None:
            for converted in self._resampler.resample(None):
                # A resampler that had nothing to do hands the None back.
                if cast("object", converted) is not None:
                    yield self._folded(_interleaved(converted, self.dtype))
        self._resampler = None


def _is_folded(frame: AudioFrame) -> bool:
    """Say whether there is no matrix to mix by: tracks without a layout, or a single one."""
    return frame.layout.nb_channels == 1 or frame.layout.name.endswith(" channels")


def _interleaved(frame: AudioFrame, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a frame that has *dtype* as (frames, channels); planes may have a longer tail."""
    if not frame.format.is_planar:
        channels = frame.layout.nb_channels
        plane = cast("bytes", frame.planes[0])
        packed: NDArray[Any] = np.frombuffer(plane, dtype, count=frame.samples * channels)
        return packed.reshape(-1, channels)
    return np.stack(planes(frame, dtype), axis=1)


def planes(frame: AudioFrame, dtype: DTypeLike = np.float32) -> list[NDArray[Any]]:
    """Return the channels of a planar *frame* of up to eight, of its own *dtype*."""
    # A plane offers its bytes as a buffer, which its type does not say.
    found = cast("tuple[bytes, ...]", frame.planes)
    return [np.frombuffer(plane, dtype, count=frame.samples) for plane in found]
