"""The one door to the rooms' logs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

from chat.errors import ChatError
from chat.log.contention import Contention
from chat.log.followers import Follower
from chat.log.previews import Previews
from chat.log.promises import Promise
from chat.log.tails import Tails
from chat.log.writer import Writer
from chat.models import Message, Room, RoomKind
from chat.repositories.messages import STRIDE, MessageRepository
from chat.repositories.rooms import RoomRepository

log = logging.getLogger(__name__)


class RoomLog:
    """Appends to the logs of all rooms, reads them, and tells `followers` what is new.

    Followers are called in their order. `sign` gives messages the names of their senders.
    """

    followers: Sequence[Follower] = ()

    def __init__(
        self,
        messages: MessageRepository,
        rooms: RoomRepository,
        previews: Previews,
        sign: Callable[[Iterable[Message]], list[Message]],
    ) -> None:
        self._messages = messages
        self._sign = sign
        self._tails = Tails(messages, previews)
        self._contention = Contention(rooms)
        self._writer = Writer(messages, self._tails, self._contention, self._tell_stored)

    # To append

    def append(self, room: Room, message: Message, refusal: ChatError | None = None) -> Promise:
        """Queue a message; the promise is kept once it is stored and the followers have heard.

        With a `refusal` nothing new is stored: the promise ends with that error, unless the message
        is a repeat of one that was taken before. Raises Unavailable when too much waits or the
        process is shutting down.
        """
        return self._writer.submit(room, message, refusal)

    # To read

    def read(self, room_id: str, first: int, last: int) -> list[Message]:
        """Return the messages with `first <= seq <= last`, ascending."""
        return self._sign(self._messages.list_range(room_id, first, last))

    def ids_at(self, room_id: str, seqs: Collection[int]) -> dict[int, str]:
        """Return the ids of the messages at these places of a log, by seq."""
        return self._messages.ids_at(room_id, seqs)

    def end(self, room: Room, max_age: float = 0.0) -> int:
        """Return the last stored seq as it was `max_age` seconds ago at most."""
        return self._tails.read(room, max_age)

    def overlay(self, room: Room) -> Room:
        """Return the room with the end of its log as this process knows it, asking nobody."""
        return self._tails.overlay(room)

    def known_id(self, room_id: str, seq: int) -> str | None:
        """Return the id of the message there if it is the last one known here, else None."""
        return self._tails.known_id(room_id, seq)

    # To follow

    def listen(self, room: Room) -> None:
        """Hear that somebody here is told of all that follows in a room."""
        self._tails.listen(room)

    def unlisten(self, room_id: str) -> None:
        """Hear that nobody here is told of a room any more."""
        self._tails.unlisten(room_id)

    def listened(self) -> dict[str, RoomKind]:
        """Return the kinds of all rooms that somebody here is told of, by id."""
        return self._tails.listened()

    def told_upto(self, room_id: str) -> int:
        """Return up to which seq those who listen here were told all; 0 where nobody listens."""
        return self._tails.pushed_upto(room_id) or 0

    def heard(self, message: Message) -> None:
        """Hear that another process has told those who listen here of a message it stored."""
        self._tails.learn(message)
        self._tails.note_pushed(message)

    def catch_up(self, room: Room) -> None:
        """Tell the followers, in order, what those who listen here were not told of a log.

        Where one of them fails, the next call begins there.
        """
        calls = [follower.caught_up for follower in self.followers]
        while (upto := self._tails.pushed_upto(room.id)) is not None and upto < room.last_seq:
            last = min(upto + STRIDE, room.last_seq)
            for message in self.read(room.id, upto + 1, last):
                self._tails.learn(message)
                if not self._tails.is_pushed(message) and not self._tell(calls, room, message):
                    return
            self._tails.note_all_pushed(room.id, last)

    def look_for_others(self, now: datetime) -> None:
        """Find out whether another process writes to the same rooms; `now` is the database's."""
        self._contention.look(now)

    # To end and to begin anew

    def forget(self, room_id: str) -> None:
        """Drop what is known of the log of a room that is gone."""
        self._tails.forget(room_id)

    def forget_all(self) -> None:
        """Drop what is known of all logs."""
        self._tails.forget_all()

    def start_over(self) -> None:
        """Give up what waits to be stored: the logs are not those known here."""
        self._writer.start_over()
        self._tails.forget_listeners()

    def close(self, seconds: float) -> bool:
        """Take no more and wait until what was taken is stored; return whether it is."""
        return self._writer.close(seconds)

    def _tell_stored(self, room: Room, message: Message) -> None:
        self._tell([follower.stored for follower in self.followers], room, message)

    def _tell(
        self, calls: Iterable[Callable[[Room, Message], None]], room: Room, message: Message
    ) -> bool:
        """Tell all followers of a message, whatever one of them does; return whether all heard.

        Where one did not, all hear of it again when the log is caught up with.
        """
        all_heard = True
        for call in calls:
            try:
                call(room, message)
            except Exception:  # it is stored all the same, and the sender must hear so
                log.exception("could not tell of message %s", message.id)
                all_heard = False
        if all_heard:
            self._tails.note_pushed(message)
        return all_heard
