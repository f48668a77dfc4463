"""Files: who may upload, send and read them, and what is left of them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from harness.accounts import data_of, error_of
from harness.people import Person, make_people, new_client_id
from tests.http.uploading import picture, post_file, send_file, some_bytes, upload

LARGE = 600_000  # bytes: three chunks


@pytest.fixture(scope="module")
def people(shared_app: Flask) -> list[Person]:
    return make_people(shared_app, "ada", "bob", "eve")


@pytest.fixture(scope="module")
def ada(people: list[Person]) -> Person:
    return people[0]


@pytest.fixture(scope="module")
def bob(people: list[Person]) -> Person:
    return people[1]


@pytest.fixture(scope="module")
def eve(people: list[Person]) -> Person:
    """Somebody who is not in the room."""
    return people[2]


@pytest.fixture
def room(ada: Person, bob: Person) -> dict[str, Any]:
    return ada.create_group(bob)


def test_a_file_that_was_sent_is_read_by_a_member_byte_by_byte(
    ada: Person, bob: Person, room: dict[str, Any]
) -> None:
    content = some_bytes(LARGE)
    file = upload(ada, room, content, "measurements.dat")
    assert file == {
        "id": file["id"],
        "name": "measurements.dat",
        "type": "application/octet-stream",
        "size": LARGE,
        "width": None,
        "height": None,
    }
    message = ada.say(room, "", files=[file["id"]])
    assert message["files"] == [file]
    assert bob.history(room)["messages"][-1]["files"] == [file]
    response = bob.get(f"/files/{file['id']}")
    assert (response.status_code, response.data) == (200, content)


def test_a_picture_is_stored_anew_with_a_preview(
    ada: Person, bob: Person, room: dict[str, Any]
) -> None:
    file = upload(ada, room, picture(1_000, 500), "beach.png")
    assert (file["type"], file["width"], file["height"]) == ("image/png", 1_000, 500)
    ada.say(room, "", files=[file["id"]])
    assert bob.get(f"/files/{file['id']}").data[:4] == b"\x89PNG"
    assert bob.get(f"/files/{file['id']}/preview").mimetype == "image/webp"
