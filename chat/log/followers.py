"""Those who are called in this process when a room's log has grown."""

from __future__ import annotations

from typing import Protocol

from chat.models import Message, Room


class Follower(Protocol):
    """Hears of each message after it was stored: of those stored here in the order of their log.

    Once, or again where a follower failed. What it does may be lost with this process.
    """

    def stored(self, room: Room, message: Message) -> None:
        """Hear of a message that this process has stored."""

    def caught_up(self, room: Room, message: Message) -> None:
        """Hear of one that was stored elsewhere and that clients here were not told of."""
