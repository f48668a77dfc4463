"""Who is let in, when, and what those hear who are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.servers import Server
from tests.sockets.conftest import Member, message
from tests.stopwatch import Stopwatch
from tests.wire import Closed, WireClient

People = Callable[..., list[Member]]


def test_member_is_let_into_both_namespaces(people: People) -> None:
    (ada,) = people("ada")
    client = ada.socket("/direct", "/group")
    assert client.call("/direct", "sync", {"rooms": {}})["data"]["gone"] == []
    assert client.call("/group", "sync", {"rooms": {}})["data"]["joined"] == []


@pytest.mark.parametrize("token", [None, "", "nonsense", 7, ["x"], {"$gt": ""}, "a.b.c"])
def test_wrong_token_is_refused_with_a_reason(server: Server, token: object) -> None:
    with WireClient(server.url, {"Accept-Language": "en"}) as client:
        refusal = client.connect("/group", token)
    assert refusal["message"] == "unauthorized"
    assert refusal["data"]["error"] == {"code": "unauthorized", "message": "Please log in first."}


@pytest.mark.parametrize("auth", ["", "{}", "[]", '"x"', "null", "7"])
def test_auth_that_is_no_object_is_refused(server: Server, auth: str) -> None:
    with WireClient(server.url) as client:
        client.send_raw(f"40/group,{auth}")
        kind, _, _, refusal = client.wait(lambda entry: entry[1] == "/group")
    assert kind == client.CONNECT_ERROR
    assert refusal["message"] == "unauthorized"


def test_refresh_token_does_not_open_a_socket(people: People, server: Server) -> None:
    (ada,) = people("ada")
    with WireClient(server.url) as client:
        assert client.connect("/group", ada.refresh_token)["message"] == "unauthorized"


@pytest.mark.parametrize("namespace", ["/", "/admin", "/groups"])
def test_other_namespaces_do_not_exist(people: People, namespace: str) -> None:
    (ada,) = people("ada")
    client = ada.socket()
    client.send_raw(f"40{namespace},{{}}")
    entry = client.wait(lambda entry: entry[0] == client.CONNECT_ERROR)
    assert entry[3]["message"] == "not_found"


def test_second_connect_to_the_same_namespace_is_refused(people: People) -> None:
    (ada,) = people("ada")
    client = ada.socket("/group")
    client.received.clear()
    assert client.connect("/group", ada.token)["message"] == "conflict"
    assert "data" in client.call("/group", "sync", {"rooms": {}})


def test_event_before_connect_is_answered_and_changes_nothing(people: People) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    client = ada.socket()
    answer = client.call("/group", "send_message", message(group))
    assert answer["error"]["code"] == "unauthorized"
    assert ada.data("GET", f"/rooms/{group['id']}/messages")["messages"] == []


def test_nothing_is_pushed_before_connect_is_answered(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    talker = ada.socket("/group")
    for _ in range(20):
        client = bob.socket()
        sends = [talker.emit("/group", "send_message", message(group)) for _ in range(8)]
        client.connect("/group", bob.token)
        for ack_id in sends:
            talker.ack(ack_id)
        client.barrier("/group")
        first = client.received[0]
        assert first[0] == client.CONNECT
        client.close()


def test_refused_client_hears_nothing(people: People, server: Server) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    with WireClient(server.url) as refused, bob.socket("/group") as witness:
        refused.connect("/group", "nonsense")
        ada.post(group, "for members")
        witness.pushed("message_created", data="for members")
        refused.connect("/direct", "nonsense")  # all that was on its way came before this answer
        assert [entry[0] for entry in refused.received] == [refused.CONNECT_ERROR] * 2


def test_foreign_origin_is_refused(server: Server) -> None:
    with pytest.raises(Exception, match="403"):
        WireClient(server.url, {"Origin": "https://elsewhere.example"})
    WireClient(server.url, {"Origin": server.url}).close()


def test_binary_packets_close_the_connection(people: People) -> None:
    (ada,) = people("ada")
    client = ada.socket("/group")
    client.send_raw('451-/group,1["send_message",{"_placeholder":true,"num":0}]')
    client.wait_closed()
    client = ada.socket("/group")
    client.send_binary(b"\x00\x01")
    client.wait_closed()


@pytest.mark.parametrize(
    "packet",
    ["4", "47", "4x", "42/group,1", "42/group,1{}", "42/group,1[]", "42/group,1[", "44/group,{}"],
)
def test_broken_packets_close_the_connection_and_nothing_else(people: People, packet: str) -> None:
    ada, bob = people("ada", "bob")
    bystander = bob.socket("/group")
    client = ada.socket("/group")
    client.send_raw(packet)
    client.wait_closed()
    assert "data" in bystander.call("/group", "sync", {"rooms": {}})


@pytest.mark.parametrize("depth", [100, 20_000])
def test_deeply_nested_event_is_answered(people: People, depth: int) -> None:
    (ada,) = people("ada")
    client = ada.socket("/group")
    client.send_raw('42/group,1["sync",' + "[" * depth + "]" * depth + "]")
    assert client.ack(1)["error"]["code"] in ("validation_error", "unknown_event")
    client.send_raw('42/group,2["sync",{"rooms":{}}]')
    assert "data" in client.ack(2)


def test_no_depth_of_an_object_in_place_of_an_event_stops_the_next_one(people: People) -> None:
    (ada,) = people("ada")
    client = ada.socket("/group")
    with pytest.raises(Closed):  # what can be read is no event, and not part of the protocol
        for depth in range(1_000, 0, -1):
            client.send_raw(f'42/group,{depth}{{"a":' + "[" * depth + "]" * depth + "}")
            assert client.ack(depth)["error"]["code"] in ("validation_error", "unknown_event")
    assert 500 < depth < 1_000


def test_many_connections_come_and_go(people: People, server: Server) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    clients = [ada.socket("/group") for _ in range(30)]
    for client in clients[::2]:
        client.close()
    watch = Stopwatch(server)
    sent = ada.post(group, "still here?")
    for client in clients[1::2]:
        assert client.pushed("message_created")["id"] == sent["id"]
    assert watch.seconds() < 10


def test_of_many_who_come_at_once_each_is_let_in_or_refused(people: People, server: Server) -> None:
    ada, *others = people("ada", *(f"other{number}" for number in range(40)))
    group = ada.create_group(*others[:5])
    for gone in others[::4]:
        gone.data("DELETE", "/session")
    clients = [one.socket() for one in others]
    for one, client in zip(others, clients, strict=True):
        client.send_raw(f'40/group,{{"token":"{one.token}"}}')
    kinds = [client.wait(lambda entry: entry[1] == "/group")[0] for client in clients]
    expected = [
        WireClient.CONNECT if number % 4 else WireClient.CONNECT_ERROR for number in range(40)
    ]
    assert kinds == expected
    sent = ada.post(group, "who is back?")
    for number in (1, 2, 3):  # members with a live session
        assert clients[number].pushed("message_created")["id"] == sent["id"]
    clients[5].barrier("/group")
    assert clients[5].pushes("message_created") == []
