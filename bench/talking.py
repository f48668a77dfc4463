"""Users who send messages, and the figures counted meanwhile."""

from __future__ import annotations

import math
import re
import secrets
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

from bench.processes import Usage
from bench.town import Place
from harness.clients import Client, LoadError, Loop, ack_id

TEXT = "x" * 100
ACK = re.compile(rb'43/[a-z]+,(\d+)\[\{"data":\{.*?"seq":(\d+)')
DRAIN_SECONDS = 60

Figures = dict[str, float]


class Talker:
    """Keeps so many sends to one room in flight over a client, and times their acks.

    It makes `count` of them, or goes on until it is stopped.
    """

    def __init__(
        self, client: Client, place: Place, in_flight: int = 1, count: int | None = None
    ) -> None:
        self.acks = 0
        self.latencies: list[float] = []  # seconds
        self._client = client
        self._place = place
        self._in_flight = in_flight
        self._count = count
        self._sent: dict[int, float] = {}
        self._number = 0
        self._is_talking = False
        self._client_id = secrets.token_hex(4)
        others, own = client.on_ack, self._ack_prefix()

        def on_ack(packet: bytes) -> None:
            (self.acked if packet.startswith(own) else others)(packet)

        client.on_ack = on_ack

    @property
    def listeners(self) -> int:
        return len(self._place.members)

    @property
    def waits(self) -> bool:
        return bool(self._sent)

    @property
    def done(self) -> bool:
        return self.acks == self._count

    def start(self) -> None:
        self._is_talking = True
        for _ in range(self._in_flight):
            self._send()

    def stop(self) -> None:
        """Send no more; unanswered sends stay unanswered."""
        self._is_talking = False

    def acked(self, packet: bytes) -> None:
        """Handle an ack of this room's namespace: send the next message."""
        sent = self._sent.pop(self._acked_number(packet))
        self.latencies.append(time.perf_counter() - sent)
        self.acks += 1
        if self._is_talking:
            self._send()

    def _send(self) -> None:
        if self._number == self._count:
            return
        self._number += 1
        self._sent[self._number] = time.perf_counter()
        self._client.send(self._packet(self._number).encode())

    def _packet(self, number: int) -> str:
        """Return the `number`-th packet to send."""
        return f"42{self._place.namespace},{number}{self._event(number)}"

    def _event(self, number: int) -> str:
        """Return the name and payload of the `number`-th event.

        All messages of all senders have one size, and the load generator counts such pushes at the
        lowest cost.
        """
        return (
            f'["send_message",{{"room_id":"{self._place.id}","data":"{TEXT}",'
            f'"client_id":"{self._client_id}-{number:07}"}}]'
        )

    def _ack_prefix(self) -> bytes:
        return f"43{self._place.namespace},".encode()

    def _acked_number(self, packet: bytes) -> int:
        """Return which packet is acked; raise LoadError if it was refused."""
        return ack_id(packet, self._place.namespace)


class Sender(Talker):
    """Records the seq of each ack; acks must arrive in the order of the sends."""

    def __init__(self, client: Client, place: Place, in_flight: int, count: int) -> None:
        super().__init__(client, place, in_flight, count)
        self.seqs: list[int] = []

    def acked(self, packet: bytes) -> None:
        found = ACK.match(packet)
        if found is None or int(found[1]) != len(self.seqs) + 1:
            raise LoadError(f"not the ack that was due: {packet[:200].decode()}")
        self.seqs.append(int(found[2]))
        super().acked(packet)


class Conversation:
    """Runs talkers on a loop, from the first message to the last delivery.

    `delivered` returns the number of deliveries so far: by default of messages, over the loop.
    """

    def __init__(
        self,
        loop: Loop,
        talkers: Sequence[Talker],
        delivered: Callable[[], int] | None = None,
    ) -> None:
        self._loop = loop
        self._talkers = talkers
        self._delivered = delivered or (lambda: loop.pushes)
        self._pushed_before = loop.pushes

    @property
    def acks(self) -> int:
        return sum(talker.acks for talker in self._talkers)

    def start(self, warm_up: float) -> None:
        """Start all talkers and run the warm-up, which is not counted."""
        for talker in self._talkers:
            talker.start()
        self.run(warm_up)

    def run(self, seconds: float) -> None:
        """Run the loop for some seconds."""
        self._loop.run(lambda: False, seconds)

    def forget_latencies(self) -> None:
        for talker in self._talkers:
            talker.latencies.clear()

    def latencies(self) -> list[float]:
        """Return the seconds from send to ack since `forget_latencies`."""
        return [latency for talker in self._talkers for latency in talker.latencies]

    def measure(self, pids: Mapping[str, int], seconds: float) -> Figures:
        """Count for some seconds, and measure the shares of a core of these processes."""
        self.forget_latencies()
        usage = Usage(pids)
        acks, delivered = self.acks, self._delivered()
        started = time.perf_counter()
        self.run(seconds)
        taken = time.perf_counter() - started
        return {
            "deliveries/s": (self._delivered() - delivered) / taken,
            "messages/s": (self.acks - acks) / taken,
            **percentiles(self.latencies()),
            **usage.shares(),
        }

    def stop(self) -> None:
        """Stop sending and wait for the last acks."""
        for talker in self._talkers:
            talker.stop()
        self._loop.require(
            lambda: not any(talker.waits for talker in self._talkers), DRAIN_SECONDS, "last acks"
        )

    def finish(self) -> None:
        """Stop sending and check that every acked message was delivered once to every member."""
        self.stop()
        due = sum(talker.acks * talker.listeners for talker in self._talkers)

        def arrived() -> int:
            return self._loop.pushes - self._pushed_before

        self._loop.run(lambda: arrived() >= due, DRAIN_SECONDS)
        self.run(0.2)  # so that surplus deliveries would arrive
        if arrived() != due:
            raise LoadError(f"{due} messages were to be delivered, {arrived()} were")


def percentiles(latencies: Sequence[float]) -> Figures:
    """Return the p50, p99 and maximum in milliseconds; they are NaN without latencies."""
    if len(latencies) < 2:
        return dict.fromkeys(("p50 ms", "p99 ms", "max ms"), math.nan)
    hundredths = statistics.quantiles(latencies, n=100, method="inclusive")
    return {
        "p50 ms": hundredths[49] * 1000,
        "p99 ms": hundredths[98] * 1000,
        "max ms": max(latencies) * 1000,
    }
