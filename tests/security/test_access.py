"""Who gets what over HTTP: every route for every kind of caller.

A new route fails here until it has a row.
"""

from __future__ import annotations

import copy
import re
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from chat import migrations
from chat.database.client import Database
from chat.repositories.documents import object_id
from harness.accounts import bearer, new_email, new_name, new_password
from harness.people import UNKNOWN_ID, app_beside, make_people, new_client_id, settle
from tests.conftest import drop, with_database
from tests.figures import Figures
from tests.http.uploading import picture, send_file
from tests.security.callers import WITHOUT_TOKEN, Cast, count_cells, row

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}

# anonymous expired forged | stranger former | member admin owner
TABLE = {
    "POST /api/users/code": row("202 202 202 202 202 202 202 202"),
    "POST /api/users": row("400 400 400 400 400 400 400 400"),  # without a code that was mailed
    "POST /api/session": row("401 401 401 401 401 401 401 401"),  # without the password
    "POST /api/session/refresh": row("401 401 401 200 200 200 200 200"),
    "DELETE /api/session": row("401 401 401 204 204 204 204 204"),
    "GET /api/session": row("401 401 401 200 200 200 200 200"),
    "DELETE /api/session/<session_id>": row("401 401 401 404 404 404 404 404"),  # another's
    "PUT /api/users/password": row("400 400 400 400 400 400 400 400"),  # without the code
    "PUT /api/users/me/password": row("401 401 401 400 400 400 400 400"),  # another's password
    "GET /api/users/me": row("401 401 401 200 200 200 200 200"),
    "PATCH /api/users/me": row("401 401 401 200 200 200 200 200"),
    "PUT /api/users/me/avatar": row("401 401 401 200 200 200 200 200"),
    "DELETE /api/users/me/avatar": row("401 401 401 200 200 200 200 200"),
    "DELETE /api/users/me": row("401 401 401 400 400 400 400 400"),  # another's password
    "GET /api/users/<username>": row("401 401 401 200 200 200 200 200"),
    "GET /api/users": row("401 401 401 200 200 200 200 200"),
    "GET /api/users/me/blocks": row("401 401 401 200 200 200 200 200"),
    "PUT /api/users/me/blocks/<user_id>": row("401 401 401 204 204 204 204 204"),
    "DELETE /api/users/me/blocks/<user_id>": row("401 401 401 204 204 204 204 204"),
    "GET /api/users/me/invitations": row("401 401 401 200 200 200 200 200"),
    "POST /api/users/me/invitations/<request_id>": row("401 401 401 404 404 404 404 404"),
    "DELETE /api/users/me/invitations/<request_id>": row("401 401 401 404 404 404 404 404"),
    "GET /api/rooms": row("401 401 401 200 200 200 200 200"),
    "POST /api/rooms": row("401 401 401 201 201 201 201 201"),
    "POST /api/rooms/direct": row("401 401 401 201 201 201 201 201"),
    "POST /api/rooms/join": row("401 401 401 200 403 200 200 200"),
    "GET /api/rooms/<room_id>": row("401 401 401 404 404 200 200 200"),
    "PATCH /api/rooms/<room_id>": row("401 401 401 404 404 403 200 200"),
    "PUT /api/rooms/<room_id>/avatar": row("401 401 401 404 404 403 200 200"),
    "DELETE /api/rooms/<room_id>/avatar": row("401 401 401 404 404 403 200 200"),
    "DELETE /api/rooms/<room_id>": row("401 401 401 404 404 403 403 204"),
    "GET /api/rooms/<room_id>/members": row("401 401 401 404 404 200 200 200"),
    "POST /api/rooms/<room_id>/members": row("401 401 401 404 404 403 202 202"),  # a stranger
    "PATCH /api/rooms/<room_id>/members/<user_id>": row("401 401 401 404 404 403 403 200"),
    "DELETE /api/rooms/<room_id>/members/<user_id>": row("401 401 401 404 404 403 204 204"),
    "GET /api/rooms/<room_id>/messages": row("401 401 401 404 404 200 200 200"),
    "POST /api/rooms/<room_id>/messages": row("401 401 401 404 404 201 201 201"),
    # of the owner's message
    "GET /api/rooms/<room_id>/messages/<seq>": row("401 401 401 404 404 200 200 200"),
    "PATCH /api/rooms/<room_id>/messages/<seq>": row("401 401 401 404 404 403 403 200"),
    "DELETE /api/rooms/<room_id>/messages/<seq>": row("401 401 401 404 404 403 200 200"),
    "GET /api/rooms/<room_id>/messages/<seq>/reactions": row("401 401 401 404 404 200 200 200"),
    "PUT /api/rooms/<room_id>/messages/<seq>/reactions/<emoji>": row(
        "401 401 401 404 404 200 200 200"
    ),
    "DELETE /api/rooms/<room_id>/messages/<seq>/reactions/<emoji>": row(
        "401 401 401 404 404 200 200 200"
    ),
    "PUT /api/rooms/<room_id>/messages/<seq>/pin": row("401 401 401 404 404 403 200 200"),
    "DELETE /api/rooms/<room_id>/messages/<seq>/pin": row("401 401 401 404 404 403 200 200"),
    "GET /api/rooms/<room_id>/pins": row("401 401 401 404 404 200 200 200"),
    "GET /api/search": row("401 401 401 200 200 200 200 200"),  # of their own rooms
    "GET /api/rooms/<room_id>/changes": row("401 401 401 404 404 200 200 200"),
    "PUT /api/rooms/<room_id>/read": row("401 401 401 404 404 200 200 200"),
    "PUT /api/rooms/<room_id>/notify": row("401 401 401 404 404 200 200 200"),
    "PUT /api/rooms/<room_id>/muted": row("401 401 401 404 404 200 200 200"),
    "PUT /api/rooms/<room_id>/pinned": row("401 401 401 404 404 200 200 200"),
    "POST /api/rooms/<room_id>/number": row("401 401 401 404 404 403 200 200"),
    "POST /api/rooms/<room_id>/invitations": row("401 401 401 404 404 403 201 201"),
    "GET /api/rooms/<room_id>/invitations": row("401 401 401 404 404 403 200 200"),
    "DELETE /api/rooms/<room_id>/invitations/<invitation_id>": row(
        "401 401 401 404 404 403 204 204"
    ),
    "GET /api/invitations/<invitation_token>": row("401 401 401 200 403 200 200 200"),
    "POST /api/invitations/<invitation_token>": row("401 401 401 200 403 200 200 200"),
    "PUT /api/rooms/<room_id>/hidden": row("401 401 401 404 404 403 403 403"),  # a group
    "GET /api/push/key": row("401 401 401 200 200 200 200 200"),
    "PUT /api/session/push": row("401 401 401 204 204 204 204 204"),
    "DELETE /api/session/push": row("401 401 401 204 204 204 204 204"),
    "POST /api/rooms/<room_id>/files": row("401 401 401 404 404 201 201 201"),
    # of a picture in the owner's message
    "GET /api/files/<file_id>": row("401 401 401 404 404 200 200 200"),
    "GET /api/files/<file_id>/preview": row("401 401 401 404 404 200 200 200"),
    "POST /api/files/<file_id>/link": row("401 401 401 404 404 200 200 200"),
    # by a link of the owner, which needs no token
    "GET /api/files/<file_id>/download/<grant>": row("200 200 200 200 200 200 200 200"),
}
# In the room of two: a stranger, one of the two
DIRECT = {
    "GET /api/rooms/<room_id>": (404, 200),
    "PATCH /api/rooms/<room_id>": (404, 403),
    "PUT /api/rooms/<room_id>/avatar": (404, 403),
    "DELETE /api/rooms/<room_id>/avatar": (404, 403),
    "DELETE /api/rooms/<room_id>": (404, 403),
    "GET /api/rooms/<room_id>/members": (404, 200),
    "POST /api/rooms/<room_id>/members": (404, 403),
    "PATCH /api/rooms/<room_id>/members/<user_id>": (404, 403),
    "DELETE /api/rooms/<room_id>/members/<user_id>": (404, 403),
    "GET /api/rooms/<room_id>/messages": (404, 200),
    "POST /api/rooms/<room_id>/messages": (404, 201),
    # of the message of the one of the two
    "GET /api/rooms/<room_id>/messages/<seq>": (404, 200),
    "PATCH /api/rooms/<room_id>/messages/<seq>": (404, 200),
    "DELETE /api/rooms/<room_id>/messages/<seq>": (404, 200),
    "GET /api/rooms/<room_id>/messages/<seq>/reactions": (404, 200),
    "PUT /api/rooms/<room_id>/messages/<seq>/reactions/<emoji>": (404, 200),
    "DELETE /api/rooms/<room_id>/messages/<seq>/reactions/<emoji>": (404, 200),
    "PUT /api/rooms/<room_id>/messages/<seq>/pin": (404, 200),
    "DELETE /api/rooms/<room_id>/messages/<seq>/pin": (404, 200),
    "GET /api/rooms/<room_id>/pins": (404, 200),
    "GET /api/rooms/<room_id>/changes": (404, 200),
    "PUT /api/rooms/<room_id>/read": (404, 200),
    "PUT /api/rooms/<room_id>/notify": (404, 200),
    "PUT /api/rooms/<room_id>/muted": (404, 200),
    "PUT /api/rooms/<room_id>/pinned": (404, 200),
    "POST /api/rooms/<room_id>/number": (404, 403),
    "POST /api/rooms/<room_id>/invitations": (404, 403),
    "GET /api/rooms/<room_id>/invitations": (404, 403),
    "DELETE /api/rooms/<room_id>/invitations/<invitation_id>": (404, 403),
    "PUT /api/rooms/<room_id>/hidden": (404, 200),
    "POST /api/rooms/<room_id>/files": (404, 201),
}
# The group is closed to the number, and only its owner and admins post.
CLOSED = {
    "POST /api/rooms/join": row("401 401 401 404 404 200 200 200"),
    "POST /api/invitations/<invitation_token>": row("401 401 401 200 403 200 200 200"),
    "POST /api/rooms/<room_id>/messages": row("401 401 401 404 404 403 201 201"),
    "POST /api/rooms/<room_id>/files": row("401 401 401 404 404 403 201 201"),
    "PUT /api/rooms/<room_id>/messages/<seq>/reactions/<emoji>": row(
        "401 401 401 404 404 200 200 200"
    ),
    "PUT /api/rooms/<room_id>/read": row("401 401 401 404 404 200 200 200"),
}

# In a room of two of whom one blocks the other: the blocked one, the blocker
BLOCKED = {
    "POST /api/rooms/direct": (200, 200),
    "GET /api/rooms/<room_id>": (200, 200),
    "GET /api/rooms/<room_id>/members": (200, 200),
    "GET /api/rooms/<room_id>/messages": (200, 200),
    "POST /api/rooms/<room_id>/messages": (403, 403),
    "POST /api/rooms/<room_id>/files": (403, 403),
    # of the message of the blocked one
    "GET /api/rooms/<room_id>/messages/<seq>": (200, 200),
    "PATCH /api/rooms/<room_id>/messages/<seq>": (403, 403),
    "DELETE /api/rooms/<room_id>/messages/<seq>": (200, 403),
    "GET /api/rooms/<room_id>/messages/<seq>/reactions": (200, 200),
    "PUT /api/rooms/<room_id>/messages/<seq>/reactions/<emoji>": (403, 403),
    "DELETE /api/rooms/<room_id>/messages/<seq>/reactions/<emoji>": (403, 403),
    "PUT /api/rooms/<room_id>/messages/<seq>/pin": (403, 403),
    "DELETE /api/rooms/<room_id>/messages/<seq>/pin": (403, 403),
    "GET /api/rooms/<room_id>/pins": (200, 200),
    "GET /api/rooms/<room_id>/changes": (200, 200),
    "PUT /api/rooms/<room_id>/read": (200, 200),
    "PUT /api/rooms/<room_id>/notify": (200, 200),
    "PUT /api/rooms/<room_id>/muted": (200, 200),
    "PUT /api/rooms/<room_id>/pinned": (200, 200),
    "PUT /api/rooms/<room_id>/hidden": (200, 200),
}
# What is done to another message of the group than the owner's
OTHERS_MESSAGE = {
    ("member", "PATCH /api/rooms/<room_id>/messages/<seq>"): row("401 401 401 404 404 200 403 403"),
    ("member", "DELETE /api/rooms/<room_id>/messages/<seq>"): row(
        "401 401 401 404 404 200 200 200"
    ),
    ("admin", "PATCH /api/rooms/<room_id>/messages/<seq>"): row("401 401 401 404 404 403 200 403"),
    ("admin", "DELETE /api/rooms/<room_id>/messages/<seq>"): row("401 401 401 404 404 403 200 200"),
    # who is removed then
    ("target", "PATCH /api/rooms/<room_id>/messages/<seq>"): row("401 401 401 404 404 403 403 403"),
    ("target", "DELETE /api/rooms/<room_id>/messages/<seq>"): row(
        "401 401 401 404 404 403 200 200"
    ),
}
# In a room of two, the message of the other one
OTHERS_IN_DIRECT = {
    "PATCH /api/rooms/<room_id>/messages/<seq>": 403,
    "DELETE /api/rooms/<room_id>/messages/<seq>": 403,
    "PUT /api/rooms/<room_id>/messages/<seq>/reactions/<emoji>": 200,
    "DELETE /api/rooms/<room_id>/messages/<seq>/reactions/<emoji>": 200,
    "PUT /api/rooms/<room_id>/messages/<seq>/pin": 200,
    "DELETE /api/rooms/<room_id>/messages/<seq>/pin": 200,
}
# Removing somebody who is no member of the group
KEEPING_OUT = row("401 401 401 404 404 403 204 204")


# A browser's public key (the base point of the curve) and its secret.
PUSH_KEYS = {
    "p256dh": "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXY"
    "mMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
    "auth": "AAAAAAAAAAAAAAAAAAAAAA",
}
# Calls whose body is a file
UPLOADS = ("PUT /api/users/me/avatar", "PUT /api/rooms/<room_id>/avatar")
QUERIES = {
    "GET /api/users": {"q": "target"},
    "GET /api/rooms/<room_id>/changes": {"after_rev": "0"},
    "GET /api/search": {"q": "word"},
}


# One for each kind of token, and one to which they are a member.
FOR_DISABLED = (
    "GET /api/users/me",
    "POST /api/session/refresh",
    "DELETE /api/session",
    "POST /api/rooms/<room_id>/messages",
)


class Stage(Cast):
    """The cast with a group and a room of two."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self.shared = self.group()
        self.open = self.group()  # to be entered by its number and its invitation
        self.direct = self["owner"].talk_to(self["peer"])
        services = app.extensions["chat"]
        asked = services.groups.create_group(self["owner"].model, "By request")
        services.joining.add_member(self["owner"].model, asked.id, self["asked"].username)
        (request,) = services.membership_requests.list_of(self["asked"].model)
        self.others_request = request.id
        self.file_id = send_file(self["owner"], self.shared, picture())["files"][0]["id"]
        session = services.sessions.list(self["owner"].id)[0]
        self.grant = services.file_links.make(self.file_id, self["owner"].id, session.id)
        self.others_session = app.extensions["chat"].sessions.list(self["target"].id)[0].id

    def group(self, *others: str) -> dict[str, Any]:
        """Make a group in which each has their role, with an invitation to it."""
        room = super().group(*others)
        invitation, token = self.app.extensions["chat"].room_invitations.create(
            self["owner"].model, room["id"], expires_in=3600, uses=100
        )
        return {**room, "invitation_id": invitation.id, "token": token}

    def snapshot(self) -> dict[str, list[Any]]:
        """Return everything that is stored but the audit log, which tells of failures."""
        settle(self.app)
        db = self.app.extensions["chat"].database.db
        names = set(db.list_collection_names()) - {"audit"}
        return {name: list(db[name].find().sort("_id", 1)) for name in names}

    def body(self, route: str) -> dict[str, Any] | None:
        """Return a body that is right in everything but what the table's comments say."""
        bodies: dict[str, dict[str, Any]] = {
            "POST /api/users/code": {"email": new_email()},
            "POST /api/users": {
                "username": new_name(),
                "password": new_password(),
                "email": new_email(),
                "code": "000000",
            },
            "POST /api/session": {
                "username": self["target"].username,
                "password": new_password(),
            },
            "PUT /api/users/password": {
                "email": new_email(),
                "code": "000000",
                "password": new_password(),
            },
            "PUT /api/users/me/password": {
                "current_password": new_password(),
                "password": new_password(),
            },
            "PATCH /api/users/me": {"nickname": "Me"},
            "DELETE /api/users/me": {"password": new_password()},
            "POST /api/rooms": {"name": "Mine"},
            "POST /api/rooms/direct": {"username": self["target"].username},
            "POST /api/rooms/join": {"number": self.open["number"]},
            "PATCH /api/rooms/<room_id>": {"name": "Renamed"},
            "POST /api/rooms/<room_id>/members": {"username": self["stranger"].username},
            "PATCH /api/rooms/<room_id>/members/<user_id>": {"role": "admin"},
            "POST /api/rooms/<room_id>/messages": {"client_id": new_client_id(), "data": "me"},
            "PATCH /api/rooms/<room_id>/messages/<seq>": {"data": "other"},
            "POST /api/rooms/<room_id>/files": {"as": "bytes"},
            "PUT /api/rooms/<room_id>/read": {"seq": 0},
            "PUT /api/session/push": {"endpoint": "https://push.example.org/1", "keys": PUSH_KEYS},
            "PUT /api/rooms/<room_id>/notify": {"notify": "mentions"},
            "PUT /api/rooms/<room_id>/muted": {"muted": True},
            "PUT /api/rooms/<room_id>/pinned": {"pinned": True},
            "POST /api/rooms/<room_id>/invitations": {},
            "PUT /api/rooms/<room_id>/hidden": {"hidden": True},
        }
        return bodies.get(route)

    def call(self, route: str, caller: str, **places: object) -> TestResponse:
        """Call a route as somebody; `places` name what differs from the shared group."""
        method, rule = route.split(" ")
        found = {
            "room_id": self.shared["id"],
            "user_id": self["target"].id,
            "session_id": self.others_session,
            "request_id": self.others_request,
            "username": self["target"].username,
            "invitation_id": self.shared["invitation_id"],
            "invitation_token": self.open["token"],
            "seq": 1,
            "file_id": self.file_id,
            "grant": self.grant,
            "emoji": "👍",
            **places,
        }
        path = re.sub(r"<(\w+)>", lambda match: str(found[match[1]]), rule)
        token = self.token(caller, "refresh" if route.endswith("/refresh") else "access")
        return self.app.test_client().open(
            path,
            method=method,
            headers={"Accept-Language": "en"} | (bearer(token) if token else {}),
            json=self.body(route),
            data=picture() if route in UPLOADS else None,
            query_string=QUERIES.get(route),
        )


@pytest.fixture(scope="module")
def app(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One app for all tests here."""
    name = f"test_{secrets.token_hex(8)}"
    with app_beside(
        tmp_path_factory.mktemp("access"), with_database(mongo_uri, name), RATE_LIMITS=False
    ) as app:
        migrations.upgrade(app.extensions["chat"].database)
        yield app
    drop(Database(mongo_uri), name)


@pytest.fixture(scope="module")
def stage(app: Flask) -> Stage:
    return Stage(app)


def test_every_route_has_its_row(app: Flask, figures: Figures) -> None:
    existing = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api")
        for method in (rule.methods or set()) & METHODS
    }
    assert existing == set(TABLE)
    assert {route for route in existing if "<room_id>" in route} == set(DIRECT)
    checks = count_cells(TABLE, DIRECT, CLOSED, OTHERS_MESSAGE) + len(OTHERS_IN_DIRECT)
    checks += len(FOR_DISABLED)
    figures.add("who gets what over HTTP", routes=len(TABLE), checks=checks)


@pytest.mark.parametrize("route", TABLE)
def test_everyone_gets_what_the_table_says(stage: Stage, app: Flask, route: str) -> None:
    # What ends a session, or depends on which rooms people share, wants people of its own.
    one_way = route in (
        "DELETE /api/session",
        "POST /api/rooms/direct",
        "POST /api/rooms/<room_id>/members",
    )
    own = Stage(app) if one_way else stage
    changed: dict[str, Any] | None = None
    for caller, expected in TABLE[route].items():
        room = own.shared
        if int(expected) < 400 and "<room_id>" in route and not route.startswith("GET"):
            # What can be done once wants a group for each.
            if changed is None or route.startswith("DELETE") or route.endswith("/members"):
                changed = own.group()
            room = changed
        places = {"room_id": room["id"], "invitation_id": room["invitation_id"]}
        response = own.call(route, caller, **places)
        assert response.status_code == int(expected), (caller, response.get_data(as_text=True))
        if response.status_code >= 400:
            assert set(response.get_json()) == {"error"}, caller
        if expected == "401" and caller != "anonymous" and route != "POST /api/session":
            code = "token_expired" if caller == "expired" else "unauthorized"
            assert response.get_json()["error"]["code"] == code, caller


@pytest.mark.parametrize("route", CLOSED)
def test_a_closed_group_keeps_out_whoever_has_no_invitation(
    stage: Stage, app: Flask, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    closed = stage.group()
    settings = {"access": "invitation", "posting": "admins"}
    app.extensions["chat"].groups.update(stage["owner"].model, closed["id"], settings)
    monkeypatch.setattr(stage, "open", closed)
    for caller, expected in CLOSED[route].items():
        response = stage.call(route, caller, room_id=closed["id"])
        assert response.status_code == int(expected), (caller, response.get_data(as_text=True))


@pytest.mark.parametrize("route", FOR_DISABLED)
def test_whoever_is_disabled_gets_what_a_forged_token_gets(
    stage: Stage, app: Flask, route: str
) -> None:
    """Although the session was not ended, and although they are a member. They may log out."""
    users = app.extensions["chat"].database.db["user"]
    key = {"_id": object_id(stage["disabled"].id)}
    room = stage.group("disabled") if "<room_id>" in route else stage.shared
    users.update_one(key, {"$set": {"disabled_at": 1}})
    try:
        response = stage.call(route, "disabled", room_id=room["id"])
    finally:
        users.update_one(key, {"$unset": {"disabled_at": ""}})
    expected = "owner" if route == "DELETE /api/session" else "forged"
    assert response.status_code == int(TABLE[route][expected])


@pytest.mark.parametrize("route", DIRECT)
def test_a_room_of_two_is_theirs_alone(stage: Stage, route: str) -> None:
    seq = stage["peer"].say(stage.direct, "between us")["seq"] if "<seq>" in route else 0
    for caller, expected in zip(("stranger", "peer"), DIRECT[route], strict=True):
        places = {"room_id": stage.direct["id"], "user_id": stage["owner"].id, "seq": seq}
        response = stage.call(route, caller, **places)
        assert response.status_code == expected, (caller, response.get_data(as_text=True))


@pytest.mark.parametrize("route", BLOCKED)
def test_across_a_block_both_read_and_neither_writes(stage: Stage, app: Flask, route: str) -> None:
    own = copy.copy(stage)
    own.people = stage.people | dict(
        zip(("target", "peer"), make_people(app, "target", "peer"), strict=True)
    )
    room = own["target"].talk_to(own["peer"])
    own["peer"].say(room, "between us")
    app.extensions["chat"].blocks.block(own["target"].model, own["peer"].id)
    for caller, expected in zip(("peer", "target"), BLOCKED[route], strict=True):
        if route == "POST /api/rooms/direct" and caller == "target":
            response = own["target"].post("/rooms/direct", json={"username": own["peer"].username})
        else:
            response = own.call(route, caller, room_id=room["id"])
        assert response.status_code == expected, (caller, response.get_data(as_text=True))


@pytest.mark.parametrize(("author", "route"), OTHERS_MESSAGE)
def test_what_others_said_is_changed_by_its_author_and_deleted_by_managers(
    stage: Stage, app: Flask, author: str, route: str
) -> None:
    room = stage.group()
    outcomes = OTHERS_MESSAGE[author, route]
    seqs = [stage[author].say(room, "mine")["seq"] for _ in outcomes]
    if author == "target":  # nobody does anything with what they said before they went
        removal = app.extensions["chat"].member_removal
        removal.remove_member(stage["owner"].model, room["id"], stage["target"].id)
        gone = stage.call(route, "target", room_id=room["id"], seq=seqs[0])
        assert gone.status_code == 404
    for (caller, expected), seq in zip(outcomes.items(), seqs, strict=True):
        response = stage.call(route, caller, room_id=room["id"], seq=seq)
        assert response.status_code == int(expected), (caller, response.get_data(as_text=True))


@pytest.mark.parametrize("route", OTHERS_IN_DIRECT)
def test_of_two_each_changes_their_own_words_alone(stage: Stage, route: str) -> None:
    seq = stage["owner"].say(stage.direct, "between us")["seq"]
    response = stage.call(route, "peer", room_id=stage.direct["id"], seq=seq)
    assert response.status_code == OTHERS_IN_DIRECT[route], response.get_data(as_text=True)


@pytest.mark.parametrize("caller", KEEPING_OUT)
def test_only_owner_and_admins_keep_somebody_out(stage: Stage, caller: str) -> None:
    room = stage.group()
    route = "DELETE /api/rooms/<room_id>/members/<user_id>"
    for outsider in ("stranger", "former"):
        if caller != outsider:
            response = stage.call(route, caller, room_id=room["id"], user_id=stage[outsider].id)
            assert response.status_code == int(KEEPING_OUT[caller])


@pytest.mark.parametrize("route", DIRECT)
def test_no_access_looks_like_nothing_there(stage: Stage, route: str) -> None:
    for room in (stage.shared, stage.direct):
        for caller in ("stranger", "former"):
            seen = look(stage.call(route, caller, room_id=room["id"]))
            assert seen == look(stage.call(route, caller, room_id=UNKNOWN_ID)), caller


def test_anothers_session_looks_like_none(stage: Stage) -> None:
    route = "DELETE /api/session/<session_id>"
    seen = look(stage.call(route, "stranger"))
    assert seen == look(stage.call(route, "stranger", session_id=UNKNOWN_ID))


@pytest.mark.parametrize("caller", [*WITHOUT_TOKEN, "stranger", "former", "member", "admin"])
def test_the_refused_change_nothing(stage: Stage, caller: str) -> None:
    before = stage.snapshot()
    for route, outcomes in TABLE.items():
        # A failed guess of a password or a code is counted, which is a change.
        if int(outcomes[caller]) >= 401 and outcomes["owner"] < "400":
            assert stage.call(route, caller).status_code == int(outcomes[caller])
    assert stage.snapshot() == before


def look(response: TestResponse) -> tuple[int, bytes, dict[str, str]]:
    """Return all that a caller sees of an answer."""
    return response.status_code, response.get_data(), dict(response.headers)
