"""People who change messages over sockets, and what the log of changes says afterwards.

An answer `unavailable` leaves the outcome open. While the database is there, that is right only
once a deadline has passed, so everybody here measures it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask import Flask

from chat.chunks import chunked
from chat.database.client import TIMEOUT_MS
from chat.models import Change
from chat.realtime.acks import ANSWER_WITHIN
from chat.repositories.changes import ChangeRepository
from chat.wiring import Services
from tests.sockets.conftest import Member, answered, message, unavailable
from tests.wire import WireClient

GROUP = "/group"
EDIT, DELETE, REACT, PIN = "edit_message", "delete_message", "react", "pin_message"
EMOJI = ("❤️", "👍", "🎉")
IN_FLIGHT = 25  # changes of one connection without an answer
# Seconds after which an outcome may be left open: an operation of the database, or the event, took
# its time.
OPEN_AFTER = min(TIMEOUT_MS / 1000, ANSWER_WITHIN)

Event = tuple[str, dict[str, Any]]


def check_time(answer: dict[str, Any], took: float) -> None:
    """Check that an answer that came after so many seconds may leave the outcome open, if it does.

    What the client measures is longer than what the server does.
    """
    assert took >= OPEN_AFTER or not unavailable(answer), (answer, took)


def answered_in_time(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Send an event until its answer tells the outcome, and check each answer that does not."""

    def timed() -> dict[str, Any]:
        began = time.monotonic()
        answer = ask()
        check_time(answer, time.monotonic() - began)
        return answer

    return answered(timed)


def change(client: WireClient, event: str, room: dict[str, Any], seq: int, **more: object) -> Any:
    """Change a message by an event, and return it as it is then."""
    payload = {"room_id": room["id"], "seq": seq, **more}
    answer = answered_in_time(lambda: client.call(GROUP, event, payload))
    assert "data" in answer, answer
    return answer["data"]


def random_change(chance: random.Random, kinds: Sequence[str], seq: int, text: str) -> Event:
    """Return a change of a message, of one of these kinds."""
    name = chance.choice(kinds)
    values: dict[str, dict[str, object]] = {
        EDIT: {"data": text},
        PIN: {"on": chance.random() < 0.5},
        REACT: {"emoji": chance.choice(EMOJI), "on": chance.random() < 0.6},
        DELETE: {},
    }
    return name, {"seq": seq, **values[name]}


def change_all(client: WireClient, room: dict[str, Any], events: Iterable[Event]) -> list[Any]:
    """Send many changes, IN_FLIGHT at a time, and return their answers in this order."""
    answers = []
    for some in chunked(events, IN_FLIGHT):
        sent, found = dict[int, float](), dict[int, Any]()
        for name, more in some:
            began = time.monotonic()
            sent[client.emit(GROUP, name, {"room_id": room["id"], **more})] = began
        while len(found) < len(sent):
            for kind, _, ack_id, data in client.read():
                if kind == WireClient.ACK and ack_id in sent:
                    check_time(data[0], time.monotonic() - sent[ack_id])
                    found[ack_id] = data[0]
        answers += [found[ack_id] for ack_id in sent]
        client.received.clear()
    return answers


def entries_of(beside: Flask, room: dict[str, Any]) -> list[Change]:
    """Return a room's log of changes as it stands in the database."""
    services: Services = beside.extensions["chat"]
    changes, found = ChangeRepository(services.database), list[Change]()
    while page := changes.list_range(room["id"], len(found) + 1, len(found) + 100):
        found += page
    return found


class Actor:
    """Somebody who says, edits, deletes and reacts over a socket, as chance has it.

    `acked` counts what was done, `refused` what came too late because the message was deleted.
    """

    def __init__(self, member: Member, room: dict[str, Any], seed: int) -> None:
        self.acked = 0
        self.refused = 0
        self._room = room
        self._chance = random.Random(seed)
        self._client = member.socket(GROUP)
        self._own: list[int] = []  # seqs of the messages that it sent
        self._last = 1  # the last seq that it has heard of

    def act(self, times: int) -> None:
        """Do so many things one after the other."""
        for number in range(times):
            event, payload = self._choose(f"text {number}")
            answer = answered_in_time(lambda: self._client.call(GROUP, event, payload))
            self._client.received.clear()
            if "error" in answer:
                assert answer["error"]["code"] == "conflict", answer
                self.refused += 1
                continue
            self.acked += 1
            self._last = max(self._last, answer["data"]["seq"])
            if event == "send_message":
                self._own.append(answer["data"]["seq"])

    def _choose(self, text: str) -> Event:
        fate = self._chance.random()
        if fate < 0.2 or not self._own:
            return "send_message", message(self._room, text)
        if fate < 0.6:
            seq, kinds = self._chance.choice(self._own), [EDIT, EDIT, EDIT, REACT, DELETE]
        else:
            seq, kinds = self._chance.randint(1, self._last), [REACT]
        name, payload = random_change(self._chance, kinds, seq, text)
        if name == DELETE:
            self._own.remove(seq)
        return name, {"room_id": self._room["id"], **payload}
