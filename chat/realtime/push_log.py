"""How far each room's log has been pushed to the clients of this process."""

from __future__ import annotations

from dataclasses import dataclass, field

from chat.models import Room, RoomKind


@dataclass(slots=True)
class _Pushed:
    kind: RoomKind
    upto: int  # the end of the gapless part
    updated_at: int  # of the room as it was last told
    is_blocked: bool  # one of the two of a direct room blocks the other
    members_version: int  # grows with each block there that begins or ends
    ahead: set[int] = field(default_factory=set)


class PushLog:
    """Only rooms that somebody here listens to are in it; `start` comes with the first listener."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Pushed] = {}

    def start(self, room: Room) -> None:
        """Note a room as it is at the moment from which all that follows is pushed."""
        if room.id not in self._rooms:
            self._rooms[room.id] = _Pushed(
                room.kind,
                room.last_seq,
                room.updated_at,
                bool(room.blocked_by),
                room.members_version,
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
        pushed = self._rooms.get(room.id)
        if pushed is None or pushed.kind == "group":
            return True
        told = pushed.is_blocked, pushed.members_version
        return told == (bool(room.blocked_by), room.members_version)

    def is_told(self, room: Room) -> bool:
        """Tell whether clients here know the room as it is, or nobody listens to it.

        Another time is another state, also an earlier one: the clock that set it may be behind.
        """
        pushed = self._rooms.get(room.id)
        return pushed is None or pushed.updated_at == room.updated_at

    def note(self, room_id: str, seq: int) -> None:
        """Note that a message has been pushed."""
        pushed = self._rooms.get(room_id)
        if pushed is None or seq <= pushed.upto:
            return
        pushed.ahead.add(seq)
        self._close_up(pushed)

    def note_all(self, room_id: str, upto: int) -> None:
        """Note that of everything that is stored up to a seq nothing is left to push."""
        pushed = self._rooms.get(room_id)
        if pushed is not None and upto > pushed.upto:
            pushed.upto = upto
            pushed.ahead = {seq for seq in pushed.ahead if seq > upto}
            self._close_up(pushed)

    def upto(self, room_id: str) -> int | None:
        """Return the end of the gapless part, or None when nobody here listens to the room."""
        pushed = self._rooms.get(room_id)
        return pushed.upto if pushed else None

    def is_pushed(self, room_id: str, seq: int) -> bool:
        """Tell whether a message has been pushed here."""
        pushed = self._rooms.get(room_id)
        return pushed is not None and (seq <= pushed.upto or seq in pushed.ahead)

    def drop(self, room_id: str) -> None:
        """Forget a room that nobody here listens to any more."""
        self._rooms.pop(room_id, None)

    def clear(self) -> None:
        """Forget all rooms: those who listen come again."""
        self._rooms.clear()

    def rooms(self) -> dict[str, RoomKind]:
        """Return the kinds of all rooms in it, by id."""
        return {room_id: pushed.kind for room_id, pushed in self._rooms.items()}

    def rooms_with_presence(self) -> dict[str, RoomKind]:
        """Return the kinds of the rooms whose members see who is online, by id."""
        return {
            room_id: pushed.kind for room_id, pushed in self._rooms.items() if not pushed.is_blocked
        }

    @staticmethod
    def _close_up(pushed: _Pushed) -> None:
        while pushed.upto + 1 in pushed.ahead:
            pushed.upto += 1
            pushed.ahead.remove(pushed.upto)
