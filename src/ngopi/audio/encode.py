"""Encode a master as MP3 on all cores: chunks by threads, spliced into one gapless stream."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Event, Lock
from typing import TYPE_CHECKING

import lameenc
import numpy as np
from pydub import AudioSegment

from ngopi.audio.cores import cores
from ngopi.audio.mp3_frames import (
    BITRATES_KBPS,
    SAMPLE_RATES_HZ,
    SAMPLES_PER_FRAME,
    frame_count,
    split_frames,
)
from ngopi.audio.splice import splice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ngopi.audio.mp3_file import Mp3Writer

#: Long chunks encode little twice, short ones at the end let all cores finish together.
_CHUNK_S = 20, 180
_SHARE_OF_THE_REST = 8
#: Frames that two encoders share around the edge of their chunks, to find a joint in.
_PRE_ROLL, _POST_ROLL = 48, 24
#: Frames until a new encoder has forgotten that the sound began abruptly; 12 are too few.
SETTLED_FRAMES = 32
#: Sound for one call of LAME: few calls of render, yet soon stopped and small in memory.
_BLOCK_S = 4
#: LAME gives a frame out when it has heard the next two and the slot is full.
_LOOK_AHEAD = 8
_QUALITY = 3  # what ffmpeg takes when it is asked for nothing; lameenc's own is 2, slower
_POLL_S = 0.5
#: What LAME 3.100 multiplies the sound by, measured: 0.95 up to 160 kbit/s.
_LAME_SCALE_BELOW_192 = 0.95
_LAME_SCALE = {192: 0.97, 224: 0.98, 256: 1.0, 320: 1.0}


def encode_mp3(
    render: Callable[[int, int], AudioSegment],
    file: Mp3Writer,
    *,
    sample_rate_hz: int,
    channels: int,
    bitrate_kbps: int,
    workers: int | None = None,
    advance: Callable[[float], None],
) -> None:
    """Write sound as MP3 of constant bit rate to *file*, as many samples as that is to hold.

    Decoders that read the Info frame give back exactly so many, in place and at
    unity gain. The bytes do not depend on *workers*. LAME turns the sound down by up to
    0.45 dB (see ``_LAME_SCALE``), which is made up for beforehand: sample peaks must stay
    below -0.45 dBFS, what is above is limited to it.

    Args:
        render: gives samples start to stop as 16-bit sound, silence beyond the last; called from
            several threads in any order.
        file: incomplete if anything is raised.
        sample_rate_hz: 32000, 44100 or 48000.
        channels: 1 or 2.
        bitrate_kbps: 32 to 320, a bit rate of MPEG-1 Layer III.
        workers: threads; None for one on each core this process may use.
        advance: gets the seconds done since, one call at a time, from any thread.

    Raises:
        DiskError: *file* cannot be written.
        ValueError: a rate or number of channels that MPEG-1 Layer III does not have, or
            sound from *render* that is not what was asked for.
    """
    if (
        sample_rate_hz not in SAMPLE_RATES_HZ
        or channels not in (1, 2)
        or bitrate_kbps not in BITRATES_KBPS
    ):
        raise ValueError((sample_rate_hz, channels, bitrate_kbps))
    job = Job(render, file.samples, sample_rate_hz, channels, bitrate_kbps, advance)
    shortest, longest = (seconds * sample_rate_hz // SAMPLES_PER_FRAME for seconds in _CHUNK_S)
    edges = chunk_edges(frame_count(job.frames), shortest=shortest, longest=longest)
    _encode(job, file, edges, workers=workers or cores())


def chunk_edges(total: int, *, shortest: int, longest: int) -> list[int]:
    """Return where chunks of *total* frames begin, and *total*; the last chunks are shorter."""
    edges = [0]
    while (left := total - edges[-1]) > shortest + _POST_ROLL:
        edges.append(edges[-1] + min(max(left // _SHARE_OF_THE_REST, shortest), longest))
    return [*edges, total]


@dataclass(frozen=True, slots=True)
class Job:
    """What encode_mp3 was asked for, for every thread to see."""

    render: Callable[[int, int], AudioSegment]
    frames: int
    sample_rate_hz: int
    channels: int
    bitrate_kbps: int
    advance: Callable[[float], None]
    stop: Event = field(default_factory=Event)
    advancing: Lock = field(default_factory=Lock)


class _StoppedError(Exception):
    """Nobody waits for this chunk any more."""


def _encode(
    job: Job, file: Mp3Writer, edges: Sequence[int], *, workers: int, settled: int = SETTLED_FRAMES
) -> int:
    """Encode in chunks between *edges*; return how many had no sound joint and became serial.

    *settled*: frames of a new encoder before the first that may be used.
    """
    total = edges[-1]
    serial_chunks = 0
    with _chunks(job, edges, workers=workers) as chunks:
        current = next(chunks)
        for edge, end, following in zip(edges[1:], edges[2:], chunks, strict=False):
            file.write(current.take(edge - _PRE_ROLL))
            if _join(current, following, settled=settled):
                current = following
            else:
                serial_chunks += 1
                current.encode_until(min(end + _POST_ROLL, total))
        file.write(current.take(total))
    return serial_chunks


def _join(current: Stream, following: Stream, *, settled: int) -> bool:
    """Let *following* begin with the frames of *current*, up to a joint; False if there is none."""
    shared = _PRE_ROLL + _POST_ROLL
    joined = splice(current.frames[:shared], following.frames[:shared], settled=settled)
    if joined is None:
        return False
    following.frames[:shared] = joined
    return True


class Stream:
    """The encoder of a chunk and the frames that it gave and nobody has taken yet.

    *first* is the number, in the whole file, of the first of *frames*. *own* are the frames
    whose encoding is reported.
    """

    def __init__(self, job: Job, first: int, own: range) -> None:
        self.first = first
        self.frames: list[bytes] = []
        self._job = job
        self._own = range(
            own.start * SAMPLES_PER_FRAME, min(own.stop * SAMPLES_PER_FRAME, job.frames)
        )
        self._position = first * SAMPLES_PER_FRAME
        self._unparsed = b""
        self._lame = lameenc.Encoder()
        self._lame.set_in_sample_rate(job.sample_rate_hz)
        self._lame.set_out_sample_rate(job.sample_rate_hz)
        self._lame.set_channels(job.channels)
        self._lame.set_bit_rate(job.bitrate_kbps)
        self._lame.set_quality(_QUALITY)
        self._lame.silence()

    def encode_until(self, end: int) -> None:
        """Encode until all frames before *end* are there."""
        while (missing := end - self.first - len(self.frames)) > 0:
            if self._job.stop.is_set():
                raise _StoppedError
            longest = _BLOCK_S * self._job.sample_rate_hz
            wanted = (missing + _LOOK_AHEAD) * SAMPLES_PER_FRAME
            block = range(self._position, self._position + min(longest, wanted))
            self._unparsed += self._lame.encode(_pcm(self._job, block))
            frames = split_frames(self._unparsed)
            self._unparsed = self._unparsed[sum(map(len, frames)) :]
            self.frames += frames
            self._position = block.stop
            self._report(block)

    def take(self, end: int) -> list[bytes]:
        """Give away the frames before *end*."""
        count = max(0, end - self.first)
        taken, self.frames = self.frames[:count], self.frames[count:]
        self.first += len(taken)
        return taken

    def _report(self, block: range) -> None:
        # What is encoded around the chunk, or in another's place, is not counted twice.
        done = range(max(block.start, self._own.start), min(block.stop, self._own.stop))
        if done:
            with self._job.advancing:
                self._job.advance(len(done) / self._job.sample_rate_hz)


def _pcm(job: Job, block: range) -> bytes:
    """Return the samples of *block* for LAME, louder by what LAME takes away."""
    segment = job.render(block.start, block.stop)
    shape = (segment.sample_width, segment.channels, segment.frame_count())
    if shape != (2, job.channels, len(block)):
        raise ValueError(shape)
    lame_scale = _LAME_SCALE.get(job.bitrate_kbps, _LAME_SCALE_BELOW_192)
    scaled = np.frombuffer(segment.raw_data, "<i2") * np.float32(1 / lame_scale)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -32768, 32767, out=scaled)
    return scaled.astype("<i2").tobytes()


@contextmanager
def _chunks(job: Job, edges: Sequence[int], *, workers: int) -> Iterator[Iterator[Stream]]:
    """Start threads that encode the chunks between *edges*; give them out in order.

    However the block is left, no thread stays.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="mp3")
    try:
        yield _in_order(job, edges, pool, ahead=workers + 1)
    finally:
        job.stop.set()
        pool.shutdown(cancel_futures=True)


def _in_order(
    job: Job, edges: Sequence[int], pool: ThreadPoolExecutor, *, ahead: int
) -> Iterator[Stream]:
    running: list[Future[Stream]] = []
    for start, end in pairwise(edges):
        running.append(pool.submit(_encode_chunk, job, start, end, total=edges[-1]))
        if len(running) == ahead:
            yield _first(running)
    while running:
        yield _first(running)


def _first(running: list[Future[Stream]]) -> Stream:
    """Wait for the first of *running* and take it out; a failure of any of them ends the wait."""
    while not running[0].done():
        pending = [future for future in running if not future.done()]
        # On Windows Ctrl-C does not end a wait that has no limit.
        wait(pending, _POLL_S, FIRST_COMPLETED)
        for future in running:
            if future.done():
                future.result()
    return running.pop(0).result()


def _encode_chunk(job: Job, start: int, end: int, *, total: int) -> Stream:
    stream = Stream(job, max(0, start - _PRE_ROLL), range(start, end))
    stream.encode_until(min(end + _POST_ROLL, total))
    return stream
