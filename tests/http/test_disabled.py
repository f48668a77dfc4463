"""Disabled accounts, and links to reset a password."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from chat.repositories.documents import date_of
from chat.repositories.sessions import SessionRepository
from harness.accounts import (
    ENGLISH,
    Account,
    bearer,
    data_of,
    error_of,
    log_in,
    make_account,
    new_password,
)
from harness.people import make_people, operator

MakeApp = Callable[..., Flask]


def log_in_response(app: Flask, account: Account, password: str | None = None) -> dict[str, str]:
    body = {"username": account.username, "password": password or account.password}
    response = app.test_client().post("/api/session", json=body, headers=ENGLISH)
    return error_of(response, 403 if password is None else 401)


def test_only_the_right_password_reveals_that_an_account_is_disabled(app: Flask) -> None:
    ann = make_account(app)
    operator(app).disable_user(ann.username.upper())
    told = log_in_response(app, ann)
    assert told["code"] == "forbidden" and told["message"].startswith("This account is disabled")
    assert log_in_response(app, ann, new_password())["code"] == "unauthorized"
    operator(app).enable_user(ann.username)
    log_in(app.test_client(), ann.username, ann.password)


def test_sessions_from_before_are_over_and_stay_so(app: Flask) -> None:
    ann = make_account(app)
    operator(app).disable_user(ann.username)
    for _ in range(2):
        error_of(ann.get("/users/me"), 401)
        refresh = ann.client.post("/api/session/refresh", headers=bearer(ann.refresh_token))
        error_of(refresh, 401)
        operator(app).enable_user(ann.username)
        operator(app).disable_user(ann.username)


def test_a_session_that_was_not_ended_is_refused_all_the_same(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash of the command between its two writes, nobody has access."""
    ann = make_account(app)
    with monkeypatch.context() as patch:
        patch.setattr(SessionRepository, "end_all", lambda *_: [])
        operator(app).disable_user(ann.username)
    error_of(ann.get("/users/me"), 401)
    error_of(ann.client.post("/api/session/refresh", headers=bearer(ann.refresh_token)), 401)


def test_a_log_in_that_is_under_way_does_not_get_in(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, insert = make_account(app), SessionRepository.insert_many

    def overtaken(self: SessionRepository, *args: object) -> object:
        operator(app).disable_user(ann.username)
        return insert(self, *args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(SessionRepository, "insert_many", overtaken)
        log_in_response(app, ann, ann.password)
    assert app.extensions["chat"].sessions.list(ann.id) == []


def test_others_see_them_as_before_but_do_not_find_them_by_a_search(app: Flask) -> None:
    ann, bob = make_people(app, "ann", "bob")
    group = bob.create_group(ann)
    ann.say(group, "before")
    seen = data_of(bob.get(f"/users/{ann.username}"))
    operator(app).disable_user(ann.username)
    assert data_of(bob.get(f"/users/{ann.username}")) == seen
    assert ann.username in bob.members(group)
    (message,) = bob.history(group)["messages"]
    assert message["username"] == ann.username
    found = data_of(bob.get("/users", query_string={"q": ann.username}))
    assert found == []
    bob.say(bob.talk_to(ann), "for later")  # stored for later, as for any offline user
    operator(app).enable_user(ann.username)
    (found,) = data_of(bob.get("/users", query_string={"q": ann.username}))
    assert found == seen
    back = log_in(app.test_client(), ann.username, ann.password)
    unread = {room["kind"]: room["unread"] for room in data_of(back.get("/rooms"))}
    assert unread == {"group": 0, "direct": 1}


def test_a_link_sets_a_new_password_once_and_ends_every_session(app: Flask) -> None:
    ann, new = make_account(app), new_password()
    _, _, token = operator(app).issue_reset(ann.username)
    assert len(token) == 22
    (stored,) = app.extensions["chat"].database.db["link"].find()
    assert token not in str(stored)
    client = app.test_client()
    short = {"reset_token": token, "password": "short"}
    assert list(error_of(client.put("/api/users/password", json=short), 400)["fields"]) == [
        "password"
    ]
    reset = {"reset_token": token, "password": new}
    assert client.put("/api/users/password", json=reset).status_code == 204
    error_of(ann.get("/users/me"), 401)
    again = error_of(client.put("/api/users/password", json=reset), 400)
    assert list(again["fields"]) == ["reset_token"]
    log_in(client, ann.username, new)


@pytest.mark.parametrize("how", ["expired", "replaced", "password changed", "account gone"])
def test_a_void_reset_link_is_refused(app: Flask, how: str) -> None:
    (ann,) = make_people(app, "ann")
    _, _, token = operator(app).issue_reset(ann.username)
    services = app.extensions["chat"]
    if how == "expired":
        a_moment_ago = date_of(services.database.now_ms() - 1)
        services.database.db["link"].update_one({}, {"$set": {"expires_at": a_moment_ago}})
    elif how == "replaced":
        operator(app).issue_reset(ann.username)
    elif how == "password changed":
        change = {"current_password": ann.password, "password": new_password()}
        assert ann.put("/users/me/password", json=change).status_code == 204
    else:
        ann.end()
    reset = {"reset_token": token, "password": new_password()}
    error = error_of(app.test_client().put("/api/users/password", json=reset), 400)
    assert list(error["fields"]) == ["reset_token"]


def test_a_link_serves_its_own_purpose_alone(app: Flask) -> None:
    ann = make_account(app)
    _, invitation = operator(app).issue_registration(1, 1)
    _, _, reset_token = operator(app).issue_reset(ann.username)
    client = app.test_client()
    crossed = {"reset_token": invitation, "password": new_password()}
    error_of(client.put("/api/users/password", json=crossed), 400)
    crossed = {"invitation": reset_token, "password": new_password(), "username": "crossed"}
    error_of(client.post("/api/users", json=crossed), 400)


def test_a_link_comes_with_no_code(app: Flask) -> None:
    ann = make_account(app)
    _, _, token = operator(app).issue_reset(ann.username)
    both = {"reset_token": token, "email": "a@example.org", "code": "1", "password": new_password()}
    error = error_of(app.test_client().put("/api/users/password", json=both), 400)
    assert list(error["fields"]) == ["reset_token"]
    neither = error_of(
        app.test_client().put("/api/users/password", json={"password": "x" * 9}), 400
    )
    assert list(neither["fields"]) == ["email", "code"]


def test_wrong_links_are_limited_for_each_caller(make_app: MakeApp) -> None:
    app = make_app(RATE_LIMITS=True)
    ann, client = make_account(app), app.test_client()
    body = {"reset_token": "A" * 22, "password": new_password()}
    for _ in range(60):
        error_of(client.put("/api/users/password", json=body), 400)
    error_of(client.put("/api/users/password", json=body), 429)
    _, _, token = operator(app).issue_reset(ann.username)
    good = client.put("/api/users/password", json={**body, "reset_token": token})
    assert good.status_code == 204


def test_an_operator_ends_an_account_as_its_owner_would(app: Flask) -> None:
    ann, bob = make_people(app, "ann", "bob")
    group = ann.create_group(bob)
    ann.say(group, "stays")
    operator(app).disable_user(ann.username)
    operator(app).end_user(ann.id)
    error_of(bob.get(f"/users/{ann.username}"), 404)
    app.extensions["chat"].jobs.run_due()
    assert set(bob.members(group)) == {bob.username}
    assert bob.room(group["id"])["owner_id"] == bob.id
    (message,) = bob.history(group)["messages"]
    assert (message["data"], message["username"]) == ("stays", "")
