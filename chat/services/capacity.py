"""Bounds: the groups of a user and the members of a group."""

from __future__ import annotations

from chat.errors import Conflict
from chat.models import Room, User
from chat.repositories.memberships import MembershipRepository
from chat.repositories.rooms import RoomRepository

# Groups a user may be in. Others may add a user only up to the smaller bound, so that they cannot
# use up the user's own. Commands that create data are not bound.
MAX_ROOMS = 2_000
MAX_ROOMS_BY_OTHERS = 1_000
MAX_MEMBERS = 5_000  # of a group


class TooManyRooms(Conflict):
    """The user is in as many groups as allowed."""

    text_key = "error.too_many_rooms"


class GroupFull(Conflict):
    """The group has as many members as allowed."""

    text_key = "error.group_full"


class Capacity:
    """Refuses one more group for a user and one more member for a group beyond the bounds."""

    def __init__(self, rooms: RoomRepository, memberships: MembershipRepository) -> None:
        self._rooms = rooms
        self._memberships = memberships

    def require_capacity(self, room: Room, user: User, *, by_others: bool = False) -> None:
        """Raise TooManyRooms or GroupFull when the user cannot enter this group."""
        self.require_group_capacity(user, by_others=by_others)
        if self._memberships.count_of_room(room.id) >= MAX_MEMBERS:
            raise GroupFull()

    def require_group_capacity(self, user: User, *, by_others: bool = False) -> None:
        """Raise TooManyRooms when the user cannot be in one more group.

        The bound is smaller when `by_others` adds them.
        """
        most = MAX_ROOMS_BY_OTHERS if by_others else MAX_ROOMS
        # The cheap count includes direct rooms; mostly it is below the bound all the same.
        if self._memberships.count_of_user(user.id) < most:
            return
        room_ids = self._memberships.list_rooms_of_users([user.id]).get(user.id, ())
        if self._rooms.count_groups(room_ids) >= most:
            raise TooManyRooms()
