"""The channels that clients subscribe to. A *channel* is what Socket.IO calls a room."""

from __future__ import annotations

from typing import Any

from chat.realtime.connections import Connections
from chat.realtime.transport.manager import FanoutManager


def room_channel(room_id: str) -> str:
    """Return the channel of a room's members."""
    return f"room:{room_id}"


def is_room_channel(channel: object) -> bool:
    """Return whether a channel is the one of a room's members."""
    return isinstance(channel, str) and channel.startswith(room_channel(""))


def user_channel(user_id: str) -> str:
    """Return the channel of one user's own clients."""
    return f"user:{user_id}"


class ChannelManager(FanoutManager):
    """A manager in which a client enters its channels at the moment it is accepted.

    The connect handler only records them in the `Connection`. If a client entered them earlier, a
    client that is refused afterwards would receive pushes.
    """

    connections: Connections  # set by `ChatServer`

    def connect(self, sid: str, namespace: str) -> str:
        """Accept a client whose CONNECT is queued, and enter its channels without yielding."""
        accepted = super().connect(sid, namespace)
        connection = self.connections.find_by_sid(sid)
        if connection is not None:
            for channel, enters in connection.changes:
                (connection.channels.add if enters else connection.channels.discard)(channel)
            connection.changes.clear()
            self.connections.mark_accepted(connection)
            for channel in connection.channels:
                self.enter_room(sid, namespace, channel)
            connection.channels.clear()
        return accepted

    def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: Any = None,
        callback: Any = None,
        to: Any = None,
        **kwargs: Any,
    ) -> None:
        """Send to a channel.

        A user's own channel gets `messages_changed` of a room only for clients that are subscribed
        to the room, because a user who reacted may have left it since.
        """
        channel = to or room
        if event == "messages_changed" and not is_room_channel(channel):
            payload = data[0] if isinstance(data, tuple) else data
            members = self._members(namespace, room_channel(payload["room_id"]))
            own = self.get_participants(namespace, channel)
            skip_sid = [sid for sid, _ in own if sid not in members]
        super().emit(event, data, namespace, channel, skip_sid, callback, **kwargs)

    def has_clients(self, namespace: str, channel: str) -> bool:
        """Return whether a channel has clients; called for every room each second."""
        return bool(self._members(namespace, channel))

    def subscribe(self, user_id: str, namespace: str, channel: str) -> None:
        """Subscribe all clients of a user to a channel."""
        for connection in self.connections.list_of_user(user_id, namespace):
            if connection.pending:
                connection.changes.append((channel, True))
            else:
                self.enter_room(connection.sid, namespace, channel)

    def unsubscribe(self, user_id: str, namespace: str, channel: str) -> None:
        """Unsubscribe all clients of a user from a channel."""
        for connection in self.connections.list_of_user(user_id, namespace):
            if connection.pending:
                connection.changes.append((channel, False))
            else:
                self.leave_room(connection.sid, namespace, channel)
