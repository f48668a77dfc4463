"""A page whose name points to this server (DNS rebinding) reads and changes nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.app import create_app
from harness.accounts import bearer, error_of, make_account

Open = Callable[..., FlaskClient]

PATHS = ["/", "/health", "/ready", "/api/users/me", "/static/x/js/main.js", "/nothing"]
POLLING = "/socket.io/?EIO=4&transport=polling"
WEBSOCKET = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}


@pytest.fixture
def open_app(tmp_path: Path) -> Iterator[Open]:
    """A function that makes an app, for requests that no database is asked about."""
    made: list[Flask] = []

    def make(**settings: Any) -> FlaskClient:
        defaults = {
            "MONGO_URI": "mongodb://127.0.0.1:1/nothing",
            "DATA_DIR": str(tmp_path),
            "SECRET_KEY": secrets.token_hex(32),
            "MAIL": "terminal",
            "HOSTS": "chat.example.org",
        }
        made.append(create_app("config.Config", **(defaults | settings)))
        return made[-1].test_client()

    yield make
    for app in made:
        app.extensions["chat"].database.close()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:5000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "notlocalhost",
        "127.1.evil.example",
        "chat.example.org.evil.example",
        "evilchat.example.org",
        "0x7f000001",
        "[::1].evil.example",
        "[::1%25lo]",
        "evil.example, localhost",
        "localhost localhost",
        "me@localhost",
        "",
    ],
)
def test_another_name_is_misdirected_on_every_way_in(shared_app: Flask, host: str) -> None:
    alice = make_account(shared_app)
    client = shared_app.test_client()
    for path in [*PATHS, POLLING]:
        response = client.get(path, headers={"Host": host, **bearer(alice.access_token)})
        assert error_of(response, 421)["code"] == "misdirected_request", path
    same_origin = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    body = {"username": alice.username, "password": alice.password}
    error_of(client.post("/api/session", json=body, headers=same_origin), 421)
    upgrade = "/socket.io/?EIO=4&transport=websocket"
    error_of(client.get(upgrade, headers={**same_origin, **WEBSOCKET}), 421)
    assert client.head("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:5000",
        "192.0.2.7:8080",
        "[::1]",
        "[::1]:5000",
        "[2001:db8::7]:443",
        "[::ffff:192.0.2.7]",
        "localhost",
        "localhost.",
        "LOCALHOST:5000",
        "chat.localhost:5000",
        "chat.example.org",
        "Chat.Example.org:8443",
        "chat.example.org.",
    ],
)
def test_addresses_localhost_and_configured_names_are_answered(open_app: Open, host: str) -> None:
    client = open_app()
    for path in ("/", "/health", POLLING):
        assert client.get(path, headers={"Host": host}).status_code == 200, path


@pytest.mark.parametrize(
    ("hosts", "known", "unknown"),
    [
        ("", [], ["chat.example.org"]),
        ("a.example, b.example", ["a.example", "b.example"], ["c.example", "x.a.example"]),
        ("a.example b.example", ["a.example", "b.example"], ["example"]),
        (".a.example", ["a.example", "x.a.example", "x.y.a.example"], ["xa.example", "example"]),
        ("A.example.", ["a.example", "A.EXAMPLE."], ["b.example"]),
        ("聊天.example", ["xn--rss932g.example"], ["xn--rss932g.example.evil"]),
    ],
)
def test_only_configured_host_names_are_accepted(
    open_app: Open, hosts: str, known: list[str], unknown: list[str]
) -> None:
    client = open_app(HOSTS=hosts)
    for host in known:
        assert client.get("/health", headers={"Host": host}).status_code == 200, host
    for host in unknown:
        assert client.get("/health", headers={"Host": host}).status_code == 421, host


def test_the_name_that_the_server_listens_at_is_its_own(open_app: Open) -> None:
    client = open_app(HOST="Printer", HOSTS="")
    assert client.get("/health", headers={"Host": "printer:5000"}).status_code == 200
    assert client.get("/health", headers={"Host": "scanner:5000"}).status_code == 421


@pytest.mark.parametrize("proxies", [0, 1])
@pytest.mark.parametrize("url", ["https://Talk.example.org:8443/", "http://talk.example.org."])
def test_the_name_of_the_public_address_is_one_of_the_servers(
    open_app: Open, proxies: int, url: str
) -> None:
    client = open_app(PUBLIC_URL=url, HOSTS="", TRUSTED_PROXIES=proxies, RATE_LIMITS=True)
    forwarded = "X-Forwarded-Host" if proxies else "Host"
    for host, status in (("talk.example.org", 200), ("evil.example.org", 421)):
        assert client.get("/health", headers={forwarded: host}).status_code == status


def test_an_allowed_origin_names_no_host(open_app: Open) -> None:
    client = open_app(CORS_ORIGINS="https://talk.example.org", HOSTS="")
    assert client.get("/health", headers={"Host": "talk.example.org"}).status_code == 421


@pytest.mark.parametrize(
    ("proxies", "host", "forwarded", "status"),
    [
        (1, "127.0.0.1:5000", "chat.example.org", 200),
        (1, "backend:5000", "chat.example.org", 200),
        (1, "chat.example.org", "evil.example", 421),
        (1, "127.0.0.1:5000", "chat.example.org, evil.example", 421),
        (1, "127.0.0.1:5000", "evil.example, chat.example.org", 200),
        (2, "127.0.0.1:5000", "evil.example, chat.example.org", 421),
        (1, "127.0.0.1:5000", None, 200),
        (1, "backend:5000", None, 421),
        (0, "127.0.0.1:5000", "evil.example", 200),
        (0, "evil.example", "chat.example.org", 421),
    ],
)
def test_behind_proxies_the_host_that_they_forward_counts(
    open_app: Open, proxies: int, host: str, forwarded: str | None, status: int
) -> None:
    client = open_app(TRUSTED_PROXIES=proxies, RATE_LIMITS=True)
    headers = {"Host": host} | ({"X-Forwarded-Host": forwarded} if forwarded else {})
    assert client.get("/health", headers=headers).status_code == status


@pytest.mark.parametrize(("language", "text"), [("en", "HOSTS"), ("zh", "管理者")])
def test_the_refusal_says_what_to_set(open_app: Open, language: str, text: str) -> None:
    headers = {"Host": "teacher-pc.local:5000", "Accept-Language": language}
    assert text in error_of(open_app().get("/", headers=headers), 421)["message"]
