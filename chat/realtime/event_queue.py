"""Events of a connection: taken within bounds, handled in their order, each answered once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chat.budgets import Budgets
from chat.concurrency import charge_to, give_way, spawn
from chat.errors import RateLimited, Unavailable
from chat.logs import bind_id
from chat.realtime.acks import Ack, Body, Deadlines
from chat.realtime.connections import Connection

# What is stored, and answered once it is.
STORED = frozenset({"send_message", "edit_message", "delete_message", "react", "pin_message"})
MAX_UNANSWERED = 32  # of these, of one connection
MAX_WAITING = 128  # events of one connection that nobody has looked at yet
# Characters of all these, or one body where that may be larger: as many of the longest messages as
# may be unanswered, each character in the twelve of two escapes, as many a library writes it.
MAX_WAITING_SIZE = MAX_UNANSWERED * 50_000
# Characters beyond which an event waits as the text it came as: taken apart it can be 24 times as
# large.
LONG = 256


class EventQueue:
    """Hands the events of each connection to `handle`, one after the other, in turns of their user.

    `handle` gets the event, or its text where that is long, and sees to it that the ack is sent;
    `refusal` makes the answer to an event that is refused or comes to no end in time.
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
        """Put an event behind the earlier ones of its connection; nothing here waits.

        `data` are its name and arguments, `text` the JSON they were read from.
        """
        is_stored = isinstance(data[0], str) and data[0] in STORED
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
        connection.waiting.append((text if len(text) > LONG else data, len(text), ack))
        connection.waiting_size += len(text)
        if not connection.handling:
            connection.handling = True
            spawn(self._handle_waiting, connection)

    def _handle_waiting(self, connection: Connection) -> None:
        bind_id(connection.sid)
        charge_to(connection.payer)
        try:
            while connection.waiting:
                data, size, ack = connection.waiting.popleft()
                connection.waiting_size -= size
                if not ack.sent:
                    self._handle_in_turn(connection, data, ack)
                give_way()  # between two events of one client everybody else gets a turn
        finally:
            connection.handling = False

    def _handle_in_turn(self, connection: Connection, data: list[Any] | str, ack: Ack) -> None:
        self._budgets.note_active(connection.payer)
        try:
            give_back = connection.payer.take_turn(ack.seconds_to_wait())
        except RateLimited as error:
            ack.send(self._refusal(connection, error))
            return
        try:
            if not ack.sent:
                self._handle(connection, data, ack)
        finally:
            give_back()

    def _expire(self, ack: Ack) -> None:
        ack.send(self._refusal(ack.connection, Unavailable()))
