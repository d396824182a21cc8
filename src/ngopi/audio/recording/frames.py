"""The last frame, page, tag or element of a file: whether it is all there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ngopi.audio.kinds import end_of_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

_TAIL_BYTES = 1 << 16
_CHAIN = 4  # frames in a row are no accident
_TAGS = (b"APETAGEX", b"LYRICS200", b"LYRICSEND")
_ID3V1_BYTES = 128
_WIDEST_HEADER = 7
_STARTS = {b"\xff", b"\xff\xfb", b"\xff\xf1"}  # of the next frame
_LEAST_STATED = 16 / 17  # less than that of the file, and FFmpeg takes its own guess
_HALF = 576  # samples of a frame at the lower rates
_MOST_TAGS = 10
_CLUSTER_BYTES = 32 << 20
_CLUSTER = b"\x1fC\xb6u"
_SEGMENT = 0x18538067
_FIRST_IN_CLUSTER = {0xE7, 0xBF, 0xEC}  # its time, a checksum, nothing

# -- MP3 and AAC --------------------------------------------------------------------------


class _Frame(NamedTuple):
    length: int
    kind: tuple[int, ...]
    samples: int


_KBPS = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ = (44100, 48000, 32000)


def _mpeg_frame(head: bytes) -> _Frame | None:
    """Read the header of an MPEG audio frame (ISO 11172-3, 13818-3)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:  # noqa: PLR2004 - its sync
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    bits, rate, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer > 3 or bits in {0, 15} or rate > 2:  # noqa: PLR2004 - all reserved
        return None
    half = 0 if version == 3 else 1  # noqa: PLR2004 - MPEG 1
    kbps = _KBPS[1 + half, layer if not half or layer == 1 else 2][bits]
    rate_hz = _RATES_HZ[rate] // (1, 2, 4)[(3, 2, 0).index(version)]
    if layer == 1:
        return _Frame((12000 * kbps // rate_hz + padding) * 4, (version, layer), 384)
    samples = 576 if half and layer == 3 else 1152  # noqa: PLR2004 - layer 3
    return _Frame(samples // 8 * 1000 * kbps // rate_hz + padding, (version, layer, rate), samples)


def _adts_frame(head: bytes) -> _Frame | None:
    """Read the header of an AAC frame (ISO 13818-7)."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:  # noqa: PLR2004 - its sync
        return None
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return _Frame(length, (head[2] & 0xFC,), 1024) if length >= 7 else None  # noqa: PLR2004


def ends_within_a_frame(file: BinaryIO, begin: int, end: int) -> bool:
    """Say whether the last frame of an MP3 or AAC file is not all there."""
    start = max(begin, end - _TAIL_BYTES)
    file.seek(start)
    tail = file.read(end - start)
    if tail[-_ID3V1_BYTES:].startswith(b"TAG") or any(tag in tail for tag in _TAGS):
        return False
    for read in (_mpeg_frame, _adts_frame):
        at = tail.find(b"\xff")
        while 0 <= at < len(tail):
            frames = list(_chain(tail, at, read))
            if len(frames) > _CHAIN:
                last, frame = frames[-1]
                left = tail[last + frame.length :]
                return last + frame.length > len(tail) or left in _STARTS
            at = tail.find(b"\xff", at + 1)
    return False


def _chain(
    tail: bytes, at: int, read: Callable[[bytes], _Frame | None]
) -> Iterator[tuple[int, _Frame]]:
    """Yield the frames of one kind that follow each other, from *at* on, and where each is."""
    kind = None
    while at < len(tail):
        frame = read(tail[at : at + _WIDEST_HEADER])
        if frame is None or (kind is not None and frame.kind != kind):
            return
        kind = frame.kind
        yield at, frame
        at += frame.length


def states_frames(file: BinaryIO, begin: int, end: int) -> bool:
    """Say whether the first frame of an MP3 tells how many there are, up to *end*.

    Where far more follows than it tells of, as in files that were glued together, it does not, and
    FFmpeg guesses.

    Source: Gabriel Bouvigne, "MP3 info tag"; Fraunhofer's VBRI header.
    """
    start = end_of_tags(file, begin)
    file.seek(start)
    head = file.read(_TAIL_BYTES)
    at = head.find(b"\xff")
    frame = _mpeg_frame(head[at : at + 4]) if at >= 0 else None
    if frame is None:
        return False
    mono = head[at + 3] >> 6 == 3  # noqa: PLR2004 - one channel
    side = (9, 17, 32)[(frame.samples > _HALF) + (not mono)]
    info = head[at + 4 + side : at + 4 + side + 16]
    count = size = b""
    if info[:4] in {b"Xing", b"Info"} and info[7] & 1:
        count, size = info[8:12], info[12:16] if info[7] & 2 else b""
    elif head[at + 36 : at + 40] == b"VBRI":
        count, size = head[at + 50 : at + 54], head[at + 46 : at + 50]
    stated_bytes = int.from_bytes(size, "big")
    is_exceeded = 0 < stated_bytes < (end - start) * _LEAST_STATED
    return bool(int.from_bytes(count, "big")) and not is_exceeded


# -- Ogg, FLV, Matroska -------------------------------------------------------------------


def ends_within_a_page(file: BinaryIO, begin: int, end: int) -> bool:
    """Say whether the last page of an Ogg file is not all there."""
    start = max(begin, end - 2 * _TAIL_BYTES)
    file.seek(start)
    tail = file.read(end - start)
    at = tail.rfind(b"OggS\0")
    if at < 0:
        return False
    header = tail[at : at + 27]
    table = tail[at + 27 : at + 27 + (header[26] if len(header) == 27 else 0)]  # noqa: PLR2004
    is_header_cut = len(header) < 27 or len(table) < header[26]  # noqa: PLR2004 - a page's header
    return is_header_cut or at + 27 + len(table) + sum(table) > len(tail)


def ends_within_a_tag(file: BinaryIO, end: int) -> bool:
    """Say whether the last tag of an FLV file is not all there: its length stands behind it."""
    file.seek(max(end - 4, 0))
    length = int.from_bytes(file.read(4), "big")
    if not 11 <= length <= end - 4:  # noqa: PLR2004 - a tag's header
        return True
    file.seek(end - 4 - length)
    head = file.read(4)
    return int.from_bytes(head[1:], "big") + 11 != length


def ends_within_an_element(file: BinaryIO, begin: int, end: int) -> bool:
    """Say whether a Matroska or WebM file ends before its last element does."""
    at = begin
    for _ in range(_MOST_TAGS):  # its head, its segment, and what stands beside them
        found = _element(file, at)
        if found is None:
            return at < end
        name, body, length = found
        if length is None:
            return name == _SEGMENT and _ends_within_a_cluster(file, body, end)
        at = body + length
        if at > end:
            return True
        if at == end:
            return False
    return False


def _ends_within_a_cluster(file: BinaryIO, begin: int, end: int) -> bool:
    """Say the same of a segment without a length, as it is written live: by its last cluster."""
    start = max(begin, end - _CLUSTER_BYTES)
    file.seek(start)
    tail = file.read(end - start)
    at = tail.rfind(_CLUSTER)
    while at >= 0:
        found = _element(file, start + at)
        first = None if found is None else _element(file, found[1])
        if found is not None and (first is None or first[0] in _FIRST_IN_CLUSTER):
            return _ends_within_a_child(file, start + at, end)
        at = tail.rfind(_CLUSTER, 0, at)
    return False


def _ends_within_a_child(file: BinaryIO, at: int, end: int) -> bool:
    while at < end:
        found = _element(file, at)
        if found is None:
            return True
        _, body, length = found
        at = body if length is None else body + length
    return at > end


def _element(file: BinaryIO, at: int) -> tuple[int, int, int | None] | None:
    """Return name, begin of the body, and length (None: unknown) of an EBML element (RFC 8794)."""
    file.seek(at)
    head = file.read(12)
    name_bytes = 9 - head[0].bit_length() if head else 9
    if name_bytes > 4 or len(head) <= name_bytes:  # noqa: PLR2004 - no name is longer
        return None
    size_bytes = 9 - head[name_bytes].bit_length()
    packed = head[name_bytes : name_bytes + size_bytes]
    if size_bytes > 8 or len(packed) < size_bytes:  # noqa: PLR2004 - no length is longer
        return None
    length = int.from_bytes(packed, "big") & ((1 << 7 * size_bytes) - 1)
    is_known = length != (1 << 7 * size_bytes) - 1
    body = at + name_bytes + size_bytes
    return int.from_bytes(head[:name_bytes], "big"), body, length if is_known else None
