"""The future that `RoomLog.append` and `RoomLog.change` return."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass

from chat.errors import Unavailable
from chat.models import Message


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored message; `created` is False for a repeated send and for a change."""

    message: Message
    created: bool


StoredFuture = Future[Stored]


def wait_for(future: StoredFuture, seconds: float) -> Stored:
    """Return the stored message. Raises Unavailable on timeout; then it may be stored or not."""
    try:
        return future.result(seconds)
    except TimeoutError:
        raise Unavailable() from None
