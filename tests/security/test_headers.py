"""What every answer tells the browser that gets it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chat.middleware.security_headers import YEAR_SECONDS
from harness.accounts import make_account

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
FORBIDDEN = ("'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:", "blob:")
PLACES = {"version": "x", "filename": "css/", "username": "nobody", "_": "x"}


def policy(response: TestResponse) -> dict[str, list[str]]:
    """Return the Content-Security-Policy of an answer by its directives."""
    parts = (part.split() for part in response.headers["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in parts}


def calls(app: Flask) -> list[tuple[str, str]]:
    """Return every route with every method, and what is no route."""
    found = [
        (method, re.sub(r"<(?:\w+:)?(\w+)>", lambda match: PLACES.get(match[1], "0"), rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & METHODS
    ]
    return [*found, ("GET", "/nothing"), ("GET", "/api/nothing"), ("POST", "/")]


def test_every_answer_tells_browsers_what_not_to_do(app: Flask) -> None:
    account = make_account(app)
    for method, path in calls(app):
        for headers in ({}, {"Authorization": f"Bearer {account.access_token}"}):
            response = app.test_client().open(path, method=method, headers=headers)
            case = f"{method} {path} {response.status}"
            assert response.headers["X-Content-Type-Options"] == "nosniff", case
            assert response.headers["Referrer-Policy"] == "no-referrer", case
            assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin", case
            assert "Strict-Transport-Security" not in response.headers, case
            directives = policy(response)
            assert directives["default-src"] == ["'none'"], case
            for name in ("base-uri", "form-action", "frame-ancestors"):
                assert directives[name] == ["'none'"], case
            # Pictures alone may come from what the page has fetched with its token.
            pictures = {*directives.pop("img-src", [])} - {"blob:"}
            assert not {*sum(directives.values(), []), *pictures} & set(FORBIDDEN), case
            if path.startswith("/api"):
                assert response.headers["Cache-Control"] == "no-store", case


@pytest.mark.parametrize(
    ("method", "query", "status"),
    [
        ("GET", "EIO=4&transport=polling", 200),
        ("OPTIONS", "EIO=4&transport=polling", 200),
        ("GET", "EIO=4&transport=polling&j=0", 400),
        ("GET", "EIO=4&transport=polling&sid=x", 400),
        ("POST", "EIO=4&transport=polling&sid=x", 400),
        ("PUT", "EIO=4&transport=polling", 405),
    ],
)
def test_so_does_every_answer_of_socket_io(
    make_app: Callable[..., Flask], method: str, query: str, status: int
) -> None:
    client = make_app(TRUSTED_PROXIES=1, RATE_LIMITS=True).test_client()
    headers = {"X-Forwarded-Proto": "https"}
    response = client.open(f"/socket.io/?{query}", method=method, headers=headers)
    assert response.status_code == status
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Strict-Transport-Security"] == f"max-age={YEAR_SECONDS}"
    assert policy(response)["default-src"] == ["'none'"]


@pytest.mark.parametrize("path", ["/", "/r/123", "/d/somebody"])
def test_page_runs_its_own_files_alone(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    directives = policy(response)
    assert directives["script-src"] == directives["style-src"] == ["'self'"]
    assert directives["object-src"] == ["'none'"]
    assert directives["img-src"] == ["'self'", "data:", "blob:"]
    assert directives["require-trusted-types-for"] == ["'script'"]
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    page = response.get_data(as_text=True)
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|javascript:", page)


def test_a_strange_host_does_not_get_into_the_policy(client: FlaskClient) -> None:
    for host in ("localhost;script-src *", "localhost b", "x'"):
        response = client.get("/", headers={"Host": host})
        assert response.status_code == 421
        assert "script-src" not in policy(response)
        assert host not in response.headers["Content-Security-Policy"]


def test_over_tls_browsers_are_told_to_stay_there(make_app: Callable[..., Flask]) -> None:
    client = make_app(TRUSTED_PROXIES=1, RATE_LIMITS=True).test_client()
    for path in ("/", "/api/rooms", "/health", "/nothing"):
        response = client.get(path, headers={"X-Forwarded-Proto": "https"})
        age = re.fullmatch(r"max-age=(\d+)", response.headers["Strict-Transport-Security"])
        assert age is not None and int(age[1]) == YEAR_SECONDS


@pytest.mark.parametrize(
    ("count", "said", "secure"),
    [
        (1, "https", True),
        (1, "HTTPS", True),
        (1, "wss", True),
        (1, "http, https", True),
        (1, "https, http", False),
        (2, "https,http", True),
        (2, "wss", True),
        (2, "http,https", False),
        (1, "ws", False),
        (1, "ftp", False),
        (1, "https://", False),
        (1, "", False),
    ],
)
def test_tls_is_what_the_outermost_trusted_proxy_says(
    make_app: Callable[..., Flask], count: int, said: str, secure: bool
) -> None:
    app = make_app(TRUSTED_PROXIES=count, RATE_LIMITS=True)
    headers = {"X-Forwarded-Proto": said, "X-Forwarded-Host": "Chat.example.org:443"}
    page = app.test_client().get("/", headers=headers)
    assert ("Strict-Transport-Security" in page.headers) == secure
    account = make_account(app)
    origin = f"{'https' if secure else 'http'}://chat.example.org{'' if secure else ':443'}"
    logged_in = app.test_client().post(
        "/api/session",
        json={"username": account.username, "password": account.password},
        headers={**headers, "X-Session": "cookie", "Origin": origin},
    )
    assert logged_in.status_code == 200, logged_in.get_json()
    assert ("; Secure" in logged_in.headers["Set-Cookie"]) == secure
    for link in (origin, origin.replace("http", "ws")):
        opened = app.test_client().get(
            "/socket.io/?EIO=4&transport=polling", headers={**headers, "Origin": link}
        )
        assert opened.status_code == 200, link


@pytest.mark.parametrize("host", ["chat.example.org:443", "CHAT.example.org", "chat.example.org"])
def test_the_policy_names_the_host_as_browsers_do(
    make_app: Callable[..., Flask], host: str
) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": host}
    page = make_app(TRUSTED_PROXIES=1, RATE_LIMITS=True).test_client().get("/", headers=headers)
    assert "wss://chat.example.org" in policy(page)["connect-src"]


def test_a_host_with_an_underscore_is_in_the_policy(client: FlaskClient) -> None:
    page = client.get("/", headers={"Host": "my_host.localhost:3000"})
    assert "ws://my_host.localhost:3000" in policy(page)["connect-src"]


def test_who_is_no_proxy_does_not_make_it_tls(client: FlaskClient) -> None:
    response = client.get("/", headers={"X-Forwarded-Proto": "https"})
    assert "Strict-Transport-Security" not in response.headers
