"""Answers that a server compressed, asked for or not."""

from __future__ import annotations

import zlib

from ngopi.i18n import _

_GZIP_OR_ZLIB, _RAW = 32 + zlib.MAX_WBITS, -zlib.MAX_WBITS
_KNOWN = {"gzip", "x-gzip", "deflate"}
_MOST_LAYERS = 3
_MOST_MEMBERS = 1000  # of nothing each, they would be looked at for hours


def unpacked(data: bytes, encodings: str, *, limit_bytes: int) -> bytes:
    """Return *data* as it was before the *encodings* of a Content-Encoding header.

    Never more than *limit_bytes* + 1 bytes of it, however much they hold.

    Raises:
        ConnectionError: it is compressed by something else, is damaged or ends early.
    """
    layers = [name for part in encodings.lower().split(",") if (name := part.strip())]
    layers = [name for name in layers if name != "identity"]
    if len(layers) > _MOST_LAYERS or not _KNOWN.issuperset(layers):
        said = ", ".join(layers)[:200]
        raise ConnectionError(
            _("its server compresses it by {said}, which nobody asked for").format(said=said)
        )
    for _layer in layers:
        data = _inflated(data, limit_bytes=limit_bytes)
    return data


def _inflated(data: bytes, *, limit_bytes: int) -> bytes:
    try:
        return _all_members(data, _GZIP_OR_ZLIB, limit_bytes=limit_bytes)
    except zlib.error:
        pass
    try:  # some servers leave zlib's head out, and all browsers take it
        return _all_members(data, _RAW, limit_bytes=limit_bytes)
    except zlib.error as error:
        raise ConnectionError(_("what its server compressed is damaged")) from error


def _all_members(data: bytes, window_bits: int, *, limit_bytes: int) -> bytes:
    plain = bytearray()
    for _member in range(_MOST_MEMBERS):
        member = zlib.decompressobj(window_bits)
        plain += member.decompress(data, limit_bytes + 1 - len(plain))
        if len(plain) > limit_bytes:
            return bytes(plain)
        if not member.eof:
            raise ConnectionError(_("the connection broke off"))
        data = member.unused_data.lstrip(b"\0")
        if not data:
            return bytes(plain)
    raise zlib.error
