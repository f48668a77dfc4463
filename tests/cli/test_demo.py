"""`flask --app chat.app seed demo`: users with messages."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from chat import migrations
from chat.clock import now_ms
from chat.database.client import Database
from chat.demo.seeding import DemoError, seed_demo
from chat.demo.talk import DIRECT, GROUPS, PEOPLE
from chat.i18n import LOCALES
from chat.schemas import fields
from chat.schemas.rooms import MAX_INFO, MAX_NAME
from harness.accounts import data_of, log_in, make_account, new_password
from harness.servers import PATIENCE
from tests.cli.commands import command
from tests.conftest import with_database

DAY_MS = 24 * 3_600_000


@pytest.fixture
def uri(migrated: Database, mongo_uri: str) -> str:
    return with_database(mongo_uri, migrated.db.name)


def state(database: Database) -> dict[str, Any]:
    """Return all documents that the demo created."""
    return {
        name: sorted(map(repr, database.db[name].find({}, {"touched_at": 0})))
        for name in ("user", "room", "user_room", "message", "change")
    }


def test_the_printed_password_opens_a_chat_that_looks_alive(
    uri: str, tmp_path: Path, make_app: Callable[..., Flask]
) -> None:
    output = command("seed", "demo", data_dir=tmp_path, MONGO_URI=uri).stdout
    printed = re.search(r"with the password (\S+)\n", output)
    assert printed is not None and all(one.username in output for one in PEOPLE)
    client = make_app().test_client()
    for one in PEOPLE:
        assert log_in(client, one.username, printed[1]).user["nickname"] == one.nickname
    person = log_in(client, "linxiao", printed[1])
    rooms = data_of(person.get("/rooms"))
    assert sorted(room["kind"] for room in rooms) == ["direct", "group", "group"]
    assert {room["unread"] for room in rooms} == {1, 2, 3}
    for room in rooms:
        page = data_of(person.get(f"/rooms/{room['id']}/messages?limit=100"))["messages"]
        times = [message["created_at"] for message in page]
        assert [message["seq"] for message in page] == list(range(1, len(page) + 1))
        assert times == sorted(times)
        assert now_ms() - 6 * DAY_MS < times[0] < now_ms() - 2 * DAY_MS and times[-1] < now_ms()
        texts = "".join(message["data"] for message in page)
        assert re.search(r"[\u4e00-\u9fff]", texts) and re.search(r"[a-z]{3}", texts)
        assert room["last_message"]["id"] == page[-1]["id"]
        assert {"edited_at", "deleted_at", "pinned", "reactions"} <= {
            name for message in page for name, value in message.items() if value
        }
        edited = [message for message in page if message["edited_at"] and message["data"]]
        assert all(one["created_at"] < one["edited_at"] < now_ms() for one in edited)
        (pinned,) = data_of(person.get(f"/rooms/{room['id']}/pins"))
        assert pinned["pinned"] and room["last_rev"] > 0
        body = {"client_id": "mine", "data": "我也来了"}
        sent = data_of(person.post(f"/rooms/{room['id']}/messages", json=body), 201)
        assert sent["seq"] == len(page) + 1


def test_repeating_changes_nothing(migrated: Database, uri: str, tmp_path: Path) -> None:
    command("seed", "demo", data_dir=tmp_path, MONGO_URI=uri)
    before = state(migrated)
    again = command("seed", "demo", data_dir=tmp_path, MONGO_URI=uri).stdout
    assert state(migrated) == before
    assert "their password is as it was" in again


def test_a_given_password_is_not_printed_and_is_set_again(
    make_app: Callable[..., Flask], uri: str, tmp_path: Path
) -> None:
    command("seed", "demo", data_dir=tmp_path, MONGO_URI=uri)
    password = new_password()
    result = command("seed", "demo", "--password", password, data_dir=tmp_path, MONGO_URI=uri)
    assert password not in result.stdout + result.stderr
    log_in(make_app().test_client(), "tomas", password)

    kept_to_itself = new_password()
    environ = {"SEED_PASSWORD": kept_to_itself}
    result = command("seed", "demo", data_dir=tmp_path, MONGO_URI=uri, environ=environ)
    assert kept_to_itself not in result.stdout + result.stderr
    log_in(make_app().test_client(), "tomas", kept_to_itself)


def test_an_account_of_somebody_else_is_left_alone(app: Flask, migrated: Database) -> None:
    make_account(app, "Tomas")
    before = state(migrated)
    with app.app_context(), pytest.raises(DemoError, match="an account tomas"):
        seed_demo(app.extensions["chat"], None, new_password())
    assert state(migrated) == before


def test_broken_off_in_a_room_the_rest_is_added(app: Flask, migrated: Database) -> None:
    with app.app_context():
        seed_demo(app.extensions["chat"], None, new_password())
        whole = migrated.db["message"].count_documents({})
        room = migrated.db["room"].find_one({"name": GROUPS[0].name})
        assert room is not None
        migrated.db["message"].delete_many({"room_identity": room["_id"], "seq": {"$gt": 10}})
        seed_demo(app.extensions["chat"], None, new_password())
    assert migrated.db["message"].count_documents({}) == whole
    added = {"room_identity": room["_id"], "seq": {"$gt": 10}, "version": {"$gt": 0}}
    assert migrated.db["message"].count_documents(added) > 0


def test_what_people_changed_since_stays_theirs(app: Flask, migrated: Database) -> None:
    with app.app_context():
        services = app.extensions["chat"]
        seed_demo(services, None, new_password())
        user = services.profiles.get_by_username("linxiao")
        (room,) = migrated.db["room"].find({"kind": "direct"})
        room_id = str(room["_id"])
        of_the_demo = migrated.db["change"].find({"room_identity": room["_id"]})
        for change in list(of_the_demo):
            seq, kind = change["seq"], change["kind"]
            if kind == "reaction" and change["user_identity"] == ObjectId(user.id):
                services.changes.react(user, room_id, seq, change["emoji"], False).result(PATIENCE)
            elif kind == "text":
                services.changes.delete(user, room_id, seq).result(PATIENCE)
            elif kind == "pinned":
                services.changes.pin(user, room_id, seq, False).result(PATIENCE)
        services.previews.flush()
        before = state(migrated)
        seed_demo(services, None, new_password())
    assert state(migrated) == before


def test_what_people_said_before_stays_theirs(app: Flask, migrated: Database) -> None:
    """A repetition in rooms that went on, and in one that began without the demo."""
    with app.app_context():
        services = app.extensions["chat"]
        seed_demo(services, None, new_password())
        migrated.db["message"].delete_many({})
        migrated.db["room"].update_many({}, {"$set": {"last_seq": 0, "last_message": None}})
        user = services.profiles.get_by_username("linxiao")
        (room,) = migrated.db["room"].find({"kind": "direct"})
        services.messages.send(user, str(room["_id"]), "own", "mine").result(PATIENCE)
        seed_demo(services, None, new_password())
    kept = migrated.db["message"].find({"room_identity": room["_id"]})
    assert [message["data"] for message in kept] == ["mine"]


def test_the_demo_fits_the_rules() -> None:
    """The demo bypasses the schemas, so this test checks it against them."""
    names = [one.username for one in PEOPLE]
    assert len(set(names)) == len(names)
    for one in PEOPLE:
        assert fields.Username().deserialize(one.username) == one.username
        assert fields.Nickname().deserialize(one.nickname) == one.nickname
        assert one.locale in LOCALES
    for talk in (DIRECT, *GROUPS):
        assert set(talk.members) <= set(names) and len(talk.name) <= MAX_NAME
        assert len(talk.info) <= MAX_INFO
        hours = [scene.hours_ago for scene in talk.scenes]
        assert hours == sorted(hours, reverse=True)
        speakers = {speaker for scene in talk.scenes for speaker, _ in scene.lines}
        assert speakers <= set(talk.members)
        assert {*talk.unread, *talk.admins} <= set(talk.members)
        lines = [line for scene in talk.scenes for line in scene.lines]
        for act in talk.acts:
            ((author, text),) = [line for line in lines if line[1].startswith(act.begins)]
            if act.kind == "reaction":
                assert fields.Emoji().deserialize(act.value) == act.value
                assert act.username in talk.members
            elif act.kind == "pinned":
                managers = (talk.members[0], *talk.admins) if talk.name else talk.members
                assert act.username in managers
            else:
                assert act.username == author
                assert (act.value not in ("", text)) == (act.kind == "text")


def test_the_migrations_need_not_have_run(
    database: Database, mongo_uri: str, tmp_path: Path
) -> None:
    uri = with_database(mongo_uri, database.db.name)
    command("seed", "demo", data_dir=tmp_path, MONGO_URI=uri)
    assert migrations.pending(database) == []
