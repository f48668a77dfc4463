"""Create the collection of links that are handed out: to register, and to set a new password."""

from typing import Any

from pymongo.database import Database

LINK = {
    "purpose": {"enum": ["register", "reset"]},
    "token_hash": {"bsonType": "string", "minLength": 1},
    "uses": {"bsonType": ["int", "long"], "minimum": 1},
    "uses_left": {"bsonType": ["int", "long"], "minimum": 0},
    "created_at": {"bsonType": ["int", "long"], "minimum": 0},  # milliseconds since 1970 UTC
    "expires_at": {"bsonType": "date"},
}


def migrate(db: Database[dict[str, Any]]) -> None:
    if "link" not in db.list_collection_names():
        db.create_collection("link")
    db["link"].create_index("token_hash", name="token", unique=True)
    db["link"].create_index("user_identity", name="user")
    db["link"].create_index("expires_at", name="expiry", expireAfterSeconds=0)
    validator = {"$jsonSchema": {"bsonType": "object", "properties": LINK}}
    db.command("collMod", "link", validator=validator, validationLevel="moderate")
