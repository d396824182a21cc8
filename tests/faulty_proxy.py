"""A small HTTP proxy before an S3 server that spoils one request when told to."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(kw_only=True)
class Faults:
    """What goes wrong, each once: the first request whose "METHOD path" matches the pattern.

    Bodies are what is sent, replies what comes back; a truncated body arrives as if it were all.

    *always_cut* is another matter: while it is set, the line is cut in the middle of every
    request that it matches; *freezes* holds such requests until *thawed* is set, and *delays*
    too, but hangs up at once: its request reaches the server when nobody waits for it any more.
    *held* is set when the first is held. *skip* lets so many matches go by unharmed. *quirks*
    answers a header, whatever it says, with a status and a code, and *refuses* a request that
    matches. *date* stands in every answer for the server's. *passed* has what reached the
    server, with the bytes of its body.
    """

    endpoint: str = ""
    always_cut: str | None = None
    freezes: str | None = None
    delays: str | None = None
    quirks: dict[str, tuple[int, str]] = field(default_factory=dict)
    refuses: dict[str, tuple[int, str]] = field(default_factory=dict)
    held: threading.Event = field(default_factory=threading.Event)
    thawed: threading.Event = field(default_factory=threading.Event)
    cut_body_of: str | None = None
    drop_reply_to: str | None = None
    corrupt_body_of: str | None = None
    truncate_body_of: str | None = None
    corrupt_reply_to: str | None = None
    truncate_reply_to: str | None = None
    answer_503_to: str | None = None
    date: str | None = None
    skip: int = 0
    happened: list[str] = field(default_factory=list)
    passed: list[tuple[str, int]] = field(default_factory=list)
    arriving: Callable[[str], Any] = str  # told of each request before its body is read
    answering: Callable[[str], Any] = str  # and before the server's answer is passed on
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _holding: int = 0

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
        return self.matches("always_cut", request) or self.strikes("cut_body_of", request)

    def matches(self, fault: str, request: str) -> bool:
        """Tell whether a *fault* that is set stays and is for *request*."""
        pattern = getattr(self, fault)
        return pattern is not None and re.match(pattern, request) is not None

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Wait for the thaw, and then be what `thaw` waits for."""
        with self._changed:
            self._holding += 1
        self.held.set()
        self.thawed.wait()
        try:
            yield
        finally:
            with self._changed:
                self._holding -= 1
                self._changed.notify_all()

    def thaw(self) -> None:
        """Let all that is held go on to the server, and wait until it has met it."""
        self.thawed.set()
        with self._changed:
            self._changed.wait_for(lambda: not self._holding)


class _Handler(BaseHTTPRequestHandler):
    """Forwards to *netloc*, with *faults*."""

    protocol_version = "HTTP/1.1"
    faults: Faults
    netloc: str

    def forward(self) -> None:
        request = f"{self.command} {self.path}"
        self.faults.arriving(request)
        body_bytes = int(self.headers.get("Content-Length", 0))
        if self.faults.cuts(request):
            self.rfile.read(body_bytes // 2)
            self.close_connection = True
            return
        body = self.rfile.read(body_bytes)
        if len(body) < body_bytes:  # the client is gone
            self.close_connection = True
            return
        if self.faults.matches("delays", request):
            self.hang_up()
            with self.faults.holding():
                self.pass_on(request, body)
        elif self.faults.matches("freezes", request):
            with self.faults.holding():
                self.pass_on(request, body)
        else:
            self.pass_on(request, body)

    def pass_on(self, request: str, body: bytes) -> None:
        """Ask the server, with what goes wrong on the way there and back."""
        for status, code in self.refusals(request):
            self.reply(status, [], f"<Error><Code>{code}</Code></Error>".encode())
            return
        if self.faults.strikes("answer_503_to", request):
            self.reply(503, [], b"")
            return
        if self.faults.strikes("corrupt_body_of", request):
            body = _corrupt(body)
        if self.faults.strikes("truncate_body_of", request):
            body = body[: len(body) // 2]
        try:
            status, headers, content = self.asked(body)
        except (OSError, http.client.HTTPException):  # the server is gone
            self.close_connection = True
            return
        self.faults.passed.append((request, len(body)))
        self.faults.answering(request)
        if self.faults.strikes("drop_reply_to", request):
            self.close_connection = True
            return
        if self.faults.strikes("corrupt_reply_to", request):
            content = _corrupt(content)
        lacks_bytes = 0
        if self.faults.strikes("truncate_reply_to", request):
            self.close_connection = True
            whole, content = content, content[: len(content) // 2]
            lacks_bytes = max(1, len(whole) - len(content))
        with contextlib.suppress(ConnectionError):
            self.reply(status, headers, content, lacks_bytes=lacks_bytes)

    def refusals(self, request: str) -> Iterator[tuple[int, str]]:
        """Yield the answers that this request gets instead of the server's."""
        yield from (self.faults.quirks[n] for n in self.headers if n in self.faults.quirks)
        yield from (no for path, no in self.faults.refuses.items() if re.match(path, request))

    def hang_up(self) -> None:
        """End the connection now, and not when this request is done with."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def asked(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return what the server answers."""
        upstream = http.client.HTTPConnection(self.netloc, timeout=30)
        with contextlib.closing(upstream):
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() == "content-length":
                    upstream.putheader(name, str(len(body)))
                elif name.lower() not in ("expect", "connection"):
                    upstream.putheader(name, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    def reply(
        self,
        status: int,
        headers: list[tuple[str, str]],
        content: bytes,
        *,
        lacks_bytes: int = 0,
    ) -> None:
        """Pass an answer on, whose body *lacks_bytes* of what its head says."""
        length = str(len(content) + lacks_bytes)
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = value
            elif name.lower() == "date" and self.faults.date is not None:
                self.send_header(name, self.faults.date)
            elif name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward  # noqa: N815 - http.server's names

    def log_message(self, *args: object) -> None:
        """Stay silent."""


def _corrupt(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


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
