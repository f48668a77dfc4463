"""The one room that two people share."""

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
from chat.services.arrivals import Arrivals
from chat.services.blocks import Blocks

# Direct rooms that one opened and in which the other one has not written: it costs whoever opens
# them, because nobody can help being written to.
MOST_UNANSWERED = 500


class TooManyUnanswered(Conflict):
    """Somebody opened as many direct rooms as one may in which the other one has not written."""

    text_key = "error.too_many_direct_rooms"


class DirectRooms:
    """Finds the room of two people, and makes it when they first talk."""

    def __init__(
        self,
        *,
        rooms: RoomRepository,
        memberships: MembershipRepository,
        users: UserRepository,
        messages: MessageRepository,
        arrivals: Arrivals,
        blocks: Blocks,
        limits: Limits,
    ) -> None:
        self._rooms = rooms
        self._memberships = memberships
        self._users = users
        self._messages = messages
        self._arrivals = arrivals
        self._blocks = blocks
        self._limits = limits
        # Two people who write first at the same moment take turns because the second one's message
        # could be pushed before the first one's clients hear the room.
        self._locks = KeyedLocks()

    def direct_with(self, user: User, username: str, field: str = "username") -> tuple[Room, bool]:
        """Return the room of two people, making it when they first talk; True when it is new.

        `field` is what the input called the username, for the error about oneself.
        """
        other = self._users.find_by_username(username)
        if other is None:
            raise NotFound()
        policies.require_other(user.id, other.id, field)
        lock = self._locks.lock_for(min(user.id, other.id) + max(user.id, other.id))
        with lock:
            room = self._rooms.find_direct(user.id, other.id)
            if room is not None:
                self._complete_direct(room, user, other)
                return room, False
        self._require_may_open(user, other)  # it may take a while, so nobody waits behind it
        with lock:
            created = self._rooms.insert_direct(user.id, other.id)
            room = created or self._rooms.find_direct(user.id, other.id)
            if room is None:
                raise NotFound()
            self._complete_direct(room, user, other)
            return room, created is not None

    def _complete_direct(self, room: Room, user: User, other: User) -> None:
        """Let the two enter a direct room: whoever made it may have come no further than that."""
        if self._memberships.count_of_room(room.id) == 2:
            return
        # Now that the room is there: a block from before finds it here, a later one finds the room.
        policies.require_unblocked(self._blocks.settle(user.id, other.id))
        self._arrivals.let_in(room, (user, other), "member", by=user)

    def _require_may_open(self, user: User, other: User) -> None:
        """Refuse a new direct room of people who are blocked, or of somebody who opened many.

        Those count in which the other one has not written. The logs say so; they are asked only
        when there may be too many, and seldom, so that sending needs to note nothing.
        """
        self._limits.count(ROOMS, user.id)
        self._blocks.require_none(user.id, other.id)
        if self._rooms.count_opened(user.id) < MOST_UNANSWERED:
            return
        self._limits.count(TRIES_AT_BOUND, user.id)
        opened = self._rooms.list_opened(user.id)
        answered = [
            room.id
            for room in cooperatively(opened)
            for other in room.member_ids
            if other != user.id and self._messages.has_written(room.id, other)
        ]
        self._rooms.note_answered(answered)
        if len(opened) - len(answered) >= MOST_UNANSWERED:
            raise TooManyUnanswered()
