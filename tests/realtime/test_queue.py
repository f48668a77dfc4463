"""The connection to a queue: by network or by a socket of this machine."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from chat.realtime.queue import CHANNEL, QueuedChannelManager
from tests.servers import free_port

PATIENCE = 30.0  # seconds


@pytest.fixture
def addresses(tmp_path: Path) -> Iterator[list[str]]:
    """The two addresses of a Redis of this test's own."""
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


def test_a_queue_is_reached_by_network_and_by_a_socket_of_this_machine(
    addresses: list[str],
) -> None:
    for address in addresses:
        manager = QueuedChannelManager(address, lambda event, payload: None)
        with redis.Redis.from_url(manager.redis_url, **manager.redis_options) as client:
            assert client.publish(CHANNEL, "") == 0  # nobody listens
