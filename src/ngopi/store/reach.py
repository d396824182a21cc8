"""Can listeners fetch what was stored? Asked the way a podcast app asks."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request

from ngopi.errors import PublicUrlError
from ngopi.i18n import _

_TIMEOUT_S = 20
_PARTIAL_CONTENT = 206


def require_public(url: str, *, size_bytes: int) -> None:
    """Ask for the first byte of *url*, without credentials.

    Raises:
        PublicUrlError: no 206, another length, or no answer.
    """
    request = urllib.request.Request(url, headers={"Range": "bytes=0-0", "User-Agent": "ngopi"})  # noqa: S310 - config allows https, and http on loopback only
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310 - see above
            status, extent = response.status, response.headers.get("Content-Range", "")
    except urllib.error.HTTPError as error:
        raise PublicUrlError(url=url, reason=f"{error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise PublicUrlError(url=url, reason=error) from error
    if status != _PARTIAL_CONTENT:
        reason = _("it does not answer byte ranges (206)")
        raise PublicUrlError(url=url, reason=reason)
    if not extent.endswith(f"/{size_bytes}"):
        reason = _("it is not the file that was stored ({extent})").format(extent=extent)
        raise PublicUrlError(url=url, reason=reason)
