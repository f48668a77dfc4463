"""Create what processes tell each other of who is online: their leases, and their people."""

from typing import Any

from pymongo.database import Database

COLLECTIONS: dict[str, dict[str, Any]] = {
    "process": {"seen_at": {"bsonType": "date"}, "versions": {"bsonType": "array"}},
    "presence": {"process": {"bsonType": "objectId"}, "users": {"bsonType": "array"}},
}


def migrate(db: Database[dict[str, Any]]) -> None:
    existing = set(db.list_collection_names())
    for name, properties in COLLECTIONS.items():
        if name not in existing:
            db.create_collection(name)
        validator = {"$jsonSchema": {"bsonType": "object", "properties": properties}}
        db.command("collMod", name, validator=validator, validationLevel="moderate")
