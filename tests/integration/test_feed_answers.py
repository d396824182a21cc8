"""Servers that answer oddly, for ever or not at all: each a feed or a sentence, and in time."""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import subprocess
import threading
import tracemalloc
import zlib
from pathlib import Path

import pytest

from answering import answer, chunked, dripping, for_ever, saying, serving
from ngopi.errors import FeedAddressError, FeedTooBigError, FeedUnreachableError
from ngopi.feed.fetch import load_feed

FEED = (Path(__file__).parents[1] / "feeds_bad" / "good.xml").read_bytes()
RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
RAW_FEED = RAW.compress(FEED) + RAW.flush()


# -- what other readers take ----------------------------------------------------------------

LENGTH = f"Content-Length: {len(FEED)}"
READ = {
    "no length": answer(),
    "twice the same": answer(f"{LENGTH}, {len(FEED)}"),
    "two lines": answer(LENGTH, LENGTH),
    "chunked": answer("Transfer-Encoding: chunked", body=chunked(FEED)),
    "chunked goes before": answer(
        "Transfer-Encoding: chunked", "Content-Length: 3", body=chunked(FEED)
    ),
    "gzip": answer("Content-Encoding: gzip", body=gzip.compress(FEED)),
    "GZip, spelt so": answer("Content-Encoding:  X-GZip ", body=gzip.compress(FEED)),
    "gzip and chunks": answer(
        "Content-Encoding: gzip",
        "Transfer-Encoding: chunked",
        body=chunked(gzip.compress(FEED)),
    ),
    "two members": answer(
        "Content-Encoding: gzip", body=gzip.compress(FEED[:99]) + gzip.compress(FEED[99:])
    ),
    "padded": answer("Content-Encoding: gzip", body=gzip.compress(FEED) + bytes(512)),
    "twice": answer("Content-Encoding: gzip, gzip", body=gzip.compress(gzip.compress(FEED))),
    "zlib": answer("Content-Encoding: deflate", body=zlib.compress(FEED)),
    "raw deflate": answer("Content-Encoding: deflate", body=RAW_FEED),
    "identity": answer("Content-Encoding: identity"),
}


@pytest.mark.parametrize("way", READ)
def test_a_feed_is_read_however_its_server_sends_it(way):
    with saying(READ[way]) as address:
        assert load_feed(f"http://{address}/feed.xml") == FEED


# -- what nobody can take -------------------------------------------------------------------

REFUSED = {
    "many": (answer("Content-Length: many"), '"many"'),
    "negative": (answer("Content-Length: -1"), '"-1"'),
    "contradiction": (answer("Content-Length: 3", LENGTH), "length"),
    "another contradiction": (answer("Content-Length: 3, 4"), '"3, 4"'),
    "arabic digits": (answer("Content-Length: \xb2"), "length"),
    "too large": (answer(f"Content-Length: {len(FEED) + 1}"), "broke off"),
    "no chunk": (answer("Transfer-Encoding: chunked"), ""),
    "half a chunk": (answer("Transfer-Encoding: chunked", body=chunked(FEED)[:999]), ""),
    "half of gzip": (answer("Content-Encoding: gzip", body=gzip.compress(FEED)[:-99]), "broke off"),
    "no gzip": (answer("Content-Encoding: gzip"), "damaged"),
    "brotli": (answer("Content-Encoding: br"), "br"),
    "layers": (answer("Content-Encoding: " + "gzip, " * 50), "gzip"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.9\r\n", ""),
    "nothing": (b"", ""),
    "no address": (answer("Location: http://[", status="302 Found"), ""),
    "no Location": (answer(status="302 Found"), "302"),
    "long header": (answer("X: " + "x" * 100_000), ""),
    "many headers": (answer(*["X: x"] * 1000), ""),
    "escapes": (answer(status="500 \x1b[31mred\x9b0m"), "500"),
}


@pytest.mark.parametrize("way", REFUSED)
def test_what_cannot_be_read_is_said(ngopi, way):
    data, says = REFUSED[way]
    with saying(data) as address:
        run = ngopi("check", f"http://{address}/feed.xml")

    assert run.status == 69, run.err
    assert run.out == ""
    assert "Could not fetch the feed" in run.err
    assert says in run.err
    assert "\x1b" not in run.err
    assert "\x9b" not in run.err


@pytest.mark.parametrize("elsewhere", ["file:///etc/hostname", "ftp://127.0.0.1/", "http://[::2]/"])
def test_no_redirect_leads_to_what_is_no_https(elsewhere):
    with (
        saying(answer(f"Location: {elsewhere}", status="302 Found")) as address,
        pytest.raises(FeedAddressError),
    ):
        load_feed(f"http://{address}/feed.xml")


BOMB = zlib.compressobj(wbits=31)
BOMB_BYTES = b"".join(BOMB.compress(bytes(1 << 20)) for _ in range(64)) + BOMB.flush()


@pytest.mark.parametrize(
    "data",
    [
        answer("Content-Encoding: gzip", body=BOMB_BYTES),
        answer("Content-Encoding: gzip, gzip", body=gzip.compress(BOMB_BYTES)),
    ],
)
def test_a_bomb_does_not_unfold(data):
    tracemalloc.start()
    try:
        with saying(data) as address, pytest.raises(FeedTooBigError):
            load_feed(f"http://{address}/feed.xml", limit_bytes=1 << 20)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20  # of 64
    finally:
        tracemalloc.stop()


def test_endless_members_of_nothing_are_damage():
    nothing = gzip.compress(b"") * 2000
    with (
        saying(answer("Content-Encoding: gzip", body=nothing)) as address,
        pytest.raises(FeedUnreachableError),
    ):
        load_feed(f"http://{address}/feed.xml")


def test_an_endless_answer_ends_at_the_limit():
    with for_ever(answer(), FEED) as address, pytest.raises(FeedTooBigError):
        load_feed(f"http://{address}/feed.xml", limit_bytes=1 << 20)


# -- what never ends ------------------------------------------------------------------------

ENDLESS = {
    "body": dripping(answer(), b"x"),
    "chunks": dripping(answer("Transfer-Encoding: chunked", body=b""), b"1\r\nx\r\n"),
    "headers": dripping(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "status": dripping(b"", b"H"),
    "continue": for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body of a redirect": for_ever(
        answer("Location: http://127.0.0.1:9/", status="302 Found"), b"x"
    ),
    "silence": serving(lambda _connection, _asked, ended: ended.wait()),
}


@pytest.mark.parametrize("way", ["body", "chunks", "headers", "status", "continue", "silence"])
def test_an_answer_that_never_ends_is_given_up(way):
    with ENDLESS[way] as address, pytest.raises(FeedUnreachableError) as caught:
        load_feed(f"http://{address}/feed.xml", limit_s=0.3)

    assert "takes too long" in caught.value.message


def test_the_endless_body_of_a_redirect_is_not_read():
    with ENDLESS["body of a redirect"] as address, pytest.raises(FeedUnreachableError) as caught:
        load_feed(f"http://{address}/feed.xml")

    assert "takes too long" not in caught.value.message


def test_an_endless_handshake_is_given_up():
    with dripping(b"", b"\x16\x03\x03\x40\x00") as address, pytest.raises(FeedUnreachableError):
        load_feed(f"https://{address}/feed.xml", limit_s=0.3)


def test_redirects_that_never_end_are_given_up():
    def speak(connection, _asked, _ended):
        names.append(len(names))
        where = f"Location: /{len(names)}.xml"
        connection.sendall(answer(where, "Content-Length: 0", status="302 Found", body=b""))

    names: list[int] = []
    with serving(speak) as address, pytest.raises(FeedUnreachableError):
        load_feed(f"http://{address}/feed.xml")
    assert len(names) < 20


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate that nobody vouches for."""
    folder = tmp_path_factory.mktemp("tls")
    key, made = folder / "key.pem", folder / "certificate.pem"
    try:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-keyout", key, "-out", made, "-days", "1", "-subj", "/CN=127.0.0.1",
             "-addext", "subjectAltName=IP:127.0.0.1"],
            check=True, capture_output=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no openssl makes a certificate here")
    return key, made


def test_a_certificate_that_nobody_vouches_for_is_said(certificate):
    key, made = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)

    def serve():
        with contextlib.suppress(OSError), listener.accept()[0] as connection:
            context.wrap_socket(connection, server_side=True).close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(FeedUnreachableError) as caught:
            load_feed(f"https://127.0.0.1:{listener.getsockname()[1]}/feed.xml")
        thread.join()

    assert "its certificate is not valid" in caught.value.message
    assert "_ssl.c" not in caught.value.message


def test_a_server_without_tls_is_said():
    with saying(answer()) as address, pytest.raises(FeedUnreachableError) as caught:
        load_feed(f"https://{address}/feed.xml")

    assert "no secure connection" in caught.value.message
    assert "_ssl.c" not in caught.value.message
