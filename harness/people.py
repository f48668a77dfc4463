"""Test users with the calls about rooms and messages; many are created at once, logged in."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chat.app import create_app, stop
from chat.auth import issue_tokens
from chat.models import User
from chat.repositories.search import SearchRepository
from chat.services.account_administration import AccountAdministration
from chat.services.search_index import entry_of
from chat.wiring import Services
from harness.accounts import Account, bearer, data_of, hashed_password

UNKNOWN_ID = "0" * 24  # a valid id of nothing
MOST_SAID = 1_000  # messages of a room whose searches are tested


class Person(Account):
    """An account with the calls about rooms; each returns the `data` of a successful response.

    `model` is the user as services take it.
    """

    def __init__(self, client: FlaskClient, user: User, password: str, tokens: dict[str, str]):
        described = {"id": user.id, "username": user.username}
        super().__init__(client, user.username, password, {"user": described, **tokens})
        self.model = user

    @property
    def token(self) -> str:
        return self.access_token

    @property
    def headers(self) -> dict[str, str]:
        return bearer(self.access_token)

    def rooms(self) -> list[dict[str, Any]]:
        """Return the conversation list."""
        found: list[dict[str, Any]] = data_of(self.get("/rooms"))
        return found

    def room(self, room_id: str) -> dict[str, Any]:
        """Return one conversation."""
        found: dict[str, Any] = data_of(self.get(f"/rooms/{room_id}"))
        return found

    def create_group(self, *members: Person, name: str = "A group") -> dict[str, Any]:
        """Create a group and let the others join it; return it as its owner sees it."""
        group: dict[str, Any] = data_of(self.post("/rooms", json={"name": name}), 201)
        for member in members:
            member.join(group)
        return group

    def join(self, group: dict[str, Any]) -> dict[str, Any]:
        """Join a group by its number."""
        found: dict[str, Any] = data_of(self.post("/rooms/join", json={"number": group["number"]}))
        return found

    def add(self, group: dict[str, Any], other: Person) -> None:
        """Add a person to a group by name; the person accepts if a request is needed."""
        response = self.post(f"/rooms/{group['id']}/members", json={"username": other.username})
        if response.status_code == 202:
            waiting = other.membership_requests()
            (request,) = [one for one in waiting if one["room"]["id"] == group["id"]]
            data_of(other.post(f"/users/me/invitations/{request['id']}"))
        else:
            data_of(response, 201)

    def membership_requests(self) -> list[dict[str, Any]]:
        """Return the pending requests to join groups."""
        found: list[dict[str, Any]] = data_of(self.get("/users/me/invitations"))
        return found

    def talk_to(self, other: Person) -> dict[str, Any]:
        """Return the direct room with another person; create it if there is none."""
        response = self.post("/rooms/direct", json={"username": other.username})
        found: dict[str, Any] = data_of(response, response.status_code)
        return found

    def post_message(
        self, room: dict[str, Any], data: object, client_id: object = None, **more: object
    ) -> TestResponse:
        """Post a message, by default with a new client_id; return the response, even an error.

        `more` is what else it says, such as `reply_to`.
        """
        client_id = new_client_id() if client_id is None else client_id
        body = {"client_id": client_id, "data": data, **more}
        # ASCII-escaped JSON, so that lone surrogates can be sent too.
        path = f"/rooms/{room['id']}/messages"
        return self.post(path, data=json.dumps(body), content_type="application/json")

    def upload(self, room: dict[str, Any], content: bytes, name: str) -> dict[str, Any]:
        """Upload a file for a room and return it."""
        path = f"/rooms/{room['id']}/files"
        query = {"name": name}
        response = self.post(
            path, query_string=query, data=content, content_type="application/octet-stream"
        )
        found: dict[str, Any] = data_of(response, 201)
        return found

    def say(
        self, room: dict[str, Any], data: str, client_id: str | None = None, **more: object
    ) -> dict[str, Any]:
        """Post a message and return the stored one."""
        found: dict[str, Any] = data_of(self.post_message(room, data, client_id, **more), 201)
        return found

    def change(self, room: dict[str, Any], seq: int, **changed: Any) -> dict[str, Any]:
        """Change a message: `data`, `deleted`, `pinned`, or `emoji` with `on`; return it."""
        path = f"/rooms/{room['id']}/messages/{seq}"
        if "data" in changed:
            response = self.patch(path, json=changed)
        elif "deleted" in changed:
            response = self.delete(path)
        elif "pinned" in changed:
            response = (self.put if changed["pinned"] else self.delete)(f"{path}/pin")
        else:
            method = self.put if changed.get("on", True) else self.delete
            response = method(f"{path}/reactions/{quote(changed['emoji'])}")
        found: dict[str, Any] = data_of(response)
        return found

    def history(self, room: dict[str, Any], **query: int) -> dict[str, Any]:
        """Return a page of a room's messages: `{messages, has_more}`."""
        found: dict[str, Any] = data_of(
            self.get(f"/rooms/{room['id']}/messages", query_string=query)
        )
        return found

    def members(self, room: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Return a room's members by their usernames."""
        found = data_of(self.get(f"/rooms/{room['id']}/members"))
        return {member["user"]["username"]: member for member in found}


def new_client_id() -> str:
    """Return a client_id that was never used."""
    return secrets.token_hex(8)


def make_people(app: Flask, *names: str, plain: bool = False) -> list[Person]:
    """Create users whose usernames begin with these names, each logged in, by two writes in all.

    With `plain` these are the whole usernames: for a database of one's own.
    """
    services: Services = app.extensions["chat"]
    password, password_hash = hashed_password()
    usernames = [name if plain else f"{name}-{secrets.token_hex(4)}" for name in names]
    users = list(services.accounts.create_many(usernames, password, password_hash))
    grants = services.sessions.start_many(users, "Test")
    people = []
    with app.app_context():
        for user, grant in zip(users, grants, strict=True):
            people.append(Person(app.test_client(), user, password, issue_tokens(grant)))
    return people


def operator(app: Flask) -> AccountAdministration:
    """Return the service behind the operator's commands."""
    found: AccountAdministration = app.extensions["chat"].account_administration
    return found


def settle(app: Flask) -> None:
    """Write all values that the app would write a little later."""
    services: Services = app.extensions["chat"]
    for waiting in (
        services.previews,
        services.read_marks,
        services.mention_marks,
        services.audit,
    ):
        assert waiting.flush()


def index(app: Flask, *rooms: dict[str, Any]) -> None:
    """Let searches find what was said in some rooms, as a running server does a moment later."""
    services: Services = app.extensions["chat"]
    for room in rooms:
        said = services.room_log.read_plain(room["id"], 1, MOST_SAID)
        SearchRepository(services.database).insert([entry_of(message) for message in said])


@contextmanager
def app_beside(data_dir: Path, mongo_uri: str, **settings: Any) -> Iterator[Flask]:
    """Yield an app in this process, with the database and the secret key of a running server.

    Use it for `make_people`, whose tokens are then valid at that server. The key is the one in the
    server's `data_dir`, unless SECRET_KEY is among the settings.
    """
    app = create_app("config.Config", DATA_DIR=str(data_dir), MONGO_URI=mongo_uri, **settings)
    yield app
    stop(app)
