"""A recording that names other files, or addresses: none of them is looked at."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys

import pytest

import seldom

OPEN_ALL = """
import sys
from pathlib import Path
from ngopi.audio.recording import decode, probe
from ngopi.errors import NgopiError

for path in map(Path, sys.argv[1:]):
    try:
        with decode(probe(path), channels=None, advance=lambda seconds: None):
            pass
    except NgopiError:
        pass
print("all read or refused")
"""
SCRIPTS = {
    "ffconcat": "ffconcat version 1.0\nfile secret.wav\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n",
    "asx": '<asx version="3.0"><entry><ref href="http://127.0.0.1:9/secret.wma"/></entry></asx>\n',
    "reference": "[Reference]\nRef1=http://127.0.0.1:9/secret.wma\n",
    "dash": (
        '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
        ' mediaPresentationDuration="PT6S"><Period><AdaptationSet mimeType="audio/mp4">'
        '<Representation id="1" bandwidth="64000"><BaseURL>secret.m4a</BaseURL>'
        "</Representation></AdaptationSet></Period></MPD>\n"
    ),
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
}


def box(name, content):
    return struct.pack(">I", 8 + len(content)) + name + content


def alias(name):
    """Return a QuickTime alias record of a file beside the film."""
    record = bytes(10) + b"\1d".ljust(28, b"\0") + bytes(12)
    record += bytes([len(name)]) + name.ljust(63, b"\0") + bytes(16) + struct.pack(">HH", 1, 1)
    record += bytes(16) + struct.pack(">hH", 2, len(name)) + name + struct.pack(">hH", -1, 0)
    return box(b"alis", bytes(4) + record)


def film_whose_sound_lies_elsewhere(folder):
    """Return an M4A whose only track says that its sound is in secret.wav."""
    path = seldom.write(folder, "m4a")
    content = path.read_bytes()
    at = content.index(b"dref") - 4
    before = int.from_bytes(content[at : at + 4], "big")
    entry = box(b"dref", struct.pack(">II", 0, 1) + alias(b"secret.wav"))
    for name in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
        begin = content.index(name) - 4
        length = int.from_bytes(content[begin : begin + 4], "big") + len(entry) - before
        content = content[:begin] + struct.pack(">I", length) + content[begin + 4 :]
    path.write_bytes(content[:at] + entry + content[at + before :])
    return path


def hostile_files(folder):
    yield film_whose_sound_lies_elsewhere(folder)
    kinds = ("amr", "wma", "avi", "flv", "ts", "gsm")
    for kind, (name, script) in zip(kinds, SCRIPTS.items(), strict=True):
        path = seldom.write(folder, kind)
        content = path.read_bytes()
        behind = folder / f"behind-{name}{path.suffix}"
        behind.write_bytes(content[:64] + script.encode() + content[64:])
        bare = path.with_name(f"{name}{path.suffix}")
        bare.write_text(script, encoding="utf-8")
        yield from (behind, bare)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_other_file_and_no_address_is_asked_for(tmp_path):
    """Seen from the system's side, the trial's own process included."""
    seldom.write(tmp_path, "a-law").rename(tmp_path / "secret.wav")
    seldom.write(tmp_path, "ts").rename(tmp_path / "secret.ts")
    files = tuple(hostile_files(tmp_path))
    log = tmp_path / "calls.log"

    calls = "trace=open,openat,stat,newfstatat,connect,sendto"
    strace = ("strace", "-f", "-qq", "-e", calls, "-o", log)
    run = subprocess.run(
        (*strace, sys.executable, "-c", OPEN_ALL, *files),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    calls = log.read_text(encoding="utf-8", errors="replace")
    assert run.stdout == "all read or refused\n", run.stderr[-2000:]
    assert all(f'{path}"' in calls for path in files)  # the log does see what is opened
    assert "secret." not in calls
    assert "sa_family=AF_INET" not in calls
