"""Create the notes of deleted rooms, by which other processes hear of it; they go after an hour."""

from typing import Any

from pymongo.database import Database


def migrate(db: Database[dict[str, Any]]) -> None:
    if "deleted_room" not in db.list_collection_names():
        db.create_collection("deleted_room")
    db["deleted_room"].create_index("deleted_at", name="expiry", expireAfterSeconds=3600)
