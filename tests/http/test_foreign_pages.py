"""Requests from pages of other origins are refused before they cost anything."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask import Flask

from harness.accounts import (
    bearer,
    data_of,
    error_of,
    log_in,
    make_account,
    new_email,
    new_password,
)

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
ALLOWED = "https://talk.example.org"
# What browsers say of pages: of another site, of another port of this host, of a sandbox.
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "https://localhost"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "Cross-Site"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
]
OWN = [
    {},
    {"Origin": "http://localhost"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": ALLOWED, "Sec-Fetch-Site": "cross-site"},
    {"Origin": ALLOWED, "Sec-Fetch-Site": "same-site"},
]
FORMS = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
POLLING = "/socket.io/?EIO=4&transport=polling"


@pytest.fixture
def counting(make_app: Callable[..., Flask]) -> Flask:
    """An app with rate limits that allows pages of one other origin."""
    return make_app(RATE_LIMITS=True, CORS_ORIGINS=ALLOWED)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_no_call_that_changes_something_is_open_to_foreign_pages(
    shared_app: Flask, headers: dict[str, str]
) -> None:
    calls = [
        (method, rule.rule.replace("<", "").replace(">", ""))
        for rule in shared_app.url_map.iter_rules()
        for method in (rule.methods or set()) & CHANGING
    ]
    assert ("POST", "/api/session") in calls
    client = shared_app.test_client()
    for method, path in calls:
        response = client.open(path, method=method, json={}, headers=headers)
        assert error_of(response, 403)["code"] == "forbidden", (method, path)


@pytest.mark.parametrize("headers", OWN, ids=str)
def test_ones_own_pages_allowed_ones_and_other_programs_pass(
    counting: Flask, headers: dict[str, str]
) -> None:
    alice = make_account(counting)
    body = {"username": alice.username, "password": alice.password}
    client = counting.test_client()
    tokens = data_of(client.post("/api/session", json=body, headers=headers))
    data_of(client.get("/api/users/me", headers=bearer(tokens["access_token"]) | headers))
    assert client.get(POLLING, headers=headers).status_code == 200


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_foreign_pages_read_nothing(shared_app: Flask, headers: dict[str, str]) -> None:
    alice = make_account(shared_app)
    for method in ("GET", "HEAD", "OPTIONS"):
        for path in ("/users/me", "/rooms", "/users?q=a", "/nothing"):
            assert alice.call(method, path, headers=headers).status_code == 403
        response = shared_app.test_client().open(POLLING, method=method, headers=headers)
        assert response.status_code == 403


def test_a_link_from_another_site_is_followed_to_the_page_alone(shared_app: Flask) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    for path in ("/", "/r/123456789", "/health"):
        assert shared_app.test_client().get(path, headers=headers).status_code == 200
    error_of(shared_app.test_client().get("/api/users/me", headers=headers), 403)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_foreign_page_opens_no_polling_session(
    shared_app: Flask, headers: dict[str, str]
) -> None:
    for method in ("GET", "POST"):
        response = shared_app.test_client().open(
            POLLING, method=method, data="40/group,", headers=headers
        )
        assert error_of(response, 403)["code"] == "forbidden"


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}], ids=["old", "new"])
def test_foreign_pages_spend_no_log_ins(
    counting: Flask, kind: str, headers: dict[str, str]
) -> None:
    alice = make_account(counting)
    client = counting.test_client()
    body = json.dumps({"username": alice.username, "password": new_password()})
    for _ in range(60):
        response = client.post("/api/session", data=body, content_type=kind, headers=headers)
        assert response.status_code == (403 if headers else 415)
    log_in(client, alice.username, alice.password)


def test_foreign_pages_cause_no_mail(counting: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr("chat.services.code_sender.spawn", lambda *call: sent.append(call))
    client, email = counting.test_client(), new_email()
    body = json.dumps({"email": email})
    for _ in range(3):  # as many as an address gets an hour
        error_of(client.post("/api/users/code", data=body, content_type="text/plain"), 415)
        foreign = {"Sec-Fetch-Site": "cross-site"}
        error_of(client.post("/api/users/code", json={"email": email}, headers=foreign), 403)
    assert sent == []
    assert client.post("/api/users/code", json={"email": email}).status_code == 202
    assert len(sent) == 1


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "APPLICATION/JSON",
        "Application/Json ; Charset=utf-8",
    ],
)
def test_json_is_accepted_in_any_spelling_of_its_type(shared_app: Flask, kind: str) -> None:
    alice = make_account(shared_app)
    body = json.dumps({"nickname": "Alice"})
    data_of(alice.patch("/users/me", data=body, content_type=kind))


@pytest.mark.parametrize(
    "kind",
    [
        *FORMS,
        None,
        "",
        "text/json",
        "application/jsonp",
        "application/problem+json",
        "text/plain; application/json",
        "text/plain;x=application/json",
        "text/plain, application/json",
        "application/octet-stream",
    ],
)
def test_any_other_body_is_refused_and_says_why(shared_app: Flask, kind: str | None) -> None:
    alice = make_account(shared_app)
    headers = {**bearer(alice.access_token), "Accept-Language": "en"}
    for method, path in [("PATCH", "/users/me"), ("POST", "/rooms"), ("DELETE", "/session")]:
        response = shared_app.test_client().open(
            f"/api{path}",
            method=method,
            data='{"nickname":"A"}',
            content_type=kind,
            headers=headers,
        )
        error = error_of(response, 415)
        assert error["code"] == "unsupported_media_type"
        assert "application/json" in error["message"]
    assert data_of(alice.get("/users/me"))["nickname"] == alice.username


@pytest.mark.parametrize("kind", [None, "text/plain", "application/json"])
def test_calls_without_a_body_need_no_type(shared_app: Flask, kind: str | None) -> None:
    alice = make_account(shared_app)
    token = bearer(alice.refresh_token)
    response = shared_app.test_client().post(
        "/api/session/refresh", content_type=kind, headers=token
    )
    tokens = data_of(response)
    token = bearer(tokens["access_token"])
    done = shared_app.test_client().delete("/api/session", content_type=kind, headers=token)
    assert done.status_code == 204
    error_of(shared_app.test_client().post("/api/session", content_type=kind), 400)


def test_what_does_not_exist_does_not_exist_whatever_is_sent(shared_app: Flask) -> None:
    error_of(
        shared_app.test_client().post("/api/nothing", data="x", content_type="text/plain"), 404
    )
    error_of(shared_app.test_client().put("/api/session", data="x", content_type="text/plain"), 405)
