"""Databases such as the migrations leave them: copied or emptied, because migrating takes long."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

from pymongo import WriteConcern

from chat.database.client import Database

Document = dict[str, Any]
QUICK = WriteConcern(w=1, j=False)  # nobody needs these writes after a crash


class _Collection(NamedTuple):
    name: str
    options: Document
    indexes: list[Document]


class Template:
    """What was in a database: its collections with their rules, their indexes, their documents."""

    def __init__(self, database: Database) -> None:
        self._collections = _collections(database)
        self._shape = _shape(database)
        self._documents = {
            one.name: list(database.db[one.name].find()) for one in self._collections
        }

    def copy_to(self, database: Database) -> None:
        """Make an empty database the same, with an epoch of its own."""
        for name, options, indexes in self._collections:
            database.db.command({"create": name, **options})
            if indexes:
                database.db.command({"createIndexes": name, "indexes": indexes})
        self._fill(database)

    def restore(self, database: Database) -> bool:
        """Make a copy the same again; return False if it has other collections or indexes now."""
        if _shape(database) != self._shape:
            return False
        self._fill(database)
        return True

    def _fill(self, database: Database) -> None:
        db = database.db.with_options(write_concern=QUICK)
        filled = _filled(database, list(self._documents))
        for name, documents in self._documents.items():
            if name in filled and list(db[name].find()) == documents:
                continue
            if name in filled:
                db[name].delete_many({})
            if documents:
                db[name].insert_many(documents)
        db["state"].update_one({"_id": "epoch"}, {"$set": {"value": secrets.token_hex(16)}})


def _collections(database: Database) -> list[_Collection]:
    found = sorted(database.db.list_collections(), key=lambda one: one["name"])
    return [
        _Collection(one["name"], one["options"], _indexes(database, one["name"])) for one in found
    ]


def _filled(database: Database, names: list[str]) -> set[str]:
    """Return which collections have a document, by one query for all."""

    def first(name: str) -> list[Document]:
        return [{"$limit": 1}, {"$project": {"_id": 0, "name": {"$literal": name}}}]

    others = [{"$unionWith": {"coll": name, "pipeline": first(name)}} for name in names[1:]]
    found = database.db[names[0]].aggregate([*first(names[0]), *others])
    return {one["name"] for one in found}


def _shape(database: Database) -> tuple[dict[str, Document], int]:
    """Return the collections with their rules, and how many indexes there are."""
    rules = {one["name"]: one["options"] for one in database.db.list_collections()}
    return rules, database.db.command("dbStats")["indexes"]


def _indexes(database: Database, name: str) -> list[Document]:
    answer = database.db.command({"listIndexes": name})
    return [
        {option: value for option, value in index.items() if option not in ("v", "ns")}
        for index in answer["cursor"]["firstBatch"]
        if index["name"] != "_id_"
    ]
