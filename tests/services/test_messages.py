"""What reading marks cost: they come from every open page, so they ask for nothing twice."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from flask import Flask

from chat.models import User
from chat.repositories.users import UserRepository
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
