"""People who keep sending whatever happens, and the account of what came of it.

A sender repeats, under the same `client_id`, what was not acked with a stored message: after an
`unavailable`, and after the loss of the connection.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import websocket

from tests.sockets.conftest import Member, message
from tests.wire import Closed, WireClient

WAIT = 120.0  # seconds, for what promises nothing about its time
WINDOW = 2  # sends of one sender without an answer
PAUSE = 0.02  # seconds between two sends, and before the next try to connect


@dataclass(slots=True)
class Sent:
    """One message, from its first send to its ack."""

    client_id: str
    sent_at: float  # the last time
    out_at: float = 0.0  # when that was certainly under way
    tries: int = 0
    acked_at: float = 0.0
    message: dict[str, Any] | None = None


class Sender:
    """Somebody who sends to one room over a socket of their own, in a thread of its own."""

    def __init__(self, member: Member, room: dict[str, Any]) -> None:
        self.id = member.id
        self.sent: list[Sent] = []
        self.refused = 0
        self.slowest = 0.0  # seconds between a send and its answer
        # When what had no answer at the end of a connection was certainly under way.
        self.cut_off: list[float] = []
        self._member = member
        self._room = room
        self._failure: Exception | None = None
        self._ending = threading.Event()
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def leave(self) -> None:
        """Send nothing more, whatever is missing."""
        self.abandon()
        self._join()

    def abandon(self) -> None:
        """Have it end soon, without waiting for that."""
        self._gone.set()

    def finish(self) -> None:
        """Send nothing new, and repeat until everything is acked."""
        self._ending.set()
        self._join()

    def check(self) -> None:
        """Raise what ended it before its time."""
        if self._failure is not None:
            raise self._failure

    def acked(self) -> list[Sent]:
        """Return what has been acked so far."""
        return [sent for sent in list(self.sent) if sent.message is not None]

    def _join(self) -> None:
        self._thread.join(WAIT)
        self.check()
        assert not self._thread.is_alive(), "it never came to an end"

    def _run(self) -> None:
        try:
            while not self._is_done():
                try:
                    self._connect_and_talk()
                except (Closed, OSError, websocket.WebSocketException):
                    time.sleep(PAUSE)
        except Exception as error:  # for the thread that waits for this one
            self._failure = error

    def _is_done(self) -> bool:
        missing = any(sent.message is None for sent in self.sent)
        return self._gone.is_set() or (self._ending.is_set() and not missing)

    def _connect_and_talk(self) -> None:
        client = WireClient(self._member.url)
        in_flight: dict[int, Sent] = {}
        try:
            if "sid" in client.connect("/group", self._member.token):
                self._talk(client, in_flight)
        except Closed:
            self.cut_off += [sent.out_at for sent in in_flight.values()]
            raise
        except websocket.WebSocketTimeoutException:
            assert not in_flight, "no answer at all"
            raise
        finally:
            client.close()

    def _talk(self, client: WireClient, in_flight: dict[int, Sent]) -> None:
        waiting = deque(sent for sent in self.sent if sent.message is None)
        while not self._gone.is_set():
            while len(in_flight) < WINDOW and (sent := self._next(waiting)) is not None:
                sent.tries += 1
                sent.sent_at = time.monotonic()
                payload = message(self._room, "hello", sent.client_id)
                in_flight[client.emit("/group", "send_message", payload)] = sent
                sent.out_at = time.monotonic()
            if not in_flight:
                return
            for entry in client.read():
                if entry[0] == client.ACK:
                    self._hear(in_flight.pop(entry[2] or 0), entry[3], waiting)
                    time.sleep(PAUSE)

    def _next(self, waiting: deque[Sent]) -> Sent | None:
        if waiting:
            return waiting.popleft()
        if self._ending.is_set():
            return None
        self.sent.append(Sent(f"n{len(self.sent)}", time.monotonic()))
        return self.sent[-1]

    def _hear(self, sent: Sent, answer: Sequence[Any], waiting: deque[Sent]) -> None:
        now = time.monotonic()
        self.slowest = max(self.slowest, now - sent.sent_at)
        (body,) = answer
        if "data" in body:
            sent.acked_at, sent.message = now, body["data"]
            return
        assert body["error"]["code"] == "unavailable", body
        self.refused += 1
        waiting.append(sent)


class Listener:
    """Somebody who only listens; `heard` are the messages that were pushed, by seq."""

    def __init__(self, member: Member) -> None:
        self.heard: dict[int, dict[str, Any]] = {}
        self._news = threading.Condition()
        self._client = member.socket("/group")
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait_for(self, seqs: Iterable[int]) -> float:
        """Wait until all of them were pushed, and return how long that took."""
        started, wanted = time.monotonic(), set(seqs)
        with self._news:
            self._news.wait_for(lambda: wanted <= self.heard.keys(), WAIT)
        missing = sorted(wanted - self.heard.keys())
        assert not missing, f"{len(missing)} messages were never pushed: {missing[:10]}"
        return time.monotonic() - started

    def _run(self) -> None:
        while True:
            try:
                entries = self._client.read()
            except websocket.WebSocketTimeoutException:  # quiet for long
                continue
            except (Closed, OSError):
                return
            with self._news:
                for entry in entries:
                    if entry[0] == WireClient.EVENT and entry[3][0] == "message_created":
                        self.heard[entry[3][1]["seq"]] = entry[3][1]
                self._news.notify_all()


def wait_for_acks(senders: Sequence[Sender], count: int) -> None:
    """Wait until each of them has so many more acks than now."""
    wanted = [len(sender.acked()) + count for sender in senders]
    deadline = time.monotonic() + WAIT
    while any(len(one.acked()) < many for one, many in zip(senders, wanted, strict=True)):
        for sender in senders:
            sender.check()
        assert time.monotonic() < deadline, "they get no acks"
        time.sleep(PAUSE)


def first_ack_after(senders: Sequence[Sender], moment: float) -> float:
    """Return how long after a moment somebody was first told that what they sent then is stored."""
    deadline = time.monotonic() + WAIT
    while True:
        found = [
            sent.acked_at
            for sender in senders
            for sent in sender.acked()
            if sent.sent_at > moment and sent.tries == 1
        ]
        if found:
            return min(found) - moment
        assert time.monotonic() < deadline, "nothing is stored any more"
        time.sleep(PAUSE)


def read_log(member: Member, room: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all messages of a room."""
    stored: list[dict[str, Any]] = []
    while True:
        last = stored[-1]["seq"] if stored else 0
        page = member.data("GET", f"/rooms/{room['id']}/messages?after_seq={last}&limit=100")
        stored += page["messages"]
        if not page["has_more"]:
            return stored


def account(stored: Sequence[dict[str, Any]], senders: Sequence[Sender]) -> dict[str, int | float]:
    """Compare the log of a room with what its senders were told.

    `inverted` counts neighbours of one sender, each sent only once, that stand the wrong way round.
    """
    by_id = {entry["id"]: entry for entry in stored}
    acked = [sent.message for sender in senders for sent in sender.acked()]
    sends = Counter((entry["user_id"], entry["client_id"]) for entry in stored)
    inverted = 0
    for sender in senders:
        once = [sent.message["seq"] for sent in sender.sent if sent.message and sent.tries == 1]
        inverted += sum(later < earlier for earlier, later in itertools.pairwise(once))
    return {
        "acked": len(acked),
        "stored": len(stored),
        "lost": sum(by_id.get(entry["id"]) != entry for entry in acked if entry is not None),
        "repeated": sum(count - 1 for count in sends.values()),
        "inverted": inverted,
        "unanswered": sum(sent.message is None for sender in senders for sent in sender.sent),
        "refused": sum(sender.refused for sender in senders),
    }


def assert_sound(found: dict[str, int | float], stored: Sequence[dict[str, Any]]) -> None:
    """Nothing acked is missing, nothing is there twice, nothing has no answer, no gap is left."""
    assert [entry["seq"] for entry in stored] == list(range(1, len(stored) + 1))
    for name in ("lost", "repeated", "inverted", "unanswered"):
        assert found[name] == 0, found
    assert found["acked"] == found["stored"], found
