"""The preview answers to this machine's own pages, and to no other site in its browser."""

from __future__ import annotations

import http.client
import os
import socket
import threading

import pytest

from ngopi.preview import open_preview

AUDIO = "/audio/rapat-0123456789ab.mp3"
RELEASE = "/releases/" + "a" * 64 + ".json"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    public = tmp_path_factory.mktemp("show") / "public"
    for key in (AUDIO, RELEASE, "/feed.xml", "/ledger.json"):
        path = public / key[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"isi" * 1000)
    (public / ".rahasia").mkdir()
    (public / ".rahasia" / "x.json").write_bytes(b"{}")
    (public.parent / "rahasia.mp3").write_bytes(b"rahasia")
    return public


@pytest.fixture(scope="module")
def server(folder):
    with open_preview(folder, port=0) as http_server:
        thread = threading.Thread(target=http_server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield http_server
        http_server.shutdown()
        thread.join()


@pytest.fixture
def ask(server):
    def ask(path="/feed.xml", method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers.setdefault("Host", f"127.0.0.1:{server.port}")
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        answer.text = answer.read()
        connection.close()
        return answer

    return ask


def test_it_answers_to_its_own_names(ask, server):
    for name in ("127.0.0.1", "localhost", "LOCALHOST"):
        assert ask(Host=f"{name}:{server.port}").status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "localhost:1", "", "127.0.0.1:x",
             "127.0.0.1.evil.example:{port}", "127.0.0.1:{port}@evil.example", "[::1]:{port}"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/feed.xml", "/", AUDIO, "/tidak-ada"])
def test_it_answers_to_no_other_name(ask, server, host, path):
    """Else a page whose name leads to 127.0.0.1 reads it as its own."""
    answer = ask(path, Host=host.format(port=server.port))

    assert answer.status == 403
    assert b"isi" not in answer.text
    assert answer.getheader("Access-Control-Allow-Origin") is None


def test_a_whole_address_in_the_question_counts_as_its_host(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(
            b"GET http://evil.example/feed.xml HTTP/1.1\r\n"
            b"Host: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % server.port
        )
        assert b" 403 " in line.recv(1000)


def test_what_another_site_asks_for_is_refused(ask):
    origin = {"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"}

    for path in ("/feed.xml", AUDIO, "/ledger.json"):
        assert ask(path, Sec_Fetch_Mode="cors", Sec_Fetch_Dest="empty", **origin).status == 403
        assert ask(path, Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="audio", **origin).status == 403
        assert ask(path, Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="iframe", **origin).status == 403
        assert ask(path, **origin).status == 403


@pytest.mark.parametrize("site", ["none", "same-origin", "same-site"])
def test_pages_of_this_machine_may_ask(ask, site):
    assert ask(Sec_Fetch_Site=site).status == 200


def test_a_link_that_somebody_follows_opens(ask):
    followed = {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}

    assert ask(Sec_Fetch_Site="cross-site", **followed).status == 200


def test_players_may_read_what_listeners_get_and_nothing_else(ask):
    read = {
        path: ask(path).getheader("Access-Control-Allow-Origin")
        for path in ("/feed.xml", AUDIO, "/ledger.json", RELEASE)
    }

    assert read == {"/feed.xml": "*", AUDIO: "*", "/ledger.json": None, RELEASE: None}


@pytest.mark.parametrize(
    "path", ["/../rahasia.mp3", "/audio/../../rahasia.mp3", "/audio/%2e%2e/%2e%2e/rahasia.mp3",
             "//etc/passwd", "/.rahasia/x.json", "/audio/..%5c..%5crahasia.mp3", "/audio/",
             "/C:/Windows/win.ini", "/audio/con.mp3", "/" + "a" * 5000],
)  # fmt: skip
def test_nothing_beside_the_store_is_reached(ask, path):
    assert ask(path).status == 404


@pytest.mark.skipif(os.name == "nt", reason="links need a permission there")
def test_a_link_out_of_the_folder_is_not_followed(ask, folder):
    (folder / "audio" / "tautan-0123456789ab.mp3").symlink_to(folder.parent / "rahasia.mp3")

    assert ask("/audio/tautan-0123456789ab.mp3").status == 404


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names there")
def test_a_pipe_holds_nobody_up(ask, folder):
    os.mkfifo(folder / "audio" / "pipa-0123456789ab.mp3")

    assert ask("/audio/pipa-0123456789ab.mp3").status == 404


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "OPTIONS", "PATCH", "LAIN"])
def test_nobody_writes(ask, method):
    assert ask(method=method).status in (405, 501)


@pytest.mark.parametrize(
    ("asked", "status"),
    [("bytes=0-9", 206), ("bytes=-5", 206), ("bytes=2999-", 206), ("bytes=3000-", 416),
     ("bytes=9-0", 416), ("bytes=" + ",".join("0-" for _ in range(1000)), 416), ("kopi=0-1", 416),
     ("bytes=0-" + "9" * 5000, 416), ("bytes=" + "9" * 5000 + "-", 416)],
)  # fmt: skip
def test_ranges_are_one_or_none(ask, asked, status):
    answer = ask(AUDIO, Range=asked)

    assert answer.status == status
    assert len(answer.text) <= 3000


def test_endless_headers_are_refused(ask):
    assert ask(Cookie="x" * 100_000).status in (400, 431)
    assert ask(**{f"X-{number}": "x" for number in range(200)}).status in (400, 431)


def test_it_listens_on_this_machine_only(server):
    assert server.socket.getsockname()[0] == "127.0.0.1"
