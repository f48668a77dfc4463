"""The ends of the rooms' logs as this process knows them, and their way into `room`."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, replace

from chat.models import Message, Room
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository, with_preview
from chat.services.coalescer import Coalescer

WRITE_INTERVAL = 0.25  # seconds between two writes of one room's end
LATELY = 1.0  # seconds for which an end that was seen is as good as asking again
KNOWN_ROOMS = 20_000


@dataclass(slots=True)
class _Head:
    seq: int
    message: Message | None  # its preview; None where nothing was said
    seen_at: float  # when the log was known to end here, by the monotonic clock
    noted: int = 0  # the seq that was last put on its way into `room`


class RoomHeads:
    """The last message of each room that was written or looked at here, and its way into `room`.

    What is known never goes back. It may lag behind what other processes store.
    """

    def __init__(self, rooms: RoomRepository, messages: MessageRepository) -> None:
        self._messages = messages
        self._known: OrderedDict[str, _Head] = OrderedDict()
        self._coalescer: Coalescer[str, Message] = Coalescer(
            WRITE_INTERVAL, lambda heads: rooms.advance_heads(heads.values())
        )

    def learn(self, message: Message) -> None:
        """Note a stored message; an older one than is known changes nothing."""
        self._remember(message.room_id, message.seq, message, time.monotonic())

    def advance(self, message: Message) -> None:
        """Note a message that was stored here and told of: from now on others may hear of it."""
        self.learn(message)
        self._write_later(message)

    def overlay(self, room: Room) -> Room:
        """Return the room with the end of its log as this process knows it."""
        known = self._known.get(room.id)
        if known is None or known.seq <= room.last_seq:
            return room
        return replace(room, last_seq=known.seq, last_message=known.message)

    def known_seq(self, room_id: str) -> int | None:
        """Return the last seq that is known here without asking, or None."""
        known = self._known.get(room_id)
        return known.seq if known else None

    def known_id(self, room_id: str, seq: int) -> str | None:
        """Return the id of the message there if it is the last one known here, else None."""
        known = self._known.get(room_id)
        last = known.message if known else None
        return last.id if last and last.seq == seq else None

    def read(self, room: Room) -> int:
        """Return the last stored seq, asking the database what came from elsewhere."""
        asked_at = time.monotonic()
        known = self.overlay(room)
        found = self._messages.find_head(room.id, known.last_seq)
        if found is None:
            self._remember(room.id, known.last_seq, known.last_message, asked_at)
        else:
            self._remember(room.id, found.seq, found, asked_at)
            self._write_later(found)  # whoever stored it may have crashed before doing so
        return self._known[room.id].seq

    def read_lately(self, room: Room) -> int:
        """Return the last stored seq as of a second ago at most.

        Many clients that come back at once ask about the same rooms. What another process has
        stored within that second is pushed to them, as they hear the room already.
        """
        known = self._known.get(room.id)
        if known and known.seq >= room.last_seq and time.monotonic() - known.seen_at < LATELY:
            return known.seq
        return self.read(room)

    def flush(self) -> bool:
        """Write what waits; return whether it could be written."""
        return self._coalescer.flush()

    def forget(self, room_id: str) -> None:
        """Drop what is known of a room that is gone."""
        self._known.pop(room_id, None)

    def forget_all(self) -> None:
        """Drop what is known of all rooms, and what waits to be written of it."""
        self._coalescer.clear()
        self._known.clear()

    def _write_later(self, message: Message) -> None:
        known = self._known.get(message.room_id)
        if known is not None and message.seq > known.noted:
            known.noted = message.seq
            self._coalescer.put(message.room_id, message)

    def _remember(self, room_id: str, seq: int, message: Message | None, seen_at: float) -> None:
        known = self._known.get(room_id)
        if known is not None and known.seq >= seq:
            if known.seq == seq:
                known.seen_at = seen_at
            return
        noted = known.noted if known is not None else 0
        preview = with_preview(message) if message else None
        self._known[room_id] = _Head(seq, preview, seen_at, noted)
        self._known.move_to_end(room_id)
        if len(self._known) > KNOWN_ROOMS:
            self._known.popitem(last=False)
