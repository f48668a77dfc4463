"""The one that collects drafts and stores them: many messages in one insert, one insert at a time.

The database confirms a single message hardly sooner than a hundred, so whatever arrives while a
batch is being stored makes up the next one. While a batch is told to the world, the next is being
stored. A room's log has no counter: the unique index (room, seq) decides between processes, and who
comes second reads the end of the log again and takes the next numbers.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from chat.concurrency import TURN, Payer, charge_to, current_payer, in_turns, spawn
from chat.errors import ChatError, Internal, Unavailable
from chat.log.contention import Contention
from chat.log.dedupe import Key, RecentMessages
from chat.log.promises import Promise, Stored
from chat.log.tails import Tails
from chat.logs import REPEATS
from chat.models import Message, Room
from chat.repositories.messages import Appended, MessageRepository
from chat.repositories.outages import is_outage, reason_of
from chat.text.sizes import size_of_text

BATCH_MESSAGES = 128
QUEUE_MESSAGES = 4_096
QUEUE_BYTES = 16_000_000  # of text
SUSPICIOUS = 5  # failed tries after which the messages may be what the database fails at
RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0)  # the last one again and again
LOSER_WAITS = 0.002  # seconds at most, after another process was first
PAUSE = (0.75, 1.5)  # between batches, as parts of the last one's time, under contention

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Draft:
    """A message on its way: without seq yet, and with the promises of all who sent it.

    One with a `refusal` is not to be stored; it may repeat one that is, and its `payer` pays for
    looking.
    """

    room: Room
    message: Message
    refusal: ChatError | None = None
    payer: Payer | None = None
    promises: list[Promise] = field(default_factory=lambda: [Promise()])
    size: int = field(init=False)  # bytes of text

    def __post_init__(self) -> None:
        self.size = size_of_text(self.message.data)

    @property
    def key(self) -> Key:
        """Return what makes two sends the same message."""
        return self.room.id, self.message.user_id, self.message.client_id


class Writer:
    """Stores drafts in the order of their arrival, then calls `tell` for each new one."""

    def __init__(
        self,
        messages: MessageRepository,
        tails: Tails,
        contention: Contention,
        tell: Callable[[Room, Message], None],
    ) -> None:
        self._messages = messages
        self._tails = tails
        self._contention = contention
        self._tell_of = tell
        self._recent = RecentMessages()
        self._queue: deque[Draft] = deque()
        self._queued_bytes = 0
        self._running = False
        self._kept: list[tuple[Draft, Stored]] = []  # stored, and not yet handed over to be told
        self._told = threading.Event()  # set while nobody is telling
        self._told.set()
        self._looking = 0  # counts those who look for what refused drafts repeat
        self._closes_at: float | None = None
        self._round = 0  # counts how often it had to start over
        self._gave_up = False  # as the process ends while the database is away
        self._took = 0.0  # seconds of the last insert
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()

    def submit(
        self,
        room: Room,
        message: Message,
        refusal: ChatError | None = None,
    ) -> Promise:
        """Queue a message; the promise is kept once it is stored and told.

        With a `refusal` nothing new is stored: the promise ends with that error, unless the message
        is a repeat of one that was taken before. Raises Unavailable when the queue is full or the
        process is shutting down.
        """
        payer = current_payer() if refusal else None
        draft = Draft(room, message, refusal, payer)
        with self._lock:
            full = (
                len(self._queue) >= QUEUE_MESSAGES or self._queued_bytes + draft.size > QUEUE_BYTES
            )
            if self._closes_at is not None or full:
                raise Unavailable()
            self._queue.append(draft)
            self._queued_bytes += draft.size
            start, self._running = not self._running, True
            self._idle.clear()
        if start:
            spawn(self._drain)
        return draft.promises[0]

    def start_over(self) -> None:
        """Give up what waits and forget what was stored lately: the logs are not those known here.

        Those who wait for an answer hear Unavailable, and send again.
        """
        with self._lock:
            self._round += 1
            waiting, self._queue = self._queue, deque()
            self._queued_bytes = 0
        self._recent.clear()
        self._fail(waiting, Unavailable())

    def close(self, seconds: float) -> bool:
        """Take no more drafts and wait until those taken are stored; return whether they are."""
        with self._lock:
            self._closes_at = time.monotonic() + seconds
        return self._idle.wait(seconds)

    def _drain(self) -> None:
        while batch := self._take():
            if self._gave_up:
                self._fail(batch, Unavailable())
                continue
            waiting, refused = self._merge(batch)
            self._took = 0.0
            try:
                self._store(waiting)
            except Exception:
                log.exception("could not store %d messages", len(waiting))
                self._fail(waiting, Internal())
            self._hand_over()
            self._answer_refused(refused)
            if self._contention.is_on:
                # Without a pause the faster process would win again and again.
                time.sleep(random.uniform(*PAUSE) * self._took)

    def _take(self) -> list[Draft]:
        """Take the next batch off the queue; with nothing left, the draining ends."""
        with self._lock:
            batch = [self._queue.popleft() for _ in range(min(BATCH_MESSAGES, len(self._queue)))]
            self._queued_bytes -= sum(draft.size for draft in batch)
            if not batch:
                self._running = False
                self._settle()
        return batch

    def _settle(self) -> None:
        """Note that everything taken is answered, if it is; called under the lock."""
        if not self._running and self._told.is_set() and not self._looking:
            self._idle.set()

    def _merge(self, batch: Sequence[Draft]) -> tuple[deque[Draft], list[Draft]]:
        """Make one draft of all sends of the same message; return those to store, and the refused.

        What was stored a moment ago is answered.
        """
        merged: dict[Key, Draft] = {}
        for draft in batch:
            first = merged.setdefault(draft.key, draft)
            if first is not draft:
                first.promises.extend(draft.promises)
                if first.refusal and draft.refusal is None:  # this one may be stored
                    first.message, first.refusal = draft.message, None
        waiting: deque[Draft] = deque()
        refused: list[Draft] = []
        for draft in merged.values():
            stored = self._recent.find(draft.key)
            if stored is not None:
                self._keep(draft, stored)
            elif draft.refusal:
                refused.append(draft)
            else:
                waiting.append(draft)
        return waiting, refused

    def _store(self, waiting: deque[Draft]) -> None:
        """Store all drafts; each is taken off `waiting` when its promises are kept."""
        failures, began_in, most = 0, self._round, len(waiting)
        while waiting:
            if self._round != began_in:  # these were numbered by what is known no longer
                self._fail(waiting, Unavailable())
                return
            try:
                if failures:
                    self._look_again(waiting)
                self._number(waiting)
                self._hand_over()  # what is known to be stored waits for nothing
                started = time.monotonic()
                drafts = list(islice(waiting, most))
                result = self._messages.append([draft.message for draft in drafts])
                self._took = time.monotonic() - started
                for _ in range(result.stored):
                    draft = waiting.popleft()
                    self._keep(draft, draft.message)
                self._hand_over()
                if result.obstacle:
                    self._get_past(result, waiting)
                failures = 0
            except Exception as error:
                if not is_outage(error):
                    raise
                # Stored or not, nobody knows: the same drafts again are harmless, as their ids are.
                if failures >= SUSPICIOUS and self._messages.is_refused(error):
                    # It takes everything else. So it gets one message at a time, and the one that
                    # it fails at even then is given up.
                    if len(drafts) == 1:
                        log.error("the database fails at message %s", drafts[0].message.id)
                        self._fail([waiting.popleft()], Internal())
                    most, failures = 1, SUSPICIOUS
                    continue
                log.warning(
                    "the database did not answer, messages wait for it: %s",
                    reason_of(error),
                    extra=REPEATS,
                )
                if self._closes_at is not None and time.monotonic() >= self._closes_at:
                    self._gave_up = True
                    self._fail(waiting, Unavailable())
                    return
                time.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
                failures += 1

    def _look_again(self, waiting: deque[Draft]) -> None:
        """Find out what an attempt without an answer has stored, and where the logs end now."""
        self._keep_stored(waiting, waiting, confirm=True)
        for room in {draft.room.id: draft.room for draft in waiting}.values():
            self._tails.read(room)

    def _number(self, waiting: deque[Draft]) -> None:
        """Give each draft the next seq of its room."""
        heads: dict[str, int] = {}
        for draft in waiting:
            room_id = draft.room.id
            if room_id not in heads:
                known = self._tails.known_seq(room_id)
                heads[room_id] = self._tails.read(draft.room) if known is None else known
            heads[room_id] += 1
            draft.message = replace(draft.message, seq=heads[room_id])

    def _get_past(self, result: Appended, waiting: deque[Draft]) -> None:
        """Deal with the draft that could not be stored, so that the others can."""
        place = result.at - result.stored
        draft = waiting[place]
        if result.obstacle == "refused":
            log.error("the database refuses message %s", draft.message.id)
            del waiting[place]
            self._fail([draft], Internal())
            return
        if self._keep_stored(waiting, [draft]):
            # A sender who repeats one message has often lost the answers to several.
            sender = (draft.room.id, draft.message.user_id)
            others = [one for one in waiting if (one.room.id, one.message.user_id) == sender]
            self._keep_stored(waiting, others)
        elif result.obstacle == "taken":
            # Another process was first. Waiting before reading, not after, gives both the same
            # chance.
            self._contention.lost(draft.room)
            time.sleep(random.uniform(0, LOSER_WAITS))
        if result.obstacle == "taken":
            self._tails.read(draft.room)

    def _keep_stored(
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
            self._keep(draft, message)
        return bool(stored)

    def _keep(self, draft: Draft, stored: Message) -> None:
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
            for draft, stored in in_turns(kept, TURN):
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
            for draft in in_turns(refused):
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
        for number, promise in enumerate(draft.promises):
            promise.set_result(stored if number == 0 else Stored(stored.message, created=False))

    @staticmethod
    def _fail(drafts: Iterable[Draft], error: ChatError) -> None:
        for draft in drafts:
            for promise in draft.promises:
                if not promise.done():
                    promise.set_exception(error)


def _signed(stored: Message, draft: Draft) -> Message:
    """Return a stored message with the names of its sender as they are now."""
    return replace(stored, username=draft.message.username, nickname=draft.message.nickname)
