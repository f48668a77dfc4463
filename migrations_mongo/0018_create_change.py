"""Create the log of what is done to stored messages, and the list of each room's pinned ones.

Messages themselves stay as they are: one that never changed lacks what changes write. They get no
index either, because it would slow down each insert. The index of texts covers only edits whose
text is still in the log: the last one of each message, or a few.
"""

from typing import Any

from bson import ObjectId
from pymongo.database import Database

INDEXES: list[tuple[str, str, list[tuple[str, int]], dict[str, Any]]] = [
    ("change", "log_unique", [("room_identity", 1), ("rev", 1)], {"unique": True}),
    ("change", "message", [("message_identity", 1)], {}),
    (
        "change",
        "texts",
        [("text_of_identity", 1)],
        {"partialFilterExpression": {"text_of_identity": {"$gt": ObjectId("0" * 24)}}},
    ),
    ("pin", "room", [("room_identity", 1), ("pinned_at", 1)], {}),
]


def migrate(db: Database[dict[str, Any]]) -> None:
    for missing in {"change", "pin"} - set(db.list_collection_names()):
        db.create_collection(missing)
    for collection, name, keys, options in INDEXES:
        db[collection].create_index(keys, name=name, **options)
