"""A backup is taken and put back, and looked into, by the very commands that the documents show."""

from __future__ import annotations

import secrets
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from chat.database.client import Database
from harness.people import app_beside, make_people
from harness.servers import PATIENCE, Server, environment, free_port
from tests.backups import Backup
from tests.conftest import drop, with_database
from tests.docs.documents import OPERATING, ROOT, program
from tests.sockets.conftest import Member


def run(name: str, folder: Path, **settings: object) -> str:
    """Run a block of commands of the document in a folder that stands for the checkout."""
    script = program(OPERATING, name).replace(".venv/bin/", f"{Path(sys.executable).parent}/")
    done = subprocess.run(
        ["sh", "-euc", script],
        cwd=folder,
        env=environment({"PYTHONPATH": ROOT, "PORT": free_port(), **settings}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=2 * PATIENCE,
        check=True,
    )
    return done.stdout


def sync(member: Member, room: dict[str, Any], last: dict[str, Any]) -> tuple[str, bool]:
    """Return the epoch, and whether whoever saw this message is to load the room anew."""
    payload = {"rooms": {room["id"]: last["seq"]}, "ids": {room["id"]: last["id"]}}
    found = member.socket("/group").call("/group", "sync", payload)["data"]
    return found["epoch"], found["rooms"][room["id"]]["reset"]


def goes_on_after(member: Member, room: dict[str, Any], kept: Any, lost: Any, epoch: str) -> None:
    """See that what was kept is there, and that clients are told what is not."""
    new = member.post(room, "new")
    assert new["seq"] == lost["seq"]
    assert member.data("GET", f"/rooms/{room['id']}/messages")["messages"] == [kept, new]
    found, reset = sync(member, room, lost)
    assert found != epoch and reset
    assert sync(member, room, new) == (found, False)


def test_the_embedded_database_is_put_back(tmp_path: Path) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(Server(tmp_path / "var", RATE_LIMITS="off"))
        with app_beside(server.data_dir, "", RATE_LIMITS=False) as app:
            (person,) = make_people(app, "ada")
        ada = Member(person, server, stack)
        group = ada.create_group()
        kept = ada.post(group, "kept")
        server.stop()
        run("backup", tmp_path)
        server.start()
        lost = ada.post(group, "lost")
        epoch, _ = sync(ada, group, lost)
        server.stop()
        run("restore", tmp_path)
        server.start()
        goes_on_after(ada, group, kept, lost, epoch)


def test_the_embedded_database_is_looked_into_beside_a_server_and_without_one(
    tmp_path: Path,
) -> None:
    with Server(tmp_path / "var", RATE_LIMITS="off") as server:
        with app_beside(server.data_dir, "", RATE_LIMITS=False) as app:
            make_people(app, "ada", "bob")
        assert "\nuser 2\n" in run("look", tmp_path)
    assert "\nuser 2\n" in run("look", tmp_path)


def test_a_database_of_ones_own_is_put_back(mongo_uri: str, tmp_path: Path) -> None:
    name = f"test_{secrets.token_hex(8)}"
    uri = with_database(mongo_uri, name)
    with ExitStack() as stack:
        stack.callback(lambda: drop(Database(mongo_uri), name))
        server = Server(tmp_path / "server", MONGO_URI=uri, RATE_LIMITS="off")
        stack.enter_context(server)
        with app_beside(server.data_dir, uri, RATE_LIMITS=False) as app:
            (person,) = make_people(app, "ada")
        ada = Member(person, server, stack)
        group = ada.create_group()
        kept = ada.post(group, "kept")
        server.stop()
        database = Database(uri)
        backup = Backup(database)
        server.start()
        lost = ada.post(group, "lost")
        epoch, _ = sync(ada, group, lost)
        server.stop()
        backup.put_back()  # as mongorestore does
        database.close()
        run("restored", tmp_path, MONGO_URI=uri)
        server.start()
        goes_on_after(ada, group, kept, lost, epoch)
