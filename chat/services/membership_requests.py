"""Consent: a stranger does not put a person into a group but asks whether they want to join."""

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

KEPT_DAYS = 30  # for which a request waits, and after which a declined one may be made again
MOST_WAITING = 50  # for one person's answer


class TooManyMembershipRequests(Conflict):
    """Somebody has as many membership requests without an answer as one may."""

    text_key = "error.too_many_unanswered"


class MembershipRequests:
    """Membership requests: whether a person wants to join a group."""

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
        if not self._consent.is_needed(actor, user):
            return False
        if found is not None and self._received.receive([found]):
            return True
        if self._requests.count_waiting(user.id, now) >= MOST_WAITING:
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
        """Yield the requests made since then, by any process, each with its user's id.

        Those whose id `is_told` knows are left out.
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
