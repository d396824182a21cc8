"""Feeds by name: a file, or an address on the web."""

from __future__ import annotations

import errno
import re
import ssl
import string
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib import request
from urllib.error import HTTPError
from urllib.parse import quote, urljoin

from ngopi.errors import (
    FeedAddressError,
    FeedFileError,
    FeedTooBigError,
    FeedUnreachableError,
    NoSuchFeedError,
)
from ngopi.feed.packing import unpacked
from ngopi.feed.urls import url_fault
from ngopi.i18n import _
from ngopi.patience import within
from ngopi.reading import read_file

if TYPE_CHECKING:
    from http.client import HTTPMessage

LIMIT_BYTES = 64 << 20
_SILENCE_S = 20.0
_WHOLE_S = 60.0
_CHUNK_BYTES = 1 << 16
_BEGIN_BYTES = 1 << 12
_OPENING = re.compile(rb"<rss\b[^>]*>?")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFeed:
    """A feed's bytes, and the addresses that led to them, the last one last; a file has none."""

    data: bytes
    addresses: tuple[str, ...] = ()


def load_feed(source: str, *, limit_bytes: int = LIMIT_BYTES, limit_s: float = _WHOLE_S) -> bytes:
    """Return the bytes of a feed: see `find_feed`."""
    return find_feed(source, limit_bytes=limit_bytes, limit_s=limit_s).data


def find_feed(
    source: str, *, limit_bytes: int = LIMIT_BYTES, limit_s: float = _WHOLE_S
) -> FoundFeed:
    """Return a feed from a path, an https address, or http on this machine.

    A server may take *limit_s* from the first question to the last byte, redirects and all.

    Raises:
        NoSuchFeedError: the path leads nowhere.
        FeedFileError: the file cannot be read.
        FeedAddressError: the address, or one that it leads on to, is not https.
        FeedUnreachableError: nobody answers, too late, or with an error.
        FeedTooBigError: it has more than *limit_bytes*.
    """
    if "://" in source:
        return _download(source, limit_bytes=limit_bytes, limit_s=limit_s)
    path = Path(source)
    if path.is_dir():
        raise NoSuchFeedError(path=path)
    try:
        return FoundFeed(data=read_file(path, limit_bytes=limit_bytes))
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise NoSuchFeedError(path=path) from error
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise FeedTooBigError(source=source, limit_mib=limit_bytes >> 20) from error
        raise FeedFileError(path=path, reason=error.strerror or error) from error


class _SafeRedirects(request.HTTPRedirectHandler):
    def http_error_302(
        self, req: request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage
    ) -> HTTPResponse | None:
        # urllib would read the whole body of the redirect first, however long it is.
        fp.close()
        where = headers.get("location") or headers.get("uri")
        if where is not None:  # quoted as urllib will do
            where = quote(where, encoding="latin-1", safe=string.punctuation)
            _refuse_unsafe(urljoin(req.full_url, where))
        found: HTTPResponse | None = super().http_error_302(req, fp, code, msg, headers)
        return found

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _download(url: str, *, limit_bytes: int, limit_s: float) -> FoundFeed:
    _refuse_unsafe(url)
    try:
        found = within(limit_s, partial(_fetch, url, limit_bytes=limit_bytes))
    # ValueError: a host that no name server could know, a redirect to what is no address.
    except (OSError, HTTPException, ValueError) as error:
        raise FeedUnreachableError(url=url, reason=_reason(error)) from error
    _within_limit(found.data, source=url, limit_bytes=limit_bytes)
    return found


def _fetch(url: str, *, limit_bytes: int) -> FoundFeed:
    try:
        with _opener(url).open(url, timeout=_SILENCE_S) as answer:
            data = _read(answer, limit_bytes=limit_bytes)
            return FoundFeed(data=data, addresses=(url, answer.url))
    except HTTPError as error:
        error.close()
        raise


def _reason(error: Exception) -> object:
    """Return why there is no feed, in words for whoever does not keep the server."""
    reason = getattr(error, "reason", error) if not isinstance(error, HTTPError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return _("its certificate is not valid: {why}").format(why=reason.verify_message)
    if isinstance(reason, ssl.SSLError):
        return _("there is no secure connection: {why}").format(why=reason.reason or reason)
    if isinstance(reason, TimeoutError):
        return _("the answer takes too long")
    return reason


def _opener(url: str) -> request.OpenerDirector:
    # Not build_opener: it also opens file:, ftp: and data: addresses.
    opener = request.OpenerDirector()
    local = url.lower().startswith("http:")
    for handler in (
        request.ProxyHandler({} if local else None),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
        _SafeRedirects(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "ngopi"), ("Accept", "application/rss+xml, */*;q=0.5")]
    return opener


def _read(answer: HTTPResponse, *, limit_bytes: int) -> bytes:
    promised = _promised_bytes(answer.headers)
    data = bytearray()
    while len(data) <= limit_bytes and (chunk := answer.read1(_CHUNK_BYTES)):
        data += chunk
    if promised is not None and len(data) < min(promised, limit_bytes):
        raise ConnectionError(_("the connection broke off"))
    if len(data) > limit_bytes:
        return bytes(data)
    packings = ",".join(answer.headers.get_all("Content-Encoding", []))
    feed = unpacked(bytes(data), packings, limit_bytes=limit_bytes)
    if promised is not None and _ends_in_the_middle(feed):
        said = _("it ends in the middle, after the {count} bytes that its server states")
        raise ConnectionError(said.format(count=promised))
    return feed


def _ends_in_the_middle(feed: bytes) -> bool:
    """Say whether this begins as a feed, and what closes it never comes."""
    opened = _OPENING.search(feed, 0, _BEGIN_BYTES)
    return opened is not None and not opened[0].endswith(b"/>") and b"</rss" not in feed


def _promised_bytes(headers: HTTPMessage) -> int | None:
    """Return the length that is stated; the same one said twice is one (RFC 9110, 8.6)."""
    if "Transfer-Encoding" in headers:
        return None  # it goes before
    lengths = {
        part.strip() for line in headers.get_all("Content-Length", []) for part in line.split(",")
    }
    if not lengths:
        return None
    if len(lengths) > 1 or not all(text.isascii() and text.isdigit() for text in lengths):
        said = ", ".join(sorted(lengths))
        raise ConnectionError(_('its server states the length "{said}"').format(said=said[:200]))
    return int(lengths.pop())


def _refuse_unsafe(url: str) -> None:
    if url_fault(url) is not None:
        raise FeedAddressError(url=url)


def _within_limit(data: bytes, *, source: str, limit_bytes: int) -> bytes:
    if len(data) > limit_bytes:
        raise FeedTooBigError(source=source, limit_mib=limit_bytes >> 20)
    return data
