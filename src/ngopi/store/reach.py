"""Can listeners fetch what was stored? Asked the way a podcast app asks."""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from ngopi.errors import PublicServerDownError, PublicUrlError
from ngopi.i18n import _
from ngopi.patience import within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

_TIMEOUT_S = 20
_WHOLE_S = 60.0
_OK, _PARTIAL_CONTENT = 200, 206
_TOO_MANY_REQUESTS, _SERVER_ERRORS = 429, 500
_FIRST_BYTE = {"Range": "bytes=0-0"}
# Any web page may play a podcast: stores that allow one origin only do not help.
_ORIGIN = "https://player.example"
# What feeds are also called; audio has one name only.
_FEED_TYPES = ("application/rss+xml", "application/xml", "text/xml")


Access = Literal["open", "closed", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What the public gets of one file.

    *access*: it comes, is refused, or the server does not work at the moment; *faults*: what
    apps would stumble over, as clauses; *web_players*: pages of other sites may fetch it (CORS).
    """

    access: Access
    faults: tuple[str, ...]
    web_players: bool


def require_public(url: str, *, size_bytes: int) -> None:
    """Ask for the first byte of *url*, without credentials.

    Raises:
        PublicServerDownError: the server is in trouble.
        PublicUrlError: no 206, another length, or no answer.
    """
    status, headers = _ask(url, "GET", _FIRST_BYTE)
    fault = _range_fault(status, headers, size_bytes=size_bytes)
    if fault is not None:
        raise public_error(url, status=status, reason=fault)


def public_error(
    url: str, *, status: int | None, reason: object
) -> PublicServerDownError | PublicUrlError:
    """Return the error for *url*, which the public cannot fetch; *status* None: no answer."""
    if status is not None and _access(status) == "down":
        return PublicServerDownError(url=url, reason=_said(status))
    return PublicUrlError(url=url, reason=reason)


def try_public(url: str, *, size_bytes: int | None, media_type: str) -> Reach:
    """Ask for *url* by HEAD and for its first byte, without credentials, as apps do.

    *size_bytes* None: a cache may keep an older copy of it, and nobody jumps about in it, as in
    a feed.

    Raises:
        PublicUrlError: no answer at all.
    """
    head = _ask(url, "HEAD", {})
    status, headers = _ask(url, "GET", {**_FIRST_BYTE, "Origin": _ORIGIN})
    fault = _range_fault(status, headers, size_bytes=size_bytes)
    faults = [] if fault is None else [fault]
    access = _access(status)
    if access == "open":  # else HEAD has the same to say
        faults += _head_faults(*head, size_bytes=size_bytes, media_type=media_type)
    allowed = headers.get("Access-Control-Allow-Origin", "")
    return Reach(access=access, faults=tuple(faults), web_players=allowed in ("*", _ORIGIN))


def is_readable(url: str) -> bool:
    """Say whether anybody can read *url*.

    Raises:
        PublicUrlError: no answer at all.
    """
    return _access(_ask(url, "GET", _FIRST_BYTE)[0]) == "open"


def server_date(url: str) -> datetime | None:
    """Return the time that the server at *url* says it is; None: it does not say.

    Raises:
        PublicUrlError: no answer at all.
    """
    _status, headers = _ask(url, "HEAD", {})
    try:
        date = email.utils.parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def _ask(url: str, method: str, headers: dict[str, str]) -> tuple[int, Message]:
    """Return status and headers of an answer, whatever it is; its body is not read."""
    request = urllib.request.Request(  # noqa: S310 - config allows https, and http on loopback only
        url, method=method, headers={"User-Agent": "ngopi", **headers}
    )

    def ask() -> tuple[int, Message]:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310 - see above
            return response.status, response.headers

    try:
        return within(_WHOLE_S, ask)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, error.headers
    # ValueError: a redirect to what is no address.
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise PublicUrlError(url=url, reason=getattr(error, "reason", error)) from error


def _access(status: int) -> Access:
    if status in (_OK, _PARTIAL_CONTENT):
        return "open"
    is_down = status == _TOO_MANY_REQUESTS or status >= _SERVER_ERRORS
    return "down" if is_down else "closed"


def _range_fault(status: int, headers: Message, *, size_bytes: int | None) -> str | None:
    if status not in (_OK, _PARTIAL_CONTENT):
        return _said(status)
    if size_bytes is None:
        return None
    if status != _PARTIAL_CONTENT:
        return _("it does not answer byte ranges (206)")
    extent = headers.get("Content-Range", "")
    if not extent.endswith(f"/{size_bytes}"):
        return _("it is not the file that was stored ({extent})").format(extent=extent)
    return None


def _head_faults(
    status: int, headers: Message, *, size_bytes: int | None, media_type: str
) -> Iterator[str]:
    if status != _OK:
        yield f"HEAD: {_said(status)}"
        return
    wanted = media_type.partition(";")[0]
    said = headers.get_content_type() if "Content-Type" in headers else "-"
    if said != wanted and not (wanted in _FEED_TYPES and said in _FEED_TYPES):
        yield _("its type is {said} instead of {wanted}").format(said=said, wanted=wanted)
    length = headers.get("Content-Length")
    if None not in (length, size_bytes) and length != str(size_bytes):
        text = _("its length is {said} instead of {wanted} bytes")
        yield text.format(said=length, wanted=size_bytes)


def _said(status: int) -> str:
    phrase = ""
    with contextlib.suppress(ValueError):  # a number that HTTP does not know
        phrase = http.HTTPStatus(status).phrase
    return f"{status} {phrase}".strip()
