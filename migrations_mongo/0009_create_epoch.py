"""Create the database's epoch, the name of its past, and the index by which new profiles are found.

The epoch is random. A database whose past changes, because it was restored, gets another one.
"""

import secrets
from typing import Any

from pymongo.database import Database


def migrate(db: Database[dict[str, Any]]) -> None:
    if "state" not in db.list_collection_names():
        db.create_collection("state")
    db["state"].update_one(
        {"_id": "epoch"}, {"$setOnInsert": {"value": secrets.token_hex(16)}}, upsert=True
    )
    db["user"].create_index("touched_at", name="touched")
