"""Who is let in, stays in and is put out, also when something goes wrong meanwhile."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
import websocket
from flask import Flask

from chat.database.client import Database
from harness.accounts import new_password
from harness.people import app_beside, make_people
from harness.servers import ROOT, Server
from tests.conftest import drop, with_database
from tests.sockets.conftest import Member, Pair, message
from tests.sockets.test_sessions import BRIEFLY, ends_at, token_for, wait_for_disconnect
from tests.stopwatch import Stopwatch
from tests.wire import WireClient

People = Callable[..., list[Member]]

TAKES_EFFECT_WITHIN = 5.0  # seconds, as promised


class BrokenServer(Server):
    """A server with a mistake where clients are let in."""

    program = "tests/security/broken_server.py"


@pytest.mark.parametrize("mistake", ["authorize", "noting", "rooms"])
def test_a_mistake_lets_nobody_in_and_tells_nothing(
    mongo_uri: str, tmp_path: Path, mistake: str
) -> None:
    name = f"test_{secrets.token_hex(8)}"
    uri = with_database(mongo_uri, name)
    settings = {"MONGO_URI": uri, "RATE_LIMITS": "off", "PYTHONPATH": ROOT, "MISTAKE": mistake}
    with BrokenServer(tmp_path, **settings) as server:
        with app_beside(tmp_path, uri, RATE_LIMITS=False) as app:
            ada, bob = make_people(app, "ada", "bob")
            group = ada.create_group(bob)
            with WireClient(server.url) as client:
                for _ in range(2):  # after one failure the next is refused just so
                    refusal = client.connect("/group", bob.access_token)
                    assert refusal["message"] == "internal"
                    assert set(refusal["data"]["error"]) == {"code", "message"}
                    client.received.clear()
                sent = requests.post(
                    f"{server.url}/api/rooms/{group['id']}/messages",
                    json={"client_id": "1", "data": "for members"},
                    headers=ada.headers,
                    timeout=60,
                )
                assert sent.status_code == 201
                answer = client.call("/group", "sync", {"rooms": {}})
                assert answer["error"]["code"] == "unauthorized"
                assert [entry[0] for entry in client.received] == [client.ACK]
    drop(Database(mongo_uri), name)


@pytest.mark.parametrize("name", ["token", "access_token", "auth", "Authorization"])
def test_token_in_a_query_opens_nothing_and_is_not_logged(
    people: People, server: Server, name: str
) -> None:
    (ada,) = people("ada")
    query = f"{name}={ada.token}"
    response = requests.get(f"{server.url}/api/users/me?{query}", timeout=60)
    assert response.status_code == 401
    address = server.url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket&"
    client = websocket.create_connection(address + query, timeout=60, suppress_origin=True)
    client.recv()
    client.send(f"40/group?{query},{{}}")
    assert str(client.recv()).startswith("44/group,")
    client.close()
    log = server.log()
    assert ada.token not in log and ada.token.rpartition(".")[2] not in log


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://127.0.0.1", "*"])
@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_foreign_origin_is_refused(server: Server, origin: str, transport: str) -> None:
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    response = requests.get(
        f"{server.url}/socket.io/?EIO=4&transport={transport}",
        headers={"Origin": origin} | (upgrade if transport == "websocket" else {}),
        timeout=60,
    )
    assert (response.status_code, response.json()["error"]["code"]) == (403, "forbidden")
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("event", ["connect", "disconnect", "*", "message", "connect_error"])
def test_names_of_the_life_cycle_run_nothing(people: People, event: str) -> None:
    (ada,) = people("ada")
    client = ada.socket("/group")
    calls: list[list[object]] = [[], [{}], [{"token": "x"}], ["transport close"], [{}, {}]]
    for args in calls:
        assert client.call("/group", event, *args)["error"]["code"] == "unknown_event"
    assert "data" in client.call("/group", "sync", {"rooms": {}})


@pytest.mark.parametrize(
    "payload",
    [
        '{"room_id":"%s","room_id":"%s","client_id":"1","data":"x"}',
        '{"room_id":"%s","client_id":"1","data":"x","data":"%s"}',
        '{"room_id":"%s","client_id":"1","data":{"$gt":"","$gt":"%s"}}',
    ],
)
def test_event_that_says_something_twice_is_answered_and_not_carried_out(
    people: People, payload: str
) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    client = ada.socket("/group")
    text = payload.replace("%s", group["id"])
    client.send_raw(f'42/group,7["send_message",{text}]')
    assert client.ack(7)["error"]["code"] == "validation_error"
    assert ada.data("GET", f"/rooms/{group['id']}")["last_seq"] == 0


def test_oversized_packet_closes_the_connection_and_nothing_else(people: People) -> None:
    ada, bob = people("ada", "bob")
    bystander, client = bob.socket("/group"), ada.socket("/group")
    client.send_raw(f"42/group,1{json.dumps(['sync', {'rooms': {}, 'x': 'x' * 100_000}])}")
    client.wait_closed()
    assert "data" in bystander.call("/group", "sync", {"rooms": {}})


def test_refresh_on_the_open_connection_loses_nothing(
    people: People, server: Server, beside: Flask
) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    talker = bob.socket("/group")
    with WireClient(server.url) as client:
        brief = token_for(beside, ada, BRIEFLY)
        client.connect("/group", brief)
        client.pushed("session_expired")
        first = talker.call("/group", "send_message", message(group))["data"]["seq"]
        authenticated = client.emit("/group", "authenticate", {"token": ada.token})
        last = first
        while time.time() < ends_at(brief) + 2:  # looks at the ends are a second apart
            last = talker.call("/group", "send_message", message(group))["data"]["seq"]
            talker.received.clear()
        assert client.ack(authenticated)["data"]["expires_at"] > ends_at(brief) * 1000
        client.barrier("/group")
        assert not [entry for entry in client.received if entry[0] == client.DISCONNECT]
        assert [push["seq"] for push in client.pushes("message_created")] == list(
            range(first, last + 1)
        )


def log_out(member: Member) -> None:
    member.data("DELETE", "/session")


def end_the_session(member: Member) -> None:
    (session,) = (one for one in member.data("GET", "/session") if one["current"])
    member.data("DELETE", f"/session/{session['id']}")


def change_password(member: Member) -> None:
    body = {"current_password": member.password, "password": new_password()}
    member.data("PUT", "/users/me/password", body)


def delete_account(member: Member) -> None:
    member.data("DELETE", "/users/me", {"password": member.password})


ENDINGS = [log_out, end_the_session, change_password, delete_account]


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
@pytest.mark.parametrize("place", ["here", "elsewhere"])
def test_end_of_a_session_ends_its_sockets_in_every_process(
    spread: Pair,
    server: Server,
    elsewhere: Server,
    end: Callable[[Member], None],
    place: str,
) -> None:
    ada, _, bob = spread("ada", "_", "bob")  # Ada and Bob on the first server
    group = bob.create_group(ada)
    client, talker = ada.socket("/direct", "/group"), bob.socket("/group")
    if place == "elsewhere":
        ada.move_to(elsewhere)
    end(ada)
    watch = Stopwatch(server, elsewhere)
    assert client.pushed("session_expired") == {}
    for namespace in ("/direct", "/group"):
        wait_for_disconnect(client, namespace)
    assert watch.seconds() < TAKES_EFFECT_WITHIN
    client.received.clear()
    assert "data" in talker.call("/group", "send_message", message(group))
    assert client.connect("/group", ada.token)["message"] == "unauthorized"
    assert client.pushes("message_created") == []
