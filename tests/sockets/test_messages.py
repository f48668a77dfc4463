"""Sending over sockets: stored, pushed and acked, in order, once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.sockets.conftest import Member, message

People = Callable[..., list[Member]]


def test_message_is_acked_as_stored_and_pushed_to_every_member(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    sender, second_tab, receiver = ada.socket("/group"), ada.socket("/group"), bob.socket("/group")
    sent = sender.call("/group", "send_message", message(group, "你好 🌍", "one"))["data"]
    assert sent["seq"] == 1
    assert (sent["data"], sent["username"], sent["client_id"]) == ("你好 🌍", ada.username, "one")
    for client in (sender, second_tab, receiver):
        assert client.pushed("message_created") == sent
    assert ada.data("GET", f"/rooms/{group['id']}/messages")["messages"] == [sent]


def test_push_and_ack_of_a_message_have_the_same_bytes_without_escapes(people: People) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    client = ada.socket("/group")
    data = 'a line separator \u2028, an emoji 👩‍🚀, "quotes", a bell \x07 and 你好'
    ack_id = client.emit("/group", "send_message", message(group, data))
    assert client.ack(ack_id)["data"]["data"] == data
    push, ack = client.packets[-2:]
    pushed = push.removeprefix('2/group,["message_created",').removesuffix("]")
    assert ack == f'3/group,{ack_id}[{{"data":{pushed}}}]'
    assert pushed == json.dumps(json.loads(pushed), ensure_ascii=False, separators=(",", ":"))


def test_a_lone_surrogate_is_refused_with_an_answer_as_a_text_and_as_a_name(
    people: People,
) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    client = ada.socket("/group")
    for payload in (message(group, "\ud800"), message(group) | {"\ud800": 1}):
        assert client.call("/group", "send_message", payload)["error"]["code"] == "validation_error"
    assert client.call("/group", "send_message", message(group))["data"]["seq"] == 1


def test_message_is_pushed_under_the_senders_present_nickname(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    sender, receiver = ada.socket("/group"), bob.socket("/group")
    ada.data("PATCH", "/users/me", {"nickname": "陈墨"})
    sent = sender.call("/group", "send_message", message(group))["data"]
    assert sent["nickname"] == "陈墨"
    assert receiver.pushed("message_created") == sent


def test_message_is_pushed_before_it_is_acked(people: People) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    client = ada.socket("/group")
    ack_id = client.emit("/group", "send_message", message(group))
    client.ack(ack_id)
    assert [entry[0] for entry in client.received if entry[0] != client.CONNECT] == [
        client.EVENT,
        client.ACK,
    ]


def test_message_posted_over_http_reaches_all_sockets(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    own_tab, other = ada.socket("/group"), bob.socket("/group")
    posted = ada.post(group, "over HTTP")
    assert own_tab.pushed("message_created") == posted
    assert other.pushed("message_created") == posted


def test_stranger_neither_sends_nor_hears(people: People) -> None:
    ada, eve = people("ada", "eve")
    group = ada.create_group()
    outsider = eve.socket("/group")
    answer = outsider.call("/group", "send_message", message(group))
    assert answer["error"]["code"] == "not_found"
    ada.post(group, "among us")
    outsider.barrier("/group")
    assert outsider.pushes("message_created") == []


def test_sends_in_flight_are_acked_in_order_without_gaps(people: People) -> None:
    members = people(*[f"talker{number}" for number in range(8)])
    group = members[0].create_group(*members[1:])
    clients = [member.socket("/group") for member in members]
    acked: list[list[int]] = [[] for _ in members]

    def talk(number: int) -> None:
        client = clients[number]
        ids = [client.emit("/group", "send_message", message(group)) for _ in range(32)]
        answers: list[tuple[int, str, int | None, Any]] = []
        while len(answers) < len(ids):
            answers += [entry for entry in client.read() if entry[0] == client.ACK]
        assert [entry[2] for entry in answers] == ids
        acked[number] = [entry[3][0]["data"]["seq"] for entry in answers]

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seq for seqs in acked for seq in seqs) == list(range(1, 257))
    for seqs in acked:
        assert seqs == sorted(seqs)
    for client in clients:
        client.pushed("message_created", seq=256)
        assert [push["seq"] for push in client.pushes("message_created")] == list(range(1, 257))


def test_too_many_unanswered_sends_are_told_to_wait(people: People) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    client = ada.socket("/group")
    ids = client.emit_at_once("/group", "send_message", [message(group) for _ in range(200)])
    answers = [client.ack(ack_id) for ack_id in ids]
    refused = [answer["error"] for answer in answers if "error" in answer]
    stored = [answer["data"]["seq"] for answer in answers if "data" in answer]
    assert {error["code"] for error in refused} == {"rate_limited"}
    assert refused[0]["retry_after"] >= 1
    assert stored == list(range(1, len(stored) + 1)) and len(stored) >= 32
    assert "data" in client.call("/group", "send_message", message(group))


def test_unanswered_changes_count_with_unanswered_sends(people: People) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    ada.post(group, "hello")
    client = ada.socket("/group")
    changes = [
        {"room_id": group["id"], "seq": 1, "emoji": "👍", "on": number % 2 == 0}
        for number in range(200)
    ]
    ids = client.emit_at_once("/group", "react", changes)
    ids += client.emit_at_once("/group", "send_message", [message(group)])
    answers = [client.ack(ack_id) for ack_id in ids]
    codes = {answer["error"]["code"] for answer in answers if "error" in answer}
    assert codes == {"rate_limited"}
    done = [answer["data"]["version"] for answer in answers[:200] if "data" in answer]
    assert len(done) >= 32 and max(done) == len(done)


def test_repeated_client_id_is_stored_once_and_acked_every_time(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    client, listener = ada.socket("/group"), bob.socket("/group")
    ids = [
        client.emit("/group", "send_message", message(group, f"try {number}", "same"))
        for number in range(10)
    ]
    answers = [client.ack(ack_id)["data"] for ack_id in ids]
    answers.append(client.call("/group", "send_message", message(group, "later", "same"))["data"])
    assert ada.post(group, "over HTTP", "same") == answers[0]
    assert {answer["id"] for answer in answers} == {answers[0]["id"]}
    assert all(answer == answers[0] for answer in answers)
    client.call("/group", "send_message", message(group, "the next"))
    listener.pushed("message_created", data="the next")
    assert [push["seq"] for push in listener.pushes("message_created")] == [1, 2]


def test_same_client_id_of_two_senders_is_two_messages(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    first = ada.post(group, "mine", "same")
    second = bob.post(group, "mine too", "same")
    assert (first["seq"], second["seq"]) == (1, 2)


def test_direct_message_by_username_makes_the_room(people: People) -> None:
    ada, bob = people("ada", "bob")
    sender, receiver = ada.socket("/direct"), bob.socket("/direct")
    payload = {"to": bob.username.upper(), "client_id": "1", "data": "hi"}
    sent = sender.call("/direct", "send_message", payload)["data"]
    room = receiver.pushed("room_created")
    assert room["id"] == sent["room_id"] and room["kind"] == "direct"
    assert receiver.pushed("message_created") == sent
    events = [entry[3][0] for entry in receiver.received if entry[0] == receiver.EVENT]
    assert events == ["room_created", "message_created"]
    answer = receiver.call(
        "/direct", "send_message", {"room_id": sent["room_id"], "client_id": "1", "data": "ho"}
    )
    assert answer["data"]["seq"] == 2
    assert ada.direct_with(bob)["id"] == bob.direct_with(ada)["id"] == sent["room_id"]


def test_two_users_who_open_at_once_share_one_direct_room(people: People) -> None:
    for _ in range(5):
        ada, bob = people("ada", "bob")
        clients = {ada: ada.socket("/direct"), bob: bob.socket("/direct")}
        ids = {}
        for sender, other in ((ada, bob), (bob, ada)):
            payload = {"to": other.username, "client_id": "first", "data": "hi"}
            ids[sender] = clients[sender].emit("/direct", "send_message", payload)
        sent = [clients[sender].ack(ack_id)["data"] for sender, ack_id in ids.items()]
        assert len({found["room_id"] for found in sent}) == 1
        assert sorted(found["seq"] for found in sent) == [1, 2]
        for client in clients.values():
            client.pushed("message_created", seq=1)
            client.pushed("message_created", seq=2)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"to": "nobody-of-that-name", "client_id": "1", "data": "x"}, "not_found"),
        ({"client_id": "1", "data": "x"}, "validation_error"),
        ({"to": "a", "room_id": "0" * 24, "client_id": "1", "data": "x"}, "validation_error"),
        ({"to": {"$gt": ""}, "client_id": "1", "data": "x"}, "validation_error"),
    ],
)
def test_direct_message_needs_one_addressee(people: People, payload: object, code: str) -> None:
    (ada,) = people("ada")
    assert ada.socket("/direct").call("/direct", "send_message", payload)["error"]["code"] == code


def test_direct_message_to_oneself_is_refused(people: People) -> None:
    (ada,) = people("ada")
    payload = {"to": ada.username, "client_id": "1", "data": "note to self"}
    error = ada.socket("/direct").call("/direct", "send_message", payload)["error"]
    assert error["code"] == "validation_error" and list(error["fields"]) == ["to"]


def test_room_of_the_other_kind_does_not_exist(people: People) -> None:
    ada, bob = people("ada", "bob")
    group, direct = ada.create_group(bob), ada.direct_with(bob)
    client = ada.socket("/direct", "/group")
    for namespace, room in (("/direct", group), ("/group", direct)):
        for event, payload in (
            ("send_message", message(room)),
            ("mark_read", {"room_id": room["id"], "seq": 0}),
            ("typing", {"room_id": room["id"]}),
        ):
            assert client.call(namespace, event, payload)["error"]["code"] == "not_found"
        answer = client.call(namespace, "sync", {"rooms": {room["id"]: 0}})
        assert answer["data"]["gone"] == [room["id"]]


def test_message_keeps_every_character(people: People) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    client = ada.socket("/group")
    for data in (
        "𠮷" * 4_000,
        " leading and trailing \n",
        "<b>&amp;\u202e\u200d",
        "\t\u2028\\u0000",
    ):
        assert client.call("/group", "send_message", message(group, data))["data"]["data"] == data


@pytest.mark.parametrize("data", ["   \n\t", {"$gt": ""}], ids=["blank", "operator"])
def test_unfit_message_is_refused_and_not_stored(people: People, data: object) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    client = ada.socket("/group")
    answer = client.call("/group", "send_message", {**message(group), "data": data})
    assert answer["error"]["code"] == "validation_error"
    assert list(answer["error"]["fields"]) == ["data"]
    assert client.call("/group", "send_message", message(group))["data"]["seq"] == 1
