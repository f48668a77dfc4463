"""What removes files that nothing uses, whatever a crash has left of them."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from harness.accounts import error_of
from harness.people import Person, make_people, new_client_id
from tests.http.uploading import picture, send_file, upload


@pytest.fixture
def ada(app: Flask) -> Person:
    (ada,) = make_people(app, "ada")
    return ada


@pytest.fixture
def room(ada: Person) -> dict[str, Any]:
    return ada.create_group()


def stored(app: Flask) -> tuple[int, int]:
    """Return how many documents and chunks of files there are."""
    db = app.extensions["chat"].database.db
    return db["file.files"].count_documents({}), db["file.chunks"].count_documents({})


def claim(
    app: Flask, person: Person, room: dict[str, Any], client_id: str, file: dict[str, Any]
) -> None:
    """Do what a send does before it stores its message."""
    services = app.extensions["chat"]
    found, _ = services.membership_cache.require(person.id, room["id"])
    services.files.claim(found, person.model, client_id, [file["id"]])


def pass_time(app: Flask) -> None:
    """Let the time of each file come at which it is looked at again, and look."""
    services = app.extensions["chat"]
    files = services.database.db["file.files"]
    files.update_many({"remove_at": {"$gt": 0}}, {"$set": {"remove_at": 1}})
    services.file_removal.run_once()


def test_what_was_not_sent_within_a_day_is_removed_and_what_was_sent_stays(
    app: Flask, ada: Person, room: dict[str, Any]
) -> None:
    unsent, (sent,) = upload(ada, room, picture(900, 900)), send_file(ada, room, b"x")["files"]
    pass_time(app)
    error_of(ada.get(f"/files/{unsent['id']}"), 404)
    assert ada.get(f"/files/{sent['id']}").status_code == 200
    assert stored(app) == (1, 1)
    pass_time(app)  # it is not looked at again
    assert stored(app) == (1, 1)


def test_a_claim_without_a_message_ends_after_a_day(
    app: Flask, ada: Person, room: dict[str, Any]
) -> None:
    """As when the server is killed between the claim and the append."""
    claimed = upload(ada, room)
    claim(app, ada, room, new_client_id(), claimed)
    assert ada.get(f"/files/{claimed['id']}").status_code == 200  # its uploader still reads it
    pass_time(app)
    error_of(ada.get(f"/files/{claimed['id']}"), 404)
    assert stored(app) == (0, 0)


def test_a_send_after_the_kill_finds_its_own_claim(
    app: Flask, ada: Person, room: dict[str, Any]
) -> None:
    file, client_id = upload(ada, room), new_client_id()
    claim(app, ada, room, client_id, file)
    assert ada.say(room, "", client_id, files=[file["id"]])["files"] == [file]


def test_what_a_dead_process_left_arriving_is_removed(
    app: Flask, ada: Person, room: dict[str, Any]
) -> None:
    file = upload(ada, room, picture(900, 900))
    db = app.extensions["chat"].database.db
    db["file.files"].update_one({"_id": ObjectId(file["id"])}, {"$set": {"state": "arriving"}})
    error_of(ada.get(f"/files/{file['id']}"), 404)
    pass_time(app)
    assert stored(app) == (0, 0)


def test_a_removal_goes_on_where_a_dead_process_stopped(
    app: Flask, ada: Person, room: dict[str, Any]
) -> None:
    file = upload(ada, room, bytes(600_000))
    services = app.extensions["chat"]
    services.file_removal.remove(file["id"])
    services.database.db["file.chunks"].delete_one({"files_id": ObjectId(file["id"]), "n": 0})
    services.file_removal.run_once()
    assert stored(app) == (0, 0)


@pytest.mark.parametrize("whose", ["user", "room"])
def test_the_files_of_an_account_and_of_a_room_are_removed(
    app: Flask, ada: Person, room: dict[str, Any], whose: str
) -> None:
    for _ in range(3):
        send_file(ada, room, b"x")
    removal = app.extensions["chat"].file_removal
    if whose == "user":
        removal.delete_user_data(ada.id)
    else:
        assert sum(removal.delete_of_room(room["id"])) == 3
    removal.run_once()
    assert stored(app) == (0, 0)


def test_a_file_claimed_for_a_message_that_lacks_it_is_removed(
    app: Flask, ada: Person, room: dict[str, Any]
) -> None:
    """A send was repeated with another file, and answered with the first message."""
    client_id = new_client_id()
    ada.say(room, "hello", client_id)
    other = upload(ada, room)
    assert ada.post_message(room, "", client_id, files=[other["id"]]).status_code == 200
    pass_time(app)
    assert stored(app) == (0, 0)
