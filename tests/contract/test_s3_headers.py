"""What a listener's app gets from an S3 store, asked without credentials and without boto3."""

from __future__ import annotations

import hashlib
import http.client
from urllib.parse import urlsplit

import pytest

from ngopi.store.s3 import S3Store

_YEAR = "public, max-age=31536000, immutable"


def fetch(server, bucket, key, **headers):
    connection = http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=30)
    connection.request("GET", f"/{bucket}/ngopi/{key}", headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


@pytest.mark.parametrize(
    ("key", "media_type", "cache_control"),
    [
        ("feed.xml", "application/rss+xml; charset=utf-8", "public, max-age=300, must-revalidate"),
        ("ledger.json", "application/json", "no-cache"),
    ],
)
def test_listeners_get_the_right_headers(
    s3_server, s3_bucket, s3_settings, key, media_type, cache_control
):
    S3Store(s3_settings).swap(key, "Kopi Gayo ☕".encode(), expected=None)
    answer, body = fetch(s3_server, s3_bucket, key)

    assert answer.status == 200
    assert answer.getheader("Content-Type") == media_type
    assert answer.getheader("Cache-Control") == cache_control
    assert body.decode() == "Kopi Gayo ☕"


@pytest.mark.parametrize("size_bytes", [5, (17 << 20) + 3])
def test_audio_is_served_for_ever_and_in_ranges(
    s3_server, s3_bucket, s3_settings, tmp_path, size_bytes
):
    """The large one goes by another way (parts), and must not lose its headers there."""
    data = bytes(size_bytes - 3) + b"end"
    path = tmp_path / "audio.mp3"
    path.write_bytes(data)
    key, sha256 = "audio/x-0123456789ab.mp3", hashlib.sha256(data).hexdigest()
    S3Store(s3_settings).add(key, path, sha256=sha256, advance=lambda _: None)
    answer, body = fetch(s3_server, s3_bucket, key, Range=f"bytes={size_bytes - 3}-")

    assert (answer.status, body) == (206, b"end")
    assert answer.getheader("Content-Type") == "audio/mpeg"
    assert answer.getheader("Cache-Control") == _YEAR
    assert answer.getheader("x-amz-meta-sha256") == sha256
