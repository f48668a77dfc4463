"""Pictures of people and groups."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask
from PIL import Image
from werkzeug.test import TestResponse

from chat.database.client import time_limit
from chat.middleware import deadline
from chat.realtime.acks import ANSWER_WITHIN
from harness.accounts import data_of, error_of
from harness.people import Person, make_people
from tests.http.uploading import picture, some_bytes

MY_AVATAR = "/users/me/avatar"


def put(person: Person, path: str, content: bytes, type_: str = "image/png") -> TestResponse:
    """Send a picture; return the response, even an error."""
    return person.put(path, data=content, content_type=type_)


def avatar_of(room: dict[str, Any]) -> str:
    return f"/rooms/{room['id']}/avatar"


def shown(person: Person, file_id: str) -> Image.Image:
    """Return the picture as a person sees it."""
    response = person.get(f"/files/{file_id}")
    assert (response.status_code, response.mimetype) == (200, "image/webp")
    return Image.open(BytesIO(response.data))


def is_gone(app: Flask, person: Person, file_id: str) -> bool:
    """Return whether nothing of a file is left, after the removal has looked."""
    services = app.extensions["chat"]
    services.file_removal.run_once()
    chunks = services.database.db["file.chunks"].count_documents({"files_id": ObjectId(file_id)})
    return person.get(f"/files/{file_id}").status_code == 404 and chunks == 0


@pytest.mark.parametrize("type_", ["image/png", "application/octet-stream", "text/html", ""])
def test_everybody_sees_the_picture_of_a_person(ada: Person, eve: Person, type_: str) -> None:
    me = data_of(put(ada, MY_AVATAR, picture(900, 600), type_))
    assert data_of(ada.get("/users/me"))["avatar"] == me["avatar"] != ""
    assert data_of(eve.get(f"/users/{ada.username}"))["avatar"] == me["avatar"]
    assert shown(eve, me["avatar"]).size == (256, 256)


def test_members_see_the_picture_of_a_group_and_so_do_those_who_are_asked(
    ada: Person, bob: Person, eve: Person, room: dict[str, Any]
) -> None:
    avatar = data_of(put(ada, avatar_of(room), picture(300, 900)))["avatar"]
    assert data_of(bob.get(f"/rooms/{room['id']}"))["avatar"] == avatar
    token = data_of(ada.post(f"/rooms/{room['id']}/invitations", json={}), 201)["token"]
    assert data_of(eve.get(f"/invitations/{token}"))["room"]["avatar"] == avatar
    added = ada.post(f"/rooms/{room['id']}/members", json={"username": eve.username})
    assert added.status_code == 202
    asked = data_of(eve.get("/users/me/invitations"))
    assert avatar in [one["room"]["avatar"] for one in asked]
    assert shown(eve, avatar).size == (256, 256)


def test_of_a_picture_that_is_replaced_nothing_is_left(
    shared_app: Flask, ada: Person, room: dict[str, Any]
) -> None:
    for path in (MY_AVATAR, avatar_of(room)):
        first = data_of(put(ada, path, picture()))["avatar"]
        second = data_of(put(ada, path, picture(12, 12)))["avatar"]
        assert first != second
        assert is_gone(shared_app, ada, first) and shown(ada, second).size == (12, 12)


def test_of_a_picture_that_is_removed_nothing_is_left(
    shared_app: Flask, ada: Person, room: dict[str, Any]
) -> None:
    for path in (MY_AVATAR, avatar_of(room)):
        avatar = data_of(put(ada, path, picture()))["avatar"]
        for _ in range(2):  # the second time there is none
            assert data_of(ada.delete(path))["avatar"] == ""
        assert is_gone(shared_app, ada, avatar)


def test_the_removal_of_a_picture_is_a_call_as_others_are(
    shared_app: Flask, ada: Person, room: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It brings no file, so its body is checked, and its queries have a time limit together."""
    limits: list[float] = []

    def limited(seconds: float) -> AbstractContextManager[None]:
        limits.append(seconds)
        return time_limit(seconds)

    monkeypatch.setattr(deadline, "time_limit", limited)
    for path in (MY_AVATAR, avatar_of(room)):
        data_of(put(ada, path, picture()))
        assert limits == []
        error_of(ada.delete(path, data=b"text", content_type="text/plain"), 415)
        data_of(ada.delete(path))
        assert len(limits) == 2 and max(limits) <= ANSWER_WITHIN
        limits.clear()


@pytest.mark.parametrize(
    "content, status, code",
    [
        (b"", 400, "validation_error"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 400, "validation_error"),
        (picture()[:-30], 400, "validation_error"),
        (some_bytes(2_000), 400, "validation_error"),
    ],
)
def test_what_is_no_picture_is_refused_and_the_present_one_stays(
    ada: Person, room: dict[str, Any], content: bytes, status: int, code: str
) -> None:
    for path in (MY_AVATAR, avatar_of(room)):
        present = data_of(put(ada, path, picture()))["avatar"]
        error = error_of(put(ada, path, content), status)
        assert error["code"] == code and set(error["fields"]) == {"file"}
        shown(ada, present)
    assert data_of(ada.get("/users/me"))["avatar"] != ""


def test_a_group_s_picture_is_changed_by_owner_and_admins(
    ada: Person, bob: Person, room: dict[str, Any]
) -> None:
    path = avatar_of(room)
    assert error_of(put(bob, path, picture()), 403)["code"] == "forbidden"
    role = {"role": "admin"}
    assert ada.patch(f"/rooms/{room['id']}/members/{bob.id}", json=role).status_code == 200
    assert data_of(put(bob, path, picture()))["avatar"] != ""
    assert data_of(ada.delete(path))["avatar"] == ""


def test_a_room_of_two_has_no_picture(ada: Person, bob: Person) -> None:
    path = avatar_of(ada.talk_to(bob))
    assert error_of(put(ada, path, picture()), 403)["code"] == "forbidden"


def test_a_picture_goes_with_its_person(shared_app: Flask, eve: Person) -> None:
    (cleo,) = make_people(shared_app, "cleo")
    avatar = data_of(put(cleo, MY_AVATAR, picture()))["avatar"]
    cleo.end()
    assert is_gone(shared_app, eve, avatar)


def test_a_picture_goes_with_its_group(
    shared_app: Flask, ada: Person, room: dict[str, Any]
) -> None:
    avatar = data_of(put(ada, avatar_of(room), picture()))["avatar"]
    assert ada.delete(f"/rooms/{room['id']}").status_code == 204
    shared_app.extensions["chat"].jobs.run_due()
    assert is_gone(shared_app, ada, avatar)


def test_a_group_keeps_its_picture_when_whoever_chose_it_leaves_for_good(
    shared_app: Flask, bob: Person
) -> None:
    (cleo,) = make_people(shared_app, "cleo")
    group = bob.create_group(cleo)
    role = {"role": "admin"}
    assert bob.patch(f"/rooms/{group['id']}/members/{cleo.id}", json=role).status_code == 200
    avatar = data_of(put(cleo, avatar_of(group), picture()))["avatar"]
    cleo.end()
    shared_app.extensions["chat"].file_removal.run_once()
    assert shown(bob, avatar).size == (6, 6)


def test_addresses_of_older_servers_count_as_no_picture(
    shared_app: Flask, ada: Person, bob: Person
) -> None:
    users = shared_app.extensions["chat"].database.db["user"]
    users.update_one({"username": bob.username}, {"$set": {"avatar": "https://example.org/b.png"}})
    assert data_of(ada.get(f"/users/{bob.username}"))["avatar"] == ""
    assert data_of(put(bob, MY_AVATAR, picture()))["avatar"] != ""


def test_of_a_picture_that_comes_while_its_person_goes_nothing_is_left(
    shared_app: Flask, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cleo,) = make_people(shared_app, "cleo")
    files = shared_app.extensions["chat"].files
    receive: Callable[..., Any] = files.receive_avatar
    received = []

    def receive_and_end(*args: Any) -> Any:
        file = receive(*args)
        received.append(file.id)
        cleo.end()
        return file

    monkeypatch.setattr(files, "receive_avatar", receive_and_end)
    assert put(cleo, MY_AVATAR, picture()).status_code == 404
    assert is_gone(shared_app, ada, received[0])


class EndingBody(BytesIO):
    """A body whose sender logs out while it is read."""

    def __init__(self, content: bytes, sender: Person) -> None:
        super().__init__(content)
        self._sender = sender

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() == 0:
            assert self._sender.delete("/session").status_code == 204
        return super().read(size)


@pytest.mark.parametrize("door", ["my picture", "picture of a group", "file of a message"])
def test_what_arrives_after_a_log_out_is_not_taken(
    shared_app: Flask, ada: Person, door: str
) -> None:
    (cleo,) = make_people(shared_app, "cleo")
    room = cleo.create_group(ada)
    method, path = {
        "my picture": ("PUT", MY_AVATAR),
        "picture of a group": ("PUT", avatar_of(room)),
        "file of a message": ("POST", f"/rooms/{room['id']}/files"),
    }[door]
    sent = picture()
    body = EndingBody(sent, cleo)
    error_of(cleo.call(method, path, input_stream=body, content_length=len(sent)), 401)
    assert data_of(ada.get(f"/users/{cleo.username}"))["avatar"] == ""
    assert data_of(ada.get(f"/rooms/{room['id']}"))["avatar"] == ""
    files = shared_app.extensions["chat"].database.db["file.files"]
    assert files.count_documents({"user_identity": ObjectId(cleo.id)}) == 0
