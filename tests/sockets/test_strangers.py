"""What anybody can send to the socket's address, with or without an account."""

from __future__ import annotations

import json
import re

import pytest
import requests
import websocket

from harness.servers import PATIENCE, Server

POLLING = "?EIO=4&transport=polling"
BAD = re.compile(r"ERROR|CRITICAL|WARNING|Traceback")


@pytest.mark.parametrize(
    ("method", "query", "headers"),
    [
        ("GET", "?EIO=3&transport=polling", {}),
        ("GET", "?EIO=3&transport=websocket", {"Upgrade": "websocket", "Connection": "Upgrade"}),
        ("GET", "?transport=polling", {}),
        ("GET", POLLING, {"Origin": "https://elsewhere.example"}),
        ("GET", POLLING, {"Origin": "null"}),
        ("GET", f"{POLLING}&sid=nobody", {}),
        ("POST", f"{POLLING}&sid=nobody", {}),
        ("POST", POLLING, {}),
        ("GET", f"{POLLING}&sid=\r\nnobody", {}),
        ("GET", "?EIO=4&transport=carrier-pigeon", {}),
        ("GET", "?EIO=4&transport=websocket", {}),
        ("GET", "?EIO=4&transport=websocket", {"Upgrade": "websocket"}),
        ("GET", f"{POLLING}&j=x", {}),
        ("GET", f"{POLLING}&j=1", {}),
        ("DELETE", POLLING, {}),
        ("BREW", POLLING, {}),
    ],
)
def test_no_request_of_a_stranger_is_an_error_of_the_log(
    server: Server, method: str, query: str, headers: dict[str, str]
) -> None:
    before = len(server.log())
    for _ in range(2):
        answer = requests.request(
            method, f"{server.url}/socket.io/{query}", headers=headers, timeout=PATIENCE
        )
        assert 400 <= answer.status_code < 500
    assert not BAD.search(server.log()[before:])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"9",
        b"4",
        b"4x",
        b"4\xff",
        b"b!",
        b"4" * 70_000,
        b"40{",
        b"45-[]",
        b"42[",
        b"4" + b"9" * 200,
    ]
    + [b'42/group,["x"]', b"43/group,1[]", b"40/group,[[[", b"40/nowhere,", b"41/nowhere,", b"0{}"],
)
def test_no_packet_of_a_stranger_is_an_error_of_the_log(server: Server, body: bytes) -> None:
    before = len(server.log())
    link = f"{server.url}/socket.io/{POLLING}"
    opened = requests.get(link, timeout=PATIENCE).text
    link += f"&sid={json.loads(opened[1:])['sid']}"
    requests.post(link, data=body, timeout=PATIENCE)
    requests.post(link, data=b"1", timeout=PATIENCE)
    assert not BAD.search(server.log()[before:])


def test_the_slash_at_the_end_of_the_path_may_be_left_out(server: Server) -> None:
    opened = requests.get(f"{server.url}/socket.io{POLLING}", timeout=PATIENCE)
    sid = json.loads(opened.text[1:])["sid"]
    link = f"{server.url}/socket.io{POLLING}&sid={sid}"
    assert requests.post(link, data="40/nowhere,", timeout=PATIENCE).text == "OK"
    assert requests.get(link, timeout=PATIENCE).text.startswith("44/nowhere,")
    address = server.url.replace("http", "ws", 1)
    client = websocket.create_connection(
        f"{address}/socket.io?EIO=4&transport=websocket", timeout=PATIENCE
    )
    assert str(client.recv()).startswith("0{")
    client.close()


@pytest.mark.parametrize("path", ["/socket.iox", "/socket.io.js", "/socket"])
def test_other_paths_are_not_found(server: Server, path: str) -> None:
    assert requests.get(f"{server.url}{path}{POLLING}", timeout=PATIENCE).status_code == 404
