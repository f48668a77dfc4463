"""Two processes on one database write into one room at once: `python -m bench.two_processes`.

Each has eight senders with eight messages in flight. Printed is how many messages a second each of
them stored; it ends with an error when the room's log has a gap or a repeat, when a sender's
messages changed places, or when one process got less than half of what the other did.
"""

from __future__ import annotations

import argparse
import json
import re
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.clients import BenchError, Client, Loop
from chat.database.embedded import EmbeddedDatabase
from tests.people import Person, app_beside, make_people
from tests.servers import Server

ACK = re.compile(rb'43/group,(\d+)\[\{"data":\{.*?"seq":(\d+)')
UNAVAILABLE = re.compile(rb'43/group,(\d+)\[\{"error":\{"code":"unavailable"')
SENDERS = 8  # of each process
IN_FLIGHT = 8  # of each sender
DRAIN_SECONDS = 60


class Sender:
    """Keeps so many sends to one group in flight and notes the seq of each, as they were sent.

    What a busy server answered with `unavailable` is sent again, as any client does; the seqs of
    those are `late`, as others have passed them.
    """

    def __init__(self, client: Client, room_id: str, in_flight: int = IN_FLIGHT) -> None:
        self.waiting: set[int] = set()
        self.late: list[int] = []
        self._seqs: dict[int, int] = {}
        self._again: set[int] = set()
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
        """Send nothing more; what is in flight stays so."""
        self._talks = False

    def _send(self) -> None:
        self._number += 1
        self.waiting.add(self._number)
        self._send_one(self._number)

    def _send_one(self, number: int) -> None:
        self._client.send(f'42/group,{number}{self._body}{number}"}}]'.encode())

    def _acked(self, packet: bytes) -> None:
        if refused := UNAVAILABLE.match(packet):
            self._again.add(int(refused[1]))
            self._send_one(int(refused[1]))
            return
        found = ACK.match(packet)
        if found is None:
            raise BenchError(f"refused: {packet[:200].decode()}")
        number, seq = int(found[1]), int(found[2])
        self.waiting.remove(number)
        if number in self._again:
            self.late.append(seq)
        else:
            self._seqs[number] = seq
        if self._talks:
            self._send()


@dataclass(frozen=True)
class Outcome:
    """What was acked: by process, by sender, the seqs in the order of sending, and those `late`."""

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
        """How many messages came before the one that their sender had sent first."""
        return sum(
            after < before
            for senders in self.processes
            for seqs in senders
            for before, after in zip(seqs, seqs[1:], strict=False)
        )

    @property
    def rates(self) -> list[float]:
        """Messages a second of each process."""
        return [sum(map(len, senders)) / self.seconds for senders in self.processes]


def write_at_once(
    ports: Sequence[int],
    tokens: Sequence[Sequence[str]],
    room_id: str,
    seconds: float,
    until: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Let the senders (a token each, by process) write for so long, or until something holds."""
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


def run(seconds: float) -> bool:
    """Do one run, print what it gave, and return whether it was good."""
    with tempfile.TemporaryDirectory() as directory:
        first = Server(Path(directory) / "first", RATE_LIMITS="off")
        with first:
            uri = EmbeddedDatabase(first.data_dir).uri()
            key = (first.data_dir / "secret_key").read_text().strip()
            second = Server(
                Path(directory) / "second", MONGO_URI=uri, SECRET_KEY=key, RATE_LIMITS="off"
            )
            with second, app_beside(first.data_dir, uri, RATE_LIMITS=False) as app:
                people = make_people(app, *[f"sender{number}" for number in range(2 * SENDERS)])
                group = people[0].create_group(*people[1:])
                outcome = write_at_once(
                    [first.port, second.port], halves(people), group["id"], seconds
                )
    rates = outcome.rates
    share = min(rates) / max(rates)
    print(
        f"{len(outcome.seqs)} messages in {outcome.seconds:.1f} s;"
        f" {rates[0]:.0f} and {rates[1]:.0f} messages/s: one has {share:.0%} of the other;"
        f" gapless: {outcome.is_gapless}; repeated: {outcome.repeated};"
        f" inverted: {outcome.inverted}"
    )
    return outcome.is_gapless and not outcome.inverted and share >= 0.5


def halves(people: Sequence[Person]) -> list[list[str]]:
    """Return the tokens of the first half of the people and of the second."""
    middle = len(people) // 2
    return [[one.token for one in some] for some in (people[:middle], people[middle:])]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.two_processes",
        description="Let two processes write into one room at once.",
    )
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    good = [run(arguments.seconds) for _ in range(arguments.runs)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
