"""How sends count in quotas, and the queries that read marks and `sync` cost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
from flask import Flask

from chat.errors import Forbidden, QuotaExceeded, RateLimited, Unavailable
from chat.log.futures import wait_for
from chat.log.room_log import RoomLog
from chat.models import Message, User
from chat.repositories.appends import Appended
from chat.repositories.memberships import MembershipRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository
from chat.repositories.users import UserRepository
from chat.services import history
from chat.wiring import Services
from harness.accounts import data_of, error_of
from harness.people import make_people
from harness.servers import PATIENCE

MakeApp = Callable[..., Flask]


def test_a_read_mark_in_a_direct_room_looks_up_nobody(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    services: Services = app.extensions["chat"]
    ada, bob = make_people(app, "ada", "bob")
    room = ada.talk_to(bob)
    said = wait_for(services.messages.send(bob.model, room["id"], "c1", "hello"), PATIENCE).message
    looked_up: list[set[str]] = []

    def find(self: UserRepository, user_ids: Iterable[str]) -> dict[str, User]:
        looked_up.append(set(user_ids))
        return {}

    with monkeypatch.context() as counted:
        counted.setattr(UserRepository, "list_by_ids", find)
        services.reading.mark_read(ada.model, room["id"], said.seq)
    assert looked_up == []
    assert ada.room(room["id"])["unread"] == 0


def test_the_queries_of_one_sync_are_bounded_for_any_claims(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    services: Services = app.extensions["chat"]
    (ada,) = make_people(app, "ada")
    groups = [ada.create_group(name=str(number)) for number in range(12)]
    for group in groups:
        ada.say(group, "one"), ada.say(group, "two")
    monkeypatch.setattr(history, "SYNC_TAILS", 3)
    monkeypatch.setattr(history, "SYNC_READS", 2)
    asked = Counter[str]()

    def counted(name: str) -> None:
        original = getattr(MessageRepository, name)

        def ask(self: MessageRepository, *args: Any) -> Any:
            asked[name] += 1
            return original(self, *args)

        monkeypatch.setattr(MessageRepository, name, ask)

    for name in ("find_head", "ids_at", "list_range"):
        counted(name)
    ids = [str(group["id"]) for group in groups]
    beyond = services.history.sync(ada.model, dict.fromkeys(ids, 9), "group", {})
    assert asked["find_head"] <= 2 * 3
    assert {found.reset or found.page.has_more for found in beyond.rooms.values()} == {True}
    asked.clear()
    wrong = dict.fromkeys(ids, "0" * 24)
    others = services.history.sync(ada.model, dict.fromkeys(ids, 1), "group", wrong)
    assert asked["ids_at"] <= 2 and asked["list_range"] <= 2
    assert {found.reset or found.page.has_more for found in others.rooms.values()} == {True}


def limited(make_app: MakeApp) -> Flask:
    """An app where an account may store 100 bytes a day."""
    return make_app(RATE_LIMITS=True, MESSAGE_BYTES_PER_DAY_USER=100)


def test_a_stored_message_sent_again_is_answered_with_it_when_the_quota_is_used_up(
    make_app: MakeApp,
) -> None:
    app = limited(make_app)
    (ada,) = make_people(app, "ada")
    group = ada.create_group()
    first = ada.say(group, "a" * 60, "first")
    ada.say(group, "b" * 40, "second")
    assert error_of(ada.post_message(group, "c"), 429)["code"] == "quota_exceeded"
    repeats = [ada.post_message(group, text, "first") for text in ("a" * 60, "else")]
    app.extensions["chat"].room_log.start_over()  # which forgets what was stored lately
    repeats.append(ada.post_message(group, "a" * 60, "first"))
    assert [data_of(repeat)["id"] for repeat in repeats] == [first["id"]] * 3
    assert error_of(ada.post_message(group, "c"), 429)["code"] == "quota_exceeded"
    assert len(ada.history(group)["messages"]) == 2


def test_a_message_is_counted_once_however_often_it_is_sent(make_app: MakeApp) -> None:
    (ada,) = make_people(limited(make_app), "ada")
    group = ada.create_group()
    ada.say(group, "a" * 40, "first")
    for _ in range(5):
        data_of(ada.post_message(group, "a" * 40, "first"))
    ada.say(group, "b" * 60)


def test_a_message_that_is_not_stored_is_not_counted(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ada,) = make_people(limited(make_app), "ada")
    group = ada.create_group()

    def refuse(*_: object) -> None:
        raise Unavailable()

    with monkeypatch.context() as full:
        full.setattr(RoomLog, "append", refuse)
        for number in range(5):
            error_of(ada.post_message(group, "a" * 60, f"c{number}"), 503)
    with monkeypatch.context() as refusing:
        refusing.setattr(MessageRepository, "append", lambda *_: Appended(0, "refused"))
        for number in range(5):
            error_of(ada.post_message(group, "a" * 60, f"d{number}"), 500)
    ada.say(group, "b" * 100)


def test_a_message_on_its_way_sent_again_is_answered_with_it_when_it_used_up_the_quota(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = limited(make_app)
    send = app.extensions["chat"].messages.send
    (ada,) = make_people(app, "ada")
    group = ada.create_group()
    append, opened = MessageRepository.append, threading.Event()
    stored = threading.Semaphore(1)

    def wait(self: MessageRepository, messages: Sequence[Message]) -> Appended:
        if not stored.acquire(blocking=False):
            assert opened.wait(PATIENCE)
        return append(self, messages)

    monkeypatch.setattr(MessageRepository, "append", wait)
    first = send(ada.model, group["id"], "first", "a" * 60)
    second = send(ada.model, group["id"], "second", "b" * 60)
    wait_for(first, PATIENCE)
    again = send(ada.model, group["id"], "second", "b" * 60)
    another = send(ada.model, group["id"], "another", "b" * 60)
    opened.set()
    assert wait_for(again, PATIENCE).message.id == wait_for(second, PATIENCE).message.id
    with pytest.raises(QuotaExceeded):
        wait_for(another, PATIENCE)


def test_a_message_to_a_user_who_blocks_the_sender_is_counted_once(make_app: MakeApp) -> None:
    app = make_app(RATE_LIMITS=True, MESSAGES_PER_MINUTE=5)
    services: Services = app.extensions["chat"]
    ada, bob = make_people(app, "ada", "bob")
    room = bob.talk_to(ada)
    assert ada.put(f"/users/me/blocks/{bob.id}").status_code == 204
    for number in range(5):
        with pytest.raises(Forbidden):
            services.messages.send_direct(bob.model, f"c{number}", "hello", ada.username, None)
    with pytest.raises(RateLimited):
        services.messages.send_direct(bob.model, "one-more", "hello", None, room["id"])


def test_a_message_to_a_username_with_a_new_owner_is_counted_once(
    make_app: MakeApp,
) -> None:
    app = make_app(RATE_LIMITS=True, MESSAGES_PER_MINUTE=2)
    services: Services = app.extensions["chat"]
    ada, bob = make_people(app, "ada", "bob")
    send = services.messages.send_direct
    wait_for(send(bob.model, "c1", "hello", ada.username, None), PATIENCE)
    services.account_deletion.end(ada.model)
    services.jobs.run_due()
    (namesake,) = services.accounts.create_many([ada.username], ada.password)
    said = wait_for(send(bob.model, "c2", "hello", ada.username, None), PATIENCE)
    found = services.direct_rooms.direct_with(namesake, bob.username)
    assert found[0].id == said.message.room_id and not found[1]


def test_sending_to_a_username_again_costs_no_query(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For any age of the cached pair; the members of the room are cached anyway."""
    services: Services = app.extensions["chat"]
    ada, bob = make_people(app, "ada", "bob")
    monkeypatch.setattr("chat.services.usernames.MAX_AGE", 0.0)
    monkeypatch.setattr("chat.services.membership_cache.MAX_AGE", 2 * PATIENCE)
    monkeypatch.setattr("chat.services.membership_cache.MAX_AGE_CONFIRMED", 2 * PATIENCE)

    def send(client_id: str) -> None:
        future = services.messages.send_direct(bob.model, client_id, "hello", ada.username, None)
        wait_for(future, PATIENCE)

    send("c1")
    send("c2")
    asked: list[str] = []
    for repository in (UserRepository, RoomRepository, MembershipRepository):
        for name, method in vars(repository).items():
            if name.startswith(("find", "list", "count")):
                monkeypatch.setattr(repository, name, noting(asked, method))
    send("c3")
    assert asked == []


def noting(names: list[str], method: Callable[..., Any]) -> Callable[..., Any]:
    """Return the method; each call records its name."""

    def call(*args: Any, **named: Any) -> Any:
        names.append(method.__qualname__)
        return method(*args, **named)

    return call


def test_the_block_of_a_deleted_user_does_not_affect_a_new_user_of_the_same_name(
    app: Flask,
) -> None:
    services: Services = app.extensions["chat"]
    ada, bob = make_people(app, "ada", "bob")
    send = services.messages.send_direct
    old = wait_for(send(bob.model, "c1", "hello", ada.username, None), PATIENCE).message
    assert ada.put(f"/users/me/blocks/{bob.id}").status_code == 204
    services.account_deletion.end(ada.model)
    services.jobs.run_due()
    assert list(services.accounts.create_many([ada.username], ada.password))
    said = wait_for(send(bob.model, "c2", "hello", ada.username, None), PATIENCE).message
    assert said.room_id != old.room_id
