"""The names that messages are signed with. They are remembered a while: only deletion ends one."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace

from chat.models import Message, Room, User
from chat.repositories.users import UserRepository

KNOWN_USERS = 50_000
MAX_AGE = 60.0  # seconds after which a deletion in another process is noticed


class Usernames:
    """Looks up usernames by user id, asking the database once in a while for each."""

    def __init__(self, users: UserRepository) -> None:
        self._users = users
        self._known: OrderedDict[str, tuple[str, float]] = OrderedDict()  # with the time it ends

    def find(self, user_ids: Iterable[str]) -> dict[str, str]:
        """Return username by user id; an account that is gone has the empty name."""
        now = time.monotonic()
        names: dict[str, str] = {}
        missing: set[str] = set()
        for user_id in set(user_ids):
            name, end = self._known.get(user_id, ("", 0.0))
            if end > now:
                names[user_id] = name
            else:
                missing.add(user_id)
        if missing:
            users = self._users.list_by_ids(missing)
            for user_id in missing:
                names[user_id] = users[user_id].username if user_id in users else ""
                self._remember(user_id, names[user_id])
        return names

    def learn(self, users: Iterable[User]) -> None:
        """Note the names of users that were read just now."""
        for user in users:
            self._remember(user.id, user.username)

    def forget(self, user_id: str) -> None:
        """Drop the name of somebody whose account is gone."""
        self._known.pop(user_id, None)

    def forget_all(self) -> None:
        """Drop all names."""
        self._known.clear()

    def sign(self, messages: Iterable[Message]) -> list[Message]:
        """Return the messages with their senders' usernames."""
        messages = list(messages)
        names = self.find(message.user_id for message in messages)
        return [replace(message, username=names[message.user_id]) for message in messages]

    def sign_last(self, rooms: Iterable[Room]) -> list[Room]:
        """Return the rooms with the username in each one's last message."""
        rooms = list(rooms)
        names = self.find(room.last_message.user_id for room in rooms if room.last_message)
        return [
            (
                replace(
                    room,
                    last_message=replace(
                        room.last_message, username=names[room.last_message.user_id]
                    ),
                )
                if room.last_message
                else room
            )
            for room in rooms
        ]

    def _remember(self, user_id: str, username: str) -> None:
        self._known[user_id] = (username, time.monotonic() + MAX_AGE)
        self._known.move_to_end(user_id)
        if len(self._known) > KNOWN_USERS:
            self._known.popitem(last=False)
