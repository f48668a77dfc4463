"""The connection to the message queue, by TCP or by a Unix socket."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from chat.realtime import queue
from chat.realtime.connections import Connections
from chat.realtime.queue import CHANNEL, QueuedChannelManager
from chat.realtime.server import ChatServer
from harness.servers import free_port

PATIENCE = 90.0  # seconds


@pytest.fixture
def addresses(tmp_path: Path) -> Iterator[list[str]]:
    """The TCP and the Unix address of a Redis for this test."""
    program = shutil.which("redis-server")
    assert program is not None, "`make programs` gets redis-server"
    port, path = free_port(), tmp_path / "redis.sock"
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", ""]
    process = subprocess.Popen(
        [*command, "--unixsocket", str(path)], cwd=tmp_path, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert process.poll() is None and time.monotonic() < deadline, "it does not listen"
        time.sleep(0.01)
    yield [f"redis://127.0.0.1:{port}/0", f"unix://{path}"]
    process.kill()
    process.wait()


def test_a_queue_is_reached_by_tcp_and_by_a_unix_socket(
    addresses: list[str],
) -> None:
    for address in addresses:
        manager = QueuedChannelManager(address, lambda event, payload: None)
        with redis.Redis.from_url(manager.redis_url, **manager.redis_options) as client:
            assert client.publish(CHANNEL, "") == 0  # no subscriber


def test_a_queue_that_accepts_connections_and_never_answers_times_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from_url = redis.Redis.from_url

    def without_a_limit_of_its_own(url: str, **options: Any) -> redis.Redis:
        return from_url(url, **{"socket_timeout": None, **options})

    monkeypatch.setattr(queue, "SECONDS", 0.1)
    monkeypatch.setattr(queue, "PAUSE", 0.0)
    # It publishes for as long as the process runs; the end of later tests must not wait for it.
    monkeypatch.setattr(queue, "spawn", lambda run: Thread(target=run, daemon=True).start())
    monkeypatch.setattr(redis, "Redis", SimpleNamespace(from_url=without_a_limit_of_its_own))
    with socket.create_server(("127.0.0.1", 0)) as silent, ExitStack() as open_ones:
        silent.settimeout(PATIENCE)
        port = silent.getsockname()[1]
        manager = QueuedChannelManager(f"redis://127.0.0.1:{port}/0", lambda event, payload: None)
        ChatServer(Connections(), manager, async_mode="threading")
        manager.write_only = True  # it only publishes
        manager.initialize()
        for number in range(2):  # the second one on a connection of its own
            manager.emit("message_created", {"number": number}, "/group", "room:1")
            open_ones.enter_context(silent.accept()[0])
