"""The ends of the rooms' logs as this process knows them: what is stored, what is pushed."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from chat.log.previews import Previews
from chat.models import Message, Room, RoomKind
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import with_preview

KNOWN_ROOMS = 20_000  # to which nobody here listens
UNKNOWN = -1


@dataclass(slots=True)
class Tail:
    """The end of one log: the last message known, and how far its clients here were told."""

    seq: int = UNKNOWN
    message: Message | None = None  # its preview; None where nothing was said
    seen_at: float = 0.0  # when the log was known to end here, by the monotonic clock
    pushed: int = 0  # the end of the gapless part of what was pushed here
    ahead: set[int] = field(default_factory=set)  # pushed beyond that

    def note_pushed(self, seq: int) -> None:
        """Note that a message has been pushed."""
        if seq > self.pushed:
            self.ahead.add(seq)
            self._close_up()

    def note_all_pushed(self, upto: int) -> None:
        """Note that of everything that is stored up to a seq nothing is left to push."""
        if upto > self.pushed:
            self.pushed = upto
            self.ahead = {seq for seq in self.ahead if seq > upto}
            self._close_up()

    def is_pushed(self, seq: int) -> bool:
        """Tell whether a message has been pushed here."""
        return seq <= self.pushed or seq in self.ahead

    def _close_up(self) -> None:
        while self.pushed + 1 in self.ahead:
            self.pushed += 1
            self.ahead.remove(self.pushed)


class Tails:
    """The tails of the rooms that were written, looked at, or are listened to here.

    What is known never goes back. It may lag behind what other processes store.
    """

    def __init__(self, messages: MessageRepository, previews: Previews) -> None:
        self._messages = messages
        self._previews = previews
        self._tails: OrderedDict[str, Tail] = OrderedDict()  # the one used least lately first
        self._listened: dict[str, RoomKind] = {}  # never forgotten

    # What is stored

    def learn(self, message: Message) -> None:
        """Note a stored message; an older one than is known changes nothing."""
        self._remember(message.room_id, message.seq, message, time.monotonic())

    def overlay(self, room: Room) -> Room:
        """Return the room with the end of its log as this process knows it."""
        known = self._tails.get(room.id)
        if known is None or known.seq <= room.last_seq:
            return room
        return replace(room, last_seq=known.seq, last_message=known.message)

    def known_seq(self, room_id: str) -> int | None:
        """Return the last seq that is known here without asking, or None."""
        known = self._tails.get(room_id)
        return known.seq if known and known.seq != UNKNOWN else None

    def known_id(self, room_id: str, seq: int) -> str | None:
        """Return the id of the message there if it is the last one known here, else None."""
        known = self._tails.get(room_id)
        last = known.message if known else None
        return last.id if last and last.seq == seq else None

    def read(self, room: Room, max_age: float = 0.0) -> int:
        """Return the last stored seq as of `max_age` seconds ago at most, asking the database.

        Many clients that come back at once ask about the same rooms.
        """
        asked_at = time.monotonic()
        tail = self._tails.get(room.id)
        if tail and tail.seq >= room.last_seq and asked_at - tail.seen_at < max_age:
            return tail.seq
        known = self.overlay(room)
        found = self._messages.find_head(room.id, known.last_seq)
        if found is None:
            self._remember(room.id, known.last_seq, known.last_message, asked_at)
        else:
            self._remember(room.id, found.seq, found, asked_at)
            self._previews.put(found)  # whoever stored it may have crashed before doing so
        return self._tails[room.id].seq

    def _remember(self, room_id: str, seq: int, message: Message | None, seen_at: float) -> None:
        tail = self._tail(room_id)
        if seq > tail.seq:
            tail.seq, tail.seen_at = seq, seen_at
            tail.message = with_preview(message) if message else None
        elif seq == tail.seq:
            tail.seen_at = seen_at

    def _tail(self, room_id: str) -> Tail:
        """Return the tail of a room; where it is new, forget the one used least lately."""
        tail = self._tails.get(room_id)
        if tail is None:
            tail = self._tails[room_id] = Tail()
            if len(self._tails) > KNOWN_ROOMS + len(self._listened):
                self._forget_one()
        self._tails.move_to_end(room_id)
        return tail

    def _forget_one(self) -> None:
        for _ in range(len(self._tails)):
            room_id = next(iter(self._tails))
            if room_id not in self._listened:
                del self._tails[room_id]
                return
            self._tails.move_to_end(room_id)  # or it would be passed over each time

    # What is pushed

    def listen(self, room: Room) -> None:
        """Note a room as it is at the moment from which all that follows is pushed here."""
        if room.id not in self._listened:
            self._tail(room.id).pushed = room.last_seq
            self._listened[room.id] = room.kind

    def unlisten(self, room_id: str) -> None:
        """Hear that nobody here listens to a room any more."""
        if self._listened.pop(room_id, None) is not None:
            tail = self._tails[room_id]
            tail.pushed, tail.ahead = 0, set()

    def listened(self) -> dict[str, RoomKind]:
        """Return the kinds of all rooms that somebody here listens to, by id."""
        return dict(self._listened)

    def pushed(self, room_id: str) -> Tail | None:
        """Return the tail of a room that somebody here listens to."""
        return self._tails[room_id] if room_id in self._listened else None

    # What is forgotten

    def forget(self, room_id: str) -> None:
        """Drop what is known to be stored in a room; whoever listens, listens on."""
        if room_id in self._listened:
            self._tails[room_id].seq, self._tails[room_id].message = UNKNOWN, None
        else:
            self._tails.pop(room_id, None)

    def forget_all(self) -> None:
        """Drop what is known to be stored in all rooms."""
        for room_id in list(self._tails):
            self.forget(room_id)

    def forget_listeners(self) -> None:
        """Drop what was pushed: those who listen come again."""
        for room_id in self.listened():
            self.unlisten(room_id)
