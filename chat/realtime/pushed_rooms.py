"""The states of tracked rooms that clients of this process know: details and blocks."""

from __future__ import annotations

from dataclasses import dataclass

from chat.models import Room, RoomKind


@dataclass(slots=True)
class _PushedRoom:
    kind: RoomKind
    updated_at: int
    is_blocked: bool  # one member of a direct room blocks the other
    members_version: int  # grows with each block that begins or ends


class PushedRooms:
    """The last pushed state of each tracked room."""

    def __init__(self) -> None:
        self._rooms: dict[str, _PushedRoom] = {}

    def track(self, room: Room) -> None:
        """Track a room, with the state that its first client here received."""
        if room.id not in self._rooms:
            self._rooms[room.id] = _PushedRoom(
                room.kind, room.updated_at, bool(room.blocked_by), room.members_version
            )

    def record_details(self, room: Room) -> None:
        """Record that the room's present details were pushed."""
        if room.id in self._rooms:
            self._rooms[room.id].updated_at = room.updated_at

    def record_block(self, room: Room) -> None:
        """Record that the present state of a block was pushed."""
        if room.id in self._rooms:
            self._rooms[room.id].is_blocked = bool(room.blocked_by)
            self._rooms[room.id].members_version = room.members_version

    def has_block(self, room: Room) -> bool:
        """Return whether the present state of a block was pushed, or the room is not tracked.

        It was not if a block began and ended since the last push.
        """
        pushed = self._rooms.get(room.id)
        if pushed is None or pushed.kind == "group":
            return True
        known = pushed.is_blocked, pushed.members_version
        return known == (bool(room.blocked_by), room.members_version)

    def has_details(self, room: Room) -> bool:
        """Return whether the room's present details were pushed, or the room is not tracked.

        Any other `updated_at` is another state, even an earlier one: clocks may go back.
        """
        pushed = self._rooms.get(room.id)
        return pushed is None or pushed.updated_at == room.updated_at

    def with_presence(self) -> dict[str, RoomKind]:
        """Return the kinds of the tracked rooms whose members see each other's presence, by id."""
        return {
            room_id: pushed.kind for room_id, pushed in self._rooms.items() if not pushed.is_blocked
        }

    def untrack(self, room_id: str) -> None:
        """Forget a room that has no clients here any more."""
        self._rooms.pop(room_id, None)

    def clear(self) -> None:
        """Forget all rooms: their clients reconnect."""
        self._rooms.clear()
