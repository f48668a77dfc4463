"""Membership requests as their recipients see them."""

from __future__ import annotations

from collections.abc import Iterable

from chat import policies
from chat.models import MembershipRequest, ReceivedRequest, Room, User
from chat.repositories.membership_requests import MembershipRequestRepository
from chat.repositories.memberships import MembershipRepository
from chat.repositories.rooms import RoomRepository
from chat.repositories.users import UserRepository
from chat.services.blocks import Blocks
from chat.services.membership_cache import MembershipCache


class ReceivedRequests:
    """Joins requests with their rooms and inviters.

    A request is valid only while its group exists, the inviter may add members, and neither of the
    two blocks the other. This is checked at each use, so no change can be missed.
    """

    def __init__(
        self,
        *,
        requests: MembershipRequestRepository,
        rooms: RoomRepository,
        memberships: MembershipRepository,
        users: UserRepository,
        membership_cache: MembershipCache,
        blocks: Blocks,
    ) -> None:
        self._requests = requests
        self._rooms = rooms
        self._memberships = memberships
        self._users = users
        self._membership_cache = membership_cache
        self._blocks = blocks

    def receive(self, requests: Iterable[MembershipRequest]) -> list[ReceivedRequest]:
        """Return the valid requests to one user as they see them; delete the invalid ones."""
        requests = list(requests)
        if not requests:
            return []
        user_id = requests[0].user_id
        rooms = {room.id: room for room in self._rooms.list_by_ids(one.room_id for one in requests)}
        inviters = self._users.list_by_ids({one.inviter_id for one in requests})
        own = set(self._memberships.list_rooms_of_users([user_id]).get(user_id, ()))
        apart = {one for one in inviters if self._blocks.is_either_blocked(user_id, one)}
        received = []
        for request in requests:  # few, and each query yields to other tasks
            room, inviter = rooms.get(request.room_id), inviters.get(request.inviter_id)
            if (
                room is None
                or inviter is None
                or room.id in own
                or inviter.id in apart
                or not self._may_add(room, inviter)
            ):
                self._requests.delete(request.id)
                continue
            count = self._membership_cache.count(room.id)
            received.append(ReceivedRequest(request.id, room, count, inviter, request.created_at))
        return received

    def _may_add(self, room: Room, inviter: User) -> bool:
        membership = self._memberships.find(room.id, inviter.id)
        is_enabled = inviter.disabled_at is None
        return is_enabled and membership is not None and policies.is_manager(room, membership)
