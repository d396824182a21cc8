"""The preview's answers give their files back, whatever becomes of the connection."""

from __future__ import annotations

from werkzeug.test import create_environ
from werkzeug.wrappers import Response

from ngopi import preview


def test_an_answer_that_nobody_reads_to_its_end_closes_its_file():
    """werkzeug's server does not close an answer when the client hangs up at the wrong moment."""
    closed = []
    response = Response(iter([b"satu", b"dua"]))
    response.call_on_close(lambda: closed.append(True))
    body = preview._closing(response(create_environ("/feed.xml"), lambda *_: None), response)

    assert next(body) == b"satu"
    del body

    assert closed
