"""Acks: each event gets exactly one, at the latest at its deadline."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from chat.concurrency import spawn
from chat.realtime.connections import Connection

ANSWER_WITHIN = 4.5  # seconds after arrival
WORK_SECONDS = 0.5  # the part of ANSWER_WITHIN that is kept for the work after waiting for turns

Body = dict[str, Any]  # `{"data": …}` or `{"error": …}`


class Ack:
    """Sends the first answer to an event and drops any later one."""

    def __init__(self, connection: Connection, send: Callable[[Body], None]) -> None:
        self.connection = connection
        self._send = send
        self.deadline = time.monotonic() + ANSWER_WITHIN
        self.sent = False

    def seconds_to_wait(self) -> float:
        """Return how long the event may still wait for its turn and its heavy slot."""
        return max(0.0, self.deadline - WORK_SECONDS - time.monotonic())

    def send(self, body: Body) -> None:
        """Send the answer unless one was sent before."""
        if not self.sent:
            self.sent = True
            self._send(body)


class Deadlines:
    """Calls `expire` for acks that were not sent in time, in the order of their arrival.

    That is also the order of their deadlines.
    """

    def __init__(self, expire: Callable[[Ack], None]) -> None:
        self._expire = expire
        self._acks: deque[Ack] = deque()
        self._watching = False

    def watch(self, ack: Ack) -> None:
        """Call `expire` with the ack at its deadline unless it was sent by then."""
        self._acks.append(ack)
        if not self._watching:
            self._watching = True
            spawn(self._watch)

    def _watch(self) -> None:
        while self._acks:
            first = self._acks[0]
            if not first.sent:
                wait = first.deadline - time.monotonic()
                if wait > 0:
                    time.sleep(min(wait, 0.25))
                    continue
                self._expire(first)
            self._acks.popleft()
        self._watching = False
