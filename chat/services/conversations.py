"""A member's view of rooms: with the unread count and, in a direct room, the other member."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from chat.concurrency import cooperatively
from chat.log.room_log import RoomLog
from chat.models import Conversation, Membership, Room, RoomKind, User
from chat.policies import resolve_role
from chat.repositories.memberships import MembershipRepository
from chat.repositories.users import UserRepository
from chat.services.membership_cache import MembershipCache
from chat.services.mention_marks import MentionMarks
from chat.services.read_marks import ReadMarks
from chat.services.usernames import Usernames


class ConversationService:
    """Joins rooms, memberships and users, with values that are not in the database yet."""

    def __init__(
        self,
        memberships: MembershipRepository,
        users: UserRepository,
        membership_cache: MembershipCache,
        usernames: Usernames,
        room_log: RoomLog,
        read_marks: ReadMarks,
        mention_marks: MentionMarks,
    ) -> None:
        self._memberships = memberships
        self._users = users
        self._membership_cache = membership_cache
        self._usernames = usernames
        self._room_log = room_log
        self._read_marks = read_marks
        self._mention_marks = mention_marks

    def list_of(self, user: User) -> list[Conversation]:
        """Return all conversations of a user, the one with the newest activity first."""
        conversations = self._assemble(user, self._membership_cache.list_of_user(user.id))
        return sorted(conversations, key=_activity, reverse=True)

    def list_cached(self, user: User, kind: RoomKind) -> list[Conversation]:
        """Return a user's conversations of a kind, unordered, at most a second old."""
        pairs = self._membership_cache.list_cached(user.id)
        return self._assemble(user, [pair for pair in pairs if pair[0].kind == kind])

    def get(self, user: User, room_id: str) -> Conversation:
        """Return one conversation of a user; raise NotFound for a non-member."""
        return self._assemble(user, [self._membership_cache.require(user.id, room_id)])[0]

    def members(self, user: User, room_id: str) -> tuple[Room, list[tuple[User, Membership]]]:
        """Return a room and its members, the oldest membership first.

        In a direct room with a block, the read mark of the other member is 0.
        """
        room, _ = self._membership_cache.require_fresh(user.id, room_id)
        memberships = self._memberships.list_of_room(room_id)
        users = self._users.list_by_ids({found.user_id for found in memberships})
        members = [
            (users[found.user_id], self._read_marks.with_mark(resolve_role(room, found)))
            for found in cooperatively(memberships)
            if found.user_id in users
        ]
        if room.blocked_by:
            members = [
                (one, found if one.id == user.id else replace(found, last_read_seq=0))
                for one, found in members
            ]
        return room, members

    def rooms_of_users(self, user_ids: Iterable[str]) -> dict[str, list[Room]]:
        """Return the rooms of each of the users, unordered, at most a second old."""
        lists = self._membership_cache.lists_cached(user_ids)
        return {
            user_id: [self._room_log.with_tail(room) for room, _ in cooperatively(pairs)]
            for user_id, pairs in cooperatively(lists.items())
        }

    def _assemble(self, user: User, pairs: Sequence[tuple[Room, Membership]]) -> list[Conversation]:
        peers = self._users.list_by_ids(
            {other for room, _ in pairs for other in room.member_ids if other != user.id}
        )
        self._usernames.remember([user, *peers.values()])  # spares a query for the last messages
        rooms = self._usernames.with_last_sender_names(
            self._room_log.with_tail(room) for room, _ in cooperatively(pairs)
        )
        return [
            Conversation(
                room=self._mention_marks.with_all_mark(room),
                membership=self._mention_marks.with_mark(self._read_marks.with_mark(membership)),
                peer=next((peers[other] for other in room.member_ids if other in peers), None),
            )
            for room, (_, membership) in cooperatively(zip(rooms, pairs, strict=True))
        ]


def _activity(conversation: Conversation) -> tuple[int, str]:
    room = conversation.room
    newest = room.last_message.created_at if room.last_message else room.created_at
    return newest, room.id
