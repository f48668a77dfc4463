"""Writes one log line for each HTTP request."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from chat.logs import bind_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Frequent requests, logged at DEBUG only.
QUIET = ("/socket.io", "/static/", "/health", "/ready")
# The rest of such a path is a secret: it lets its holder join a group, or download a file.
SECRET_PATH = re.compile(
    "(/api/+(?:invitations/|files/+[^/]+/+download/)).*", re.IGNORECASE | re.DOTALL
)

log = logging.getLogger(__name__)


class AccessLog:
    """WSGI middleware: gives each request an id and writes a log line when it is answered.

    The line has method, path, status, bytes and time, but neither the query nor the token of an
    invitation or a download. The id is sent back as `X-Request-Id`. A WebSocket is one long request
    without a status.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request_id = bind_id()
        entry = _Entry(environ)

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[..., Any]:
            entry.status = status.split(" ", 1)[0]
            return start_response(status, [*headers, ("X-Request-Id", request_id)], exc_info)

        try:
            body = self._application(environ, start)
        except BaseException:
            entry.status = "500"
            entry.write()
            raise
        if isinstance(body, (list, tuple)):
            entry.size = sum(map(len, body))
            entry.write()
            return body
        return _CountedBody(body, entry)


class _Entry:
    """One line of the access log."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        self.status = "-"
        self.size = 0
        self._environ = environ
        self._started = time.monotonic()

    def write(self) -> None:
        path = self._environ.get("PATH_INFO", "")
        level = logging.DEBUG if path.startswith(QUIET) else logging.INFO
        if not log.isEnabledFor(level):
            return
        # WSGI decodes the path as Latin-1 whatever its encoding is.
        path = SECRET_PATH.sub(r"\1…", path.encode("latin-1").decode("utf-8", "replace"))
        took = (time.monotonic() - self._started) * 1000
        method = self._environ.get("REQUEST_METHOD", "-")
        log.log(level, "%s %s %s %d B %.0f ms", method, path, self.status, self.size, took)


class _CountedBody:
    """Counts the bytes of a body and writes the line when the server closes it."""

    def __init__(self, body: Iterable[bytes], entry: _Entry) -> None:
        self._body = body
        self._entry = entry

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._body:
            self._entry.size += len(piece)
            yield piece

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._entry.write()
