from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask

from chat.auth import authenticate_token
from chat.database.client import Database
from harness.servers import Server
from tests.cli.commands import command, flask
from tests.conftest import with_database


@pytest.fixture
def uri(database: Database, mongo_uri: str) -> str:
    return with_database(mongo_uri, database.db.name)


def test_users_are_numbered_and_share_the_given_password(
    database: Database, uri: str, tmp_path: Path
) -> None:
    result = command(
        *("seed", "users", "--count", "3", "--password", "correct horse", "--prefix", "Bot_"),
        data_dir=tmp_path,
        MONGO_URI=uri,
    )
    assert "correct horse" not in result.stdout + result.stderr
    assert "users: 100%" in result.stderr
    users = list(database.db["user"].find())
    assert {user["username"] for user in users} == {"Bot_1", "Bot_2", "Bot_3"}
    assert {user["username_key"] for user in users} == {"bot_1", "bot_2", "bot_3"}
    hashes = {user["password"] for user in users}
    assert len(hashes) == 1  # the expensive work was done once
    assert PasswordHasher().verify(hashes.pop(), "correct horse")


def test_without_a_password_one_is_made_and_printed(
    database: Database, uri: str, tmp_path: Path
) -> None:
    output = command("seed", "users", "--count", "1", data_dir=tmp_path, MONGO_URI=uri).stdout
    printed = re.search(r"password of the new ones: (\S+)", output)
    user = database.db["user"].find_one({"username": "user1"})
    assert printed is not None and user is not None
    assert PasswordHasher().verify(user["password"], printed[1])


def test_repeating_adds_only_what_is_missing(database: Database, uri: str, tmp_path: Path) -> None:
    rooms = []
    for count in (2, 4, 4):
        arguments = ("seed", "users", "--count", str(count), "--room", "大厅")
        output = command(*arguments, data_dir=tmp_path, MONGO_URI=uri).stdout
        rooms.append(output.splitlines()[-1])
    assert database.db["user"].count_documents({}) == 4
    assert database.db["user_room"].count_documents({}) == 4
    (room,) = database.db["room"].find()
    assert rooms == [str(room["_id"])] * 3
    assert room["name"] == "大厅" and room["kind"] == "group"
    first = database.db["user"].find_one({"username": "user1"})
    assert first is not None and room["user_identity"] == first["_id"]
    roles = {m["user_identity"]: m["role"] for m in database.db["user_room"].find()}
    assert roles.pop(first["_id"]) == "admin"  # that they are the owner, the room says
    assert set(roles.values()) == {"member"}


def test_tokens_are_good_and_for_the_eyes_of_their_owner(
    database: Database, uri: str, tmp_path: Path
) -> None:
    file = tmp_path / "tokens"
    file.write_text("what was here before")
    file.chmod(0o644)
    command(
        *("seed", "users", "--count", "3", "--tokens", str(file)),
        data_dir=tmp_path / "var",
        MONGO_URI=uri,
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tokens", "var"]
    app = _app_of(tmp_path / "var", uri)
    with app.app_context():
        names = [
            authenticate_token(token).user.username for token in file.read_text().split("\n")[:-1]
        ]
    app.extensions["chat"].database.close()
    assert names == ["user1", "user2", "user3"]


def _app_of(data_dir: Path, uri: str) -> Flask:
    from chat.app import create_app

    return create_app("config.Config", DATA_DIR=str(data_dir), MONGO_URI=uri, SECRET_KEY="")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--count", "0"),
        ("--count", "many"),
        ("--count", "2", "--password", "short"),
        ("--count", "2", "--prefix", "with space"),
        ("--count", "2", "--prefix", "much-too-long-prefix"),
        ("--count", "2", "--room", "  "),
        ("--count", "2", "--room", "x" * 51),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_done(
    database: Database, uri: str, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    result = command(*("seed", "users", *arguments), data_dir=tmp_path, check=False, MONGO_URI=uri)
    assert result.returncode == 2
    assert "Error: Invalid value" in result.stderr
    assert database.db.list_collection_names() == []


def test_a_thousand_users_take_seconds(database: Database, uri: str, tmp_path: Path) -> None:
    command("seed", "users", "--count", "1000", "--room", "all", data_dir=tmp_path, MONGO_URI=uri)
    assert database.db["user"].count_documents({}) == 1000
    assert database.db["user_room"].count_documents({}) == 1000


def test_a_command_uses_the_database_of_the_running_server(tmp_path: Path) -> None:
    with Server(tmp_path / "var") as server:
        before = (tmp_path / "var" / "database" / "record.json").read_text()
        flask("seed", "users", "--count", "2", data_dir=tmp_path / "var")
        assert (tmp_path / "var" / "database" / "record.json").read_text() == before
        assert server.stop() == 0
    # Started again, now by a command, it holds what was made beside the server.
    again = flask("seed", "users", "--count", "2", "--room", "r", data_dir=tmp_path / "var")
    assert "user1 to user2 are there" in again.stdout
