"""How many groups one may be in, and how many members a group may have."""

from __future__ import annotations

from chat.errors import Conflict
from chat.models import Room, User
from chat.repositories.memberships import MembershipRepository
from chat.repositories.rooms import RoomRepository

# Groups one may come to by one's own doing, and to which others may bring one: so that they cannot
# use it up. Commands that make data are not bound.
MOST_ROOMS = 2_000
MOST_ROOMS_BY_OTHERS = 1_000
MOST_MEMBERS = 5_000  # of a group


class TooManyRooms(Conflict):
    """Somebody is in as many groups as one may be."""

    text_key = "error.too_many_rooms"


class GroupFull(Conflict):
    """A group has as many members as it may have."""

    text_key = "error.group_full"


class Capacity:
    """Refuses what would be one group or one member too many."""

    def __init__(self, rooms: RoomRepository, memberships: MembershipRepository) -> None:
        self._rooms = rooms
        self._memberships = memberships

    def require_space(self, room: Room, user: User, *, by_others: bool = False) -> None:
        """Refuse a user who is in too many groups for one more, and a group that is full."""
        self.require_room_for(user, by_others=by_others)
        if self._memberships.count_of_room(room.id) >= MOST_MEMBERS:
            raise GroupFull()

    def require_room_for(self, user: User, *, by_others: bool = False) -> None:
        """Refuse a user who is in too many groups for one more; fewer when others bring them."""
        most = MOST_ROOMS_BY_OTHERS if by_others else MOST_ROOMS
        if self._memberships.count_of_user(user.id) < most:  # direct rooms too: mostly enough
            return
        room_ids = self._memberships.list_rooms_of_users([user.id]).get(user.id, ())
        if self._rooms.count_groups(room_ids) >= most:
            raise TooManyRooms()
