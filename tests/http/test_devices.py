"""Known devices and networks of an account: their effect and their lifetime."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from limits import RateLimitItemPerMinute
from werkzeug.test import TestResponse

from chat.limits.rules import Rule
from chat.repositories.codes import CodeRepository
from chat.services.codes import VerificationCodes
from harness.accounts import (
    Account,
    bearer,
    data_of,
    error_of,
    make_account,
    new_email,
    new_name,
    new_password,
)

MakeApp = Callable[..., Flask]
SetPassword = Callable[[Flask, FlaskClient, Account, str], TestResponse]
COOKIES = {"X-Session": "cookie"}


def log_in(client: FlaskClient, name: str, password: str, address: str) -> TestResponse:
    """Log in as a page does, which keeps cookies."""
    return client.post(
        "/api/session",
        json={"username": name, "password": password},
        headers=COOKIES,
        environ_base={"REMOTE_ADDR": address},
    )


def known_browsers(app: Flask, account: Account, count: int, address: str) -> list[FlaskClient]:
    """Return browsers with a device token of an account."""
    browsers = [app.test_client() for _ in range(count)]
    for browser in browsers:
        data_of(log_in(browser, account.username, account.password, address))
        assert browser.get_cookie("chat_device", path="/api/session")
    return browsers


def few_of_known(monkeypatch: pytest.MonkeyPatch, amount: int) -> None:
    """Set the limit of wrong passwords of all known devices or networks of an account."""
    rule = Rule("login-known", RateLimitItemPerMinute(amount, 5), shared=True)
    monkeypatch.setattr("chat.services.password_checks.FAILED_LOGINS_OF_KNOWN", rule)


def by_the_current_one(app: Flask, client: FlaskClient, one: Account, new: str) -> TestResponse:
    change = {"current_password": one.password, "password": new}
    headers = {**bearer(one.access_token), **COOKIES}
    return client.put("/api/users/me/password", json=change, headers=headers)


def codes_of(app: Flask) -> VerificationCodes:
    """Return what makes the codes of an app, without mailing them."""
    codes = CodeRepository(app.extensions["chat"].database)
    return VerificationCodes(codes=codes, secret=app.config["SECRET_KEY"])


def by_a_code(app: Flask, client: FlaskClient, one: Account, new: str) -> TestResponse:
    email = one.user["email"]
    reset = {"email": email, "code": codes_of(app).issue(email, "reset"), "password": new}
    return client.put("/api/users/password", json=reset, headers=COOKIES)


def by_a_link(app: Flask, client: FlaskClient, one: Account, new: str) -> TestResponse:
    _, _, token = app.extensions["chat"].account_administration.issue_reset(one.username)
    reset = {"reset_token": token, "password": new}
    return client.put("/api/users/password", json=reset, headers=COOKIES)


def make_account_with_email(app: Flask) -> Account:
    """Register an account by a mailed code."""
    email, name, password = new_email(), new_name(), new_password()
    body = {"username": name, "password": password, "email": email}
    body["code"] = codes_of(app).issue(email, "register")
    client = app.test_client()
    return Account(client, name, password, data_of(client.post("/api/users", json=body), 201))


@pytest.mark.parametrize("set_password", [by_the_current_one, by_a_code, by_a_link])
def test_device_tokens_are_void_after_a_password_change(
    make_app: MakeApp, set_password: SetPassword
) -> None:
    app = make_app(RATE_LIMITS=True)
    ada, new = make_account_with_email(app), new_password()
    hoard = known_browsers(app, ada, 6, "192.0.2.1")
    owner = app.test_client()
    assert set_password(app, owner, ada, new).status_code == 204
    for browser in hoard[:5]:
        error_of(log_in(browser, ada.username, new_password(), "198.51.100.1"), 401)
    error_of(log_in(hoard[5], ada.username, new_password(), "198.51.100.1"), 429)
    error_of(log_in(hoard[5], ada.username, new, "198.51.100.1"), 429)
    # The browser that set the password is known by it, wherever it is.
    data_of(log_in(owner, ada.username, new, "198.51.100.1"))


def test_the_devices_of_an_account_are_counted_together(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    few_of_known(monkeypatch, 3)
    app = make_app(RATE_LIMITS=True)
    ada, bob = make_account(app), make_account(app)
    browsers = known_browsers(app, ada, 4, "192.0.2.1")
    (elsewhere,) = known_browsers(app, bob, 1, "192.0.2.1")
    for number in range(3):
        address = f"198.51.100.{number}"
        error_of(log_in(browsers[number], ada.username, new_password(), address), 401)
    error_of(log_in(browsers[3], ada.username, ada.password, "198.51.100.9"), 429)
    data_of(log_in(elsewhere, bob.username, bob.password, "198.51.100.9"))
    # Without a token a device counts as unknown, or by its known network; both count apart.
    data_of(log_in(app.test_client(), ada.username, ada.password, "203.0.113.1"))
    data_of(log_in(app.test_client(), ada.username, ada.password, "192.0.2.1"))


def test_the_networks_of_an_account_are_counted_together(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    few_of_known(monkeypatch, 3)
    app = make_app(RATE_LIMITS=True)
    ada = make_account(app)
    networks = [f"2001:db8:0:{number:x}::1" for number in range(4)]
    for network in networks:
        data_of(log_in(app.test_client(), ada.username, ada.password, network))
    (browser,) = known_browsers(app, ada, 1, networks[0])
    for network in networks[:3]:
        error_of(log_in(app.test_client(), ada.username, new_password(), network), 401)
    error_of(log_in(app.test_client(), ada.username, ada.password, networks[3]), 429)
    data_of(log_in(browser, ada.username, ada.password, networks[3]))
    data_of(log_in(app.test_client(), ada.username, ada.password, "203.0.113.1"))
