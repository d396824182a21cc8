"""What a listener gets: a delivered MP3 decoded and measured, in parts where it changed in part."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ngopi.audio.cores import one_ahead
from ngopi.audio.excerpt import decode_excerpt
from ngopi.audio.loudness import HOPS_PER_S, LoudnessMeter, Profile, hop_frames
from ngopi.audio.mp3_file import Mp3Reader
from ngopi.audio.recording import mp3_windows, probe, windows
from ngopi.audio.truepeak import peak_bounds, true_peaks
from ngopi.audio.weighting import BLOCK_FRAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from ngopi.audio.growing import GrowingFile
    from ngopi.model import Loudness, Recording, Sound

#: Windows decoded at once where something changed: more would only need memory.
_EXCERPT_WINDOWS = 15


class Over(NamedTuple):
    """A block of samples that reaches *over_db* above the limit."""

    frame: int
    over_db: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A measured file: loudness over time, and the true peak of each of the meter's windows.

    *ticks* as in `Profile`. *peaks* are linear, those below *floor* unknown and given as it:
    it is never above the highest peak of the whole file, as first measured. *coarse_peaks* are
    the highest sample of each piece as first fed, (pieces, 2): the piece's first frame, linear.
    """

    sample_rate_hz: int
    channels: int
    frames: int
    window_frames: int
    ticks: NDArray[np.float64]
    peaks: NDArray[np.float64]
    floor: float
    coarse_peaks: NDArray[np.float64]

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return self.frames / self.sample_rate_hz

    @property
    def loudness(self) -> Loudness:
        """The figures of the whole file."""
        return Profile(
            ticks=self.ticks,
            block_peaks=np.empty(0, dtype=np.float16),
            block_levels=np.empty(0, dtype=np.float16),
            true_peak=float(self.peaks.max()),
        ).loudness


class _Meter(LoudnessMeter):
    """A meter that keeps the true peak of each of its windows, wherever it exceeds a floor.

    The floor is *highest_floor*, or what was found so far where that is lower.
    """

    def __init__(self, *, sample_rate_hz: int, channels: int, highest_floor: float) -> None:
        super().__init__(sample_rate_hz=sample_rate_hz, channels=channels)
        self._format = {"sample_rate_hz": sample_rate_hz, "channels": channels}
        self._highest_floor = highest_floor
        self._floor = 0.0
        self._peaks: list[float] = []
        self._coarse: list[tuple[int, float]] = []

    def feed(self, block: NDArray[np.float32]) -> None:
        """Measure the next *block*, of up to a window's frames."""
        self._windows.true_peak = self._floor
        if block.size:
            self._coarse.append((self._frames, float(max(block.max(), -block.min()))))
        super().feed(block)
        for _ in range(len(self._ticks) - len(self._peaks)):
            found = self._windows.true_peak
            self._peaks.append(found)
            self._floor = min(max(self._floor, found), self._highest_floor)

    def heard(self) -> Heard:
        """End the feed and return what was measured."""
        frames, window_frames = self._frames, self._windows.frames
        ticks = self.profile().ticks
        return Heard(
            **self._format,
            frames=frames,
            window_frames=window_frames,
            ticks=ticks,
            peaks=np.array(self._peaks[: -(-frames // window_frames)]),
            floor=self._floor,
            coarse_peaks=np.array(self._coarse).reshape(-1, 2),
        )


def hear(path: Path, *, floor_dbtp: float, advance: Callable[[float], None]) -> Heard:
    """Decode and measure any recording; *advance* gets seconds measured since.

    Where more than one true peak matters, they are told apart above *floor_dbtp*.

    Raises:
        NgopiError: the recording cannot be read (see `recording.probe` and `windows`).
    """
    return hear_recording(probe(path), floor_dbtp=floor_dbtp, advance=advance)


def hear_recording(
    recording: Recording, *, floor_dbtp: float, advance: Callable[[float], None]
) -> Heard:
    """Do what `hear` does with one sound track of a file that was looked at."""
    return _heard(
        one_ahead(windows(recording, advance=advance)),
        sample_rate_hz=recording.sample_rate_hz,
        channels=recording.channels,
        floor_dbtp=floor_dbtp,
    )


def hear_growing(file: GrowingFile, sound: Sound, *, floor_dbtp: float) -> Heard:
    """Decode and measure the MP3 that is being made of *sound*, as far as it has come, to its end.

    *floor_dbtp* as in `hear`.

    Raises:
        MasterIncompleteError: it is not *sound* as a whole MP3.
    """
    # The encoder keeps all cores busy: to decode ahead would cost more than it saves.
    return _heard(
        mp3_windows(file, frames=sound.frames, advance=_unseen),
        sample_rate_hz=sound.sample_rate_hz,
        channels=sound.channels,
        floor_dbtp=floor_dbtp,
    )


def _heard(
    decoded: Iterable[NDArray[np.float32]], *, sample_rate_hz: int, channels: int, floor_dbtp: float
) -> Heard:
    meter = _Meter(
        sample_rate_hz=sample_rate_hz, channels=channels, highest_floor=10 ** (floor_dbtp / 20)
    )
    for window in decoded:
        meter.feed(window)
    return meter.heard()


def hear_again(heard: Heard, path: Path, *, changed: Iterable[range]) -> Heard:
    """Return *heard* as it is now that samples *changed*; nothing else is decoded.

    *path* is one of `encode_mp3`'s own, in a folder where a temporary file may lie beside it.

    Raises:
        DiskError: the folder cannot be written.
    """
    ticks, peaks = heard.ticks.copy(), heard.peaks.copy()
    hops = heard.window_frames // hop_frames(heard.sample_rate_hz)
    with Mp3Reader(path) as reader:
        for first, stop in _pieces(heard, changed):
            # One window more comes before: there the filter comes to rest.
            lead = min(first, 1)
            meter = _Meter(
                sample_rate_hz=heard.sample_rate_hz, channels=heard.channels, highest_floor=0.0
            )
            begin, end = (first - lead) * heard.window_frames, stop * heard.window_frames
            sound = decode_excerpt(reader, _scratch(path), begin, end + BLOCK_FRAMES)
            for start in range(0, len(sound), heard.window_frames):
                meter.feed(sound[start : start + heard.window_frames])
            new = meter.heard()
            peaks[first:stop] = new.peaks[lead : lead + stop - first]
            ticks[first * hops : stop * hops] = new.ticks[
                lead * hops : (lead + stop - first) * hops
            ]
    if peaks.max() <= heard.floor:  # where the highest peak now is was never measured
        return hear(path, floor_dbtp=20 * math.log10(heard.floor), advance=_unseen)
    return replace(heard, ticks=ticks, peaks=peaks)


def overs(heard: Heard, path: Path, *, limit_dbtp: float) -> list[Over]:
    """Return all blocks of samples whose true peak is above *limit_dbtp*, in their order.

    *limit_dbtp* is not below the floor of *heard*; *path* as in `hear_again`.
    """
    limit = 10 ** (limit_dbtp / 20)
    found = []
    with Mp3Reader(path) as reader:
        for window in np.flatnonzero(heard.peaks > limit).tolist():
            begin = window * heard.window_frames
            first = max(begin - BLOCK_FRAMES, 0)
            sound = decode_excerpt(
                reader, _scratch(path), first, begin + heard.window_frames + BLOCK_FRAMES
            )
            padding = (first - begin + BLOCK_FRAMES, BLOCK_FRAMES + -len(sound) % BLOCK_FRAMES)
            planar = np.ascontiguousarray(np.pad(sound, (padding, (0, 0))).T)
            blocks = np.flatnonzero(peak_bounds(planar)[1:-1] > limit) + 1
            peaks = true_peaks(planar, blocks, limit)
            found += [
                Over(begin + (block - 1) * BLOCK_FRAMES, 20 * math.log10(peak / limit))
                for block, peak in zip(blocks.tolist(), peaks.tolist(), strict=True)
                if peak > limit
            ]
    return found


def _pieces(heard: Heard, changed: Iterable[range]) -> Iterator[tuple[int, int]]:
    """Yield the meter's windows, first and stop, that *changed* reaches, a few at a time."""
    touched = np.zeros(len(heard.peaks) + 1, dtype=bool)
    filter_rings = heard.sample_rate_hz // HOPS_PER_S
    for samples in changed:
        first = max(samples.start - BLOCK_FRAMES, 0) // heard.window_frames
        last = (samples.stop + filter_rings) // heard.window_frames
        touched[first : last + 1] = True
    windows_touched = np.flatnonzero(touched[:-1])
    runs = np.split(windows_touched, np.flatnonzero(np.diff(windows_touched) > 1) + 1)
    for run in runs:
        for start in range(0, len(run), _EXCERPT_WINDOWS):
            piece = run[start : start + _EXCERPT_WINDOWS]
            yield int(piece[0]), int(piece[-1]) + 1


def _scratch(path: Path) -> Path:
    return path.with_name(f"{path.stem}.part.mp3")


def _unseen(done_s: float) -> None:
    del done_s
