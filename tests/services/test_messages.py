"""What reading marks and `sync` cost: every open page sends them again and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask

from chat.models import User
from chat.repositories.messages import MessageRepository
from chat.repositories.users import UserRepository
from chat.services import messages as messages_module
from chat.services.writer import wait_for
from chat.wiring import Services
from tests.people import make_people
from tests.servers import PATIENCE


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
        services.messages.mark_read(ada.model, room["id"], said.seq)
    assert looked_up == []
    assert ada.room(room["id"])["unread"] == 0


def test_one_sync_asks_the_database_so_often_whatever_is_claimed(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    services: Services = app.extensions["chat"]
    (ada,) = make_people(app, "ada")
    groups = [ada.create_group(name=str(number)) for number in range(12)]
    for group in groups:
        ada.say(group, "one"), ada.say(group, "two")
    monkeypatch.setattr(messages_module, "SYNC_HEADS", 3)
    monkeypatch.setattr(messages_module, "SYNC_READS", 2)
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
    beyond = services.messages.sync(ada.model, dict.fromkeys(ids, 9), "group", {})
    assert asked["find_head"] <= 2 * 3
    assert {found.reset or found.page.has_more for found in beyond.rooms.values()} == {True}
    asked.clear()
    wrong = dict.fromkeys(ids, "0" * 24)
    others = services.messages.sync(ada.model, dict.fromkeys(ids, 1), "group", wrong)
    assert asked["ids_at"] <= 2 and asked["list_range"] <= 2
    assert {found.reset or found.page.has_more for found in others.rooms.values()} == {True}
