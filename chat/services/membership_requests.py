"""Membership requests: a user must accept before a stranger can add them to a group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from chat.clock import DAY_MS
from chat.errors import Conflict, Forbidden, NotFound
from chat.limits.limits import Limits
from chat.limits.rules import ASKS_BY_ONE, ASKS_TO_ONE
from chat.models import ReceivedRequest, Room, User
from chat.repositories.membership_requests import MembershipRequestRepository
from chat.services.blocks import Blocks
from chat.services.consent import Consent
from chat.services.events import Events
from chat.services.received_requests import ReceivedRequests

KEPT_DAYS = 30  # a request waits so long, and so long a declined one cannot be repeated
MAX_WAITING_REQUESTS = 50  # requests to one user


class TooManyMembershipRequests(Conflict):
    """The user has as many unanswered membership requests as allowed."""

    text_key = "error.too_many_unanswered"


class MembershipRequests:
    """Creates, lists and answers membership requests."""

    def __init__(
        self,
        *,
        requests: MembershipRequestRepository,
        received: ReceivedRequests,
        consent: Consent,
        blocks: Blocks,
        limits: Limits,
        events: Events,
        clock: Callable[[], int],
    ) -> None:
        self._requests = requests
        self._received = received
        self._consent = consent
        self._blocks = blocks
        self._limits = limits
        self._events = events
        self._clock = clock

    def ask_if_needed(self, actor: User, room: Room, user: User) -> bool:
        """Send a request if adding the user needs their consent; return whether it does.

        A second request while one waits changes nothing. Raises Forbidden if one of the two blocks
        the other or the user declined within KEPT_DAYS, TooManyMembershipRequests, and RateLimited
        for an actor who asks too often.
        """
        self._blocks.require_no_block(actor.id, user.id)
        now = self._clock()
        found = self._requests.find_of(room.id, user.id, now)
        if found is not None and found.declined:
            raise Forbidden()
        if not self._consent.is_needed(actor, user):
            return False
        if found is not None and self._received.receive([found]):
            return True
        if self._requests.count_waiting(user.id, now) >= MAX_WAITING_REQUESTS:
            raise TooManyMembershipRequests()
        self._limits.count(ASKS_TO_ONE, f"{actor.id} {user.id}")
        self._limits.count(ASKS_BY_ONE, actor.id)
        request = self._requests.insert(room.id, user.id, actor.id, now, now + KEPT_DAYS * DAY_MS)
        for received in self._received.receive([request] if request else []):
            self._events.invitation_received(user.id, received)
        return True

    def list_of(self, user: User) -> list[ReceivedRequest]:
        """Return the requests that wait for a user's answer, the newest first."""
        return self._received.receive(self._requests.list_waiting(user.id, self._clock()))

    def list_created(
        self, since: datetime, until: datetime | None, is_told: Callable[[str], bool]
    ) -> Iterator[tuple[str, ReceivedRequest]]:
        """Yield requests created since then, by any process, each with the id of its user.

        Requests whose id satisfies `is_told` are left out.
        """
        for request in self._requests.list_created(since, until):
            if not is_told(request.id):
                for received in self._received.receive([request]):
                    yield request.user_id, received

    def require(self, user: User, request_id: str) -> ReceivedRequest:
        """Return a request that waits for a user's answer; raise NotFound."""
        request = self._requests.find(request_id, user.id, self._clock())
        for received in self._received.receive([request] if request else []):
            return received
        raise NotFound()

    def decline(self, user: User, request_id: str) -> None:
        """Decline a request; for KEPT_DAYS the user gets no other one for that group."""
        request = self._requests.find(request_id, user.id, self._clock())
        if request is None or not self._requests.decline(
            request.id, self._clock() + KEPT_DAYS * DAY_MS
        ):
            raise NotFound()

    def use_up(self, request_id: str) -> None:
        """Delete an accepted request; raise NotFound if another call was first."""
        if not self._requests.delete(request_id):
            raise NotFound()

    def withdraw(self, room_id: str, user_id: str) -> None:
        """Delete the request to a user who joined in another way, or was removed."""
        self._requests.delete_waiting(room_id, user_id)

    def delete_user_data(self, user_id: str) -> None:
        """Delete all requests by and to a user whose account is deleted."""
        self._requests.delete_of_user(user_id)
