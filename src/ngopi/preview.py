"""The folder store on loopback, as the public would see it: types, byte ranges, CORS.

A browser on this machine reaches it for every page that is open in it. So it answers to its own
names only (else a page could rename itself to 127.0.0.1) and to no request that another site
started; scripts of other pages read what podcast apps get, and neither ledger nor releases.
"""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

from werkzeug.exceptions import Forbidden, HTTPException, MethodNotAllowed, NotFound
from werkzeug.security import safe_join
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler, make_server
from werkzeug.utils import redirect, send_file
from werkzeug.wrappers import Request

from ngopi.errors import NgopiError, PortTakenError
from ngopi.reading import leads_out_below
from ngopi.store.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from werkzeug.serving import BaseWSGIServer
    from werkzeug.wrappers import Response

HOST = "127.0.0.1"
_NAMES = (HOST, "localhost")
_HTTP_PORT = 80
_FOR_PLAYERS = ("feed.xml", "audio/", "covers/")
_LAST_PORT = 65535
_LOG = logging.getLogger(__name__)


class _QuietHandler(WSGIRequestHandler):
    timeout = 10  # a player that pauses in mid-download may hold its thread no longer

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's own signature
        _LOG.log(logging.INFO if type == "info" else logging.WARNING, message, *args)


def open_preview(folder: Path, *, port: int) -> BaseWSGIServer:
    """Return a server of *folder* that listens already; ``serve_forever()`` runs it.

    Port 0 takes a free one.

    Raises:
        PortTakenError: something else listens there.
    """
    try:
        # Tried first because werkzeug leaves the program when a port is taken.
        with socket.create_server((HOST, port)):
            pass
    except (OSError, OverflowError) as error:
        other = port + 1 if 0 < port < _LAST_PORT else 8000
        raise PortTakenError(port=port, reason=error, other=other) from error
    server = make_server(HOST, port, _app(folder), threaded=True, request_handler=_QuietHandler)
    assert isinstance(server, ThreadedWSGIServer)
    server.daemon_threads = False  # closing waits for the answers that are under way
    return server


def _app(folder: Path) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = _answer(folder, request)
        except HTTPException as error:
            response = error.get_response(environ)
        return _closing(response(environ, start_response), response)

    return app


def _closing(body: Iterable[bytes], response: Response) -> Iterator[bytes]:
    """Yield *body* and close its file, whatever becomes of the connection.

    An answer to HEAD has no body whose end would do so, and werkzeug's own server forgets to
    where a client hangs up early.
    """
    try:
        yield from body
    finally:
        response.close()


def _answer(folder: Path, request: Request) -> Response:
    _require_own_page(request)
    if request.method not in {"GET", "HEAD"}:
        raise MethodNotAllowed(["GET", "HEAD"])
    key = request.path.lstrip("/")
    if not key:
        return redirect("/feed.xml")
    try:
        kind = kind_of(key)
    except NgopiError as error:
        raise NotFound from error
    path = safe_join(str(folder), key)
    if path is None or any(part.startswith(".") for part in key.split("/")):
        raise NotFound
    try:
        _require_own_file(folder, key)
        response = send_file(path, request.environ, mimetype=kind.media_type, conditional=True)
    except OSError as error:
        raise NotFound from error
    response.headers["X-Content-Type-Options"] = "nosniff"
    if key.startswith(_FOR_PLAYERS):
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _require_own_page(request: Request) -> None:
    """Refuse what another site asked for, under our name or under one that it made up."""
    port = int(request.environ["SERVER_PORT"])  # ours: no header says it
    hosts = {f"{name}:{port}" for name in _NAMES}
    if port == _HTTP_PORT:
        hosts.update(_NAMES)
    if request.headers.get("Host", "").lower() not in hosts:
        raise Forbidden
    headers = request.headers
    opened = (headers.get("Sec-Fetch-Mode"), headers.get("Sec-Fetch-Dest"))
    # A link that somebody follows shows the page to him, not to the site.
    if headers.get("Sec-Fetch-Site") == "cross-site" and opened != ("navigate", "document"):
        raise Forbidden


def _require_own_file(folder: Path, key: str) -> None:
    """Refuse a pipe, a device, and a link that leads out of the folder."""
    if not folder.joinpath(key).is_file() or leads_out_below(folder, key):
        raise NotFound
