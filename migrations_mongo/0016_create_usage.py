"""Create the counts of bytes that accounts and rooms store on a day; they expire soon after it."""

from typing import Any

from pymongo.database import Database

VALIDATOR = {
    "$jsonSchema": {
        "bsonType": "object",
        "properties": {
            "bytes": {"bsonType": ["int", "long"]},
            "expires_at": {"bsonType": "date"},
        },
    }
}


def migrate(db: Database[dict[str, Any]]) -> None:
    if "usage" not in db.list_collection_names():
        db.create_collection("usage")
    db.command("collMod", "usage", validator=VALIDATOR, validationLevel="moderate")
    db["usage"].create_index("expires_at", name="expiry", expireAfterSeconds=0)
