"""Blocking users, so that neither of the two can write to or invite the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chat import policies
from chat.errors import Conflict, NotFound
from chat.keyed_locks import KeyedLocks
from chat.limits.limits import Limits
from chat.limits.rules import CHANGES
from chat.models import User
from chat.repositories.blocks import BlockRepository
from chat.repositories.rooms import RoomRepository
from chat.repositories.users import UserRepository
from chat.services.jobs import Jobs, Progress
from chat.services.membership_cache import MembershipCache

MAX_BLOCKS = 1_000  # by one user
SETTLE = "settle_block"
# Seconds until a direct room is compared with the blocks once more, in case a process died between
# the two writes.
SETTLE_AFTER = 10.0


class TooManyBlocks(Conflict):
    """The user blocks as many users as allowed."""

    text_key = "error.too_many_blocks"


class Blocks:
    """Blocks between users. Their direct room holds a copy, which sending reads."""

    def __init__(
        self,
        *,
        blocks: BlockRepository,
        rooms: RoomRepository,
        users: UserRepository,
        membership_cache: MembershipCache,
        limits: Limits,
        jobs: Jobs,
    ) -> None:
        self._blocks = blocks
        self._rooms = rooms
        self._users = users
        self._membership_cache = membership_cache
        self._limits = limits
        self._jobs = jobs
        self._locks = KeyedLocks()
        jobs.register(SETTLE, self._copy_to_room_again)

    def block(self, user: User, other_id: str) -> None:
        """Block a user. Idempotent. Raises NotFound, TooManyBlocks."""
        self._limits.count(CHANGES, user.id)
        policies.require_not_self(user.id, other_id, "user_id")
        if self._users.find(other_id) is None:
            raise NotFound()
        with self._locks.lock_for(user.id):
            if user.id not in self._blocks.find_blockers(user.id, other_id):
                if self._blocks.count_blocked(user.id) >= MAX_BLOCKS:
                    raise TooManyBlocks()
                self._copy_to_room_later(user.id, other_id)
                self._blocks.insert(user.id, other_id)
            if len(self._users.list_by_ids([user.id, other_id])) < 2:
                self._blocks.delete(user.id, other_id)  # an account was deleted meanwhile
                raise NotFound()
            self.copy_to_room(user.id, other_id)

    def unblock(self, user: User, other_id: str) -> None:
        """Unblock a user. Idempotent."""
        self._limits.count(CHANGES, user.id)
        with self._locks.lock_for(user.id):
            if user.id in self._blocks.find_blockers(user.id, other_id):
                self._copy_to_room_later(user.id, other_id)
                self._blocks.delete(user.id, other_id)
                self.copy_to_room(user.id, other_id)

    def list_of(self, user: User) -> list[User]:
        """Return the users whom a user blocks, the newest block first."""
        ids = self._blocks.list_blocked(user.id)
        users = self._users.list_by_ids(ids)
        return [users[one] for one in ids if one in users]

    def is_either_blocked(self, user_id: str, other_id: str) -> bool:
        """Return whether one of two users blocks the other."""
        return bool(self._blocks.find_blockers(user_id, other_id))

    def require_no_block(self, user_id: str, other_id: str) -> None:
        """Raise Forbidden when one of two users blocks the other."""
        policies.require_unblocked(self._blocks.find_blockers(user_id, other_id))

    def copy_to_room(self, user_id: str, other_id: str) -> list[str]:
        """Copy the blocks of two users to their direct room, if they have one.

        Returns the ids of the users who block the other. Each writer reads the blocks again after
        it wrote the room, so the last of several concurrent writers leaves the true state.
        """
        room = self._rooms.find_direct(user_id, other_id)
        blockers = self._blocks.find_blockers(user_id, other_id)
        while room is not None and set(room.blocked_by) != set(blockers):
            self._rooms.update_blocked_by(room.id, blockers)
            self._membership_cache.forget(room.id)
            room = self._rooms.find(room.id)
            blockers = self._blocks.find_blockers(user_id, other_id)
        return blockers

    def delete_user_data(self, user_id: str) -> None:
        """Delete all blocks by and of a user whose account is deleted."""
        self._blocks.delete_of_user(user_id)

    def _copy_to_room_later(self, user_id: str, other_id: str) -> None:
        self._jobs.enqueue(SETTLE, {"user_ids": [user_id, other_id]}, SETTLE_AFTER)

    def _copy_to_room_again(
        self, arguments: Mapping[str, Any], progress: Progress
    ) -> Iterator[Progress]:
        self.copy_to_room(*arguments["user_ids"])
        yield progress
