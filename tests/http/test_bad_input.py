"""Bad input on every route: refused in the envelope by a code of the contract; nothing changes.

The cases are made from the app's own routes and schemas, so a new route fails here until it is in
`ROUTES`, and a new field is tried without a word from anyone.
"""

from __future__ import annotations

import itertools
import json
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from chat import migrations
from chat.app import create_app, stop
from chat.database import client as database_client
from chat.database.client import Database
from chat.schemas import fields, files, messages, push, room_invitations, rooms, search, users
from chat.schemas.base import Schema
from harness.accounts import bearer
from harness.people import UNKNOWN_ID, Person, app_beside, make_people, settle
from harness.servers import free_port
from tests.conftest import drop, with_database
from tests.http.uploading import picture
from tests.push.service import Browser

CODES = {
    "validation_error": 400,
    "unauthorized": 401,
    "token_expired": 401,
    "not_found": 404,
    "method_not_allowed": 405,
    "payload_too_large": 413,
    "unavailable": 503,
}
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
CHINESE = re.compile("[\u4e00-\u9fff]")
LANGUAGES = itertools.cycle(
    [
        (None, "zh"),
        ("en-US,en;q=0.9,zh;q=0.1", "en"),
        ("zh-TW,en;q=0.5", "zh"),
        ("fr-FR,en;q=0.5", "en"),
    ]
)


@dataclass(frozen=True)
class Route:
    """One call of the API: what it takes and which token it wants."""

    method: str
    rule: str
    body: type[Schema] | None = None
    query: type[Schema] | None = None
    token: str | None = "access"

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"


ROUTES = [
    Route("POST", "/api/users/code", users.SendCodeSchema, token=None),
    Route("POST", "/api/users", users.RegisterSchema, token=None),
    Route("POST", "/api/session", users.LogInSchema, token=None),
    Route("POST", "/api/session/refresh", token="refresh"),
    Route("DELETE", "/api/session", token="either"),
    Route("GET", "/api/session"),
    Route("DELETE", "/api/session/<session_id>"),
    Route("PUT", "/api/users/password", users.ResetPasswordSchema, token=None),
    Route("PUT", "/api/users/me/password", users.ChangePasswordSchema),
    Route("GET", "/api/users/me"),
    Route("PATCH", "/api/users/me", users.ProfileSchema),
    Route("PUT", "/api/users/me/avatar"),
    Route("DELETE", "/api/users/me/avatar"),
    Route("DELETE", "/api/users/me", users.DeleteAccountSchema),
    Route("GET", "/api/users/<username>"),
    Route("GET", "/api/users", query=users.SearchSchema),
    Route("GET", "/api/users/me/blocks"),
    Route("PUT", "/api/users/me/blocks/<user_id>"),
    Route("DELETE", "/api/users/me/blocks/<user_id>"),
    Route("GET", "/api/users/me/invitations"),
    Route("POST", "/api/users/me/invitations/<request_id>"),
    Route("DELETE", "/api/users/me/invitations/<request_id>"),
    Route("GET", "/api/rooms"),
    Route("POST", "/api/rooms", rooms.CreateRoomSchema),
    Route("POST", "/api/rooms/direct", rooms.DirectRoomSchema),
    Route("POST", "/api/rooms/join", rooms.JoinRoomSchema),
    Route("GET", "/api/rooms/<room_id>"),
    Route("PATCH", "/api/rooms/<room_id>", rooms.UpdateRoomSchema),
    Route("PUT", "/api/rooms/<room_id>/avatar"),
    Route("DELETE", "/api/rooms/<room_id>/avatar"),
    Route("DELETE", "/api/rooms/<room_id>"),
    Route("GET", "/api/rooms/<room_id>/members"),
    Route("POST", "/api/rooms/<room_id>/members", rooms.AddMemberSchema),
    Route("PATCH", "/api/rooms/<room_id>/members/<user_id>", rooms.RoleSchema),
    Route("DELETE", "/api/rooms/<room_id>/members/<user_id>"),
    Route("POST", "/api/rooms/<room_id>/files", query=files.UploadSchema),
    Route("GET", "/api/rooms/<room_id>/messages", query=messages.HistorySchema),
    Route("POST", "/api/rooms/<room_id>/messages", messages.PostMessageSchema),
    Route("GET", "/api/rooms/<room_id>/messages/<seq>"),
    Route("PATCH", "/api/rooms/<room_id>/messages/<seq>", messages.EditSchema),
    Route("DELETE", "/api/rooms/<room_id>/messages/<seq>"),
    Route("GET", "/api/rooms/<room_id>/messages/<seq>/reactions", query=messages.ReactionsSchema),
    Route("PUT", "/api/rooms/<room_id>/messages/<seq>/reactions/<emoji>"),
    Route("DELETE", "/api/rooms/<room_id>/messages/<seq>/reactions/<emoji>"),
    Route("PUT", "/api/rooms/<room_id>/messages/<seq>/pin"),
    Route("DELETE", "/api/rooms/<room_id>/messages/<seq>/pin"),
    Route("GET", "/api/rooms/<room_id>/pins"),
    Route("GET", "/api/rooms/<room_id>/changes", query=messages.ChangesSchema),
    Route("PUT", "/api/rooms/<room_id>/read", messages.ReadSchema),
    Route("PUT", "/api/rooms/<room_id>/muted", rooms.MutedSchema),
    Route("PUT", "/api/rooms/<room_id>/notify", rooms.NotifySchema),
    Route("PUT", "/api/rooms/<room_id>/hidden", rooms.HiddenSchema),
    Route("PUT", "/api/rooms/<room_id>/pinned", rooms.PinnedSchema),
    Route("POST", "/api/rooms/<room_id>/number"),
    Route("GET", "/api/rooms/<room_id>/invitations"),
    Route("POST", "/api/rooms/<room_id>/invitations", room_invitations.NewInvitationSchema),
    Route("DELETE", "/api/rooms/<room_id>/invitations/<invitation_id>"),
    Route("GET", "/api/invitations/<invitation_token>"),
    Route("POST", "/api/invitations/<invitation_token>"),
    Route("GET", "/api/files/<file_id>"),
    Route("GET", "/api/files/<file_id>/preview"),
    Route("POST", "/api/files/<file_id>/link"),
    Route("GET", "/api/files/<file_id>/download/<grant>", token=None),
    Route("GET", "/api/search", query=search.MessageSearchSchema),
    Route("GET", "/api/push/key"),
    Route("PUT", "/api/session/push", push.SubscribeSchema),
    Route("DELETE", "/api/session/push"),
]
WITH_BODY = [route for route in ROUTES if route.body]
ANY = WITH_BODY[-1]  # bodies are read before anybody looks at what is in them
WITH_QUERY = [route for route in ROUTES if route.query]
WITH_ROOM = [route for route in ROUTES if "<room_id>" in route.rule]
WITH_OTHER_ID = [
    (route, name)
    for route in ROUTES
    for name in (
        *("user_id", "session_id", "username", "request_id"),
        *("invitation_id", "invitation_token", "seq", "file_id", "grant"),
    )
    if f"<{name}>" in route.rule and "/blocks/" not in route.rule  # anybody can be blocked
]

# Valid values of each field, so that each case has only one error.
GOOD: dict[str, object] = {
    "email": "someone@example.org",
    "purpose": "register",
    "username": "someone",
    "password": "long enough",
    "current_password": "long enough",
    "code": "123456",
    "nickname": "Some One",
    "sex": 1,
    "locale": "en",
    "name": "Tea",
    "info": "at five",
    "number": "123456789",
    "role": "admin",
    "client_id": "c1",
    "data": "hello",
    "seq": 1,
    "after_rev": 1,
    "access": "invitation",
    "posting": "admins",
    "expires_in": 3600,
    "uses": 5,
    "reply_to": 1,
    "files": [],
    "notify": "mentions",
    "muted": True,
    "hidden": True,
    "pinned": True,
    "q": "someone",
    **Browser("https://push.example.org", "1").subscription,
    "text": True,
}
NO_OBJECTS = [
    b"",
    b"{",
    b"[{}]",
    b"null",
    b"[]",
    b'"text"',
    b"1",
    b"true",
    b"NaN",
    b'{"seq": NaN}',
    b'{"seq": Infinity}',
    b'{"seq": ' + b"9" * 5_000 + b"}",
    b"{}{}",
    b"{'name': 'Tea'}",
    b"name=Tea",
    b"\xff\xfe\xfd",
    b'{"name": "\xe6\xb1"}',
    b"[" * 50_000,
    b'{"a":' * 7_000,
]
NONSENSE_IDS = [
    "x",
    "0",
    "$gt",
    "null",
    "[object Object]",
    '{"$gt": ""}',
    "\x00",
    "0" * 23,
    "0" * 25,
    "g" * 24,
    "汉" * 24,
    "😀",
    "x" * 5_000,
    UNKNOWN_ID,
]


# Alternatives of fields that a valid body has.
INSTEAD = {"invitation", "reset_token"}


def good_body(schema: type[Schema]) -> dict[str, object]:
    return {name: GOOD[name] for name in schema().fields if name not in INSTEAD}


class Stage:
    """A small world that no test here may change."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.services = app.extensions["chat"]
        self.alice, self.bob, self.eve, self.gone = make_people(app, "alice", "bob", "eve", "gone")
        self.group = self.alice.create_group(self.bob)
        self.alice.say(self.group, "hello")
        assert self.alice.talk_to(self.bob)
        for asked in (self.alice, self.bob):
            add = f"/rooms/{self.eve.create_group()['id']}/members"
            assert self.eve.post(add, json={"username": asked.username}).status_code == 202
        invitation, token = self.services.room_invitations.create(
            self.alice.model, self.group["id"], expires_in=3600, uses=5
        )
        assert self.gone.delete("/session").status_code == 204
        session_id = claims_of(self.alice.token)["sid"]
        file_id = self.alice.upload(self.group, picture(), "one.png")["id"]
        self.places = {
            "room_id": self.group["id"],
            "user_id": self.bob.id,
            "username": self.bob.username,
            "session_id": session_id,
            "invitation_id": invitation.id,
            "invitation_token": token,
            "request_id": self.alice.membership_requests()[0]["id"],
            "seq": "1",
            "file_id": file_id,
            "grant": self.services.file_links.make(file_id, self.alice.id, session_id),
            "emoji": "👍",
        }
        self.world = self.snapshot()

    def snapshot(self) -> dict[str, list[Any]]:
        """Return everything that is stored but the audit log, which tells of failures."""
        settle(self.app)
        db = self.services.database.db
        names = set(db.list_collection_names()) - {"audit"}
        return {name: list(db[name].find().sort("_id", 1)) for name in names}

    def path(self, route: Route, **places: str) -> str:
        """Return the address of a route; what is not given names what Alice has."""
        found = self.places | places
        return re.sub(r"<(\w+)>", lambda match: quote(found[match[1]], safe=""), route.rule)

    def token(self, person: Person, kind: str | None) -> str | None:
        """Return the token that a route asks for."""
        tokens = {None: None, "refresh": person.refresh_token}
        return tokens.get(kind, person.access_token)

    def refusal(
        self,
        route: Route,
        code: str,
        *,
        case: object,
        person: Person | None = None,
        token: str | None = None,
        path: str | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Call a route, check how it refuses, and return the error; `case` is for the report."""
        header, language = next(LANGUAGES)
        headers = {} if header is None else {"Accept-Language": header}
        if token is None and person is not None:
            token = self.token(person, route.token)
        if token is not None:
            headers |= bearer(token)
        if "data" in kwargs:
            kwargs["content_type"] = "application/json"
        response = self.app.test_client().open(
            path or self.path(route), method=route.method, headers=headers, **kwargs
        )
        return check_refusal(response, code, language, f"{route} with {case!r:.200}")


def check_refusal(response: TestResponse, code: str, language: str, case: str) -> dict[str, Any]:
    """Check that an answer is an error of the contract in that language, and return the error."""
    text = response.get_data(as_text=True)
    assert response.status_code == CODES[code], f"{case}: {text}"
    body = response.get_json()
    assert set(body) == {"error"}, case
    error: dict[str, Any] = body["error"]
    assert error["code"] == code, case
    assert set(error) <= {"code", "message", "fields"}, case
    texts = [error["message"], *itertools.chain(*error.get("fields", {}).values())]
    assert all(isinstance(one, str) and one for one in texts), case
    assert {bool(CHINESE.search(one)) for one in texts} == {language == "zh"}, f"{case}: {texts}"
    return error


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@pytest.fixture(scope="module")
def stage(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One app with a few people and rooms for all tests here."""
    name = f"test_{secrets.token_hex(8)}"
    data_dir = tmp_path_factory.mktemp("bad_input")
    with app_beside(data_dir, with_database(mongo_uri, name), RATE_LIMITS=False) as app:
        migrations.upgrade(app.extensions["chat"].database)
        yield Stage(app)
    drop(Database(mongo_uri), name)


@pytest.fixture(autouse=True)
def nothing_changes(stage: Stage) -> Iterator[None]:
    """Check after each test that the database holds what it held before."""
    yield
    assert stage.services.previews.flush() and stage.services.read_marks.flush()
    assert stage.snapshot() == stage.world


# Routes


def test_every_route_is_tried_here(stage: Stage) -> None:
    existing = {
        f"{method} {rule.rule}"
        for rule in stage.app.url_map.iter_rules()
        if rule.rule.startswith("/api")
        for method in (rule.methods or set()) & METHODS
    }
    assert existing == set(map(str, ROUTES))


@pytest.mark.parametrize("route", [*WITH_BODY, *WITH_QUERY], ids=str)
def test_every_schema_is_the_one_its_route_uses(stage: Stage, route: Route) -> None:
    schema = route.body or route.query
    assert schema is not None
    names = set(schema().fields)
    bad = {name: {"$gt": ""} for name in names} | {"surprise": 1}
    sent: dict[str, Any] = (
        {"json": bad} if route.body else {"query_string": {name: "$gt\x00" for name in bad}}
    )
    error = stage.refusal(route, "validation_error", case=bad, person=stage.alice, **sent)
    assert set(error["fields"]) == names | {"surprise"}
    if route.body:
        error = stage.refusal(route, "validation_error", case=[], person=stage.alice, json=[])
        assert list(error["fields"]) == ["_schema"]


def test_other_methods_are_not_allowed(stage: Stage) -> None:
    for rule in {route.rule for route in ROUTES}:
        path = stage.path(Route("", rule))
        allowed = set(stage.app.url_map.bind("localhost").allowed_methods(path))
        for method in (METHODS | {"PROPFIND"}) - allowed:
            route = Route(method, rule)
            stage.refusal(route, "method_not_allowed", case=method, person=stage.alice)


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/nothing", "/api/rooms/", "/api/rooms/a/b/c", "/api/users/a/b"]
)
def test_what_is_no_route_is_not_found(stage: Stage, path: str) -> None:
    for method in METHODS:
        route = Route(method, path)
        stage.refusal(route, "not_found", case=method, person=stage.alice, path=path)


# Bodies and queries


@pytest.mark.parametrize("body", NO_OBJECTS, ids=lambda body: str(body[:20]))
def test_a_body_that_is_not_one_json_object_is_refused(stage: Stage, body: bytes) -> None:
    error = stage.refusal(ANY, "validation_error", case=body, person=stage.alice, data=body)
    assert list(error["fields"]) == ["_schema"], body


def test_a_body_that_is_too_large_is_refused(stage: Stage) -> None:
    body = json.dumps({"surprise": "x" * stage.app.config["MAX_BODY_BYTES"]})
    stage.refusal(ANY, "payload_too_large", case="a large body", person=stage.alice, data=body)


def test_a_long_or_invalid_field_name_is_returned_shortened(stage: Stage) -> None:
    route = next(route for route in WITH_BODY if route.body is rooms.CreateRoomSchema)
    for name in ("x" * 10_000, "\ud800" * 200):
        body = json.dumps({"name": "Tea", name: 1})
        error = stage.refusal(route, "validation_error", case=name, person=stage.alice, data=body)
        assert len(next(iter(error["fields"]))) == 100


@pytest.mark.parametrize("route", WITH_QUERY, ids=str)
def test_a_query_that_cannot_be_is_refused_by_name(stage: Stage, route: Route) -> None:
    assert route.query is not None
    good = {name: "1" for name, field in route.query().fields.items() if field.required}
    cases: list[tuple[str, list[tuple[str, str]]]] = []
    for name, field in route.query().fields.items():
        rest = [(other, value) for other, value in good.items() if other != name]
        bad = ["\x00"]
        if isinstance(field, fields.Integer):
            bad += ["", "x", "1.0", "true", "1e3", "+1", " 1", "١", "0x1", "9" * 500]
            bad += [str(field.min - 1), str(field.max + 1)]
        elif isinstance(field, fields.Id):
            bad += ["", "$gt", "x" * 5_000]
        else:
            assert isinstance(field, fields.String) and field.max is not None
            bad += ["x" * (field.max + 1)]
        cases += [(name, [*rest, (name, value)]) for value in bad]
        cases += [(name, [*rest, (name, "1"), (name, "1")])]
        if field.required:
            cases += [(name, rest)]
    cases += [(name, [*good.items(), (name, "1")]) for name in ("surprise", "$where", "q[$gt]")]
    for name, query in cases:
        path = f"{stage.path(route)}?{'&'.join(f'{quote(key)}={quote(one)}' for key, one in query)}"
        error = stage.refusal(route, "validation_error", case=query, person=stage.alice, path=path)
        assert list(error["fields"]) == [name], query


# Tokens


def bad_tokens(stage: Stage, kind: str) -> Iterator[tuple[str, str | None]]:
    """Yield what must not open a route that wants this kind of token."""
    kind = "refresh" if kind == "refresh" else "access"
    other = "access" if kind == "refresh" else "refresh"
    key = stage.app.config["SECRET_KEY"]
    token = stage.token(stage.alice, kind)
    assert token is not None
    claims = claims_of(token)
    yield "no token", None
    for nonsense in ("", "x", "a.b.c", "..", "null", "é", "x" * 20_000):
        yield "nonsense", nonsense
    yield "another key", jwt.encode(claims, secrets.token_hex(32), algorithm="HS256")
    yield "another algorithm", jwt.encode(claims, key, algorithm="HS384")
    yield "no signature", jwt.encode(claims, "", algorithm="none")
    yield "another's session", jwt.encode({**claims, "sub": stage.bob.id}, key)
    yield "an operator", jwt.encode({**claims, "sid": {"$gt": ""}}, key)
    yield "nobody", jwt.encode({**claims, "sub": UNKNOWN_ID, "sid": UNKNOWN_ID}, key)
    yield "an ended session", stage.token(stage.gone, kind)
    yield f"type {other}", jwt.encode({**claims, "type": "other"}, key)


@pytest.mark.parametrize(
    "route",
    [
        Route("GET", "/api/users/me"),
        Route("POST", "/api/session/refresh", token="refresh"),
        Route("DELETE", "/api/session", token="either"),
    ],
    ids=str,
)
def test_missing_forged_and_dead_tokens_open_nothing(stage: Stage, route: Route) -> None:
    assert route in ROUTES and route.token is not None
    for case, token in bad_tokens(stage, route.token):
        stage.refusal(route, "unauthorized", case=case, token=token)


def test_an_expired_token_has_an_error_code_of_its_own(stage: Stage) -> None:
    for route in ROUTES:
        if route.token in ("access", "refresh"):
            other = {"access": "refresh", "refresh": "access"}[route.token]
            token = stage.token(stage.alice, other)
            stage.refusal(route, "unauthorized", case="the other token", token=token)


# Ids


@pytest.mark.parametrize("route", WITH_ROOM, ids=str)
def test_a_foreign_room_is_not_found_just_as_one_that_is_not(stage: Stage, route: Route) -> None:
    sent: dict[str, Any] = {"json": good_body(route.body)} if route.body else {}
    if route.query:
        required = [name for name, field in route.query().fields.items() if field.required]
        sent["query_string"] = dict.fromkeys(required, "1")
    foreign = stage.refusal(route, "not_found", case="foreign", person=stage.eve, **sent)
    assert set(foreign) == {"code", "message"}
    wrong_case = stage.group["id"].upper()
    for room_id in [*NONSENSE_IDS, *({wrong_case} - {stage.group["id"]})]:
        path = stage.path(route, room_id=room_id)
        error = stage.refusal(
            route, "not_found", case=room_id, person=stage.alice, path=path, **sent
        )
        assert set(error) == {"code", "message"}


@pytest.mark.parametrize("route, name", WITH_OTHER_ID, ids=str)
def test_an_id_that_names_nothing_of_ones_own_is_not_found(
    stage: Stage, route: Route, name: str
) -> None:
    sent: dict[str, Any] = {"json": good_body(route.body)} if route.body else {}
    foreign = {
        # Any account can be banned from a group, so removing a non-member is valid.
        "user_id": [stage.group["id"], *([] if route.method == "DELETE" else [stage.eve.id])],
        "session_id": [claims_of(stage.eve.token)["sid"], claims_of(stage.gone.token)["sid"]],
        "username": [stage.bob.id],
        "invitation_id": [stage.group["id"]],
        "invitation_token": [stage.group["id"]],
        "request_id": [stage.bob.membership_requests()[0]["id"], stage.group["id"]],
        "seq": ["2", "-1", "1.0"],
        "file_id": [stage.group["id"]],
        "grant": [stage.services.file_links.make(UNKNOWN_ID, stage.alice.id, UNKNOWN_ID)],
    }
    for value in [*NONSENSE_IDS, *foreign[name]]:
        path = stage.path(route, **{name: value})
        stage.refusal(route, "not_found", case=value, person=stage.alice, path=path, **sent)


# A database that is away


def test_without_a_database_every_route_says_that_it_is_unavailable(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_client, "TIMEOUT_MS", 30)
    # That database never becomes available.
    monkeypatch.setattr("chat.middleware.deadline.ANSWER_WITHIN", 0.3)
    app = create_app(
        "config.Config",
        MONGO_URI=f"mongodb://127.0.0.1:{free_port()}/away",
        DATA_DIR=str(tmp_path),
        SECRET_KEY=stage.app.config["SECRET_KEY"],
        RATE_LIMITS=False,
    )

    def call(route: Route) -> None:
        token = stage.token(stage.alice, route.token)
        response = app.test_client().open(
            stage.path(route),
            method=route.method,
            headers={"Accept-Language": "en"} | (bearer(token) if token else {}),
            json=good_body(route.body) if route.body else None,
        )
        check_refusal(response, "unavailable", "en", str(route))

    with ThreadPoolExecutor(16) as pool:  # each one waits for the database
        list(pool.map(call, [*ROUTES, Route("GET", "/ready", token=None)]))
    stop(app)
