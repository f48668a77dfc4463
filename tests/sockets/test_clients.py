"""The clients that people really use: socket.io-client in node, python-socketio in Python."""

from __future__ import annotations

import json
import queue
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import socketio

from harness import programs
from harness.servers import PATIENCE, Server
from tests.sockets.conftest import Member, message

People = Callable[..., list[Member]]
COUNT = 30


@pytest.mark.parametrize(
    ("transports", "ends_on"),
    [("websocket", "websocket"), ("polling", "polling"), ("polling,websocket", "websocket")],
)
def test_javascript_client_talks(
    people: People, server: Server, transports: str, ends_on: str
) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    listener = bob.socket("/group", "/direct")
    result = subprocess.run(
        [
            programs.node(),
            programs.NODE_PROJECT / "talk.mjs",
            server.url,
            transports,
            ada.token,
            group["id"],
            bob.username,
            str(COUNT),
        ],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    expected = list(range(1, COUNT + 1))
    assert told["acked"] == told["heard"] == expected
    assert told["texts"] == [f"消息 {number} 🌍" for number in range(COUNT)]
    assert told["hello"]["data"]["data"] == "hello"
    assert told["nonsense"]["error"]["code"] == "unknown_event"
    assert told["refused"]["message"] == "unauthorized"
    assert told["refused"]["data"]["error"]["code"] == "unauthorized"
    assert told["transport"] == ends_on
    listener.pushed("message_created", seq=COUNT)
    assert [push["seq"] for push in listener.pushes("message_created")][:COUNT] == expected
    assert (
        listener.pushed("message_created", data="hello")["room_id"]
        == told["hello"]["data"]["room_id"]
    )


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_python_client_talks(people: People, server: Server, transport: str) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    with socketio.SimpleClient() as client:
        client.connect(
            server.url,
            namespace="/group",
            transports=[transport],
            auth={"token": ada.token},
            wait_timeout=PATIENCE,
        )
        sent = client.call("send_message", message(group, "from Python"))
        assert sent["data"]["seq"] == 1
        assert client.receive(timeout=PATIENCE) == ["message_created", sent["data"]]
        posted = bob.post(group, "an answer")
        assert client.receive(timeout=PATIENCE) == ["message_created", posted]


def test_python_client_hears_why_it_is_refused(server: Server) -> None:
    refused: queue.Queue[dict[str, Any]] = queue.Queue()
    client = socketio.Client(reconnection=False)
    client.on("connect_error", refused.put, namespace="/group")
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(
            server.url,
            namespaces=["/group"],
            auth={"token": "nonsense"},
            wait_timeout=PATIENCE,
        )
    found = refused.get(timeout=PATIENCE)
    assert found["message"] == "unauthorized"
    assert found["data"]["error"]["code"] == "unauthorized"
    client.disconnect()
