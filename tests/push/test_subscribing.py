"""Subscribing a session over HTTP, and what ends that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from chat.ids import new_id
from harness.accounts import data_of, error_of, new_password
from harness.people import operator
from tests.push.conftest import Town
from tests.push.service import decoded, encoded


def test_all_processes_and_starts_have_one_key(make_app: Callable[..., Flask]) -> None:
    first, second = (make_app(SECRET_KEY="s" * 40).extensions["chat"] for _ in range(2))
    key = first.push_subscriptions.public_key()
    assert second.push_subscriptions.public_key() == key and len(decoded(key)) == 65
    stored = first.database.db["state"].find_one({"_id": "push_key"})
    assert key not in str(stored)
    # With another secret all sessions end, and the key that it sealed is replaced.
    other = make_app(SECRET_KEY="t" * 40).extensions["chat"]
    assert other.push_subscriptions.public_key() != key


def test_the_page_gets_the_key(town: Town) -> None:
    key = data_of(town.ann.get("/push/key"))["key"]
    assert key == town.services.push_subscriptions.public_key()


def test_a_session_has_one_subscription(town: Town) -> None:
    town.subscribe()
    other = f"{town.service.origin}/push/other"
    town.subscribe(endpoint=other)
    assert town.endpoint() == other
    for _ in range(2):
        assert town.ann.delete("/session/push").status_code == 204
    assert town.endpoint() is None


@pytest.mark.parametrize("end", ["log out", "elsewhere", "password", "disabled", "deleted"])
def test_a_subscription_ends_with_its_session(town: Town, end: str) -> None:
    town.subscribe()
    if end == "log out":
        town.ann.delete("/session")
    elif end == "elsewhere":
        (session,) = data_of(town.ann.get("/session"))
        town.ann.delete(f"/session/{session['id']}")
    elif end == "password":
        body = {"current_password": town.ann.password, "password": new_password()}
        assert town.ann.put("/users/me/password", json=body).status_code == 204
    elif end == "disabled":
        operator(town.app).disable_user(town.ann.username)
    else:
        town.ann.delete("/users/me", json={"password": town.ann.password})
    assert town.endpoint() is None


POINT = encoded(b"\x04" + b"\x01" * 64)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("endpoint", "http://push.example.org/x"),
        ("endpoint", "https://user:word@push.example.org/x"),
        ("endpoint", "https://push.example.org/" + "x" * 1_000),
        ("endpoint", "https://push.example.org/x#y"),
        ("endpoint", "https://a..b/x"),
        ("endpoint", f"https://{'a' * 64}.example.org/x"),
        ("endpoint", 7),
        ("endpoint", None),
        ("keys", None),
        ("keys", {}),
        ("keys", {"p256dh": POINT, "auth": encoded(b"a" * 16)}),  # on no curve
        ("keys", {"p256dh": "x" * 5_000, "auth": encoded(b"a" * 16)}),
        ("text", "yes"),
        ("more", 1),
    ],
)
def test_a_wrong_subscription_is_refused(town: Town, field: str, value: object) -> None:
    body: dict[str, Any] = {**town.browser.subscription, field: value}
    error = error_of(town.ann.put("/session/push", json=body), 400)
    assert error["code"] == "validation_error" and list(error["fields"]) == [field]


def test_a_short_secret_is_refused(town: Town) -> None:
    keys = {**town.browser.subscription["keys"], "auth": encoded(b"a" * 8)}
    body = {**town.browser.subscription, "keys": keys}
    error = error_of(town.ann.put("/session/push", json=body), 400)
    assert list(error["fields"]) == ["keys"]


def test_a_session_that_has_ended_meanwhile_gets_none(town: Town) -> None:
    subscriptions = town.services.push_subscriptions
    with pytest.raises(Exception, match="unauthorized"):
        subscriptions.subscribe(
            town.ann.model, new_id(), endpoint="https://push.example.org/", keys=("", ""), text=True
        )
