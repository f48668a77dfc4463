"""Warnings and ends of connections whose access token expires."""

from __future__ import annotations

from typing import Any, cast

import pytest

from chat.models import User
from chat.realtime.connections import Connection, Connections
from chat.realtime.expiry import Expiry
from chat.realtime.server import ChatSocketIO
from tests.realtime.accounts import UNMETERED

NOW = 1_000_000_000  # milliseconds
MINUTE = 60_000


class Told:
    """Replaces publisher and server; records warned and ended connections."""

    def __init__(self) -> None:
        self.warned: list[str] = []
        self.ended: list[str] = []

    def session_expired(self, connection: Connection) -> None:
        self.warned.append(connection.sid)

    def end_connection(self, connection: Connection) -> None:
        self.ended.append(connection.sid)


def set_up(token_minutes: int) -> tuple[Connection, Expiry, Told]:
    """Return a connection with a fresh token, the `Expiry` that checks it, and the record of it."""
    connections, told = Connections(), Told()
    user = cast(User, type("Someone", (), {"id": "u"})())
    connection = Connection(
        sid="a",
        eio_sid="e",
        namespace="/group",
        user=user,
        session_id="s",
        expires_at=NOW + token_minutes * MINUTE,
        accept_language=None,
        payer=UNMETERED,
    )
    connection.pending = False
    connections.add_connection(connection)
    anything = cast(Any, told)
    socketio = ChatSocketIO(connections)
    socketio.server = anything
    return connection, Expiry(connections, anything, socketio, token_minutes), told


@pytest.mark.parametrize(("token_minutes", "seconds_before"), [(1, 15), (2, 30), (4, 60), (15, 60)])
def test_the_client_of_an_expiring_token_is_warned_once_and_not_while_it_is_fresh(
    token_minutes: int, seconds_before: int
) -> None:
    connection, expiry, told = set_up(token_minutes)
    for second in range(token_minutes * 60 - seconds_before):
        expiry.check(NOW + second * 1_000)
    assert not told.warned
    for second in range(token_minutes * 60 - seconds_before, token_minutes * 60):
        expiry.check(NOW + second * 1_000)
    assert told.warned == [connection.sid] and not told.ended
    expiry.check(NOW + token_minutes * MINUTE)
    assert told.ended == [connection.sid]
