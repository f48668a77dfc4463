"""Create the audit log, and the counts of wrong passwords and codes that all processes share.

`expireAt` and what else is in `rate_limit` is named by the package `limits`.
"""

from typing import Any

from pymongo.database import Database

AUDIT = {
    "at": {"bsonType": ["int", "long"], "minimum": 0},  # milliseconds since 1970 UTC
    "action": {"bsonType": "string", "minLength": 1},
    "address": {"bsonType": "string"},
    "expires_at": {"bsonType": "date"},
}
INDEXES: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "audit": [
        ("time", "at", {}),
        ("actor", "user_identity", {}),
        ("target", "target_identity", {}),
        ("expiry", "expires_at", {"expireAfterSeconds": 0}),
    ],
    "rate_limit": [("expiry", "expireAt", {"expireAfterSeconds": 0})],
}


def migrate(db: Database[dict[str, Any]]) -> None:
    existing = set(db.list_collection_names())
    for collection, indexes in INDEXES.items():
        if collection not in existing:
            db.create_collection(collection)
        for name, field, options in indexes:
            db[collection].create_index([(field, 1)], name=name, **options)
    validator = {"$jsonSchema": {"bsonType": "object", "properties": AUDIT}}
    db.command("collMod", "audit", validator=validator, validationLevel="moderate")
