"""User profiles: updating one's own, and finding others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from chat.errors import NotFound
from chat.limits.limits import Limits
from chat.limits.rules import CHANGES, SEARCHES
from chat.models import User
from chat.repositories.users import PUBLIC, UserRepository
from chat.services.events import Events
from chat.services.jobs import Jobs, Progress
from chat.services.membership_cache import MembershipCache
from chat.services.usernames import Usernames
from chat.text.mentions import ATS

INDEX_NAMES = "index_names"
USERS_AT_ONCE = 100
AGAIN_AFTER = 600.0  # seconds


class Profiles:
    """Finds users, and updates profiles."""

    def __init__(
        self,
        *,
        users: UserRepository,
        membership_cache: MembershipCache,
        usernames: Usernames,
        limits: Limits,
        events: Events,
        jobs: Jobs,
        clock: Callable[[], int],
    ) -> None:
        self._users = users
        self._membership_cache = membership_cache
        self._usernames = usernames
        self._limits = limits
        self._events = events
        self._jobs = jobs
        self._clock = clock
        jobs.register(INDEX_NAMES, self.index_names)

    def names_of(self, user_ids: Iterable[str]) -> dict[str, str]:
        """Return usernames by user id; a deleted account has the empty name."""
        return {
            user_id: names.username for user_id, names in self._usernames.find(user_ids).items()
        }

    def get_by_username(self, username: str) -> User:
        """Return a user by username, in any letter case; raise NotFound."""
        user = self._users.find_by_username(username)
        if user is None:
            raise NotFound()
        return user

    def search(self, user: User, part: str) -> list[User]:
        """Return at most 20 users with a part of the username or nickname; none if it is empty.

        A leading @, by which names are mentioned, is no part of them.
        """
        self._limits.count(SEARCHES, user.id)
        part = part.lstrip(ATS)
        return self._users.search(part, limit=20) if part else []

    def index_names(self, arguments: Mapping[str, Any], progress: Progress) -> Iterator[Progress]:
        """Let users of an older version be found by all parts of their names.

        A migration stores this job. It repeats itself once, for what servers of that version wrote
        while they were still running.
        """
        after = progress.get("after", "")
        while last := self._users.index_names(after, USERS_AT_ONCE):
            after = last
            yield {"after": after}
        if not arguments.get("again"):
            self._jobs.enqueue(INDEX_NAMES, {"again": True}, AGAIN_AFTER)

    def update_profile(self, user: User, changes: Mapping[str, Any]) -> User:
        """Change the given ones of nickname, sex, avatar and locale; return the user.

        Pushes the profile to members of the user's rooms, except direct rooms with a block, and
        unless only the locale changed. Raises RateLimited.
        """
        if not changes:
            return user
        self._limits.count(CHANGES, user.id)
        changed = self._users.update(user.id, changes, self._clock())
        self._usernames.forget(user.id)
        self._events.own_user_changed(changed)
        if PUBLIC & changes.keys():
            self._events.user_changed(
                changed, self._membership_cache.list_profile_audience(user.id)
            )
        return changed
