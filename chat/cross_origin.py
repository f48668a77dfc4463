"""What pages of other origins may do with this server, over HTTP and sockets alike."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from chat.origins import Origin, is_accepted, parse_origin

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SOCKETS = "/socket.io"
PATHS = ("/api", SOCKETS)
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
MAX_AGE_SECONDS = 600  # for which a browser need not ask again
HEADER_NAMES = re.compile(r"[A-Za-z0-9_-]+(?:[ \t]*,[ \t]*[A-Za-z0-9_-]+)*")
SHOWN = 100  # characters of a refused origin in the log

log = logging.getLogger(__name__)


class CrossOrigin:
    """WSGI middleware: let pages of the allowed origins read answers, and no others connect.

    A browser keeps pages of other origins from reading answers by itself, but lets them open
    sockets: those are refused here. Requests without an Origin are of no page and pass.
    """

    def __init__(self, application: WSGIApplication, allowed: frozenset[Origin]) -> None:
        self._application = application
        self._allowed = allowed

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path, header = environ["PATH_INFO"], environ.get("HTTP_ORIGIN")
        if not path.startswith(PATHS):
            return self._application(environ, start_response)
        added = [("Vary", "Origin")] if self._allowed else []
        if header is not None:
            origin = parse_origin(header)
            if path.startswith(SOCKETS) and not is_accepted(origin, environ, self._allowed):
                return _refuse(header, start_response)
            if origin in self._allowed:
                added += [
                    ("Access-Control-Allow-Origin", header),
                    ("Access-Control-Allow-Credentials", "true"),
                ]
                if _asks_first(environ):
                    start_response("204 No Content", [*added, *_permission(environ)])
                    return []
                added += [("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")]

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[..., Any]:
            return start_response(status, [*headers, *added], exc_info)

        return self._application(environ, start)


def _refuse(origin: str, start_response: StartResponse) -> Iterable[bytes]:
    log.info("refused a socket to a page of %s", origin[:SHOWN])
    start_response("400 Bad Request", [("Content-Type", "application/json")])
    return [b'"Not an accepted origin."']


def _asks_first(environ: WSGIEnvironment) -> bool:
    """Tell whether a browser asks before it sends what a form could not send."""
    asked = "HTTP_ACCESS_CONTROL_REQUEST_METHOD"
    return environ["REQUEST_METHOD"] == "OPTIONS" and asked in environ


def _permission(environ: WSGIEnvironment) -> list[tuple[str, str]]:
    """Return the answer to a browser that asks first."""
    headers = [
        ("Access-Control-Allow-Methods", METHODS),
        ("Access-Control-Max-Age", str(MAX_AGE_SECONDS)),
    ]
    # An allowed page is trusted with the API: it may name any header, as with Socket.IO's
    # `extraHeaders`.
    names = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "")
    if HEADER_NAMES.fullmatch(names):
        headers.append(("Access-Control-Allow-Headers", names))
    return headers
