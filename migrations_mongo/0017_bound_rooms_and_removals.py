"""Find direct rooms by who opened them, and look once for those who were removed and came back.

A process of a version that knows no removals may have let them in, and may go on so until it is
upgraded too. So the look, which is a job, is due some minutes later.
"""

from datetime import timedelta
from typing import Any

from pymongo.database import Database

SWEEP_AFTER = timedelta(minutes=10)
ID = {"bsonType": "objectId"}
TIME = {"bsonType": ["int", "long"], "minimum": 0}  # milliseconds since 1970 UTC
# As migration 0011 made them, with one new field each.
COLLECTIONS: dict[str, dict[str, Any]] = {
    "room": {
        "kind": {"enum": ["direct", "group"]},
        "member_key": {"bsonType": "string", "minLength": 1},
        "last_seq": {"bsonType": ["int", "long"], "minimum": 0},
        "last_message": {"bsonType": ["object", "null"]},
        "touched_at": {"bsonType": "date"},
        "access": {"enum": ["number", "invitation"]},
        "posting": {"enum": ["members", "admins"]},
        "opened_by": ID,
    },
    "removal": {
        "room_identity": ID,
        "user_identity": ID,
        "created_at": TIME,
        "was_member": {"bsonType": "bool"},
    },
}


def migrate(db: Database[dict[str, Any]]) -> None:
    for name, properties in COLLECTIONS.items():
        validator = {"$jsonSchema": {"bsonType": "object", "properties": properties}}
        db.command("collMod", name, validator=validator, validationLevel="moderate")
    db["room"].create_index("opened_by", name="opener")
    db["removal"].create_index([("room_identity", 1), ("was_member", 1)], name="kept_out")
    if db["user_room"].find_one({}, {"_id": 1}) is None:  # nobody can have come back
        return
    now = db.command("hello")["localTime"]
    db["job"].update_one(
        {"kind": "sweep_removed"},
        {
            "$setOnInsert": {
                "arguments": {},
                "progress": {},
                "failures": 0,
                "holder": None,
                "due_at": now + SWEEP_AFTER,
                "created_at": now,
            }
        },
        upsert=True,
    )
