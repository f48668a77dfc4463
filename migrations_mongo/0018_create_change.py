"""Create the log of what is done to stored messages, and find a room's pinned ones.

Messages themselves stay as they are: one that never changed lacks what changes write. The index of
pins covers only messages that have been pinned, so it is empty when it is made.
"""

from typing import Any

from pymongo.database import Database

INDEXES: list[tuple[str, str, list[tuple[str, int]], dict[str, Any]]] = [
    ("change", "log_unique", [("room_identity", 1), ("rev", 1)], {"unique": True}),
    ("change", "message", [("message_identity", 1), ("rev", 1)], {}),
    (
        "message",
        "pins",
        [("room_identity", 1), ("pinned_at", 1)],
        {"partialFilterExpression": {"pinned_at": {"$gt": 0}}},
    ),
]


def migrate(db: Database[dict[str, Any]]) -> None:
    if "change" not in db.list_collection_names():
        db.create_collection("change")
    for collection, name, keys, options in INDEXES:
        db[collection].create_index(keys, name=name, **options)
