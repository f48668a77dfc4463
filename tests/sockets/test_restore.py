"""A backup was put back: nobody goes on as if the database still had the past they know."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from chat.database.client import Database
from harness.people import app_beside, make_people
from harness.servers import Server
from tests.backups import Backup, wait_for_head, wait_until
from tests.cli.commands import command
from tests.conftest import drop, with_database
from tests.sockets.conftest import Member, key_of
from tests.stopwatch import Stopwatch
from tests.wire import WireClient

NOTICED_WITHIN = 5.0  # seconds, as promised


@pytest.fixture(scope="module")
def own(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a database that tests may set back."""
    name = f"test_{secrets.token_hex(8)}"
    uri = with_database(mongo_uri, name)
    with Server(tmp_path_factory.mktemp("own"), MONGO_URI=uri, RATE_LIMITS="off") as server:
        yield server
    drop(Database(mongo_uri), name)


def read_to(database: Database, membership: dict[str, ObjectId]) -> int:
    found = database.db["user_room"].find_one(membership)
    return int(found["last_read_seq"]) if found else 0


@pytest.fixture
def database(own: Server) -> Iterator[Database]:
    database = Database(own.mongo_uri)
    yield database
    database.close()


@pytest.fixture
def people(own: Server) -> Iterator[Callable[..., list[Member]]]:
    """A function that makes people on that server."""
    with ExitStack() as stack:
        app = stack.enter_context(app_beside(own.data_dir, own.mongo_uri, RATE_LIMITS=False))

        def make(*names: str) -> list[Member]:
            return [Member(person, own, stack) for person in make_people(app, *names)]

        yield make


def say_restored(server: Server, data_dir: Path) -> None:
    """Run the last step of the documented restore."""
    command("db", "restored", data_dir=data_dir, MONGO_URI=server.mongo_uri)


def synced(client: WireClient, room: dict[str, Any], seq: int, **ids: str) -> dict[str, Any]:
    """Return what `sync` says of one room, and the epoch."""
    payload: dict[str, Any] = {"rooms": {room["id"]: seq}}
    if ids:
        payload["ids"] = {room["id"]: ids["id"]}
    found: dict[str, Any] = client.call("/group", "sync", payload)["data"]
    return found["rooms"][room["id"]] | {"epoch": found["epoch"]}


def test_after_a_restore_beneath_it_a_server_forgets_and_its_clients_come_back(
    own: Server,
    database: Database,
    people: Callable[..., list[Member]],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    kept = [ada.post(group, f"kept {number}") for number in range(3)]
    backup = Backup(database)
    settings = {"MONGO_URI": own.mongo_uri, "SECRET_KEY": key_of(own), "RATE_LIMITS": "off"}
    with Server(tmp_path_factory.mktemp("second"), **settings) as second:
        here, there = bob.socket("/group", "/direct"), bob.on(ada)
        there.move_to(second)
        elsewhere = there.socket("/group")
        lost = [ada.post(group, f"lost {number}") for number in range(4)]
        for client in (here, elsewhere):
            client.pushed("message_created", id=lost[-1]["id"])
        before = synced(here, group, 7, id=lost[-1]["id"])
        assert before["reset"] is False
        assert synced(elsewhere, group, 7)["epoch"] == before["epoch"], "all processes have one"
        assert here.call("/group", "mark_read", {"room_id": group["id"], "seq": 7})["data"] == {}
        mark = {"user_identity": ObjectId(bob.id), "room_identity": ObjectId(group["id"])}
        # One that is written after the backup was put back is none of the past.
        wait_until(lambda: read_to(database, mark) == 7)
        wait_for_head(database, group, 7)

        backup.put_back()
        say_restored(own, tmp_path)
        watch = Stopwatch(own, second)
        for client in (here, elsewhere):
            client.wait_closed()
            assert not any(entry[0] == client.DISCONNECT for entry in client.received)
        assert watch.seconds() < NOTICED_WITHIN

        here, elsewhere = bob.socket("/group"), there.socket("/group")
        after = synced(here, group, 7)
        assert after["epoch"] == synced(elsewhere, group, 7)["epoch"] != before["epoch"]
        assert (after["reset"], after["last_seq"]) == (True, 3)
        new = [ada.post(group, f"new {number}") for number in range(4)]
        assert [message["seq"] for message in new] == [4, 5, 6, 7], "no gap"
        for client in (here, elsewhere):
            assert client.pushed("message_created", seq=7) == new[-1]
        assert bob.data("GET", f"/rooms/{group['id']}")["unread"] == 7
        assert bob.data("GET", f"/rooms/{group['id']}/messages")["messages"] == kept + new


def test_another_message_at_a_place_is_a_reset_at_the_end_and_before_it(
    people: Callable[..., list[Member]],
) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    sent = [ada.post(group, f"{number}") for number in range(3)]
    client = ada.socket("/group")
    for seq in (1, 3):
        right = synced(client, group, seq, id=sent[seq - 1]["id"])
        assert (right["reset"], right["messages"]) == (False, sent[seq:])
        wrong = synced(client, group, seq, id=secrets.token_hex(12))
        assert wrong | {"epoch": ""} == {
            "messages": [],
            "has_more": False,
            "last_seq": 3,
            "last_mention_seq": 0,
            "reset": True,
            "epoch": "",
        }
    assert synced(client, group, 0, id=secrets.token_hex(12))["messages"] == sent


def test_without_the_last_step_a_server_that_starts_knows_by_the_ids(
    own: Server, database: Database, people: Callable[..., list[Member]]
) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    ada.post(group, "kept")
    backup = Backup(database)
    lost = [ada.post(group, f"lost {number}") for number in range(2)]
    epoch = synced(ada.socket("/group"), group, 3)["epoch"]
    own.stop()
    backup.put_back()
    own.start()
    client = ada.socket("/group")
    assert synced(client, group, 3, id=lost[1]["id"])["reset"], "beyond the end"
    new = [ada.post(group, f"new {number}") for number in range(3)]
    assert synced(client, group, 2, id=lost[0]["id"])["reset"]
    assert synced(client, group, 3, id=lost[1]["id"])["reset"]
    right = synced(client, group, 3, id=new[1]["id"])
    assert (right["reset"], right["messages"], right["epoch"]) == (False, [new[2]], epoch)


def test_a_database_without_an_epoch_gets_one(
    database: Database, people: Callable[..., list[Member]]
) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    client = ada.socket("/group")
    known = synced(client, group, 0)["epoch"]
    database.db["state"].delete_many({})
    client.wait_closed()
    wait_until(lambda: database.db["state"].find_one() is not None)
    found = synced(ada.socket("/group"), group, 0)["epoch"]
    assert found and found != known
