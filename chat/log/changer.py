"""The one that collects changes of messages, stores them, and has them applied and told."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from chat.errors import Internal, MessageDeleted, NotFound, Unavailable
from chat.log.contention import Contention
from chat.log.futures import Stored, StoredFuture
from chat.log.group_commit import GroupCommit
from chat.log.tails import Tails
from chat.models import Change, Message, Room
from chat.repositories.appends import Appended
from chat.repositories.changes import ChangeRepository
from chat.repositories.outages import is_outage
from chat.text.sizes import size_of_text

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Draft:
    """A change on its way, without rev yet."""

    room: Room
    change: Change
    futures: list[StoredFuture] = field(default_factory=lambda: [StoredFuture()])

    @property
    def size(self) -> int:
        """Return its bytes of text."""
        return size_of_text(self.change.value) if isinstance(self.change.value, str) else 0

    @property
    def name(self) -> str:
        """Return what the server's log calls it."""
        return f"change {self.change.id}"


class Changer(GroupCommit[Draft]):
    """Stores changes in the order of their arrival.

    `settle` finds out where a room's log of changes ends and applies all of it. `tell` applies
    stored changes of a room, tells the followers, and returns the messages by id.
    """

    entries = "changes"

    def __init__(
        self,
        changes: ChangeRepository,
        tails: Tails,
        contention: Contention,
        settle: Callable[[Room], int],
        tell: Callable[[Room, Sequence[Change]], Mapping[str, Message]],
    ) -> None:
        super().__init__(contention)
        self._changes = changes
        self._tails = tails
        self._settle_room = settle
        self._tell = tell
        self._kept: list[Draft] = []  # stored, and not yet applied

    def submit(self, room: Room, change: Change) -> StoredFuture:
        """Queue a change; the future is done with the changed message once it is told.

        Raises Unavailable when the queue is full or the process is shutting down.
        """
        return self._admit(Draft(room, change))

    def _handle(self, batch: Sequence[Draft]) -> None:
        self._store(deque(batch))
        kept, self._kept = self._kept, []
        by_room: dict[str, list[Draft]] = {}
        for draft in kept:
            by_room.setdefault(draft.room.id, []).append(draft)
        for drafts in by_room.values():
            self._finish(drafts)

    def _number(self, waiting: Iterable[Draft]) -> None:
        ends: dict[str, int] = {}
        for draft in waiting:
            room_id = draft.room.id
            if room_id not in ends:
                known = self._tails.known_rev(room_id)
                ends[room_id] = self._settle_room(draft.room) if known is None else known
            ends[room_id] += 1
            draft.change = replace(draft.change, rev=ends[room_id])

    def _append(self, drafts: Sequence[Draft]) -> Appended:
        return self._changes.append([draft.change for draft in drafts])

    def _keep(self, draft: Draft) -> None:
        self._tails.learn_rev(draft.room.id, draft.change.rev)
        self._kept.append(draft)

    def _keep_stored(self, waiting: deque[Draft], place: int) -> bool:
        return self._keep_found(waiting, [waiting[place]])

    def _look_again(self, waiting: deque[Draft]) -> None:
        if self._keep_found(waiting, list(waiting)):
            self._changes.confirm()  # what can be read may still be lost
        for room in {draft.room.id: draft.room for draft in waiting}.values():
            self._read_end(room)

    def _keep_found(self, waiting: deque[Draft], suspects: Sequence[Draft]) -> bool:
        """Take off those of the suspects that are stored already; return whether any is."""
        found = self._changes.find_stored(draft.change for draft in suspects)
        for draft in suspects:
            if draft.change.id in found:
                waiting.remove(draft)
                draft.change = found[draft.change.id]
                self._keep(draft)
        return bool(found)

    def _read_end(self, room: Room) -> None:
        self._settle_room(room)

    def _is_refused(self, error: Exception) -> bool:
        return self._changes.is_refused(error)

    def _finish(self, drafts: Sequence[Draft]) -> None:
        """Have the stored changes of a room applied and told, however long the database is away.

        Where the process ends before, whoever reads the log next applies them.
        """
        drafts = sorted(drafts, key=lambda draft: draft.change.rev)
        failures = 0
        while True:
            try:
                messages = self._tell(drafts[0].room, [draft.change for draft in drafts])
                break
            except Exception as error:
                if not is_outage(error):
                    log.exception("could not apply %d changes", len(drafts))
                    self._fail(drafts, Internal())
                    return
                if not self._rest(error, failures):
                    self._fail(drafts, Unavailable())
                    return
                failures += 1
        for draft in drafts:
            self._answer(draft, messages.get(draft.change.message_id))

    def _answer(self, draft: Draft, message: Message | None) -> None:
        if message is None:
            self._fail([draft], NotFound())
        elif message.deleted and draft.change.kind != "deleted":  # the deletion won
            self._fail([draft], MessageDeleted())
        else:
            for future in draft.futures:
                future.set_result(Stored(message, created=False))
