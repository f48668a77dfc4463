"""Downloads that end early: the bytes, the session or the right to read them are gone."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from chat.errors import NotFound, Unauthorized
from chat.services import files
from chat.wiring.files import DOWNLOADS
from harness.accounts import error_of
from harness.people import Person, app_beside, make_people
from harness.servers import PATIENCE, Server
from tests.http.uploading import send_file, some_bytes

LARGE = 600_000  # bytes: three chunks
HUGE = 16_000_000  # more than the kernel keeps for a client that does not read


def remove(owner: Person, reader: Person, room: dict[str, Any]) -> None:
    path = f"/rooms/{room['id']}/members/{reader.id}"
    assert owner.delete(path).status_code == 204


def log_out(owner: Person, reader: Person, room: dict[str, Any]) -> None:
    assert reader.delete("/session").status_code == 204


@pytest.mark.parametrize(("end", "error"), [(remove, NotFound), (log_out, Unauthorized)])
@pytest.mark.parametrize("is_link", [False, True])
def test_a_long_download_ends_with_the_right_to_it(
    shared_app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[Person, Person, dict[str, Any]], None],
    error: type[Exception],
    is_link: bool,
) -> None:
    monkeypatch.setattr(files, "CHECK_SECONDS", 0.0)
    ada, bob = make_people(shared_app, "ada", "bob")
    room = ada.create_group(bob)
    path = f"/files/{send_file(ada, room, some_bytes(LARGE))['files'][0]['id']}"
    if is_link:
        path = bob.post(f"{path}/link").get_json()["data"]["url"].removeprefix("/api")
    with bob.get(path) as response:
        pieces = response.iter_encoded()
        assert next(pieces)
        assert next(pieces)
        end(ada, bob, room)
        with pytest.raises(error):
            next(pieces)


def test_large_downloads_take_no_place_of_the_small_ones(make_app: Callable[..., Flask]) -> None:
    """Such as previews and avatars, without which a page is empty."""
    (ada,) = make_people(make_app(RATE_LIMITS=True), "ada")
    room = ada.create_group()
    large, small = (
        f"/files/{send_file(ada, room, some_bytes(size))['files'][0]['id']}"
        for size in (LARGE, 1_000)
    )
    held = [ada.get(large, buffered=False) for _ in range(DOWNLOADS[0])]
    assert {response.status_code for response in held} == {200}
    error_of(ada.get(large), 429)
    assert ada.get(small).status_code == 200
    held.pop().close()
    assert ada.get(large).status_code == 200
    for response in held:
        response.close()


@pytest.fixture
def app(server: Server) -> Iterator[Flask]:
    with app_beside(server.data_dir, server.mongo_uri, RATE_LIMITS=False) as app:
        yield app


def test_the_connection_of_a_download_that_cannot_go_on_is_closed(
    server: Server, app: Flask
) -> None:
    """Its reader waits for bytes that never come."""
    (ada,) = make_people(app, "ada")
    room = ada.create_group()
    message = send_file(ada, room, some_bytes(HUGE))
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        client.settimeout(PATIENCE)
        client.connect(("127.0.0.1", server.port))
        head = f"GET /api/files/{message['files'][0]['id']} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        client.sendall(f"{head}Authorization: Bearer {ada.token}\r\n\r\n".encode())
        size = len(client.recv(1_000))
        services = app.extensions["chat"]
        services.file_removal.remove(message["files"][0]["id"])
        services.file_removal.run_once()
        while piece := client.recv(1 << 20):
            size += len(piece)
    assert 1_000 < size < HUGE
    assert "Traceback" not in server.log()
