"""Compares the subscribers of a room's channel in this process with the members of the room."""

from __future__ import annotations

import time
from collections.abc import Container

from chat.log.room_log import RoomLog
from chat.models import Membership, Room
from chat.realtime.channels import room_channel
from chat.realtime.connections import NAMESPACES, Connections
from chat.realtime.publisher import Publisher
from chat.repositories.appends import LOG_PAGE
from chat.repositories.memberships import MembershipRepository
from chat.repositories.rooms import RoomRepository
from chat.services.membership_cache import MembershipCache
from chat.services.usernames import Usernames

# Seconds; a process may have crashed between changing the members and raising the room's version.
# Shorter than the lifetime of cached memberships, so that sends in a busy room find them cached.
COMPARE_INTERVAL = 45.0
KNOWN_ROOMS = 20_000


class MemberReconciler:
    """Subscribes clients here to the rooms of their users, and unsubscribes them from others."""

    def __init__(
        self,
        *,
        rooms: RoomRepository,
        memberships: MembershipRepository,
        connections: Connections,
        publisher: Publisher,
        room_log: RoomLog,
        usernames: Usernames,
        membership_cache: MembershipCache,
    ) -> None:
        self._rooms = rooms
        self._memberships = memberships
        self._connections = connections
        self._publisher = publisher
        self._room_log = room_log
        self._usernames = usernames
        self._membership_cache = membership_cache
        # By room, the oldest first: the version of the room and its members, and the moment of the
        # comparison.
        self._compared: dict[str, tuple[tuple[int, int], float]] = {}

    def forget_all(self) -> None:
        """Compare every room again in its next run."""
        self._compared.clear()

    def reconcile(self, room: Room) -> None:
        """Compare the members if the room's version changed or COMPARE_INTERVAL has passed."""
        now = time.monotonic()
        version = room.members_version, room.updated_at
        compared, compared_at = self._compared.get(room.id, (None, now))
        if compared == version and now - compared_at < COMPARE_INTERVAL:
            return
        if self._compare_members(room):
            self._compared.pop(room.id, None)
            self._compared[room.id] = (version, now)
            if len(self._compared) > KNOWN_ROOMS:
                del self._compared[next(iter(self._compared))]

    def _compare_members(self, room: Room) -> bool:
        """Subscribe missing members and unsubscribe former ones.

        Return False when a member is connecting right now: the next run must compare again.
        """
        members = {found.user_id for found in self._membership_cache.reload_members(room.id)}
        # After the read: a client that connects from here on reads newer memberships than these.
        is_complete = self._unsubscribe_pending(room, members)
        namespace = NAMESPACES[room.kind]
        subscribed = self._publisher.listeners(room_channel(room.id), namespace)
        named = self._usernames.with_last_sender_names([room])[0]
        connected = {
            user_id
            for user_id in members
            if self._connections.is_online(user_id)
            and self._connections.list_of_user(user_id, namespace)
        }
        for user_id in connected ^ subscribed:
            if self._rooms.find(room.id) is None:  # deleted meanwhile; memberships follow later
                break
            # Read again, because the user may join or leave here at this moment. No other green
            # thread runs between this read and the push.
            membership = self._memberships.find(room.id, user_id)
            is_subscribed = user_id in self._publisher.listeners(room_channel(room.id), namespace)
            if membership is not None and not is_subscribed:
                self._publisher.room_entered(named, [user_id])
                self._push_missed(room, membership)
            elif membership is None and is_subscribed:
                self._publisher.member_left(room, user_id)
        return is_complete

    def _unsubscribe_pending(self, room: Room, members: Container[str]) -> bool:
        """Keep connecting clients of other users out of the room: they may have read old rooms.

        Return False when a member is connecting. That client may have read its rooms before the
        user became a member, so it is unknown whether it will subscribe.
        """
        is_complete = True
        for connection in self._connections.list_pending(NAMESPACES[room.kind]):
            if connection.user.id in members:
                is_complete = False
            else:
                connection.changes.append((room_channel(room.id), False))
        return is_complete

    def _push_missed(self, room: Room, membership: Membership) -> None:
        """Push to a new member the messages between joining and subscribing."""
        first = membership.last_read_seq + 1
        last = min(self._room_log.pushed_upto(room.id), first + LOG_PAGE - 1)
        for message in self._room_log.read(room.id, first, last):
            self._publisher.message_created_for(membership.user_id, room, message)
