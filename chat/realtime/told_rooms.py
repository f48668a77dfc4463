"""How clients of this process were told that rooms are: what they are called, who blocks whom."""

from __future__ import annotations

from dataclasses import dataclass

from chat.models import Room, RoomKind


@dataclass(slots=True)
class _Told:
    kind: RoomKind
    updated_at: int
    is_blocked: bool  # one of the two of a direct room blocks the other
    members_version: int  # grows with each block there that begins or ends


class ToldRooms:
    """Only rooms that somebody here listens to are in it; `start` comes with the first listener."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Told] = {}

    def start(self, room: Room) -> None:
        """Note a room as the first who listens to it was told that it is."""
        if room.id not in self._rooms:
            self._rooms[room.id] = _Told(
                room.kind, room.updated_at, bool(room.blocked_by), room.members_version
            )

    def note_room(self, room: Room) -> None:
        """Note that the room itself has been pushed as it is now."""
        if room.id in self._rooms:
            self._rooms[room.id].updated_at = room.updated_at

    def note_block(self, room: Room) -> None:
        """Note that clients here know whether one of two blocks the other."""
        if room.id in self._rooms:
            self._rooms[room.id].is_blocked = bool(room.blocked_by)
            self._rooms[room.id].members_version = room.members_version

    def is_block_told(self, room: Room) -> bool:
        """Tell whether clients here know that, or nobody listens to the room.

        They do not when a block began and ended since.
        """
        told = self._rooms.get(room.id)
        if told is None or told.kind == "group":
            return True
        known = told.is_blocked, told.members_version
        return known == (bool(room.blocked_by), room.members_version)

    def is_told(self, room: Room) -> bool:
        """Tell whether clients here know the room as it is, or nobody listens to it.

        Another time is another state, also an earlier one: the clock that set it may be behind.
        """
        told = self._rooms.get(room.id)
        return told is None or told.updated_at == room.updated_at

    def with_presence(self) -> dict[str, RoomKind]:
        """Return the kinds of the rooms whose members see who is online, by id."""
        return {room_id: told.kind for room_id, told in self._rooms.items() if not told.is_blocked}

    def drop(self, room_id: str) -> None:
        """Forget a room that nobody here listens to any more."""
        self._rooms.pop(room_id, None)

    def clear(self) -> None:
        """Forget all rooms: those who listen come again."""
        self._rooms.clear()
