"""A cache of the usernames and nicknames of message senders."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from cachetools import LRUCache

from chat.concurrency import cooperatively
from chat.models import Message, Room, User
from chat.repositories.users import UserRepository

KNOWN_USERS = 50_000
MAX_AGE = 60.0  # seconds until a deletion or a rename by another process is noticed


class Names(NamedTuple):
    """The names of a user; both are empty for a deleted account."""

    username: str
    nickname: str


NO_NAMES = Names("", "")


class Usernames:
    """Returns names by user id, and reads each from the database at most once in MAX_AGE."""

    def __init__(self, users: UserRepository) -> None:
        self._users = users
        # Names with the monotonic time at which they expire, by user id.
        self._known: LRUCache[str, tuple[Names, float]] = LRUCache(KNOWN_USERS)

    def find(self, user_ids: Iterable[str]) -> dict[str, Names]:
        """Return the names by user id."""
        now = time.monotonic()
        names: dict[str, Names] = {}
        missing: set[str] = set()
        for user_id in set(user_ids):
            found, end = self._known.get(user_id, (NO_NAMES, 0.0))
            if end > now:
                names[user_id] = found
            else:
                missing.add(user_id)
        if missing:
            users = self._users.list_by_ids(missing)
            for user_id in missing:
                user = users.get(user_id)
                names[user_id] = Names(user.username, user.nickname) if user else NO_NAMES
                self._remember(user_id, names[user_id])
        return names

    def remember(self, users: Iterable[User]) -> None:
        """Cache the names of users that were read just now."""
        for user in users:
            self._remember(user.id, Names(user.username, user.nickname))

    def forget(self, user_id: str) -> None:
        """Drop the cached names of a user who was renamed or deleted."""
        self._known.pop(user_id, None)

    def forget_all(self) -> None:
        """Drop all names."""
        self._known.clear()

    def with_sender_names(self, messages: Iterable[Message]) -> list[Message]:
        """Return the messages with their senders' names, and those of what they quote."""
        messages = list(messages)
        quotes = [message.quote for message in messages if message.quote]  # of a gone one: no id
        user_ids = {message.user_id for message in messages} | {one.user_id for one in quotes}
        names = self.find(user_ids - {""})
        return [_with_names(message, names) for message in messages]

    def with_last_sender_names(self, rooms: Iterable[Room]) -> list[Room]:
        """Return the rooms with the sender's names in their last messages."""
        rooms = list(rooms)
        names = self.find(room.last_message.user_id for room in rooms if room.last_message)
        return [
            (
                replace(room, last_message=_with_names(room.last_message, names))
                if room.last_message
                else room
            )
            for room in cooperatively(rooms)
        ]

    def _remember(self, user_id: str, names: Names) -> None:
        self._known[user_id] = (names, time.monotonic() + MAX_AGE)


def _with_names(message: Message, names: Mapping[str, Names]) -> Message:
    username, nickname = names[message.user_id]
    quote = message.quote
    if quote:
        quoted = names.get(quote.user_id, NO_NAMES)
        quote = replace(quote, username=quoted.username, nickname=quoted.nickname)
    return replace(message, username=username, nickname=nickname, quote=quote)
