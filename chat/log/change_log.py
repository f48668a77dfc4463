"""The rooms' second logs, of changes: what is appended to one is applied, then it may be read."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from chat.log.previews import Previews
from chat.log.tails import Tails
from chat.models import Change, Changes, Message, Room
from chat.repositories.appends import STRIDE
from chat.repositories.changes import ChangeRepository
from chat.repositories.messages import MessageRepository

MOST_READ = 1_000  # entries that one look at a log reads


class ChangeLog:
    """Settles the logs of changes, and reads the messages that they speak of.

    A rev is settled when all changes up to it are applied and scrubbed, foreign ones too: whoever
    stored them may have died in between. No other rev leaves the log, and the messages are read
    after it. `sign` gives them the names of their senders. `learn` hears how one is now, and
    `forget` the ids of rooms in which another process has changed some.
    """

    def __init__(
        self,
        changes: ChangeRepository,
        messages: MessageRepository,
        tails: Tails,
        previews: Previews,
        sign: Callable[[Iterable[Message]], list[Message]],
        learn: Callable[[Message], None],
        forget: Callable[[str], None],
    ) -> None:
        self._changes = changes
        self._messages = messages
        self._tails = tails
        self._previews = previews
        self._sign = sign
        self._learn = learn
        self._forget = forget

    def settled(self, room: Room) -> int:
        """Return the last rev that is known to be settled, asking nobody."""
        return self._tails.settled(room) or 0

    def note_settled_elsewhere(self, room: Room) -> int:
        """Note what another process has settled, as the room says; return the last settled rev."""
        if self._tails.note_settled_elsewhere(room):
            self._forget(room.id)
        return self.settled(room)

    def settle(self, room: Room, max_age: float = 0.0) -> int:
        """Apply what is left to apply, and return the last rev as of `max_age` seconds ago."""
        known = self._tails.settled(room, max_age)
        if known is not None:
            return known
        asked_at = time.monotonic()
        settled = self.settled(room)
        while True:
            found = self._changes.list_range(room.id, settled + 1, settled + STRIDE)
            if found:
                settled = found[-1].rev
                self._apply(room, found)
                self._forget(room.id)
                self._note_newest(room, found)
            if len(found) < STRIDE:
                self._tails.note_settled(room.id, settled, asked_at)
                return settled

    def settle_own(self, room: Room, own: Sequence[Change]) -> int:
        """Apply changes that were stored just now; return the last settled rev."""
        if not _covers(own, self.settled(room), own[-1].rev):
            return self.settle(room)
        self._apply(room, own)
        return own[-1].rev

    def between(
        self, room: Room, after_rev: int, upto: int, limit: int, own: Sequence[Change] = ()
    ) -> Changes:
        """Return the messages that changed after a rev up to a settled one, `limit` at most.

        Entries that are at hand, `own`, are not read where they are all.
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
            last_rev = min(upto, max(last_rev, after_rev + MOST_READ))
        messages = self._sign(self._messages.list_by_ids(first_revs))
        messages.sort(key=lambda message: first_revs[message.id])
        for message in messages:
            self._note(room, message)
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
        """Yield the entries after a rev up to another one, MOST_READ at most."""
        if _covers(own, after_rev, upto):
            yield from own
            return
        end = min(upto, after_rev + MOST_READ)
        for first in range(after_rev + 1, end + 1, STRIDE):
            yield from self._changes.list_range(room_id, first, min(first + STRIDE - 1, end))

    def _apply(self, room: Room, changes: Sequence[Change]) -> None:
        self._changes.apply(changes)
        self._tails.note_settled(room.id, changes[-1].rev)
        self._previews.put_rev(room.id, changes[-1].rev)

    def _note_newest(self, room: Room, changes: Sequence[Change]) -> None:
        """Have the preview of the last message written, which may have died with its process."""
        newest = max(changes, key=lambda change: change.seq)
        if newest.seq >= self._tails.with_tail(room).last_seq:
            for message in self._messages.list_by_ids([newest.message_id]):
                self._note(room, message)

    def _note(self, room: Room, message: Message) -> None:
        """Note how a message is now, where something of it is remembered."""
        self._learn(message)
        if message.seq >= self._tails.with_tail(room).last_seq:
            self._tails.learn(message)
            self._previews.put(message)


def _covers(changes: Sequence[Change], after_rev: int, upto: int) -> bool:
    """Tell whether these are all changes after a rev up to another one."""
    return (
        bool(changes)
        and changes[0].rev == after_rev + 1
        and changes[-1].rev == upto
        and len(changes) == upto - after_rev
    )
