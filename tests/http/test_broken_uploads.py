"""Uploads to a running server: refused before their bytes, broken off, and left by a dead one."""

from __future__ import annotations

import json
import secrets
import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from chat.budgets import USER
from chat.database.client import Database
from harness.people import Person, app_beside, make_people
from harness.servers import PATIENCE, ROOT, Server
from tests.conftest import drop, with_database

SIZE = 2_000_000  # bytes: eight chunks


@pytest.fixture(scope="module")
def app(server: Server) -> Iterator[Flask]:
    with app_beside(server.data_dir, server.mongo_uri, RATE_LIMITS=False) as app:
        yield app


@pytest.fixture
def ada(app: Flask) -> Person:
    (ada,) = make_people(app, "ada")
    return ada


class Upload:
    """An upload over a socket of its own, of which the head is sent."""

    def __init__(self, server: Server, token: str, room: dict[str, Any], *more: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        head = (
            f"POST /api/rooms/{room['id']}/files?name=a.bin HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {token}",
            *(more or (f"Content-Length: {SIZE}",)),
        )
        self.socket.sendall("\r\n".join([*head, "", ""]).encode())

    def answer(self) -> tuple[bytes, dict[str, Any]]:
        """Read until the server closes; return the status line and the body."""
        received = b""
        with self.socket:
            while piece := self.socket.recv(65_536):
                received += piece
        head, _, body = received.rpartition(b"\r\n\r\n")
        return head.rpartition(b"HTTP/1.1 ")[2].partition(b"\r\n")[0], json.loads(body)


def stored(app: Flask) -> dict[str, int]:
    """Return how many documents there are in the collections of files."""
    db = app.extensions["chat"].database.db
    return {name: db[name].count_documents({}) for name in ("file.files", "file.chunks")}


def wait_until_stored(app: Flask, expected: dict[str, int]) -> None:
    until = time.monotonic() + PATIENCE
    while stored(app) != expected and time.monotonic() < until:
        time.sleep(0.02)
    assert stored(app) == expected


@pytest.mark.parametrize("more", [[], ["Expect: 100-continue"]])
def test_a_refused_upload_is_answered_before_its_bytes(
    server: Server, app: Flask, ada: Person, more: list[str]
) -> None:
    (eve,) = make_people(app, "eve")
    length = [f"Content-Length: {SIZE}", *more]
    status, body = Upload(server, eve.token, ada.create_group(), *length).answer()
    assert (status, body["error"]["code"]) == (b"404 NOT FOUND", "not_found")


def test_a_client_that_asks_first_is_told_to_go_on(server: Server, ada: Person) -> None:
    more = ("Content-Length: 3", "Expect: 100-continue", "Connection: close")
    upload = Upload(server, ada.token, ada.create_group(), *more)
    assert upload.socket.recv(65_536).startswith(b"HTTP/1.1 100 Continue")
    upload.socket.sendall(b"abc")
    status, body = upload.answer()
    assert (status, body["data"]["size"]) == (b"201 CREATED", 3)


def test_a_body_in_chunks_is_taken_up_to_the_limit_of_other_bodies(
    server: Server, ada: Person
) -> None:
    more = ("Transfer-Encoding: chunked", "Connection: close")
    room = ada.create_group()
    small = Upload(server, ada.token, room, *more)
    small.socket.sendall(b"3\r\nabc\r\n0\r\n\r\n")
    assert small.answer()[0] == b"201 CREATED"
    large = Upload(server, ada.token, room, *more)
    large.socket.sendall(b"11170\r\n" + b"x" * 70_000)
    assert large.answer()[1]["error"]["code"] == "payload_too_large"


def test_an_upload_that_breaks_off_leaves_nothing(server: Server, app: Flask, ada: Person) -> None:
    before = stored(app)
    upload = Upload(server, ada.token, ada.create_group())
    upload.socket.sendall(b"x" * (SIZE // 2))
    there = {"file.files": before["file.files"] + 1, "file.chunks": before["file.chunks"] + 3}
    wait_until_stored(app, there)
    upload.socket.close()
    wait_until_stored(app, before)


class ImpatientServer(Server):
    """A server that ends slow transfers soon."""

    program = "tests/http/impatient_server.py"


def test_an_upload_that_stalls_is_ended_by_the_least_rate_and_leaves_nothing(
    mongo_uri: str, tmp_path: Path
) -> None:
    name = f"test_{secrets.token_hex(8)}"
    uri = with_database(mongo_uri, name)
    with ImpatientServer(tmp_path, MONGO_URI=uri, PYTHONPATH=ROOT) as server:
        with app_beside(tmp_path, uri) as app:
            (ada,) = make_people(app, "ada")
            upload = Upload(server, ada.token, ada.create_group())
            upload.socket.sendall(b"x" * (SIZE // 2))
            wait_until_stored(app, {"file.files": 1, "file.chunks": 3})
            status, body = upload.answer()  # it comes although the client waits for ever
            assert status == b"400 BAD REQUEST" and list(body["error"]["fields"]) == ["file"]
            wait_until_stored(app, {"file.files": 0, "file.chunks": 0})
    drop(Database(mongo_uri), name)


def test_uploads_that_stand_still_keep_their_user_from_nothing(
    mongo_uri: str, tmp_path: Path
) -> None:
    """They hold no turn: their user has eight."""
    name = f"test_{secrets.token_hex(8)}"
    uri = with_database(mongo_uri, name)
    with Server(tmp_path, MONGO_URI=uri) as server, app_beside(tmp_path, uri) as app:
        (ada,) = make_people(app, "ada")
        room = ada.create_group()
        get_own_user(server, ada)  # from now on the server knows the session
        uploads = [Upload(server, ada.token, room) for _ in range(USER.turns)]
        wait_until_stored(app, {"file.files": USER.turns, "file.chunks": 0})
        get_own_user(server, ada)
        for upload in uploads:
            upload.socket.close()
    drop(Database(mongo_uri), name)


def get_own_user(server: Server, person: Person) -> None:
    request = urllib.request.Request(f"{server.url}/api/users/me", headers=person.headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        assert response.status == 200
