"""A cache of recently stored messages: a repeated send is answered without a query."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from dataclasses import replace

from chat.models import Message

MAX_MESSAGES = 10_000
MAX_CHARACTERS = 4_000_000

Key = tuple[str, str, str]  # room, sender, client_id


class RecentMessages:
    """The newest stored messages by `Key`. Sends with equal keys are one message."""

    def __init__(self) -> None:
        self._known: OrderedDict[Key, Message] = OrderedDict()
        self._of_room: defaultdict[str, set[Key]] = defaultdict(set)
        self._characters = 0

    def remember(self, message: Message) -> None:
        """Cache a stored message."""
        key = _key_of(message)
        if key in self._known:
            return
        self._known[key] = _without_quote(message)
        self._of_room[message.room_id].add(key)
        self._characters += len(message.data)
        while len(self._known) > MAX_MESSAGES or self._characters > MAX_CHARACTERS:
            self._drop(next(iter(self._known)))

    def update(self, message: Message) -> None:
        """Replace a cached message by a newer version of it."""
        key = _key_of(message)
        known = self._known.get(key)
        if known and known.id == message.id and known.version < message.version:
            self._known[key] = _without_quote(message)
            self._characters += len(message.data) - len(known.data)

    def forget_room(self, room_id: str) -> None:
        """Forget the messages of a room."""
        for key in list(self._of_room.get(room_id, ())):
            self._drop(key)

    def clear(self) -> None:
        """Forget all messages."""
        self._known.clear()
        self._of_room.clear()
        self._characters = 0

    def find_by_key(self, key: Key) -> Message | None:
        """Return the cached message, or None."""
        return self._known.get(key)

    def _drop(self, key: Key) -> None:
        message = self._known.pop(key, None)
        if message is None:
            return
        self._characters -= len(message.data)
        keys = self._of_room[message.room_id]
        keys.discard(key)
        if not keys:
            del self._of_room[message.room_id]


def _without_quote(message: Message) -> Message:
    """Return the message without what it quotes, which may be changed or deleted meanwhile."""
    return message if message.quote is None else replace(message, quote=None)


def _key_of(message: Message) -> Key:
    return message.room_id, message.user_id, message.client_id
