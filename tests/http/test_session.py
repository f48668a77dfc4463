"""Logging in, refreshing, logging out, and the validity of tokens."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import create_access_token, create_refresh_token
from limits import RateLimitItemPerMinute
from werkzeug.test import TestResponse

from chat.limits.rules import Rule
from harness.accounts import (
    ENGLISH,
    Account,
    bearer,
    data_of,
    error_of,
    log_in,
    make_account,
    new_name,
    new_password,
)


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only users of its own."""
    return shared_app


def refresh(client: FlaskClient, token: str) -> Any:
    return client.post("/api/session/refresh", headers=bearer(token))


def claims_of(token: str) -> dict[str, Any]:
    decoded: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return decoded


def test_one_logs_in_by_username_in_any_case(app: Flask) -> None:
    alice = make_account(app)
    assert log_in(app.test_client(), alice.username.upper(), alice.password).id == alice.id


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(app: Flask) -> None:
    alice = make_account(app)
    client = app.test_client()
    answers = [
        client.post("/api/session", json={"username": name, "password": new_password()})
        for name in (alice.username, new_name(), "nobody@example.org")
    ]
    assert {(answer.status_code, answer.data) for answer in answers} == {(401, answers[0].data)}
    assert answers[0].get_json()["error"]["message"] == "用户名或密码错误。"


def test_five_failures_lock_an_account_for_a_while(make_app: Callable[..., Flask]) -> None:
    app = make_app(RATE_LIMITS=True)
    alice, bob = make_account(app), make_account(app)
    client = app.test_client()
    wrong = {"username": alice.username, "password": new_password()}
    for name in (alice.username, alice.username.upper(), *[alice.username] * 3):
        error_of(client.post("/api/session", json={**wrong, "username": name}), 401)
    right = {"username": alice.username, "password": alice.password}
    error = error_of(client.post("/api/session", json=right), 429)
    assert 0 < error["retry_after"] <= 300
    log_in(client, bob.username, bob.password)


def test_right_passwords_are_not_limited(make_app: Callable[..., Flask]) -> None:
    app = make_app(RATE_LIMITS=True)
    alice = make_account(app)
    for _ in range(8):
        log_in(app.test_client(), alice.username, alice.password)


def test_names_that_do_not_exist_are_limited_too(make_app: Callable[..., Flask]) -> None:
    client = make_app(RATE_LIMITS=True).test_client()
    body = {"username": new_name(), "password": new_password()}
    for _ in range(5):
        error_of(client.post("/api/session", json=body), 401)
    error_of(client.post("/api/session", json=body), 429)


def test_refreshing_gives_new_tokens(app: Flask) -> None:
    alice = make_account(app)
    tokens = data_of(refresh(alice.client, alice.refresh_token))
    assert set(tokens) == {"access_token", "refresh_token"}
    assert tokens["refresh_token"] != alice.refresh_token
    data_of(alice.client.get("/api/users/me", headers=bearer(tokens["access_token"])))
    data_of(refresh(alice.client, tokens["refresh_token"]))


def test_two_tabs_that_refresh_at_once_get_the_same_token(app: Flask) -> None:
    alice = make_account(app)
    first = data_of(refresh(alice.client, alice.refresh_token))
    second = data_of(refresh(alice.client, alice.refresh_token))
    assert first["refresh_token"] == second["refresh_token"]
    data_of(refresh(alice.client, second["refresh_token"]))


def test_an_old_refresh_token_ends_the_session(app: Flask) -> None:
    alice = make_account(app)
    newer = data_of(refresh(alice.client, alice.refresh_token))
    newest = data_of(refresh(alice.client, newer["refresh_token"]))
    error_of(refresh(alice.client, alice.refresh_token), 401)
    error_of(refresh(alice.client, newest["refresh_token"]), 401)
    error_of(alice.client.get("/api/users/me", headers=bearer(newest["access_token"])), 401)


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_logging_out_kills_both_tokens(app: Flask, kind: str) -> None:
    alice = make_account(app)
    response = alice.client.delete("/api/session", headers=bearer(getattr(alice, kind)))
    assert (response.status_code, response.data) == (204, b"")
    assert error_of(alice.get("/users/me"), 401)["code"] == "unauthorized"
    error_of(refresh(alice.client, alice.refresh_token), 401)
    error_of(alice.delete("/session"), 401)


def test_logging_out_leaves_other_sessions_alone(app: Flask) -> None:
    alice = make_account(app)
    phone = log_in(app.test_client(), alice.username, alice.password)
    assert alice.delete("/session").status_code == 204
    data_of(phone.get("/users/me"))


def test_sessions_are_listed_and_can_be_ended_one_by_one(app: Flask) -> None:
    alice = make_account(app)
    client = app.test_client()
    body = {"username": alice.username, "password": alice.password}
    phone = data_of(client.post("/api/session", json=body, headers={"User-Agent": "Phone/1.0"}))
    listed = data_of(alice.get("/session"))
    assert [set(one) for one in listed] == [
        {"id", "created_at", "last_used_at", "device", "current"}
    ] * 2
    other = next(one for one in listed if not one["current"])
    assert other["device"] == "Phone/1.0"
    assert alice.delete(f"/session/{other['id']}").status_code == 204
    error_of(client.get("/api/users/me", headers=bearer(phone["access_token"])), 401)
    assert [one["current"] for one in data_of(alice.get("/session"))] == [True]
    error_of(alice.delete(f"/session/{other['id']}"), 404)


@pytest.mark.parametrize("session_id", ["x", "0" * 24, "$gt"])
def test_a_session_that_is_not_ones_own_is_not_found(app: Flask, session_id: str) -> None:
    error_of(make_account(app).delete(f"/session/{session_id}"), 404)


def test_a_strangers_session_is_not_found(app: Flask) -> None:
    alice, bob = make_account(app), make_account(app)
    (session,) = data_of(bob.get("/session"))
    error_of(alice.delete(f"/session/{session['id']}"), 404)
    data_of(bob.get("/users/me"))


def test_one_kind_of_token_is_no_use_as_the_other(app: Flask) -> None:
    alice = make_account(app)
    error_of(alice.client.get("/api/users/me", headers=bearer(alice.refresh_token)), 401)
    error_of(refresh(alice.client, alice.access_token), 401)
    data_of(alice.get("/users/me"))


def unsigned(token: str) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


def signed_otherwise(token: str) -> str:
    return jwt.encode(claims_of(token), new_password() * 4, algorithm="HS256")


def changed(token: str) -> str:
    header, payload, signature = token.split(".")
    claims = {**claims_of(token), "sub": "0" * 24}
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{header}.{forged}.{signature}"


@pytest.mark.parametrize("forge", [unsigned, signed_otherwise, changed])
def test_forged_tokens_are_refused(app: Flask, forge: Callable[[str], str]) -> None:
    alice = make_account(app)
    forged = bearer(forge(alice.access_token))
    error = error_of(alice.client.get("/api/users/me", headers=forged), 401)
    assert error["code"] == "unauthorized"
    error_of(refresh(alice.client, forge(alice.refresh_token)), 401)
    data_of(refresh(alice.client, alice.refresh_token))


def test_a_token_under_another_algorithm_is_refused(app: Flask) -> None:
    alice = make_account(app)
    token = jwt.encode(claims_of(alice.access_token), app.config["SECRET_KEY"], algorithm="HS512")
    error_of(alice.client.get("/api/users/me", headers=bearer(token)), 401)


@pytest.mark.parametrize("missing", ["sub", "sid", "exp", "type"])
def test_a_token_without_one_of_its_claims_is_refused(app: Flask, missing: str) -> None:
    alice = make_account(app)
    claims = claims_of(alice.refresh_token)
    del claims[missing]
    token = jwt.encode(claims, app.config["SECRET_KEY"], algorithm="HS256")
    error_of(refresh(alice.client, token), 401)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic eDp5", "Bearer a.b.c", "Bearer ...", "Bearer é"],
)
def test_odd_authorization_headers_are_refused(client: FlaskClient, header: str) -> None:
    response = client.get("/api/users/me", headers={"Authorization": header})
    assert error_of(response, 401)["code"] == "unauthorized"


def test_an_endless_token_is_refused(client: FlaskClient) -> None:
    nested = base64.urlsafe_b64encode(b"[" * 2900).rstrip(b"=").decode()
    error_of(client.get("/api/users/me", headers=bearer(f"{nested}.e30.x")), 401)
    error_of(client.get("/api/users/me", headers=bearer("x" * 20_000)), 401)


def test_an_expired_token_says_so(app: Flask) -> None:
    alice = make_account(app)
    past = timedelta(seconds=-1)
    with app.app_context():
        claims = {"sid": claims_of(alice.access_token)["sid"]}
        access = create_access_token(alice.id, expires_delta=past, additional_claims=claims)
        old = create_refresh_token(
            alice.id, expires_delta=past, additional_claims={**claims, "rid": "x"}
        )
    response = alice.client.get("/api/users/me", headers={**bearer(access), **ENGLISH})
    assert error_of(response, 401) == {
        "code": "token_expired",
        "message": "The access token has expired.",
    }
    assert error_of(refresh(alice.client, old), 401)["code"] == "token_expired"


def test_tokens_last_as_long_as_promised(app: Flask) -> None:
    alice = make_account(app)
    access, long = claims_of(alice.access_token), claims_of(alice.refresh_token)
    assert access["exp"] - access["iat"] == 15 * 60
    assert long["exp"] - long["iat"] == 30 * 24 * 60 * 60


class TestCookie:
    """With `X-Session: cookie` the refresh token stays out of reach of scripts."""

    ASK = {"X-Session": "cookie"}

    def log_in(self, app: Flask, **kwargs: Any) -> tuple[FlaskClient, Any]:
        alice = make_account(app)
        client = app.test_client()
        body = {"username": alice.username, "password": alice.password}
        headers = {**self.ASK, **kwargs.pop("headers", {})}
        return client, client.post("/api/session", json=body, headers=headers, **kwargs)

    def test_the_token_is_in_a_cookie_and_not_in_the_body(self, app: Flask) -> None:
        client, response = self.log_in(app)
        assert set(data_of(response)) == {"user", "access_token"}
        parts = response.headers["Set-Cookie"].split("; ")
        assert parts[0].startswith("chat_refresh=")
        assert {"HttpOnly", "SameSite=Strict", "Path=/api/session", "Max-Age=2592000"} <= set(parts)
        assert "Secure" not in parts

    def test_a_browser_that_has_logged_in_before_is_known_by_a_cookie_of_its_own(
        self, make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        few = Rule("login-anywhere", RateLimitItemPerMinute(3, 5), shared=True)
        monkeypatch.setattr("chat.services.password_checks.FAILED_LOGINS_FROM_ANYWHERE", few)
        app = make_app(RATE_LIMITS=True)
        alice = make_account(app)  # from loopback
        body = {"username": alice.username, "password": alice.password}

        def log_in(client: FlaskClient, address: str, **changes: str) -> TestResponse:
            return client.post(
                "/api/session",
                json={**body, **changes},
                headers=self.ASK,
                environ_base={"REMOTE_ADDR": address},
            )

        known = app.test_client()
        assert log_in(known, "192.0.2.1").status_code == 200
        cookie = known.get_cookie("chat_device", path="/api/session")
        assert cookie and cookie.http_only and cookie.same_site == "Strict"
        assert known.delete("/api/session", headers=self.ASK).status_code == 204  # it stays
        for number in range(3):
            wrong = log_in(app.test_client(), f"198.51.100.{number}", password=new_password())
            error_of(wrong, 401)
        error_of(log_in(app.test_client(), "203.0.113.1"), 429)
        assert log_in(known, "203.0.113.1").status_code == 200
        assert log_in(app.test_client(), "192.0.2.1").status_code == 200

    def test_over_https_the_cookie_is_secure(self, app: Flask) -> None:
        _, response = self.log_in(app, base_url="https://localhost")
        assert "Secure" in response.headers["Set-Cookie"].split("; ")

    def test_refreshing_takes_and_renews_the_cookie(self, app: Flask) -> None:
        client, response = self.log_in(app)
        old = client.get_cookie("chat_refresh", path="/api/session")
        tokens = data_of(client.post("/api/session/refresh", headers=self.ASK))
        assert set(tokens) == {"access_token"}
        new = client.get_cookie("chat_refresh", path="/api/session")
        assert old and new and old.value != new.value

    def test_without_the_header_the_cookie_is_not_looked_at(self, app: Flask) -> None:
        client, _ = self.log_in(app)
        error_of(client.post("/api/session/refresh"), 401)
        error_of(client.delete("/api/session"), 401)

    def test_logging_out_takes_the_cookie_away(self, app: Flask) -> None:
        client, response = self.log_in(app)
        token = data_of(response)["access_token"]
        assert client.delete("/api/session", headers=self.ASK).status_code == 204
        assert client.get_cookie("chat_refresh", path="/api/session") is None
        error_of(client.get("/api/users/me", headers=bearer(token)), 401)

    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "null", "http://localhost.evil", "http://["]
    )
    def test_a_foreign_page_is_refused(self, app: Flask, origin: str) -> None:
        client, _ = self.log_in(app)
        headers = {**self.ASK, "Origin": origin}
        error_of(client.post("/api/session/refresh", headers=headers), 403)
        error_of(client.delete("/api/session", headers=headers), 403)
        _, response = self.log_in(app, headers={"Origin": origin})
        assert error_of(response, 403)["code"] == "forbidden"
        data_of(client.post("/api/session/refresh", headers=self.ASK))

    @pytest.mark.parametrize(
        "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
    )
    def test_what_is_not_json_sets_no_cookie(self, app: Flask, kind: str | None) -> None:
        alice = make_account(app)
        body = json.dumps({"username": alice.username, "password": alice.password})
        client = app.test_client()
        response = client.post("/api/session", data=body, content_type=kind, headers=self.ASK)
        assert error_of(response, 415)["code"] == "unsupported_media_type"
        assert "Set-Cookie" not in response.headers
        kept, _ = self.log_in(app)
        if kind is not None:
            url = "/api/session/refresh"
            error_of(kept.post(url, data="a=b", content_type=kind, headers=self.ASK), 415)
        data_of(kept.post("/api/session/refresh", headers=self.ASK))

    def test_the_own_page_and_a_configured_one_pass(self, make_app: Callable[..., Flask]) -> None:
        app = make_app(CORS_ORIGINS="https://talk.example.org")
        client, _ = self.log_in(app)
        for origin in ("http://localhost", "https://talk.example.org"):
            headers = {**self.ASK, "Origin": origin}
            data_of(client.post("/api/session/refresh", headers=headers))


class TestCrossOrigin:
    """Other origins may read answers only where `CORS_ORIGINS` names them."""

    def test_by_default_no_other_origin_may(self, client: FlaskClient) -> None:
        response = client.get("/api/users/me", headers={"Origin": "https://other.example"})
        assert "Access-Control-Allow-Origin" not in response.headers

    def test_a_configured_origin_may(self, make_app: Callable[..., Flask]) -> None:
        allowed = ("https://a.example", "https://b.example", "http://[::1]:8080")
        client = make_app(CORS_ORIGINS=" ".join(allowed)).test_client()
        for origin in allowed:
            response = client.options(
                "/api/session",
                headers={
                    "Origin": origin,
                    "Access-Control-Request-Method": "DELETE",
                    "Access-Control-Request-Headers": "authorization, x-session",
                },
            )
            assert response.headers["Access-Control-Allow-Origin"] == origin
            assert "DELETE" in response.headers["Access-Control-Allow-Methods"]
        for other in ("https://c.example", "https://a.example.evil", "https://a-example", "null"):
            response = client.get("/api/users/me", headers={"Origin": other})
            assert "Access-Control-Allow-Origin" not in response.headers
        assert "Access-Control-Allow-Origin" not in client.get("/api/users/me").headers

    @pytest.mark.parametrize(
        ("named", "origin"),
        [
            ("https://a.example", "https://a.example"),
            ("https://A.example:443/", "https://a.example"),
            ("file://", "file://"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
            ("http://my_host:3000", "http://my_host:3000"),
        ],
    )
    def test_sockets_answer_as_the_api_does(
        self, make_app: Callable[..., Flask], named: str, origin: str
    ) -> None:
        client = make_app(CORS_ORIGINS=named).test_client()
        asked = {"Access-Control-Request-Method": "POST"}
        wanted = {"Access-Control-Request-Headers": "content-type, x-mine"}
        for path in ("/api/users/me", "/socket.io/?EIO=4&transport=polling"):
            before = client.options(path, headers={"Origin": origin, **asked, **wanted})
            assert before.status_code == 204
            assert "POST" in before.headers["Access-Control-Allow-Methods"]
            assert before.headers["Access-Control-Allow-Headers"] == "content-type, x-mine"
            assert int(before.headers["Access-Control-Max-Age"]) > 0
            for response in (before, client.get(path, headers={"Origin": origin})):
                assert response.headers.getlist("Access-Control-Allow-Origin") == [origin]
                assert response.headers.getlist("Access-Control-Allow-Credentials") == ["true"]
                assert response.headers["Vary"] == "Origin"
            assert client.get(path).headers["Vary"] == "Origin"
            foreign = client.options(path, headers={"Origin": "https://b.example", **asked})
            for name in ("Allow-Origin", "Allow-Credentials", "Allow-Methods", "Allow-Headers"):
                assert f"Access-Control-{name}" not in foreign.headers

    def test_an_error_of_a_socket_may_be_read_too(self, make_app: Callable[..., Flask]) -> None:
        client = make_app(CORS_ORIGINS="https://a.example").test_client()
        for query in ("EIO=3&transport=polling", "EIO=4&transport=pigeon", "EIO=4&sid=x", "j=0"):
            response = client.get(f"/socket.io/?{query}", headers={"Origin": "https://a.example"})
            assert response.status_code == 400
            assert response.headers["Access-Control-Allow-Origin"] == "https://a.example", query

    def test_a_refused_request_may_be_read_too(self, make_app: Callable[..., Flask]) -> None:
        client = make_app(CORS_ORIGINS="https://a.example").test_client()
        response = client.get("/api/users/me", headers={"Origin": "https://a.example"})
        assert response.status_code == 401
        assert response.headers["Access-Control-Allow-Origin"] == "https://a.example"


def test_a_deleted_account_is_unauthorized(app: Flask) -> None:
    alice: Account = make_account(app)
    app.extensions["chat"].database.db["user"].delete_one({"username": alice.username})
    error_of(alice.get("/users/me"), 401)
    error_of(refresh(alice.client, alice.refresh_token), 401)


def test_a_dead_database_is_unavailable(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.middleware.deadline.ANSWER_WITHIN", 0.3)  # it stays away
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening, so it refuses connections
        port = taken.getsockname()[1]
        client = make_app(MONGO_URI=f"mongodb://127.0.0.1:{port}/chat").test_client()
        body = {"username": new_name(), "password": new_password()}
        error = error_of(client.post("/api/session", json=body), 503)
    assert error["code"] == "unavailable"
