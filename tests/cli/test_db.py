from __future__ import annotations

from pathlib import Path

from chat import migrations
from chat.database.client import Database
from harness.servers import Server
from tests.cli.commands import command, flask
from tests.conftest import with_database

NAMES = [one.name for one in migrations.available()]


def test_status_upgrade_status(database: Database, mongo_uri: str, tmp_path: Path) -> None:
    uri = with_database(mongo_uri, database.db.name)
    lines = command("db", "status", data_dir=tmp_path, MONGO_URI=uri).stdout.splitlines()
    assert lines == [f"{name} pending" for name in NAMES]

    dry = command("db", "upgrade", "--dry-run", data_dir=tmp_path, MONGO_URI=uri).stdout
    assert [line.split(" ")[0] for line in dry.splitlines()] == NAMES
    assert database.db.list_collection_names() == []

    upgraded = command("db", "upgrade", data_dir=tmp_path, MONGO_URI=uri).stdout
    assert upgraded.splitlines() == [f"{name} applied" for name in NAMES]
    assert command("db", "upgrade", data_dir=tmp_path, MONGO_URI=uri).stdout == ""
    lines = command("db", "status", data_dir=tmp_path, MONGO_URI=uri).stdout.splitlines()
    assert [line.split(" ")[:2] for line in lines] == [[name, "applied"] for name in NAMES]


def test_a_database_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    uri = "mongodb://127.0.0.1:1/chat"
    result = command("db", "status", data_dir=tmp_path, check=False, MONGO_URI=uri)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "The database at MONGO_URI does not answer" in line


def test_without_a_server_the_command_starts_the_embedded_database_and_stops_it(
    tmp_path: Path,
) -> None:
    flask("db", "upgrade", data_dir=tmp_path)
    lines = flask("db", "status", data_dir=tmp_path).stdout.splitlines()
    assert [line.split(" ")[:2] for line in lines] == [[name, "applied"] for name in NAMES]


def test_the_command_and_the_start_warn_of_a_database_of_a_newer_version(
    migrated: Database, mongo_uri: str, tmp_path: Path
) -> None:
    uri = with_database(mongo_uri, migrated.db.name)
    record = migrated.db["migration"].find_one({"_id": NAMES[-1]})
    assert record is not None
    migrated.db["migration"].insert_one({**record, "_id": "9999_add_something"})
    result = command("db", "status", data_dir=tmp_path, MONGO_URI=uri)
    assert "9999_add_something missing" in result.stdout
    (warning,) = result.stderr.splitlines()
    assert warning.startswith("WARNING: ") and "9999_add_something" in warning
    with Server(tmp_path / "var", MONGO_URI=uri) as server:  # a rolling upgrade goes on
        (line,) = [line for line in server.log().splitlines() if " WARNING " in line]
        assert "9999_add_something" in line and "newer version" in line
