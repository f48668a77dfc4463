"""The Socket.IO namespace of direct rooms."""

from __future__ import annotations

from typing import Any

from chat.namespaces.base import EventNamespace
from chat.realtime.connections import Connection
from chat.schemas.messages import SendDirectSchema


class DirectNamespace(EventNamespace):
    """The namespace `/direct`."""

    kind = "direct"
    events = EventNamespace.events | {"send_message": SendDirectSchema()}

    def on_send_message(self, connection: Connection, payload: dict[str, Any]) -> object:
        return self._services.messages.send_direct(connection.user, **payload)
