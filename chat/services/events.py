"""What services tell the world; `realtime/publisher.py` is how the world hears it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from chat.models import ReceivedRequest, Room, RoomKind, User


class Events(Protocol):
    """Each method is called after what it tells of has been stored, if it is stored at all.

    None of them waits for a client or fails because of one.
    """

    def message_read(self, room: Room, user_id: str, seq: int, to_members: bool) -> None:
        """Tell the reader's own clients, or all who hear the room, how far somebody has read."""

    def user_typing(self, room: Room, user_id: str) -> None:
        """Tell all who hear the room that somebody types."""

    def room_entered(self, room: Room, user_ids: Iterable[str]) -> None:
        """Tell some users that a room is theirs now; from here on their clients hear it.

        Comes before anything else of the room, with `last_seq` as it is at this moment: all that
        follows is pushed.
        """

    def room_updated(self, room: Room) -> None:
        """Tell all who hear the room what it and its roles are like now."""

    def room_deleted(self, room_id: str, kind: RoomKind) -> None:
        """Tell all who hear the room that it is gone; after that nobody hears it."""

    def member_joined(self, room: Room, user: User) -> None:
        """Tell all who hear the room who came: after `room_entered`, so they hear it too."""

    def member_left(self, room: Room, user_id: str) -> None:
        """Tell all who hear the room who left; from then on the one who left hears it no more."""

    def invitation_received(self, user_id: str, request: ReceivedRequest) -> None:
        """Tell a user's own clients that they were asked to join a group."""

    def session_ended(self, session_id: str) -> None:
        """Tell the clients of a session that it is over, and disconnect them."""

    def own_user_changed(self, user: User) -> None:
        """Let the user's clients be answered as who they are now; nobody is told."""

    def user_changed(self, user: User, room_ids: Iterable[str]) -> None:
        """Tell the user's own clients, and all who hear one of the rooms, who the user is now."""
