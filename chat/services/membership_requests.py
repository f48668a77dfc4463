"""Consent: a stranger does not put a person into a group but asks whether they want to join."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from chat import policies
from chat.clock import DAY_MS
from chat.errors import Conflict, Forbidden, NotFound, RateLimited
from chat.limits.limits import Limits
from chat.limits.rules import ADDITIONS, ASKS_BY_ONE, ASKS_TO_ONE
from chat.models import MembershipRequest, ReceivedRequest, Room, User
from chat.repositories.membership_requests import MembershipRequestRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository
from chat.repositories.user_rooms import UserRoomRepository
from chat.repositories.users import UserRepository
from chat.services.blocks import Blocks
from chat.services.events import Events
from chat.services.memberships import Memberships

KEPT_DAYS = 30  # for which a request waits, and after which a declined one may be made again
MOST_WAITING = 50  # for one person's answer


class TooManyMembershipRequests(Conflict):
    """Somebody has as many membership requests without an answer as one may."""

    text_key = "error.too_many_unanswered"


class MembershipRequests:
    """Membership requests: whether a person wants to join a group.

    A request counts only while its group is there, the inviter may still add members, and neither
    of the two blocks the other. That is looked up when it matters, so no change of any of these can
    be missed.
    """

    def __init__(
        self,
        *,
        requests: MembershipRequestRepository,
        rooms: RoomRepository,
        user_rooms: UserRoomRepository,
        users: UserRepository,
        messages: MessageRepository,
        memberships: Memberships,
        blocks: Blocks,
        limits: Limits,
        events: Events,
        clock: Callable[[], int],
    ) -> None:
        self._requests = requests
        self._rooms = rooms
        self._user_rooms = user_rooms
        self._users = users
        self._messages = messages
        self._memberships = memberships
        self._blocks = blocks
        self._limits = limits
        self._events = events
        self._clock = clock

    def ask_if_needed(self, actor: User, room: Room, user: User) -> bool:
        """Ask a user whether they want to join, where that needs their consent; return whether.

        To ask again while it waits changes nothing. Raises Forbidden where one of the two blocks
        the other one or the user declined lately, TooManyMembershipRequests, and RateLimited for
        an actor who asks too often.
        """
        self._blocks.require_none(actor.id, user.id)
        now = self._clock()
        found = self._requests.find_of(room.id, user.id, now)
        if found is not None and found.declined:
            raise Forbidden()
        if not self._needs_consent(actor, user):
            return False
        if found is not None and self._receive([found]):
            return True
        if self._requests.count_waiting(user.id, now) >= MOST_WAITING:
            raise TooManyMembershipRequests()
        self._limits.count(ASKS_TO_ONE, f"{actor.id} {user.id}")
        self._limits.count(ASKS_BY_ONE, actor.id)
        request = self._requests.insert(room.id, user.id, actor.id, now, now + KEPT_DAYS * DAY_MS)
        for received in self._receive([request] if request else []):
            self._events.invitation_received(user.id, received)
        return True

    def list_of(self, user: User) -> list[ReceivedRequest]:
        """Return the requests that wait for a user's answer, the newest first."""
        return self._receive(self._requests.list_waiting(user.id, self._clock()))

    def list_created(
        self, since: datetime, until: datetime | None, is_told: Callable[[str], bool]
    ) -> Iterator[tuple[str, ReceivedRequest]]:
        """Yield the requests made since then, by any process, each with its user's id.

        Those whose id `is_told` knows are left out.
        """
        for request in self._requests.list_created(since, until):
            if not is_told(request.id):
                for received in self._receive([request]):
                    yield request.user_id, received

    def require(self, user: User, request_id: str) -> ReceivedRequest:
        """Return a request that waits for a user's answer; raise NotFound."""
        request = self._requests.find(request_id, user.id, self._clock())
        for received in self._receive([request] if request else []):
            return received
        raise NotFound()

    def decline(self, user: User, request_id: str) -> None:
        """Decline a request: nobody may ask again for that group for KEPT_DAYS."""
        request = self._requests.find(request_id, user.id, self._clock())
        if request is None or not self._requests.decline(
            request.id, self._clock() + KEPT_DAYS * DAY_MS
        ):
            raise NotFound()

    def use_up(self, request_id: str) -> None:
        """Take a request that is accepted: it is good once; raise NotFound when it is gone."""
        if not self._requests.delete(request_id):
            raise NotFound()

    def withdraw(self, room_id: str, user_id: str) -> None:
        """Remove the request to somebody who came in otherwise, or was removed."""
        self._requests.delete_waiting(room_id, user_id)

    def forget_user(self, user_id: str) -> None:
        """Remove all requests by and to a person whose account is gone."""
        self._requests.delete_of_user(user_id)

    def _needs_consent(self, actor: User, user: User) -> bool:
        """Tell whether a user must be asked before `actor` adds them to a group.

        If not, this counts as one of the few times a day that others may add them.
        """
        if not self._share_a_room(actor.id, user.id):
            return True
        try:
            self._limits.count(ADDITIONS, user.id)
        except RateLimited:
            return True
        return False

    def _share_a_room(self, actor_id: str, user_id: str) -> bool:
        """Tell whether two people share a group, or a direct room in which `user_id` has written.

        Anybody can open a direct room with anybody, so one that was not answered shows nothing.
        """
        rooms = self._user_rooms.list_rooms_of_users([actor_id, user_id])
        shared = set(rooms.get(actor_id, ())) & set(rooms.get(user_id, ()))
        direct = self._rooms.find_direct(actor_id, user_id) if shared else None
        if direct is None:
            return bool(shared)
        return bool(shared - {direct.id}) or self._messages.has_written(direct.id, user_id)

    def _receive(self, requests: Iterable[MembershipRequest]) -> list[ReceivedRequest]:
        """Return what requests of one user look like to them; remove those that count no more."""
        requests = list(requests)
        if not requests:
            return []
        user_id = requests[0].user_id
        rooms = {room.id: room for room in self._rooms.list_by_ids(one.room_id for one in requests)}
        inviters = self._users.list_by_ids({one.inviter_id for one in requests})
        own = set(self._user_rooms.list_rooms_of_users([user_id]).get(user_id, ()))
        apart = {one for one in inviters if self._blocks.are_apart(user_id, one)}
        received = []
        for request in requests:  # few, and each waits for the database: others have their turns
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
            count = self._memberships.count(room.id)
            received.append(ReceivedRequest(request.id, room, count, inviter, request.created_at))
        return received

    def _may_add(self, room: Room, inviter: User) -> bool:
        membership = self._user_rooms.find(room.id, inviter.id)
        is_enabled = inviter.disabled_at is None
        return is_enabled and membership is not None and policies.is_manager(room, membership)
