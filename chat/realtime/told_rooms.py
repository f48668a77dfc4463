"""How clients of this process were pushed that rooms are: what they are called, who blocks whom."""

from __future__ import annotations

from dataclasses import dataclass

from chat.models import Room, RoomKind


@dataclass(slots=True)
class _PushedRoom:
    kind: RoomKind
    updated_at: int
    is_blocked: bool  # one of the two of a direct room blocks the other
    members_version: int  # grows with each block there that begins or ends


class ToldRooms:
    """Only rooms that somebody here listens to are in it; `start` comes with the first listener."""

    def __init__(self) -> None:
        self._rooms: dict[str, _PushedRoom] = {}

    def track(self, room: Room) -> None:
        """Note a room as the first who listens to it was pushed that it is."""
        if room.id not in self._rooms:
            self._rooms[room.id] = _PushedRoom(
                room.kind, room.updated_at, bool(room.blocked_by), room.members_version
            )

    def record_details(self, room: Room) -> None:
        """Note that the room itself has been pushed as it is now."""
        if room.id in self._rooms:
            self._rooms[room.id].updated_at = room.updated_at

    def record_block(self, room: Room) -> None:
        """Note that clients here know whether one of two blocks the other."""
        if room.id in self._rooms:
            self._rooms[room.id].is_blocked = bool(room.blocked_by)
            self._rooms[room.id].members_version = room.members_version

    def has_block(self, room: Room) -> bool:
        """Tell whether clients here know that, or nobody listens to the room.

        They do not when a block began and ended since.
        """
        pushed = self._rooms.get(room.id)
        if pushed is None or pushed.kind == "group":
            return True
        known = pushed.is_blocked, pushed.members_version
        return known == (bool(room.blocked_by), room.members_version)

    def has_details(self, room: Room) -> bool:
        """Tell whether clients here know the room as it is, or nobody listens to it.

        Another time is another state, also an earlier one: the clock that set it may be behind.
        """
        pushed = self._rooms.get(room.id)
        return pushed is None or pushed.updated_at == room.updated_at

    def with_presence(self) -> dict[str, RoomKind]:
        """Return the kinds of the rooms whose members see who is online, by id."""
        return {room_id: pushed.kind for room_id, pushed in self._rooms.items() if not pushed.is_blocked}

    def untrack(self, room_id: str) -> None:
        """Forget a room that nobody here listens to any more."""
        self._rooms.pop(room_id, None)

    def clear(self) -> None:
        """Forget all rooms: those who listen come again."""
        self._rooms.clear()
