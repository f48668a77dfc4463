"""Create what keeps people out of a group and what lets them in: removals and invitations.

Groups that have neither `access` nor `posting` are open by number, and all members may post.
"""

from typing import Any

from pymongo.database import Database

ID = {"bsonType": "objectId"}
TIME = {"bsonType": ["int", "long"], "minimum": 0}  # milliseconds since 1970 UTC
COLLECTIONS: dict[str, dict[str, Any]] = {
    "removal": {"room_identity": ID, "user_identity": ID, "created_at": TIME},
    "room_invitation": {
        "room_identity": ID,
        "user_identity": ID,  # of the one who invites
        "token_hash": {"bsonType": "string", "minLength": 64, "maxLength": 64},
        "uses_left": {"bsonType": ["int", "long"], "minimum": 0},
        "used_by": {"bsonType": "array"},
        "created_at": TIME,
        "expires_at": {"bsonType": "date"},
    },
}
# As migration 0001 made it, with the two new fields.
ROOM: dict[str, Any] = {
    "kind": {"enum": ["direct", "group"]},
    "member_key": {"bsonType": "string", "minLength": 1},
    "last_seq": {"bsonType": ["int", "long"], "minimum": 0},
    "last_message": {"bsonType": ["object", "null"]},
    "touched_at": {"bsonType": "date"},
    "access": {"enum": ["number", "invitation"]},
    "posting": {"enum": ["members", "admins"]},
}
INDEXES: dict[str, list[tuple[list[str], dict[str, Any]]]] = {
    "removal": [
        (["room_identity", "user_identity"], {"name": "removal_unique", "unique": True}),
        (["user_identity"], {"name": "user"}),
    ],
    "room_invitation": [
        (["token_hash"], {"name": "token_unique", "unique": True}),
        (["room_identity"], {"name": "room"}),
        (["expires_at"], {"name": "expiry", "expireAfterSeconds": 0}),
    ],
}


def migrate(db: Database[dict[str, Any]]) -> None:
    existing = set(db.list_collection_names())
    for name, properties in COLLECTIONS.items():
        if name not in existing:
            db.create_collection(name)
        validate(db, name, properties)
    validate(db, "room", ROOM)
    for name, indexes in INDEXES.items():
        for fields, options in indexes:
            db[name].create_index([(field, 1) for field in fields], **options)


def validate(db: Database[dict[str, Any]], name: str, properties: dict[str, Any]) -> None:
    validator = {"$jsonSchema": {"bsonType": "object", "properties": properties}}
    db.command("collMod", name, validator=validator, validationLevel="moderate")
