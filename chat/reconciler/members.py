"""Who hears a room here, compared with who belongs to it."""

from __future__ import annotations

import time
from collections.abc import Container

from chat.log.room_log import RoomLog
from chat.models import Membership, Room
from chat.realtime.channels import room_channel
from chat.realtime.connections import NAMESPACES, Connections
from chat.realtime.publisher import Publisher
from chat.repositories.appends import STRIDE
from chat.repositories.memberships import MembershipRepository
from chat.repositories.rooms import RoomRepository
from chat.services.membership_cache import MembershipCache
from chat.services.usernames import Usernames

# Seconds; whoever changed the members may have crashed before saying so. Less than what is
# remembered of them is trusted for, so that those who talk in a room do not ask one by one.
COMPARE_AGAIN = 45.0
KNOWN_ROOMS = 20_000


class MemberReconciler:
    """Lets those hear a room who belong to it, and nobody else."""

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
        # By room, the oldest first: the version of it and its members, and when it was compared.
        self._compared: dict[str, tuple[tuple[int, int], float]] = {}

    def forget(self) -> None:
        """Compare all rooms again at the next look."""
        self._compared.clear()

    def compare(self, room: Room) -> None:
        """Compare the members when they changed, and once in a while although nobody said so."""
        now = time.monotonic()
        version = room.members_version, room.updated_at
        compared, compared_at = self._compared.get(room.id, (None, now))
        if compared == version and now - compared_at < COMPARE_AGAIN:
            return
        if self._compare_members(room):
            self._compared.pop(room.id, None)
            self._compared[room.id] = (version, now)
            if len(self._compared) > KNOWN_ROOMS:
                del self._compared[next(iter(self._compared))]

    def _compare_members(self, room: Room) -> bool:
        """Let those hear the room who belong to it, and nobody else.

        Return False when a member is being let in meanwhile, who is to be compared next time.
        """
        members = {found.user_id for found in self._membership_cache.read_again(room.id)}
        # Only now: whoever is let in from here on reads their rooms after what was found here.
        settled = self._settle_pending(room, members)
        namespace = NAMESPACES[room.kind]
        heard = self._publisher.listeners(room_channel(room.id), namespace)
        signed = self._usernames.sign_last([room])[0]
        connected = {
            user_id
            for user_id in members
            if self._connections.is_online(user_id)
            and self._connections.of_user(user_id, namespace)
        }
        for user_id in connected ^ heard:
            if self._rooms.find(room.id) is None:  # deleted meanwhile; its members go later
                break
            # Asked again, as somebody may come or go here at this moment; after the answer nothing
            # yields.
            membership = self._memberships.find(room.id, user_id)
            hears = user_id in self._publisher.listeners(room_channel(room.id), namespace)
            if membership is not None and not hears:
                self._publisher.room_entered(signed, [user_id])
                self._push_since(room, membership)
            elif membership is None and hears:
                self._publisher.member_left(room, user_id)
        return settled

    def _settle_pending(self, room: Room, members: Container[str]) -> bool:
        """Keep those out of the room who are being let in by an older look at their rooms.

        Return False when there are members among those who are being let in. They may have read
        that they are none, so nobody knows yet whether they will hear the room.
        """
        settled = True
        for connection in self._connections.pending(NAMESPACES[room.kind]):
            if connection.user.id in members:
                settled = False
            else:
                connection.changes.append((room_channel(room.id), False))
        return settled

    def _push_since(self, room: Room, membership: Membership) -> None:
        """Push to a new member what was said between their coming and their hearing the room."""
        first = membership.last_read_seq + 1
        last = min(self._room_log.pushed_upto(room.id), first + STRIDE - 1)
        for message in self._room_log.read(room.id, first, last):
            self._publisher.message_created_for(membership.user_id, room, message)
