"""A small HTTP proxy before an S3 server that spoils one request when told to."""

from __future__ import annotations

import contextlib
import http.client
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(kw_only=True)
class Faults:
    """What goes wrong, each once: the first request whose "METHOD path" matches the pattern.

    *always_cut* is another matter: while it is set, the line is cut in the middle of every
    request that it matches; *freezes* holds such requests until *thawed* is set. *skip* lets so
    many matches go by unharmed. *quirks* answers a header, whatever it says, with a status and a
    code. *passed* has what reached the server, with the bytes of its body.
    """

    endpoint: str = ""
    always_cut: str | None = None
    freezes: str | None = None
    quirks: dict[str, tuple[int, str]] = field(default_factory=dict)
    thawed: threading.Event = field(default_factory=threading.Event)
    cut_body_of: str | None = None
    drop_reply_to: str | None = None
    corrupt_body_of: str | None = None
    answer_503_to: str | None = None
    skip: int = 0
    happened: list[str] = field(default_factory=list)
    passed: list[tuple[str, int]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def strikes(self, fault: str, request: str) -> bool:
        """Tell whether *fault* hits *request*, and remember that it did."""
        with self._lock:
            pattern = getattr(self, fault)
            if pattern is None or not re.match(pattern, request):
                return False
            if self.skip:
                self.skip -= 1
                return False
            setattr(self, fault, None)
            self.happened.append(f"{fault} {request}")
            return True

    def cuts(self, request: str) -> bool:
        """Tell whether the line is cut in the middle of *request*."""
        always = self.always_cut is not None and re.match(self.always_cut, request) is not None
        return always or self.strikes("cut_body_of", request)


class _Handler(BaseHTTPRequestHandler):
    """Forwards to *netloc*, with *faults*."""

    protocol_version = "HTTP/1.1"
    faults: Faults
    netloc: str

    def forward(self) -> None:
        request = f"{self.command} {self.path}"
        body_bytes = int(self.headers.get("Content-Length", 0))
        if self.faults.cuts(request):
            self.rfile.read(body_bytes // 2)
            self.close_connection = True
            return
        body = self.rfile.read(body_bytes)
        if len(body) < body_bytes:  # the client is gone
            self.close_connection = True
            return
        if self.faults.freezes is not None and re.match(self.faults.freezes, request):
            self.faults.thawed.wait()
        for status, code in (
            self.faults.quirks[n] for n in self.headers if n in self.faults.quirks
        ):
            self.reply(status, [], f"<Error><Code>{code}</Code></Error>".encode())
            return
        if self.faults.strikes("answer_503_to", request):
            self.reply(503, [], b"")
            return
        if self.faults.strikes("corrupt_body_of", request):
            body = bytes([body[0] ^ 1]) + body[1:]
        try:
            status, headers, content = self.asked(body)
        except (OSError, http.client.HTTPException):  # the server is gone
            self.close_connection = True
            return
        self.faults.passed.append((request, body_bytes))
        if self.faults.strikes("drop_reply_to", request):
            self.close_connection = True
            return
        with contextlib.suppress(ConnectionError):
            self.reply(status, headers, content)

    def asked(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return what the server answers."""
        upstream = http.client.HTTPConnection(self.netloc, timeout=30)
        with contextlib.closing(upstream):
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("expect", "connection"):
                    upstream.putheader(name, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    def reply(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        """Pass an answer on."""
        length = str(len(content))
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = value
            elif name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward  # noqa: N815 - http.server's names

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@contextlib.contextmanager
def faulty_proxy(endpoint: str) -> Iterator[Faults]:
    """Run a proxy before *endpoint*; the faults can be set while it runs."""
    faults = Faults()
    handler = type("Handler", (_Handler,), {"faults": faults, "netloc": urlsplit(endpoint).netloc})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        faults.endpoint = f"http://127.0.0.1:{server.server_port}"
        try:
            yield faults
        finally:
            faults.thawed.set()
            server.shutdown()
            thread.join()
