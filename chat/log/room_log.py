"""The only interface to the rooms' logs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from chat.errors import ChatError
from chat.log.change_log import ChangeLog
from chat.log.changer import Changer
from chat.log.contention import Contention
from chat.log.followers import ChangeFollower, Follower
from chat.log.futures import StoredFuture
from chat.log.previews import Previews
from chat.log.quotes import Quotes
from chat.log.tails import Tails
from chat.log.writer import Writer
from chat.models import Change, Changes, Message, Quote, Room, RoomKind
from chat.repositories.appends import LOG_PAGE
from chat.repositories.changes import ChangeRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository

MAX_CHANGES_BEHIND = 10_000  # a client that missed more changes loads everything anew

N = TypeVar("N", Message, Changes)

log = logging.getLogger(__name__)


class RoomLog:
    """Appends to the logs of all rooms, reads them, and calls `followers` with new entries.

    Each room has two logs: of messages, numbered by seq, and of changes of stored messages,
    numbered by rev. Followers are called in their order. `add_names` adds the names of the senders
    to messages and to what they quote.
    """

    followers: Sequence[Follower] = ()
    change_followers: Sequence[ChangeFollower] = ()

    def __init__(
        self,
        messages: MessageRepository,
        changes: ChangeRepository,
        rooms: RoomRepository,
        previews: Previews,
        add_names: Callable[[Iterable[Message]], list[Message]],
    ) -> None:
        self._messages = messages
        self._quotes = Quotes(messages, add_names)
        self._tails = Tails(messages, previews)
        self._contention = Contention(rooms)
        self._writer = Writer(
            messages, self._tails, self._contention, self._quotes, self._notify_stored
        )
        self._changes = ChangeLog(
            changes,
            messages,
            self._tails,
            previews,
            self._quotes,
            on_message_changed=self._writer.update_recent,
            on_foreign_changes=self._writer.forget_recent,
        )
        self._changer = Changer(
            changes, self._tails, self._contention, self._changes.settle, self._apply_and_notify
        )

    # Append

    def append(
        self, room: Room, message: Message, refusal: ChatError | None = None
    ) -> StoredFuture:
        """Queue a message; the future is done once it is stored and the followers were called.

        With a `refusal` nothing new is stored: the future ends with that error, unless the send
        repeats an earlier one. Raises Unavailable when the queue is full or the process is
        shutting down.
        """
        return self._writer.submit(room, message, refusal)

    def change(self, room: Room, change: Change) -> StoredFuture:
        """Queue a change of a stored message; the future holds the changed message.

        It is done once the change is applied and the followers were called. It ends with
        MessageDeleted when the message was deleted before, with NotFound when it does not exist.
        Raises Unavailable when the queue is full or the process is shutting down.
        """
        return self._changer.submit(room, change)

    # Read

    def read(self, room_id: str, first: int, last: int) -> list[Message]:
        """Return the messages with `first <= seq <= last`, ascending."""
        return self._quotes.complete(self._messages.list_range(room_id, first, last))

    def read_plain(self, room_id: str, first: int, last: int) -> list[Message]:
        """Return the same messages without the names of senders and without quotes."""
        return self._messages.list_range(room_id, first, last)

    def ids_at(self, room_id: str, seqs: Collection[int]) -> dict[int, str]:
        """Return the ids of the messages with these seqs, by seq."""
        return self._messages.ids_at(room_id, seqs)

    def last_seq(self, room: Room, max_age: float = 0.0) -> int:
        """Return the last stored seq, at most `max_age` seconds old."""
        return self._tails.read_last_seq(room, max_age)

    def last_rev(self, room: Room, max_age: float = 0.0) -> int:
        """Return the last rev, at most `max_age` seconds old, with all changes up to it applied.

        Messages read after this call include those changes.
        """
        return self._changes.settle(room, max_age)

    def changes(self, room: Room, after_rev: int, limit: int, upto: int) -> Changes:
        """Return at most `limit` messages that changed after a rev, each once and as it is now.

        `upto` is a rev that `last_rev` returned. The result is a `reset` if `after_rev` is beyond
        it or more than MAX_CHANGES_BEHIND behind.
        """
        if after_rev > upto or upto - after_rev > MAX_CHANGES_BEHIND:
            return Changes((), (), after_rev, upto, reset=True)
        return self._changes.read_between(room, after_rev, upto, limit)

    def find_message(self, room_id: str, seq: int) -> Message | None:
        """Return the message with a seq as it is now, or None."""
        return next(iter(self.read(room_id, seq, seq)), None)

    def read_by_ids(self, message_ids: Collection[str]) -> list[Message]:
        """Return those of the messages that exist, as they are now, unordered."""
        return self._quotes.complete(self._messages.list_by_ids(message_ids))

    def find_quote(self, room_id: str, seq: int) -> Quote:
        """Return what a reply to a message shows of it; it is `deleted` if there is none."""
        return self._quotes.find(room_id, seq)

    def pinned(self, room_id: str, limit: int) -> list[Message]:
        """Return the pinned messages of a room, the last pinned first."""
        return self._quotes.complete(self._messages.list_pinned(room_id, limit))

    def with_tail(self, room: Room) -> Room:
        """Return the room with the end of its log as this process knows it, without a query."""
        return self._tails.with_tail(room)

    def known_id(self, room_id: str, seq: int) -> str | None:
        """Return the id of the message at `seq` if it is the last known one, else None."""
        return self._tails.known_id(room_id, seq)

    # Follow

    def track_room(self, room: Room) -> None:
        """Track a room: a client here receives everything after its present ends."""
        self._tails.track_room(room)

    def untrack_room(self, room_id: str) -> None:
        """Stop tracking a room: no client here receives its pushes any more."""
        self._tails.untrack_room(room_id)

    def tracked_rooms(self) -> dict[str, RoomKind]:
        """Return the kinds of all tracked rooms, by id."""
        return self._tails.tracked_rooms()

    def pushed_upto(self, room_id: str) -> int:
        """Return the seq up to which all messages were pushed here; 0 for an untracked room."""
        return self._tails.pushed_upto(room_id) or 0

    def record_pushed_elsewhere(self, message: Message) -> None:
        """Record that another process stored a message and pushed it to the clients here."""
        self._tails.record_message(message)
        self._tails.record_pushed(message)

    def record_changes_pushed_elsewhere(self, room_id: str, after_rev: int, last_rev: int) -> None:
        """Record that another process pushed the changes between two revs to the clients here."""
        self._tails.record_revs_pushed(room_id, after_rev, last_rev)

    def catch_up(self, room: Room) -> None:
        """Call the followers, in order, with all entries of both logs not yet pushed here.

        After a follower failed, the next call begins with the same entry. For an untracked room no
        follower is called.
        """
        self._catch_up_messages(room)
        self._catch_up_changes(room)

    def _catch_up_messages(self, room: Room) -> None:
        calls = [follower.on_caught_up for follower in self.followers]
        while (upto := self._tails.pushed_upto(room.id)) is not None and upto < room.last_seq:
            last = min(upto + LOG_PAGE, room.last_seq)
            for message in self.read(room.id, upto + 1, last):
                self._tails.record_message(message)
                if not self._tails.is_pushed(message) and not self._notify(calls, room, message):
                    return
            self._tails.record_all_pushed(room.id, last)

    def _catch_up_changes(self, room: Room) -> None:
        upto = self._changes.record_settled_elsewhere(room)
        while (after := self._tails.pushed_rev(room.id)) is not None and after < upto:
            changes = self._changes.read_between(room, after, upto, LOG_PAGE)
            calls = [follower.on_changes_caught_up for follower in self.change_followers]
            if not self._notify_changes(calls, room, changes):
                return

    def refresh_contention(self, now: datetime) -> None:
        """Find out whether another process writes to the same rooms.

        `now` is by the database's clock.
        """
        self._contention.refresh(now)

    # Forget and close

    def forget(self, room_id: str) -> None:
        """Drop what is known of the logs of a deleted room."""
        self._tails.forget_room(room_id)

    def forget_all(self) -> None:
        """Drop what is known of all logs."""
        self._tails.forget_all()
        self._quotes.forget_all()

    def start_over(self) -> None:
        """Fail all queued entries with Unavailable and stop tracking all rooms.

        Called when the database now holds other logs than this process knew. Clients reconnect.
        """
        self._writer.start_over()
        self._changer.start_over()
        self._tails.untrack_all()

    def close(self, seconds: float) -> bool:
        """Take no more entries and wait until all queued ones are done; return whether they are."""
        ends_at = time.monotonic() + seconds
        self._changer.end_in(seconds)
        stored = self._writer.close(seconds)
        return self._changer.close(max(0.0, ends_at - time.monotonic())) and stored

    def _notify_stored(self, room: Room, message: Message) -> None:
        self._notify([follower.on_stored for follower in self.followers], room, message)

    def _notify(
        self, calls: Iterable[Callable[[Room, Message], None]], room: Room, message: Message
    ) -> bool:
        """Call all followers with a message; return whether all succeeded."""
        all_succeeded = _call_all(calls, room, message, f"message {message.id}")
        if all_succeeded:
            self._tails.record_pushed(message)
        return all_succeeded

    def _apply_and_notify(self, room: Room, own: Sequence[Change]) -> dict[str, Message]:
        """Apply changes stored here and call the followers; return the changed messages by id.

        The followers also get what others stored since the last push of the room. So a gap between
        two pushes means that a push was lost.
        """
        upto = self._changes.settle_own(room, own)
        pushed = self._tails.pushed_rev(room.id)
        after = own[0].rev - 1 if pushed is None else min(pushed, own[0].rev - 1)
        calls = [follower.on_changed for follower in self.change_followers]
        messages: dict[str, Message] = {}
        while after < upto:
            changes = self._changes.read_between(room, after, upto, LOG_PAGE, own)
            messages |= {message.id: message for message in changes.messages}
            self._notify_changes(calls, room, changes)
            after = changes.last_rev
        return messages

    def _notify_changes(
        self, calls: Iterable[Callable[[Room, Changes], None]], room: Room, changes: Changes
    ) -> bool:
        """Call all followers with changes; return whether all succeeded."""
        all_succeeded = _call_all(calls, room, changes, f"changes in room {room.id}")
        if all_succeeded:
            self._tails.record_revs_pushed(room.id, changes.after_rev, changes.last_rev)
        return all_succeeded


def _call_all(calls: Iterable[Callable[[Room, N], None]], room: Room, news: N, name: str) -> bool:
    """Call all followers, even after one fails; return whether all succeeded.

    The news is stored all the same, and its sender must learn that. After a failure, `catch_up`
    calls all followers again. `name` is what the server's log calls the news.
    """
    all_succeeded = True
    for call in calls:
        try:
            call(room, news)
        except Exception:
            log.exception("a follower failed at %s", name)
            all_succeeded = False
    return all_succeeded
