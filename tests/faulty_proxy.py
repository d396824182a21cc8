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
    """What goes wrong, each once: the first request whose "METHOD path" matches the pattern."""

    endpoint: str = ""
    drop_reply_to: str | None = None
    corrupt_body_of: str | None = None
    answer_503_to: str | None = None
    happened: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def strikes(self, fault: str, request: str) -> bool:
        """Tell whether *fault* hits *request*, and remember that it did."""
        with self._lock:
            pattern = getattr(self, fault)
            if pattern is None or not re.match(pattern, request):
                return False
            setattr(self, fault, None)
            self.happened.append(f"{fault} {request}")
            return True


@contextlib.contextmanager
def faulty_proxy(endpoint: str) -> Iterator[Faults]:
    """Run a proxy before *endpoint*; the faults can be set while it runs."""
    faults = Faults()
    netloc = urlsplit(endpoint).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = f"{self.command} {self.path}"
            if faults.strikes("answer_503_to", request):
                self.send_response_only(503)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if faults.strikes("corrupt_body_of", request):
                body = bytes([body[0] ^ 1]) + body[1:]
            upstream = http.client.HTTPConnection(netloc, timeout=30)
            with contextlib.closing(upstream):
                upstream.putrequest(
                    self.command, self.path, skip_host=True, skip_accept_encoding=True
                )
                for name, value in self.headers.items():
                    if name.lower() not in ("expect", "connection"):
                        upstream.putheader(name, value)
                upstream.endheaders(body)
                answer = upstream.getresponse()
                content = answer.read()
            if faults.strikes("drop_reply_to", request):
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward  # noqa: N815 - http.server's names

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        faults.endpoint = f"http://127.0.0.1:{server.server_port}"
        try:
            yield faults
        finally:
            server.shutdown()
            thread.join()
