"""Those who are called in this process when a room's log has grown."""

from __future__ import annotations

from typing import Protocol

from chat.models import Message, Room


class Follower(Protocol):
    """Hears of each message once, in the order of its room's log, after it was stored.

    What a follower does is for the clients of this process and may be lost with it.
    """

    def stored(self, room: Room, message: Message) -> None:
        """Hear of a message that this process has stored."""

    def caught_up(self, room: Room, message: Message) -> None:
        """Hear of one that was stored elsewhere and that clients here were not told of."""
