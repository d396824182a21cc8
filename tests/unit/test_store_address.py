from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ngopi.errors import StoreAddressError, StoreSecretError
from ngopi.model import StoreSettings
from ngopi.store import open_store
from ngopi.store.address import bucket_and_prefix, folder_of


@pytest.mark.parametrize(
    ("url", "bucket", "prefix"),
    [
        ("s3://kopi", "kopi", ""),
        ("s3://kopi/", "kopi", ""),
        ("s3://kopi/ngopi", "kopi", "ngopi/"),
        ("s3://kopi.example/a/b/", "kopi.example", "a/b/"),
    ],
)
def test_a_bucket_has_a_name_and_maybe_a_prefix(url, bucket, prefix):
    assert bucket_and_prefix(url) == (bucket, prefix)


@pytest.mark.parametrize(
    "url",
    [
        "s3:kopi",
        "s3://",
        "s3://ab",
        "s3://Kopi/x",
        "s3://kopi/../x",
        "s3://kopi/a//b",
        "s3://kopi/a?versionId=1",
        "s3://kopi/é",
        "file:",
        "file://server/share",
        "file://",
        "https://example.com/kopi",
        "public",
        "",
    ],
)
def test_what_is_no_address_is_refused_before_any_work(url, tmp_path):
    with pytest.raises(StoreAddressError):
        open_store(StoreSettings(url=url), root=tmp_path)


@pytest.mark.parametrize("endpoint", ["example.com", "ftp://example.com", "https://", "http://x:y"])
def test_what_is_no_endpoint_is_refused(endpoint, tmp_path):
    with pytest.raises(StoreAddressError):
        open_store(StoreSettings(url="s3://kopi", endpoint=endpoint), root=tmp_path)


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("s3://AKIAKOPI:rahasia@kopi/ngopi", None),
        ("s3://kopi", "https://AKIAKOPI:rahasia@s3.example.com"),
        ("https://AKIAKOPI:rahasia@s3.example.com/kopi", None),
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(url, endpoint, tmp_path):
    with pytest.raises(StoreSecretError) as refused:
        open_store(StoreSettings(url=url, endpoint=endpoint), root=tmp_path)

    shown = f"{refused.value.message} {refused.value.hint}"
    assert "rahasia" not in shown
    assert "AKIAKOPI" not in shown


def test_a_signature_in_an_address_is_not_repeated(tmp_path):
    with pytest.raises(StoreAddressError) as refused:
        open_store(StoreSettings(url="s3://kopi/x?X-Amz-Signature=abc"), root=tmp_path)

    assert "abc" not in refused.value.message


def test_a_folder_is_found_from_the_show(tmp_path):
    assert folder_of("file:public", root=tmp_path) == tmp_path / "public"
    assert folder_of(tmp_path.joinpath("w w").as_uri(), root=Path("x")) == tmp_path / "w w"
    assert folder_of(f"file:{tmp_path}", root=Path("x")) == tmp_path


@pytest.mark.skipif(sys.platform != "win32", reason="drives exist on Windows only")
@pytest.mark.parametrize("url", ["file:C:/www", "file:C:\\www", "file:///C:/www"])
def test_a_folder_on_a_windows_drive_is_found(url, tmp_path):
    assert folder_of(url, root=tmp_path) == Path("C:/www")
