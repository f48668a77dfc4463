"""Each room's log, put back in order: pushes come late, twice, out of order, or not at all."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from chat.bots.changes import ChangePosition, RoomChanges

Entry = dict[str, Any]

MAX_AHEAD = 500  # entries of one room that wait for earlier ones; more are fetched again


@dataclass(frozen=True, slots=True)
class End:
    """The message handled last. It shows whether the room's log is still the same one.

    `id` is that of the message at the position, empty when it is not known; `created_at` is the
    newest time of all handled messages, 0 when there is none.
    """

    id: str = ""
    created_at: int = 0


class RoomLog:
    """How far one room has been handled (`position`, a seq), and entries that came too early.

    `changes` is how far the changes of its messages were delivered.
    """

    def __init__(
        self,
        kind: str,
        position: int,
        end: End = End(),  # noqa: B008
        change_position: ChangePosition | None = None,
    ) -> None:
        self.kind = kind
        self.position = position
        self.end = end
        self.changes = RoomChanges(change_position)
        self._ahead: dict[int, Entry] = {}

    @property
    def has_gap(self) -> bool:
        """Whether an entry or a change came that must wait for a missing one."""
        lacks_message = bool(self._ahead) and self.position + 1 not in self._ahead
        return lacks_message or self.changes.is_behind

    def put(self, entry: Entry) -> None:
        """Add an entry; one that was handled already is dropped."""
        seq = entry["seq"]
        if seq == self.position + 1 or (seq > self.position and len(self._ahead) < MAX_AHEAD):
            self._ahead[seq] = entry

    def next_entry(self) -> Entry | None:
        """Return the entry in turn, or None; it stays in turn until `advance`."""
        return self._ahead.get(self.position + 1)

    def advance(self) -> None:
        """Go past the entry in turn."""
        self.position += 1
        entry = self._ahead.pop(self.position)
        self.end = End(entry["id"], max(self.end.created_at, entry["created_at"]))

    def drop_ahead(self) -> None:
        """Drop all that came too early, because it may belong to another past."""
        self._ahead.clear()
        self.changes.drop_ahead()


class RoomLogs:
    """The logs of all rooms. Changed by one thread, read by all."""

    def __init__(self) -> None:
        self._rooms: dict[str, RoomLog] = {}
        self._lock = threading.Lock()

    def __contains__(self, room_id: str) -> bool:
        return room_id in self._rooms

    def get(self, room_id: str) -> RoomLog | None:
        """Return a room's log, or None when the room is unknown."""
        return self._rooms.get(room_id)

    def add(
        self,
        room_id: str,
        kind: str,
        position: int,
        end: End = End(),  # noqa: B008
        change_position: ChangePosition | None = None,
    ) -> RoomLog:
        """Begin (or begin anew) to follow a room behind `position`."""
        log = RoomLog(kind, position, end, change_position)
        with self._lock:
            self._rooms[room_id] = log
        return log

    def drop(self, room_id: str) -> None:
        """Follow a room no longer."""
        with self._lock:
            self._rooms.pop(room_id, None)

    def positions(self, kind: str) -> dict[str, int]:
        """Return how far each room of a kind has been handled."""
        with self._lock:
            return {id: log.position for id, log in self._rooms.items() if log.kind == kind}

    def ends(self, kind: str) -> dict[str, End]:
        """Return the message handled last in each room of a kind."""
        with self._lock:
            return {id: log.end for id, log in self._rooms.items() if log.kind == kind}

    def change_positions(self, kind: str) -> dict[str, ChangePosition]:
        """Return how far the changes of each room of a kind were delivered, where that is known."""
        with self._lock:
            found = {
                id: log.changes.position for id, log in self._rooms.items() if log.kind == kind
            }
        return {room_id: one for room_id, one in found.items() if one is not None}

    def revs(self, kind: str) -> dict[str, int]:
        """Return up to which rev the changes of each room of a kind were delivered, where known."""
        with self._lock:
            found = {id: log.changes.rev for id, log in self._rooms.items() if log.kind == kind}
        return {room_id: rev for room_id, rev in found.items() if rev is not None}

    def all(self) -> dict[str, RoomLog]:
        """Return all logs as they are now, by room."""
        with self._lock:
            return dict(self._rooms)
