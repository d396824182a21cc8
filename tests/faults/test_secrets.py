"""No access key and no signature is ever written down, however much somebody asks to be told."""

from __future__ import annotations

import os
import re
import secrets

import pytest

from mortal import mortals
from prepared import add_episode, make_show
from standing import OnS3

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forked")

# AWS4-HMAC-SHA256 Credential=…, Signature=…: of a header, or of a presigned URL.
SIGNATURE = re.compile(rb"AWS4-HMAC|Signature=|X-Amz-Signature|Credential=", re.IGNORECASE)
# Those that meet the store, and those that read what such a run left here.
COMMANDS = [
    "publish --dry-run",
    "publish",
    "publish",
    "list",
    "schedule",
    "history",
    "pull",
    "check feeds/ngopi.xml",
    "retract dua",
    "publish",
    "restore dua",
    "rollback",
    "rollback 999",
    "retract dua --delete-audio --yes",
    "doctor",
    "gc",
]


@pytest.fixture
def show(tmp_path):
    show = make_show(tmp_path / "show")
    add_episode(show, "dua", 1)
    return show


def leaks(data, keys):
    found = [name for name, key in keys.items() if key.encode() in data]
    return found + (["signature"] if SIGNATURE.search(data) else [])


def test_no_command_shows_or_keeps_a_key(show, s3_server, s3_bucket, monkeypatch):
    """Every command as loud as it gets, with right keys and with wrong ones."""
    right = {"id": s3_server.access_key, "secret": s3_server.secret_key}
    wrong = {
        "wrong id": f"AKIA{secrets.token_hex(8).upper()}",
        "wrong secret": secrets.token_hex(20),
        "session token": secrets.token_hex(40),
    }
    with mortals(show) as ngopi, OnS3.of(s3_server, s3_bucket) as stores:
        place, env = stores.place("show")
        others = {
            "AWS_ACCESS_KEY_ID": wrong["wrong id"],
            "AWS_SECRET_ACCESS_KEY": wrong["wrong secret"],
            "AWS_SESSION_TOKEN": wrong["session token"],
        }
        printed, done = b"", []
        for command in COMMANDS:
            for keys in ({}, others):
                ended = ngopi.run("-vv", "--show", show, *command.split(), env=env | keys)
                assert ended.status != 70, ended.err
                printed += f"{ended.out}{ended.err}".encode()
                done.append(ended.status)
        stored = b"".join(place.read(key) or b"" for key in place.all_keys())
    kept = b"".join(path.read_bytes() for path in show.rglob("*") if path.is_file())

    assert 0 in done
    assert 77 in done
    assert len(printed) > 1000
    assert leaks(printed, right | wrong) == []
    assert leaks(kept, right | wrong) == []
    assert leaks(stored, right | wrong) == []
