"""Pages of other origins in a real browser: those that CORS_ORIGINS names, and all others."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from playwright.sync_api import Page

from chat.auth import COOKIE
from harness.accounts import data_of
from harness.browsing import signed_in
from harness.people import Person, app_beside, make_people
from harness.servers import PATIENCE, Server
from tests.page.conftest import Visitor

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


# What a page can send to anybody without asking first: a fetch, beacons, and below a form.
SPEND = """async ([url, body, times]) => {
    for (let time = 0; time < times; time += 1) {
        const type = "text/plain";
        const options = {method: "POST", mode: "no-cors", headers: {"Content-Type": type}, body};
        await fetch(url, options).catch(() => {}); // it arrives; the answer is kept from the page
    }
    navigator.sendBeacon(url, body);
    navigator.sendBeacon(url, new Blob([body], {type: "application/x-www-form-urlencoded"}));
}"""
SUBMIT = """async ([url, body]) => {
    const form = Object.assign(document.createElement("form"), {
        method: "POST", action: url, enctype: "text/plain", target: "answer",
    });
    const [name, value] = body.split("=");
    form.append(Object.assign(document.createElement("input"), {name, value}));
    const frame = Object.assign(document.createElement("iframe"), {name: "answer"});
    document.body.append(frame, form);
    const loaded = new Promise((resolve) => { frame.onload = resolve; });
    form.submit();
    await loaded;
}"""


class Site(BaseHTTPRequestHandler):
    """An empty page and the Socket.IO client; keeps the cookies that come with a request."""

    cookies: list[str] = []

    def do_GET(self) -> None:  # noqa: N802
        self.cookies.append(self.headers.get("Cookie", ""))
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


@pytest.fixture(scope="module")
def counting_server(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that counts log-ins."""
    with Server(tmp_path_factory.mktemp("counting"), MONGO_URI=server.mongo_uri) as running:
        yield running


@pytest.fixture
def beside_counting(counting_server: Server) -> Iterator[Flask]:
    """An app in this process on its database."""
    with app_beside(counting_server.data_dir, counting_server.mongo_uri) as app:
        yield app


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
    page = at(visit, site)
    key = "k" * 64
    with_cookie = {
        "credentials": "include",
        "headers": {
            "X-Session": "cookie",
            "X-Session-Key": key,
            "Content-Type": "application/json",
        },
    }
    body = json.dumps({"username": ann.username, "password": ann.password})
    answer = call(page, open_server.url, "/session", "POST", body=body, **with_cookie)
    assert (answer["status"], set(answer["body"]["data"])) == (200, {"user", "access_token"})
    answer = call(page, open_server.url, "/session/refresh", "POST", **with_cookie)
    assert (answer["status"], set(answer["body"]["data"])) == (200, {"access_token"})
    with_cookie["headers"] = {"X-Session": "cookie"}
    answer = call(page, open_server.url, "/session/refresh", "POST", **with_cookie)
    assert (answer["status"], answer["body"]["error"]["code"]) == (401, "unauthorized")
    elsewhere = open_server.url.replace("127.0.0.1", "localhost")
    answer = call(page, elsewhere, "/session/refresh", "POST", **with_cookie)
    assert answer["status"] == 401


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["same site", "another site"])
def test_a_foreign_page_spends_no_log_ins_of_its_visitors_network(
    visit: Callable[..., Visitor],
    counting_server: Server,
    beside_counting: Flask,
    site: str,
    host: str,
) -> None:
    (bob,) = make_people(beside_counting, "bob")
    page = at(visit, site.replace("127.0.0.1", host))
    guess = json.dumps({"username": bob.username, "password": "wrong="})
    url = f"{counting_server.url}/api/session"
    page.evaluate(SPEND, [url, guess, 60])
    page.evaluate(SUBMIT, [url, guess])
    body = {"username": bob.username, "password": bob.password}
    answer = requests.post(url, json=body, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    assert len(re.findall(r"POST /api/session 403 ", counting_server.log())) >= 61


def test_the_cookie_that_a_neighbour_gets_is_no_use_to_it(
    visit: Callable[..., Visitor], server: Server, beside: Flask, site: str
) -> None:
    (bob,) = make_people(beside, "bob")
    visitor = visit()
    visitor.open()
    visitor.log_in(bob.username, bob.password)
    Site.cookies.clear()
    neighbour = visitor.new_tab()
    neighbour.goto(f"{site}/api/session")  # another port, where cookies of this path go too
    token = re.search(rf"{COOKIE}=([^;]+)", Site.cookies[0])
    assert token is not None
    tries: list[dict[str, str]] = [
        {"Cookie": token[0], "X-Session": "cookie"},
        {"Authorization": f"Bearer {token[1]}"},
        {"Authorization": f"Bearer {token[1]}", "X-Session-Key": "0" * 64},
    ]
    for headers in tries:
        for method, path in (("POST", "/api/session/refresh"), ("DELETE", "/api/session")):
            url = server.url + path
            answer = requests.request(method, url, headers=headers, timeout=PATIENCE)
            assert answer.status_code == 401, answer.text
    visitor.page.reload()
    visitor.is_in()


def test_the_cookie_of_a_neighbour_logs_nobody_in_as_somebody_else(
    visit: Callable[..., Visitor], server: Server, beside: Flask
) -> None:
    bob, mallory = make_people(beside, "bob", "mallory")
    visitor = visit()
    visitor.open()
    visitor.log_in(bob.username, bob.password)
    cookies: Any = signed_in(beside, mallory, server.url)["cookies"]
    visitor.context.add_cookies(cookies)
    visitor.page.reload()
    visitor.page.get_by_role("button", name="Log in", exact=True).wait_for()
    assert visitor.page.evaluate("localStorage.getItem('chat.session_key')") is None


def test_a_session_from_before_there_were_keys_is_bound_in_all_tabs(
    enter: Callable[..., Visitor], beside: Flask
) -> None:
    (bob,) = make_people(beside, "bob")
    visitor = enter(bob)
    key = visitor.page.evaluate("localStorage.getItem('chat.session_key')")
    assert re.fullmatch("[0-9a-f]{64}", key)
    tab = visitor.new_tab()
    tab.goto(visitor.url)
    tab.locator(".shell[data-connection=online]").wait_for()
    assert tab.evaluate("localStorage.getItem('chat.session_key')") == key
    (session,) = beside.extensions["chat"].sessions.list(bob.id)[:1]
    assert session.key_hash is not None


def test_a_name_that_points_here_reads_nothing(
    visit: Callable[..., Visitor], server: Server, beside: Flask
) -> None:
    """As a page does whose name the name server has turned to this machine.

    The browser is told by a proxy instead: it asks the server for whatever name is typed.
    """
    (bob,) = make_people(beside, "bob")
    page = visit(proxy={"server": server.url}).page
    rebound = "http://rebound.example"
    opened = page.goto(rebound)
    assert opened is not None and opened.status == 421
    page.route(f"{rebound}/", lambda route: route.fulfill(content_type="text/html", body="mine"))
    page.goto(rebound)  # before the name was turned
    headers = {**bob.headers, "Content-Type": "application/json"}
    body = json.dumps({"username": bob.username, "password": bob.password})
    for path, method, sent in (("/users/me", "GET", None), ("/session", "POST", body)):
        options = {"headers": headers} | ({"body": sent} if sent else {})
        answer = call(page, rebound, path, method, **options)
        assert (answer["status"], answer["body"]["error"]["code"]) == (421, "misdirected_request")
