"""Databases such as the migrations leave them: copied or emptied, because migrating takes long."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

from chat.database.client import Database

Document = dict[str, Any]


class _Collection(NamedTuple):
    name: str
    options: Document
    indexes: list[Document]


class Template:
    """What was in a database: its collections with their rules, their indexes, their documents."""

    def __init__(self, database: Database) -> None:
        self._collections = _collections(database)
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
        if _collections(database) != self._collections:
            return False
        for one in self._collections:
            database.db[one.name].delete_many({})
        self._fill(database)
        return True

    def _fill(self, database: Database) -> None:
        for name, documents in self._documents.items():
            if documents:
                database.db[name].insert_many(documents)
        database.db["state"].update_one(
            {"_id": "epoch"}, {"$set": {"value": secrets.token_hex(16)}}
        )


def _collections(database: Database) -> list[_Collection]:
    found = sorted(database.db.list_collections(), key=lambda one: one["name"])
    return [
        _Collection(one["name"], one["options"], _indexes(database, one["name"])) for one in found
    ]


def _indexes(database: Database, name: str) -> list[Document]:
    answer = database.db.command({"listIndexes": name})
    return [
        {option: value for option, value in index.items() if option not in ("v", "ns")}
        for index in answer["cursor"]["firstBatch"]
        if index["name"] != "_id_"
    ]
