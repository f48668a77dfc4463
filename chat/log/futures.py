"""The future of a stored message: what appending to a log returns."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass

from chat.errors import Unavailable
from chat.models import Message


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored message; `created` is False when it had been stored before."""

    message: Message
    created: bool


StoredFuture = Future[Stored]


def wait_for(future: StoredFuture, seconds: float) -> Stored:
    """Wait for the message; Unavailable on timeout: nobody knows then whether it is stored."""
    try:
        return future.result(seconds)
    except TimeoutError:
        raise Unavailable() from None
