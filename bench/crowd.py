"""Many clients that reconnect at once, in a process of their own, so that others keep time."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection

from bench.processes import allow_open_files
from bench.sides import Side
from bench.town import GROUP, Citizen
from harness.clients import Client, LoadError, Loop, event

STORM_SECONDS = 120


@dataclass(frozen=True)
class Member:
    """One client's namespaces, and the rooms of its `sync`."""

    entries: list[tuple[str, str]]
    rooms: dict[str, int]  # the last seq seen, by room id


class Crowd:
    """Controls the process of the crowd."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def settle(self) -> None:
        """Wait until all clients are connected for the first time."""
        self.seconds()

    def reconnect(self) -> None:
        """Let all clients lose their connection, reconnect and `sync`; do not wait."""
        self._pipe.send(True)

    @property
    def is_back(self) -> bool:
        return self._pipe.poll()

    def seconds(self) -> float:
        """Wait until all clients have reconnected and synced; return the seconds it took."""
        try:
            found: float = self._pipe.recv()
        except EOFError:
            raise LoadError("the crowd gave up, see above") from None
        return found


@contextmanager
def gathered(side: Side, people: Sequence[Citizen]) -> Iterator[Crowd]:
    """Yield a connected crowd."""
    members = [
        Member(side.entries(one, GROUP), dict.fromkeys(one.rooms[GROUP], 0)) for one in people
    ]
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, side.port, members), daemon=True)
    process.start()
    there.close()
    crowd = Crowd(here)
    try:
        crowd.settle()
        yield crowd
    finally:
        here.close()
        process.join()


def _serve(pipe: Connection, port: int, members: Sequence[Member]) -> None:
    allow_open_files()
    loop = Loop()
    clients = [Client(loop, port, member.entries) for member in members]
    loop.enter(clients)
    pipe.send(0.0)
    while True:
        # The loop runs meanwhile to answer the server's pings.
        loop.run(pipe.poll, float("inf"))
        try:
            pipe.recv()
        except EOFError:
            loop.close()
            return
        for client in clients:
            client.close()
        started = time.monotonic()
        clients = _return(loop, port, members)
        pipe.send(time.monotonic() - started)


def _return(loop: Loop, port: int, members: Sequence[Member]) -> list[Client]:
    clients = [Client(loop, port, member.entries) for member in members]
    synced = 0

    def on_ack(_: bytes) -> None:
        nonlocal synced
        synced += 1

    def ask(client: Client, member: Member) -> None:
        client.on_ack = on_ack
        client.send(event(GROUP, 1, "sync", {"rooms": member.rooms}))

    for client, member in zip(clients, members, strict=True):
        client.connect(partial(ask, client, member))
    loop.require(lambda: synced == len(members), STORM_SECONDS, "coming back")
    return clients
