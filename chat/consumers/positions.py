"""How far a consumer has got: its cursors in memory, written a little later, many at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from cachetools import LRUCache

from chat.chunks import chunked
from chat.repositories.cursors import Cursor, CursorRepository, Reader

KNOWN_ROOMS = 20_000

START = Cursor()


class Positions:
    """The cursors of one generation of a consumer, as its present holder knows them."""

    def __init__(self, cursors: CursorRepository, reader: Reader) -> None:
        self._cursors = cursors
        self._reader = reader
        self._stored: LRUCache[str, Cursor | None] = LRUCache(KNOWN_ROOMS)
        self._moved: dict[str, tuple[Cursor | None, Cursor]] = {}  # from what is stored, to what

    def load(self, room_ids: Iterable[str]) -> None:
        """Read the cursors in these rooms, unless they are known."""
        unknown = [one for one in room_ids if one not in self._stored and one not in self._moved]
        if unknown:
            found = self._cursors.find(self._reader, unknown)
            for room_id in unknown:
                self._stored[room_id] = found.get(room_id)

    def at(self, room_id: str) -> Cursor:
        """Return how far the consumer has got in a room whose cursor is loaded."""
        moved = self._moved.get(room_id)
        return moved[1] if moved else self._stored.get(room_id) or START

    def is_stored(self, room_id: str) -> bool:
        """Return whether a room has a cursor."""
        return room_id in self._moved or self._stored.get(room_id) is not None

    def move(self, room_id: str, cursor: Cursor) -> None:
        """Move a cursor; `flush` writes it."""
        if cursor != self.at(room_id):
            moved = self._moved.get(room_id)
            self._moved[room_id] = (moved[0] if moved else self._stored.get(room_id), cursor)

    def flush(self, pause: Callable[[float], object]) -> set[str]:
        """Write moved cursors, in pieces with pauses.

        Return the rooms in which another process has moved them: they must be loaded again.
        """
        pacing = self._cursors.pacing
        most = pacing.max_seconds * pacing.chunk / max(1, len(self._moved))
        lost: set[str] = set()
        for some in chunked(list(self._moved), pacing.chunk):
            began = time.monotonic()
            moves = {room_id: self._moved[room_id] for room_id in some}
            is_ours = self._cursors.move(self._reader, moves)
            for room_id, (_, cursor) in moves.items():
                del self._moved[room_id]
                if is_ours:
                    self._stored[room_id] = cursor
                else:
                    self._stored.pop(room_id, None)
                    lost.add(room_id)
            if self._moved:
                pause(min(pacing.pause_factor * (time.monotonic() - began), most))
        return lost
