"""Finding out whom a text mentions, once, when it is sent or edited."""

from __future__ import annotations

from functools import lru_cache

from chat.limits.limits import Limits
from chat.limits.rules import MENTIONED_NAMES
from chat.models import NO_MENTIONS, Membership, Mentions, Room
from chat.policies import is_manager
from chat.repositories.users import UserRepository
from chat.services.membership_cache import MembershipCache
from chat.services.usernames import Usernames
from chat.text.mentions import find_mentions
from chat.text.normalization import fold

MATCHED_MEMBERS = 100  # whose names are compared; in larger rooms the names in a text are looked up
KNOWN_KEYS = 50_000

_key_of = lru_cache(KNOWN_KEYS)(fold)


class MentionFinder:
    """Finds the names in a text among the members of its room.

    In a small room the names of all members are known and compared. In a larger one the names in
    the text are looked up, and counted for the author.
    """

    def __init__(
        self,
        users: UserRepository,
        usernames: Usernames,
        membership_cache: MembershipCache,
        limits: Limits,
    ) -> None:
        self._users = users
        self._usernames = usernames
        self._membership_cache = membership_cache
        self._limits = limits

    def find(self, room: Room, author: Membership, text: str) -> Mentions:
        """Return the members whom a text mentions; a text without @ costs no query.

        Only the owner and the admins of a group mention all. Raises RateLimited when the author
        has had too many names looked up.
        """
        named = find_mentions(text)
        user_ids = self._find_members(room, author, named.names) if named.names else ()
        of_all = named.all and is_manager(room, author)
        return Mentions(user_ids, of_all) if user_ids or of_all else NO_MENTIONS

    def _find_members(
        self, room: Room, author: Membership, names: tuple[tuple[str, ...], ...]
    ) -> tuple[str, ...]:
        """Return the ids of the members so named; of several lengths of a name the longest one."""
        few = self._membership_cache.list_if_few(room, MATCHED_MEMBERS)
        if few is None:
            ids = self._look_up(room, author, {key for lengths in names for key in lengths})
        else:
            known = self._usernames.find(few)
            ids = {_key_of(one.username): user_id for user_id, one in known.items()}
        meant = (next((ids[key] for key in lengths if key in ids), None) for lengths in names)
        return tuple(dict.fromkeys(user_id for user_id in meant if user_id is not None))

    def _look_up(self, room: Room, author: Membership, keys: set[str]) -> dict[str, str]:
        """Return the ids of the members with these keys of usernames, by key."""
        for _ in keys:
            self._limits.count(MENTIONED_NAMES, author.user_id)
        ids = self._users.find_ids(keys)
        members = self._membership_cache.list_among(room.id, ids.values())
        return {key: user_id for key, user_id in ids.items() if user_id in members}
