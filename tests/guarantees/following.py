"""A client that follows a room as the protocol says, over a network that loses and repeats pushes.

It keeps of each message the copy with the greater version. It keeps the seq and the rev up to which
it has everything, and asks by `sync` where a push shows that something is missing.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from tests.sockets.conftest import Member, answered
from tests.wire import WireClient

GROUP = "/group"
FOLLOWED = ("message_created", "messages_changed")
MAX_LATE = 3  # pushes that wait while later ones pass them

Push = tuple[str, dict[str, Any]]


def shared(message: dict[str, Any]) -> dict[str, Any]:
    """Return what all members see of a message."""
    return {name: value for name, value in message.items() if name != "own_reactions"}


class Follower:
    """Somebody in one room, from now on; `counts` says what became of what was pushed to them.

    Of the pushes a share of `drop` is lost. As many come late, behind others, and as many come
    twice. Which ones follows from `seed`.
    """

    def __init__(self, member: Member, room: dict[str, Any], drop: float, seed: int) -> None:
        self.copies: dict[int, dict[str, Any]] = {}  # by seq
        self.counts: Counter[str] = Counter()
        self._room_id: str = room["id"]
        self._drop = drop
        self._chance = random.Random(seed)
        self._late: list[Push] = []
        self._texts: set[str] = set()  # of changed messages, as they were pushed to all
        self._client = member.socket(GROUP)
        page = member.data("GET", f"/rooms/{room['id']}/messages?limit=100")
        self.seq, self.rev = 0, page["last_rev"]
        for message in page["messages"]:
            self._keep(message)
        self._advance()

    def follow_until(self, last_text: str) -> None:
        """Read on until a push of changes has brought this text, and everything before it."""
        while last_text not in self._texts:
            self._client.read()  # which fails when nothing comes for long
            while self._client.received:
                kind, _, _, data = self._client.received.pop(0)
                if kind == WireClient.EVENT and data[0] in FOLLOWED:
                    self._arrive((data[0], data[1]))

    def end_losses(self) -> None:
        """Let everything arrive from now on, and behind it what is late."""
        self._drop = 0.0

    def _arrive(self, push: Push) -> None:
        self.counts["pushed"] += 1
        fate, drop = self._chance.random(), self._drop
        if fate < drop:
            self.counts["dropped"] += 1
        elif fate < 2 * drop:
            self.counts["late"] += 1
            self._late.append(push)
        else:
            self._take(push)
            if fate < 3 * drop:
                self.counts["repeated"] += 1
                self._late.append(push)
        while len(self._late) > (MAX_LATE if drop else 0):
            self._take(self._late.pop(self._chance.randrange(len(self._late))))

    def _take(self, push: Push) -> None:
        event, payload = push
        if payload["room_id"] != self._room_id:
            return
        for message in [payload] if event == "message_created" else payload["messages"]:
            self._keep(message)
        self._advance()
        if event == "message_created":
            if payload["seq"] > self.seq:
                self._ask()
            return
        if payload["after_rev"] > self.rev:
            self._ask()
        if payload["after_rev"] <= self.rev:
            self.rev = max(self.rev, payload["last_rev"])
        if payload["after_rev"] < payload["last_rev"]:  # else it is for those who reacted alone
            self._texts |= {message["data"] for message in payload["messages"]}

    def _ask(self) -> None:
        """Ask for what was missed of both logs until nothing more is there."""
        self.counts["asked"] += 1
        more = True
        while more:
            payload = {"rooms": {self._room_id: self.seq}, "revs": {self._room_id: self.rev}}
            answer = answered(lambda: self._client.call(GROUP, "sync", payload))["data"]
            found = answer["rooms"][self._room_id]
            assert not found["reset"]
            for message in found["messages"] + found["changed"]:
                self._keep(message)
            self._advance()
            self.rev = max(self.rev, found["last_rev"])
            more = found["has_more"] or found["has_more_changes"]

    def _keep(self, message: dict[str, Any]) -> None:
        known = self.copies.get(message["seq"])
        if known is None or message["version"] > known["version"]:
            self.copies[message["seq"]] = shared(message)

    def _advance(self) -> None:
        while self.seq + 1 in self.copies:
            self.seq += 1
