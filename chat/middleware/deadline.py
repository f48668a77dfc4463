"""The deadline of an HTTP request, which starts when the whole request has arrived."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import request

from chat.database.client import time_limit
from chat.middleware.transfers import brings_file
from chat.realtime.acks import ANSWER_WITHIN, WORK_SECONDS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# In the WSGI environment: when the whole request had arrived, by the monotonic clock.
ARRIVED = "chat.arrived_at"
SHORTEST = 0.1  # seconds; a time limit of zero would mean no limit


class Deadline:
    """WSGI middleware: all database operations of a request share one time limit.

    Those of an upload do not, because it lasts as long as the client needs. Each has its own.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if brings_file(environ):
            return self._application(environ, start_response)
        ends_at = environ.setdefault(ARRIVED, time.monotonic()) + ANSWER_WITHIN
        with time_limit(max(SHORTEST, ends_at - time.monotonic())):
            return self._application(environ, start_response)


def seconds_left() -> float:
    """Return how long the answer to this request may still take."""
    arrived_at: float = request.environ[ARRIVED]
    return max(0.0, arrived_at + ANSWER_WITHIN - time.monotonic())


def seconds_to_wait() -> float:
    """Return how long this request may still wait for its turn and its heavy slot."""
    return max(0.0, seconds_left() - WORK_SECONDS)
