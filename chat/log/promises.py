"""What whoever appends to a log gets: the promise of a stored message."""

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


Promise = Future[Stored]


def wait_for(promise: Promise, seconds: float) -> Stored:
    """Return what was promised; Unavailable when that takes longer: nobody knows then."""
    try:
        return promise.result(seconds)
    except TimeoutError:
        raise Unavailable() from None
