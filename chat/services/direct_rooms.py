"""Direct rooms: each pair of users has one."""

from __future__ import annotations

from chat import policies
from chat.concurrency import cooperatively
from chat.errors import Conflict, NotFound
from chat.keyed_locks import KeyedLocks
from chat.limits.limits import Limits
from chat.limits.rules import ROOMS, TRIES_AT_BOUND
from chat.models import Room, User
from chat.repositories.memberships import MembershipRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository
from chat.repositories.users import UserRepository
from chat.services.blocks import Blocks
from chat.services.new_members import NewMembers

# Direct rooms that a user opened and that the other user has not answered. They count only for the
# opener, because nobody can prevent being written to.
MAX_UNANSWERED_ROOMS = 500


class TooManyUnanswered(Conflict):
    """The user opened as many direct rooms without an answer as allowed."""

    text_key = "error.too_many_direct_rooms"


class DirectRooms:
    """Finds the room of two users, and creates it at their first message."""

    def __init__(
        self,
        *,
        rooms: RoomRepository,
        memberships: MembershipRepository,
        users: UserRepository,
        messages: MessageRepository,
        new_members: NewMembers,
        blocks: Blocks,
        limits: Limits,
    ) -> None:
        self._rooms = rooms
        self._memberships = memberships
        self._users = users
        self._messages = messages
        self._new_members = new_members
        self._blocks = blocks
        self._limits = limits
        # Two users who open the room at the same moment take turns. Otherwise the message of one
        # could be pushed before the clients of the other have joined the channel.
        self._locks = KeyedLocks()

    def direct_with(self, user: User, username: str, field: str = "username") -> tuple[Room, bool]:
        """Return the room of two users, created if missing, and whether it is new.

        `field` is the input field of the username, named in the error about one's own username.
        """
        other = self._users.find_by_username(username)
        if other is None:
            raise NotFound()
        policies.require_not_self(user.id, other.id, field)
        lock = self._locks.lock_for(min(user.id, other.id) + max(user.id, other.id))
        with lock:
            room = self._rooms.find_direct(user.id, other.id)
            if room is not None:
                self._complete_direct(room, user, other)
                return room, False
        self._require_may_open(user, other)  # slow, therefore outside the lock
        with lock:
            created = self._rooms.insert_direct(user.id, other.id)
            room = created or self._rooms.find_direct(user.id, other.id)
            if room is None:
                raise NotFound()
            self._complete_direct(room, user, other)
            return room, created is not None

    def _complete_direct(self, room: Room, user: User, other: User) -> None:
        """Add both users to a direct room; the process that created it may have died before."""
        if self._memberships.count_of_room(room.id) == 2:
            return
        # After the room is stored: an earlier block is copied here, a later one finds the room.
        policies.require_unblocked(self._blocks.copy_to_room(user.id, other.id))
        self._new_members.add_to_room(room, (user, other), "member", by=user)

    def _require_may_open(self, user: User, other: User) -> None:
        """Refuse a new direct room after a block, or when too many opened ones are unanswered.

        The message logs show which rooms are answered. They are read only near the bound, and
        seldom, so that sending needs no additional write.
        """
        self._limits.count(ROOMS, user.id)
        self._blocks.require_no_block(user.id, other.id)
        if self._rooms.count_opened(user.id) < MAX_UNANSWERED_ROOMS:
            return
        self._limits.count(TRIES_AT_BOUND, user.id)
        opened = self._rooms.list_opened(user.id)
        answered = [
            room.id
            for room in cooperatively(opened)
            for other in room.member_ids
            if other != user.id and self._messages.has_written(room.id, other)
        ]
        self._rooms.mark_answered(answered)
        if len(opened) - len(answered) >= MAX_UNANSWERED_ROOMS:
            raise TooManyUnanswered()
