"""A track's packets decoded: frames in their order, and silence where sound is missing."""

from __future__ import annotations

import logging
import zlib
from collections import deque
from typing import TYPE_CHECKING

import av

from ngopi.audio.timeline import Clock, Piece
from ngopi.errors import UnreadableRecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

    from ngopi.audio.timeline import Tally

_log = logging.getLogger(__name__)

# These take the time of a packet from the file, where it may have been written twice.
_TIMED_FORMATS = {"matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "ogg"}
_REMEMBERED_PACKETS = 256


def sound(
    container: InputContainer, stream: AudioStream, tally: Tally, *, stated_s: float | None = None
) -> Iterator[AudioFrame | float]:
    """Yield frames in their order, and a number of seconds where silence belongs.

    *stated_s* is the length that the file gives its sound, if it does.

    Raises:
        UnreadableRecordingError: the system does not let us read on.
    """
    clock = Clock(tally)
    yield from clock.placed(_pieces(container, stream, tally))
    if stated_s is not None and not tally.jumps:
        tally.missing_s += max(stated_s - clock.elapsed_s, 0.0)


def _pieces(
    container: InputContainer, stream: AudioStream, tally: Tally
) -> Iterator[Piece[AudioFrame]]:
    frame_s = 0.0
    for packet in _packets(container, stream, tally):
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            _log.debug("damaged frame at %s: %s", packet.pts, error)
            frames = []
            if packet.size:
                yield _damaged(None, _packet_s(packet) or frame_s, tally)
        for frame in frames:
            frame_s = frame.samples / frame.sample_rate
            if frame.is_corrupt:
                yield _damaged(frame.time, frame_s, tally)
            else:
                yield Piece(frame.time, frame_s, frame)


def _damaged(time_s: float | None, length_s: float, tally: Tally) -> Piece[AudioFrame]:
    tally.damaged_frames += 1
    tally.damaged_s += length_s
    return Piece(time_s, length_s, None)


def _packets(
    container: InputContainer, stream: AudioStream, tally: Tally
) -> Iterator[Packet[AudioStream]]:
    repeats = _Repeats() if container.format.name in _TIMED_FORMATS else None
    try:
        for packet in container.demux(stream):
            if repeats is None or not repeats.has(packet):
                yield packet
    except OSError as error:
        reason = error.strerror or error
        path = container.name.removeprefix("file:")
        raise UnreadableRecordingError(path=path, reason=reason) from error
    except av.FFmpegError as error:
        _log.debug("the container ends in damage: %s", error)
        tally.damaged_frames += 1


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
