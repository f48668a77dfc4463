"""The one door to the rooms' logs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

from chat.errors import ChatError
from chat.log.change_log import ChangeLog
from chat.log.changer import Changer
from chat.log.contention import Contention
from chat.log.followers import ChangeFollower, Follower
from chat.log.futures import StoredFuture
from chat.log.previews import Previews
from chat.log.tails import Tails
from chat.log.writer import Writer
from chat.models import Change, Changes, Message, Room, RoomKind
from chat.repositories.appends import STRIDE
from chat.repositories.changes import ChangeRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository

MOST_BEHIND = 10_000  # changes that somebody may have missed; beyond them all is loaded anew

log = logging.getLogger(__name__)


class RoomLog:
    """Appends to the logs of all rooms, reads them, and tells `followers` what is new.

    Each room has two: of messages, and of changes of stored messages, whose numbers are called rev.
    Followers are called in their order. `sign` gives messages the names of their senders.
    """

    followers: Sequence[Follower] = ()
    change_followers: Sequence[ChangeFollower] = ()

    def __init__(
        self,
        messages: MessageRepository,
        changes: ChangeRepository,
        rooms: RoomRepository,
        previews: Previews,
        sign: Callable[[Iterable[Message]], list[Message]],
    ) -> None:
        self._messages = messages
        self._sign = sign
        self._tails = Tails(messages, previews)
        self._contention = Contention(rooms)
        self._writer = Writer(messages, self._tails, self._contention, self._tell_stored)
        self._changes = ChangeLog(
            changes,
            messages,
            self._tails,
            previews,
            sign,
            learn=self._writer.changed,
            forget=self._writer.forget,
        )
        self._changer = Changer(
            changes, self._tails, self._contention, self._changes.settle, self._tell_changed
        )

    # To append

    def append(
        self, room: Room, message: Message, refusal: ChatError | None = None
    ) -> StoredFuture:
        """Queue a message; the future is done once it is stored and the followers have heard.

        With a `refusal` nothing new is stored: the future ends with that error, unless the message
        is a repeat of one that was taken before. Raises Unavailable when too much waits or the
        process is shutting down.
        """
        return self._writer.submit(room, message, refusal)

    def change(self, room: Room, change: Change) -> StoredFuture:
        """Queue a change of a stored message; the future is done with the message as it is then.

        It is applied by then, and the followers have heard. The future ends with
        MessageDeleted when somebody deleted the message before, with NotFound when it is gone.
        Raises Unavailable as above.
        """
        return self._changer.submit(room, change)

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

    def rev(self, room: Room, max_age: float = 0.0) -> int:
        """Return the last rev as it was `max_age` seconds ago at most; all up to it is applied.

        Messages that are read after it are at least as new.
        """
        return self._changes.settle(room, max_age)

    def changes(self, room: Room, after_rev: int, limit: int, upto: int) -> Changes:
        """Return the messages that changed after a rev, each once and as it is now.

        As many as `limit` at most, up to a rev that was returned here before.
        """
        if after_rev > upto or upto - after_rev > MOST_BEHIND:
            return Changes((), (), after_rev, upto, reset=True)
        return self._changes.between(room, after_rev, upto, limit)

    def find(self, room_id: str, seq: int) -> Message | None:
        """Return the message at a place of a log as it is now, or None."""
        return next(iter(self.read(room_id, seq, seq)), None)

    def pinned(self, room_id: str, limit: int) -> list[Message]:
        """Return the pinned messages of a room, those pinned last first."""
        return self._sign(self._messages.list_pinned(room_id, limit))

    def with_tail(self, room: Room) -> Room:
        """Return the room with the end of its log as this process knows it, asking nobody."""
        return self._tails.with_tail(room)

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

    def heard_changes(self, room_id: str, after_rev: int, last_rev: int) -> None:
        """Hear that another process has told those who listen here of changes between two revs."""
        self._tails.note_revs_pushed(room_id, after_rev, last_rev)

    def catch_up(self, room: Room) -> None:
        """Tell the followers, in order, what those who listen here were not told of both logs.

        Where one of them fails, the next call begins there.
        """
        self._catch_up_messages(room)
        self._catch_up_changes(room)

    def _catch_up_messages(self, room: Room) -> None:
        calls = [follower.caught_up for follower in self.followers]
        while (upto := self._tails.pushed_upto(room.id)) is not None and upto < room.last_seq:
            last = min(upto + STRIDE, room.last_seq)
            for message in self.read(room.id, upto + 1, last):
                self._tails.learn(message)
                if not self._tails.is_pushed(message) and not self._tell(calls, room, message):
                    return
            self._tails.note_all_pushed(room.id, last)

    def _catch_up_changes(self, room: Room) -> None:
        upto = self._changes.note_settled_elsewhere(room)
        while (after := self._tails.pushed_rev(room.id)) is not None and after < upto:
            changes = self._changes.between(room, after, upto, STRIDE)
            calls = [follower.changes_caught_up for follower in self.change_followers]
            if not self._tell_changes(calls, room, changes):
                return

    def look_for_others(self, now: datetime) -> None:
        """Find out whether another process writes to the same rooms; `now` is the database's."""
        self._contention.refresh(now)

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
        self._changer.start_over()
        self._tails.forget_listeners()

    def close(self, seconds: float) -> bool:
        """Take no more and wait until what was taken is stored; return whether it is."""
        ends_at = time.monotonic() + seconds
        self._changer.end_in(seconds)
        stored = self._writer.close(seconds)
        return self._changer.close(max(0.0, ends_at - time.monotonic())) and stored

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

    def _tell_changed(self, room: Room, own: Sequence[Change]) -> dict[str, Message]:
        """Apply changes that were stored here and tell of them; return their messages by id.

        What others stored since the last push of the room is in it too: so a gap between two pushes
        means that one was lost.
        """
        upto = self._changes.settle_own(room, own)
        pushed = self._tails.pushed_rev(room.id)
        after = own[0].rev - 1 if pushed is None else min(pushed, own[0].rev - 1)
        calls = [follower.changed for follower in self.change_followers]
        messages: dict[str, Message] = {}
        while after < upto:
            changes = self._changes.between(room, after, upto, STRIDE, own)
            messages |= {message.id: message for message in changes.messages}
            self._tell_changes(calls, room, changes)
            after = changes.last_rev
        return messages

    def _tell_changes(
        self, calls: Iterable[Callable[[Room, Changes], None]], room: Room, changes: Changes
    ) -> bool:
        """Tell all followers of changes, as above; return whether all heard."""
        all_heard = True
        for call in calls:
            try:
                call(room, changes)
            except Exception:
                log.exception("could not tell of changes in room %s", room.id)
                all_heard = False
        if all_heard:
            self._tails.note_revs_pushed(room.id, changes.after_rev, changes.last_rev)
        return all_heard
