"""ID3: what players show of an MP3."""
# mutagen's own functions carry no types.
# mypy: untyped-calls-exclude=mutagen

from __future__ import annotations

import hashlib
import re
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import quote
from zoneinfo import ZoneInfo

from mutagen import MutagenError
from mutagen.id3 import (
    APIC,
    COMM,
    ID3,
    PCST,
    TALB,
    TCON,
    TCOP,
    TDAT,
    TDES,
    TGID,
    TIME,
    TIT2,
    TLAN,
    TPE1,
    TPE2,
    TPOS,
    TRCK,
    TYER,
    WFED,
    WOAS,
    Encoding,
    ID3v1SaveOptions,
    PictureType,
    TextFrame,
)

from ngopi.errors import DiskError
from ngopi.text import clean_line, clean_text

if TYPE_CHECKING:
    from pathlib import Path

    from ngopi.model import Episode, Show

# ISO 639-1 to ISO 639-2, for the languages in which shows of Indonesian offices are spoken.
_LANGUAGES = {
    "ace": "ace",
    "ar": "ara",
    "ban": "ban",
    "bug": "bug",
    "en": "eng",
    "id": "ind",
    "jv": "jav",
    "mad": "mad",
    "min": "min",
    "ms": "msa",
    "su": "sun",
    "zh": "zho",
}
_UNDETERMINED = "und"
_HEADER_BYTES = 10

_OWNER_SIGNS = re.compile(r"^(?:copyright|hak cipta|\(c\)|©|\s)+", re.IGNORECASE)
_STARTS_WITH_YEAR = re.compile(r"\d{4} ")
_URL_SIGNS = "%/:=&?~#+!$,;'@()*[]"


def write_tags(
    path: Path,
    *,
    episode: Episode,
    show: Show,
    comment: str,
    cover_jpeg: bytes | None,
) -> None:
    """Put an ID3v2.3 tag in front of the MP3 *path*, in place of the tag it has.

    *comment* is the notes as plain text. The bytes behind the tag stay as they are. Equal
    words give equal bytes: no padding, no date of today.

    Raises:
        DiskError: the disk is full, the file cannot be written, or the like.

    Source: id3.org, ID3 tag version 2.3.0; iTunes for PCST, TDES, TGID and WFED.
    """
    tag = _tag(episode, show, comment, cover_jpeg)
    try:
        # No ID3v1: its 30 Latin-1 letters cut titles, and its 128 bytes would follow the
        # last frame of sound. No padding: a new tag rewrites the file anyway.
        tag.save(path, v1=ID3v1SaveOptions.REMOVE, v2_version=3, padding=lambda _info: 0)
    except (MutagenError, OSError) as error:
        # mutagen wraps the system's error, whose sentence is the useful one.
        cause = error.args[0] if isinstance(error, MutagenError) else error
        raise DiskError(path=path, reason=getattr(cause, "strerror", None) or cause) from error


def tag_bytes(*, episode: Episode, show: Show, comment: str, cover_jpeg: bytes | None) -> bytes:
    """Return the tag that `write_tags` puts in front of an MP3."""
    file = BytesIO()
    _tag(episode, show, comment, cover_jpeg).save(file, v2_version=3, padding=lambda _info: 0)
    return file.getvalue()


def tag_length(head: bytes) -> int:
    """Return how many bytes of an MP3 that begins with *head* (10 bytes or more) are its tag.

    Source: id3.org, ID3 tag version 2.3.0, 3.1 (four times seven bits, the header not counted).
    """
    if len(head) < _HEADER_BYTES or not head.startswith(b"ID3"):
        return 0
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte & 0x7F
    return _HEADER_BYTES + length


def sound_sha256(path: Path) -> str:
    """Return the SHA-256 of an MP3 without its tag: what is heard, whatever it is called."""
    with path.open("rb") as file:
        file.seek(tag_length(file.read(_HEADER_BYTES)))
        return hashlib.file_digest(file, "sha256").hexdigest()


def _tag(episode: Episode, show: Show, comment: str, cover_jpeg: bytes | None) -> ID3:
    tag = ID3()
    for frame, text in _texts(episode, show, comment).items():
        if text:
            tag.add(frame(encoding=Encoding.UTF16, text=[text]))
    tag.add(PCST(value=1))
    tag.add(WFED(url=_ascii_url(show.feed_url)))
    tag.add(WOAS(url=_ascii_url(show.link or show.public_url)))
    if notes := clean_text(comment.replace("\t", " ")):
        lang = _language(show.language)
        tag.add(COMM(encoding=Encoding.UTF16, lang=lang, desc="", text=[notes]))
    if cover_jpeg is not None:
        tag.add(
            APIC(
                encoding=Encoding.LATIN1,
                mime="image/jpeg",
                type=PictureType.COVER_FRONT,
                desc="",
                data=cover_jpeg,
            )
        )
    return tag


def _texts(episode: Episode, show: Show, comment: str) -> dict[type[TextFrame], str]:
    # ID3v2.3 parts names with "/", and names such as "Han, S.H., M.H." hold commas.
    people = "/".join(clean_line(person.name) for person in episode.people)
    texts = {
        TIT2: clean_line(episode.title),
        TPE1: people or clean_line(show.author),
        TPE2: clean_line(show.author),  # players group an album by it, whoever the guests are
        TALB: clean_line(show.title),
        TCON: "Podcast",
        TLAN: _language(show.language),
        TRCK: str(episode.number) if episode.number is not None else "",
        TPOS: str(episode.season) if episode.season is not None else "",
        TCOP: _copyright(episode, show),
        TDES: clean_text(episode.summary or comment),
        TGID: clean_line(episode.guid),
    }
    if episode.published is not None:
        # Not by mutagen's update_to_v23(): it loses the time of whole hours and midnight.
        local = episode.published.astimezone(ZoneInfo(show.timezone))
        texts[TYER] = local.strftime("%Y")
        texts[TDAT] = local.strftime("%d%m")
        texts[TIME] = local.strftime("%H%M")
    return texts


def _copyright(episode: Episode, show: Show) -> str:
    """Return the owner after a year and a space, as ID3v2.3 asks; readers add the ©."""
    owner = _OWNER_SIGNS.sub("", clean_line(show.copyright or ""))
    if not owner or _STARTS_WITH_YEAR.match(owner) or episode.published is None:
        return owner
    return f"{episode.published.astimezone(ZoneInfo(show.timezone)).year} {owner}"


def _language(tag: str) -> str:
    """Return the ISO 639-2 code of an RFC 5646 tag; "und" for one that is not listed."""
    return _LANGUAGES.get(tag.lower().split("-", 1)[0], _UNDETERMINED)


def _ascii_url(url: str) -> str:
    return quote(url, safe=_URL_SIGNS)
