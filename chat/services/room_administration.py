"""The operator's commands about rooms: view and delete.

The audit log records every one of them, views included.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chat import policies
from chat.errors import NotFound
from chat.models import OPERATOR, Membership, Room
from chat.repositories.memberships import MembershipRepository
from chat.repositories.rooms import RoomRepository
from chat.services.audit import Audit
from chat.services.groups import Groups
from chat.services.profiles import Profiles


@dataclass(frozen=True, slots=True)
class RoomView:
    """A room and its members by username; a deleted account has the empty name."""

    room: Room
    members: list[tuple[str, Membership]]


class RoomAdministration:
    """The operator's verbs about rooms. A room is named by number or id."""

    def __init__(
        self,
        rooms: RoomRepository,
        memberships: MembershipRepository,
        groups: Groups,
        profiles: Profiles,
        audit: Audit,
    ) -> None:
        self._rooms = rooms
        self._memberships = memberships
        self._groups = groups
        self._profiles = profiles
        self._audit = audit

    def list_rooms(self) -> Iterator[Room]:
        """Yield all rooms."""
        self._audit.record("rooms_listed", OPERATOR)
        return self._rooms.list_all()

    def show_room(self, name: str) -> RoomView:
        """Return a room with its members, the oldest membership first; raise NotFound."""
        room = self._get_room(name)
        self._audit.record("room_shown", OPERATOR, room_id=room.id)
        found = self._memberships.list_of_room(room.id)
        memberships = [policies.resolve_role(room, one) for one in found]
        names = self._profiles.names_of(one.user_id for one in memberships)
        return RoomView(room, [(names[one.user_id], one) for one in memberships])

    def get_room(self, name: str) -> Room:
        """Return a room without an audit entry for the view; raise NotFound."""
        return self._get_room(name)

    def end_room(self, room_id: str) -> None:
        """Delete a room of any kind with all its messages; raise NotFound."""
        room = self._get_room(room_id)
        self._groups.end(room.id, OPERATOR)
        if room.kind == "direct":  # the removal records the end of a group itself
            self._audit.record("direct_room_ended", OPERATOR, room_id=room.id)

    def _get_room(self, name: str) -> Room:
        room = self._rooms.find_by_number(name) or self._rooms.find(name)
        if room is None:
            raise NotFound()
        return room
