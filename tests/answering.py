"""Servers on loopback that answer whatever a test says, byte by byte."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from pathlib import Path

FEED = (Path(__file__).parent / "feeds_bad" / "good.xml").read_bytes()


def answer(*headers: str, body: bytes = FEED, status: str = "200 OK") -> bytes:
    lines = (f"HTTP/1.1 {status}", *headers, "", "")
    return "\r\n".join(lines).encode("latin-1") + body


def chunked(body: bytes) -> bytes:
    half = len(body) // 2
    chunks = (body[:half], body[half:], b"")
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)


@contextlib.contextmanager
def serving(speak):
    """Yield the address of a server that reads a question and lets *speak* write the answer."""
    ended = threading.Event()

    def serve(listener):
        while not ended.is_set():
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=talk, args=(connection,)))
                threads[-1].start()

    def talk(connection):
        with connection, contextlib.suppress(OSError, ssl.SSLError):
            connection.settimeout(10)
            asked = connection.recv(65536)
            speak(connection, asked, ended)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        threads = [threading.Thread(target=serve, args=(listener,))]
        threads[0].start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ended.set()
            for thread in threads:
                thread.join()


def saying(data):
    """Yield the address of a server that says *data*, or what *data* makes of a question."""
    return serving(
        lambda connection, asked, _ended: connection.sendall(
            data(asked) if callable(data) else data
        )
    )


def for_ever(head: bytes, again: bytes):
    def speak(connection, _asked, ended):
        connection.sendall(head)
        while not ended.is_set():
            connection.sendall(again)

    return serving(speak)


def dripping(head: bytes, drop: bytes):
    def speak(connection, _asked, ended):
        connection.sendall(head)
        while not ended.wait(0.02):
            connection.sendall(drop)

    return serving(speak)
