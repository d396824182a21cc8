"""No access key and no signature is ever written down, however much somebody asks to be told."""

from __future__ import annotations

import os
import re
import secrets
import signal
import urllib.request

import pytest

import speech
from mortal import mortals
from ngopi.cli.root import ngopi as root
from prepared import add_episode, make_show
from standing import OnS3

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forked")

# AWS4-HMAC-SHA256 Credential=…, Signature=…: of a header, or of a presigned URL.
SIGNATURE = re.compile(rb"AWS4-HMAC|Signature=|X-Amz-Signature|Credential=", re.IGNORECASE)
# All but serve, which ends by a signal. In a new folder: what was just recorded is show.wav.
COMMANDS = [
    "init baru --title Ngopi --author Humas",
    "demo demo",
    "measure show.wav",
    "master show.wav master.mp3",
    "publish --dry-run",
    "publish",
    "publish",
    "list",
    "show dua",
    "approve dua --as WG",
    "ingest tiga.wav --title Tiga",
    "replace tiga lagi.wav",
    "schedule",
    "history",
    "pull",
    "check show/feeds/ngopi.xml",
    "retract dua",
    "publish",
    "restore dua",
    "rollback",
    "rollback 999",
    "restore dua",
    "retract dua --delete-audio --yes",
    "doctor",
    "gc",
]


@pytest.fixture
def show(tmp_path):
    show = make_show(tmp_path / "show")
    add_episode(show, "dua", 1)
    for seed, name in enumerate(("tiga", "lagi"), start=2):
        sound = speech.voice(1.2, channels=1, seed=seed)
        speech.write_wav(tmp_path / f"{name}.wav", sound, 48_000)
    return show


def served(ngopi, show, env):
    """Preview the show's own folder store with all keys at hand, ask for its feed, press Ctrl-C."""
    local = {name: value for name, value in env.items() if not name.startswith("NGOPI_STORE_")}
    assert ngopi.run("-vv", "--show", show, "publish", env=local).status == 0
    pid = ngopi.start("-vv", "--show", show, "serve", "--port", 0, env=local)
    said = None
    while said is None:
        said = re.search(r"http://\S+/feed\.xml", ngopi.printed(pid))
    with urllib.request.urlopen(said[0], timeout=60) as answer:
        assert answer.status == 200
    os.kill(pid, signal.SIGINT)
    return ngopi.wait(pid)


def test_no_command_is_left_out():
    assert {command.split()[0] for command in COMMANDS} | {"serve"} == set(root.commands)


def leaks(data, keys):
    found = [name for name, key in keys.items() if key.encode() in data]
    return found + (["signature"] if SIGNATURE.search(data) else [])


def test_no_command_shows_or_keeps_a_key(show, s3_server, s3_bucket, tmp_path):
    """Every command as loud as it gets, with right keys and with wrong ones."""
    right = {"id": s3_server.access_key, "secret": s3_server.secret_key}
    wrong = {
        "wrong id": f"AKIA{secrets.token_hex(8).upper()}",
        "wrong secret": secrets.token_hex(20),
        "session token": secrets.token_hex(40),
    }
    with mortals(show, cwd=tmp_path) as ngopi, OnS3.of(s3_server, s3_bucket) as stores:
        place, _ = stores.place("show")
        others = {
            "AWS_ACCESS_KEY_ID": wrong["wrong id"],
            "AWS_SECRET_ACCESS_KEY": wrong["wrong secret"],
            "AWS_SESSION_TOKEN": wrong["session token"],
        }
        printed, done = b"", []
        for command in COMMANDS:
            # One store holds one show, and the demo has its own.
            env = stores.place("demo" if command.startswith("demo") else "show")[1]
            for keys in ({}, others):
                ended = ngopi.run("-vv", "--show", show, *command.split(), env=env | keys)
                assert ended.status not in (2, 70), f"{command}: {ended.err}"
                printed += f"{ended.out}{ended.err}".encode()
                done.append((command, keys == others, ended.status))
        preview = served(ngopi, show, stores.place("show")[1])
        printed += f"{preview.out}{preview.err}".encode()
        stored = b"".join(place.read(key) or b"" for key in place.all_keys())
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    with_right_keys = {command for command, is_wrong, status in done if status and not is_wrong}
    assert with_right_keys <= {"rollback 999"}, done  # nothing to hide where nothing was done
    assert 77 in {status for _, is_wrong, status in done if is_wrong}
    assert len(printed) > 1000
    assert leaks(printed, right | wrong) == []
    assert leaks(kept, right | wrong) == []
    assert leaks(stored, right | wrong) == []
