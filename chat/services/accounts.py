"""Creating accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from chat.chunks import CHUNK, chunked
from chat.ids import new_id
from chat.models import User
from chat.repositories.users import UserRepository
from chat.services.passwords import Passwords


class Accounts:
    """Creates accounts. Callers check first whether a person may register."""

    def __init__(
        self, users: UserRepository, passwords: Passwords, clock: Callable[[], int]
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._clock = clock

    def draft(
        self,
        username: str,
        password: str,
        *,
        email: str,
        email_is_proven: bool,
        nickname: str | None,
    ) -> User:
        """Return a new user, not stored yet. Hashing the password takes a while."""
        user = self._draft(username, self._passwords.hash(password), email, nickname)
        return replace(user, email_is_proven=email_is_proven)

    def insert(self, draft: User) -> User:
        """Store a new user and return it with its id; raise Conflict for a taken name."""
        return self._users.insert(draft)

    def create_many(
        self, usernames: Sequence[str], password: str, password_hash: str | None = None
    ) -> Iterator[User]:
        """Create accounts without e-mail and yield them, including those that existed before.

        They share one password hash, which makes this fast; `password_hash` is one that was made
        before. For demos and tests.
        """
        password_hash = password_hash or self._passwords.hash(password)
        for names in chunked(usernames, CHUNK):
            drafts = [replace(self._draft(name, password_hash), id=new_id()) for name in names]
            if self._users.insert_many(drafts) == len(drafts):
                yield from drafts
                continue
            found = (self._users.find_by_username(name) for name in names)
            yield from (user for user in found if user)

    def _draft(
        self, username: str, password_hash: str, email: str = "", nickname: str | None = None
    ) -> User:
        now = self._clock()
        return User(
            id="",
            username=username,
            nickname=nickname or username,
            sex=0,
            email=email,
            avatar="",
            locale=None,
            created_at=now,
            updated_at=now,
            password_hash=password_hash,
        )
