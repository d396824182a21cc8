"""What a file is that is no recording which ngopi reads: by its first bytes, not by its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO

from ngopi.errors import (
    ForeignFormatError,
    NgopiError,
    NotARecordingError,
    PackedRecordingError,
    ProjectFileError,
    ProtectedRecordingError,
    UnreadableRecordingError,
)
from ngopi.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_HEAD_BYTES = 1 << 12
_MOST_INDEX_BYTES = 64 << 20
_MOST_BOXES = 1000
_MOST_TAGS = 10
_GSM_MARK, _GSM_BYTES = 0xD, 33  # of each frame
_PACKET_BYTES, _TIME_BYTES = 188, 4

_PICTURE, _MIDI = N_("a picture"), N_("a MIDI file, which holds notes and no sound")
_WORD, _EXCEL = N_("a Word document"), N_("an Excel workbook")
_SLIDES, _OPEN = N_("slides of PowerPoint"), N_("a document of LibreOffice")
_OFFICE = N_("a document of an old Office")
_ARCHIVE, _PROJECT = "archive", "project"  # these have errors of their own
_PROGRAM, _SHORTCUT = N_("an executable program"), N_("a shortcut to a file")
_LIST, _PAGE = N_("a list of other files"), N_("a web page")
_PDF, _TEXT, _ZEROS = N_("a PDF document"), N_("a text"), N_("nothing but zeros at its beginning")
_UNKNOWN = N_("of an unknown kind")
_DEVICE = N_("a device or a pipe")

# Offset and bytes of what holds no sound …
_NO_SOUND = (
    (0, b"\x89PNG", _PICTURE),
    (0, b"\xff\xd8\xff", _PICTURE),
    (0, b"GIF8", _PICTURE),
    (8, b"WEBP", _PICTURE),
    (0, b"II*\0", _PICTURE),
    (0, b"MM\0*", _PICTURE),
    (4, b"ftyphei", _PICTURE),
    (4, b"ftypmif1", _PICTURE),
    (4, b"ftypavif", _PICTURE),
    (0, b"8BPS", _PICTURE),
    (0, b"MThd", _MIDI),
    (8, b"RMID", _MIDI),
    (0, b"%PDF", _PDF),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OFFICE),
    (0, b"Rar!\x1a", _ARCHIVE),
    (0, b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (0, b"\x1f\x8b\x08", _ARCHIVE),
    (0, b"BZh", _ARCHIVE),
    (0, b"\xfd7zXZ", _ARCHIVE),
    (257, b"ustar", _ARCHIVE),
    (0, b"SQLite format 3\0", _PROJECT),
    (0, b"MZ\x90", _PROGRAM),
    (0, b"\x7fELF", _PROGRAM),
    (0, b"L\0\0\0\x01\x14\x02\0", _SHORTCUT),
    (0, b"#EXTM3U", _LIST),
    (0, b"[playlist]", _LIST),
    (0, b"ffconcat", _LIST),
    (0, b"[Reference]", _LIST),
    (0, b"<asx", _LIST),
    (0, b"<ASX", _LIST),
)
# … of sound that FFmpeg's decoders here do not read, or that was not tried with hostile files …
_FOREIGN = (
    (0, b".RMF", "RealMedia"),
    (0, b".ra\xfd", "RealAudio"),
    (1, b"dss", "DSS (Olympus, Philips)"),
    (1, b"ds2", "DS2 (Olympus, Philips)"),
    (1, b"enc", "DS2 (Olympus, Philips)"),
    (0, b"MAC ", "Monkey's Audio (APE)"),
    (0, b"wvpk", "WavPack"),
    (0, b"TTA1", "True Audio"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"DSD ", "DSF"),
    (0, b"FRM8", "DSDIFF"),
    (0, b"ajkg", "Shorten"),
    (0, b".snd", "Sun AU"),
    (0, b"Creative Voice File", "VOC"),
    (0, b"MS_VOICE", "Sony MSV/DVF"),
    (0, b"#!SILK", "SILK"),
    (1, b"#!SILK", "SILK"),
    (8, b"QLCM", "QCP"),
    (0, b"NIST_1A", "SPHERE"),
    (8, b"8SVX", "8SVX"),
    (0, b"\x7f\xfe\x80\x01", "DTS"),
    (0, b"\0\0\x01\xba", "MPEG-PS (MPG, VOB)"),
    (0, b"\x06\x0e+4", "MXF"),
    (0, b"nut/multimedia container", "NUT"),
    (0, b"FWS", "Flash (SWF)"),
    (0, b"CWS", "Flash (SWF)"),
    (0, b".SoX", "SoX"),
    (0, b"#!AMR_MC", "AMR multichannel"),
    (0, b"#!AMR-WB_MC", "AMR-WB multichannel"),
    (0, b"#!EVRC", "EVRC"),
    (0, b"\x0bw", "AC-3"),
)
# … and of what a shop has locked.
_LOCKED = ((4, b"ftypaax"), (4, b"\x57\x90\x75\x36"))  # Audible's
_LOCKED_TRACK = re.compile(rb"stsd.{12}(?:drms|enca)", re.DOTALL)
#: What WMA and WMV begin with.
ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_LOCKED_WMA = (
    bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"),
    bytes.fromhex("14e68a292226174cb935dae07ee9289c"),
    bytes.fromhex("b6fc1e2211bdd21198cc00c04fc7d93e"),
)
_OFFICE_FOLDERS = ((b"word/", _WORD), (b"xl/", _EXCEL), (b"ppt/", _SLIDES), (b"mimetype", _OPEN))
_PAGE_BEGINS = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_PROJECT_BEGINS = re.compile(
    rb"<(?:project|AudacityProject|sesx|x-[a-z]+-project)\b", re.IGNORECASE
)
_UNPRINTED = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def require_sound(path: Path) -> None:
    """Refuse what is known to be no recording, or one that cannot be read, by its name.

    Raises:
        NotARecordingError, PackedRecordingError, ProjectFileError, ForeignFormatError,
        ProtectedRecordingError: it is such.
        UnreadableRecordingError: the system does not let us look.
    """
    try:
        with path.open("rb") as file:
            begin = end_of_tags(file, 0)
            file.seek(begin)
            head = file.read(_HEAD_BYTES)
            if _is_locked(file, begin, head):
                raise ProtectedRecordingError(path=path)
    except OSError as error:
        raise UnreadableRecordingError(path=path, reason=error.strerror or error) from error
    foreign = _first(head, _FOREIGN)
    if foreign is not None:
        raise ForeignFormatError(path=path, kind=foreign)
    other = _office(head) if head.startswith(b"PK\x03\x04") else _first(head, _NO_SOUND)
    if other is not None:
        raise _refused(path, other)


def end_of_tags(file: BinaryIO, begin: int) -> int:
    """Return where a file goes on behind the ID3 tags that stand at *begin*."""
    at = begin
    for _number in range(_MOST_TAGS):
        file.seek(at)
        head = file.read(10)
        if len(head) < 10 or not head.startswith(b"ID3"):  # noqa: PLR2004 - a tag's header
            break
        length = 0
        for byte in head[6:]:
            length = length << 7 | byte & 0x7F
        at += 10 + length + (10 if head[5] & 0x10 else 0)
    return at


def is_gsm(head: bytes) -> bool:
    """Say whether a file that begins with *head* may be bare GSM, which has no header."""
    marks = head[: 4 * _GSM_BYTES : _GSM_BYTES]
    return bool(marks) and all(mark >> 4 == _GSM_MARK for mark in marks)


def is_transport_stream(head: bytes) -> bool:
    """Say so of MPEG-TS, whose packets may have a time of four bytes before them (M2TS)."""
    plain, timed = head[::_PACKET_BYTES], head[_TIME_BYTES :: _TIME_BYTES + _PACKET_BYTES]
    return plain.startswith(b"GG") or timed.startswith(b"GG")


def unknown(path: Path, head: bytes) -> NgopiError:
    """Return what to say of a file that FFmpeg refuses, which begins with *head*."""
    return _refused(path, _guess(head))


def _refused(path: Path, kind: str) -> NgopiError:
    if kind == _ARCHIVE:
        return PackedRecordingError(path=path)
    if kind == _PROJECT:
        return ProjectFileError(path=path)
    return NotARecordingError(path=path, kind=_(kind))


def no_file(path: Path) -> NgopiError:
    """Return what to say of a device, a pipe or the like."""
    return NotARecordingError(path=path, kind=_(_DEVICE))


def _first(head: bytes, magics: Iterable[tuple[int, bytes, str]]) -> str | None:
    return next((kind for at, magic, kind in magics if head.startswith(magic, at)), None)


def _office(head: bytes) -> str:
    found = (kind for folder, kind in _OFFICE_FOLDERS if folder in head)
    return next(found, _ARCHIVE)


def _guess(head: bytes) -> str:
    if not head.strip(b"\0"):
        return _ZEROS
    if _PAGE_BEGINS.match(head.removeprefix(b"\xef\xbb\xbf")):
        return _PAGE
    if _PROJECT_BEGINS.search(head):
        return _PROJECT
    if len(head) > 1 and not _UNPRINTED.search(head):
        # A letter may be cut in two at the end of what was read.
        whole = head[:-4].decode("utf-8", "surrogateescape") if len(head) > 4 else ""  # noqa: PLR2004
        if not any("\udc80" <= letter <= "\udcff" for letter in whole):
            return _TEXT
    return _UNKNOWN


def _is_locked(file: BinaryIO, begin: int, head: bytes) -> bool:
    if any(head.startswith(magic, at) for at, magic in _LOCKED):
        return True
    if head.startswith(ASF):
        return any(mark in head for mark in _LOCKED_WMA)
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}:
        return _LOCKED_TRACK.search(_index(file, begin)) is not None
    return False


def _index(file: BinaryIO, at: int) -> bytes:
    """Return the table of contents of an MP4 file that begins *at* bytes."""
    for _number in range(_MOST_BOXES):
        file.seek(at)
        header = file.read(16)
        length, name = int.from_bytes(header[:4], "big"), header[4:8]
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if name == b"moov":
            file.seek(at)
            return file.read(min(length or _MOST_INDEX_BYTES, _MOST_INDEX_BYTES))
        if length < 8:  # noqa: PLR2004 - 0: up to the end of the file; else no file at all
            break
        at += length
    return b""
