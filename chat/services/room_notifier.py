"""Publishing changes of rooms and members, and dropping what is cached of them."""

from __future__ import annotations

from collections.abc import Iterable

from chat.log.room_log import RoomLog
from chat.models import Room, User
from chat.services.events import Events
from chat.services.membership_cache import MembershipCache
from chat.services.usernames import Usernames


class RoomNotifier:
    """Publishes rooms after a change is stored, with the newest known tail of their logs."""

    def __init__(
        self,
        membership_cache: MembershipCache,
        room_log: RoomLog,
        usernames: Usernames,
        events: Events,
    ) -> None:
        self._membership_cache = membership_cache
        self._room_log = room_log
        self._usernames = usernames
        self._events = events

    def entered(self, room: Room, user_ids: Iterable[str]) -> None:
        """Push a room to its new members."""
        # With the present tail: later messages are pushed to them.
        self._events.room_entered(self.with_present_tail(room), user_ids)

    def joined(self, room: Room, user: User) -> None:
        """Push a new member to the members."""
        self._events.member_joined(room, user)

    def updated(self, room: Room) -> Room:
        """Push the present state of the room to its members, and return it."""
        self._membership_cache.forget(room.id)
        room = self.with_present_tail(room)
        self._events.room_updated(room)
        return room

    def left(self, room: Room, user_id: str) -> None:
        """Push a departure to the members and to the user who left."""
        self._membership_cache.forget(room.id)
        self._events.member_left(room, user_id)

    def ended(self, room: Room) -> None:
        """Push to the members that the room is deleted."""
        self._membership_cache.forget(room.id)
        self._room_log.forget(room.id)
        self._events.room_deleted(room.id, room.kind)

    def with_present_tail(self, room: Room) -> Room:
        """Return the room with the newest known tail of its log, with the sender's names."""
        return self._usernames.with_last_sender_names([self._room_log.with_tail(room)])[0]
