"""What is told once a room or its members have changed, and forgotten here with it."""

from __future__ import annotations

from collections.abc import Iterable

from chat.log.room_log import RoomLog
from chat.models import Room, User
from chat.services.events import Events
from chat.services.membership_cache import MembershipCache
from chat.services.usernames import Usernames


class RoomNotifier:
    """Tells of rooms after the change is stored; a room is told with the end of its log."""

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
        """Tell some users that a room is theirs now."""
        # The end of the log as of now: what comes after it will be pushed to them.
        self._events.room_entered(self.as_of_now(room), user_ids)

    def joined(self, room: Room, user: User) -> None:
        """Tell the members who came."""
        self._events.member_joined(room, user)

    def updated(self, room: Room) -> Room:
        """Tell the members what the room is like now, and return it so."""
        self._membership_cache.forget(room.id)
        room = self.as_of_now(room)
        self._events.room_updated(room)
        return room

    def left(self, room: Room, user_id: str) -> None:
        """Tell the members, and the one who left, that they did."""
        self._membership_cache.forget(room.id)
        self._events.member_left(room, user_id)

    def ended(self, room: Room) -> None:
        """Tell the members that the room is gone."""
        self._membership_cache.forget(room.id)
        self._room_log.forget(room.id)
        self._events.room_deleted(room.id, room.kind)

    def as_of_now(self, room: Room) -> Room:
        """Return the room with the end of its log as known here, signed."""
        return self._usernames.sign_last([self._room_log.with_tail(room)])[0]
