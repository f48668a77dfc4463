"""Messages over HTTP: sending, repeated sending, pages of history, and unread counts."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from harness.accounts import data_of, error_of
from harness.people import UNKNOWN_ID, Person, make_people, new_client_id
from harness.servers import PATIENCE

MESSAGE = {
    "id",
    "room_id",
    "user_id",
    "username",
    "seq",
    "client_id",
    "kind",
    "data",
    "created_at",
    "updated_at",
    "version",
    "edited_at",
    "deleted_at",
    "pinned",
    "reactions",
    "reply_to",
    "mentions",
    "mentions_all",
    "files",
}
PAGE_BYTES = 256 * 1024


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only people of its own."""
    return shared_app


def seqs_of(page: dict[str, Any]) -> list[int]:
    return [message["seq"] for message in page["messages"]]


def read_to(person: Person, room: dict[str, Any], seq: int) -> TestResponse:
    return person.put(f"/rooms/{room['id']}/read", json={"seq": seq})


# Sending


def test_a_message_is_answered_and_read_back_as_it_was_sent(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    client_id = new_client_id()
    sent = data_of(alice.post_message(room, "  hello\r\n", client_id), 201)
    assert set(sent) == MESSAGE
    assert (sent["room_id"], sent["seq"], sent["client_id"]) == (room["id"], 1, client_id)
    assert (sent["user_id"], sent["username"]) == (alice.id, alice.username)
    assert (sent["kind"], sent["data"]) == ("text", "  hello\r\n")
    assert sent["created_at"] == sent["updated_at"] > 1_600_000_000_000
    assert bob.history(room) == {
        "messages": [sent],
        "has_more": False,
        "last_rev": 0,
    }


def test_a_message_names_its_sender_as_they_are_called_now(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.create_group(bob)
    for nickname in ("陈墨", "Élodie"):
        data_of(alice.patch("/users/me", json={"nickname": nickname}))
        said = alice.say(room, f"I am {nickname}")
        assert said["nickname"] == nickname
        heard = [*bob.history(room)["messages"], bob.room(room["id"])["last_message"]]
        heard += [one["last_message"] for one in bob.rooms()]
        assert {one["nickname"] for one in heard} == {nickname}
    data_of(alice.patch("/users/me", json={"nickname": alice.username}))
    assert "nickname" not in bob.history(room)["messages"][0]
    alice.end()
    gone = bob.history(room)["messages"]
    assert {(one["username"], one.get("nickname")) for one in gone} == {("", None)}


def test_messages_of_concurrent_senders_are_numbered_without_gaps(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    group, other = alice.create_group(bob), alice.create_group(bob)
    senders = [alice, bob, bob, alice, bob]
    assert [one.say(group, "text")["seq"] for one in senders] == [1, 2, 3, 4, 5]
    assert alice.say(other, "text")["seq"] == 1


def test_messages_sent_at_once_are_numbered_without_gaps(app: Flask) -> None:
    people = make_people(app, "alice", "bob", "carol", "dave")
    group = people[0].create_group(*people[1:])

    def talk(person: Person) -> None:
        for number in range(10):
            person.say(group, f"{person.username} {number}")

    threads = [threading.Thread(target=talk, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    page = people[0].history(group, limit=100)
    assert seqs_of(page) == list(range(1, 41))
    for person in people:
        said = [one["data"] for one in page["messages"] if one["user_id"] == person.id]
        assert said == [f"{person.username} {number}" for number in range(10)]


def test_only_members_send(app: Flask) -> None:
    alice, bob, eve = make_people(app, "alice", "bob", "eve")
    for room in (alice.create_group(bob), alice.talk_to(bob)):
        assert bob.say(room, "hi")["seq"] == 1
        refused = eve.post_message(room, "let me in")
        unknown = eve.post_message({"id": UNKNOWN_ID}, "let me in")
        assert error_of(refused, 404)["code"] == "not_found"
        assert refused.data == unknown.data
        assert seqs_of(alice.history(room)) == [1]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 4_000,
        "😀" * 4_000,
        "汉" * 4_000,
        " \t x \n ",
        "<script>alert(1)</script>",
        '{"$gt": ""}',
        "a\u202eb\u0007c",
        "e\u0301 \U0010fffd",
    ],
    ids=["ascii", "astral", "chinese", "space", "markup", "operator", "controls", "combining"],
)
def test_text_is_stored_as_sent(app: Flask, text: str) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    assert alice.say(room, text)["data"] == text
    (stored,) = bob.history(room)["messages"]
    assert stored["data"] == text


@pytest.mark.parametrize(
    "text",
    [" ", "a\x00b", "😀" * 4_001],
    ids=["blank", "nul", "long"],
)
def test_text_that_shows_nothing_or_cannot_be_stored_is_refused(app: Flask, text: str) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    error = error_of(alice.post_message(room, text), 400)
    assert (error["code"], list(error["fields"])) == ("validation_error", ["data"])
    assert alice.history(room)["messages"] == []


def test_client_ids_have_one_to_sixty_four_characters(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    error = error_of(alice.post_message(room, "hello", "x" * 65), 400)
    assert list(error["fields"]) == ["client_id"]
    assert alice.say(room, "hello", "客" * 64)["client_id"] == "客" * 64


# Sending again


def test_a_message_sent_again_is_stored_once_and_answered_alike(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    client_id = new_client_id()
    first = data_of(alice.post_message(room, "hello", client_id), 201)
    bob.say(room, "in between")
    again = data_of(alice.post_message(room, "hello", client_id), 200)
    otherwise = data_of(alice.post_message(room, "something else", client_id), 200)
    assert first == again == otherwise
    assert [one["data"] for one in bob.history(room)["messages"]] == ["hello", "in between"]


def test_a_client_id_is_ones_own_in_each_room(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room, other = alice.talk_to(bob), alice.create_group()
    client_id = new_client_id()
    messages = [
        alice.say(room, "hello", client_id),
        bob.say(room, "hello", client_id),
        alice.say(other, "hello", client_id),
    ]
    assert len({message["id"] for message in messages}) == 3


def test_a_message_sent_twice_at_once_is_stored_once(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    client_id = new_client_id()
    together = threading.Barrier(4)
    answers: list[TestResponse] = []

    def send() -> None:
        together.wait(PATIENCE)
        answers.append(alice.post_message(room, "hello", client_id))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.data for answer in answers}) == 1
    assert seqs_of(bob.history(room)) == [1]


# Reading back


@pytest.fixture(scope="module")
def long_talk(shared_app: Flask) -> tuple[Person, dict[str, Any]]:
    """A reader, and a group with 120 messages, the n-th of which has the text n."""
    (alice,) = make_people(shared_app, "alice")
    group = alice.create_group()
    services = shared_app.extensions["chat"]
    futures = [
        services.messages.send(alice.model, group["id"], f"c{number}", str(number))
        for number in range(1, 121)
    ]
    for future in futures:
        future.result(PATIENCE)
    return alice, group


@pytest.mark.parametrize(
    "query, first, last, has_more",
    [
        ({}, 71, 120, True),
        ({"limit": 100}, 21, 120, True),
        ({"limit": 1}, 120, 120, True),
        ({"before_seq": 71}, 21, 70, True),
        ({"before_seq": 71, "limit": 70}, 1, 70, False),
        ({"before_seq": 71, "limit": 69}, 2, 70, True),
        ({"before_seq": 21}, 1, 20, False),
        ({"before_seq": 2}, 1, 1, False),
        ({"before_seq": 1}, 1, 0, False),
        ({"before_seq": 121, "limit": 10}, 111, 120, True),
        ({"before_seq": 2**53 - 1, "limit": 10}, 111, 120, True),
        ({"after_seq": 0}, 1, 50, True),
        ({"after_seq": 50, "limit": 70}, 51, 120, False),
        ({"after_seq": 50, "limit": 69}, 51, 119, True),
        ({"after_seq": 119}, 120, 120, False),
        ({"after_seq": 120}, 1, 0, False),
        ({"after_seq": 2**53 - 1}, 1, 0, False),
    ],
    ids=str,
)
def test_history_is_read_in_pages_in_both_directions(
    long_talk: tuple[Person, dict[str, Any]],
    query: dict[str, int],
    first: int,
    last: int,
    has_more: bool,
) -> None:
    alice, group = long_talk
    page = alice.history(group, **query)
    assert set(page) == {"messages", "has_more", "last_rev"}
    assert seqs_of(page) == list(range(first, last + 1))
    assert all(one["data"] == str(one["seq"]) for one in page["messages"])
    assert page["has_more"] is has_more


def test_going_back_page_by_page_reads_everything_once(
    long_talk: tuple[Person, dict[str, Any]],
) -> None:
    alice, group = long_talk
    page = alice.history(group, limit=32)
    seen = seqs_of(page)
    while page["has_more"]:
        page = alice.history(group, before_seq=seen[0], limit=32)
        seen = seqs_of(page) + seen
    assert seen == list(range(1, 121))


@pytest.mark.parametrize(
    "query, field",
    [
        ("before_seq=5&after_seq=5", "after_seq"),
        ("limit=101", "limit"),
    ],
)
def test_pages_that_cannot_be_are_refused(
    long_talk: tuple[Person, dict[str, Any]], query: str, field: str
) -> None:
    alice, group = long_talk
    error = error_of(alice.get(f"/rooms/{group['id']}/messages?{query}"), 400)
    assert (error["code"], list(error["fields"])) == ("validation_error", [field])


def test_only_members_read(app: Flask, long_talk: tuple[Person, dict[str, Any]]) -> None:
    alice, group = long_talk
    (eve,) = make_people(app, "eve")
    refused = eve.get(f"/rooms/{group['id']}/messages")
    unknown = eve.get(f"/rooms/{UNKNOWN_ID}/messages")
    assert error_of(refused, 404)["code"] == "not_found"
    assert refused.data == unknown.data
    eve.join(group)
    assert seqs_of(eve.history(group, limit=1)) == [120]


def test_a_page_stays_below_256_kib_in_both_directions(app: Flask) -> None:
    (alice,) = make_people(app, "alice")
    group = alice.create_group()
    services = app.extensions["chat"]
    futures = [
        services.messages.send(alice.model, group["id"], f"c{number}", "😀" * 4_000)
        for number in range(20)
    ]
    for future in futures:
        future.result(PATIENCE)

    newest = alice.get(f"/rooms/{group['id']}/messages?limit=100")
    oldest = alice.get(f"/rooms/{group['id']}/messages?limit=100&after_seq=0")
    for answer in (newest, oldest):
        assert PAGE_BYTES - 20_000 < len(answer.data) <= PAGE_BYTES
        assert json.loads(answer.data)["data"]["has_more"] is True
    assert seqs_of(data_of(newest))[-1] == 20
    assert seqs_of(data_of(oldest))[0] == 1

    page = data_of(newest)
    seen = seqs_of(page)
    while page["has_more"]:
        page = alice.history(group, before_seq=seen[0], limit=100)
        seen = seqs_of(page) + seen
    assert seen == list(range(1, 21))
    ahead = data_of(oldest)
    seen = seqs_of(ahead)
    while ahead["has_more"]:
        ahead = alice.history(group, after_seq=seen[-1], limit=100)
        seen += seqs_of(ahead)
    assert seen == list(range(1, 21))


# What is unread


def test_others_have_unread_what_one_sends(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    for text in ("one", "two", "three"):
        alice.say(room, text)
    assert (alice.room(room["id"])["unread"], alice.room(room["id"])["last_read_seq"]) == (0, 3)
    assert (bob.room(room["id"])["unread"], bob.room(room["id"])["last_read_seq"]) == (3, 0)
    bob.say(room, "four")
    assert bob.room(room["id"])["unread"] == 0
    assert alice.room(room["id"])["unread"] == 1


def test_reading_is_marked_forward_and_never_back(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    for text in ("one", "two", "three"):
        alice.say(room, text)
    marked = data_of(read_to(bob, room, 2))
    assert marked["id"] == room["id"] and "peer" in marked
    assert (marked["last_read_seq"], marked["unread"]) == (2, 1)
    for seq in (1, 0, 2):
        assert data_of(read_to(bob, room, seq))["last_read_seq"] == 2
    assert app.extensions["chat"].read_marks.flush()
    assert data_of(read_to(bob, room, 1))["last_read_seq"] == 2
    assert bob.room(room["id"])["last_read_seq"] == 2
    assert data_of(read_to(bob, room, 3))["unread"] == 0


def test_what_was_not_said_cannot_be_read(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    assert data_of(read_to(bob, room, 0))["last_read_seq"] == 0
    error_of(read_to(bob, room, 1), 400)
    alice.say(room, "one")
    error = error_of(read_to(bob, room, 2), 400)
    assert (error["code"], list(error["fields"])) == ("validation_error", ["seq"])
    assert bob.room(room["id"])["last_read_seq"] == 0
    assert data_of(read_to(bob, room, 1))["last_read_seq"] == 1


def test_only_members_mark_what_they_read(app: Flask) -> None:
    alice, bob, eve = make_people(app, "alice", "bob", "eve")
    room = alice.talk_to(bob)
    alice.say(room, "one")
    refused, unknown = read_to(eve, room, 1), read_to(eve, {"id": UNKNOWN_ID}, 1)
    assert error_of(refused, 404)["code"] == "not_found"
    assert refused.data == unknown.data
    data_of(read_to(bob, room, 1))
