"""Whatever happens to a room, everyone who may read it reads the same list."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.sockets.conftest import Member, answered, message, unavailable
from tests.wire import WireClient

GROUP = "/group"
BEYOND = 3  # seqs behind the end that are asked for too

QUICK = settings(
    max_examples=10,
    stateful_step_count=20,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
LONG = settings(QUICK, max_examples=500, stateful_step_count=60, derandomize=False)

Entry = dict[str, Any]
names = itertools.count(1)


class RoomOnTheWire(RuleBasedStateMachine):
    """A group of Ada's, in and out of which Bob goes; the model of its log is a list."""

    ada: Member
    bob: Member

    def __init__(self) -> None:
        super().__init__()
        self.clients: dict[str, WireClient] = {}
        self.log: list[Entry] = []
        self.heard_from = 0  # the length of the log when Ada's socket was connected

    @initialize()
    def begin(self) -> None:
        self.group = self.ada.create_group()
        self.bob_is_in = False
        for member in (self.ada, self.bob):
            self.clients[member.id] = member.socket(GROUP)

    def teardown(self) -> None:
        if self.clients:
            self.hear()
        for client in self.clients.values():
            client.close()

    # Who acts: Ada always may, Bob while he is in

    def member(self, by_bob: bool) -> Member:
        return self.bob if by_bob else self.ada

    def may(self, by_bob: bool) -> bool:
        return self.bob_is_in or not by_bob

    @rule()
    def bob_comes_or_goes(self) -> None:
        if self.bob_is_in:
            self.bob.data("DELETE", f"/rooms/{self.group['id']}/members/{self.bob.id}")
        else:
            self.bob.data("POST", "/rooms/join", {"number": self.group["number"]})
        self.bob_is_in = not self.bob_is_in

    @rule(by_bob=st.booleans())
    def reconnect(self, by_bob: bool) -> None:
        if not by_bob:
            self.hear()
            self.heard_from = len(self.log)
        member = self.member(by_bob)
        self.clients[member.id].close()
        self.clients[member.id] = member.socket(GROUP)

    # Writing

    @rule(by_bob=st.booleans(), over_http=st.booleans())
    def send(self, by_bob: bool, over_http: bool) -> None:
        answer = self.try_to_send(by_bob, over_http, f"n{next(names)}")
        self.take(by_bob, [answer])

    @precondition(lambda self: self.log)
    @rule(data=st.data(), over_http=st.booleans())
    def send_again(self, data: st.DataObject, over_http: bool) -> None:
        """Repeat a send, with other words: the answer is what was stored at first."""
        entry = data.draw(st.sampled_from(self.log), label="entry")
        by_bob = entry["user_id"] == self.bob.id
        answer = self.try_to_send(by_bob, over_http, entry["client_id"], "other words")
        if self.may(by_bob):
            assert answer == {"data": entry}
        else:
            assert answer["error"]["code"] == "not_found"

    @rule(by_bob=st.booleans(), picks=st.lists(st.integers(0, 3), min_size=2, max_size=8))
    def send_many_at_once(self, by_bob: bool, picks: list[int]) -> None:
        """Send under a few client_ids, some of them again, before any of it is answered."""
        stem = f"n{next(names)}"
        member = self.member(by_bob)
        client = self.clients[member.id]
        ids = [
            client.emit(GROUP, "send_message", message(self.group, f"{pick}", f"{stem}-{pick}"))
            for pick in picks
        ]
        answers = [client.ack(ack_id) for ack_id in ids]
        if any(unavailable(answer) for answer in answers):  # their order is anybody's guess
            answers = [self.try_to_send(by_bob, False, f"{stem}-{pick}") for pick in picks]
            stored = {one["data"]["id"]: one for one in answers if "data" in one}
            self.take(by_bob, sorted(stored.values(), key=lambda one: int(one["data"]["seq"])))
            return
        first = {pick: answers[picks.index(pick)] for pick in picks}
        assert answers == [first[pick] for pick in picks]
        self.take(by_bob, list(first.values()))

    # Reading

    @rule(by_bob=st.booleans(), data=st.data())
    def sync(self, by_bob: bool, data: st.DataObject) -> None:
        seen = data.draw(st.integers(0, len(self.log) + BEYOND), label="seen")
        client = self.clients[self.member(by_bob).id]
        payload = {"rooms": {self.group["id"]: seen}}
        found = answered(lambda: client.call(GROUP, "sync", payload))["data"]
        if not self.may(by_bob):
            assert found["gone"] == [self.group["id"]] and found["rooms"] == {}
            return
        assert found["gone"] == []
        assert found["rooms"][self.group["id"]] == {
            "messages": self.log[seen:],
            "last_seq": len(self.log),
            "last_mention_seq": 0,
            "has_more": False,
            "reset": seen > len(self.log),
        }

    @rule(by_bob=st.booleans(), after=st.booleans(), limit=st.integers(1, 5), data=st.data())
    def read(self, by_bob: bool, after: bool, limit: int, data: st.DataObject) -> None:
        """Read a page behind some seq or before it."""
        seq = data.draw(st.integers(1, len(self.log) + BEYOND), label="seq")
        name = "after_seq" if after else "before_seq"
        path = f"/rooms/{self.group['id']}/messages?{name}={seq}&limit={limit}"
        answer = answered(lambda: self.member(by_bob).http("GET", path).json())
        if not self.may(by_bob):
            assert answer["error"]["code"] == "not_found"
            return
        end = seq + limit if after else min(seq - 1, len(self.log))
        begin = seq if after else max(0, end - limit)
        more = end < len(self.log) if after else begin > 0
        assert answer["data"] == {
            "messages": self.log[begin:end],
            "has_more": more,
            "last_rev": 0,
        }

    # How it does that

    def try_to_send(
        self, by_bob: bool, over_http: bool, client_id: str, text: str = "hello"
    ) -> dict[str, Any]:
        member, payload = self.member(by_bob), message(self.group, text, client_id)
        if not over_http:
            client = self.clients[member.id]
            return answered(lambda: client.call(GROUP, "send_message", payload))
        path = f"/rooms/{payload.pop('room_id')}/messages"
        return answered(lambda: member.http("POST", path, payload).json())

    def take(self, by_bob: bool, answers: list[dict[str, Any]]) -> None:
        """Put what was stored at the end of the model, where it has to be."""
        for answer in answers:
            if not self.may(by_bob):
                assert answer["error"]["code"] == "not_found"
                continue
            self.log.append(answer["data"])
            assert answer["data"]["seq"] == len(self.log)

    def hear(self) -> None:
        """See that all that was said since Ada's socket was connected came to it, at least once."""
        client = self.clients[self.ada.id]
        for entry in self.log[self.heard_from :]:
            assert client.pushed("message_created", id=entry["id"]) == entry


def room_of(one: Member, other: Member) -> type[RoomOnTheWire]:
    """Return the machine with these two people in it."""

    class RoomOfTwo(RoomOnTheWire):
        ada, bob = one, other

    return RoomOfTwo


def test_everyone_reads_the_same_log(people: Callable[..., list[Member]]) -> None:
    run_state_machine_as_test(room_of(*people("ada", "bob")), settings=QUICK)


@pytest.mark.torture
def test_everyone_reads_the_same_log_long(people: Callable[..., list[Member]]) -> None:
    run_state_machine_as_test(room_of(*people("ada", "bob")), settings=LONG)
