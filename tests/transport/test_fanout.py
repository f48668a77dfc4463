"""Every client gets exactly its frames, in order, whatever happens in a turn of the event loop."""

from __future__ import annotations

import itertools
import json
import random
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests
import websocket

from tests.transport.conftest import Serve

TIMEOUT = 60  # seconds to wait on a busy machine
ROOT, CUSTOM = NAMESPACES = ("/", "/custom")
CHANNELS = ("hall", "stairs", "attic")
SIZES = (0, 50, 200, 20_000)  # bytes; the lengths of their frames have different headers
SCRIPTS, STEPS = 25, 12
FILLING = 200_000  # bytes of a frame, of which some stay unsent
MAX_UNSENT = 2_000_000
FULL = 1 << 30  # bytes: nobody is dropped

Step = list[Any]
numbers = itertools.count(1)


class Client(ABC):
    """A client in both namespaces; it knows which packets it has to receive.

    A packet is the number of an emit, or the negative id of an ack.
    """

    def __init__(self, address: str) -> None:
        self.sids: dict[str, str] = {}
        self.channels: set[tuple[str, str]] = set()
        self.expected: list[int] = []
        self.received: list[int] = []
        self._address = address

    def enter_all(self) -> None:
        for namespace in NAMESPACES:
            self.send(f"40{namespace},")
        while len(self.sids) < len(NAMESPACES):
            self.read()

    def handle(self, text: str) -> None:
        """Record what a packet says."""
        kind, rest = text[:2], text[2:]
        namespace, rest = rest.split(",", 1) if rest[:1] == "/" else (ROOT, rest)
        if kind == "40":
            self.sids[namespace] = json.loads(rest)["sid"]
        elif kind == "42":
            event, value = json.loads(rest)
            if event == "told":
                self.received.append(value["number"])
        elif kind == "43":
            self.received.append(-int(rest.partition("[")[0]))

    def read_all(self) -> None:
        """Read until everything has come, and nothing else."""
        while len(self.received) < len(self.expected):
            assert self.received == self.expected[: len(self.received)]
            self.read()
        assert self.received == self.expected

    @abstractmethod
    def send(self, text: str) -> None:
        """Send a packet."""

    @abstractmethod
    def read(self) -> None:
        """Read some packets, and wait for the first of them."""


class WebSocketClient(Client):
    """A client by WebSocket, at first or after `upgrade`."""

    def __init__(self, address: str, receive_bytes: int = 0, sid: str = "") -> None:
        super().__init__(address)
        size = (socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self._socket = websocket.create_connection(
            f"ws://{address}/socket.io/?EIO=4&transport=websocket&sid={sid}".removesuffix("&sid="),
            timeout=TIMEOUT,
            suppress_origin=True,
            sockopt=[size] if receive_bytes else [],
        )

    def close(self) -> None:
        self._socket.shutdown()

    def send(self, text: str) -> None:
        self._socket.send(text)

    def read(self) -> None:
        self.handle(self.receive())

    def receive(self) -> str:
        return str(self._socket.recv())

    def perform(self, steps: list[Step]) -> None:
        """Have the server take steps in one turn; its ack is behind what they emit."""
        number = next(numbers)
        self.send(f"42{number}{json.dumps(['perform', steps])}")
        self.expected.append(-number)


class PollingClient(Client):
    """A client by long polling, until it upgrades."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._link = f"http://{address}/socket.io/?EIO=4&transport=polling"
        self._sid = json.loads(requests.get(self._link, timeout=TIMEOUT).text[1:])["sid"]
        self._link += f"&sid={self._sid}"
        self._upgraded: WebSocketClient | None = None

    def close(self) -> None:
        if self._upgraded is not None:
            self._upgraded.close()

    def send(self, text: str) -> None:
        assert requests.post(self._link, data=text, timeout=TIMEOUT).status_code == 200

    def read(self) -> None:
        if self._upgraded is not None:
            self.handle(self._upgraded.receive())
            return
        answer = self.poll()
        assert answer.status_code == 200
        for text in answer.text.split("\x1e"):
            self.handle(text)

    def poll(self) -> requests.Response:
        return requests.get(self._link, timeout=TIMEOUT)

    def read_some(self) -> None:
        """Poll if something waits for this client."""
        if len(self.received) < len(self.expected):
            self.read()

    def upgrade(self) -> None:
        """Go on by WebSocket with what polling has left."""
        upgraded = WebSocketClient(self._address, sid=self._sid)
        upgraded.send("2probe")
        assert upgraded.receive() == "3probe"
        upgraded.send("5")
        self._upgraded = upgraded


class World:
    """The clients of one test, and the model: who is in which channel."""

    def __init__(self, clients: list[Client], seed: int) -> None:
        self.clients = clients
        self.random = random.Random(seed)

    def members(self, namespace: str, channel: str) -> list[Client]:
        return [one for one in self.clients if (namespace, channel) in one.channels]

    def emit(self, namespace: str, channels: list[str], size: int, skipped: list[Client]) -> Step:
        number = next(numbers)
        for client in self.clients:
            hears = any((namespace, channel) in client.channels for channel in channels)
            if hears and client not in skipped:
                client.expected.append(number)
        to = channels if len(channels) > 1 else channels[0]
        return ["emit", namespace, to, number, size, [one.sids[namespace] for one in skipped]]

    def emit_to(self, client: Client, size: int = 0) -> Step:
        """Emit to one client alone, who sees by the number that all before has come."""
        number = next(numbers)
        client.expected.append(number)
        return ["emit", ROOT, client.sids[ROOT], number, size, []]

    def enter(self, client: Client, namespace: str, channel: str) -> Step:
        client.channels.add((namespace, channel))
        return ["enter", namespace, client.sids[namespace], channel]

    def leave(self, client: Client, namespace: str, channel: str) -> Step:
        client.channels.discard((namespace, channel))
        return ["leave", namespace, client.sids[namespace], channel]

    def close(self, client: Client) -> Step:
        """Have the server end a session: it gets what was emitted before, and nothing after."""
        client.channels.clear()
        return ["close", ROOT, client.sids[ROOT]]

    def step(self) -> Step:
        choose = self.random.choice
        client, namespace, channel = choose(self.clients), choose(NAMESPACES), choose(CHANNELS)
        kind = self.random.random()
        if kind < 0.1:
            return self.enter(client, namespace, channel)
        if kind < 0.15:
            return self.leave(client, namespace, channel)
        if kind < 0.25:
            return self.emit_to(client)
        if kind < 0.3:
            return self.emit(namespace, list(CHANNELS[:2]), choose(SIZES), [])
        skipped = [client] if kind < 0.4 else []
        return self.emit(namespace, [channel], choose(SIZES), skipped)


Opened = Callable[[Any], Any]


@pytest.fixture(scope="module")
def address(serve: Serve) -> str:
    """An application that drops nobody and sends no pings."""
    return serve("--max-unsent", FULL, "--slow-seconds", 600, "--ping-interval", 600)


@pytest.fixture
def opened() -> Iterator[Opened]:
    """A function that has a client enter both namespaces, and closes it in the end."""
    with ExitStack() as stack:

        def open_client(client: Any) -> Any:
            stack.callback(client.close)
            client.enter_all()
            return client

        yield open_client


def fill(world: World, director: WebSocketClient, slow: Client) -> None:
    """Emit to a client that does not read, until frames of it stay unsent."""
    for _ in range(100):
        director.perform([world.emit_to(slow, FILLING)])
        director.read_all()
        number = next(numbers)
        director.send(f'42{number}["unsent"]')
        answer = ""
        while not answer.startswith(f"43{number}["):
            answer = director.receive()
        if json.loads(answer.partition("[")[2][:-1]) > FILLING:
            return
    raise AssertionError("the kernel takes everything")


@pytest.mark.parametrize("seed", range(6))
def test_random_scripts_reach_exactly_the_members_in_order(
    address: str, opened: Opened, seed: int
) -> None:
    director = opened(WebSocketClient(address))
    slow = opened(WebSocketClient(address, receive_bytes=4_096))
    polling, listening, upgrading = (opened(PollingClient(address)) for _ in range(3))
    others = [opened(WebSocketClient(address)) for _ in range(3)]
    clients = [director, slow, polling, listening, upgrading, *others]
    world = World(clients, seed)
    fill(world, director, slow)
    director.perform(
        [world.enter(one, ROOT, CHANNELS[0]) for one in clients]
        + [world.enter(one, CUSTOM, CHANNELS[0]) for one in clients]
    )
    director.read_all()
    last = next(numbers)
    waiting = threading.Thread(target=listen, args=(listening, last))
    waiting.start()
    for number in range(SCRIPTS):
        performer = world.random.choice([director, *others])
        performer.perform([world.step() for _ in range(STEPS)])
        # Only then the next script begins, so the model knows the order.
        performer.read_all()
        world.random.choice([polling, upgrading]).read_some()
        if number == SCRIPTS // 2:
            upgrading.upgrade()
    listening.expected.append(last)
    director.perform(
        [["emit", ROOT, listening.sids[ROOT], last, 0, []]]
        + [world.emit_to(one) for one in clients if one is not listening]
    )
    waiting.join(TIMEOUT)
    for client in clients:
        client.read_all()


def listen(client: PollingClient, last: int) -> None:
    """Poll all the time, until the last emit has come."""
    while last not in client.received:
        client.read()


def test_frames_before_and_after_a_change_of_members_reach_the_right_clients(
    address: str, opened: Opened
) -> None:
    ada, bob, eve = clients = [opened(WebSocketClient(address)) for _ in range(3)]
    world = World(clients, 0)
    ada.perform(
        [world.enter(one, ROOT, "hall") for one in (ada, bob)]
        + [world.emit(ROOT, ["hall"], 10, [])]
        + [world.enter(eve, ROOT, "hall"), world.emit(ROOT, ["hall"], 10, [])]
        + [world.leave(bob, ROOT, "hall"), world.emit(ROOT, ["hall"], 10, [])]
        + [world.enter(bob, ROOT, "hall"), world.emit(ROOT, ["hall"], 10, [])]
        + [world.emit_to(one) for one in clients]
    )
    assert [len(one.expected) for one in clients] == [6, 4, 4]
    for client in clients:
        client.read_all()


def test_a_client_closed_in_the_middle_of_a_turn_gets_what_was_emitted_before(
    address: str, opened: Opened
) -> None:
    ada, bob, eve = clients = [opened(WebSocketClient(address)) for _ in range(3)]
    world = World(clients, 0)
    ada.perform(
        [world.enter(one, ROOT, "hall") for one in clients]
        + [world.emit_to(bob)]
        + [world.emit(ROOT, ["hall"], 10, []) for _ in range(3)]
        + [world.close(bob)]
        + [world.emit(ROOT, ["hall"], 10, []) for _ in range(3)]
    )
    for client in clients:
        client.read_all()
    assert len(bob.expected) == 4 and len(eve.expected) == 6
    assert bob.receive() == "", "a close frame"
    again = opened(WebSocketClient(address))
    world.clients.append(again)
    ada.perform([world.enter(again, ROOT, "hall"), world.emit(ROOT, ["hall"], 10, [])])
    for client in (ada, eve, again):
        client.read_all()
    assert len(again.expected) == 1


def test_the_bound_of_unsent_bytes_holds_within_a_turn(serve: Serve, opened: Opened) -> None:
    address = serve("--max-unsent", MAX_UNSENT, "--slow-bytes", MAX_UNSENT, "--ping-interval", 600)
    ada = opened(WebSocketClient(address))
    within, beyond = (opened(PollingClient(address)) for _ in range(2))
    clients = [ada, within, beyond]
    world = World(clients, 0)
    pieces = MAX_UNSENT // FILLING  # with their heads one less fits
    ada.perform(
        [world.enter(one, ROOT, "hall") for one in clients]
        + [world.emit(ROOT, ["hall"], FILLING, []) for _ in range(pieces - 1)]
        + [world.leave(within, ROOT, "hall"), world.emit(ROOT, ["hall"], FILLING, [])]
    )
    ada.read_all()  # the kernel has taken some of it, so it was not beyond the bound
    within.read_all()
    assert beyond.poll().status_code == 400


def test_a_client_written_to_in_the_middle_of_a_turn_and_the_others_get_all_frames(
    serve: Serve, opened: Opened
) -> None:
    address = serve("--max-unsent", MAX_UNSENT, "--slow-bytes", MAX_UNSENT)
    ada, bob, eve = clients = [opened(WebSocketClient(address)) for _ in range(3)]
    world = World(list(clients), 0)
    # Only Bob comes beyond the bound, with what he alone has, so he alone is written to then. Eve
    # has nothing of her own: all that she gets is what the members share.
    ada.perform(
        [world.enter(one, ROOT, "hall") for one in clients]
        + [world.emit_to(bob, MAX_UNSENT - 2 * FILLING)]
        + [world.emit(ROOT, ["hall"], FILLING, []) for _ in range(4)]
    )
    for client in clients:
        client.read_all()
    assert len(eve.received) == 4
