"""Create the collections of files, in the format of GridFS.

The index by user sums up what a user's files count; the one by room finds those of a message. Only
files that are to be looked at again have `remove_at`.
"""

from typing import Any

from pymongo.database import Database

INDEXES: list[tuple[str, str, list[tuple[str, int]], dict[str, Any]]] = [
    ("file.chunks", "chunk_unique", [("files_id", 1), ("n", 1)], {"unique": True}),
    ("file.files", "user", [("user_identity", 1), ("counted", 1)], {}),
    (
        "file.files",
        "claim",
        [("room_identity", 1), ("user_identity", 1), ("client_id", 1)],
        {},
    ),
    (
        "file.files",
        "remove_at",
        [("remove_at", 1)],
        {"partialFilterExpression": {"remove_at": {"$gt": 0}}},
    ),
]


def migrate(db: Database[dict[str, Any]]) -> None:
    for missing in {"file.files", "file.chunks"} - set(db.list_collection_names()):
        db.create_collection(missing)
    for collection, name, keys, options in INDEXES:
        db[collection].create_index(keys, name=name, **options)
