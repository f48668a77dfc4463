"""Collects messages and stores them in batches.

While the followers are notified of one batch, the next one is being stored.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from chat.concurrency import NOTIFY_SLICE, Payer, charge_to, cooperatively, current_payer, spawn
from chat.errors import ChatError, Internal, Unavailable
from chat.log.contention import Contention
from chat.log.dedupe import Key, RecentMessages
from chat.log.futures import Stored, StoredFuture
from chat.log.group_commit import GroupCommit
from chat.log.quotes import Quotes, is_complete
from chat.log.tails import Tails
from chat.models import Message, Room
from chat.repositories.appends import Appended
from chat.repositories.messages import MessageRepository
from chat.repositories.outages import is_outage
from chat.text.sizes import size_of_text

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class MessageDraft:
    """A message that is not stored yet, with the futures of all sends of it.

    A draft with a `refusal` must not be stored. It may repeat a stored message; its `payer` pays
    for the lookup. The message gets its seq just before the insert.
    """

    room: Room
    message: Message
    refusal: ChatError | None = None
    payer: Payer | None = None
    futures: list[StoredFuture] = field(default_factory=lambda: [StoredFuture()])
    size: int = field(init=False)  # bytes of its text

    def __post_init__(self) -> None:
        self.size = size_of_text(self.message.data)

    @property
    def key(self) -> Key:
        """Return the key: two sends with equal keys are one message."""
        return self.room.id, self.message.user_id, self.message.client_id

    @property
    def name(self) -> str:
        """Return its name for log lines of the server."""
        return f"message {self.message.id}"


class Writer(GroupCommit[MessageDraft]):
    """Stores messages in the order of their arrival, then calls `notify` for each new one."""

    entries = "messages"

    def __init__(
        self,
        messages: MessageRepository,
        tails: Tails,
        contention: Contention,
        quotes: Quotes,
        notify: Callable[[Room, Message], None],
    ) -> None:
        super().__init__(contention)
        self._messages = messages
        self._tails = tails
        self._quotes = quotes
        self._notify = notify
        self._recent = RecentMessages()
        self._stored: list[tuple[MessageDraft, Stored]] = []  # followers do not know of them yet
        self._notifier_idle = threading.Event()
        self._notifier_idle.set()
        self._lookups = 0  # running lookups of the messages that drafts repeat

    def submit(
        self,
        room: Room,
        message: Message,
        refusal: ChatError | None = None,
    ) -> StoredFuture:
        """Queue a message; the future is done once it is stored and the followers were notified.

        With a `refusal` nothing new is stored: the future ends with that error, unless the send
        repeats an earlier one. Raises Unavailable when the queue is full or the process is
        shutting down.
        """
        return self._enqueue(
            MessageDraft(room, message, refusal, current_payer() if refusal else None)
        )

    def update_recent(self, message: Message) -> None:
        """Cache the current state of a stored message as the answer to a repeated send."""
        self._recent.update(message)

    def forget_recent(self, room_id: str) -> None:
        """Drop the recent messages of a room: repeated sends query the database."""
        self._recent.forget_room(room_id)

    def start_over(self) -> None:
        """Fail all queued drafts with Unavailable and forget all recent messages.

        Called when the database now holds other logs than this process knew. Clients send again.
        """
        super().start_over()
        self._recent.clear()

    def _process_batch(self, batch: Sequence[MessageDraft]) -> None:
        waiting, refused = self._merge(batch)
        self._store(waiting)
        self._start_notifying()
        self._look_up(refused)

    def _all_notified(self) -> bool:
        return self._notifier_idle.is_set() and not self._lookups

    def _merge(
        self, batch: Sequence[MessageDraft]
    ) -> tuple[deque[MessageDraft], list[MessageDraft]]:
        """Merge all sends of one message; return the drafts to store and the refused drafts.

        A draft that repeats a recent message is answered and in neither of them.
        """
        merged: dict[Key, MessageDraft] = {}
        for draft in batch:
            first = merged.setdefault(draft.key, draft)
            if first is not draft:
                first.futures.extend(draft.futures)
                if first.refusal and draft.refusal is None:  # this one may be stored
                    first.message, first.refusal = draft.message, None
        waiting: deque[MessageDraft] = deque()
        refused: list[MessageDraft] = []
        for draft in merged.values():
            stored = self._recent.find_by_key(draft.key)
            if stored is not None:
                self._record_stored_as(draft, stored)
            elif draft.refusal:
                refused.append(draft)
            else:
                waiting.append(draft)
        return waiting, refused

    def _recover(self, waiting: deque[MessageDraft]) -> None:
        self._match_stored(waiting, waiting, confirm=True)
        for room in {draft.room.id: draft.room for draft in waiting}.values():
            self._tails.read_last_seq(room)

    def _append(self, drafts: Sequence[MessageDraft]) -> Appended:
        return self._messages.append([draft.message for draft in drafts])

    def _read_log_end(self, room: Room) -> None:
        self._tails.read_last_seq(room)

    def _is_refused(self, error: Exception) -> bool:
        return self._messages.is_refused(error)

    def _assign_numbers(self, waiting: Iterable[MessageDraft]) -> None:
        last_seqs: dict[str, int] = {}
        for draft in waiting:
            room_id = draft.room.id
            if room_id not in last_seqs:
                known = self._tails.known_seq(room_id)
                last_seqs[room_id] = (
                    self._tails.read_last_seq(draft.room) if known is None else known
                )
            last_seqs[room_id] += 1
            draft.message = replace(draft.message, seq=last_seqs[room_id])

    def _match_obstacle(self, waiting: deque[MessageDraft], place: int) -> bool:
        draft = waiting[place]
        if not self._match_stored(waiting, [draft]):
            return False
        # A client that repeats one message has often lost the answers to several.
        sender = (draft.room.id, draft.message.user_id)
        others = [one for one in waiting if (one.room.id, one.message.user_id) == sender]
        self._match_stored(waiting, others)
        return True

    def _match_stored(
        self, waiting: deque[MessageDraft], suspects: Iterable[MessageDraft], confirm: bool = False
    ) -> bool:
        """Remove the suspects that are already stored; return whether there was one."""
        found = self._messages.find_stored([draft.message for draft in suspects])
        if confirm and found:  # a readable message may still be rolled back
            self._messages.confirm()
        stored = [
            (draft, found[draft.message.id]) for draft in suspects if draft.message.id in found
        ]
        for draft, message in stored:
            waiting.remove(draft)
        for draft, message in stored:
            self._record_stored_as(draft, message)
        return bool(stored)

    def _record_stored(self, draft: MessageDraft) -> None:
        self._record_stored_as(draft, draft.message)

    def _record_stored_as(self, draft: MessageDraft, stored: Message) -> None:
        """Record that a draft is stored, by this send or by an earlier send of the same message."""
        created = stored.id == draft.message.id
        message = _as_sent_again(stored, draft)
        self._recent.remember(message)
        if created:
            self._tails.record_message(message)
        self._stored.append((draft, Stored(message, created)))

    def _start_notifying(self) -> None:
        """Notify of the stored drafts in a green thread, after the batch before is done.

        A single draft that keeps no other waiting needs no green thread.
        """
        if not self._stored:
            return
        self._notifier_idle.wait()
        stored_drafts, self._stored = self._stored, []
        self._notifier_idle.clear()
        if len(stored_drafts) == 1 and not self._queue:
            self._notify_all(stored_drafts)
        else:
            spawn(self._notify_all, stored_drafts)

    def _notify_all(self, stored_drafts: Sequence[tuple[MessageDraft, Stored]]) -> None:
        """Notify the followers of each new message, then resolve the futures of all its sends."""
        try:
            for draft, stored in cooperatively(stored_drafts, NOTIFY_SLICE):
                self._notify_one(draft, stored)
        finally:
            with self._lock:
                self._notifier_idle.set()
                self._update_idle()

    def _notify_one(self, draft: MessageDraft, stored: Stored) -> None:
        if stored.message.quote:
            stored = replace(stored, message=self._quotes.refresh(stored.message))
        if stored.created:
            self._notify(draft.room, stored.message)
        if is_complete(stored.message):
            self._resolve(draft, stored)
        else:
            self._look_up([draft])

    def _look_up(self, drafts: Sequence[MessageDraft]) -> None:
        """Look up what drafts repeat, while the next batch is stored, and resolve them.

        They are refused, or repeat a message whose quote is not known. Everything queued before
        them is stored by now, so the lookup finds it.
        """
        by_payer: dict[Payer | None, list[MessageDraft]] = {}
        for draft in drafts:
            by_payer.setdefault(draft.payer, []).append(draft)
        for payer, some in by_payer.items():
            with self._lock:
                self._lookups += 1
            spawn(self._find_repeats, payer, some)

    def _find_repeats(self, payer: Payer | None, drafts: Sequence[MessageDraft]) -> None:
        """Resolve the drafts of one payer, who is charged for it."""
        charge_to(payer)
        try:
            for draft in cooperatively(drafts):
                self._resolve_repeat(draft)
        finally:
            with self._lock:
                self._lookups -= 1
                self._update_idle()

    def _resolve_repeat(self, draft: MessageDraft) -> None:
        """Resolve a draft with the stored message that it repeats, or fail it."""
        try:
            found = self._messages.find_stored([draft.message])
            if found:  # a readable message may still be rolled back
                self._messages.confirm()
            repeated = [self._complete(_as_sent_again(one, draft)) for one in found.values()]
        except Exception as error:
            if not is_outage(error):
                log.exception("could not look up what message %s repeats", draft.message.id)
            self._fail([draft], Unavailable() if is_outage(error) else Internal())
            return
        for stored in repeated:
            self._resolve(draft, Stored(stored, created=False))
        if not repeated:
            self._fail([draft], draft.refusal or Internal())

    def _complete(self, message: Message) -> Message:
        return message if is_complete(message) else self._quotes.complete([message])[0]

    @staticmethod
    def _resolve(draft: MessageDraft, stored: Stored) -> None:
        for number, future in enumerate(draft.futures):
            future.set_result(stored if number == 0 else Stored(stored.message, created=False))


def _as_sent_again(stored: Message, draft: MessageDraft) -> Message:
    """Return a stored message with what its sender looked up for this send: names and quote.

    A repeat that names another message to reply to than the stored one has no quote for it.
    """
    sent = draft.message
    if stored is sent:
        return stored
    quote = sent.quote if stored.reply_to == sent.reply_to else None
    return replace(stored, username=sent.username, nickname=sent.nickname, quote=quote)
