"""The queue of each connection's events: bounded, handled in order, each event acked once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chat.budgets import Budgets
from chat.concurrency import STEPS_PER_SLICE, Slice, charge_to, spawn_after, yield_to_others
from chat.errors import RateLimited, Unavailable
from chat.logs import bind_id
from chat.realtime.acks import Ack, Body, Deadlines
from chat.realtime.connections import Connection

# Events that are acked once they are stored.
STORED_EVENTS = frozenset(
    {"send_message", "edit_message", "delete_message", "react", "pin_message"}
)
MAX_UNANSWERED = 32  # STORED_EVENTS of one connection
MAX_WAITING = 128  # events of one connection in the queue
# Characters of all waiting events of a connection; one event of MAX_BODY_BYTES fits in any case.
# That is room for MAX_UNANSWERED of the longest messages with each character written as two
# escapes, which are twelve characters. Many libraries write them so.
MAX_WAITING_SIZE = MAX_UNANSWERED * 50_000
# Characters. A longer event waits as text, because its parsed form can be 24 times as large.
MAX_PARSED_SIZE = 256


class EventQueue:
    """Calls `handle` for the events of each connection, one after the other, in a turn of the user.

    `handle` gets the event, or its text if that is longer than MAX_PARSED_SIZE, and sends the ack.
    `refusal` returns the answer to an event that is refused or not handled in time.
    """

    def __init__(
        self,
        budgets: Budgets,
        max_body: int,
        handle: Callable[[Connection, list[Any] | str, Ack], None],
        refusal: Callable[[Connection, Exception], Body],
    ) -> None:
        self._budgets = budgets
        self._max_size = max(MAX_WAITING_SIZE, max_body)
        self._handle = handle
        self._refusal = refusal
        self._deadlines = Deadlines(self._expire)

    def put(
        self,
        connection: Connection,
        data: list[Any],
        text: str,
        answer: Callable[[Body], None],
    ) -> None:
        """Queue an event behind the earlier ones of its connection, without waiting.

        `data` are its name and arguments, `text` is the JSON they were parsed from.
        """
        is_stored = isinstance(data[0], str) and data[0] in STORED_EVENTS
        if (
            (is_stored and connection.unanswered >= MAX_UNANSWERED)
            or len(connection.waiting) >= MAX_WAITING
            or connection.waiting_size + len(text) > self._max_size
        ):
            answer(self._refusal(connection, RateLimited(retry_after=1)))
            return

        def answer_and_count(body: Body) -> None:
            connection.unanswered -= is_stored
            answer(body)

        connection.unanswered += is_stored
        ack = Ack(connection, answer_and_count)
        self._deadlines.watch(ack)
        connection.waiting.append((text if len(text) > MAX_PARSED_SIZE else data, len(text), ack))
        connection.waiting_size += len(text)
        if not connection.handling:
            connection.handling = True
            spawn_after(self._handle_waiting, connection)

    def _handle_waiting(self, connection: Connection) -> None:
        bind_id(connection.sid)
        charge_to(connection.payer)
        try:
            while event := self._next(connection):
                self._handle_in_turn(connection, *event)
                if connection.waiting:
                    yield_to_others()
        finally:
            connection.handling = False

    def _handle_in_turn(self, connection: Connection, data: list[Any] | str, ack: Ack) -> None:
        """Handle an event in a turn of the user, and further ones until the slice is over."""
        self._budgets.note_active(connection.payer)
        try:
            release_turn = connection.payer.take_turn(ack.seconds_to_wait())
        except RateLimited as error:
            ack.send(self._refusal(connection, error))
            return
        try:
            current = Slice()
            while True:
                if not ack.sent:
                    self._handle(connection, data, ack)
                event = None if current.is_over(STEPS_PER_SLICE) else self._next(connection)
                if event is None:
                    return
                data, ack = event
        finally:
            release_turn()

    @staticmethod
    def _next(connection: Connection) -> tuple[list[Any] | str, Ack] | None:
        """Remove the next event that has no answer yet from the queue and return it."""
        while connection.waiting:
            data, size, ack = connection.waiting.pop(0)
            connection.waiting_size -= size
            if not ack.sent:
                return data, ack
        return None

    def _expire(self, ack: Ack) -> None:
        ack.send(self._refusal(ack.connection, Unavailable()))
