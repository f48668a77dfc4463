"""Create the index by which people are found by any part of their names, and a job that fills it.

The job writes the endings of names into the documents of users, in pieces, while the server runs.
Until then they are found by the beginnings of their names, as before.
"""

from typing import Any

from pymongo.database import Database


def migrate(db: Database[dict[str, Any]]) -> None:
    # SecantusDB uses no index of an array for beginnings, and an insert would take twice as long.
    if "secantusVersion" in db.command("buildInfo"):
        return
    db["user"].create_index("name_parts", name="name_parts")
    if db["user"].find_one({}, {"_id": 1}) is None:
        return
    now = db.command("hello")["localTime"]
    db["job"].update_one(
        {"kind": "index_names"},
        {
            "$setOnInsert": {
                "arguments": {},
                "progress": {},
                "failures": 0,
                "holder": None,
                "due_at": now,
                "created_at": now,
            }
        },
        upsert=True,
    )
