"""The consumer of the rooms' logs that notes who is to be told of a message."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from heapq import nlargest

from chat.concurrency import cooperatively
from chat.consumers.consumer import Batch
from chat.models import Message, Push
from chat.push.concern import MAX_AGE, is_news
from chat.repositories.memberships import MembershipRepository
from chat.repositories.push_subscriptions import PushSubscriptionRepository
from chat.repositories.pushes import PushRepository

# An open page may be read: it marks what it shows as read within a second, and that is written
# within another one or two.
READING_MS = 4_000
MAX_BROWSERS = 10  # of one person, which bounds how many pushes wait
CHECK_INTERVAL = 5.0  # seconds after which it asks again whether anybody has subscribed


class PushAudience:
    """Notes pushes for the subscribed among those whom a message may concern.

    Only the sender looks whether it does: what counts is how things are then.
    """

    name = "push"
    begins_at_head = True
    reads_messages = True
    tells_people = True

    def __init__(
        self,
        *,
        subscriptions: PushSubscriptionRepository,
        pushes: PushRepository,
        memberships: MembershipRepository,
        is_online: Callable[[str], bool],
        wake: Callable[[], None],
        clock: Callable[[], int],
    ) -> None:
        self._subscriptions = subscriptions
        self._pushes = pushes
        self._memberships = memberships
        self._is_online = is_online
        self._wake = wake
        self._clock = clock
        self._checked_at = float("-inf")
        self._anybody = False

    def handle(self, batches: Sequence[Batch]) -> None:
        if not self._has_anybody():
            return
        now = self._clock()
        found: dict[tuple[str, str], Message] = {}  # the last one, by room and user
        for batch in cooperatively(batches):
            for message, user_ids in self._named(batch, now):
                found |= {(batch.room.id, user_id): message for user_id in user_ids}
        self._add_those_wanting_all(batches, found, now)
        # The sender of a message has read all before it.
        found = {key: one for key, one in found.items() if one.user_id != key[1]}
        first = {batch.room.id: batch.messages[0].seq for batch in batches if batch.messages}
        self._note(found, first, now)

    def clear(self) -> Iterator[object]:
        """Do nothing: it is never rebuilt."""
        return iter(())

    def _has_anybody(self) -> bool:
        if time.monotonic() >= self._checked_at + CHECK_INTERVAL:
            self._anybody = self._subscriptions.exists()
            self._checked_at = time.monotonic()
        return self._anybody

    def subscribed(self) -> None:
        """Note that somebody has subscribed here."""
        self._anybody = True

    def _named(self, batch: Batch, now: int) -> Iterator[tuple[Message, Collection[str]]]:
        """Yield news with those whom it names, the later ones last.

        In a direct room that is the last one, with both.
        """
        news = [one for one in batch.messages if is_news(one, now)]
        if batch.room.kind == "direct":
            yield from ((message, batch.room.member_ids) for message in news[-1:])
            return
        # A room may have thousands of members, and all are told of the last message to all alone.
        to_all = next((one for one in reversed(news) if one.mentions.all), None)
        for message in news:
            if message is to_all:
                members = self._memberships.list_of_room(batch.room.id)
                yield message, [one.user_id for one in members]
            else:
                yield message, message.mentions.user_ids

    def _add_those_wanting_all(
        self, batches: Sequence[Batch], found: dict[tuple[str, str], Message], now: int
    ) -> None:
        """Add the members who chose to be told of all messages of a group."""
        last = {
            batch.room.id: message
            for batch in batches
            if batch.room.kind == "group"
            for message in batch.messages
            if is_news(message, now)
        }
        for room_id, user_id in self._memberships.list_wanting_all(last):
            found[room_id, user_id] = last[room_id]

    def _note(self, found: dict[tuple[str, str], Message], first: dict[str, int], now: int) -> None:
        sessions: dict[str, list[str]] = {}
        users = {user_id for _, user_id in found}
        for one in self._subscriptions.list_of_users(users, now):
            sessions.setdefault(one.user_id, []).append(one.session_id)
        self._pushes.put(
            Push(
                session_id=session_id,
                user_id=user_id,
                room_id=room_id,
                from_seq=first[room_id],
                seq=message.seq,
                due_at=now + READING_MS if self._is_online(user_id) else now,
                expires_at=message.created_at + MAX_AGE,
            )
            for (room_id, user_id), message in found.items()
            for session_id in nlargest(MAX_BROWSERS, sessions.get(user_id, ()))  # the newest
        )
        if sessions:
            self._wake()
