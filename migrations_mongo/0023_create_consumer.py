"""Create what the consumers of the rooms' logs remember, and what web push needs.

That is a document for each consumer and a cursor for each room, the pushes that wait to be sent,
and indexes: of sessions by their subscription, and of members who want to hear of all messages.
"""

from typing import Any

from pymongo.database import Database

WHOLE = {"bsonType": ["int", "long"]}
VALIDATORS = {
    "consumer": {
        "$jsonSchema": {"bsonType": "object", "properties": {"generation": WHOLE}},
    },
    "push": {
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["seq", "due_at", "expires_at"],
            "properties": {"seq": WHOLE, "due_at": WHOLE, "expires_at": {"bsonType": "date"}},
        },
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
    # A consumer that starts over leaves those of its former generation behind.
    db["cursor"].create_index([("consumer", 1), ("generation", 1)], name="generation")
    db["push"].create_index("due_at", name="due")
    db["push"].create_index("expires_at", name="expiry", expireAfterSeconds=0)
    db["session"].create_index(
        "push.endpoint", name="push", partialFilterExpression={"push.endpoint": {"$gt": ""}}
    )
    db["user_room"].create_index(
        "room_identity",
        name="wants_all",
        partialFilterExpression={"wants_all": {"$gt": 0}},
    )
