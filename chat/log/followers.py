"""Protocols of the followers that `RoomLog` calls when messages are stored or changed."""

from __future__ import annotations

from typing import Protocol

from chat.models import Changes, Message, Room


class Follower(Protocol):
    """Is called with each message after it was stored.

    Messages stored by this process come in the order of their log. A message comes once, or again
    after a follower failed. A crash of the process may lose what a follower did.
    """

    def on_stored(self, room: Room, message: Message) -> None:
        """Handle a message that this process stored."""

    def on_caught_up(self, room: Room, message: Message) -> None:
        """Handle a message stored elsewhere that clients here did not receive yet."""


class ChangeFollower(Protocol):
    """Is called with changed messages after the changes were applied.

    Calls may repeat and come in any order: of two states of a message, the one with the greater
    `version` is newer.
    """

    def on_changed(self, room: Room, changes: Changes) -> None:
        """Handle a range of changes, some of which this process stored."""

    def on_changes_caught_up(self, room: Room, changes: Changes) -> None:
        """Handle changes stored elsewhere that clients here did not receive yet."""
