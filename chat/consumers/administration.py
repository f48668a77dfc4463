"""What operators see of the consumers, and the order to start one over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chat.chunks import chunked
from chat.consumers.bootstrap import CHUNK
from chat.consumers.consumer import Consumer
from chat.consumers.leases import LEASE
from chat.consumers.positions import START
from chat.consumers.reading import Reading
from chat.errors import Forbidden, NotFound
from chat.models import Room
from chat.repositories.consumers import ConsumerRepository, ConsumerState
from chat.repositories.cursors import Cursor, CursorRepository
from chat.repositories.rooms import RoomRepository

MAX_ASKED = 100  # rooms behind whose oldest message is looked at


@dataclass(frozen=True, slots=True)
class ConsumerStatus:
    """How far a consumer is behind, as far as rooms say where their logs end."""

    name: str
    entries: int  # messages and changes that it has not handled
    rooms: int  # in which there are any
    seconds: float  # since the oldest of these messages was sent, or 0
    state: str  # working, waiting for a server, beginning, or being rebuilt
    failing: str  # why it does not go on in a room, or empty


class ConsumerAdministration:
    """Reads the states of consumers; `clock` is the database's, in milliseconds."""

    def __init__(
        self,
        consumers: Mapping[str, tuple[Consumer, Reading]],
        states: ConsumerRepository,
        cursors: CursorRepository,
        rooms: RoomRepository,
        clock: Callable[[], int],
    ) -> None:
        self._consumers = consumers
        self._states = states
        self._cursors = cursors
        self._rooms = rooms
        self._clock = clock

    def list_status(self) -> list[ConsumerStatus]:
        """Return all consumers by name. It compares every room with its cursors."""
        states = self._states.find_all(self._consumers)
        return [
            self._status(states.get(name, ConsumerState(name)), *self._consumers[name])
            for name in sorted(self._consumers)
        ]

    def rebuild(self, name: str) -> None:
        """Have a consumer clear what it stored and start over, by the next serving process.

        Raises NotFound for an unknown one, and Forbidden for one that tells people: it would tell
        them of everything once more.
        """
        if name not in self._consumers:
            raise NotFound()
        consumer, _ = self._consumers[name]
        if consumer.tells_people:
            raise Forbidden()
        self._states.insert_missing([name])
        self._states.request_rebuild(name)

    def _status(self, state: ConsumerState, consumer: Consumer, reading: Reading) -> ConsumerStatus:
        entries, behind = 0, 0
        oldest = now = self._clock()
        for rooms in chunked(self._rooms.list_all(), CHUNK):
            cursors = self._cursors.find(state.reader, [room.id for room in rooms])
            for room in rooms:
                cursor = cursors.get(room.id, START)
                count = _count_after(cursor, room, consumer.reads_messages)
                if count and (state.begun or not consumer.begins_at_head):
                    entries, behind = entries + count, behind + 1
                    if behind <= MAX_ASKED:
                        oldest = min(oldest, reading.oldest_after(room, cursor) or now)
        return ConsumerStatus(
            name=state.name,
            entries=entries,
            rooms=behind,
            seconds=(now - oldest) / 1000,
            state=self._state_of(state, now),
            failing=state.failing,
        )

    @staticmethod
    def _state_of(state: ConsumerState, now: int) -> str:
        if not state.holder or abs(now - state.seen_at) > LEASE * 1000:
            return "waiting for a server"
        if state.clears:
            return "being rebuilt"
        return "working" if state.begun else "beginning"


def _count_after(cursor: Cursor, room: Room, reads_messages: bool) -> int:
    messages = max(0, room.last_seq - cursor.seq) if reads_messages else 0
    return messages + max(0, room.last_rev - cursor.rev)
