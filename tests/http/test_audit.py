"""The audit log has actions on accounts and roles, and no text that users typed."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.models import AuditEntry
from chat.repositories.audit import AuditRepository
from chat.wiring import Services
from harness.accounts import bearer, data_of, error_of, new_email, new_name, new_password
from harness.people import Person, make_people
from tests.mailbox import Mailbox


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only users of its own."""
    return shared_app


def entries_of(app: Flask, person_id: str) -> list[AuditEntry]:
    """Return what is written down of somebody, oldest first."""
    services: Services = app.extensions["chat"]
    assert services.audit.flush()
    return services.audit.list_latest(50, person_id)


def actions_of(app: Flask, person_id: str) -> list[str]:
    return [entry.action for entry in entries_of(app, person_id)]


def log_in(client: FlaskClient, name: str, password: str) -> Any:
    address = {"REMOTE_ADDR": "192.0.2.7"}
    body = {"username": name, "password": password}
    return client.post("/api/session", json=body, environ_base=address)


def test_log_ins_and_failed_ones_name_the_account_and_the_address(app: Flask) -> None:
    (ada,) = make_people(app, "ada")
    wrong = new_password()
    error_of(log_in(ada.client, ada.username, wrong), 401)
    data_of(log_in(ada.client, ada.username, ada.password))
    failed, came = entries_of(app, ada.id)
    assert (failed.action, failed.actor_id, failed.target_id) == ("log_in_failed", "", ada.id)
    assert (came.action, came.actor_id) == ("logged_in", ada.id)
    assert {failed.address, came.address} == {"192.0.2.7"}


def test_what_is_typed_is_nowhere_in_it(app: Flask) -> None:
    typed = new_password()
    error_of(log_in(app.test_client(), typed, new_password()), 401)
    services: Services = app.extensions["chat"]
    services.audit.flush()
    assert typed not in str(list(services.database.db["audit"].find()))


def test_passwords_sessions_and_the_end_of_an_account_are_in_it(
    app: Flask, mailing: FlaskClient, mailbox: Mailbox
) -> None:
    email, name, password = new_email(), new_name(), new_password()
    mailing.post("/api/users/code", json={"email": email})
    body = {"username": name, "password": password, "email": email}
    body["code"] = mailbox.wait_for_code(email)
    made = data_of(mailing.post("/api/users", json=body), 201)
    headers, person_id = bearer(made["access_token"]), made["user"]["id"]
    new = new_password()
    wrong = {"current_password": new_password(), "password": new}
    error_of(mailing.put("/api/users/me/password", json=wrong, headers=headers), 400)
    right = {"current_password": password, "password": new}
    assert mailing.put("/api/users/me/password", json=right, headers=headers).status_code == 204
    headers = bearer(data_of(log_in(mailing, name, new))["access_token"])
    assert mailing.delete("/api/session", headers=headers).status_code == 204
    headers = bearer(data_of(log_in(mailing, name, new))["access_token"])
    body = {"password": new}
    assert mailing.delete("/api/users/me", json=body, headers=headers).status_code == 204
    assert actions_of(app, person_id) == [
        "registered",
        "password_wrong",
        "password_changed",
        "sessions_ended",
        "logged_in",
        "session_ended",
        "logged_in",
        "sessions_ended",
        "account_deleted",
    ]


def test_a_token_used_twice_is_in_it(app: Flask) -> None:
    (ada,) = make_people(app, "ada")
    token = ada.refresh_token
    for _ in range(2):
        token = data_of(ada.client.post("/api/session/refresh", headers=bearer(token)))[
            "refresh_token"
        ]
    error_of(ada.client.post("/api/session/refresh", headers=bearer(ada.refresh_token)), 401)
    assert actions_of(app, ada.id) == ["refresh_reused"]


def test_role_changes_and_removals_are_recorded_with_actor_and_target(app: Flask) -> None:
    ada, bob = make_people(app, "ada", "bob")
    group = ada.create_group(bob)
    member = f"/rooms/{group['id']}/members/{bob.id}"
    data_of(ada.patch(member, json={"role": "admin"}))
    assert ada.delete(member).status_code == 204
    assert ada.delete(f"/rooms/{group['id']}").status_code == 204
    promoted, removed, deleted = entries_of(app, ada.id)
    for entry in (promoted, removed, deleted):
        assert (entry.actor_id, entry.room_id) == (ada.id, group["id"])
    assert (promoted.action, promoted.target_id, promoted.detail) == (
        "role_changed",
        bob.id,
        "admin",
    )
    assert (removed.action, removed.target_id) == ("member_removed", bob.id)
    assert deleted.action == "group_deleted"


def test_a_ban_of_a_non_member_has_an_action_of_its_own_and_is_recorded_once(app: Flask) -> None:
    ada, eve = make_people(app, "ada", "eve")
    group = ada.create_group()
    for _ in range(2):
        assert ada.delete(f"/rooms/{group['id']}/members/{eve.id}").status_code == 204
    (entry,) = entries_of(app, ada.id)
    assert (entry.action, entry.target_id, entry.room_id) == (
        "member_kept_out",
        eve.id,
        group["id"],
    )


def test_groups_that_end_with_their_last_owner_are_in_it(app: Flask) -> None:
    ada, bob = make_people(app, "ada", "bob")
    left, outlived = ada.create_group(), ada.create_group()
    handed_over, direct = ada.create_group(bob), ada.talk_to(bob)
    assert ada.delete(f"/rooms/{left['id']}/members/{ada.id}").status_code == 204
    ada.end()
    bob.end()
    ended = [
        (entry.actor_id, entry.room_id)
        for person in (ada, bob)
        for entry in entries_of(app, person.id)
        if entry.action == "group_deleted"
    ]
    assert ended == [(ada.id, left["id"]), (ada.id, outlived["id"]), (bob.id, handed_over["id"])]
    assert direct["id"] not in str(ended)


def test_log_ins_work_while_the_audit_log_cannot_be_written(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no space")

    people: list[Person] = make_people(app, "ada")
    with monkeypatch.context() as broken:
        broken.setattr(AuditRepository, "insert_many", fail)
        data_of(log_in(people[0].client, people[0].username, people[0].password))
        assert not app.extensions["chat"].audit.flush()
