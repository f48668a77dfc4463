"""Deleting an account: what is deleted, what stays, and what can be reused."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from pymongo.errors import AutoReconnect

from chat.errors import NotFound, Unauthorized
from chat.repositories.jobs import JobRepository
from chat.repositories.memberships import MembershipRepository
from chat.repositories.sessions import SessionRepository
from chat.repositories.users import UserRepository
from chat.services import jobs
from chat.services.passwords import Passwords
from harness.accounts import (
    bearer,
    data_of,
    error_of,
    log_in,
    make_account,
    new_email,
    new_name,
    new_password,
)
from harness.people import Person, make_people
from tests.mailbox import Mailbox


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only users of its own."""
    return shared_app


def is_stored(app: Flask, room: dict[str, Any]) -> bool:
    """Return whether any document of a room is left after its jobs are done."""
    app.extensions["chat"].jobs.run_due()
    database, room_id = app.extensions["chat"].database.db, ObjectId(room["id"])
    rest = [
        database[name].find_one({"room_identity": room_id}) for name in ("message", "user_room")
    ]
    return any([database["room"].find_one({"_id": room_id}), *rest])


def test_every_session_ends_and_nobody_can_log_in(app: Flask) -> None:
    (ann,) = make_people(app, "ann")
    phone = log_in(app.test_client(), ann.username, ann.password)
    ann.end()
    for session in (ann, phone):
        error_of(session.get("/users/me"), 401)
        error_of(
            session.client.post("/api/session/refresh", headers=bearer(session.refresh_token)), 401
        )
    body = {"username": ann.username, "password": ann.password}
    error_of(app.test_client().post("/api/session", json=body), 401)
    error_of(ann.delete("/users/me", json={"password": ann.password}), 401)


@pytest.mark.parametrize("body", [{}, {"password": ""}, {"password": {"$gt": ""}}, {"password": 1}])
def test_without_the_password_nothing_happens(app: Flask, body: dict[str, object]) -> None:
    ann = make_account(app)
    assert list(error_of(ann.delete("/users/me", json=body), 400)["fields"]) == ["password"]
    error_of(ann.delete("/users/me"), 400)
    data_of(ann.get("/users/me"))


def test_a_new_password_in_between_keeps_the_account(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = make_people(app, "ann", "bob")
    group = bob.create_group(ann)
    users = UserRepository(app.extensions["chat"].database)
    new, verify = new_password(), Passwords.verify

    def overtaken(self: Passwords, password_hash: str | None, password: str) -> bool:
        right = verify(self, password_hash, password)
        users.update(ann.id, {"password_hash": self.hash(new)}, 2)
        return right

    with monkeypatch.context() as patch:
        patch.setattr(Passwords, "verify", overtaken)
        error = error_of(ann.delete("/users/me", json={"password": ann.password}), 400)
    assert list(error["fields"]) == ["password"]
    log_in(app.test_client(), ann.username, new)
    assert ann.username in bob.members(group)


def test_a_new_password_after_the_first_step_keeps_nothing(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = make_people(app, "ann", "bob")
    group = bob.create_group(ann)
    users = UserRepository(app.extensions["chat"].database)
    new, end_all = new_password(), SessionRepository.end_all

    def overtaken(self: SessionRepository, user_id: str) -> list[str]:
        if users.find(ann.id):
            users.update(ann.id, {"password_hash": Passwords().hash(new)}, 2)
        return end_all(self, user_id)

    with monkeypatch.context() as patch:
        patch.setattr(SessionRepository, "end_all", overtaken)
        ann.end()
    body = {"username": ann.username, "password": new}
    error_of(app.test_client().post("/api/session", json=body), 401)
    error_of(bob.get(f"/users/{ann.username}"), 404)
    assert set(bob.members(group)) == {bob.username}


def test_guessing_the_password_is_limited_apart_from_log_in(make_app: Callable[..., Flask]) -> None:
    app = make_app(RATE_LIMITS=True)
    ann = make_account(app)
    for _ in range(5):
        error = error_of(ann.delete("/users/me", json={"password": new_password()}), 400)
        assert list(error["fields"]) == ["password"]
    error_of(ann.delete("/users/me", json={"password": ann.password}), 429)
    body = {"username": ann.username, "password": ann.password}
    data_of(app.test_client().post("/api/session", json=body))
    data_of(ann.get("/users/me"))


def test_the_session_cookie_is_cleared(app: Flask) -> None:
    ann = make_account(app)
    client = app.test_client()
    body = {"username": ann.username, "password": ann.password}
    ask = {"X-Session": "cookie"}
    token = data_of(client.post("/api/session", json=body, headers=ask))["access_token"]
    headers = {**ask, **bearer(token)}
    body = {"password": ann.password}
    assert client.delete("/api/users/me", json=body, headers=headers).status_code == 204
    assert client.get_cookie("chat_refresh", path="/api/session") is None


def test_nothing_personal_stays_but_the_id(app: Flask) -> None:
    (ann,) = make_people(app, "ann")
    data_of(ann.patch("/users/me", json={"nickname": "Annie", "sex": 2}))
    ann.end()
    database = app.extensions["chat"].database.db
    tombstone = database["user"].find_one({"_id": ObjectId(ann.id)})
    assert set(tombstone) == {"_id", "created_at", "updated_at", "deleted_at"}
    assert database["user_room"].count_documents({"user_identity": tombstone["_id"]}) == 0


def test_a_deleted_user_cannot_be_found(app: Flask) -> None:
    ann, bob = make_people(app, "ann", "bob")
    group = bob.create_group()
    ann.end()
    error_of(bob.get(f"/users/{ann.username}"), 404)
    assert data_of(bob.get("/users", query_string={"q": ann.username})) == []
    error_of(bob.post("/rooms/direct", json={"username": ann.username}), 404)
    error_of(bob.post(f"/rooms/{group['id']}/members", json={"username": ann.username}), 404)


def test_messages_of_a_deleted_user_stay_without_a_name(app: Flask) -> None:
    ann, bob = make_people(app, "ann", "bob")
    group = bob.create_group(ann)
    ann.say(group, "hello")
    (before,) = bob.history(group)["messages"]
    assert before["username"] == ann.username
    ann.end()
    (message,) = bob.history(group)["messages"]
    assert (message["data"], message["username"], message["user_id"]) == ("hello", "", ann.id)
    (room,) = bob.rooms()
    assert room["last_message"]["username"] == ""
    assert set(bob.members(group)) == {bob.username}


def test_a_group_owned_alone_ends(app: Flask) -> None:
    ann, bob = make_people(app, "ann", "bob")
    group = ann.create_group()
    ann.say(group, "to nobody")
    ann.end()
    error_of(bob.post("/rooms/join", json={"number": group["number"]}), 404)
    assert not is_stored(app, group)


def test_a_group_passes_to_its_oldest_admin(app: Flask) -> None:
    ann, first, second, third = make_people(app, "ann", "first", "second", "third")
    group = ann.create_group(first, second, third)
    for admin in (third, second):  # the order of coming counts, not that of becoming admin
        data_of(ann.patch(f"/rooms/{group['id']}/members/{admin.id}", json={"role": "admin"}))
    ann.end()
    roles = {name: member["role"] for name, member in first.members(group).items()}
    assert roles == {first.username: "member", second.username: "owner", third.username: "admin"}
    assert second.room(group["id"])["owner_id"] == second.id
    data_of(second.patch(f"/rooms/{group['id']}", json={"name": "Mine now"}))


def test_without_admins_a_group_passes_to_the_oldest_member(app: Flask) -> None:
    ann, first, second = make_people(app, "ann", "first", "second")
    group = ann.create_group(first, second)
    ann.end()
    assert first.room(group["id"])["owner_id"] == first.id
    assert first.members(group)[first.username]["role"] == "owner"
    first.end()
    second.end()
    assert not is_stored(app, group)


def test_a_direct_room_stays_readable_for_the_other_member(app: Flask) -> None:
    ann, bob = make_people(app, "ann", "bob")
    room = ann.talk_to(bob)
    ann.say(room, "remember me")
    ann.end()
    (listed,) = bob.rooms()
    assert (listed["id"], listed["peer"], listed["unread"]) == (room["id"], None, 1)
    assert [one["data"] for one in bob.history(room)["messages"]] == ["remember me"]
    assert error_of(bob.post_message(room, "hello?"), 403)["code"] == "forbidden"
    assert data_of(bob.put(f"/rooms/{room['id']}/read", json={"seq": 1}))["unread"] == 0


def test_a_direct_room_ends_when_both_accounts_are_deleted(app: Flask) -> None:
    ann, bob = make_people(app, "ann", "bob")
    room = ann.talk_to(bob)
    ann.say(room, "hello")
    ann.end()
    assert is_stored(app, room)
    bob.end()
    assert not is_stored(app, room)


def test_name_and_address_can_be_registered_anew_by_somebody_else(
    mailing: FlaskClient, mailbox: Mailbox, app: Flask
) -> None:
    def register(name: str, email: str) -> dict[str, Any]:
        mailing.post("/api/users/code", json={"email": email})
        body = {"username": name, "password": new_password(), "email": email}
        body["code"] = mailbox.wait_for_code(email)
        data: dict[str, Any] = data_of(mailing.post("/api/users", json=body), 201)
        return {**data, "password": body["password"]}

    (bob,) = make_people(app, "bob")
    name, email = new_name(), new_email()
    old = register(name, email)
    group = bob.create_group()
    old_headers = bearer(old["access_token"])
    data_of(mailing.post("/api/rooms/join", json={"number": group["number"]}, headers=old_headers))
    room = data_of(
        mailing.post("/api/rooms/direct", json={"username": bob.username}, headers=old_headers), 201
    )
    bob.say(room, "for the first one")
    body = {"password": old["password"]}
    assert mailing.delete("/api/users/me", json=body, headers=old_headers).status_code == 204

    new = register(name.upper(), email.upper())
    assert new["user"]["id"] != old["user"]["id"]
    assert data_of(mailing.get("/api/rooms", headers=bearer(new["access_token"]))) == []
    error_of(mailing.get("/api/users/me", headers=old_headers), 401)
    again = data_of(bob.post("/rooms/direct", json={"username": name}), 201)
    assert again["id"] != room["id"]
    bob.say(again, "for the second one")
    old_room = next(one for one in bob.rooms() if one["id"] == room["id"])
    assert old_room["peer"] is None


@pytest.mark.parametrize(
    ("repository", "method"), [(SessionRepository, "end_all"), (UserRepository, "erase")]
)
def test_a_failure_after_the_first_step_is_made_up_for_by_the_job(
    app: Flask, monkeypatch: pytest.MonkeyPatch, repository: type, method: str
) -> None:
    ann, bob = make_people(app, "ann", "bob")
    group, room = ann.create_group(bob), ann.talk_to(bob)
    ann.say(group, "hello")
    with monkeypatch.context() as broken:
        broken.setattr(repository, method, fail)
        error_of(ann.delete("/users/me", json={"password": ann.password}), 503)
    app.extensions["chat"].jobs.run_due()
    error_of(ann.get("/users/me"), 401)
    assert bob.members(group)[bob.username]["role"] == "owner"
    assert set(bob.members(group)) == {bob.username}
    assert bob.room(room["id"])["peer"] is None


def test_a_failure_of_the_first_step_changes_nothing(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = make_people(app, "ann", "bob")
    room = ann.talk_to(bob)
    with monkeypatch.context() as broken:
        broken.setattr(JobRepository, "insert", fail)
        error_of(ann.delete("/users/me", json={"password": ann.password}), 503)
    app.extensions["chat"].jobs.run_due()
    bob.say(room, "still there")
    assert ann.room(room["id"])["unread"] == 1


def fail(*_: object) -> None:
    raise AutoReconnect("gone")


def test_before_the_job_an_account_can_do_nothing_and_nothing_can_be_done_to_it(
    app: Flask,
) -> None:
    ann, bob = make_people(app, "ann", "bob")
    services, group, room = app.extensions["chat"], bob.create_group(ann), ann.talk_to(bob)
    response = ann.delete("/users/me", json={"password": ann.password})
    assert response.status_code == 204
    assert MembershipRepository(services.database).find(group["id"], ann.id)  # it is left later
    error_of(ann.get("/users/me"), 401)
    error_of(ann.post_message(group, "still here"), 401)
    refresh = ann.client.post("/api/session/refresh", headers=bearer(ann.refresh_token))
    error_of(refresh, 401)
    error_of(bob.get(f"/users/{ann.username}"), 404)
    error_of(bob.post(f"/rooms/{group['id']}/members", json={"username": ann.username}), 404)
    error_of(bob.post("/rooms/direct", json={"username": ann.username}), 404)
    assert error_of(bob.post_message(room, "hello?"), 403)["code"] == "forbidden"
    assert set(bob.members(group)) == {bob.username}
    for act in (
        lambda: services.groups.create_group(ann.model, "Tea"),
        lambda: services.joining.join(ann.model, bob.create_group()["number"]),
        lambda: services.direct_rooms.direct_with(ann.model, make_account(app).username),
    ):  # as a request does that was let in a moment before
        with pytest.raises(Unauthorized):
            act()
    for send in (group, room):
        with pytest.raises(NotFound):
            services.messages.send(ann.model, send["id"], "c", "from beyond")
    services.jobs.run_due()
    assert is_nowhere(app, ann)


def is_nowhere(app: Flask, person: Person) -> bool:
    """Return whether a user has no rooms, no memberships and no sessions."""
    database, key = app.extensions["chat"].database.db, {"user_identity": ObjectId(person.id)}
    alive = database["session"].find_one({**key, "ended_at": None})
    return not any([alive, *(database[name].find_one(key) for name in ("room", "user_room"))])


@pytest.mark.parametrize("groups", [30, pytest.param(2_000, marks=pytest.mark.torture)])
def test_an_account_of_many_groups_ends_at_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch, groups: int
) -> None:
    monkeypatch.setattr(jobs, "PAUSE_FACTOR", 0.0)
    ann, bob = make_people(app, "ann", "bob")
    services = app.extensions["chat"]
    shared = [ann.create_group(bob) for _ in range(3)]
    for _ in range(groups - len(shared)):
        services.groups.create_group(ann.model, "Tea")
    began = time.monotonic()
    response = ann.delete("/users/me", json={"password": ann.password})
    assert (response.status_code, time.monotonic() - began < 4.5) == (204, True)
    services.jobs.run_due()
    assert is_nowhere(app, ann)
    assert [bob.members(group)[bob.username]["role"] for group in shared] == ["owner"] * 3


def test_rooms_made_while_the_account_ends_are_not_left_behind(app: Flask) -> None:
    ann, bob = make_people(app, "ann", "bob")
    services, groups = app.extensions["chat"], [bob.create_group() for _ in range(20)]

    def make(group: dict[str, Any]) -> None:
        for act in (
            lambda: services.groups.create_group(ann.model, "Tea"),
            lambda: services.joining.join(ann.model, group["number"]),
            lambda: services.direct_rooms.direct_with(ann.model, bob.username),
        ):
            try:
                act()
            except (NotFound, Unauthorized):
                continue

    with ThreadPoolExecutor(21) as pool:
        making = [pool.submit(make, group) for group in groups]
        services.account_removal.remove(ann.id)
        services.jobs.run_due()
        for one in making:
            one.result()
    services.jobs.run_due()
    assert is_nowhere(app, ann)


def test_of_two_deletions_at_once_one_is_enough(app: Flask) -> None:
    ann, bob = make_people(app, "ann", "bob")
    group = ann.create_group(bob)
    other = log_in(app.test_client(), ann.username, ann.password)
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda one: one.delete("/users/me", json={"password": ann.password}), (ann, other)
            )
        )
    assert {answer.status_code for answer in answers} <= {204, 401}
    assert 204 in {answer.status_code for answer in answers}
    app.extensions["chat"].jobs.run_due()
    assert is_nowhere(app, ann)
    assert bob.members(group)[bob.username]["role"] == "owner"
