"""What may lie in a store: each key's media type and how long it may be cached."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ngopi.errors import ObjectTooBigError, StoreKeyError

# What is read in one piece is a ledger, a release or a feed: the largest show's are a tenth of it.
LARGEST_DOCUMENT_BYTES = 256 << 20
_FOR_EVER = "public, max-age=31536000, immutable"
_NAME = "[a-z0-9][a-z0-9-]{0,119}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The headers that an object is served with."""

    media_type: str
    cache_control: str


# An allow-list: what a store serves under a show's name is audio, pictures and data, never a
# page or script that somebody slipped in. Lower case only, so that no two keys meet on a file
# system that ignores case.
_KINDS = tuple(
    (re.compile(pattern), Kind(media_type=media_type, cache_control=cache_control))
    for pattern, media_type, cache_control in (
        (rf"audio/{_NAME}\.mp3", "audio/mpeg", _FOR_EVER),
        (rf"covers/{_NAME}\.jpg", "image/jpeg", _FOR_EVER),
        (rf"covers/{_NAME}\.png", "image/png", _FOR_EVER),
        (rf"(releases|history)/{_NAME}\.json", "application/json", _FOR_EVER),
        # What a store is asked with, to learn what it can do; never read by anybody else.
        (rf"probe/{_NAME}\.json", "application/json", "no-cache"),
        (r"ledger\.json", "application/json", "no-cache"),
        (
            r"feed\.xml",
            "application/rss+xml; charset=utf-8",
            "public, max-age=300, must-revalidate",
        ),
    )
)


def find_kind(key: str) -> Kind | None:
    """Return the headers for *key*, or None where no show has such a key."""
    return next((kind for pattern, kind in _KINDS if pattern.fullmatch(key)), None)


def require_readable(key: str, size_bytes: int) -> None:
    """Refuse to read in one piece what would fill the memory.

    Raises:
        ObjectTooBigError: it is larger than any document of a show.
    """
    if size_bytes > LARGEST_DOCUMENT_BYTES:
        raise ObjectTooBigError(key=key, limit_mib=LARGEST_DOCUMENT_BYTES >> 20)


def kind_of(key: str) -> Kind:
    """Return the headers for *key*.

    Raises:
        StoreKeyError: the key is not in the allow-list, and so might not be a safe path either.
    """
    kind = find_kind(key)
    if kind is None:
        raise StoreKeyError(key=key)
    return kind
