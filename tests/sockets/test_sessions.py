"""Sockets live as long as their session and their token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import jwt
import pytest
from flask import Flask
from flask_jwt_extended import create_access_token, decode_token

from harness.servers import Server
from tests.sockets.conftest import Member
from tests.wire import WireClient

People = Callable[..., list[Member]]

BRIEFLY = 6.0  # seconds a token lasts: long enough to come in and be warned on a busy machine


def token_for(app: Flask, member: Member, seconds: float) -> str:
    """Return a token of the member's session that ends so soon."""
    with app.app_context():
        session_id = decode_token(member.token)["sid"]
        return create_access_token(
            member.id,
            expires_delta=timedelta(seconds=seconds),
            additional_claims={"sid": session_id},
        )


def ends_at(token: str) -> float:
    """Return when a token ends, by the clock of this machine."""
    return float(jwt.decode(token, options={"verify_signature": False})["exp"])


def wait_for_disconnect(client: WireClient, namespace: str) -> None:
    client.wait(lambda entry: entry[0] == client.DISCONNECT and entry[1] == namespace)


def test_log_out_ends_the_sockets_of_its_session_alone(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    client, bystander = ada.socket("/direct", "/group"), bob.socket("/group")
    ada.data("DELETE", "/session")
    for namespace in ("/direct", "/group"):
        wait_for_disconnect(client, namespace)
    assert client.pushed("session_expired") == {}
    bob.post(group, "she left")
    bystander.pushed("message_created", data="she left")
    assert client.pushes("message_created") == []
    client.received.clear()
    assert client.connect("/direct", ada.token)["message"] == "unauthorized"
    answer = client.call("/group", "sync", {"rooms": {}})
    assert answer["error"]["code"] == "unauthorized"


def test_expiring_token_is_announced_and_then_ends_the_connection(
    people: People, server: Server, beside: Flask
) -> None:
    (ada,) = people("ada")
    with WireClient(server.url) as client:
        client.connect("/group", token_for(beside, ada, BRIEFLY))
        assert client.pushed("session_expired") == {}
        wait_for_disconnect(client, "/group")


def test_expired_token_is_named_so(people: People, server: Server, beside: Flask) -> None:
    (ada,) = people("ada")
    with WireClient(server.url) as client:
        assert client.connect("/group", token_for(beside, ada, -1))["message"] == "token_expired"
    client = ada.socket("/group")
    answer = client.call("/group", "authenticate", {"token": token_for(beside, ada, -1)})
    assert answer["error"]["code"] == "token_expired"


def test_token_of_somebody_else_does_not_take_over_a_connection(people: People) -> None:
    ada, eve = people("ada", "eve")
    client = ada.socket("/group")
    answer = client.call("/group", "authenticate", {"token": eve.token})
    assert answer["error"]["code"] == "unauthorized"


@pytest.mark.parametrize("payload", [{}, {"token": None}, {"token": 7}, {"token": {"$gt": ""}}])
def test_token_that_is_none_is_unauthorized(people: People, payload: object) -> None:
    (ada,) = people("ada")
    answer = ada.socket("/group").call("/group", "authenticate", payload)
    assert answer["error"]["code"] == "unauthorized"
