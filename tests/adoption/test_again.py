"""A second run, and one that goes on where another broke off."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask
from pymongo.collection import Collection

from chat.adoption import writing
from chat.adoption.errors import AdoptionError
from chat.database.client import Database
from harness.accounts import data_of, log_in, new_password
from harness.people import settle
from tests.adoption.conftest import Adoption, snapshot
from tests.adoption.old_server import OldServer, Shape
from tests.conftest import drop, with_database
from tests.template import Template

# One of each migration is among them, the one that notes that it ran: as if each were broken off.
WRITES = ("insert_many", "bulk_write", "update_many", "replace_one")


def fill(old: OldServer) -> None:
    """Write a little of everything, also of what does not fit."""
    alice, bob, carol = (old.add_user(name) for name in ("alice", "bob", "carol"))
    group = old.add_group(alice, bob, carol, number="123456789")
    other = old.add_group(carol, bob, number="123456789", name="")
    friends = old.add_friends(alice, bob)
    empty = old.add_room(alice, number="123456789")
    old.add_member(group, bob)
    for number in range(5):
        for room in (group, other, friends, empty):
            old.say(room, [alice, bob, carol][number % 3], str(number))


def marked(lines: list[str]) -> list[str]:
    """Return the lines that count what is to be adopted."""
    return [line for line in lines if " to adopt" in line]


def nothing_left(lines: list[str]) -> bool:
    """Tell whether all counts are zero."""
    return all(": 0 to adopt, " in line for line in marked(lines))


@pytest.mark.parametrize("in_place", [False, True])
def test_a_second_run_changes_nothing_and_says_so(
    adoption: Adoption, old: OldServer, in_place: bool
) -> None:
    fill(OldServer(adoption.database.db) if in_place else old)
    first = adoption.run(in_place=in_place)
    assert first[-1].startswith("Adopted in ")
    before = snapshot(adoption.database)
    second = adoption.run(in_place=in_place)
    assert second[-1].startswith("Nothing to do: ") and nothing_left(second)
    assert snapshot(adoption.database) == before


def test_a_dry_run_writes_nothing_and_says_what_the_real_one_says(
    adoption: Adoption, old: OldServer, old_database: Database
) -> None:
    fill(old)
    before = snapshot(old_database)
    dry = adoption.run(dry_run=True)
    assert dry[-1] == "This was a dry run: nothing was changed."
    assert adoption.database.db.list_collection_names() == []
    assert adoption.run()[:-1] == dry[:-1]
    assert snapshot(old_database) == before
    again = adoption.run(dry_run=True)
    assert len(again) == 1 and again[0].startswith("Nothing to do: ")


def test_what_was_deleted_since_does_not_come_back(
    adoption: Adoption, old: OldServer, open_app: Callable[..., Flask]
) -> None:
    password = new_password()
    alice, bob = old.add_user("alice", password), old.add_user("bob")
    group, ended = old.add_group(alice, bob), old.add_group(alice)
    adoption.run()
    person = log_in(open_app().test_client(), "alice", password)
    path = f"/rooms/{group['_id']}/members/{bob['_id']}"
    assert person.delete(path).status_code == 204
    assert person.delete(f"/rooms/{ended['_id']}").status_code == 204
    adoption.run()
    (room,) = data_of(person.get("/rooms"))
    members = data_of(person.get(f"/rooms/{room['id']}/members"))
    assert [member["user"]["username"] for member in members] == ["alice"]


def test_a_deleted_account_stays_deleted_in_place_too(
    adoption: Adoption, open_app: Callable[..., Flask]
) -> None:
    old = OldServer(adoption.database.db)
    password = new_password()
    alice = old.add_user("alice", password)
    old.say(old.add_friends(alice, old.add_user("bob")), alice, "bye")
    adoption.run(in_place=True)
    app = open_app()
    person = log_in(app.test_client(), "alice", password)
    person.end()
    settle(app)
    before = snapshot(adoption.database)
    assert adoption.run(in_place=True)[-1].startswith("Nothing to do: ")
    assert snapshot(adoption.database) == before


def test_in_place_what_was_said_meanwhile_keeps_its_number(
    adoption: Adoption, open_app: Callable[..., Flask]
) -> None:
    """With references that are today's too, people may have gone on before anyone adopted."""
    old = OldServer(adoption.database.db, Shape(refers_by="id"))
    password = new_password()
    alice, bob = old.add_user("alice", password), old.add_user("bob")
    group = old.add_group(alice, bob)
    old.say(group, bob, "old")
    adoption.run(in_place=True)
    person = log_in(open_app().test_client(), "alice", password)
    body = {"client_id": "c", "data": "new"}
    assert data_of(person.post(f"/rooms/{group['_id']}/messages", json=body), 201)["seq"] == 2
    old.say(group, bob, "an old server was still running")
    lines = adoption.run(in_place=True)
    assert "messages: 1 to adopt, 2 there already" in lines
    history = data_of(person.get(f"/rooms/{group['_id']}/messages?after_seq=0"))["messages"]
    assert [(message["seq"], message["data"]) for message in history] == [
        (1, "old"),
        (2, "new"),
        (3, "an old server was still running"),
    ]


class Breaking:
    """Lets writes happen up to a certain one, which happens by half or not at all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = -1
        for name in WRITES:
            monkeypatch.setattr(Collection, name, self._wrap(getattr(Collection, name)))

    def _wrap(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(collection: Collection[Any], things: Any, *args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                if isinstance(things, list) and len(things) > 1 and "ordered" in kwargs:
                    write(collection, things[1:], *args, **kwargs)  # unordered: any part may be in
                raise KeyboardInterrupt
            return write(collection, things, *args, **kwargs)

        return wrapped


@pytest.fixture
def fresh(mongo_uri: str) -> Iterator[Callable[[], Database]]:
    """A function that makes empty databases, dropped afterwards."""
    made: list[tuple[Database, str]] = []

    def make() -> Database:
        name = f"test_{secrets.token_hex(8)}"
        made.append((Database(with_database(mongo_uri, name)), name))
        return made[-1][0]

    yield make
    for database, name in made:
        drop(database, name)


@pytest.mark.parametrize("in_place", [False, True], ids=["from", "in-place"])
def test_broken_off_at_any_write_the_next_run_comes_to_the_same_end(
    old_database: Database,
    old: OldServer,
    adoption: Adoption,
    fresh: Callable[[], Database],
    template: Template,
    monkeypatch: pytest.MonkeyPatch,
    in_place: bool,
) -> None:
    """Into a database where a server was started before; the own one as it was found."""
    monkeypatch.setattr(writing, "BATCH", 6)
    fill(old)
    if in_place:
        template = Template(old_database)
    breaking = Breaking(monkeypatch)

    def begin() -> Adoption:
        database = fresh()
        template.copy_to(database)
        return adoption._replace(database=database)

    whole = begin()
    whole.run(in_place=in_place)
    expected = adopted(whole.database)
    for number in range(1, 100):
        broken = begin()
        breaking.left = number
        try:
            broken.run(in_place=in_place)
        except (AdoptionError, KeyboardInterrupt):
            breaking.left = -1
            broken.run(in_place=in_place)
        else:
            break
        assert adopted(broken.database) == expected, f"broken off at write {number}"
        again = broken.run(in_place=in_place)
        assert again[-1].startswith("Nothing to do: ") and nothing_left(again)
    breaking.left = -1
    assert number > (20 if in_place else 5)


def adopted(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Return what people can see, without the database's own times."""
    found = {
        kind: sorted(database.db[kind].find({}, {"touched_at": 0}), key=_id)
        for kind in ("user", "room", "user_room", "message")
    }
    # When one of its double documents was moved away before the break, it is no longer known.
    for member in found["user_room"]:
        member.pop("updated_at")
    return found


def _id(document: dict[str, Any]) -> ObjectId:
    id_ = document["_id"]
    assert isinstance(id_, ObjectId)
    return id_
