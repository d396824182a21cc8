"""A track's packets decoded: frames in their order, and silence where sound is missing."""

from __future__ import annotations

import logging
import zlib
from collections import deque
from typing import TYPE_CHECKING

import av

from ngopi.audio.recording.ends import WHOLE
from ngopi.audio.timeline import Clock, Piece
from ngopi.errors import UnreadableRecordingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

    from ngopi.audio.recording.ends import Ending
    from ngopi.audio.timeline import Tally

_log = logging.getLogger(__name__)

# These take the time of a packet from the file, where it may have been written twice.
_TIMED_FORMATS = {"matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "ogg"}
_REMEMBERED_PACKETS = 256
# A telephone's has 8000. A second of less, or of more, would have no bound.
_LOWEST_RATE_HZ, _HIGHEST_RATE_HZ = 1000, 1_000_000
_CUT_PIECES = 2  # a frame, and the container's own


def sound(
    container: InputContainer, stream: AudioStream, tally: Tally, *, end: Ending = WHOLE
) -> Iterator[AudioFrame | float]:
    """Yield frames in their order, and a number of seconds where silence belongs.

    *end* is what the file says about its end.

    Raises:
        UnreadableRecordingError: the system does not let us read on.
    """
    clock = Clock(tally)
    yield from clock.placed(_counted(_pieces(container, stream), tally, end))
    if end.is_cut_somewhere:
        tally.cuts += 1
    if not tally.jumps:
        missing_s = end.missing_of(clock.elapsed_s)
        tally.missing_s += missing_s
        tally.left_out_s += missing_s if end.is_whole else 0.0


def can_be_heard(sample_rate_hz: int) -> bool:
    """Say whether a recording may have this rate: others stand in damaged files only."""
    return _LOWEST_RATE_HZ <= sample_rate_hz <= _HIGHEST_RATE_HZ


def _counted(
    pieces: Iterable[Piece[AudioFrame]], tally: Tally, end: Ending
) -> Iterator[Piece[AudioFrame]]:
    """Count what is damaged, but for the rest of a piece that a file was cut off in."""
    damaged: list[Piece[AudioFrame]] = []
    come_s = 0.0
    for piece in pieces:
        if piece.frame is None:
            damaged.append(piece)
            continue
        yield from _count(damaged, tally)
        damaged.clear()
        yield piece
        come_s += piece.length_s
    is_cut = end.is_cut or end.missing_of(come_s)
    if not is_cut or len(damaged) > _CUT_PIECES:
        yield from _count(damaged, tally)


def _count(damaged: list[Piece[AudioFrame]], tally: Tally) -> Iterator[Piece[AudioFrame]]:
    for piece in damaged:
        tally.damaged_frames += 1
        tally.damaged_s += piece.length_s
        yield piece


def _pieces(container: InputContainer, stream: AudioStream) -> Iterator[Piece[AudioFrame]]:
    frame_s = 0.0
    for packet in _packets(container, stream):
        if packet is None:
            yield Piece(None, 0.0, None)
            continue
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            _log.debug("damaged frame at %s: %s", packet.pts, error)
            frames = []
            if packet.size:
                yield Piece(None, _packet_s(packet) or frame_s, None)
        for frame in frames:
            is_sound = can_be_heard(frame.sample_rate) and not frame.is_corrupt
            frame_s = frame.samples / frame.sample_rate if is_sound else frame_s
            yield Piece(frame.time, frame_s, frame if is_sound else None)


def _packets(
    container: InputContainer, stream: AudioStream
) -> Iterator[Packet[AudioStream] | None]:
    """Yield packets; None at last, where the container ends in damage."""
    repeats = _Repeats() if container.format.name in _TIMED_FORMATS else None
    try:
        for packet in _demuxed(container, stream):
            if repeats is None or not repeats.has(packet):
                yield packet
    except OSError as error:
        reason = error.strerror or error
        path = container.name.removeprefix("file:")
        raise UnreadableRecordingError(path=path, reason=reason) from error
    except av.FFmpegError as error:
        _log.debug("the container ends in damage: %s", error)
        yield None


def _demuxed(container: InputContainer, stream: AudioStream) -> Iterator[Packet[AudioStream]]:
    while True:
        try:
            yield from container.demux(stream)
        except IndexError:  # a track that was not there at the beginning: PyAV does not know it
            continue
        return


class _Repeats:
    """The last packets: the very same bytes for the same time are the same sound, written twice."""

    def __init__(self) -> None:
        self._known: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED_PACKETS)
        self._latest: int | None = None

    def has(self, packet: Packet[AudioStream]) -> bool:
        """Say whether *packet* came before; from now on it did."""
        if packet.pts is None or not packet.size:
            return False
        mark = (packet.pts, zlib.crc32(bytes(packet)))
        if self._latest is not None and packet.pts <= self._latest:
            if mark in self._known:
                return True
        else:
            self._latest = packet.pts
        self._known.append(mark)
        return False


def _packet_s(packet: Packet[AudioStream]) -> float:
    if not packet.duration or packet.time_base is None:
        return 0.0
    return float(packet.duration * packet.time_base)
