"""Migration 0022: addresses of pictures anywhere are emptied, ids of files stay."""

from __future__ import annotations

from typing import Any

from bson import ObjectId

from chat import migrations
from chat.database.client import Database
from chat.repositories.users import UserRepository

NAME = "0022_empty_foreign_avatars"


def user(name: str, **fields: Any) -> dict[str, Any]:
    return {"_id": ObjectId(), "username": name, "username_key": name, "created_at": 1, **fields}


def test_addresses_become_empty_and_nothing_else_changes(migrated: Database) -> None:
    own = str(ObjectId())
    kept = [user("without"), user("empty", avatar=""), user("file", avatar=own)]
    emptied = [
        user("elsewhere", avatar="https://example.org/a.png", nicname="E"),
        user("path", avatar="/a.png"),
        user("strange", avatar={"url": "x"}),
    ]
    many = [user(f"user{number}", avatar=f"/{number}.png") for number in range(600)]
    migrated.db["user"].insert_many([*kept, *emptied, *many])
    migrated.db["migration"].delete_one({"_id": NAME})
    assert migrations.upgrade(migrated) == [NAME]
    found = {document["_id"]: document for document in migrated.db["user"].find()}
    assert [found[one["_id"]] for one in kept] == kept
    for one in [*emptied, *many]:
        assert found[one["_id"]] == one | {"avatar": ""}


def test_what_an_older_server_stores_meanwhile_counts_as_empty(migrated: Database) -> None:
    late = user("late", avatar="https://example.org/a.png")
    migrated.db["user"].insert_one(late)
    found = UserRepository(migrated).find(str(late["_id"]))
    assert found is not None and found.avatar == ""
