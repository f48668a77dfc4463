"""Finding out whom a text mentions, once, when it is sent or edited."""

from __future__ import annotations

from chat.models import NO_MENTIONS, Membership, Mentions, Room
from chat.policies import is_manager
from chat.repositories.users import UserRepository
from chat.services.membership_cache import MembershipCache
from chat.text.mentions import NOBODY, find_mentions


class MentionFinder:
    """Looks up the names in a text among the members of its room."""

    def __init__(self, users: UserRepository, membership_cache: MembershipCache) -> None:
        self._users = users
        self._membership_cache = membership_cache

    def find(self, room: Room, author: Membership, text: str) -> Mentions:
        """Return the members whom a text mentions; a text without @ costs no query.

        Only the owner and the admins of a group mention all.
        """
        named = find_mentions(text)
        if named is NOBODY:
            return NO_MENTIONS
        user_ids = self._find_members(room, named.names)
        of_all = named.all and is_manager(room, author)
        return Mentions(user_ids, of_all) if user_ids or of_all else NO_MENTIONS

    def _find_members(self, room: Room, names: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
        """Return the ids of the members so named; of several lengths of a name the longest one."""
        keys = {key for lengths in names for key in lengths}
        ids = self._users.find_ids(keys) if keys else {}
        members = self._membership_cache.list_among(room.id, ids.values()) if ids else set()
        found: dict[str, None] = {}
        for lengths in names:
            meant = next((ids[key] for key in lengths if ids.get(key) in members), None)
            if meant is not None:
                found[meant] = None
        return tuple(found)
