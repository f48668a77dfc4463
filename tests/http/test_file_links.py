"""Links by which a browser downloads a file without a token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from chat.middleware.access_log import SECRET_PATH
from chat.services.file_links import LIFETIME_MS, FileLinks
from harness.accounts import data_of, error_of
from harness.people import Person, make_people
from tests.http.uploading import picture, send_file


@pytest.fixture
def ada(shared_app: Flask) -> Person:
    (ada,) = make_people(shared_app, "ada")
    return ada


@pytest.fixture
def file(ada: Person) -> dict[str, Any]:
    found: dict[str, Any] = send_file(ada, ada.create_group(), picture())["files"][0]
    return found


def link_to(person: Person, file: dict[str, Any]) -> str:
    """Return the link to a file, as a path below `/api`."""
    url: str = data_of(person.post(f"/files/{file['id']}/link"))["url"]
    return url.removeprefix("/api")


def test_a_link_downloads_without_a_token(ada: Person, file: dict[str, Any]) -> None:
    response = ada.client.get(f"/api{link_to(ada, file)}")
    assert response.status_code == 200
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert response.data == ada.get(f"/files/{file['id']}").data


def test_a_link_is_for_its_file_alone(ada: Person, file: dict[str, Any]) -> None:
    other = send_file(ada, ada.create_group(), b"other")["files"][0]
    path = link_to(ada, file).replace(file["id"], other["id"])
    error_of(ada.client.get(f"/api{path}"), 404)


def test_a_changed_link_opens_nothing(ada: Person, file: dict[str, Any]) -> None:
    path = link_to(ada, file)
    for changed in (path[:-1], path + "x", path.rpartition(".")[0]):
        error_of(ada.client.get(f"/api{changed}"), 404)


def log_out(person: Person, file: dict[str, Any]) -> None:
    assert person.client.delete("/api/session", headers=person.headers).status_code == 204


def leave(person: Person, file: dict[str, Any]) -> None:
    (room,) = person.rooms()
    assert person.delete(f"/rooms/{room['id']}/members/{person.id}").status_code == 204


@pytest.mark.parametrize(("end", "status"), [(log_out, 401), (leave, 404)])
def test_a_link_ends_with_its_session_and_with_the_membership(
    ada: Person, file: dict[str, Any], end: Callable[[Person, dict[str, Any]], None], status: int
) -> None:
    path = link_to(ada, file)
    end(ada, file)
    error_of(ada.client.get(f"/api{path}"), status)


def test_a_link_is_good_for_a_minute() -> None:
    now = 0
    links = FileLinks("secret", lambda: now)
    grant = links.make("file", "user", "session")
    now = LIFETIME_MS
    assert links.read("file", grant) == ("user", "session")
    now += 1
    with pytest.raises(Exception, match="not_found"):
        links.read("file", grant)


def test_the_log_does_not_show_a_link(ada: Person, file: dict[str, Any]) -> None:
    path = f"/api{link_to(ada, file)}"
    assert SECRET_PATH.sub(r"\1…", path) == f"/api/files/{file['id']}/download/…"
