"""Changes of stored messages: edit, delete, react, pin; and reading these changes."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context

from chat import policies
from chat.errors import NotFound, TooManyPins
from chat.ids import new_id
from chat.limits.limits import Limits
from chat.limits.rules import MESSAGES
from chat.log.futures import Stored, StoredFuture
from chat.log.room_log import RoomLog
from chat.models import (
    NO_MENTIONS,
    Change,
    ChangeKind,
    Changes,
    Mentions,
    Message,
    Reaction,
    Room,
    RoomKind,
    User,
)
from chat.repositories.users import UserRepository
from chat.services.audit import Audit
from chat.services.membership_cache import MembershipCache
from chat.services.mentions import MentionFinder
from chat.services.quotas import Quotas
from chat.text.sizes import size_of_text

MAX_PINS = 50  # of a room
REACTIONS_PAGE = 100


class ChangeService:
    """Checks who may change a message, and appends the change to the room's log of changes.

    Each verb returns a future of the message as it is after the change.
    """

    def __init__(
        self,
        *,
        room_log: RoomLog,
        membership_cache: MembershipCache,
        users: UserRepository,
        limits: Limits,
        quotas: Quotas,
        audit: Audit,
        mentions: MentionFinder,
        clock: Callable[[], int],
    ) -> None:
        self._room_log = room_log
        self._membership_cache = membership_cache
        self._users = users
        self._limits = limits
        self._quotas = quotas
        self._audit = audit
        self._mentions = mentions
        self._clock = clock

    def edit(
        self, user: User, room_id: str, seq: int, data: str, kind: RoomKind | None = None
    ) -> StoredFuture:
        """Replace the text of a message; for its author, while they may post in the room."""
        self._limits.count(MESSAGES, user.id)
        room, membership = self._membership_cache.require_may_post(user.id, room_id, kind)
        message = self._require_message(room, seq)
        policies.require_author(message, user.id)
        policies.require_undeleted(message)
        policies.require_content(message, data)
        size = size_of_text(data)
        refusal = self._quotas.find_refusal(size, user=user.id, room=room.id)
        if refusal:
            raise refusal

        def count(future: StoredFuture) -> None:
            if future.exception() is None:
                self._quotas.count(size, user=user.id, room=room.id)

        future = self._change(
            user, room, message, "text", data, mentions=self._mentions.find(room, membership, data)
        )
        future.add_done_callback(count)
        return future

    def delete(
        self, user: User, room_id: str, seq: int, kind: RoomKind | None = None
    ) -> StoredFuture:
        """Replace a message by a tombstone; for its author, the owner and the admins.

        Idempotent, so a client that lost the answer can repeat the call.
        """
        self._limits.count(MESSAGES, user.id)
        room, _ = self._membership_cache.require_of_kind(user.id, room_id, kind)
        message = self._require_message(room, seq)
        is_own = message.user_id == user.id
        if not is_own:
            policies.require_manager(*self._membership_cache.require_fresh(user.id, room_id))
        if message.deleted:
            future = StoredFuture()
            future.set_result(Stored(message, created=False))
            return future
        context = copy_context()  # it holds the caller's address for the audit log

        def note(future: StoredFuture) -> None:
            if future.exception() is None:
                context.run(self._record_deletion, user.id, message)

        future = self._change(user, room, message, "deleted")
        if not is_own:
            future.add_done_callback(note)
        return future

    def react(
        self,
        user: User,
        room_id: str,
        seq: int,
        emoji: str,
        on: bool,
        kind: RoomKind | None = None,
    ) -> StoredFuture:
        """Add or remove the user's reaction; for every member, also where only admins post."""
        self._limits.count(MESSAGES, user.id)
        room, _ = self._membership_cache.require_of_kind(user.id, room_id, kind)
        self._membership_cache.require_reachable(room)
        message = self._require_message(room, seq)
        policies.require_undeleted(message)
        if on:
            policies.require_emoji_capacity(message, emoji)
        return self._change(user, room, message, "reaction", on, emoji)

    def pin(
        self, user: User, room_id: str, seq: int, on: bool, kind: RoomKind | None = None
    ) -> StoredFuture:
        """Pin or unpin a message; for the owner and the admins, in a direct room for both."""
        self._limits.count(MESSAGES, user.id)
        self._membership_cache.require_of_kind(user.id, room_id, kind)
        room, membership = self._membership_cache.require_fresh(user.id, room_id)
        policies.require_may_pin(room, membership)
        self._membership_cache.require_reachable(room)
        message = self._require_message(room, seq)
        policies.require_undeleted(message)
        if on and not message.pinned and len(self._pinned(room)) >= MAX_PINS:
            raise TooManyPins()
        return self._change(user, room, message, "pinned", on)

    def get(self, user: User, room_id: str, seq: int) -> Message:
        """Return one message in its present state; raise NotFound."""
        room, _ = self._membership_cache.require(user.id, room_id)
        return self._require_message(room, seq)

    def pins(self, user: User, room_id: str) -> list[Message]:
        """Return the pinned messages of a room, the one pinned last first."""
        room, _ = self._membership_cache.require(user.id, room_id)
        return self._pinned(room)

    def reactions(
        self, user: User, room_id: str, seq: int, emoji: str | None = None, after: int = 0
    ) -> list[tuple[User, Reaction]]:
        """Return a page of a message's reactions after a rev, with their users, in order of rev.

        Reactions of deleted accounts are left out.
        """
        message = self.get(user, room_id, seq)
        found = [one for one in message.reactions if one.rev > after and emoji in (None, one.emoji)]
        users = self._users.list_by_ids({one.user_id for one in found})
        known = [(users[one.user_id], one) for one in found if one.user_id in users]
        return known[:REACTIONS_PAGE]

    def changed_since(self, user: User, room_id: str, after_rev: int, limit: int) -> Changes:
        """Return the messages that changed after a rev, each once in its present state."""
        room, _ = self._membership_cache.require(user.id, room_id)
        return self._room_log.changes(room, after_rev, limit, self._room_log.last_rev(room))

    def _pinned(self, room: Room) -> list[Message]:
        # More than MAX_PINS, because concurrent pins can exceed the bound.
        return self._room_log.pinned(room.id, 2 * MAX_PINS)

    def _require_message(self, room: Room, seq: int) -> Message:
        message = self._room_log.find_message(room.id, seq)
        if message is None:
            raise NotFound()
        return message

    def _change(
        self,
        user: User,
        room: Room,
        message: Message,
        kind: ChangeKind,
        value: str | bool | None = None,
        emoji: str = "",
        mentions: Mentions = NO_MENTIONS,
    ) -> StoredFuture:
        change = Change(
            id=new_id(),
            room_id=room.id,
            rev=0,
            message_id=message.id,
            seq=message.seq,
            kind=kind,
            user_id=user.id,
            created_at=self._clock(),
            value=value,
            emoji=emoji,
            mentions=mentions,
        )
        return self._room_log.change(room, change)

    def _record_deletion(self, actor_id: str, message: Message) -> None:
        self._audit.record(
            "message_deleted",
            actor_id,
            target_id=message.user_id,
            room_id=message.room_id,
            detail=f"seq {message.seq}",
        )
