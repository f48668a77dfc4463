"""How many connections one address gets from the server as it is started."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import requests

from harness.servers import Server

TIMEOUT = 60  # seconds for what must come


@pytest.fixture
def outside() -> Iterator[str]:
    """An address of this machine that is not loopback."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            pytest.skip("this machine has no other address")
        address: str = probe.getsockname()[0]
    if address.startswith("127."):
        pytest.skip("this machine has no other address")
    yield address


def status_beside_one(server: Server, address: str) -> int:
    """Return what a second connection gets while there is one."""
    with ExitStack() as stack:
        one = (address, server.port)
        stack.enter_context(socket.create_connection(one, TIMEOUT, source_address=(address, 0)))
        return requests.get(f"http://{address}:{server.port}/health", timeout=TIMEOUT).status_code


@pytest.mark.parametrize(("proxies", "status"), [(0, 503), (1, 200)])
def test_one_address_gets_so_many_unless_it_is_a_proxy(
    mongo_uri: str, tmp_path: Path, outside: str, proxies: int, status: int
) -> None:
    settings = {"HOST": "0.0.0.0", "MAIL": "terminal", "TRUSTED_PROXIES": proxies}
    settings |= {"HOSTS": "chat.example.org"}
    with Server(tmp_path, MONGO_URI=mongo_uri, CONNECTIONS_PER_ADDRESS=1, **settings) as server:
        server.wait_for(r"^http://")
        assert status_beside_one(server, outside) == status
        assert status_beside_one(server, "127.0.0.1") == 200
