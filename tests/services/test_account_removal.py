"""Accounts under removal, at other processes and at those that start later."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from chat.errors import Forbidden
from chat.reconciler import reconciler
from harness.people import make_people, new_client_id
from harness.servers import PATIENCE
from tests.services.test_rooms import services_of

MakeApp = Callable[..., Flask]


def test_a_process_that_starts_later_refuses_a_deleted_account(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its memberships still exist, because the process died that should have ended them."""
    monkeypatch.setattr(reconciler, "LOOK_BACK", 0.0)  # it ended long ago
    before = make_app()
    alice, bob = (person.model for person in make_people(before, "alice", "bob"))
    room, _ = services_of(before).direct_rooms.direct_with(bob, alice.username)
    services_of(before).account_deletion.end(alice)
    started = services_of(make_app())
    started.reconciler.run_once()
    with pytest.raises(Forbidden):
        started.messages.send(bob, room.id, new_client_id(), "are you there?")


def test_an_account_that_a_restore_brought_back_works_as_before(
    make_app: MakeApp,
) -> None:
    app = make_app()
    services, restored = services_of(app), services_of(make_app())
    alice, bob = (person.model for person in make_people(app, "alice", "bob"))
    room, _ = services.direct_rooms.direct_with(bob, alice.username)
    users = services.database.db["user"]
    document = users.find_one({"username": alice.username})
    assert document is not None
    services.account_deletion.end(alice)
    users.replace_one({"_id": document["_id"]}, document)
    services.epoch_watch.epoch()
    restored.epoch_watch.renew()
    services.reconciler.run_once()
    services.messages.send(bob, room.id, new_client_id(), "welcome back").result(PATIENCE)


def test_a_message_to_a_username_goes_to_its_present_owner(make_app: MakeApp) -> None:
    """At other processes after the next run of their reconciler."""
    app = make_app()
    here, there = services_of(app), services_of(make_app())
    alice, bob = (person.model for person in make_people(app, "alice", "bob"))

    def send(text: str) -> str:
        future = here.messages.send_direct(bob, new_client_id(), text, alice.username, None)
        return future.result(PATIENCE).message.room_id

    first = send("to alice")
    there.account_deletion.end(alice)
    (another,) = there.accounts.create_many([alice.username], "a password of hers")
    assert another.id != alice.id
    here.reconciler.run_once()
    second = send("to whoever is called so")
    assert second != first
    assert [one.room.id for one in there.conversations.list_of(another)] == [second]
