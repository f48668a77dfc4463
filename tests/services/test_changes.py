"""Changes count in the limits and quotas of messages: by number and, for edits, by bytes."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from harness.accounts import data_of, error_of
from harness.people import Person, make_people

MakeApp = Callable[..., Flask]
Room = dict[str, object]


def edit(person: Person, room: Room, seq: int, text: str) -> object:
    return data_of(person.patch(f"/rooms/{room['id']}/messages/{seq}", json={"data": text}))


def edit_beyond(person: Person, room: Room, seq: int, text: str) -> None:
    answer = person.patch(f"/rooms/{room['id']}/messages/{seq}", json={"data": text})
    error = error_of(answer, 429)
    assert error["code"] == "quota_exceeded" and 1 <= error["retry_after"] <= 86_401


def test_the_texts_of_edits_count_in_the_bytes_of_an_account(make_app: MakeApp) -> None:
    app = make_app(RATE_LIMITS=True, MESSAGE_BYTES_PER_DAY_USER=100)
    ada, bob = make_people(app, "ada", "bob")
    group = ada.create_group(bob)
    ada.say(group, "a" * 40)
    edit(ada, group, 1, "b" * 40)
    edit_beyond(ada, group, 1, "字" * 7)  # 21 bytes
    assert ada.history(group)["messages"][0]["data"] == "b" * 40
    edit(ada, group, 1, "字" * 6 + "bb")  # what fits to the last byte
    edit_beyond(ada, group, 1, "c")
    assert error_of(ada.post_message(group, "c"), 429)["code"] == "quota_exceeded"
    # What has no text is free, and others talk and edit on.
    path = f"/rooms/{group['id']}/messages/1"
    data_of(ada.put(f"{path}/reactions/👍"))
    data_of(ada.put(f"{path}/pin"))
    bob.say(group, "d" * 40)
    edit(bob, group, 2, "e" * 60)
    data_of(ada.delete(path))


def test_the_texts_of_edits_count_in_the_bytes_of_a_room(make_app: MakeApp) -> None:
    app = make_app(RATE_LIMITS=True, MESSAGE_BYTES_PER_DAY_ROOM=100)
    ada, bob = make_people(app, "ada", "bob")
    group, other = ada.create_group(bob), ada.create_group()
    ada.say(group, "a" * 40)
    edit(ada, group, 1, "b" * 60)
    edit_beyond(ada, group, 1, "c")
    assert error_of(bob.post_message(group, "c"), 429)["code"] == "quota_exceeded"
    ada.say(other, "elsewhere")
    edit(ada, other, 1, "d" * 60)


def test_an_edit_that_loses_to_a_deletion_is_not_counted(make_app: MakeApp) -> None:
    app = make_app(RATE_LIMITS=True, MESSAGE_BYTES_PER_DAY_USER=100)
    (ada,) = make_people(app, "ada")
    group = ada.create_group()
    ada.say(group, "a" * 40)
    data_of(ada.delete(f"/rooms/{group['id']}/messages/1"))
    for _ in range(5):
        answer = ada.patch(f"/rooms/{group['id']}/messages/1", json={"data": "b" * 60})
        assert error_of(answer, 409)["code"] == "conflict"
    ada.say(group, "c" * 60)
