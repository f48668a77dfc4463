"""A database to copy, such as the migrations leave it: that costs a fourth of running them all."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

from chat.database.client import Database

Document = dict[str, Any]


class _Collection(NamedTuple):
    name: str
    options: Document
    indexes: list[Document]
    documents: list[Document]


class Template:
    """What was in a database: its collections with their rules, their indexes, their documents."""

    def __init__(self, database: Database) -> None:
        self._collections = [
            _Collection(
                found["name"],
                found["options"],
                _indexes(database, found["name"]),
                list(database.db[found["name"]].find()),
            )
            for found in database.db.list_collections()
        ]

    def copy_to(self, database: Database) -> None:
        """Make an empty database the same, with an epoch of its own."""
        for name, options, indexes, documents in self._collections:
            database.db.command({"create": name, **options})
            if indexes:
                database.db.command({"createIndexes": name, "indexes": indexes})
            if documents:
                database.db[name].insert_many(documents)
        database.db["state"].update_one(
            {"_id": "epoch"}, {"$set": {"value": secrets.token_hex(16)}}
        )


def _indexes(database: Database, name: str) -> list[Document]:
    answer = database.db.command({"listIndexes": name})
    return [
        {option: value for option, value in index.items() if option not in ("v", "ns")}
        for index in answer["cursor"]["firstBatch"]
        if index["name"] != "_id_"
    ]
