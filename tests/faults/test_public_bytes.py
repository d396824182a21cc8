"""What listeners get is what was stored: asked as they ask, before a feed names it, and by doctor.

The bucket is right; the address where the public reads it (a cache, another bucket) is not.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from prepared import make_show
from standing import OnS3


class Front(BaseHTTPRequestHandler):
    """Passes on what the bucket answers, with what *alter* makes of status and headers."""

    behind: str
    alter = staticmethod(lambda _method, status, headers: (status, headers))

    def do_GET(self):
        wanted = {k: v for k, v in self.headers.items() if k in ("Range", "Origin")}
        request = urllib.request.Request(
            f"{self.behind}{self.path}", method=self.command, headers=wanted
        )
        try:
            answer = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            body = answer.read()
            status, headers = self.alter(self.command, answer.status, dict(answer.headers))
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("connection", "date", "server", "transfer-encoding"):
                self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # who asked for the headers only has hung up
            self.wfile.write(body)

    def do_HEAD(self):
        self.do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture
def front(s3_server):
    class Here(Front):
        behind = s3_server.endpoint

    with ThreadingHTTPServer(("127.0.0.1", 0), Here) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        Here.endpoint = f"http://127.0.0.1:{server.server_port}"
        yield Here
        server.shutdown()


@pytest.fixture
def show(prepared, front, s3_server, s3_bucket, tmp_path, monkeypatch):
    folder = shutil.copytree(prepared, tmp_path / "show")
    with OnS3.of(s3_server, s3_bucket, public=front.endpoint) as stores:
        place, env = stores.place("podcast")
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(folder)
        Front.place = place
        yield folder


def whole(_method, status, headers):
    """Answer a wish for a part with all of it."""
    return (200 if status == 206 else status), without(headers, "Content-Range")


def without(headers, name):
    return {known: value for known, value in headers.items() if known != name}


def extent(change):
    def alter(_method, status, headers):
        size = headers.get("Content-Range", "").rpartition("/")[2]
        if status == 206:
            headers |= {"Content-Range": f"bytes 0-0/{change(size)}"}
        return status, headers

    return alter


FAULTS = {
    "shorter": extent(lambda size: int(size) - 1),
    "longer, and its number ends alike": extent(lambda size: f"1{size}"),
    "of a length that is not said": extent(lambda _size: "*"),
    "without a word of its length": lambda _method, status, headers: (
        status, without(headers, "Content-Range")
    ),
    "in one piece only": whole,
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_another_file_than_was_stored_is_not_named(ngopi, show, front, fault):
    front.alter = staticmethod(FAULTS[fault])

    run = ngopi("publish", "--json")

    assert (run.status, run.error["code"]) == (69, "not-public"), run
    assert front.place.read("ledger.json") is None
    del front.alter
    assert ngopi("publish").status == 0


HEADS = {
    "length": ({"Content-Length": "17"}, "its length is 17 instead of"),
    "type": ({"Content-Type": "text/html"}, "its type is text/html instead of"),
}


@pytest.mark.parametrize("what", HEADS)
def test_doctor_tells_an_answer_to_head_that_is_another_files(ngopi, show, front, what):
    assert ngopi("publish").status == 0
    wrong, said = HEADS[what]

    def alter(method, status, headers):
        return status, headers | (wrong if method == "HEAD" else {})

    front.alter = staticmethod(alter)

    examined = ngopi("doctor", "--json")

    messages = [f["message"] for f in examined.json["findings"] if f["subject"] == "public"]
    assert examined.status == 1
    assert any(said in message and ".mp3" in message for message in messages), messages


def test_doctor_tells_another_length_than_was_stored(ngopi, show, front):
    assert ngopi("publish").status == 0
    front.alter = staticmethod(FAULTS["shorter"])

    examined = ngopi("doctor", "--json")

    assert examined.status == 1
    assert "it is not the file that was stored" in str(examined.json["findings"])
