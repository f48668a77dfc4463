"""People who talk: several made at once, without a log-in each, and what tests let them do."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chat.app import create_app, stop
from chat.auth import issue_tokens
from chat.models import User
from chat.services.account_administration import AccountAdministration
from chat.wiring import Services
from harness.accounts import Account, bearer, data_of, new_password

STRANGE_ID = "0" * 24  # looks like an id and names nothing


class Person(Account):
    """An account with the calls about rooms, which return the `data` of a good answer.

    `model` is who they are for the services.
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
        """Make a group and let the others join it; return it as its owner sees it."""
        group: dict[str, Any] = data_of(self.post("/rooms", json={"name": name}), 201)
        for member in members:
            member.join(group)
        return group

    def join(self, group: dict[str, Any]) -> dict[str, Any]:
        """Join a group by its number."""
        found: dict[str, Any] = data_of(self.post("/rooms/join", json={"number": group["number"]}))
        return found

    def add(self, group: dict[str, Any], other: Person) -> None:
        """Add a person to a group by name; one who is asked accepts."""
        response = self.post(f"/rooms/{group['id']}/members", json={"username": other.username})
        if response.status_code == 202:
            waiting = other.membership_requests()
            (request,) = [one for one in waiting if one["room"]["id"] == group["id"]]
            data_of(other.post(f"/users/me/invitations/{request['id']}"))
        else:
            data_of(response, 201)

    def membership_requests(self) -> list[dict[str, Any]]:
        """Return the requests to join groups that wait for an answer."""
        found: list[dict[str, Any]] = data_of(self.get("/users/me/invitations"))
        return found

    def talk_to(self, other: Person) -> dict[str, Any]:
        """Return the direct room shared with another person, new or not."""
        response = self.post("/rooms/direct", json={"username": other.username})
        found: dict[str, Any] = data_of(response, response.status_code)
        return found

    def post_message(
        self, room: dict[str, Any], data: object, client_id: object = None
    ) -> TestResponse:
        """Post a message and return the answer, good or not; the default client_id is a new one."""
        body = {"client_id": new_client_id() if client_id is None else client_id, "data": data}
        # Escaped, so that what is no text can be sent too: lone surrogates.
        path = f"/rooms/{room['id']}/messages"
        return self.post(path, data=json.dumps(body), content_type="application/json")

    def say(self, room: dict[str, Any], data: str, client_id: str | None = None) -> dict[str, Any]:
        """Post a message and return it as it was stored."""
        found: dict[str, Any] = data_of(self.post_message(room, data, client_id), 201)
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


def make_people(app: Flask, *names: str) -> list[Person]:
    """Make users whose usernames begin with these names, each logged in; all in two writes."""
    services: Services = app.extensions["chat"]
    password = new_password()
    usernames = [f"{name}-{secrets.token_hex(4)}" for name in names]
    users = list(services.accounts.create_many(usernames, password))
    grants = services.sessions.start_many(users, "Test")
    people = []
    with app.app_context():
        for user, grant in zip(users, grants, strict=True):
            people.append(Person(app.test_client(), user, password, issue_tokens(grant)))
    return people


def operator(app: Flask) -> AccountAdministration:
    """Return what an operator does by commands."""
    found: AccountAdministration = app.extensions["chat"].account_administration
    return found


def settle(app: Flask) -> None:
    """Let the app write down what it otherwise would a little later."""
    services: Services = app.extensions["chat"]
    for waiting in (services.previews, services.read_marks, services.audit):
        assert waiting.flush()


@contextmanager
def app_beside(data_dir: Path, mongo_uri: str, **settings: Any) -> Iterator[Flask]:
    """Give an app in this process on the database and the secret key of a server that runs.

    For `make_people`, whose tokens are then good there. The key is the one kept in the server's
    `data_dir`, unless SECRET_KEY is among the settings.
    """
    app = create_app("config.Config", DATA_DIR=str(data_dir), MONGO_URI=mongo_uri, **settings)
    yield app
    stop(app)
