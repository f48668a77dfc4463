"""Senders at several processes that write into one room at once, and the outcome."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.clients import Client, LoadError, Loop

ACK = re.compile(rb'43/group,(\d+)\[\{"data":\{.*?"seq":(\d+)')
UNAVAILABLE = re.compile(rb'43/group,(\d+)\[\{"error":\{"code":"unavailable"')
IN_FLIGHT = 8  # of each sender
DRAIN_SECONDS = 60


class Sender:
    """Keeps `in_flight` sends to one group unanswered; records their seqs in the order of sending.

    Like any client, it repeats sends that a busy server answers with `unavailable`. The seqs of
    these are in `late`, because later sends may be stored before them.
    """

    def __init__(self, client: Client, room_id: str, in_flight: int = IN_FLIGHT) -> None:
        self.waiting: set[int] = set()
        self.late: list[int] = []
        self._seqs: dict[int, int] = {}
        self._repeated: set[int] = set()
        self._client = client
        self._in_flight = in_flight
        self._talks = False
        self._number = 0
        self._body = (
            f'["send_message",{{"room_id":"{room_id}","data":"hello",'
            f'"client_id":"{secrets.token_hex(4)}-'
        )
        client.on_ack = self._acked

    @property
    def seqs(self) -> list[int]:
        return [self._seqs[number] for number in sorted(self._seqs)]

    def start(self) -> None:
        self._talks = True
        for _ in range(self._in_flight):
            self._send()

    def stop(self) -> None:
        """Send no more; unanswered sends stay unanswered."""
        self._talks = False

    def _send(self) -> None:
        self._number += 1
        self.waiting.add(self._number)
        self._send_one(self._number)

    def _send_one(self, number: int) -> None:
        self._client.send(f'42/group,{number}{self._body}{number}"}}]'.encode())

    def _acked(self, packet: bytes) -> None:
        if refused := UNAVAILABLE.match(packet):
            self._repeated.add(int(refused[1]))
            self._send_one(int(refused[1]))
            return
        found = ACK.match(packet)
        if found is None:
            raise LoadError(f"refused: {packet[:200].decode()}")
        number, seq = int(found[1]), int(found[2])
        self.waiting.remove(number)
        if number in self._repeated:
            self.late.append(seq)
        else:
            self._seqs[number] = seq
        if self._talks:
            self._send()


@dataclass(frozen=True)
class Outcome:
    """The acked seqs: by process and sender in the order of sending, and the `late` ones."""

    processes: Sequence[Sequence[Sequence[int]]]
    late: Sequence[int]
    seconds: float

    @property
    def seqs(self) -> list[int]:
        in_time = [seq for senders in self.processes for seqs in senders for seq in seqs]
        return sorted([*in_time, *self.late])

    @property
    def is_gapless(self) -> bool:
        return self.seqs == list(range(1, len(self.seqs) + 1))

    @property
    def repeated(self) -> int:
        return len(self.seqs) - len(set(self.seqs))

    @property
    def inverted(self) -> int:
        """The number of messages with a lower seq than the sender's message before them."""
        return sum(
            after < before
            for senders in self.processes
            for seqs in senders
            for before, after in zip(seqs, seqs[1:], strict=False)
        )

    @property
    def rates(self) -> list[float]:
        """Messages per second of each process."""
        return [sum(map(len, senders)) / self.seconds for senders in self.processes]


def write_at_once(
    ports: Sequence[int],
    tokens: Sequence[Sequence[str]],
    room_id: str,
    seconds: float,
    until: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Let one sender per token write at each process, for `seconds` or until `until` is true."""
    loop = Loop()
    try:
        sides = [
            [Client(loop, port, [("/group", json.dumps({"token": token}))]) for token in own]
            for port, own in zip(ports, tokens, strict=True)
        ]
        loop.enter(client for side in sides for client in side)
        processes = [[Sender(client, room_id) for client in side] for side in sides]
        senders = [sender for side in processes for sender in side]
        started = time.monotonic()
        for sender in senders:
            sender.start()
        loop.run(until, seconds)
        for sender in senders:
            sender.stop()
        taken = time.monotonic() - started
        loop.require(
            lambda: not any(sender.waiting for sender in senders), DRAIN_SECONDS, "last acks"
        )
        return Outcome(
            [[sender.seqs for sender in side] for side in processes],
            [seq for sender in senders for seq in sender.late],
            taken,
        )
    finally:
        loop.close()
