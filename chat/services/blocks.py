"""Blocking people, so that neither can write to or invite the other."""

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

MOST_BLOCKS = 1_000  # of one person
SETTLE = "settle_block"
# Seconds after which a direct room is compared with the blocks once more, for a process that died
# between writing the two.
SETTLE_AFTER = 10.0


class TooManyBlocks(Conflict):
    """Somebody blocks as many people as one may."""

    text_key = "error.too_many_blocks"


class Blocks:
    """Blocks between people. Their direct room has a copy, which sending looks at."""

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
        jobs.register(SETTLE, self._settle_again)

    def block(self, user: User, other_id: str) -> None:
        """Block a person; blocking twice changes nothing. Raises NotFound, TooManyBlocks."""
        self._limits.count(CHANGES, user.id)
        policies.require_other(user.id, other_id, "user_id")
        if self._users.find(other_id) is None:
            raise NotFound()
        with self._locks.lock_for(user.id):
            if user.id not in self._blocks.find_blockers(user.id, other_id):
                if self._blocks.count_blocked(user.id) >= MOST_BLOCKS:
                    raise TooManyBlocks()
                self._settle_later(user.id, other_id)
                self._blocks.insert(user.id, other_id)
            if len(self._users.list_by_ids([user.id, other_id])) < 2:
                self._blocks.delete(user.id, other_id)  # an account ended in the middle
                raise NotFound()
            self.settle(user.id, other_id)

    def unblock(self, user: User, other_id: str) -> None:
        """Let a person write again; one who is not blocked stays so."""
        self._limits.count(CHANGES, user.id)
        with self._locks.lock_for(user.id):
            if user.id in self._blocks.find_blockers(user.id, other_id):
                self._settle_later(user.id, other_id)
                self._blocks.delete(user.id, other_id)
                self.settle(user.id, other_id)

    def list_of(self, user: User) -> list[User]:
        """Return those whom a user blocks, the last one first."""
        ids = self._blocks.list_blocked(user.id)
        users = self._users.list_by_ids(ids)
        return [users[one] for one in ids if one in users]

    def are_apart(self, user_id: str, other_id: str) -> bool:
        """Tell whether one of two people blocks the other one."""
        return bool(self._blocks.find_blockers(user_id, other_id))

    def require_none(self, user_id: str, other_id: str) -> None:
        """Raise Forbidden where one of two people blocks the other one."""
        policies.require_unblocked(self._blocks.find_blockers(user_id, other_id))

    def settle(self, user_id: str, other_id: str) -> list[str]:
        """Copy the blocks of two people to their direct room, if they have one, and return them.

        Each writer reads the blocks again after it wrote the room. So of several at once the last
        one to write the room writes what is true.
        """
        room = self._rooms.find_direct(user_id, other_id)
        blockers = self._blocks.find_blockers(user_id, other_id)
        while room is not None and set(room.blocked_by) != set(blockers):
            self._rooms.update_blocked_by(room.id, blockers)
            self._membership_cache.forget(room.id)
            room = self._rooms.find(room.id)
            blockers = self._blocks.find_blockers(user_id, other_id)
        return blockers

    def forget_user(self, user_id: str) -> None:
        """Remove all blocks by and of a person whose account is gone."""
        self._blocks.delete_of_user(user_id)

    def _settle_later(self, user_id: str, other_id: str) -> None:
        self._jobs.add(SETTLE, {"user_ids": [user_id, other_id]}, SETTLE_AFTER)

    def _settle_again(self, arguments: Mapping[str, Any], progress: Progress) -> Iterator[Progress]:
        self.settle(*arguments["user_ids"])
        yield progress
