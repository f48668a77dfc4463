"""Dump a database that this version has made, for the tests that upgrade it.

    python tools/make_release_data.py

It starts the server, lets people do everything they can over HTTP, and writes the whole database
to tests/releases/VERSION.json.gz, together with what each of them saw. People get passwords and
tokens that are forgotten at once; the secret key of the server is, too.
"""

from __future__ import annotations

import gzip
import secrets
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pymongo
import requests
from bson import json_util

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from chat import __version__  # noqa: E402
from chat.database.embedded import EmbeddedDatabase  # noqa: E402
from harness.servers import PATIENCE, Server  # noqa: E402

DIRECTORY = ROOT / "tests" / "releases"
# Kept empty: short-lived, made with the secret key that is forgotten, and missed by nobody.
EMPTIED = ("verification_code", "rate_limit", "health")
PAGE = 100


class Client:
    """Somebody who registers with an e-mailed code and calls the server over HTTP."""

    def __init__(self, server: Server, username: str, **profile: object) -> None:
        self.username = username
        self.email = f"{username}@example.org"
        self._server = server
        self._session = requests.Session()
        self._password = secrets.token_urlsafe(12)
        self.call("POST", "/users/code", {"email": self.email})
        code = server.next_code(self.email)
        body = {"username": username, "password": self._password, "email": self.email, "code": code}
        self._enter(self.call("POST", "/users", body))
        if profile:
            self.call("PATCH", "/users/me", profile)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the data of a good answer; raise for any other."""
        response = self._session.request(
            method, f"{self._server.url}/api{path}", json=body, timeout=PATIENCE
        )
        response.raise_for_status()
        return response.json()["data"] if response.content else None

    def log_in(self) -> None:
        """Begin another session."""
        body = {"username": self.username, "password": self._password}
        self._enter(self.call("POST", "/session", body))

    def fail_to_log_in(self) -> None:
        """Leave a failure in the audit log."""
        body = {"username": self.username, "password": secrets.token_urlsafe(12)}
        answer = requests.post(f"{self._server.url}/api/session", json=body, timeout=PATIENCE)
        assert answer.status_code == 401, answer.text

    def delete_account(self) -> None:
        """End the account."""
        self.call("DELETE", "/users/me", {"password": self._password})

    def say(self, room: dict[str, Any], *texts: str) -> None:
        """Post messages."""
        for text in texts:
            body = {"client_id": secrets.token_hex(8), "data": text}
            self.call("POST", f"/rooms/{room['id']}/messages", body)

    def what_is_seen(self) -> dict[str, Any]:
        """Return the profile, the rooms, their members and their whole history."""
        rooms = self.call("GET", "/rooms")
        for room in rooms:
            room["members"] = self.call("GET", f"/rooms/{room['id']}/members")
            room["messages"] = list(self._history(room["id"]))
        return {"user": self.call("GET", "/users/me"), "rooms": rooms}

    def _history(self, room_id: str) -> Iterable[dict[str, Any]]:
        seq = 0
        while True:
            path = f"/rooms/{room_id}/messages?after_seq={seq}&limit={PAGE}"
            page = self.call("GET", path)
            yield from page["messages"]
            if not page["has_more"]:
                return
            seq = page["messages"][-1]["seq"]

    def _enter(self, tokens: dict[str, Any]) -> None:
        self._session.headers["Authorization"] = f"Bearer {tokens['access_token']}"


def live(server: Server) -> dict[str, Any]:
    """Let people use the server and return what each of them sees in the end."""
    ada = Client(server, "ada", nickname="Ada Lovelace", locale="en", sex=1)
    bob = Client(server, "bob", nickname="Bob", locale="en")
    lin = Client(server, "linxiao", nickname="林晓", locale="zh", sex=2)
    gone = Client(server, "gone")
    group = ada.call("POST", "/rooms", {"name": "大厅 Lobby", "info": "For everybody · 欢迎"})
    for one in (bob, lin, gone):
        one.call("POST", "/rooms/join", {"number": group["number"]})
    other = lin.call("POST", "/rooms", {"name": "José’s tests 🫨", "info": ""})
    lin.call("POST", f"/rooms/{other['id']}/members", {"username": "bob"})
    direct = ada.call("POST", "/rooms/direct", {"username": "linxiao"})
    bob.call("POST", "/rooms/direct", {"username": "ada"})  # nobody has said anything
    deleted = bob.call("POST", "/rooms", {"name": "Deleted"})

    ada.say(group, *(f"number {number}" for number in range(1, 131)))  # more than a page
    gone.say(group, "I leave you now.")
    lin.say(
        group, "大家好！", "👩‍👩‍👧‍👦 <b>not bold</b> & https://example.org/?a=1", "two\nlines"
    )
    lin.say(direct, "你好，Ada", "x" * 4_000)
    ada.say(direct, "Hello!")
    bob.say(other, "Straße ΝΙΚΟΣ ｗａｎｇ")
    bob.say(deleted, "Nobody reads this.")

    members = f"/rooms/{group['id']}/members"
    people = {one["user"]["username"]: one["user"]["id"] for one in ada.call("GET", members)}
    ada.call("PATCH", f"{members}/{people['bob']}", {"role": "admin"})
    ada.call("PATCH", f"{members}/{people['linxiao']}", {"role": "owner"})  # hands it over
    bob.call("PUT", f"/rooms/{group['id']}/read", {"seq": 100})
    lin.call("PUT", f"/rooms/{direct['id']}/read", {"seq": 3})
    bob.call("PUT", f"/rooms/{group['id']}/muted", {"muted": True})
    lin.call("PATCH", f"/rooms/{other['id']}", {"name": "José’s room"})
    bob.call("DELETE", f"/rooms/{deleted['id']}")
    gone.delete_account()
    bob.fail_to_log_in()
    bob.log_in()
    return {one.username: one.what_is_seen() for one in (ada, bob, lin)}


def dump(uri: str) -> list[dict[str, Any]]:
    """Return all collections with their options, indexes and documents."""
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        database = client.get_default_database()
        found = sorted(database.list_collections(), key=lambda one: str(one["name"]))
        return [
            {
                "name": one["name"],
                "options": one["options"],
                "indexes": [dict(index) for index in database[one["name"]].list_indexes()],
                "documents": (
                    []
                    if one["name"] in EMPTIED
                    else list(database[one["name"]].find().sort("_id", 1))
                ),
            }
            for one in found
        ]


def main() -> int:
    """Make the file and return the exit code."""
    target = DIRECTORY / f"{__version__}.json.gz"
    with tempfile.TemporaryDirectory() as directory:
        with Server(Path(directory) / "var") as server:
            seen = live(server)
            # What is written a moment later is there when it has ended.
            code = server.stop()
            assert code == 0, server.log()
        embedded = EmbeddedDatabase(server.data_dir)
        try:
            collections = dump(embedded.uri())
        finally:
            embedded.stop()
    made = {"version": __version__, "seen": seen, "collections": collections}
    text = json_util.dumps(made, json_options=json_util.CANONICAL_JSON_OPTIONS)
    target.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
