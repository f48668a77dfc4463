"""The address a bot is given, and a server that sends it elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from chat.bots import Bot, NotLoggedIn
from chat.bots.connection import Connection
from chat.bots.errors import UNAVAILABLE, BotError
from chat.bots.session import Session


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:5000", "localhost:5000", "localhost", "ftp://x", "http://", "", "http://x:y/"],
)
def test_an_invalid_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="is not the address of a server, such as http://"):
        Bot(url, "robot", "password")


@pytest.mark.parametrize(
    "url",
    ["https://x.org/chat", "https://a:b@x.org", "https://x.org/?a=b", "https://x.org/#a"],
)
def test_an_address_is_that_of_a_host_alone(url: str) -> None:
    with pytest.raises(ValueError, match=r"nothing beside its host: https://x\.org$"):
        Bot(url, "robot", "password")


class Redirects:
    """Two servers: all requests to the first are sent on to the second, which notes them."""

    def __init__(self, status: int) -> None:
        self.stolen: list[str] = []
        self.status = status
        self.url = self.other = ""


@contextmanager
def redirecting(status: int) -> Iterator[Redirects]:
    found = Redirects(status)

    class Second(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.stolen.append(self.path)
            self.send_error(404)

        do_POST = do_GET

        def log_message(self, *_: object) -> None: ...

    class First(Second):
        def do_GET(self) -> None:
            self.send_response(found.status)
            self.send_header("Location", f"{found.other}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

    with ExitStack() as stack:
        urls = []
        for handler in (First, Second):
            server = stack.enter_context(HTTPServer(("127.0.0.1", 0), handler))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            urls.append(f"http://127.0.0.1:{server.server_port}")
        found.url, found.other = urls
        yield found


@pytest.mark.parametrize("status", [301, 308])
def test_a_bot_whose_server_has_moved_names_the_new_address_and_ends(
    status: int, tmp_path: Path
) -> None:
    with redirecting(status) as servers:
        bot = Bot(servers.url, "robot", "password", state_file=tmp_path / "robot.json")
        bot.start()
        with pytest.raises(NotLoggedIn, match=f"sends on to {servers.other}: give the bot"):
            bot.wait()
        assert not servers.stolen


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_temporary_redirect_is_not_followed_and_the_bot_tries_again(status: int) -> None:
    with redirecting(status) as servers:
        session = Session(servers.url, "robot", "password", None, None)
        with pytest.raises(BotError, match=servers.other) as failed:
            session.call("GET", "/users/me")
        assert failed.value.code == UNAVAILABLE and not servers.stolen


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_no_token_is_sent_to_the_target_of_a_redirect(transport: str) -> None:
    with redirecting(307) as servers:
        connection = Connection(lambda *_: None, threading.Event())
        with pytest.raises(BotError):
            connection.open(servers.url, "token", [transport])
        assert not servers.stolen
