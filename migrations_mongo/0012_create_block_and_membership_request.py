"""Create blocks between people, and requests to join a group that wait for a person's consent.

A request goes by itself when it has expired. Each block leaves a job for some seconds, and each
process reads the jobs of a few other kinds once a second: they get an index.
"""

from typing import Any

from pymongo.database import Database

ID = {"bsonType": "objectId"}
TIME = {"bsonType": ["int", "long"], "minimum": 0}  # milliseconds since 1970 UTC

COLLECTIONS: dict[str, dict[str, Any]] = {
    "block": {"user_identity": ID, "blocked_identity": ID, "created_at": TIME},
    "membership_request": {
        "room_identity": ID,
        "user_identity": ID,
        "inviter_identity": ID,
        "declined": {"bsonType": "bool"},
        "created_at": TIME,
        "expires_at": {"bsonType": "date"},
    },
}


def migrate(db: Database[dict[str, Any]]) -> None:
    existing = set(db.list_collection_names())
    for name, properties in COLLECTIONS.items():
        if name not in existing:
            db.create_collection(name)
        validator = {"$jsonSchema": {"bsonType": "object", "properties": properties}}
        db.command("collMod", name, validator=validator, validationLevel="moderate")
    block, request = db["block"], db["membership_request"]
    block.create_index(
        [("user_identity", 1), ("blocked_identity", 1)], name="pair_unique", unique=True
    )
    block.create_index("blocked_identity", name="blocked")
    request.create_index(
        [("room_identity", 1), ("user_identity", 1)], name="person_unique", unique=True
    )
    request.create_index("user_identity", name="user")
    request.create_index("inviter_identity", name="inviter")
    request.create_index("created_at", name="created")
    request.create_index("expires_at", name="expiry", expireAfterSeconds=0)
    db["job"].create_index("kind", name="kind")
