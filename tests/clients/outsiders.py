"""What each client from outside has to go through, all of them at the same time."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial

from harness.servers import PATIENCE, Server
from tests.clients import programs
from tests.docs.programs import Program
from tests.sockets.conftest import Member

Key = tuple[str, str]  # the client's name and its transports
BURST, LONGEST = 20, 4_000  # messages sent at once, characters of each
PUSHES = 40  # more than python-engineio's client takes in one answer to a poll


class Outsider:
    """A program and what it has told; `failure` says where it fell short."""

    def __init__(self, key: Key, program: Program) -> None:
        self.key = key
        self.program = program
        self.failure = ""
        self.last = ""  # what it was asked to send
        self.told: defaultdict[str, list[str]] = defaultdict(list)

    def send(self, count: int, prefix: str, length: int) -> None:
        """Let it send so many messages of so many characters at once."""
        self.last = f"{count} {prefix} {length}"
        self.program.write(self.last)

    def await_told(self, kind: str, prefix: str, count: int) -> None:
        """Read what it prints until it has told of so many.

        On a busy machine an answer may be `unavailable`: then it sends all of them again, which
        are stored once.
        """
        deadline = time.monotonic() + PATIENCE
        while len(self._names(kind, prefix)) < count:
            assert time.monotonic() < deadline, "it goes on without coming to its end"
            told, _, name = self.program.line().partition(" ")
            if told == "refused":
                assert "unavailable" in name, name
                self.program.write(self.last)
            self.told[told].append(name)

    def _names(self, kind: str, prefix: str) -> list[str]:
        found = [name for name in self.told[kind] if name.startswith(prefix)]
        return found if kind == "connected" else list(set(found))


def go_through(
    server: Server,
    write: Callable[[str], object],
    outsiders: list[Outsider],
    seconds_away: float,
) -> None:
    """Let all connect, talk and hear, and again after a restart; note which ones fail.

    `write` says something in a group that all are in.
    """

    def step(what: str, do: Callable[[Outsider], None]) -> None:
        for outsider in outsiders:
            if not outsider.failure:
                try:
                    do(outsider)
                except AssertionError as error:
                    outsider.failure = f"{what}: {error}; it told {dict(outsider.told)}"

    def push(prefix: str) -> None:
        for number in range(PUSHES):
            write(f"{prefix}{number} from the writer")

    step("connecting", lambda outsider: outsider.await_told("connected", "", 1))
    step("sending", lambda outsider: outsider.send(BURST, "a", LONGEST))
    step("being answered", lambda outsider: outsider.await_told("acked", "a", BURST))
    step("hearing itself", lambda outsider: outsider.await_told("heard", "a", BURST))
    push("w")
    step("hearing", lambda outsider: outsider.await_told("heard", "w", PUSHES))
    assert server.stop() == 0
    time.sleep(seconds_away)
    server.start()
    step("coming back", lambda outsider: outsider.await_told("connected", "", 2))
    step("sending again", lambda outsider: outsider.send(1, "b", 10))
    step("being answered again", lambda outsider: outsider.await_told("acked", "b", 1))
    push("v")
    step("hearing again", lambda outsider: outsider.await_told("heard", "v", PUSHES))


def start_all(
    names: Iterable[str], server: Server, make: Callable[[int], list[Member]]
) -> tuple[Callable[[str], object], list[Outsider]]:
    """Start clients by each transport, each in a group of its own and in one that all are in.

    Returns a function that says something in that one, and the clients.
    """
    keys = [(name, transports) for name in names for transports in programs.TRANSPORTS]
    writer, *members = make(len(keys) + 1)
    everybody = writer.create_group(*members)
    outsiders = []
    for key, member in zip(keys, members, strict=True):
        own = member.create_group()
        program = programs.start(key[0], server.url, key[1], member.token, own["id"])
        outsiders.append(Outsider(key, program))
    return partial(writer.post, everybody), outsiders
