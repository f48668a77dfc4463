"""Validate what replies, mentions and a member's own settings of a room add to documents.

No document is changed. Memberships of older versions say `muted` until their member chooses anew,
and messages without mentions lack these fields.
"""

from typing import Any

from pymongo.database import Database

ID = {"bsonType": "objectId"}
COUNT: dict[str, Any] = {"bsonType": ["int", "long"], "minimum": 0}
SEQ = {"bsonType": ["int", "long"], "minimum": 1}
KEY = {"bsonType": "string", "minLength": 1}
# As migrations 0001 and 0017 made them, with the new fields.
COLLECTIONS: dict[str, dict[str, Any]] = {
    "room": {
        "kind": {"enum": ["direct", "group"]},
        "member_key": KEY,
        "last_seq": COUNT,
        "last_message": {"bsonType": ["object", "null"]},
        "touched_at": {"bsonType": "date"},
        "access": {"enum": ["number", "invitation"]},
        "posting": {"enum": ["members", "admins"]},
        "opened_by": ID,
        "last_mention_all_seq": SEQ,
        "last_mention_all_by": ID,
    },
    "user_room": {
        "role": {"enum": ["owner", "admin", "member"]},
        "last_read_seq": COUNT,
        "muted": {"bsonType": "bool"},
        "notify": {"enum": ["all", "mentions", "none"]},
        "pinned": {"bsonType": "bool"},
        "last_mention_seq": SEQ,
    },
    "message": {
        "seq": SEQ,
        "client_id": KEY,
        "kind": KEY,
        "reply_to": SEQ,
        "reply_to_identity": ID,
        "mentions": {"bsonType": "array"},
        "mentions_all": {"bsonType": "bool"},
    },
}


def migrate(db: Database[dict[str, Any]]) -> None:
    for name, properties in COLLECTIONS.items():
        validator = {"$jsonSchema": {"bsonType": "object", "properties": properties}}
        db.command("collMod", name, validator=validator, validationLevel="moderate")
