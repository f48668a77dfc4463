"""Create what the consumers of the rooms' logs remember: a document each, and a cursor a room."""

from typing import Any

from pymongo.database import Database

WHOLE = {"bsonType": ["int", "long"]}
VALIDATORS = {
    "consumer": {
        "$jsonSchema": {"bsonType": "object", "properties": {"generation": WHOLE}},
    },
    "cursor": {
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["room_identity", "seq", "rev"],
            "properties": {"room_identity": {"bsonType": "objectId"}, "seq": WHOLE, "rev": WHOLE},
        },
    },
}


def migrate(db: Database[dict[str, Any]]) -> None:
    known = db.list_collection_names()
    for name, validator in VALIDATORS.items():
        if name not in known:
            db.create_collection(name)
        db.command("collMod", name, validator=validator, validationLevel="moderate")
    # A room that is removed takes its cursors with it.
    db["cursor"].create_index("room_identity", name="room")
