"""The addresses of stores, as people write them into ngopi.toml."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ngopi.errors import StoreAddressError, StoreSecretError

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"([A-Za-z0-9_][A-Za-z0-9._-]*/)*")


def folder_of(url: str, *, root: Path) -> Path:
    """Return the folder that a ``file:`` address names; a relative path starts at *root*.

    ``file:public``, ``file:/srv/www``, ``file:C:/www``, ``file:///srv/www`` and
    ``file:///C:/www`` are understood; only the last two are percent-decoded.

    Raises:
        StoreAddressError: it is no such address, or names another machine.
        StoreSecretError: it holds a password.
    """
    scheme, _, rest = url.partition(":")
    if scheme != "file":
        _refuse_secret(url)
    if scheme != "file" or not rest.strip():
        raise StoreAddressError(address=url)
    if not rest.startswith("//"):
        return root / rest
    host, _, path = rest.removeprefix("//").partition("/")
    if host not in ("", "localhost") or not path:
        raise StoreAddressError(address=url)
    return Path(url2pathname(f"/{path}"))


def bucket_and_prefix(url: str) -> tuple[str, str]:
    """Return the bucket of an ``s3://`` URL and its prefix: empty, or with a slash at its end.

    Raises:
        StoreAddressError: there can be no such bucket or prefix.
        StoreSecretError: the URL holds a password.
    """
    _refuse_secret(url)
    scheme, _, rest = url.partition("://")
    bucket, _, path = rest.partition("/")
    prefix = f"{path.strip('/')}/".lstrip("/")
    if scheme != "s3" or not _BUCKET.fullmatch(bucket) or not _PREFIX.fullmatch(prefix):
        raise StoreAddressError(address=_without_query(url))
    return bucket, prefix


def check_endpoint(endpoint: str) -> None:
    """Refuse what cannot be the web address of an S3-compatible store.

    Raises:
        StoreAddressError: it is not http(s)://HOST.
        StoreSecretError: it holds a password.
    """
    _refuse_secret(endpoint)
    try:
        parts = urlsplit(endpoint)
        possible = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError as error:  # a port of letters, a bracket left open
        raise StoreAddressError(address=_without_query(endpoint)) from error
    if not possible or parts.query or parts.fragment:
        raise StoreAddressError(address=_without_query(endpoint))


def _refuse_secret(address: str) -> None:
    if "@" in address:
        raise StoreSecretError(host=_without_query(address.rpartition("@")[2]))


def _without_query(address: str) -> str:
    # A presigned URL carries its signature there.
    return address.partition("?")[0]
