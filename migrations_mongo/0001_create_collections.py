"""Create the collections, with validators for what this program adds to the known design.

Only added fields are looked at, and only in documents that were valid before ("moderate"), so that
the data of an older server of the family can be adopted as it is.
"""

from typing import Any

from pymongo.database import Database

COUNT: dict[str, Any] = {"bsonType": ["int", "long"], "minimum": 0}
TIME = {"bsonType": ["int", "long"], "minimum": 0}  # milliseconds since 1970 UTC
DATE = {"bsonType": "date"}  # the database's own clock compares these
KEY = {"bsonType": "string", "minLength": 1}

PROPERTIES: dict[str, dict[str, Any]] = {
    "user": {
        "username_key": KEY,
        "email_key": KEY,
        "nickname_key": {"bsonType": "string"},
        "locale": {"enum": ["zh", "en", None]},
    },
    "room": {
        "kind": {"enum": ["direct", "group"]},
        "member_key": KEY,
        "last_seq": COUNT,
        "last_message": {"bsonType": ["object", "null"]},
        "touched_at": DATE,
    },
    "user_room": {
        "role": {"enum": ["owner", "admin", "member"]},
        "last_read_seq": COUNT,
        "muted": {"bsonType": "bool"},
    },
    "message": {
        "seq": {"bsonType": ["int", "long"], "minimum": 1},
        "client_id": KEY,
        "kind": KEY,
    },
    "verification_code": {
        "email": KEY,
        "purpose": {"enum": ["register", "reset"]},
        "tries": COUNT,
        "expires_at": DATE,
    },
    "session": {
        "user_identity": {"bsonType": "objectId"},
        "created_at": TIME,
        "ended_at": {"bsonType": ["int", "long", "null"]},
        "expires_at": DATE,
    },
}


def migrate(db: Database[dict[str, Any]]) -> None:
    existing = set(db.list_collection_names())
    for name, properties in PROPERTIES.items():
        if name not in existing:
            db.create_collection(name)
        validator = {"$jsonSchema": {"bsonType": "object", "properties": properties}}
        db.command("collMod", name, validator=validator, validationLevel="moderate")
