"""Files on their way between a bot and a server that answers late, in part or not at all."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from chat.bots.errors import BotError, Stopped
from chat.bots.files import File, safe_name
from chat.bots.search import search
from chat.bots.session import Session
from chat.bots.transfers import Transfers

DATA = bytes(range(256)) * 4_000  # more than a socket buffers
Answer = Callable[[BaseHTTPRequestHandler], None]


class _Link:
    """A connection that is always there, until the bot has stopped."""

    is_over = False

    def wait_online(self) -> None:
        self.require_open()

    def require_open(self) -> None:
        if self.is_over:
            raise Stopped()

    def pause(self, _: float) -> None:
        self.require_open()


class World:
    """A server whose answers to uploads and downloads are given, and the bot's side of them."""

    def __init__(self) -> None:
        world = self
        self.answers: list[Answer] = []
        self.received: list[bytes] = []
        self.link = _Link()
        link: Any = self.link

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                if self.path.endswith("/session/refresh"):
                    envelope(200, data={"access_token": "fresh", "refresh_token": "next"})(self)
                else:
                    world.answers.pop(0)(self)

            def do_GET(self) -> None:
                world.answers.pop(0)(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        url = f"http://127.0.0.1:{self.server.server_port}"
        self.session = Session(url, None, None, "stale", "refresh")
        self.transfers = Transfers(link, self.session)

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        """Receive a body."""
        self.received.append(handler.rfile.read(int(handler.headers["Content-Length"])))

    def file(self) -> File:
        """Return a file of a message on that server."""
        return File("f1", "data.bin", "x/y", len(DATA), None, None, self.transfers.download)


def envelope(status: int, **body: Any) -> Answer:
    """Return an answer in the server's envelope, which reads no body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.end_headers()
        handler.wfile.write(json.dumps(body).encode())

    return answer


def content(data: bytes, size: int = len(DATA)) -> Answer:
    """Return an answer that says it has so many bytes, and has these."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(size))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


EXPIRED = envelope(401, error={"code": "token_expired", "message": ""})
AWAY = envelope(503, error={"code": "unavailable", "message": ""})


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    thread = threading.Thread(target=world.server.serve_forever, args=(0.01,))
    thread.start()
    yield world
    world.server.shutdown()
    thread.join()
    world.server.server_close()


def test_an_upload_begins_anew_until_it_is_whole(world: World) -> None:
    def read_all(then: Answer) -> Answer:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            world.take(handler)
            then(handler)

        return answer

    def break_off(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(100_000)

    stored = envelope(201, data={"id": "f1"})
    world.answers = [read_all(EXPIRED), break_off, read_all(AWAY), read_all(stored)]
    assert world.transfers.upload("r1", ("data.bin", DATA)) == "f1"
    assert world.received == [DATA] * 3


def test_a_refusal_before_the_body_was_read_is_its_error(world: World) -> None:
    def refuse(handler: BaseHTTPRequestHandler) -> None:
        envelope(413, error={"code": "payload_too_large", "message": ""})(handler)
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_WR)
        handler.rfile.read(int(handler.headers["Content-Length"]))  # what is under way already

    world.answers = [refuse]
    with pytest.raises(BotError) as refused:
        world.transfers.upload("r1", ("data.bin", DATA * 8))
    assert refused.value.code == "payload_too_large"


def test_a_download_begins_anew_until_it_is_whole(world: World, tmp_path: Path) -> None:
    half = DATA[: len(DATA) // 2]
    world.answers = [EXPIRED, content(half), AWAY, content(half, len(half)), content(DATA)]
    saved = world.file().save(tmp_path / "mine.bin")
    assert saved.read_bytes() == DATA
    assert list(tmp_path.iterdir()) == [saved]


def test_a_bot_that_stops_leaves_no_half_file(world: World, tmp_path: Path) -> None:
    def stop(handler: BaseHTTPRequestHandler) -> None:
        world.link.is_over = True
        content(DATA)(handler)

    world.answers = [stop]
    with pytest.raises(Stopped):
        world.file().save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_gets_each_file_once_and_loses_none(tmp_path: Path) -> None:
    def file(data: bytes) -> File:
        def write(_: str, __: int, target: BinaryIO) -> None:
            target.write(data)

        return File("f1", "../a.txt", "text/plain", len(data), None, None, write)

    first, other, again = (file(data).save(tmp_path) for data in (b"1", b"2", b"2"))
    assert (first.name, other.name, again) == ("_a.txt", "_a (2).txt", other)
    assert (first.read_bytes(), other.read_bytes()) == (b"1", b"2")
    assert file(b"3").save(first).read_bytes() == b"3"  # under a name one gives it is replaced
    assert sorted(path.name for path in tmp_path.iterdir()) == ["_a (2).txt", "_a.txt"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("照片.jpg", "照片.jpg"),
        ("../../etc/passwd", "_.._etc_passwd"),
        (r"C:\autoexec.bat", "C__autoexec.bat"),
        (".bashrc", "bashrc"),
        (". . ", "file"),
        ("", "file"),
        ("a\x00b\nc.txt", "a_b_c.txt"),
        ("CON.txt", "_CON.txt"),
        ("字" * 300 + ".txt", "字" * 65 + ".txt"),
        ("x." + "y" * 300, "x." + "y" * 49),
        ("\ud800.txt", "?.txt"),
    ],
)
def test_no_name_leads_out_of_a_folder(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_search_reads_on_until_it_has_enough(world: World) -> None:
    asked: list[str] = []

    def page(*ids: str, cursor: str | None) -> Answer:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            asked.append(handler.path)
            envelope(200, data={"messages": [{"id": id} for id in ids], "cursor": cursor})(handler)

        return answer

    def found(limit: int) -> list[str]:
        world.answers = [page("3", "2", cursor="c 2"), page("1", cursor=None)]
        return [one["id"] for one in search(world.session, "面条", limit, {"has": "file"})]

    assert found(2) == ["3", "2"]
    assert found(9) == ["3", "2", "1"]
    query = "/api/search?q=%E9%9D%A2%E6%9D%A1&has=file"
    assert asked == [query, query, f"{query}&cursor=c+2"]
