"""Sends the pushes that are due. Every serving process does; each takes what the others left."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from chat.concurrency import spawn
from chat.log.room_log import RoomLog
from chat.logs import REPEATS
from chat.models import Membership, Message, Push, PushSubscription, Room
from chat.push.concern import MAX_AGE, concerns, is_news
from chat.push.delivery import Delivery, Result
from chat.push.payload import payload_of
from chat.push.places import Places
from chat.repositories.memberships import MembershipRepository
from chat.repositories.outages import is_outage, logged_unless_outage
from chat.repositories.push_subscriptions import PushSubscriptionRepository
from chat.repositories.pushes import PushRepository
from chat.repositories.rooms import RoomRepository
from chat.services.read_marks import ReadMarks

INTERVAL = 1.0  # seconds between two looks for due pushes
CLAIM_MS = 60_000  # for which others leave a push to this process
BUSY_SECONDS = 3.0  # until a push is looked at again for which there was no place
FIRST_RETRY = 5.0  # seconds; it doubles
MAX_TRIES = 8
MAX_LOOKED_AT = 100  # messages, the newest, of a push whose last one is not to be told of
SECOND_MS = 1_000

log = logging.getLogger(__name__)


class PushSender:
    """Looks once more whether a push is due to its reader, and delivers it."""

    def __init__(
        self,
        *,
        pushes: PushRepository,
        subscriptions: PushSubscriptionRepository,
        rooms: RoomRepository,
        memberships: MembershipRepository,
        read_marks: ReadMarks,
        room_log: RoomLog,
        delivery: Delivery,
        clock: Callable[[], int],
    ) -> None:
        self._pushes = pushes
        self._subscriptions = subscriptions
        self._rooms = rooms
        self._memberships = memberships
        self._read_marks = read_marks
        self._room_log = room_log
        self._delivery = delivery
        self._clock = clock
        self._places = Places()
        self._wake = threading.Event()
        self._stopped = threading.Event()

    def wake(self) -> None:
        """Look for due pushes now."""
        self._wake.set()

    def run(self) -> None:
        """Send what is due until stopped, also after database outages."""
        while not self._stopped.is_set():
            with logged_unless_outage(log, "could not look for pushes", self._stopped.is_set):
                self.run_due()
            self._wake.wait(INTERVAL)
            self._wake.clear()

    def run_due(self) -> None:
        """Start to send what is due, as much as there is room for."""
        while self._start_some():
            pass  # those of other users may be due behind what has found no place

    def _start_some(self) -> bool:
        """Start to send the first ones that are due; return whether there were any to start."""
        now, free, has_started = self._clock(), self._places.free(), False
        if not free:
            return False
        for push in self._pushes.list_due(now, free, self._places.users_without()):
            if self._stopped.is_set():
                return False
            has_started |= self._start(push, now)
        return has_started

    def _start(self, push: Push, now: int) -> bool:
        if not self._places.take(push.user_id):
            return False
        is_claimed = False
        try:
            is_claimed = self._pushes.claim(push, now + CLAIM_MS)
        finally:
            if not is_claimed:
                self._places.leave(push.user_id)
        if is_claimed:
            spawn(self._send, push)
        return is_claimed

    def stop(self, seconds: float) -> None:
        """Start nothing more, and wait for what is under way."""
        self._stopped.set()
        self._wake.set()
        self.wait(seconds)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until nothing is under way; return whether that is so."""
        return self._places.wait(seconds)

    def _send(self, push: Push) -> None:
        try:
            self._try(push)
        except Exception as error:
            if not is_outage(error):  # else the claim ends by itself
                log.exception("could not send a push of session %s", push.session_id)
                self._pushes.finish(push, self._clock())
        finally:
            self._places.leave(push.user_id)
            self._wake.set()

    def _try(self, push: Push) -> None:
        now = self._clock()
        room = self._rooms.find(push.room_id)
        membership = self._memberships.find(push.room_id, push.user_id)
        subscription = self._subscriptions.find(push.session_id, now)
        if not (room and membership and subscription):
            self._pushes.finish(push, now)
            return
        membership = self._read_marks.with_mark(membership)
        message = self._find_message(push, room, membership, now)
        if message is None:
            self._pushes.finish(push, now)
            return
        result = self._deliver(subscription, message, room, membership)
        if result.outcome == "gone":
            self._subscriptions.delete(subscription.session_id, subscription.endpoint)
        elif result.outcome == "refused":
            log.warning("a push service answers %d", result.status, extra=REPEATS)
        self._settle(push, result)

    def _find_message(
        self, push: Push, room: Room, membership: Membership, now: int
    ) -> Message | None:
        """Return the newest message of a push that concerns the member.

        The last one may be deleted by now: it hides no earlier one.
        """
        first = max(push.from_seq, membership.last_read_seq + 1, push.seq - MAX_LOOKED_AT + 1)
        for start, end in ((max(first, push.seq), push.seq), (first, push.seq - 1)):
            for message in reversed(self._room_log.read(push.room_id, start, end)):
                if is_news(message, now) and concerns(message, room, membership):
                    return message
        return None

    def _deliver(
        self,
        subscription: PushSubscription,
        message: Message,
        room: Room,
        membership: Membership,
    ) -> Result:
        room = self._room_log.with_tail(room)
        ttl = max(1, (message.created_at + MAX_AGE - self._clock()) // SECOND_MS)
        is_urgent = room.kind == "direct" or not membership.wants_all
        unread = room.last_seq - membership.last_read_seq

        def deliver(with_text: bool) -> Result:
            payload = payload_of(message, room, unread, with_text)
            return self._delivery.deliver(subscription, payload, ttl, is_urgent)

        result = deliver(subscription.text)
        if result.outcome == "too_large" and subscription.text:
            result = deliver(with_text=False)
        return result

    def _settle(self, push: Push, result: Result) -> None:
        """Delete the push, or let it wait for another try."""
        now = self._clock()
        if result.outcome == "busy":
            wait = max(BUSY_SECONDS, result.retry_after or 0.0)
            due_at, tries = now + round(wait * SECOND_MS), push.tries
            self._pushes.postpone_session(push.session_id, now, due_at)  # for they find the same
        elif result.outcome == "later":
            wait = max(FIRST_RETRY * 2.0**push.tries, result.retry_after or 0.0)
            due_at, tries = now + round(wait * SECOND_MS), push.tries + 1
        else:
            self._pushes.finish(push, now)
            return
        if due_at >= push.expires_at or tries > MAX_TRIES:
            self._pushes.finish(push, now)
        else:
            self._pushes.postpone(push, due_at, tries)
