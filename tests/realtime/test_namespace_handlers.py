"""The log lines of connects and disconnects."""

from __future__ import annotations

import logging

import pytest
from flask import Flask

from chat.models import User
from chat.realtime.connections import Connection
from chat.wiring import Services
from tests.realtime.accounts import UNMETERED


def test_the_disconnect_of_a_pending_connection_is_not_logged(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    services: Services = app.extensions["chat"]
    handler = services.socketio.server.namespace_handlers["/group"]
    user = User("1", "ada", "", 0, "", "", None, 0, 0)
    connection = Connection("sid", "transport", "/group", user, "session", 0, None, UNMETERED)
    with caplog.at_level(logging.INFO, "chat"):
        handler.closed(connection)
        assert caplog.messages == []
        connection.pending = False
        handler.closed(connection)
        assert caplog.messages == ["ada disconnected from /group"]
