"""Which handler runs: its sends have the same client_ids when it is called again after a crash."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class _Handling:
    """Which message is being handled, by which handler, and what this has sent so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sent = 0


_handling: ContextVar[_Handling | None] = ContextVar("handling", default=None)


@contextmanager
def handling(name: str) -> Iterator[None]:
    """Count the sends of the block under a name that stays the same over restarts."""
    token = _handling.set(_Handling(name))
    try:
        yield
    finally:
        _handling.reset(token)


def next_client_id() -> str:
    """Return a client_id that is the same again when a message is handled again after a crash."""
    current = _handling.get()
    if current is None:
        return secrets.token_hex(16)
    current.sent += 1
    return f"{current.name}-{current.sent}"
