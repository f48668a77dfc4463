"""`flask --app chat.app db adopt` as its user runs it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bson import ObjectId

from chat.adoption.steps import BATCH
from chat.database.client import Database, time_limit
from harness.servers import PATIENCE, ROOT, environment
from tests.adoption.conftest import Adoption
from tests.adoption.old_server import START, OldServer
from tests.cli.commands import command, flask
from tests.conftest import with_database
from tests.engines import REPLICA_SET

MANY = BATCH + 100  # a second batch
# The command, which rests before its second batch of messages: it is to be interrupted there,
# however slow the one who does that is.
RESTING = """
import time
from flask.cli import main
from pymongo.collection import Collection

insert_many, batches = Collection.insert_many, []

def insert_and_rest(collection, *args, **kwargs):
    if collection.name == "message":
        batches.append(collection)
        time.sleep(60 if len(batches) == 2 else 0)
    return insert_many(collection, *args, **kwargs)

Collection.insert_many = insert_and_rest
main()
"""


@pytest.fixture
def uri(database: Database, mongo_uri: str) -> str:
    return with_database(mongo_uri, database.db.name)


def test_a_dry_run_then_the_real_one_then_nothing_to_do(
    adoption: Adoption, old: OldServer, uri: str, tmp_path: Path
) -> None:
    alice, bob = old.add_user("alice"), old.add_user("bob")
    room = old.add_group(alice, bob)
    old.say(room, alice, "hello")
    adopt = ("db", "adopt", "--from", adoption.old_uri)
    dry = command(*adopt, "--dry-run", data_dir=tmp_path, MONGO_URI=uri)
    assert "messages: 1 to adopt, 0 there already" in dry.stdout
    assert dry.stdout.endswith("This was a dry run: nothing was changed.\n")
    real = flask(*adopt, data_dir=tmp_path, MONGO_URI=uri)
    assert "messages: 100%" in real.stderr and "Adopted in " in real.stdout
    assert adoption.database.db["message"].count_documents({}) == 1
    again = command(*adopt, data_dir=tmp_path, MONGO_URI=uri)
    assert again.stdout.startswith("Nothing to do: ")


def test_doubles_are_an_error_that_lists_them(
    adoption: Adoption, old: OldServer, uri: str, tmp_path: Path
) -> None:
    old.add_user("alice", email="")
    old.add_user("ALICE", email="")
    result = command(
        *("db", "adopt", "--from", adoption.old_uri),
        data_dir=tmp_path,
        check=False,
        MONGO_URI=uri,
    )
    assert result.returncode == 1
    assert "username alice (" in result.stderr and ", ALICE (" in result.stderr
    assert adoption.database.db["user"].find_one() is None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("mongodb://127.0.0.1:1/old", "The database to adopt does not answer"),
        ("mongodb://127.0.0.1:1/", "--from must name a database"),
        ("http://user:secret@127.0.0.1/old", "--from is no address of a MongoDB"),
        ("mongodb://user:secret@[/old", "--from is no address of a MongoDB"),
        ("nothing", "There is nothing to adopt in nothing at "),
    ],
)
def test_a_source_that_is_none_is_one_sentence(
    given: str, told: str, mongo_uri: str, uri: str, tmp_path: Path
) -> None:
    source = with_database(mongo_uri, given) if given == "nothing" else given
    if "1/old" in source:
        source += "?serverSelectionTimeoutMS=100"
    result = command(
        *("db", "adopt", "--from", source), data_dir=tmp_path, check=False, MONGO_URI=uri
    )
    assert result.returncode == 1
    assert result.stderr.startswith(f"Error: {told}") and len(result.stderr.splitlines()) == 1
    assert "secret" not in result.stderr + result.stdout


def test_the_own_database_under_another_address_is_recognized(
    database: Database, uri: str, tmp_path: Path
) -> None:
    old = OldServer(database.db)
    alice = old.add_user("alice")
    same = command("db", "adopt", "--from", uri, data_dir=tmp_path, MONGO_URI=uri)
    assert same.stdout.startswith("From the chat's own database")
    old.add_group(alice)
    other = under_another_address(uri)
    result = command(
        *("db", "adopt", "--from", other), data_dir=tmp_path, check=False, MONGO_URI=uri
    )
    assert result.returncode == 1 and "leave --from out" in result.stderr


@pytest.mark.parametrize("engine", [REPLICA_SET], indirect=True)
def test_a_replica_set_has_its_own_addresses_whatever_name_it_is_called_by(
    database: Database, uri: str, tmp_path: Path
) -> None:
    OldServer(database.db).add_user("alice")
    command("db", "adopt", data_dir=tmp_path, MONGO_URI=uri)
    other = under_another_address(uri)
    same = command("db", "adopt", "--from", other, data_dir=tmp_path, MONGO_URI=uri)
    assert same.stdout.startswith("From the chat's own database")


def under_another_address(uri: str) -> str:
    """Return the URI with another name of its host, or another path of its socket."""
    other = uri.replace("127.0.0.1", "localhost").replace("%2F", "%2F.%2F", 1)
    assert other != uri
    return other


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "killed"])
def test_interrupted_among_many_messages_the_same_command_goes_on(
    adoption: Adoption, old: OldServer, uri: str, tmp_path: Path, number: signal.Signals
) -> None:
    alice, bob = old.add_user("alice"), old.add_user("bob")
    room = old.add_group(alice, bob)
    reference = {"room_identity": old.reference(room), "user_identity": old.reference(bob)}
    with time_limit(PATIENCE):
        old.db["message"].insert_many(
            {**reference, "_id": ObjectId(), "data": str(n), "created_at": START + n}
            for n in range(MANY)
        )
    arguments = ["--app", "chat.app", "db", "adopt", "--from", adoption.old_uri]
    messages = adoption.database.db["message"]
    with subprocess.Popen(
        [sys.executable, "-c", RESTING, *arguments],
        cwd=ROOT,
        env=environment({"DATA_DIR": tmp_path, "MONGO_URI": uri}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        printed = ""
        # The bar stands there while the first messages are being stored.
        while "\nmessages: " not in printed:
            more = process.stderr.read(1)
            assert more, printed
            printed += more
        # A part of a batch would go on being stored after whoever sent it has ended.
        deadline = time.monotonic() + PATIENCE
        while messages.count_documents({}) < BATCH:
            assert time.monotonic() < deadline, "the first batch is not stored"
            time.sleep(0.02)
        process.send_signal(number)
        rest = process.stderr.read()
        process.wait(PATIENCE)
    assert messages.count_documents({}) == BATCH < MANY
    if number == signal.SIGINT:
        assert process.returncode == 1
        assert "Error: Interrupted. What is written is good" in rest
        assert "Traceback" not in rest
    command("db", "adopt", "--from", adoption.old_uri, data_dir=tmp_path, MONGO_URI=uri)
    found = messages.find({}, {"seq": 1, "data": 1})
    assert sorted((m["seq"], int(m["data"])) for m in found) == [(n + 1, n) for n in range(MANY)]
    head = adoption.database.db["room"].find_one()
    assert head is not None and head["last_seq"] == MANY
