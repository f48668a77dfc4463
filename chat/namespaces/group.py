"""The Socket.IO namespace of groups."""

from __future__ import annotations

from typing import Any

from chat.namespaces.base import EventNamespace
from chat.realtime.connections import Connection
from chat.schemas.messages import SendMessageSchema
from chat.schemas.rooms import (
    CreateRoomSchema,
    JoinRoomSchema,
    RoomIdSchema,
    dump_conversation,
    dump_room,
)


class GroupNamespace(EventNamespace):
    """The namespace `/group`."""

    kind = "group"
    events = EventNamespace.events | {
        "send_message": SendMessageSchema(),
        "create_room": CreateRoomSchema(),
        "join_room": JoinRoomSchema(),
        "leave_room": RoomIdSchema(),
    }

    def on_create_room(self, connection: Connection, payload: dict[str, Any]) -> object:
        return self._dump_conversation(
            connection, self._services.groups.create_group(connection.user, **payload).id
        )

    def on_join_room(self, connection: Connection, payload: dict[str, Any]) -> object:
        return self._dump_conversation(
            connection, self._services.joining.join(connection.user, **payload).id
        )

    def on_leave_room(self, connection: Connection, payload: dict[str, Any]) -> object:
        return dump_room(self._services.leaving.leave(connection.user, kind="group", **payload))

    def _dump_conversation(self, connection: Connection, room_id: str) -> object:
        found = self._services.conversations.get(connection.user, room_id)
        return dump_conversation(found, self._services.presence.is_online)
