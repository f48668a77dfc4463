"""Rooms that were touched or deleted: members, details, blocks, and what is in their logs."""

from __future__ import annotations

import logging
from datetime import datetime

from chat.concurrency import cooperatively
from chat.log.room_log import RoomLog
from chat.models import Room
from chat.realtime.presence import Presence
from chat.realtime.publisher import Publisher
from chat.realtime.told_rooms import ToldRooms
from chat.reconciler.members import MemberReconciler
from chat.repositories.outages import is_outage
from chat.repositories.rooms import RoomRepository
from chat.repositories.users import UserRepository
from chat.services.usernames import Usernames

log = logging.getLogger(__name__)


class RoomReconciler:
    """Compares what the database says of touched rooms with what clients here were told."""

    def __init__(
        self,
        *,
        rooms: RoomRepository,
        users: UserRepository,
        members: MemberReconciler,
        publisher: Publisher,
        told_rooms: ToldRooms,
        room_log: RoomLog,
        usernames: Usernames,
        presence: Presence,
    ) -> None:
        self._rooms = rooms
        self._users = users
        self._members = members
        self._publisher = publisher
        self._told_rooms = told_rooms
        self._room_log = room_log
        self._usernames = usernames
        self._presence = presence

    def start_over(self) -> None:
        """Take nothing for known of any room."""
        self._members.forget()

    def drop_unheard(self) -> None:
        """Stop following rooms that nobody here hears any more."""
        for room_id in cooperatively(self._room_log.tracked_rooms()):
            if not self._publisher.is_heard(room_id):
                self._publisher.untrack_room(room_id)

    def look(self, since: datetime, until: datetime | None) -> None:
        """Tell what is new in rooms that were touched, and which were deleted, in that time."""
        touched = self._rooms.list_touched(since, until)
        for room in touched:
            try:
                self._members.compare(room)
                if not self._told_rooms.is_told(room):
                    self._publisher.room_updated(self._usernames.sign_last([room])[0])
                if not self._told_rooms.is_block_told(room):
                    self._tell_of_block(room)
                    self._told_rooms.note_block(room)
                self._room_log.catch_up(room)
            except Exception as error:
                if is_outage(error):
                    raise
                log.exception("could not tell what is new in room %s", room.id)
        self._tell_deleted(since, until)

    def _tell_of_block(self, room: Room) -> None:
        """Tell the two of a direct room what they see of each other once a block begins or ends.

        While it lasted neither heard of a new nickname or picture of the other.
        """
        self._presence.tell_two(room)
        if not room.blocked_by:
            for user in self._users.list_by_ids(room.member_ids).values():
                self._publisher.user_shown(room, user)

    def _tell_deleted(self, since: datetime, until: datetime | None) -> None:
        deleted = self._rooms.list_deleted(since, until)
        heard = self._room_log.tracked_rooms()
        for room_id in deleted & heard.keys():
            self._publisher.room_deleted(room_id, heard[room_id])
            self._publisher.untrack_room(room_id)
