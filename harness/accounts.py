"""Test accounts on an app in this process, with HTTP clients that are logged in."""

from __future__ import annotations

import secrets
from functools import cache
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chat.services.passwords import Passwords

ENGLISH = {"Accept-Language": "en"}


def new_name() -> str:
    """Return a username that no other test has."""
    return f"u{secrets.token_hex(6)}"


def new_password() -> str:
    """Return a good password."""
    return secrets.token_urlsafe(12)


@cache
def hashed_password() -> tuple[str, str]:
    """Return the password of all whom this process makes, and its hash, which takes a while."""
    password = new_password()
    return password, Passwords().hash(password)


def new_email() -> str:
    """Return an address that no other test has."""
    return f"{new_name()}@example.org"


class Account:
    """A logged-in user; `get`, `post` … call the API with the user's token."""

    def __init__(
        self, client: FlaskClient, username: str, password: str, data: dict[str, Any]
    ) -> None:
        self.client = client
        self.username = username
        self.password = password
        self.user: dict[str, Any] = data["user"]
        self.id: str = data["user"]["id"]
        self.access_token: str = data["access_token"]
        self.refresh_token: str = data["refresh_token"]

    def call(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        """Call `/api` + path with the access token."""
        headers = {**bearer(self.access_token), **kwargs.pop("headers", {})}
        return self.client.open("/api" + path, method=method, headers=headers, **kwargs)

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("POST", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("PUT", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("PATCH", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("DELETE", path, **kwargs)

    def end(self) -> None:
        """Delete the account, and run the job that removes it from its rooms."""
        response = self.delete("/users/me", json={"password": self.password})
        assert (response.status_code, response.data) == (204, b"")
        self.client.application.extensions["chat"].jobs.run_due()


def make_account(app: Flask, username: str | None = None) -> Account:
    """Create a user without an e-mail code, and log in over HTTP."""
    username = username or new_name()
    list(app.extensions["chat"].accounts.create_many([username], *hashed_password()))
    return log_in(app.test_client(), username, hashed_password()[0])


def log_in(client: FlaskClient, username: str, password: str) -> Account:
    """Log in over HTTP."""
    response = client.post("/api/session", json={"username": username, "password": password})
    assert response.status_code == 200, response.get_json()
    return Account(client, username, password, response.get_json()["data"])


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def error_of(response: TestResponse, status: int) -> dict[str, Any]:
    """Return the error in a response, which must have this status."""
    assert response.status_code == status, response.get_data(as_text=True)
    body = response.get_json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    return error


def data_of(response: TestResponse, status: int = 200) -> Any:
    """Return the data in a response, which must have this status."""
    assert response.status_code == status, response.get_data(as_text=True)
    body = response.get_json()
    assert set(body) == {"data"}
    return body["data"]
