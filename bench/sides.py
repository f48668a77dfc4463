"""The compared servers: this one and its peers, each started as a process of its own."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from bench.centrifugo import Publisher, Subscriber, channel
from bench.talking import Talker
from bench.town import DIRECT, GROUP, Citizen, Place, Town
from harness import programs
from harness.clients import Client, LoadError, Loop
from harness.servers import Server, free_port

PEERS = Path(__file__).with_name("peers")
CENTRIFUGO = "v6.9.1"
CENTRIFUGO_MODULE = f"github.com/centrifugal/centrifugo/v6@{CENTRIFUGO}"
CENTRIFUGO_PROGRAM = PEERS / ".bin" / CENTRIFUGO / "centrifugo"
BUILD_SECONDS = 1800
MAX_CONNECTIONS = 12_000  # of this server: more than any workload opens
START_SECONDS = 30.0
MAX_LOG_LINES = 10  # lines of our log that are shown


class Side(ABC):
    """A server that runs inside its `with` block."""

    name: ClassVar[str]
    title: ClassVar[str]
    talker: ClassVar[type[Talker]] = Talker
    needs_node: ClassVar[bool] = False
    port: int
    pid: int

    def __init__(self, town: Town) -> None:
        self.town = town

    @abstractmethod
    def __enter__(self) -> Side: ...

    @abstractmethod
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    @abstractmethod
    def auth(self, citizen: Citizen, namespace: str) -> object:
        """Return the auth payload of a user's CONNECT."""

    @property
    def pids(self) -> dict[str, int]:
        """Return the processes whose use of a core is measured."""
        return {"server": self.pid, "database": self.town.database_pid}

    @property
    def url(self) -> str:
        """Return the address of its page."""
        return f"http://127.0.0.1:{self.port}"

    def entries(self, citizen: Citizen, *namespaces: str) -> list[tuple[str, str]]:
        """Return the entries of a client for namespaces, by default for both."""
        return [
            (namespace, json.dumps(self.auth(citizen, namespace)))
            for namespace in namespaces or (GROUP, DIRECT)
        ]

    def client(self, loop: Loop, citizen: Citizen, *namespaces: str) -> Client:
        """Return a client of a user that will enter namespaces, by default both."""
        return Client(loop, self.port, self.entries(citizen, *namespaces))

    def gather(self, loop: Loop, place: Place, receive_bytes: int | None = None) -> list[Client]:
        """Connect a room's members to its namespace, with receive buffers of `receive_bytes`."""
        clients = [self.client(loop, member, place.namespace) for member in place.members]
        if receive_bytes is not None:
            for client in clients:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        loop.enter(clients)
        return clients


class Ours(Side):
    """`python wsgi.py` as it is shipped, without rate limits and without a line for each client."""

    name = "ours"
    title = "this server"
    settings: ClassVar[dict[str, str]] = {}

    def __enter__(self) -> Ours:
        self._directory = tempfile.TemporaryDirectory()
        self._server = Server(
            Path(self._directory.name),
            MONGO_URI=self.town.uri,
            SECRET_KEY=self.town.secret,
            MAX_CONNECTIONS=MAX_CONNECTIONS,
            RATE_LIMITS="off",
            LOG_LEVEL="WARNING",
            **self.settings,
        )
        try:
            self._server.start(timeout=START_SECONDS)
        except BaseException:
            self._end()
            raise
        self.port, self.pid = self._server.port, self._server.pid
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._server.stop()
        complaints = self._server.log().splitlines()
        print(*complaints[:MAX_LOG_LINES], sep="\n", end="\n" * bool(complaints), file=sys.stderr)
        if len(complaints) > MAX_LOG_LINES:
            print(f"… and {len(complaints) - MAX_LOG_LINES} lines more", file=sys.stderr)
        self._directory.cleanup()

    def auth(self, citizen: Citizen, namespace: str) -> object:
        return {"token": citizen.token}


class Unbundled(Ours):
    """The same with the page's modules as they are, as before there was a bundle."""

    name = "modules"
    title = "this server, the page unbundled and uncompressed"
    settings = {"BUNDLE": "off"}


class Peer(Side):
    """A program that prints its port when it listens, or just before."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command to run in the directory of the peers."""

    def environment(self) -> dict[str, str]:
        """Return variables for the command."""
        return {"NODE_ENV": "production"}

    def find_port(self) -> int:
        """Return the port of the program that has been started."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline() or 0)

    def __enter__(self) -> Peer:
        self._process = subprocess.Popen(
            self.command(),
            cwd=PEERS,
            env=os.environ | self.environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        try:
            self.port = self.find_port()
            _await_listening(self.port)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def auth(self, citizen: Citizen, namespace: str) -> object:
        user = {"id": citizen.id, "username": citizen.username}
        return {"user": user, "rooms": citizen.rooms[namespace]}


class NodeBare(Peer):
    name = "node"
    title = "Node, Socket.IO alone"
    needs_node = True

    def command(self) -> list[str]:
        return [programs.node(), "bare.mjs"]


class NodeStored(Peer):
    name = "node-stored"
    title = "Node, Socket.IO, MongoDB's driver"
    needs_node = True

    def command(self) -> list[str]:
        uri = self.town.uri.replace("retryWrites=false", "retryWrites=true")  # its default
        return [programs.node(), "stored.mjs", uri, self.town.secret]

    def auth(self, citizen: Citizen, namespace: str) -> object:
        return {"token": citizen.token}


class NodeBatched(NodeStored):
    name = "node-batched"
    title = "Node, the same in batches"

    def command(self) -> list[str]:
        return [*super().command(), "batched"]


class Stock(Peer):
    name = "flask"
    title = "Flask-SocketIO on eventlet alone"

    def command(self) -> list[str]:
        return [sys.executable, "stock.py", str(free_port())]


class Centrifugo(Peer):
    """It checks the same tokens, and keeps the last thousand messages of a channel in memory."""

    name = "centrifugo"
    title = "Centrifugo 6, in memory"
    talker = Publisher

    def command(self) -> list[str]:
        if not CENTRIFUGO_PROGRAM.exists():
            raise LoadError("Centrifugo was not built")
        return [str(CENTRIFUGO_PROGRAM), "--config", "centrifugo.json"]

    def environment(self) -> dict[str, str]:
        self.port = free_port()
        return {
            "CENTRIFUGO_HTTP_SERVER_PORT": str(self.port),
            "CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY": self.town.secret,
        }

    def find_port(self) -> int:
        return self.port

    def client(self, loop: Loop, citizen: Citizen, *namespaces: str) -> Client:
        channels = [
            channel(namespace, room_id)
            for namespace in namespaces or (GROUP, DIRECT)
            for room_id in citizen.rooms[namespace]
        ]
        return Subscriber(loop, self.port, citizen.token, channels)


SIDES: dict[str, type[Side]] = {
    side.name: side
    for side in (Ours, Unbundled, NodeStored, NodeBatched, NodeBare, Stock, Centrifugo)
}


def install_centrifugo() -> None:
    """Build the pinned Centrifugo unless it was built; say so when Go cannot."""
    if CENTRIFUGO_PROGRAM.exists():
        return
    print(f"building {CENTRIFUGO_MODULE}, once; this takes minutes", flush=True)
    environment = os.environ | {"GOBIN": str(CENTRIFUGO_PROGRAM.parent)}
    try:
        subprocess.run(
            [programs.go(), "install", CENTRIFUGO_MODULE],
            env=environment,
            check=True,
            timeout=BUILD_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        print(f"Centrifugo is not measured: {error}", flush=True)


def install_node_packages() -> None:
    """Install the packages pinned in `package-lock.json` unless they are installed."""
    lock = PEERS / "package-lock.json"
    stamp = PEERS / "node_modules" / ".installed"
    checksum = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not (stamp.exists() and stamp.read_text() == checksum):
        npm = programs.npm()
        if npm is None:
            raise RuntimeError("npm is missing: `make programs` installs it")
        subprocess.run([*npm, "ci"], cwd=PEERS, check=True)
        stamp.write_text(checksum)


def _await_listening(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
