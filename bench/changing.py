"""Measures changes of messages: the time until all members have them, and catching up by `sync`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from bench.processes import Usage
from bench.sides import Side
from bench.talking import TEXT, Conversation, Figures, Sender, Talker, percentiles
from bench.town import GROUP, Place
from harness.clients import Client, LoadError, Loop, ack_id, event
from harness.copies import Copies

EMOJI = ("👍", "🎉", "😀", "🚀", "👀")
REACTING_SECONDS = 1.0
IN_FLIGHT = 8  # of each sender while a room gets its messages
SECONDS = 300  # for everything that must arrive in the end, also on a busy machine


class Editor(Talker):
    """Edits its own messages, one after the other, again and again."""

    def __init__(
        self,
        client: Client,
        place: Place,
        seqs: Sequence[int],
        in_flight: int = 1,
        count: int | None = None,
    ) -> None:
        super().__init__(client, place, in_flight, count)
        self.seqs = seqs
        self._room_id = place.id

    @property
    def last_text(self) -> str:
        return self._text(self._number)

    def _event(self, number: int) -> str:
        seq = self.seqs[number % len(self.seqs)]
        return (
            f'["edit_message",{{"room_id":"{self._room_id}","seq":{seq},'
            f'"data":"{self._text(number)}"}}]'
        )

    @staticmethod
    def _text(number: int) -> str:
        return f"{TEXT}{number}"


class Reacting(Talker):
    """Adds one reaction to a message."""

    def __init__(self, client: Client, place: Place, seq: int, emoji: str) -> None:
        super().__init__(client, place, count=1)
        self._react = (
            f'["react",{{"room_id":"{place.id}","seq":{seq},"emoji":"{emoji}","on":true}}]'
        )

    def _event(self, number: int) -> str:
        return self._react


def reactions(side: Side, place: Place, people: int) -> Figures:
    """Let `people` members of a room react to one message, evenly over a second.

    Every member must receive all reactions in the end. `pushes` are the pushes to the whole room.
    Deliveries are all pushes of changes, including those to a user's own sockets.
    """
    with closing(Loop()) as loop:
        clients = side.gather(loop, place)
        kept = [Copies(client, place.id) for client in clients]
        ((seq,),) = _say(loop, clients[:1], place, 1)
        reacting = [
            Reacting(client, place, seq, EMOJI[number % len(EMOJI)])
            for number, client in enumerate(clients[:people])
        ]

        def sees_all(copies: Copies) -> bool:
            message = copies.find(seq)
            return (
                message is not None and sum(one["count"] for one in message["reactions"]) == people
            )

        usage, started = Usage(side.pids), time.perf_counter()
        for number, one in enumerate(reacting):
            due = started + number * REACTING_SECONDS / people
            loop.run(lambda: False, due - time.perf_counter())
            one.start()
        last_sent = time.perf_counter()
        loop.require(_all(kept, sees_all), SECONDS, "all reactions at everybody")
        ended = time.perf_counter()
        shares, deliveries = usage.shares(), sum(copies.pushes for copies in kept)
        loop.require(lambda: all(one.done for one in reacting), SECONDS, "last acks")
    latencies = percentiles([latency for one in reacting for latency in one.latencies])
    return {
        "all know ms": (ended - started) * 1000,
        "after the last ms": (ended - last_sent) * 1000,
        "p50 ms": latencies["p50 ms"],
        "p99 ms": latencies["p99 ms"],
        "pushes": kept[-1].pushes,  # to a member who did not react
        "deliveries/s": deliveries / (ended - started),
        **shares,
    }


def edits(side: Side, place: Place, editors: int, warm_up: float, seconds: float) -> Figures:
    """Let `editors` members of a room edit one message each, waiting for each ack.

    Every member must receive the last text of each message in the end. Deliveries are pushes of
    changes; one may contain several edits.
    """
    with closing(Loop()) as loop:
        clients = side.gather(loop, place)
        kept = [Copies(client, place.id) for client in clients]
        editing = [
            Editor(client, place, seqs)
            for client, seqs in zip(
                clients[:editors], _say(loop, clients[:editors], place, 1), strict=True
            )
        ]
        conversation = Conversation(loop, editing, lambda: sum(copies.pushes for copies in kept))
        conversation.start(warm_up)
        figures = conversation.measure(side.pids, seconds)
        conversation.stop()
        last = {one.seqs[0]: one.last_text for one in editing}

        def sees_last(copies: Copies) -> bool:
            found = {seq: copies.find(seq) for seq in last}
            return all(message and message["data"] == last[seq] for seq, message in found.items())

        loop.require(_all(kept, sees_last), SECONDS, "the last texts at everybody")
    return {"edits/s": figures.pop("messages/s"), **figures}


def catching_up(side: Side, place: Place, changes: int) -> Generator[Figures, None, None]:
    """Yield how long a client takes to catch up `changes` changes, each of another message."""
    each = changes // len(place.members)
    with closing(Loop()) as loop:
        clients = side.gather(loop, place)
        seqs = _say(loop, clients, place, each)
        written = sorted(seq for own in seqs for seq in own)
        absent = side.client(loop, place.members[0], GROUP)
        loop.enter([absent])
        rev = _catch_up(loop, absent, place.id, written[-1], 0).last_rev
        editors = [
            Editor(client, place, own, IN_FLIGHT, each)
            for client, own in zip(clients, seqs, strict=True)
        ]
        _finish(loop, editors, "all edits")
        while True:
            started = time.perf_counter()
            missed = _catch_up(loop, absent, place.id, written[-1], rev)
            taken = time.perf_counter() - started
            if sorted(missed.seqs) != written or missed.last_rev != rev + changes:
                raise LoadError(f"{len(missed.seqs)} of {changes} changed messages arrived")
            yield {
                "catch up ms": taken * 1000,
                "answers": missed.answers,
                "KiB": missed.size / 1024,
            }


@dataclass(frozen=True)
class Missed:
    """The seqs of the changed messages up to `last_rev`, from `answers` acks of `size` bytes."""

    seqs: list[int]
    last_rev: int
    answers: int
    size: int


def _catch_up(loop: Loop, client: Client, room_id: str, seq: int, rev: int) -> Missed:
    """Request all changes after a rev by `sync`."""
    answers: list[bytes] = []
    client.on_ack = answers.append
    seqs: list[int] = []
    asked, size, has_more = 0, 0, True
    while has_more:
        asked += 1
        client.send(event(GROUP, asked, "sync", {"rooms": {room_id: seq}, "revs": {room_id: rev}}))
        loop.require(lambda: len(answers) == asked, SECONDS, "the answer to sync")
        room = _data_of(answers[-1])["rooms"][room_id]
        seqs += [message["seq"] for message in room["changed"]]
        rev, has_more = room["last_rev"], room["has_more_changes"]
        size += len(answers[-1])
    return Missed(seqs, rev, asked, size)


def _data_of(packet: bytes) -> dict[str, Any]:
    ack_id(packet, GROUP)  # raises LoadError for an error
    body: dict[str, Any] = json.loads(packet[packet.index(b"[") :])[0]
    data: dict[str, Any] = body["data"]
    return data


def _say(loop: Loop, clients: Iterable[Client], place: Place, each: int) -> list[list[int]]:
    """Let members write `each` messages; return the seqs by member."""
    senders = [Sender(client, place, IN_FLIGHT, each) for client in clients]
    _finish(loop, senders, "all messages")
    return [sender.seqs for sender in senders]


def _finish(loop: Loop, talkers: Sequence[Talker], what: str) -> None:
    for talker in talkers:
        talker.start()
    loop.require(lambda: all(talker.done for talker in talkers), SECONDS, what)


def _all(kept: Iterable[Copies], holds: Callable[[Copies], bool]) -> Callable[[], bool]:
    """Return a predicate: `holds` was true for all copies, each checked until it was true once."""
    left = list(kept)

    def until() -> bool:
        while left and holds(left[-1]):
            left.pop()
        return not left

    return until
