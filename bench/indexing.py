"""Measures what the index for searches costs those who send, and how far it falls behind."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any

from bench.corpus import Corpus
from bench.sides import Side
from bench.talking import Conversation, Figures, Talker
from bench.town import Place, Town
from chat.services.search_index import SearchIndex
from harness.clients import LoadError, Loop

TEXTS = 5_000
SENDERS, IN_FLIGHT = 8, 32
ROUNDS = 2  # with and without the consumer in turn, so that both meet the same machine
RATE = 2_000  # messages a second
TICK = 0.02  # seconds between two pieces of them
CATCH_UP_SECONDS = 300


class Saying(Talker):
    """Sends texts like those of people, in flight or as it is told."""

    texts: Iterator[str] = cycle(islice(Corpus().texts(TEXTS), TEXTS))

    def say(self, count: int) -> int:
        """Send so many more messages, as far as no more than IN_FLIGHT wait; return how many."""
        free = max(0, min(count, IN_FLIGHT - len(self._sent)))
        for _ in range(free):
            self._send()
        return free

    def _event(self, number: int) -> str:
        message = {
            "room_id": self._place.id,
            "data": next(self.texts),
            "client_id": f"{self._client_id}-{number}",
        }
        return json.dumps(["send_message", message])


class Index:
    """The index of a running server, as its database shows it."""

    def __init__(self, town: Town) -> None:
        self._db: Any = town.app.extensions["chat"].database.db

    def behind(self) -> int:
        """Return how many messages it does not have."""
        counts = [self._db[name].estimated_document_count() for name in ("message", "search")]
        return int(counts[0] - counts[1])

    def hold_up(self) -> None:
        """Take the lease of its consumer, as another process would that then does nothing."""
        ahead = datetime.now(UTC) + timedelta(days=1)
        self._set({"$set": {"holder": "bench", "seen_at": ahead}})

    def let_go(self) -> None:
        self._set({"$set": {"holder": ""}, "$unset": {"seen_at": ""}})

    def _set(self, change: dict[str, Any]) -> None:
        self._db["consumer"].update_one({"_id": SearchIndex.name}, change)


def indexing(side: Side, warm_up: float, window: float) -> Generator[Figures, None, None]:
    """Yield messages per second with and without the consumer, and how far it falls behind."""
    place = side.town.places.small[-1]
    index = Index(side.town)
    with closing(Loop()) as loop:
        talkers = _talkers(side, loop, place)
        conversation = Conversation(loop, talkers)
        rates: dict[str, list[float]] = {"with": [], "without": []}
        _wait(loop, lambda: not index.behind(), "the index")
        for _ in range(ROUNDS):
            rates["with"].append(_rate(side, conversation, warm_up, window))
            _wait(loop, lambda: not index.behind(), "the index")
            index.hold_up()
            loop.run(lambda: False, warm_up + 1)  # it looks at its lease once a second
            rates["without"].append(_rate(side, conversation, warm_up, window))
            index.let_go()
            _wait(loop, lambda: not index.behind(), "the index")
        means = {name: sum(some) / len(some) for name, some in rates.items()}
        yield {
            "with/without": means["with"] / means["without"],
            **{f"messages/s {name}": rate for name, rate in means.items()},
            **_steadily(loop, talkers, index, 2 * window),
        }


def _talkers(side: Side, loop: Loop, place: Place) -> list[Saying]:
    clients = side.gather(loop, replace(place, members=place.members[:SENDERS]))
    return [Saying(client, place, IN_FLIGHT) for client in clients]


def _rate(side: Side, conversation: Conversation, warm_up: float, window: float) -> float:
    conversation.start(warm_up)
    figures = conversation.measure(side.pids, window)
    conversation.stop()
    return figures["messages/s"]


def _steadily(loop: Loop, talkers: list[Saying], index: Index, seconds: float) -> Figures:
    """Send RATE messages a second; return how far behind the index is meanwhile and after."""
    began = time.monotonic()
    sent, most = 0, 0
    while (passed := time.monotonic() - began) < seconds:
        due = int(passed * RATE) - sent
        for place, talker in enumerate(talkers):
            sent += talker.say(due // len(talkers) + (place < due % len(talkers)))
        loop.run(lambda: False, TICK)
        most = max(most, index.behind())
    loop.require(lambda: not any(talker.waits for talker in talkers), CATCH_UP_SECONDS, "acks")
    at_end, ended = index.behind(), time.monotonic()
    _wait(loop, lambda: not index.behind(), "the index")
    return {
        "sent/s": sent / seconds,
        "most behind": float(most),
        "behind at the end": float(at_end),
        "caught up s": time.monotonic() - ended,
    }


def _wait(loop: Loop, until: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + CATCH_UP_SECONDS
    while not until():
        if time.monotonic() > end:
            raise LoadError(f"{what}: behind after {CATCH_UP_SECONDS} s")
        loop.run(lambda: False, 0.1)
