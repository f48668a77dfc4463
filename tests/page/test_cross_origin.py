"""Pages of other origins in a real browser: those that CORS_ORIGINS names, and all others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page

from tests.accounts import data_of
from tests.page.conftest import Visitor
from tests.people import Person, app_beside, make_people
from tests.servers import PATIENCE, Server

CLIENT = next(
    (Path(__file__).parents[2] / "chat" / "static" / "vendor").glob("socket.io.esm.min-*.js")
)

CALL = """async ([url, options]) => {
    try {
        const response = await fetch(url, options);
        return {status: response.status, body: await response.json()};
    } catch (error) {
        return {blocked: error.name};
    }
}"""

CONNECT = """async ([url, token, transport, withCredentials]) => {
    const {io} = await import("/client.js");
    const options = {
        auth: {token}, transports: [transport], reconnection: false, withCredentials,
        extraHeaders: withCredentials ? {"X-Mine": "1"} : undefined,
    };
    const socket = io(`${url}/group`, options);
    try {
        await new Promise((resolve, reject) => {
            socket.on("connect", resolve);
            socket.on("connect_error", reject);
        });
        return await socket.timeout(30000).emitWithAck("sync", {rooms: {}});
    } catch (error) {
        return {refused: true};
    } finally {
        socket.disconnect();
    }
}"""


class Site(BaseHTTPRequestHandler):
    """An empty page and the Socket.IO client."""

    def do_GET(self) -> None:  # noqa: N802
        is_client = self.path == "/client.js"
        body = CLIENT.read_bytes() if is_client else b"<!doctype html><title>Elsewhere</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if is_client else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """A site on this machine, reached as an origin of its own at each of its addresses."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def open_server(
    server: Server, site: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server that lets pages of `site` in."""
    origins = f"https://other.example {site}"
    folder = tmp_path_factory.mktemp("open")
    settings = {"MONGO_URI": server.mongo_uri, "RATE_LIMITS": "off", "CORS_ORIGINS": origins}
    with Server(folder, **settings) as running:
        yield running


@pytest.fixture
def ann(open_server: Server) -> Iterator[Person]:
    """Somebody with an account there."""
    with app_beside(open_server.data_dir, open_server.mongo_uri, RATE_LIMITS=False) as app:
        yield make_people(app, "ann")[0]


def call(page: Page, url: str, path: str, method: str = "GET", **options: Any) -> Any:
    """Call the API from the page: `{status, body}`, or `{blocked}` when the browser refuses."""
    return page.evaluate(CALL, [f"{url}/api{path}", {"method": method, **options}])


def at(visit: Callable[..., Visitor], origin: str) -> Page:
    """Open a page of another origin."""
    page = visit(origin).page
    page.goto(origin)
    return page


def test_a_named_origin_calls_with_a_token_after_asking_first(
    visit: Callable[..., Visitor], open_server: Server, site: str, ann: Person
) -> None:
    page = at(visit, site)
    asked: list[str] = []
    network = page.context.new_cdp_session(page)

    def note(sent: dict[str, Any]) -> None:
        if sent["request"]["url"].startswith(open_server.url):  # and not the page's own icon
            asked.append(sent["request"]["method"])

    network.on("Network.requestWillBeSent", note)
    network.send("Network.enable")
    headers = {**ann.headers, "Content-Type": "application/json"}
    changed = call(
        page, open_server.url, "/users/me", "PATCH", headers=headers, body='{"nickname": "Far"}'
    )
    assert (changed["status"], changed["body"]["data"]["nickname"]) == (200, "Far")
    deadline = time.monotonic() + PATIENCE
    while len(asked) < 2 and time.monotonic() < deadline:
        page.wait_for_timeout(20)  # what the network did is told apart from what the page did
    assert sorted(asked) == ["OPTIONS", "PATCH"]
    refused = call(page, open_server.url, "/users/me", headers={"Authorization": "Bearer x"})
    assert (refused["status"], refused["body"]["error"]["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("with_credentials", [False, True])
def test_a_named_origin_connects(
    visit: Callable[..., Visitor],
    open_server: Server,
    site: str,
    ann: Person,
    transport: str,
    with_credentials: bool,
) -> None:
    page = at(visit, site)
    answer = page.evaluate(CONNECT, [open_server.url, ann.token, transport, with_credentials])
    assert answer["data"]["rooms"] == {}


def test_any_other_origin_changes_nothing_and_reads_nothing(
    visit: Callable[..., Visitor], open_server: Server, site: str, ann: Person
) -> None:
    page = at(visit, site.replace("127.0.0.1", "localhost"))
    assert call(page, open_server.url, "/users/me", headers=ann.headers) == {"blocked": "TypeError"}
    headers = {**ann.headers, "Content-Type": "application/json"}
    blocked = call(
        page, open_server.url, "/users/me", "PATCH", headers=headers, body='{"nickname": "Evil"}'
    )
    assert blocked == {"blocked": "TypeError"}
    assert data_of(ann.get("/users/me"))["nickname"] == ann.username


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_any_other_origin_does_not_connect(
    visit: Callable[..., Visitor], open_server: Server, site: str, ann: Person, transport: str
) -> None:
    page = at(visit, site.replace("127.0.0.1", "localhost"))
    answer = page.evaluate(CONNECT, [open_server.url, ann.token, transport])
    assert answer == {"refused": True}


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_by_default_no_other_origin_comes_in(
    visit: Callable[..., Visitor], server: Server, beside: Flask, site: str, transport: str
) -> None:
    (bob,) = make_people(beside, "bob")
    page = at(visit, site)
    assert call(page, server.url, "/users/me", headers=bob.headers) == {"blocked": "TypeError"}
    assert page.evaluate(CONNECT, [server.url, bob.token, transport]) == {"refused": True}
    own = at(visit, server.url)
    assert call(own, server.url, "/users/me", headers=bob.headers)["status"] == 200


def test_the_cookie_of_the_session_serves_no_page_from_elsewhere(
    visit: Callable[..., Visitor], server: Server, beside: Flask, site: str
) -> None:
    (bob,) = make_people(beside, "bob")
    visitor = visit()
    visitor.open()
    visitor.log_in(bob.username, bob.password)
    page = visitor.new_tab()
    page.goto(site)  # another port: for cookies it is the same site, so the browser would send it
    with_cookie = {"credentials": "include", "headers": {"X-Session": "cookie"}}
    for path, method in (("/session/refresh", "POST"), ("/session", "DELETE")):
        assert call(page, server.url, path, method, **with_cookie) == {"blocked": "TypeError"}
    bare = call(page, server.url, "/session/refresh", "POST", credentials="include")
    assert bare == {"blocked": "TypeError"}  # sent without asking first; answered 401, unread
    visitor.page.reload()
    visitor.page.locator(".shell").wait_for()


def test_a_named_origin_of_the_same_site_may_use_the_cookie_and_of_another_has_none(
    visit: Callable[..., Visitor], open_server: Server, site: str, ann: Person
) -> None:
    visitor = visit(open_server.url)
    visitor.open()
    visitor.log_in(ann.username, ann.password)
    page = visitor.new_tab()
    page.goto(site)
    with_cookie = {"credentials": "include", "headers": {"X-Session": "cookie"}}
    answer = call(page, open_server.url, "/session/refresh", "POST", **with_cookie)
    assert (answer["status"], set(answer["body"]["data"])) == (200, {"access_token"})
    elsewhere = open_server.url.replace("127.0.0.1", "localhost")
    answer = call(page, elsewhere, "/session/refresh", "POST", **with_cookie)
    assert answer["status"] == 401
