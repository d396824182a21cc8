"""Feeds by name: a file, or an address on the web."""

from __future__ import annotations

import time
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib import request
from urllib.error import HTTPError

from ngopi.errors import (
    FeedAddressError,
    FeedFileError,
    FeedTooBigError,
    FeedUnreachableError,
    NoSuchFeedError,
)
from ngopi.feed.urls import url_fault
from ngopi.i18n import _

if TYPE_CHECKING:
    from http.client import HTTPMessage

LIMIT_BYTES = 64 << 20
_SILENCE_S = 20.0
_WHOLE_S = 120.0
_CHUNK_BYTES = 1 << 16


def load_feed(source: str, *, limit_bytes: int = LIMIT_BYTES) -> bytes:
    """Return the bytes of a feed from a path, an https address, or http on this machine.

    Raises:
        NoSuchFeedError: the path leads nowhere.
        FeedFileError: the file cannot be read.
        FeedAddressError: the address, or one that it leads on to, is not https.
        FeedUnreachableError: nobody answers, too late, or with an error.
        FeedTooBigError: it has more than *limit_bytes*.
    """
    if "://" in source:
        return _download(source, limit_bytes=limit_bytes)
    path = Path(source)
    if not path.is_file():
        raise NoSuchFeedError(path=path)
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        raise FeedFileError(path=path, reason=error.strerror or error) from error
    return _within_limit(data, source=source, limit_bytes=limit_bytes)


class _SafeRedirects(request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> request.Request | None:
        try:
            _refuse_unsafe(newurl)
        except FeedAddressError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _download(url: str, *, limit_bytes: int) -> bytes:
    _refuse_unsafe(url)
    try:
        with _opener(url).open(url, timeout=_SILENCE_S) as answer:
            data = _read(answer, limit_bytes=limit_bytes)
    except HTTPError as error:
        error.close()
        raise FeedUnreachableError(url=url, reason=error) from error
    # UnicodeError: a host name that no name server could know.
    except (OSError, HTTPException, UnicodeError) as error:
        reason = getattr(error, "reason", error)
        raise FeedUnreachableError(url=url, reason=reason) from error
    return _within_limit(data, source=url, limit_bytes=limit_bytes)


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
    # The socket's timeout ends silence only; a server may also drip for ever: read1 returns
    # with what one packet brought.
    deadline_s = time.monotonic() + _WHOLE_S
    data = bytearray()
    while len(data) <= limit_bytes and (chunk := answer.read1(_CHUNK_BYTES)):
        data += chunk
        if time.monotonic() > deadline_s:
            raise TimeoutError(_("the answer takes too long"))
    promised = answer.headers.get("Content-Length")
    if promised is not None and len(data) < min(int(promised), limit_bytes):
        raise ConnectionError(_("the connection broke off"))
    return bytes(data)


def _refuse_unsafe(url: str) -> None:
    if url_fault(url) is not None:
        raise FeedAddressError(url=url)


def _within_limit(data: bytes, *, source: str, limit_bytes: int) -> bytes:
    if len(data) > limit_bytes:
        raise FeedTooBigError(source=source, limit_mib=limit_bytes >> 20)
    return data
