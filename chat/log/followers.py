"""Those who are called in this process when a room's log has grown, or its messages changed."""

from __future__ import annotations

from typing import Protocol

from chat.models import Changes, Message, Room


class Follower(Protocol):
    """Hears of each message after it was stored: of those stored here in the order of their log.

    Once, or again where a follower failed. What it does may be lost with this process.
    """

    def stored(self, room: Room, message: Message) -> None:
        """Hear of a message that this process has stored."""

    def caught_up(self, room: Room, message: Message) -> None:
        """Hear of one that was stored elsewhere and that clients here were not told of."""


class ChangeFollower(Protocol):
    """Hears of changes of messages after they were applied, perhaps again and in no order.

    The greater `version` of a message is the newer one.
    """

    def changed(self, room: Room, changes: Changes) -> None:
        """Hear of a stretch of changes, of which this process has stored some."""

    def changes_caught_up(self, room: Room, changes: Changes) -> None:
        """Hear of changes that were stored elsewhere and that clients here were not told of."""
