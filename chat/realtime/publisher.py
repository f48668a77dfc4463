"""Emits every event that leaves the server: this file is the whole outgoing protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any

from chat.log.room_log import RoomLog
from chat.models import Changes, Conversation, Message, ReceivedRequest, Room, RoomKind, User
from chat.realtime.channels import room_channel, user_channel
from chat.realtime.connections import NAMESPACES, Connection, Connections
from chat.realtime.pushed_rooms import PushedRooms
from chat.realtime.recent_pushes import RecentPushes
from chat.realtime.server import ChatSocketIO
from chat.schemas.membership_requests import dump_request
from chat.schemas.messages import dump_message, encode_message, split_changes
from chat.schemas.rooms import dump_room, dump_settings
from chat.schemas.users import dump_user
from chat.schemas.writing import Encoded

EVENTS = (
    "message_created",
    "messages_changed",
    "message_read",
    "user_typing",
    "presence_changed",
    "user_changed",
    "room_created",
    "room_updated",
    "room_settings_changed",
    "room_deleted",
    "member_joined",
    "member_left",
    "invitation_received",
    "session_expired",
)


class Publisher:
    """Pushes events to connected clients. Call it after the change was stored."""

    def __init__(
        self,
        connections: Connections,
        room_log: RoomLog,
        pushed_rooms: PushedRooms,
        recent_pushes: RecentPushes,
        socketio: ChatSocketIO,
    ) -> None:
        self._connections = connections
        self._room_log = room_log
        self._pushed_rooms = pushed_rooms
        self._recent_pushes = recent_pushes
        self._socketio = socketio
        self._local_only = False

    def local_only(self) -> Publisher:
        """Return a copy of this publisher that pushes to clients of this process only.

        Use it for changes that every process finds out by itself.
        """
        local = copy(self)
        local._local_only = True
        return local

    def on_stored(self, room: Room, message: Message) -> None:
        """Push a new message to all sockets of all members, the sender's included."""
        self._to_room(room, "message_created", encode_message(message))

    def on_caught_up(self, room: Room, message: Message) -> None:
        """Push a message stored elsewhere to the sockets of all members here."""
        self._to_room(room, "message_created", encode_message(message), local_only=True)

    def on_changed(self, room: Room, changes: Changes) -> None:
        """Push changed messages to all sockets of all members, the acting user's included."""
        self._push_changes(room, changes)

    def on_changes_caught_up(self, room: Room, changes: Changes) -> None:
        """Push messages changed elsewhere to the sockets of all members here."""
        self._push_changes(room, changes, local_only=True)

    def record_push_elsewhere(self, event: str, payload: Any) -> None:
        """Record a push of another process that reached all its recipients in this one.

        For `message_created`, `payload` is the message itself.
        """
        if event == "message_created":
            self._room_log.record_pushed_elsewhere(payload)
        elif event == "messages_changed":
            self._room_log.record_changes_pushed_elsewhere(
                payload["room_id"], payload["after_rev"], payload["last_rev"]
            )
        elif event in ("user_changed", "invitation_received"):
            self._recent_pushes.record(payload)

    def message_created_for(self, user_id: str, room: Room, message: Message) -> None:
        """Push a message to one user, who subscribed to the room after it was stored."""
        self._to_user(room, user_id, "message_created", encode_message(message))

    def message_read(self, room: Room, user_id: str, seq: int, to_members: bool) -> None:
        """Push how far a user has read: to all members, or to the user's own sockets alone."""
        payload = {"room_id": room.id, "user_id": user_id, "seq": seq}
        if to_members:
            self._to_room(room, "message_read", payload)
        else:
            self._to_user(room, user_id, "message_read", payload)

    def user_typing(self, room: Room, user_id: str) -> None:
        """Push that a user is typing."""
        self._to_room(room, "user_typing", {"room_id": room.id, "user_id": user_id})

    def presence_changed(self, user_id: str, online: bool, rooms: Mapping[str, RoomKind]) -> None:
        """Push whether a user is online, once to each socket of the other members of the rooms.

        `rooms` are the kinds of the user's rooms, by id.
        """
        payload = {"user_id": user_id, "online": online}
        for kind, namespace in NAMESPACES.items():
            channels = [room_channel(room_id) for room_id in rooms if rooms[room_id] == kind]
            if channels:
                own = [found.sid for found in self._connections.list_of_user(user_id, namespace)]
                self._emit(namespace, channels, "presence_changed", payload, skip_sid=own)

    def user_changed(self, user: User, room_ids: Iterable[str]) -> None:
        """Push a changed profile, once to each socket of the user and of members of the rooms."""
        payload = dump_user(user)
        # In the namespace of the other kind, a room's channel has no clients.
        channels = [user_channel(user.id), *map(room_channel, room_ids)]
        for namespace in NAMESPACES.values():
            self._emit(namespace, channels, "user_changed", payload)
        self._recent_pushes.record(payload)

    def user_changed_in_room(self, room: Room, user: User) -> None:
        """Push a profile to one room, whose members may have missed changes of it."""
        self._to_room(room, "user_changed", dump_user(user))

    def is_user_pushed(self, user: User) -> bool:
        """Return whether the user's present profile was pushed to clients here lately."""
        return self._recent_pushes.is_current(dump_user(user))

    def track_room(self, room: Room) -> None:
        """Track a room: a client here is subscribed to it and has received its present state."""
        self._room_log.track_room(room)
        self._pushed_rooms.track(room)

    def untrack_room(self, room_id: str) -> None:
        """Stop tracking a room: no client here is subscribed to it any more."""
        self._room_log.untrack_room(room_id)
        self._pushed_rooms.untrack(room_id)

    def room_entered(self, room: Room, user_ids: Iterable[str]) -> None:
        """Push a room to its new members, then subscribe them to it."""
        self.track_room(room)
        for user_id in user_ids:
            self._to_user(room, user_id, "room_created", dump_room(room))
            self._manager.subscribe(user_id, NAMESPACES[room.kind], room_channel(room.id))

    def room_updated(self, room: Room) -> None:
        """Push the changed details of a room."""
        self._to_room(room, "room_updated", dump_room(room))
        self._pushed_rooms.record_details(room)

    def room_settings_changed(self, conversation: Conversation) -> None:
        """Push a member's own settings of a room to all sockets of the member."""
        room, user_id = conversation.room, conversation.membership.user_id
        # With the end of the log as of which the room is hidden: the next message shows it.
        ids = {"room_id": room.id, "last_seq": room.last_seq}
        self._to_user(room, user_id, "room_settings_changed", ids | dump_settings(conversation))

    def room_deleted(self, room_id: str, kind: RoomKind) -> None:
        """Push that a room was deleted, and remove all clients from its channel."""
        channel, namespace = room_channel(room_id), NAMESPACES[kind]
        self._emit(namespace, channel, "room_deleted", {"room_id": room_id})
        if self._local_only:
            self._manager.basic_close_room(channel, namespace)
        else:
            self._manager.close_room(channel, namespace)

    def member_joined(self, room: Room, user: User) -> None:
        """Push a new member."""
        self._to_room(room, "member_joined", {"room_id": room.id, "user": dump_user(user)})

    def member_left(self, room: Room, user_id: str) -> None:
        """Push that a user left, to this user too, then unsubscribe the user from the room."""
        self._to_room(room, "member_left", {"room_id": room.id, "user_id": user_id})
        self._manager.unsubscribe(user_id, NAMESPACES[room.kind], room_channel(room.id))

    def invitation_received(self, user_id: str, request: ReceivedRequest) -> None:
        """Push to a user's sockets in `/group` that the user was asked to join a group."""
        payload = dump_request(request)
        self._to_user(request.room, user_id, "invitation_received", payload)
        self._recent_pushes.record(payload)

    def is_request_pushed(self, request_id: str) -> bool:
        """Return whether a membership request was pushed to clients here lately."""
        return self._recent_pushes.has_id(request_id)

    def session_expired(self, connection: Connection) -> None:
        """Push to one connection that its token expires soon, or that its session has ended."""
        self._socketio.server.emit(
            "session_expired",
            {},
            to=connection.sid,
            namespace=connection.namespace,
            ignore_queue=True,
        )

    def session_ended(self, session_id: str) -> None:
        """Push `session_expired` to all connections of an ended session, and end them."""
        self._connections.record_ended_session(session_id)
        for connection in self._connections.list_of_session(session_id):
            if not connection.pending:
                self.session_expired(connection)
            self._socketio.server.end_connection(connection)

    def own_user_changed(self, user: User) -> None:
        """Replace the user in all connections of that user."""
        for connection in self._connections.list_of_user(user.id):
            connection.user = user

    def listeners(self, channel: str, namespace: str) -> set[str]:
        """Return the ids of the users with a client here in a channel."""
        found = (
            self._connections.find_by_sid(sid)
            for sid, _ in self._manager.get_participants(namespace, channel)
        )
        return {connection.user.id for connection in found if connection is not None}

    def has_listeners(self, room_id: str) -> bool:
        """Return whether any client here is subscribed to a room."""
        channel = room_channel(room_id)
        return any(
            self._manager.has_clients(namespace, channel) for namespace in NAMESPACES.values()
        )

    def _push_changes(self, room: Room, changes: Changes, local_only: bool = False) -> None:
        # First push the messages, with `own_reactions`, to the users who reacted. They receive the
        # same versions once more with the room. These pushes have an empty range of revs because
        # they do not contain the other changes.
        after_rev = changes.after_rev
        for user_id, seqs in changes.reacted.items():
            own = [one for one in changes.messages if one.seq in seqs]
            payload = {
                "room_id": room.id,
                "messages": [dump_message(message, user_id) for message in own],
                "after_rev": after_rev,
                "last_rev": after_rev,
            }
            self._to_user(room, user_id, "messages_changed", payload, local_only)
        for part in split_changes(changes):
            self._to_room(room, "messages_changed", {"room_id": room.id, **part}, local_only)

    @property
    def _manager(self) -> Any:
        return self._socketio.server.manager

    def _to_room(
        self, room: Room, event: str, payload: dict[str, Any] | Encoded, local_only: bool = False
    ) -> None:
        self._emit(
            NAMESPACES[room.kind], room_channel(room.id), event, payload, local_only=local_only
        )

    def _to_user(
        self,
        room: Room,
        user_id: str,
        event: str,
        payload: dict[str, Any] | Encoded,
        local_only: bool = False,
    ) -> None:
        self._emit(
            NAMESPACES[room.kind], user_channel(user_id), event, payload, local_only=local_only
        )

    def _emit(
        self,
        namespace: str,
        to: str | list[str],
        event: str,
        payload: dict[str, Any] | Encoded,
        skip_sid: list[str] | None = None,
        local_only: bool = False,
    ) -> None:
        self._socketio.server.emit(
            event,
            payload,
            to=to,
            skip_sid=skip_sid,
            namespace=namespace,
            ignore_queue=self._local_only or local_only,
        )
