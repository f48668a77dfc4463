"""Coming back: exactly what was missed, page by page."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.sockets.conftest import Member, message

People = Callable[..., list[Member]]


def test_sync_gives_exactly_what_was_missed(people: People) -> None:
    ada, bob = people("ada", "bob")
    group, quiet = ada.create_group(bob), ada.create_group(bob)
    sent = [ada.post(group, f"number {number}") for number in range(5)]
    answer = bob.socket("/group").call(
        "/group", "sync", {"rooms": {group["id"]: 2, quiet["id"]: 0}}
    )
    assert answer["data"].pop("epoch")
    complete = {"has_more": False, "last_mention_seq": 0, "reset": False}
    assert answer["data"] == {
        "rooms": {
            group["id"]: {"messages": sent[2:], "last_seq": 5, **complete},
            quiet["id"]: {"messages": [], "last_seq": 0, **complete},
        },
        "joined": [],
        "gone": [],
    }


def test_sync_goes_on_page_by_page_until_complete(people: People) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    client = ada.socket("/group")
    for _ in range(10):
        ids = [client.emit("/group", "send_message", message(group)) for _ in range(25)]
        for ack_id in ids:
            assert "data" in client.ack(ack_id)
    seen: list[int] = []
    while True:
        last = seen[-1] if seen else 0
        found = client.call("/group", "sync", {"rooms": {group["id"]: last}})["data"]["rooms"]
        page = found[group["id"]]
        seen += [entry["seq"] for entry in page["messages"]]
        assert page["last_seq"] == 250
        if not page["has_more"]:
            break
    assert seen == list(range(1, 251))


def test_sync_answer_stays_below_its_size(people: People) -> None:
    (ada,) = people("ada")
    rooms = [ada.create_group() for _ in range(2)]
    client = ada.socket("/group")
    for room in rooms:
        for _ in range(3):
            ids = [
                client.emit("/group", "send_message", message(room, "字" * 4_000)) for _ in range(4)
            ]
            assert all("data" in client.ack(ack_id) for ack_id in ids)
    found = client.call("/group", "sync", {"rooms": {room["id"]: 0 for room in rooms}})
    compact = json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()
    assert len(compact) < 256 * 1024
    pages = found["data"]["rooms"]
    assert any(page["has_more"] for page in pages.values())
    for page in pages.values():
        assert page["has_more"] == (len(page["messages"]) < 12)


def test_sync_names_rooms_that_came_and_rooms_that_went(people: People) -> None:
    ada, bob, eve = people("ada", "bob", "eve")
    known, left, new = ada.create_group(bob), ada.create_group(bob), ada.create_group(bob)
    foreign = eve.create_group()
    ada.post(new, "hello")
    bob.data("DELETE", f"/rooms/{left['id']}/members/{bob.id}")
    nowhere = "0" * 24
    answer = bob.socket("/group").call(
        "/group",
        "sync",
        {"rooms": {known["id"]: 0, left["id"]: 0, foreign["id"]: 0, nowhere: 0}},
    )["data"]
    assert set(answer["rooms"]) == {known["id"]}
    assert sorted(answer["gone"]) == sorted([left["id"], foreign["id"], nowhere])
    (joined,) = answer["joined"]
    assert joined["id"] == new["id"] and joined["unread"] == 1


def test_sync_says_reset_when_the_seq_is_unknown(people: People) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    ada.post(group, "one")
    found = ada.socket("/group").call("/group", "sync", {"rooms": {group["id"]: 7}})["data"]
    assert found["rooms"][group["id"]] == {
        "messages": [],
        "last_seq": 1,
        "last_mention_seq": 0,
        "has_more": False,
        "reset": True,
    }


def test_sync_keeps_to_the_kind_of_its_namespace(people: People) -> None:
    ada, bob = people("ada", "bob")
    group, direct = ada.create_group(), ada.direct_with(bob)
    client = ada.socket("/direct", "/group")
    for namespace, room in (("/group", group), ("/direct", direct)):
        joined = client.call(namespace, "sync", {"rooms": {}})["data"]["joined"]
        assert [found["id"] for found in joined] == [room["id"]]
    assert joined[0]["peer"]["username"] == bob.username


def test_sync_in_parts_tells_each_new_room_once(people: People) -> None:
    ada, bob = people("ada", "bob")
    rooms = sorted(ada.create_group(bob)["id"] for _ in range(7))
    known = dict.fromkeys([rooms[1], rooms[3], rooms[5]], 0)
    client = bob.socket("/group")

    def joined(**stretch: str) -> list[str]:
        named = {
            room_id: seq
            for room_id, seq in known.items()
            if stretch.get("after", "") < room_id <= stretch.get("upto", rooms[6])
        }
        found = client.call("/group", "sync", {"rooms": named, **stretch})["data"]
        assert list(found["rooms"]) == list(named) and found["gone"] == []
        return sorted(room["id"] for room in found["joined"])

    assert joined(upto=rooms[1]) == [rooms[0]]
    assert joined(after=rooms[1], upto=rooms[5]) == [rooms[2], rooms[4]]
    assert joined(after=rooms[5]) == [rooms[6]]
    assert joined() == [rooms[0], rooms[2], rooms[4], rooms[6]]


@pytest.mark.parametrize("stretch", [{"upto": 5}, {"after": ""}, {"after": None}, {"until": "a"}])
def test_a_stretch_has_ends_that_are_ids(people: People, stretch: dict[str, object]) -> None:
    (ada,) = people("ada")
    answer = ada.socket("/group").call("/group", "sync", {"rooms": {}, **stretch})
    assert answer["error"]["code"] == "validation_error"
    assert list(answer["error"]["fields"]) == list(stretch)
