from __future__ import annotations

import pytest

from ngopi.errors import StoreKeyError
from ngopi.store.kinds import find_kind, kind_of

_YEAR = "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("key", "media_type", "cache_control"),
    [
        ("audio/007-gayo-0123456789ab.mp3", "audio/mpeg", _YEAR),
        ("covers/show-0123456789ab.jpg", "image/jpeg", _YEAR),
        ("covers/show-0123456789ab.png", "image/png", _YEAR),
        (f"releases/{'a' * 64}.json", "application/json", _YEAR),
        ("history/12.json", "application/json", _YEAR),
        ("ledger.json", "application/json", "no-cache"),
        (
            "feed.xml",
            "application/rss+xml; charset=utf-8",
            "public, max-age=300, must-revalidate",
        ),
    ],
)
def test_each_place_has_its_media_type_and_cache_time(key, media_type, cache_control):
    kind = kind_of(key)

    assert (kind.media_type, kind.cache_control) == (media_type, cache_control)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/feed.xml",
        "./feed.xml",
        "feed.xml\n",
        "feed.xml/",
        "FEED.XML",
        "page.html",
        "audio/x.html",
        "audio/x.mp3.exe",
        "audio/../ledger.json",
        "audio/..",
        "audio//x.mp3",
        "audio\\x.mp3",
        "audio/.hidden.mp3",
        "audio/kopi gayo.mp3",
        "audio/Kopi.mp3",
        "audio/kopí.mp3",
        "audio/ngopi\u200b.mp3",
        "audio/x\x00.mp3",
        "audio/c:x.mp3",
        "C:/feed.xml",
        "audio/" + "x" * 121 + ".mp3",
        ".ngopi.lock",
    ],
)
def test_other_keys_have_no_place(key):
    assert find_kind(key) is None
    with pytest.raises(StoreKeyError):
        kind_of(key)
