"""Read every message once and in order, and each change, also when pushes are lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from chat.bots.changes import Page
from chat.bots.connection import NAMESPACES
from chat.bots.delivery import Delivery
from chat.bots.errors import BotError, Stopped
from chat.bots.inbox import Inbox
from chat.bots.link import Link
from chat.bots.log import Entry
from chat.bots.membership_requests import MembershipRequests
from chat.bots.pages import Pages
from chat.bots.poll_schedule import PollSchedule
from chat.bots.session import Session
from chat.bots.sync import RETRY, Sync
from chat.bots.timers import Timers

# Polling a room costs a request and the server a read; a `sync` costs it a read for each room.
SYNC_FROM = 3  # rooms to poll, and
SYNC_SHARE = 1 / 4  # of all rooms of the kind: then one `sync` of all is cheaper

log = logging.getLogger(__name__)


class Reader:
    """Runs in one thread, and so does everything that handlers do.

    It takes pushes from `inbox`, polls for what they did not bring, and hands both to `delivery`.
    `on_ready()` is called when every room there is at the start is being followed.
    """

    def __init__(
        self,
        inbox: Inbox,
        link: Link,
        session: Session,
        delivery: Delivery,
        timers: Timers,
        on_ready: Callable[[], None],
        from_start: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inbox = inbox
        self._delivery = delivery
        self._logs = delivery.logs
        self._timers = timers
        self._clock = clock
        self._polls = PollSchedule()
        self._membership_requests = MembershipRequests(session, clock)
        self._pages = Pages(session, delivery)
        self._sync = Sync(link, session, delivery, self._polls, on_ready, from_start, clock)

    def run(self) -> None:
        """Read from the positions in the file, until stopped."""
        self.begin()
        while not self._delivery.is_stopping:
            self.run_once()
        self._delivery.write()

    def begin(self) -> None:
        """Begin at the positions in the file."""
        self._delivery.begin()
        self._timers.restart()

    def run_once(self) -> None:
        """Wait for a push or until something is due, and do it."""
        push = self._inbox.get(self._idle_seconds())
        if push is not None:
            self._handle_push(*push)
        self._run_due()

    def stop(self) -> None:
        """Handle no further message."""
        self._delivery.stop()
        self._inbox.wake()

    def _handle_push(self, kind: str, event: str, payload: Any) -> None:
        if event == "connecting":
            self._sync.distrust(kind)
        elif event == "connected":
            self._sync.distrust(kind)
            self._sync.schedule(kind)
            self._membership_requests.schedule()
        elif event == "invitation_received":
            self._membership_requests.schedule()
        elif event == "message_created":
            if self._sync.trusts(kind):
                self._handle_message(kind, payload)
        elif event == "messages_changed":
            if self._sync.trusts(kind) and self._delivery.follows_changes:
                self._handle_changes(kind, payload)
        elif event == "room_created" and payload["id"] not in self._logs:
            self._sync.schedule(kind)
        elif event == "room_deleted":
            self._sync.drop(kind, payload["room_id"])
        elif event == "member_left" and payload["user_id"] == self._delivery.state.user_id:
            self._sync.drop(kind, payload["room_id"])

    def _handle_message(self, kind: str, entry: Entry) -> None:
        known = self._logs.get(entry["room_id"])
        if known is None:  # its `room_created` is still under way, or was lost
            self._sync.schedule(kind)
            return
        self._delivery.deliver(known, [entry])
        self._polls.record_news(entry["room_id"], known.has_gap, self._clock())

    def _handle_changes(self, kind: str, page: Page) -> None:
        known = self._logs.get(page["room_id"])
        if known is None:  # as above
            self._sync.schedule(kind)
            return
        known.changes.put(page)
        self._delivery.deliver_changes(known)
        self._polls.record_news(page["room_id"], known.has_gap, self._clock())

    def _run_due(self) -> None:
        now = self._clock()
        self._sync.run_due(now)
        self._poll(self._polls.take_due(now))
        self._membership_requests.accept_due(now)
        for function in self._timers.take_due():
            self._call(function)
        if self._inbox.empty():
            self._delivery.write()

    def _poll(self, room_ids: list[str]) -> None:
        """Poll rooms, many of a kind at once."""
        for kind in NAMESPACES:
            followed = self._logs.positions(kind) if room_ids else {}
            rooms = [room_id for room_id in room_ids if room_id in followed]
            if len(rooms) >= max(SYNC_FROM, SYNC_SHARE * len(followed)):
                for room_id in rooms:
                    self._polls.record_empty_poll(room_id, self._clock())
                self._sync.run(kind)
            else:
                for room_id in rooms:
                    self._fetch(room_id)

    def _fetch(self, room_id: str) -> None:
        """Read what is missing of a room, and schedule its next poll."""
        known = self._logs.get(room_id)
        if known is None or self._delivery.is_stopping:
            return
        before = known.position, known.changes.rev
        try:
            is_same = self._pages.fetch_messages(room_id, known)
            is_same = is_same and self._pages.fetch_changes(room_id, known)
        except BotError as error:
            if error.code == "not_found":
                self._sync.drop(known.kind, room_id)
            else:
                log.info("could not fetch messages: %s", error.code)
                self._polls.schedule(room_id, self._clock() + max(RETRY, error.retry_after))
            return
        if not is_same:
            self._sync.schedule(known.kind)  # shows what to do
        elif known.has_gap:
            self._polls.schedule(room_id, self._clock() + RETRY)
        elif before != (known.position, known.changes.rev):
            self._polls.record_news(room_id, False, self._clock())
        else:
            self._sync.note_quiet(room_id, known)
            self._polls.record_empty_poll(room_id, self._clock())

    def _call(self, function: Callable[[], object]) -> None:
        if self._delivery.is_stopping:
            return
        try:
            function()
        except Stopped:
            raise
        except Exception:
            log.exception("a timed function failed")
        self._delivery.state.commit_memory()

    def _idle_seconds(self) -> float | None:
        planned = [
            self._sync.next_due(),
            self._polls.next_due(),
            self._membership_requests.next_due(),
            self._timers.next_due(),
        ]
        dues = [due for due in planned if due is not None]
        return max(0.0, min(dues) - self._clock()) if dues else None
