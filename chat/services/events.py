"""The events that services publish; `realtime/publisher.py` implements them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from chat.models import Conversation, ReceivedRequest, Room, RoomKind, User


class Events(Protocol):
    """Services call each method after the change is stored, if it is stored at all.

    No method waits for a client or fails because of one.
    """

    def message_read(self, room: Room, user_id: str, seq: int, to_members: bool) -> None:
        """Push a read mark to the reader's own clients, or to all clients of the room."""

    def user_typing(self, room: Room, user_id: str) -> None:
        """Push to the clients of the room that a user types."""

    def room_entered(self, room: Room, user_ids: Iterable[str]) -> None:
        """Push a room to its new members; from here on their clients are in its channel.

        This is the first event of the room, with the present `last_seq`: every later message is
        pushed.
        """

    def room_updated(self, room: Room) -> None:
        """Push the present state of a room and its roles to its clients."""

    def room_deleted(self, room_id: str, kind: RoomKind) -> None:
        """Push to the clients of a room that it is deleted, and close its channel."""

    def member_joined(self, room: Room, user: User) -> None:
        """Push a new member to the clients of a room, after `room_entered`, so to theirs too."""

    def member_left(self, room: Room, user_id: str) -> None:
        """Push a departure to the clients of a room; then theirs leave the channel."""

    def room_settings_changed(self, conversation: Conversation) -> None:
        """Push to a member's own clients what they have set of a room for themselves."""

    def invitation_received(self, user_id: str, request: ReceivedRequest) -> None:
        """Push to a user's own clients that they were asked to join a group."""

    def session_ended(self, session_id: str) -> None:
        """Push to the clients of a session that it has ended, and disconnect them."""

    def own_user_changed(self, user: User) -> None:
        """Update the user that this process holds for their connections; push nothing."""

    def user_changed(self, user: User, room_ids: Iterable[str]) -> None:
        """Push the present profile to the user's own clients and to the clients of the rooms."""
