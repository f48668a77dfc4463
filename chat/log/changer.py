"""Collects changes of messages, stores them in batches, applies them and notifies followers."""

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
class ChangeDraft:
    """A change that is not stored yet. It gets its rev just before the insert."""

    room: Room
    change: Change
    futures: list[StoredFuture] = field(default_factory=lambda: [StoredFuture()])

    @property
    def size(self) -> int:
        """Return the bytes of its text."""
        return size_of_text(self.change.value) if isinstance(self.change.value, str) else 0

    @property
    def name(self) -> str:
        """Return its name for log lines of the server."""
        return f"change {self.change.id}"


class Changer(GroupCommit[ChangeDraft]):
    """Stores changes in the order of their arrival.

    `settle` applies all pending changes of a room and returns the last rev of its log. `publish`
    applies stored changes of a room, notifies the followers, and returns the messages by id.
    """

    entries = "changes"

    def __init__(
        self,
        changes: ChangeRepository,
        tails: Tails,
        contention: Contention,
        settle: Callable[[Room], int],
        publish: Callable[[Room, Sequence[Change]], Mapping[str, Message]],
    ) -> None:
        super().__init__(contention)
        self._changes = changes
        self._tails = tails
        self._settle_room = settle
        self._publish = publish
        self._stored: list[ChangeDraft] = []  # and not yet applied

    def submit(self, room: Room, change: Change) -> StoredFuture:
        """Queue a change; the future holds the changed message once followers were notified.

        Raises Unavailable when the queue is full or the process is shutting down.
        """
        return self._enqueue(ChangeDraft(room, change))

    def _process_batch(self, batch: Sequence[ChangeDraft]) -> None:
        self._store(deque(batch))
        stored, self._stored = self._stored, []
        by_room: dict[str, list[ChangeDraft]] = {}
        for draft in stored:
            by_room.setdefault(draft.room.id, []).append(draft)
        for drafts in by_room.values():
            self._apply_and_publish(drafts)

    def _assign_numbers(self, waiting: Iterable[ChangeDraft]) -> None:
        ends: dict[str, int] = {}
        for draft in waiting:
            room_id = draft.room.id
            if room_id not in ends:
                known = self._tails.known_rev(room_id)
                ends[room_id] = self._settle_room(draft.room) if known is None else known
            ends[room_id] += 1
            draft.change = replace(draft.change, rev=ends[room_id])

    def _append(self, drafts: Sequence[ChangeDraft]) -> Appended:
        return self._changes.append([draft.change for draft in drafts])

    def _record_stored(self, draft: ChangeDraft) -> None:
        self._tails.record_rev(draft.room.id, draft.change.rev)
        self._stored.append(draft)

    def _match_obstacle(self, waiting: deque[ChangeDraft], place: int) -> bool:
        return self._match_stored(waiting, [waiting[place]])

    def _recover(self, waiting: deque[ChangeDraft]) -> None:
        if self._match_stored(waiting, list(waiting)):
            self._changes.confirm()  # a readable entry may still be rolled back
        for room in {draft.room.id: draft.room for draft in waiting}.values():
            self._read_log_end(room)

    def _match_stored(self, waiting: deque[ChangeDraft], suspects: Sequence[ChangeDraft]) -> bool:
        """Remove the suspects that are already stored; return whether there was one."""
        found = self._changes.find_stored(draft.change for draft in suspects)
        for draft in suspects:
            if draft.change.id in found:
                waiting.remove(draft)
                draft.change = found[draft.change.id]
                self._record_stored(draft)
        return bool(found)

    def _read_log_end(self, room: Room) -> None:
        self._settle_room(room)

    def _is_refused(self, error: Exception) -> bool:
        return self._changes.is_refused(error)

    def _apply_and_publish(self, drafts: Sequence[ChangeDraft]) -> None:
        """Apply the stored changes of a room and notify the followers.

        Retries while the database is away. If the process ends first, the next reader of the log
        applies them.
        """
        drafts = sorted(drafts, key=lambda draft: draft.change.rev)
        failures = 0
        while True:
            try:
                messages = self._publish(drafts[0].room, [draft.change for draft in drafts])
                break
            except Exception as error:
                if not is_outage(error):
                    log.exception("could not apply %d changes", len(drafts))
                    self._fail(drafts, Internal())
                    return
                if not self._wait_for_database(error, failures):
                    self._fail(drafts, Unavailable())
                    return
                failures += 1
        for draft in drafts:
            self._resolve(draft, messages.get(draft.change.message_id))

    def _resolve(self, draft: ChangeDraft, message: Message | None) -> None:
        if message is None:
            self._fail([draft], NotFound())
        elif message.deleted and draft.change.kind != "deleted":  # the deletion won the race
            self._fail([draft], MessageDeleted())
        else:
            for future in draft.futures:
                future.set_result(Stored(message, created=False))
