"""Shutdown: refuses requests that change something, and waits for those in progress."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import request
from werkzeug.wsgi import ClosingIterator

from chat.errors import Unavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

READING = ("GET", "HEAD", "OPTIONS")


class RequestDrain:
    """WSGI middleware: counts the requests in progress."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._count = 0
        self._closed = False
        self._changed = threading.Condition()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self._changed:
            self._count += 1
        try:
            body = self._application(environ, start_response)
        except BaseException:
            self._leave()
            raise
        return ClosingIterator(body, [self._leave])  # in progress until the last byte is sent

    def close(self) -> None:
        """Refuse changes from now on."""
        self._closed = True

    def refuse_changes(self) -> None:
        """After `close`, raise Unavailable unless the present request only reads."""
        if self._closed and request.method not in READING:
            raise Unavailable()

    def wait_until_empty(self, seconds: float) -> None:
        """Wait until every request in progress is answered."""
        with self._changed:
            self._changed.wait_for(lambda: self._count == 0, seconds)

    def _leave(self) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()
