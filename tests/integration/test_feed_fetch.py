"""Feeds are fetched from a real server on this machine, or read from real files."""

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ngopi.errors import (
    FeedAddressError,
    FeedFileError,
    FeedTooBigError,
    FeedUnreachableError,
    NoSuchFeedError,
)
from ngopi.feed.fetch import load_feed

FEED = b"<rss/>" * 50_000


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        match self.path:
            case "/feed.xml":
                self._answer(200, {"Content-Length": str(len(FEED))}, FEED)
            case "/endless.xml":
                self._answer(200, {}, FEED * 10)
            case "/cut.xml":
                self._answer(200, {"Content-Length": str(len(FEED) + 1)}, FEED)
            case "/moved.xml":
                self._answer(301, {"Location": "/feed.xml"}, b"")
            case "/loop.xml":
                self._answer(302, {"Location": "/loop.xml"}, b"")
            case "/outside.xml":
                self._answer(302, {"Location": "http://kopi.example/feed.xml"}, b"")
            case "/file.xml":
                self._answer(302, {"Location": "file:///etc/hostname"}, b"")
            case _:
                self._answer(404, {}, b"no such page")

    def _answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep the test's output quiet."""

    def handle(self):
        with contextlib.suppress(ConnectionError):  # the client has seen enough
            super().handle()


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def test_a_feed_comes_from_a_file(tmp_path):
    path = tmp_path / "umpan kopi.xml"
    path.write_bytes(FEED)

    assert load_feed(str(path)) == FEED


@pytest.mark.parametrize("page", ["feed.xml", "moved.xml"])
def test_a_feed_comes_from_this_machine_over_http(server, page):
    assert load_feed(f"{server}/{page}") == FEED


@pytest.mark.parametrize("name", ["none.xml", ".", "a\0b"])
def test_a_path_that_leads_nowhere_is_said(tmp_path, name):
    with pytest.raises(NoSuchFeedError):
        load_feed(str(tmp_path / name))


@pytest.mark.parametrize(
    "url",
    [
        "http://kopi.example/feed.xml",
        "http://127.0.0.1.kopi.example/feed.xml",
        "http://localhost@kopi.example/feed.xml",
        "ftp://kopi.example/feed.xml",
        "file:///etc/hostname",
        "data://text/plain,x",
        "https:///feed.xml",
        "https://[kopi/",
        "https://kopi.example:x/",
        "https://kopi.example/a b",
    ],
)
def test_other_addresses_than_https_are_refused_without_asking(url):
    with pytest.raises(FeedAddressError):
        load_feed(url)


@pytest.mark.parametrize("page", ["outside.xml", "file.xml"])
def test_a_redirect_never_leaves_https(server, page):
    with pytest.raises(FeedAddressError):
        load_feed(f"{server}/{page}")


@pytest.mark.parametrize("page", ["missing.xml", "cut.xml", "loop.xml"])
def test_a_failed_download_is_said(server, page):
    with pytest.raises(FeedUnreachableError) as caught:
        load_feed(f"{server}/{page}")

    assert page in caught.value.message


def test_a_server_that_is_not_there_is_said():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/feed.xml"

        with pytest.raises(FeedUnreachableError):
            load_feed(url)


def test_a_host_name_that_cannot_exist_is_said():
    with pytest.raises(FeedUnreachableError):
        load_feed(f"https://{'a' * 64}.example/feed.xml")


@pytest.mark.parametrize("page", ["feed.xml", "endless.xml"])
def test_reading_stops_at_the_limit(server, page):
    with pytest.raises(FeedTooBigError):
        load_feed(f"{server}/{page}", limit_bytes=len(FEED) - 1)


def test_a_file_beyond_the_limit_is_refused(tmp_path):
    path = tmp_path / "feed.xml"
    path.write_bytes(FEED)

    assert load_feed(str(path), limit_bytes=len(FEED)) == FEED
    with pytest.raises(FeedTooBigError):
        load_feed(str(path), limit_bytes=len(FEED) - 1)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file that fails on reading")
def test_a_file_that_cannot_be_read_is_said():
    with pytest.raises(FeedFileError):
        load_feed("/proc/self/mem")
