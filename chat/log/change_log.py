"""The rooms' logs of changes: an entry is applied to its message before anybody reads it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from chat.log.previews import Previews
from chat.log.quotes import Quotes
from chat.log.tails import Tails
from chat.models import Change, Changes, Message, Room
from chat.repositories.appends import LOG_PAGE
from chat.repositories.changes import ChangeRepository
from chat.repositories.messages import MessageRepository

MAX_ENTRIES_READ = 1_000  # entries of one log that one call reads


class ChangeLog:
    """Settles the logs of changes, and reads the messages that changed.

    A rev is settled when all changes up to it are applied and scrubbed. That includes changes of
    other processes, which may have crashed between storing and applying. Only settled revs leave
    the log, and the messages are read after the rev is settled. `on_message_changed` is called with
    the current state of a message, and `on_foreign_changes` with the id of a room in which another
    process changed messages.
    """

    def __init__(
        self,
        changes: ChangeRepository,
        messages: MessageRepository,
        tails: Tails,
        previews: Previews,
        quotes: Quotes,
        on_message_changed: Callable[[Message], None],
        on_foreign_changes: Callable[[str], None],
    ) -> None:
        self._changes = changes
        self._messages = messages
        self._tails = tails
        self._previews = previews
        self._quotes = quotes
        self._on_message_changed = on_message_changed
        self._on_foreign_changes = on_foreign_changes

    def settled_rev(self, room: Room) -> int:
        """Return the last rev known to be settled, without a query."""
        return self._tails.settled_rev(room) or 0

    def record_settled_elsewhere(self, room: Room) -> int:
        """Take over `room.last_rev`, which another process settled; return the last settled rev."""
        if self._tails.record_settled_elsewhere(room):
            self._on_foreign_changes(room.id)
        return self.settled_rev(room)

    def settle(self, room: Room, max_age: float = 0.0) -> int:
        """Apply all pending changes; return the last rev, at most `max_age` seconds old."""
        known = self._tails.settled_rev(room, max_age)
        if known is not None:
            return known
        asked_at = time.monotonic()
        settled = self.settled_rev(room)
        while True:
            found = self._changes.list_range(room.id, settled + 1, settled + LOG_PAGE)
            if found:
                settled = found[-1].rev
                self._apply(room, found)
                self._on_foreign_changes(room.id)
                self._refresh_preview(room, found)
            if len(found) < LOG_PAGE:
                self._tails.record_settled(room.id, settled, asked_at)
                return settled

    def settle_own(self, room: Room, own: Sequence[Change]) -> int:
        """Apply changes that this process just stored; return the last settled rev."""
        if not _covers(own, self.settled_rev(room), own[-1].rev):
            return self.settle(room)
        self._apply(room, own)
        return own[-1].rev

    def read_between(
        self, room: Room, after_rev: int, upto: int, limit: int, own: Sequence[Change] = ()
    ) -> Changes:
        """Return at most `limit` messages changed after `after_rev`, up to the settled rev `upto`.

        If `own` holds all entries of that range, the log is not read.
        """
        first_revs: dict[str, int] = {}  # by message id
        reacted: defaultdict[str, set[int]] = defaultdict(set)
        last_rev = after_rev
        for change in self._entries(room.id, after_rev, upto, own):
            if change.message_id not in first_revs and len(first_revs) == limit:
                break
            first_revs.setdefault(change.message_id, change.rev)
            last_rev = change.rev
            if change.kind == "reaction":
                reacted[change.user_id].add(change.seq)
        else:
            last_rev = min(upto, max(last_rev, after_rev + MAX_ENTRIES_READ))
        messages = self._quotes.complete(self._messages.list_by_ids(first_revs))
        messages.sort(key=lambda message: first_revs[message.id])
        for message in messages:
            self._record(room, message)
        return Changes(
            messages=tuple(messages),
            first_revs=tuple(first_revs[message.id] for message in messages),
            after_rev=after_rev,
            last_rev=last_rev,
            has_more=last_rev < upto,
            reacted={user_id: frozenset(seqs) for user_id, seqs in reacted.items()},
        )

    def _entries(
        self, room_id: str, after_rev: int, upto: int, own: Sequence[Change]
    ) -> Iterable[Change]:
        """Yield the entries after `after_rev` up to `upto`, at most MAX_ENTRIES_READ."""
        if _covers(own, after_rev, upto):
            yield from own
            return
        end = min(upto, after_rev + MAX_ENTRIES_READ)
        for first in range(after_rev + 1, end + 1, LOG_PAGE):
            yield from self._changes.list_range(room_id, first, min(first + LOG_PAGE - 1, end))

    def _apply(self, room: Room, changes: Sequence[Change]) -> None:
        self._changes.apply(changes)
        self._tails.record_settled(room.id, changes[-1].rev)
        self._previews.put_rev(room.id, changes[-1].rev)

    def _refresh_preview(self, room: Room, changes: Sequence[Change]) -> None:
        """Write the preview of the last message again: its writer may have crashed before it."""
        newest = max(changes, key=lambda change: change.seq)
        if newest.seq >= self._tails.with_tail(room).last_seq:
            for message in self._messages.list_by_ids([newest.message_id]):
                self._record(room, message)

    def _record(self, room: Room, message: Message) -> None:
        """Pass the current state of a message to everything that caches it."""
        self._on_message_changed(message)
        self._quotes.record_changed(message)
        if message.seq >= self._tails.with_tail(room).last_seq:
            self._tails.record_message(message)
            self._previews.put(message)


def _covers(changes: Sequence[Change], after_rev: int, upto: int) -> bool:
    """Tell whether `changes` are all changes after `after_rev` up to `upto`."""
    return (
        bool(changes)
        and changes[0].rev == after_rev + 1
        and changes[-1].rev == upto
        and len(changes) == upto - after_rev
    )
