"""A database that a release has made serves this version: nothing of it is lost.

`tools/make_release_data.py` makes the files when a version is released.
"""

from __future__ import annotations

import gzip
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from bson import json_util

from chat import __version__, migrations
from chat.database.client import Database
from harness.servers import PATIENCE, Server
from tests.cli.commands import flask
from tests.conftest import with_database

FILES = sorted(Path(__file__).parent.glob("*.json.gz"))
PAGE = 100


def release(file: Path) -> dict[str, Any]:
    """Return what a file holds: the version, all collections, and what people saw."""
    text = gzip.decompress(file.read_bytes()).decode()
    found: dict[str, Any] = json_util.loads(text)
    return found


def load(database: Database, collections: list[dict[str, Any]]) -> None:
    """Make a database what it was."""
    for one in collections:
        collection = database.db.create_collection(one["name"], **one["options"])
        for index in one["indexes"]:
            if index["name"] != "_id_":
                options = {k: v for k, v in index.items() if k not in ("v", "key", "ns")}
                collection.create_index(list(index["key"].items()), **options)
        if one["documents"]:
            collection.insert_many(one["documents"])


class Returning:
    """Somebody of the release, who has forgotten their password and gets a new one by e-mail."""

    def __init__(self, server: Server, seen: dict[str, Any]) -> None:
        self.seen = seen
        self._api = f"{server.url}/api"
        email = seen["user"]["email"]
        self.password = secrets.token_urlsafe(12)
        self._session = requests.Session()
        self.call("POST", "/users/code", {"email": email, "purpose": "reset"})
        code = server.next_code(email)
        self.call(
            "PUT", "/users/password", {"email": email, "code": code, "password": self.password}
        )
        body = {"username": seen["user"]["username"], "password": self.password}
        token = self.call("POST", "/session", body)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(method, self._api + path, json=body, timeout=PATIENCE)
        assert answer.ok, answer.text
        return answer.json()["data"] if answer.content else None

    def history(self, room_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        more = True
        while more:
            after = found[-1]["seq"] if found else 0
            page = self.call("GET", f"/rooms/{room_id}/messages?after_seq={after}&limit={PAGE}")
            found += page["messages"]
            more = page["has_more"]
        return found


def assert_kept(now: Any, before: Any, where: str = "") -> None:
    """Everything that was said before is said now; this version may say more."""
    if isinstance(before, dict):
        for name, value in before.items():
            assert name in now, f"{where}.{name} is gone"
            if name != "online":  # it was so at that moment
                assert_kept(now[name], value, f"{where}.{name}")
    elif isinstance(before, list):
        assert len(now) == len(before), where
        for number, (one, other) in enumerate(zip(now, before, strict=True)):
            assert_kept(one, other, f"{where}[{number}]")
    else:
        assert now == before, where


@pytest.fixture(params=FILES, ids=lambda file: file.name)
def old(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A release."""
    return release(request.param)


@pytest.fixture
def upgraded(
    old: dict[str, Any], database: Database, mongo_uri: str, tmp_path: Path
) -> Iterator[Server]:
    """A server of this version on the database of a release."""
    load(database, old["collections"])
    uri = with_database(mongo_uri, database.db.name)
    flask("db", "upgrade", data_dir=tmp_path / "var", MONGO_URI=uri)
    assert {one.state for one in migrations.status(database)} == {"applied"}
    with Server(tmp_path / "var", MONGO_URI=uri) as server:
        yield server


def test_people_find_everything_and_go_on(old: dict[str, Any], upgraded: Server) -> None:
    people = {name: Returning(upgraded, seen) for name, seen in old["seen"].items()}
    for person in people.values():
        assert_kept(person.call("GET", "/users/me"), person.seen["user"])
        rooms = person.call("GET", "/rooms")
        for room in rooms:
            room["members"] = person.call("GET", f"/rooms/{room['id']}/members")
            room["messages"] = person.history(room["id"])
        assert_kept(rooms, person.seen["rooms"])
    for person in people.values():
        for room in person.seen["rooms"]:
            body = {"client_id": secrets.token_hex(8), "data": "after the upgrade"}
            before = person.call("GET", f"/rooms/{room['id']}")
            sent = person.call("POST", f"/rooms/{room['id']}/messages", body)
            assert sent["seq"] == before["last_seq"] + 1
            after = person.call("PUT", f"/rooms/{room['id']}/read", {"seq": sent["seq"]})
            assert after["unread"] == 0


def test_what_was_said_before_the_upgrade_can_be_changed_after_it(
    old: dict[str, Any], upgraded: Server
) -> None:
    name, seen = next(iter(old["seen"].items()))
    person = Returning(upgraded, seen)
    own = [
        message
        for room in seen["rooms"]
        for message in room["messages"]
        if message["user_id"] == seen["user"]["id"]
    ]
    edited, reacted, deleted = own[0], own[1], own[2]
    revs: dict[str, int] = {}

    def change(method: str, message: dict[str, Any], path: str = "", body: Any = None) -> Any:
        room = f"/rooms/{message['room_id']}"
        revs[message["room_id"]] = revs.get(message["room_id"], 0) + 1
        assert person.call("GET", f"{room}/messages/{message['seq']}")["version"] == 0
        now = person.call(method, f"{room}/messages/{message['seq']}{path}", body)
        assert now["version"] == 1
        changes = person.call("GET", f"{room}/changes?after_rev=0")
        assert changes["last_rev"] == revs[message["room_id"]] and now in changes["messages"]
        return now

    now = change("PATCH", edited, body={"data": "edited after the upgrade"})
    assert_kept(now, {k: v for k, v in edited.items() if k not in ("data", "updated_at")})
    assert_kept(change("PUT", reacted, "/reactions/👍"), reacted)
    gone = change("DELETE", deleted)
    assert gone["data"] == "" and (gone["id"], gone["seq"]) == (deleted["id"], deleted["seq"])


def test_a_message_sent_again_after_the_upgrade_is_not_stored_twice(
    old: dict[str, Any], upgraded: Server
) -> None:
    name, seen = next(iter(old["seen"].items()))
    person = Returning(upgraded, seen)
    own = next(
        message
        for room in seen["rooms"]
        for message in room["messages"]
        if message["user_id"] == seen["user"]["id"]
    )
    body = {"client_id": own["client_id"], "data": own["data"]}
    assert_kept(person.call("POST", f"/rooms/{own['room_id']}/messages", body), own)


def test_this_version_has_data_of_its_own() -> None:
    """Otherwise nobody would notice what the next version does to it."""
    assert f"{__version__}.json.gz" in [file.name for file in FILES]


def test_the_data_holds_no_password_and_no_token(old: dict[str, Any]) -> None:
    text = json_util.dumps(old)
    assert "eyJ" not in text  # how a token begins
    (users,) = [one for one in old["collections"] if one["name"] == "user"]
    hashes = [user["password"] for user in users["documents"] if user.get("password")]
    assert hashes and all(one.startswith("$argon2id$") for one in hashes)
