"""Refuses requests of pages of other origins, over HTTP and sockets, unless they are allowed.

A browser keeps a page from reading answers of another origin, but not from sending requests. A
form, a `fetch` in the mode `no-cors` or a beacon arrives and costs as much as any request. So
requests of foreign pages are refused before any work is done or counted for them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from chat.concurrency import repay
from chat.errors import ForeignPage
from chat.origins import Origin, is_accepted, parse_origin
from chat.refusals import refuse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATHS = ("/api", "/socket.io")
# `same-site` too: a browser sends it for another port of the same host.
FOREIGN_SITES = ("cross-site", "same-site")
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
MAX_AGE_SECONDS = 600  # a browser may cache the answer to a preflight so long
HEADER_NAMES = re.compile(r"[A-Za-z0-9_-]+(?:[ \t]*,[ \t]*[A-Za-z0-9_-]+)*")
SHOWN = 100  # characters of a refused origin in the log

log = logging.getLogger(__name__)


class CrossOrigin:
    """WSGI middleware: lets pages of the allowed origins read answers, and refuses all others.

    Clients other than browsers send neither `Origin` nor `Sec-Fetch-Site`, and pass.
    """

    def __init__(self, application: WSGIApplication, allowed: frozenset[Origin]) -> None:
        self._application = application
        self._allowed = allowed

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path, header = environ["PATH_INFO"], environ.get("HTTP_ORIGIN")
        if not path.startswith(PATHS):
            return self._application(environ, start_response)
        if self._is_foreign(environ):
            log.info("refused a request of a page of %s", (header or "another site")[:SHOWN])
            repay()  # a refused request takes no turn, so the caller repays here
            return refuse(ForeignPage(), environ, start_response)
        added = [("Vary", "Origin")] if self._allowed else []
        if header is not None and parse_origin(header) in self._allowed:
            added += [
                ("Access-Control-Allow-Origin", header),
                ("Access-Control-Allow-Credentials", "true"),
            ]
            if _is_preflight(environ):
                repay()
                start_response("204 No Content", [*added, *_preflight_headers(environ)])
                return []
            added += [("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")]

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[..., Any]:
            return start_response(status, [*headers, *added], exc_info)

        return self._application(environ, start)

    def _is_foreign(self, environ: WSGIEnvironment) -> bool:
        """Return whether a page of an origin that is not allowed sends the request.

        For links, pictures and scripts, browsers send no `Origin` but `Sec-Fetch-Site`. These are
        foreign from any other site, because a page of an allowed origin sends requests with
        `Origin`.
        """
        header = environ.get("HTTP_ORIGIN")
        if header is not None:
            return not is_accepted(parse_origin(header), environ, self._allowed)
        return environ.get("HTTP_SEC_FETCH_SITE", "").lower() in FOREIGN_SITES


def _is_preflight(environ: WSGIEnvironment) -> bool:
    """Return whether a request is a CORS preflight."""
    asked = "HTTP_ACCESS_CONTROL_REQUEST_METHOD"
    return environ["REQUEST_METHOD"] == "OPTIONS" and asked in environ


def _preflight_headers(environ: WSGIEnvironment) -> list[tuple[str, str]]:
    """Return the headers that answer a CORS preflight."""
    headers = [
        ("Access-Control-Allow-Methods", METHODS),
        ("Access-Control-Max-Age", str(MAX_AGE_SECONDS)),
    ]
    # An allowed page may send any header, such as those of Socket.IO's `extraHeaders`.
    names = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "")
    if HEADER_NAMES.fullmatch(names):
        headers.append(("Access-Control-Allow-Headers", names))
    return headers
