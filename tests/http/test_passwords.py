"""Changing a password, and resetting it by a mailed code."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.repositories.users import UserRepository
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
from tests.mailbox import Mailbox


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only users of its own."""
    return shared_app


def test_a_changed_password_ends_every_session(app: Flask) -> None:
    alice = make_account(app)
    phone = log_in(app.test_client(), alice.username, alice.password)
    new = new_password()
    body = {"current_password": alice.password, "password": new}
    assert alice.put("/users/me/password", json=body).status_code == 204
    for session in (alice, phone):
        error_of(session.get("/users/me"), 401)
        refreshed = session.client.post(
            "/api/session/refresh", headers=bearer(session.refresh_token)
        )
        error_of(refreshed, 401)
    old = {"username": alice.username, "password": alice.password}
    error_of(app.test_client().post("/api/session", json=old), 401)
    log_in(app.test_client(), alice.username, new)


def test_a_password_is_not_changed_without_the_current_one(app: Flask) -> None:
    alice = make_account(app)
    body = {"current_password": new_password(), "password": new_password()}
    error = error_of(alice.put("/users/me/password", json=body), 400)
    assert list(error["fields"]) == ["current_password"]
    log_in(app.test_client(), alice.username, alice.password)


def test_no_letter_of_a_long_password_is_cut_off(app: Flask) -> None:
    alice = make_account(app)
    new = (new_password() * 8)[:127]
    body = {"current_password": alice.password, "password": f"{new}a"}
    assert alice.put("/users/me/password", json=body).status_code == 204
    other = {"username": alice.username, "password": f"{new}b"}
    error_of(app.test_client().post("/api/session", json=other), 401)
    log_in(app.test_client(), alice.username, f"{new}a")


@pytest.mark.parametrize("path", ["/users/me/password", "/users/password"])
def test_a_common_password_is_no_new_password(app: Flask, path: str) -> None:
    alice = make_account(app)
    body = {"password": "Sunshine"}
    error = error_of(alice.put(path, json=body, headers={"Accept-Language": "en"}), 400)
    assert error["fields"]["password"][0].startswith("This password is one of the most common")


def test_a_change_that_another_one_overtakes_is_refused(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = make_account(app)
    users = UserRepository(app.extensions["chat"].database)
    other, hash_ = new_password(), Passwords.hash

    def overtaken(self: Passwords, password: str) -> str:
        users.update(alice.id, {"password_hash": hash_(self, other)}, 2)
        return hash_(self, password)

    body = {"current_password": alice.password, "password": new_password()}
    with monkeypatch.context() as patch:
        patch.setattr(Passwords, "hash", overtaken)
        error = error_of(alice.put("/users/me/password", json=body), 400)
    assert list(error["fields"]) == ["current_password"]
    log_in(app.test_client(), alice.username, other)


def test_failures_to_log_in_do_not_keep_the_user_from_a_new_password(
    make_app: Callable[..., Flask],
) -> None:
    alice = make_account(make_app(RATE_LIMITS=True))
    wrong = {"username": alice.username, "password": new_password()}
    for _ in range(5):
        error_of(alice.client.post("/api/session", json=wrong), 401)
    error_of(alice.client.post("/api/session", json=wrong), 429)
    body = {"current_password": alice.password, "password": new_password()}
    assert alice.put("/users/me/password", json=body).status_code == 204


def test_guessing_the_current_password_is_limited_like_log_in(
    make_app: Callable[..., Flask],
) -> None:
    alice = make_account(make_app(RATE_LIMITS=True))
    body = {"current_password": new_password(), "password": new_password()}
    for _ in range(5):
        error_of(alice.put("/users/me/password", json=body), 400)
    body["current_password"] = alice.password
    error_of(alice.put("/users/me/password", json=body), 429)


@pytest.fixture
def email(mailing: FlaskClient, mailbox: Mailbox) -> str:
    """The address of someone who has registered."""
    email = new_email()
    mailing.post("/api/users/code", json={"email": email})
    body = {"username": new_name(), "password": new_password(), "email": email}
    body["code"] = mailbox.wait_for_code(email)
    data_of(mailing.post("/api/users", json=body), 201)
    return email


def test_a_mailed_code_sets_a_new_password_and_ends_every_session(
    mailing: FlaskClient, mailbox: Mailbox, email: str
) -> None:
    mailing.post("/api/users/code", json={"email": email, "purpose": "reset"})
    body = {"email": email, "code": mailbox.wait_for_code(email), "password": new_password()}
    assert mailing.put("/api/users/password", json=body).status_code == 204
    after = log_in(mailing, email, body["password"])
    assert len(data_of(after.get("/session"))) == 1
    again = {**body, "password": new_password()}
    assert list(error_of(mailing.put("/api/users/password", json=again), 400)["fields"]) == ["code"]


def test_a_changed_password_voids_a_code_that_was_mailed_before(
    mailing: FlaskClient, mailbox: Mailbox
) -> None:
    email, password = new_email(), new_password()
    mailing.post("/api/users/code", json={"email": email})
    body = {"username": new_name(), "password": password, "email": email}
    body["code"] = mailbox.wait_for_code(email)
    token = data_of(mailing.post("/api/users", json=body), 201)["access_token"]
    mailing.post("/api/users/code", json={"email": email, "purpose": "reset"})
    code = mailbox.wait_for_code(email)
    change = {"current_password": password, "password": new_password()}
    changed = mailing.put("/api/users/me/password", json=change, headers=bearer(token))
    assert changed.status_code == 204
    reset = {"email": email, "code": code, "password": new_password()}
    assert list(error_of(mailing.put("/api/users/password", json=reset), 400)["fields"]) == ["code"]


def test_a_code_to_register_does_not_reset(
    mailing: FlaskClient, mailbox: Mailbox, email: str
) -> None:
    other = new_email()
    mailing.post("/api/users/code", json={"email": other})
    code = mailbox.wait_for_code(other)
    body = {"email": other, "code": code, "password": new_password()}
    error_of(mailing.put("/api/users/password", json=body), 400)
    unknown = {"email": new_email(), "code": "123456", "password": new_password()}
    wrong = {"email": email, "code": "123456", "password": new_password()}
    answers = [mailing.put("/api/users/password", json=each) for each in (unknown, wrong)]
    assert answers[0].data == answers[1].data
