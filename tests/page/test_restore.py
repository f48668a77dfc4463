"""An open page while the server's database is set back to a backup."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect

from chat.database.client import Database
from harness.browsing import signed_in
from harness.people import app_beside, make_people
from harness.servers import Server
from tests.backups import Backup, wait_for_head
from tests.cli.commands import command
from tests.conftest import drop, with_database
from tests.page.conftest import Visitor, state_of
from tests.sockets.conftest import Member


@pytest.fixture
def own(mongo_uri: str, tmp_path: Path) -> Iterator[Server]:
    """A server on a database that a test may set back."""
    name = f"test_{secrets.token_hex(8)}"
    uri = with_database(mongo_uri, name)
    with Server(tmp_path / "own", MONGO_URI=uri, RATE_LIMITS="off") as server:
        yield server
    drop(Database(mongo_uri), name)


@pytest.fixture
def own_app(own: Server) -> Iterator[Flask]:
    with app_beside(own.data_dir, own.mongo_uri, RATE_LIMITS=False) as app:
        yield app


def put_back_while_it_runs(backup: Backup, server: Server, folder: Path, witness: Member) -> None:
    client = witness.socket("/group")
    backup.put_back()
    command("db", "restored", data_dir=folder, MONGO_URI=server.mongo_uri)
    client.wait_closed()  # the server has noticed


def put_back_and_forget_the_last_step(
    backup: Backup, server: Server, folder: Path, witness: Member
) -> None:
    server.stop()
    backup.put_back()
    server.start()


@pytest.mark.parametrize("put_back", [put_back_while_it_runs, put_back_and_forget_the_last_step])
def test_an_open_page_shows_what_is_said_after_a_restore(
    put_back: Callable[[Backup, Server, Path, Member], None],
    own: Server,
    own_app: Flask,
    visit: Callable[..., Visitor],
    tmp_path: Path,
) -> None:
    ann, bob = make_people(own_app, "ann", "bob")
    with ExitStack() as stack:
        bobs = Member(bob, own, stack)
        group = bobs.create_group(name="Restored")
        quiet = bobs.create_group(name="Quiet")
        for room in (group, quiet):
            Member(ann, own, stack).data("POST", "/rooms/join", {"number": room["number"]})
        anns = visit(own.url, storage_state=signed_in(own_app, ann, own.url))
        anns.open(f"/r/{group['number']}")
        anns.is_in()
        for number in range(3):
            bobs.post(group, f"kept {number}")
        bobs.post(quiet, "kept and quiet")
        anns.sees("kept 2")
        database = Database(own.mongo_uri)
        stack.callback(database.close)
        backup = Backup(database)
        for number in range(3):
            bobs.post(group, f"lost {number}")
            bobs.post(quiet, f"lost and quiet {number}")
        path = f"/rooms/{group['id']}/messages/1"
        bobs.data("PATCH", path, {"data": "an edit that is lost"})
        anns.sees("an edit that is lost")
        anns.sees("lost 2")
        preview = anns.page.locator(".room", has_text="Quiet").locator(".room-preview")
        expect(preview).to_contain_text("lost and quiet 2")
        wait_for_head(database, group, 6)
        wait_for_head(database, quiet, 4)

        anns.context.set_offline(True)
        anns.write("not sent yet")
        expect(state_of(anns, "not sent yet")).to_have_attribute("data-state", "waiting")
        anns.page.locator(".composer-input").fill("a draft")
        put_back(backup, own, tmp_path, bobs)
        for number in range(4):
            bobs.post(group, f"new {number}")
        anns.context.set_offline(False)

        kept, new = ([f"{what} {n}" for n in range(m)] for what, m in (("kept", 3), ("new", 4)))
        expect(anns.page.locator(".bubble")).to_have_text([*kept, *new, "not sent yet"])
        expect(state_of(anns, "not sent yet")).to_have_attribute("data-state", "sent")
        expect(anns.page.locator(".composer-input")).to_have_value("a draft")
        expect(preview).to_contain_text("kept and quiet")
        bobs.post(group, "and on it goes")
        anns.sees("and on it goes")
        log = bobs.data("GET", f"/rooms/{group['id']}/messages")["messages"]
        assert [message["seq"] for message in log] == list(range(1, 10))
        assert [message["data"] for message in log].count("not sent yet") == 1
