"""The one that collects messages and stores them.

While a batch is told to the world, the next is being stored.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from chat.concurrency import TURN, Payer, charge_to, cooperatively, current_payer, spawn
from chat.errors import ChatError, Internal, Unavailable
from chat.log.contention import Contention
from chat.log.dedupe import Key, RecentMessages
from chat.log.futures import Stored, StoredFuture
from chat.log.group_commit import GroupCommit
from chat.log.tails import Tails
from chat.models import Message, Room
from chat.repositories.appends import Appended
from chat.repositories.messages import MessageRepository
from chat.repositories.outages import is_outage
from chat.text.sizes import size_of_text

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Draft:
    """A message on its way: without seq yet, and with the futures of all who sent it.

    One with a `refusal` is not to be stored; it may repeat one that is, and its `payer` pays for
    looking.
    """

    room: Room
    message: Message
    refusal: ChatError | None = None
    payer: Payer | None = None
    futures: list[StoredFuture] = field(default_factory=lambda: [StoredFuture()])
    size: int = field(init=False)  # bytes of text

    def __post_init__(self) -> None:
        self.size = size_of_text(self.message.data)

    @property
    def key(self) -> Key:
        """Return what makes two sends the same message."""
        return self.room.id, self.message.user_id, self.message.client_id

    @property
    def name(self) -> str:
        """Return what the server's log calls it."""
        return f"message {self.message.id}"


class Writer(GroupCommit[Draft]):
    """Stores messages in the order of their arrival, then calls `tell` for each new one."""

    entries = "messages"

    def __init__(
        self,
        messages: MessageRepository,
        tails: Tails,
        contention: Contention,
        tell: Callable[[Room, Message], None],
    ) -> None:
        super().__init__(contention)
        self._messages = messages
        self._tails = tails
        self._tell_of = tell
        self._recent = RecentMessages()
        self._kept: list[tuple[Draft, Stored]] = []  # stored, and not yet handed over to be told
        self._told = threading.Event()  # set while nobody is telling
        self._told.set()
        self._looking = 0  # counts those who look for what refused drafts repeat

    def submit(
        self,
        room: Room,
        message: Message,
        refusal: ChatError | None = None,
    ) -> StoredFuture:
        """Queue a message; the future is done once it is stored and told.

        With a `refusal` nothing new is stored: the future ends with that error, unless the message
        is a repeat of one that was taken before. Raises Unavailable when the queue is full or the
        process is shutting down.
        """
        return self._admit(Draft(room, message, refusal, current_payer() if refusal else None))

    def changed(self, message: Message) -> None:
        """Note how a stored message is now: a repeated send of it is answered so."""
        self._recent.change(message)

    def forget(self, room_id: str) -> None:
        """Forget what was stored lately in a room: a repeated send asks the database."""
        self._recent.forget(room_id)

    def start_over(self) -> None:
        """Give up what waits and forget what was stored lately: the logs are not those known here.

        Those who wait for an answer hear Unavailable, and send again.
        """
        super().start_over()
        self._recent.clear()

    def _handle(self, batch: Sequence[Draft]) -> None:
        waiting, refused = self._merge(batch)
        self._store(waiting)
        self._hand_over()
        self._answer_refused(refused)

    def _is_told(self) -> bool:
        return self._told.is_set() and not self._looking

    def _merge(self, batch: Sequence[Draft]) -> tuple[deque[Draft], list[Draft]]:
        """Make one draft of all sends of the same message; return those to store, and the refused.

        What was stored a moment ago is answered.
        """
        merged: dict[Key, Draft] = {}
        for draft in batch:
            first = merged.setdefault(draft.key, draft)
            if first is not draft:
                first.futures.extend(draft.futures)
                if first.refusal and draft.refusal is None:  # this one may be stored
                    first.message, first.refusal = draft.message, None
        waiting: deque[Draft] = deque()
        refused: list[Draft] = []
        for draft in merged.values():
            stored = self._recent.find(draft.key)
            if stored is not None:
                self._keep_as(draft, stored)
            elif draft.refusal:
                refused.append(draft)
            else:
                waiting.append(draft)
        return waiting, refused

    def _look_again(self, waiting: deque[Draft]) -> None:
        self._keep_found(waiting, waiting, confirm=True)
        for room in {draft.room.id: draft.room for draft in waiting}.values():
            self._tails.read(room)

    def _append(self, drafts: Sequence[Draft]) -> Appended:
        return self._messages.append([draft.message for draft in drafts])

    def _read_end(self, room: Room) -> None:
        self._tails.read(room)

    def _is_refused(self, error: Exception) -> bool:
        return self._messages.is_refused(error)

    def _number(self, waiting: Iterable[Draft]) -> None:
        heads: dict[str, int] = {}
        for draft in waiting:
            room_id = draft.room.id
            if room_id not in heads:
                known = self._tails.known_seq(room_id)
                heads[room_id] = self._tails.read(draft.room) if known is None else known
            heads[room_id] += 1
            draft.message = replace(draft.message, seq=heads[room_id])

    def _keep_stored(self, waiting: deque[Draft], place: int) -> bool:
        draft = waiting[place]
        if not self._keep_found(waiting, [draft]):
            return False
        # A sender who repeats one message has often lost the answers to several.
        sender = (draft.room.id, draft.message.user_id)
        others = [one for one in waiting if (one.room.id, one.message.user_id) == sender]
        self._keep_found(waiting, others)
        return True

    def _keep_found(
        self, waiting: deque[Draft], suspects: Iterable[Draft], confirm: bool = False
    ) -> bool:
        """Answer those of the suspects that are stored already; return whether any is."""
        found = self._messages.find_stored([draft.message for draft in suspects])
        if confirm and found:  # what can be read may still be lost
            self._messages.confirm()
        stored = [
            (draft, found[draft.message.id]) for draft in suspects if draft.message.id in found
        ]
        for draft, message in stored:
            waiting.remove(draft)
        for draft, message in stored:
            self._keep_as(draft, message)
        return bool(stored)

    def _keep(self, draft: Draft) -> None:
        self._keep_as(draft, draft.message)

    def _keep_as(self, draft: Draft, stored: Message) -> None:
        """Note that a draft is stored, by this send or by another one of the same message."""
        created = stored.id == draft.message.id
        message = _signed(stored, draft)
        self._recent.add(message)
        if created:
            self._tails.learn(message)
        self._kept.append((draft, Stored(message, created)))

    def _hand_over(self) -> None:
        """Let what was kept be told, beside the storing of the next batch and after the last."""
        if not self._kept:
            return
        self._told.wait()
        kept, self._kept = self._kept, []
        self._told.clear()
        spawn(self._tell, kept)

    def _tell(self, kept: Sequence[tuple[Draft, Stored]]) -> None:
        """Tell each new message, then answer all sends of it."""
        try:
            for draft, stored in cooperatively(kept, TURN):
                self._tell_one(draft, stored)
        finally:
            with self._lock:
                self._told.set()
                self._settle()

    def _tell_one(self, draft: Draft, stored: Stored) -> None:
        if stored.created:
            self._tell_of(draft.room, stored.message)
        self._answer(draft, stored)

    def _answer_refused(self, refused: Sequence[Draft]) -> None:
        """Answer what is not to be stored, beside the storing of the next batch.

        All that was admitted before is stored by now, so a repeat of it is found.
        """
        by_payer: dict[Payer | None, list[Draft]] = {}
        for draft in refused:
            by_payer.setdefault(draft.payer, []).append(draft)
        for payer, drafts in by_payer.items():
            with self._lock:
                self._looking += 1
            spawn(self._look_for, payer, drafts)

    def _look_for(self, payer: Payer | None, refused: Sequence[Draft]) -> None:
        """Answer the refused drafts of one payer, at their cost."""
        charge_to(payer)
        try:
            for draft in cooperatively(refused):
                self._answer_repeat(draft)
        finally:
            with self._lock:
                self._looking -= 1
                self._settle()

    def _answer_repeat(self, draft: Draft) -> None:
        """Answer a draft with the stored message that it repeats, or else with its refusal."""
        try:
            found = self._messages.find_stored([draft.message])
            if found:  # what can be read may still be lost
                self._messages.confirm()
        except Exception as error:
            if not is_outage(error):
                log.exception("could not look for what message %s repeats", draft.message.id)
            self._fail([draft], Unavailable() if is_outage(error) else Internal())
            return
        for stored in found.values():
            self._answer(draft, Stored(_signed(stored, draft), created=False))
        if not found:
            self._fail([draft], draft.refusal or Internal())

    @staticmethod
    def _answer(draft: Draft, stored: Stored) -> None:
        for number, future in enumerate(draft.futures):
            future.set_result(stored if number == 0 else Stored(stored.message, created=False))


def _signed(stored: Message, draft: Draft) -> Message:
    """Return a stored message with the names of its sender as they are now."""
    if stored is draft.message:
        return stored
    return replace(stored, username=draft.message.username, nickname=draft.message.nickname)
