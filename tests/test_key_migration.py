"""Migration 0010: keys of users in lower case become normalised ones, and nobody is lost."""

from __future__ import annotations

import logging
import runpy
from typing import Any

import pymongo
import pytest
from bson import ObjectId

from chat import migrations
from chat.database.client import Database
from chat.repositories.users import UserRepository
from chat.text.addresses import fold_address
from chat.text.normalization import fold

NAME = "0010_normalize_user_keys"


def old_user(username: str, email: str = "", nickname: str = "") -> dict[str, Any]:
    """Return a document as the versions before stored it."""
    nickname = nickname or username
    document = {
        "_id": ObjectId(),
        "username": username,
        "username_key": username.lower(),
        "password": "",
        "nicname": nickname,
        "nickname_key": nickname.lower(),
        "email": email,
        "created_at": 1,
        "updated_at": 1,
    }
    if email:
        document["email_key"] = email.lower()
    return document


def migrate_again(database: Database) -> None:
    """Run the migration as on a database of the version before."""
    database.db["migration"].delete_one({"_id": NAME})
    assert migrations.upgrade(database) == [NAME]


def test_keys_become_those_that_are_asked_for(migrated: Database) -> None:
    old = old_user("ΝΙΚΟΣ", "Nikos@Bücher.example", "Jose\u0301 Straße")
    plain = old_user("wang", "wang@example.org", "王")
    migrated.db["user"].insert_many([old, plain])
    migrate_again(migrated)
    document = migrated.db["user"].find_one({"_id": old["_id"]})
    assert document == old | {
        "username_key": fold("ΝΙΚΟΣ"),
        "email_key": fold_address("nikos@bücher.example"),
        "nickname_key": "josé strasse",
    }
    assert migrated.db["user"].find_one({"_id": plain["_id"]}) == plain
    users = UserRepository(migrated)
    for name in ("νικοσ", "Νικος"):
        found = users.find_by_username(name)
        assert found is not None and found.id == str(old["_id"])
    assert [user.username for user in users.search("JOSÉ STRASSE")] == ["ΝΙΚΟΣ"]


def test_two_who_would_share_a_key_are_both_still_found(
    migrated: Database, caplog: pytest.LogCaptureFixture
) -> None:
    first = old_user("Straße", "a@faß.example")
    second = old_user("STRASSE", "a@xn--fa-hia.example")
    third = old_user("Strasſe")
    migrated.db["user"].insert_many([first, second, third])
    with caplog.at_level(logging.WARNING):
        migrate_again(migrated)
        migrate_again(migrated)  # as after a crash: the same again
    users = UserRepository(migrated)
    for document in (first, second, third):
        found = users.find_by_username(document["username"])
        assert found is not None and found.id == str(document["_id"]), document["username"]
    for document in (first, second):
        found = users.find_by_email(document["email"])
        assert found is not None and found.id == str(document["_id"]), document["email"]
    assert migrated.db["user"].count_documents({}) == 3
    told = [one.getMessage() for one in caplog.records if "stay in lower case" in one.getMessage()]
    assert len(told) == 2 and told[0] == told[1]
    assert told[0].startswith("3 keys") and f"{first['_id']} (username_key)" in told[0]


def test_more_than_one_batch_and_what_was_not_adopted_yet(migrated: Database) -> None:
    old = [old_user(f"ß{number}") for number in range(600)]
    strange = {"_id": ObjectId(), "username": "Straße", "email": "x@Bücher.example"}
    erased = {"_id": ObjectId(), "created_at": 1, "updated_at": 1, "deleted_at": 1}
    with pymongo.timeout(60):
        migrated.db["user"].insert_many([*old, strange, erased])
    migrate_again(migrated)
    for document in (strange, erased):
        assert migrated.db["user"].find_one({"_id": document["_id"]}) == document
    keys = {one["username_key"] for one in migrated.db["user"].find({"nickname_key": {"$gt": ""}})}
    assert keys == {f"ss{number}" for number in range(600)}


def test_a_migration_keeps_its_own_copy_of_the_rules() -> None:
    """And that copy is today's; when the rules change, a new migration follows."""
    (described,) = [one for one in migrations.available() if one.name == NAME]
    copy = runpy.run_path(str(described.path))
    for first in range(0, 0x110000, 256):
        if not 0xD800 <= first <= 0xDFFF:  # surrogates
            some = "".join(map(chr, range(first, first + 256)))
            assert copy["fold"](some) == fold(some), hex(first)
    for address in ("x@Straße.de", "Ｘ@例子。公司", "e\u0301@bü cher.de", "@", "ß@x"):
        assert copy["fold_address"](address) == fold_address(address)
