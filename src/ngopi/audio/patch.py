"""Stretches of an MP3 encoded again and spliced in: what changed a little costs little."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from ngopi.audio.cores import cores
from ngopi.audio.encode import SETTLED_FRAMES, Job, Stream
from ngopi.audio.mp3_file import Mp3Reader, Mp3Writer
from ngopi.audio.mp3_frames import SAMPLES_PER_FRAME
from ngopi.audio.splice import splice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

#: Frames around those that hold a changed sample: both codec delays, overlap and window.
_BEFORE, _AFTER = 2, 4
#: Frames on either side in which a joint is looked for; a second time, in twice as many.
_REACHES = (SETTLED_FRAMES + 40, 2 * (SETTLED_FRAMES + 40))
#: Going back to the old stream, its data may begin in slots up to this many frames before.
_RESERVOIR_FRAMES = 9
_COPIED_FRAMES = 4096


def frames_around(samples: range, total: int) -> range:
    """Return the frames, of *total*, that are encoded again where *samples* change."""
    first = samples.start // SAMPLES_PER_FRAME - _BEFORE - _REACHES[0]
    stop = samples.stop // SAMPLES_PER_FRAME + _AFTER + _REACHES[0]
    return range(max(first, 0), min(stop, total))


def patch_mp3(job: Job, *, path: Path, out: Path, changed: Iterable[range]) -> list[range]:
    """Write to *out* the MP3 of *path*, encoded again where samples *changed*.

    *path* must be what `encode_mp3` made of the same *job*, but for what its render function
    gives in *changed*. Returns the ranges of samples that may sound otherwise than in *path*:
    a little more than *changed*.

    Raises:
        DiskError: *path* cannot be read or *out* not be written; it is incomplete then.
    """
    with Mp3Reader(path) as reader:
        patches = _patches(job, reader, _merged(changed, reader.count))
        with Mp3Writer(out, samples=job.frames) as writer:
            done = 0
            for first, frames in patches:
                _copy(reader, writer, done, first)
                writer.write(frames)
                done = first + len(frames)
            _copy(reader, writer, done, reader.count)
    return [
        # What is decoded of a frame begins two delays early and overlaps with the next.
        range((first - 1) * SAMPLES_PER_FRAME, (first + len(frames) + 1) * SAMPLES_PER_FRAME)
        for first, frames in patches
    ]


def _merged(changed: Iterable[range], total: int) -> list[range]:
    """Return the frames that *changed*, those together that are too close for two joints."""
    merged: list[range] = []
    for samples in sorted(changed, key=lambda samples: samples.start):
        first = max(samples.start // SAMPLES_PER_FRAME - _BEFORE, 0)
        stop = min(samples.stop // SAMPLES_PER_FRAME + _AFTER, total)
        if merged and first - merged[-1].stop < 2 * _REACHES[-1]:
            merged[-1] = range(merged[-1].start, max(stop, merged[-1].stop))
        else:
            merged.append(range(first, stop))
    return merged


def _patches(
    job: Job, reader: Mp3Reader, changed: Sequence[range]
) -> list[tuple[int, list[bytes]]]:
    """Return runs of new frames and the number of the first of each."""
    pool = ThreadPoolExecutor(cores(), thread_name_prefix="mp3")
    try:
        patches = list(pool.map(partial(_patch, job, reader), changed))
    finally:
        job.stop.set()
        pool.shutdown(cancel_futures=True)
    found = [patch for patch in patches if patch is not None]
    if len(found) == len(patches):
        return found
    job.stop.clear()
    everything = range(reader.count)
    stream = Stream(job, 0, everything)
    stream.encode_until(reader.count)
    return [(0, stream.take(reader.count))]


def _patch(job: Job, reader: Mp3Reader, changed: range) -> tuple[int, list[bytes]] | None:
    for reach in _REACHES:
        first, last = max(0, changed.start - reach), min(changed.stop + reach, reader.count)
        stream = Stream(job, first, range(first, last))
        stream.encode_until(last)
        frames = stream.take(last)
        if _joined(reader, frames, range(first, last), changed):
            return first, frames
    return None


def _joined(reader: Mp3Reader, frames: list[bytes], here: range, changed: range) -> bool:
    """Let *frames* begin and end with the reader's own, up to a joint; False if there is none."""
    if here.start > 0:
        lead = slice(0, changed.start - here.start)
        old = reader.frames(here.start, changed.start)
        joined = splice(old, frames[lead], settled=SETTLED_FRAMES)
        if joined is None:
            return False
        frames[lead] = joined
    if here.stop < reader.count:
        tail = slice(changed.stop - here.start, None)
        old = reader.frames(changed.stop, here.stop)
        joined = splice(frames[tail], old, settled=_RESERVOIR_FRAMES)
        if joined is None:
            return False
        frames[tail] = joined
    return True


def _copy(reader: Mp3Reader, writer: Mp3Writer, first: int, stop: int) -> None:
    for begin, end in pairwise([*range(first, stop, _COPIED_FRAMES), stop]):
        writer.write(reader.frames(begin, end))
