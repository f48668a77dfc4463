"""Where a consumer begins: at its first start, after a rebuild, and with each new holder."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from chat.chunks import chunked
from chat.consumers.consumer import Consumer
from chat.consumers.positions import START, Positions
from chat.consumers.reading import Reading
from chat.models import Room
from chat.repositories.consumers import ConsumerRepository, ConsumerState
from chat.repositories.cursors import Cursor, CursorRepository, Reader
from chat.repositories.rooms import RoomRepository

CHUNK = 200  # rooms that are compared with their cursors at once
PAUSE_FACTOR = 3.0  # after a piece of preparation, as a multiple of its duration
MAX_PAUSE = 1.0

log = logging.getLogger(__name__)

# Waits; returns False when the work must end.
Pause = Callable[[float], bool]


class Bootstrap:
    """Prepares a generation of a consumer, and finds all rooms ahead of their cursors."""

    def __init__(
        self,
        rooms: RoomRepository,
        cursors: CursorRepository,
        states: ConsumerRepository,
    ) -> None:
        self._rooms = rooms
        self._cursors = cursors
        self._states = states

    def positions(self, reader: Reader) -> Positions:
        """Return the positions of a generation."""
        return Positions(self._cursors, reader)

    def rooms(self) -> Iterator[list[Room]]:
        """Yield all rooms in chunks."""
        yield from chunked(self._rooms.list_all(), CHUNK)

    def rooms_of(self, room_ids: Iterable[str]) -> Iterator[list[Room]]:
        """Yield those rooms that exist."""
        for some in chunked(room_ids, CHUNK):
            yield self._rooms.list_by_ids(some)

    def begin(
        self, consumer: Consumer, state: ConsumerState, positions: Positions, pause: Pause
    ) -> bool:
        """Prepare a generation that has not begun; return whether the work may go on.

        After a crash in between, the next holder prepares it once more.
        """
        if state.begun:
            return True
        for _ in _paced(self._prepare(consumer, state, positions), pause):
            if not pause(0.0):
                return False
        positions.flush(pause)
        return self._states.record_begun(state)

    def _prepare(
        self, consumer: Consumer, state: ConsumerState, positions: Positions
    ) -> Iterator[object]:
        yield from self._cursors.delete_before(state.reader)
        if state.clears:
            yield from consumer.clear()
        if consumer.begins_at_head:
            for rooms in self.rooms():
                positions.load(room.id for room in rooms)
                for room in rooms:
                    if not positions.is_stored(room.id):
                        positions.move(room.id, Cursor(room.last_seq, room.last_rev))
                positions.flush(lambda seconds: None)
                yield rooms

    def correct(
        self, consumer: Consumer, reading: Reading, positions: Positions, rooms: Sequence[Room]
    ) -> None:
        """Load the cursors in these rooms, and move back those beyond the end of a log.

        A log ends before its cursor if the database was restored from parts of different times.
        The consumer then begins the room again; one that tells people goes on at its end.
        """
        positions.load(room.id for room in rooms)
        for room in rooms:
            cursor = positions.at(room.id)
            if cursor.seq <= room.last_seq and cursor.rev <= room.last_rev:
                continue
            ends = reading.ends(room)  # what is written into the room may lag behind
            if cursor.seq > ends.seq or cursor.rev > ends.rev:
                log.warning("consumer %s was beyond the end of room %s", consumer.name, room.id)
                positions.move(room.id, ends if consumer.tells_people else START)


def _paced(pieces: Iterator[object], pause: Pause) -> Iterator[object]:
    """Yield the pieces, with pauses that let others go first."""
    began = time.monotonic()
    for piece in pieces:
        yield piece
        pause(min(PAUSE_FACTOR * (time.monotonic() - began), MAX_PAUSE))
        began = time.monotonic()
