"""Reconciles touched and deleted rooms: members, details, blocks and logs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from chat.concurrency import cooperatively
from chat.log.room_log import RoomLog
from chat.models import Room
from chat.realtime.presence import Presence
from chat.realtime.publisher import Publisher
from chat.realtime.pushed_rooms import PushedRooms
from chat.reconciler.members import MemberReconciler
from chat.repositories.outages import is_outage
from chat.repositories.rooms import RoomRepository
from chat.repositories.users import UserRepository
from chat.services.usernames import Usernames

log = logging.getLogger(__name__)


class RoomReconciler:
    """Compares touched rooms in the database with what was pushed to clients here."""

    def __init__(
        self,
        *,
        rooms: RoomRepository,
        users: UserRepository,
        members: MemberReconciler,
        publisher: Publisher,
        pushed_rooms: PushedRooms,
        room_log: RoomLog,
        usernames: Usernames,
        presence: Presence,
    ) -> None:
        # Called with all touched rooms, before anything is done with them.
        self.followers: Sequence[Callable[[Sequence[Room]], None]] = ()
        self._rooms = rooms
        self._users = users
        self._members = members
        self._publisher = publisher
        self._pushed_rooms = pushed_rooms
        self._room_log = room_log
        self._usernames = usernames
        self._presence = presence

    def start_over(self) -> None:
        """Compare every room again."""
        self._members.forget_all()

    def untrack_idle_rooms(self) -> None:
        """Stop tracking rooms whose channel has no clients here any more."""
        for room_id in cooperatively(self._room_log.tracked_rooms()):
            if not self._publisher.has_listeners(room_id):
                self._publisher.untrack_room(room_id)

    def reconcile(self, since: datetime, until: datetime | None) -> None:
        """Push what is new in rooms touched in that time, and the rooms deleted in it."""
        touched = self._rooms.list_touched(since, until)
        for follow in self.followers:
            follow(touched)
        for room in touched:
            try:
                self._members.reconcile(room)
                if not self._pushed_rooms.has_details(room):
                    self._publisher.room_updated(self._usernames.with_last_sender_names([room])[0])
                if not self._pushed_rooms.has_block(room):
                    self._publish_block(room)
                    self._pushed_rooms.record_block(room)
                self._room_log.catch_up(room)
            except Exception as error:
                if is_outage(error):
                    raise
                log.exception("could not reconcile room %s", room.id)
        self._publish_deleted(since, until)

    def _publish_block(self, room: Room) -> None:
        """Push what the two members see of each other after a block began or ended.

        During a block neither receives changes of the other's profile.
        """
        self._presence.block_changed(room)
        if not room.blocked_by:
            for user in self._users.list_by_ids(room.member_ids).values():
                self._publisher.user_changed_in_room(room, user)

    def _publish_deleted(self, since: datetime, until: datetime | None) -> None:
        deleted = self._rooms.list_deleted(since, until)
        tracked = self._room_log.tracked_rooms()
        for room_id in deleted & tracked.keys():
            self._publisher.room_deleted(room_id, tracked[room_id])
            self._publisher.untrack_room(room_id)
