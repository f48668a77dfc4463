"""What every HTTP request passes: a time limit on the way in, and a door that closes at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, g, request
from werkzeug.wsgi import ClosingIterator

from chat.database.client import time_limit
from chat.errors import Unavailable
from chat.realtime.replies import ANSWER_WITHIN, WORK_SECONDS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# In the WSGI environment: when all of a request was there, by the monotonic clock.
ARRIVED = "chat.arrived_at"
READING = ("GET", "HEAD", "OPTIONS")
SHORTEST = 0.1  # seconds of a time limit: none at all is one without end


class Gate:
    """Counts the requests of an app that are being answered; closed, it lets only readers in."""

    def __init__(self, app: Flask) -> None:
        self._inside = 0
        self._closed = False
        self._news = threading.Condition()
        self._application: WSGIApplication = app.wsgi_app
        app.wsgi_app = self  # type: ignore[method-assign]
        app.before_request(self._check)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self._news:
            self._inside += 1
        arrived_at = environ.setdefault(ARRIVED, time.monotonic())
        try:
            # Several slow operations shall not add up to more than one may take.
            with time_limit(max(SHORTEST, arrived_at + ANSWER_WITHIN - time.monotonic())):
                body = self._application(environ, start_response)
        except BaseException:
            self._leave()
            raise
        return ClosingIterator(body, [self._leave])  # it counts until the last byte is out

    def close(self) -> None:
        """Refuse whatever would change something from now on."""
        self._closed = True

    def wait_until_empty(self, seconds: float) -> None:
        """Wait until all who are inside have their answer."""
        with self._news:
            self._news.wait_for(lambda: self._inside == 0, seconds)

    def _check(self) -> None:
        g.answer_until = request.environ[ARRIVED] + ANSWER_WITHIN
        if self._closed and request.method not in READING:
            raise Unavailable()

    def _leave(self) -> None:
        with self._news:
            self._inside -= 1
            self._news.notify_all()


def seconds_left() -> float:
    """Return how long the answer to this request may still take."""
    return max(0.0, float(g.answer_until) - time.monotonic())


def seconds_to_wait() -> float:
    """Return how long this request may still wait for its turn and its place."""
    return max(0.0, seconds_left() - WORK_SECONDS)
