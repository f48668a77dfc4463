"""Each room's log, put back in order: pushes come late, twice, out of turn, or not at all."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from chat.bots.changes import RoomChanges, Told

Entry = dict[str, Any]

MAX_AHEAD = 500  # entries of one room that wait for earlier ones; more are fetched again


@dataclass(frozen=True, slots=True)
class End:
    """What was handled last: by it another past of the room shows, and how far it is the same one.

    `id` is that of the message at the position, empty when it is not known; `created_at` is the
    newest time of all that was handled, 0 when nothing was.
    """

    id: str = ""
    created_at: int = 0


class RoomLog:
    """How far one room has been handled (`position`, a seq), and what came ahead of its turn.

    `changes` is how far what was done to its messages has been told.
    """

    def __init__(
        self,
        kind: str,
        position: int,
        end: End = End(),  # noqa: B008
        told: Told | None = None,
    ) -> None:
        self.kind = kind
        self.position = position
        self.end = end
        self.changes = RoomChanges(told)
        self._ahead: dict[int, Entry] = {}

    @property
    def has_gap(self) -> bool:
        """Whether something came that cannot be handled or told before something missing."""
        lacks_message = bool(self._ahead) and self.position + 1 not in self._ahead
        return lacks_message or self.changes.is_behind

    def put(self, entry: Entry) -> None:
        """Take an entry in; one that was handled already is dropped."""
        seq = entry["seq"]
        if seq == self.position + 1 or (seq > self.position and len(self._ahead) < MAX_AHEAD):
            self._ahead[seq] = entry

    def take(self) -> Entry | None:
        """Return the entry whose turn it is, if it is here; it stays in turn until `advance`."""
        return self._ahead.get(self.position + 1)

    def advance(self) -> None:
        """Go past the entry whose turn it was."""
        self.position += 1
        entry = self._ahead.pop(self.position)
        self.end = End(entry["id"], max(self.end.created_at, entry["created_at"]))

    def forget_ahead(self) -> None:
        """Drop what came ahead of its turn: it may belong to another past."""
        self._ahead.clear()
        self.changes.forget_ahead()


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
        told: Told | None = None,
    ) -> RoomLog:
        """Begin (or begin anew) to follow a room behind `position`."""
        log = RoomLog(kind, position, end, told)
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
        """Return what was handled last in each room of a kind."""
        with self._lock:
            return {id: log.end for id, log in self._rooms.items() if log.kind == kind}

    def told(self, kind: str) -> dict[str, Told]:
        """Return how far the changes of each room of a kind were told, where that is known."""
        with self._lock:
            found = {id: log.changes.told for id, log in self._rooms.items() if log.kind == kind}
        return {room_id: told for room_id, told in found.items() if told is not None}

    def revs(self, kind: str) -> dict[str, int]:
        """Return up to which rev the changes of each room of a kind were told, where known."""
        with self._lock:
            found = {id: log.changes.rev for id, log in self._rooms.items() if log.kind == kind}
        return {room_id: rev for room_id, rev in found.items() if rev is not None}

    def all(self) -> dict[str, RoomLog]:
        """Return all logs as they are now, by room."""
        with self._lock:
            return dict(self._rooms)
