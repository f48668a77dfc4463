"""The bytes of a deleted message go soon, whichever of two processes deletes it."""

from __future__ import annotations

import pytest
from bson import ObjectId
from flask import Flask

from harness.people import new_client_id
from harness.servers import Server
from tests.database.processes import wait_until
from tests.sockets.conftest import Member, Pair
from tests.stopwatch import Stopwatch

GONE_WITHIN = 5.0  # seconds
SIZE = 1_000_000  # bytes: four chunks


def send_file(person: Member) -> tuple[str, str]:
    """Send a file; return its id, and the path of its message."""
    path = f"/rooms/{person.create_group()['id']}"
    file_id = person.data("POST", f"{path}/files?name=a.bin", content=bytes(SIZE))["id"]
    body = {"client_id": new_client_id(), "data": "", "files": [file_id]}
    return file_id, f"{path}/messages/{person.data('POST', f'{path}/messages', body)['seq']}"


@pytest.mark.parametrize("place", [0, 1])
def test_bytes_go_soon_after_their_message(
    spread: Pair, server: Server, elsewhere: Server, beside: Flask, place: int
) -> None:
    """One of the two removes files, and learns by the log of what the other one deleted."""
    person = spread("here", "there")[place]
    file_id, path = send_file(person)
    chunks = beside.extensions["chat"].database.db["file.chunks"]
    of_file = {"files_id": ObjectId(file_id)}
    assert chunks.count_documents(of_file) == 4
    watch = Stopwatch(server, elsewhere)
    person.data("DELETE", path)
    wait_until(lambda: chunks.count_documents(of_file) == 0)
    assert watch.seconds() < GONE_WITHIN
