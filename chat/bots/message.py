"""A message as a handler gets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

CHANGING = ("version", "edited_at", "deleted_at", "pinned")


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji on a message: how many put it there, and the user ids of the first 10 of them."""

    emoji: str
    count: int
    user_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was when the handler was called.

    `seq` is its place in the room's log: 1, 2, 3 … without gaps. `created_at` is in milliseconds
    since 1970 UTC, by the server's clock. `direct` tells a room of two from a group. For a command,
    `arguments` is the text after its name.

    `version` is 0 for a message as first sent, and grows with each change. `edited_at` and
    `deleted_at` are times, or None; `data` of a deleted message is empty.
    """

    id: str
    room_id: str
    user_id: str
    username: str
    seq: int
    data: str
    created_at: int
    direct: bool
    arguments: str = ""
    version: int = 0
    edited_at: int | None = None
    deleted_at: int | None = None
    pinned: bool = False
    reactions: tuple[Reaction, ...] = ()
    _send: Callable[[str, str], Message] | None = field(default=None, repr=False, compare=False)

    def reply(self, text: str) -> Message:
        """Send a message to the same room and return it as stored; raises as `Bot.send` does."""
        assert self._send is not None
        return self._send(self.room_id, text)


def read_message(
    entry: dict[str, Any], direct: bool, send: Callable[[str, str], Message] | None = None
) -> Message:
    """Return the message that an entry of the log is on the wire."""
    names = ("id", "room_id", "user_id", "username", "seq", "data", "created_at")
    reactions = tuple(
        Reaction(one["emoji"], one["count"], tuple(one["user_ids"]))
        for one in entry.get("reactions", ())
    )
    return Message(
        **{name: entry[name] for name in names},
        direct=direct,
        **{name: entry[name] for name in CHANGING if name in entry},  # older servers have none
        reactions=reactions,
        _send=send,
    )
