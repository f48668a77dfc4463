"""A page binds its session to a key: the refresh token alone, which a cookie may carry to a
neighbour on another port, is no use then.
"""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from harness.accounts import bearer, data_of, error_of, make_account, new_email
from tests.http.test_users import ask_code, form
from tests.mailbox import Mailbox

COOKIE = {"X-Session": "cookie"}
REFRESH = "/api/session/refresh"


def with_key(key: str) -> dict[str, str]:
    return COOKIE | {"X-Session-Key": key}


def new_key() -> str:
    return secrets.token_hex(32)


def log_in(app: Flask, headers: dict[str, str]) -> tuple[FlaskClient, dict[str, Any]]:
    """Log in as somebody new; return the browser, which keeps the cookie, and the answer."""
    alice, browser = make_account(app), app.test_client()
    body = {"username": alice.username, "password": alice.password}
    return browser, data_of(browser.post("/api/session", json=body, headers=headers))


def stolen(browser: FlaskClient) -> str:
    """Return the refresh token, as a server on another port gets it."""
    cookie = browser.get_cookie("chat_refresh", path="/api/session")
    assert cookie is not None
    return cookie.value


def use(app: Flask, token: str, way: str, call: tuple[str, str], key: str | None) -> TestResponse:
    """Show a refresh token in the header or in the cookie."""
    headers = {"X-Session-Key": key} if key else {}
    if way == "cookie":
        headers |= COOKIE | {"Cookie": f"chat_refresh={token}"}
    else:
        headers |= bearer(token)
    thief = app.test_client(use_cookies=False)  # it writes the header Cookie itself
    return thief.open(call[1], method=call[0], headers=headers)


@pytest.mark.parametrize("way", ["cookie", "header"])
@pytest.mark.parametrize("call", [("POST", REFRESH), ("DELETE", "/api/session")], ids=" ".join)
def test_a_stolen_cookie_is_no_use(shared_app: Flask, way: str, call: tuple[str, str]) -> None:
    key = new_key()
    browser, data = log_in(shared_app, with_key(key))
    token = stolen(browser)
    for wrong in (None, new_key()):
        response = use(shared_app, token, way, call, wrong)
        assert error_of(response, 401)["code"] == "unauthorized"
        assert "Set-Cookie" not in response.headers
    data_of(browser.get("/api/users/me", headers=bearer(data["access_token"])))
    data_of(browser.post(REFRESH, headers=with_key(key)))
    assert use(shared_app, stolen(browser), way, call, key).status_code in (200, 204)


def test_a_registration_is_bound_too(mailing: FlaskClient, mailbox: Mailbox) -> None:
    own, email = with_key(new_key()), new_email()
    body = form(email, ask_code(mailing, mailbox, email))
    data_of(mailing.post("/api/users", json=body, headers=own), 201)
    error_of(mailing.post(REFRESH, headers=COOKIE), 401)
    data_of(mailing.post(REFRESH, headers=own))


def test_a_session_from_before_is_bound_at_its_next_refresh(shared_app: Flask) -> None:
    browser, _ = log_in(shared_app, COOKIE)
    data_of(browser.post(REFRESH, headers=COOKIE))  # a page that keeps nothing has no key
    own = with_key(new_key())
    data_of(browser.post(REFRESH, headers=own))
    error_of(browser.post(REFRESH, headers=COOKIE), 401)
    error_of(browser.post(REFRESH, headers=with_key(new_key())), 401)
    data_of(browser.post(REFRESH, headers=own))


def test_tokens_in_bodies_need_no_key(shared_app: Flask) -> None:
    alice = make_account(shared_app)
    tokens = data_of(alice.client.post(REFRESH, headers=bearer(alice.refresh_token)))
    data_of(alice.client.post(REFRESH, headers=bearer(tokens["refresh_token"])))


def test_two_tabs_with_one_key_refresh_at_once(shared_app: Flask) -> None:
    own = with_key(new_key())
    browser, _ = log_in(shared_app, own)
    late = {**own, "Cookie": f"chat_refresh={stolen(browser)}"}
    data_of(browser.post(REFRESH, headers=own))
    data_of(shared_app.test_client(use_cookies=False).post(REFRESH, headers=late))
    data_of(browser.post(REFRESH, headers=own))


@pytest.mark.parametrize(
    "key", ["", "short", "x" * 129, "x" * 21, "key with spaces in it, long", "k" * 30 + "'"]
)
def test_what_can_be_no_key_is_said(shared_app: Flask, key: str) -> None:
    alice = make_account(shared_app)
    browser = shared_app.test_client()
    body = {"username": alice.username, "password": alice.password}
    error = error_of(browser.post("/api/session", json=body, headers=with_key(key)), 400)
    assert list(error["fields"]) == ["X-Session-Key"]
    assert browser.get_cookie("chat_refresh", path="/api/session") is None
