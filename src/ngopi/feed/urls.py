"""The URLs that a feed may hold: https, and http only on this machine."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

UrlFault = Literal["absolute", "ascii", "https"]


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Return whether *host* is this machine: localhost, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def url_fault(url: str) -> UrlFault | None:
    """Return what is wrong with *url*: not ASCII, not absolute, not https, or nothing."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return "ascii"
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port  # read for its ValueError
    except ValueError:
        return "absolute"
    if not parts.scheme or not host:
        return "absolute"
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)):
        return None
    return "https"
