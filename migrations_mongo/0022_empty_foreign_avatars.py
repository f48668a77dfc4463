"""Empty the avatars that are addresses of pictures: an avatar is the id of a file from now on.

Servers of this version take any address for none, also one that an older server stores while it is
still running. It reads every user once and writes only what has to change, so it can be stopped and
run again.
"""

import re
from typing import Any

from pymongo import UpdateOne
from pymongo.database import Database

BATCH = 500
FILE_ID = re.compile(r"[0-9a-f]{24}")


def migrate(db: Database[dict[str, Any]]) -> None:
    users = db["user"]
    updates: list[UpdateOne] = []
    for user in users.find({}, ["_id", "avatar"], batch_size=2_000):
        avatar = user.get("avatar")
        if avatar and not (isinstance(avatar, str) and FILE_ID.fullmatch(avatar)):
            # Unless it is another one by now.
            updates.append(
                UpdateOne({"_id": user["_id"], "avatar": avatar}, {"$set": {"avatar": ""}})
            )
        if len(updates) >= BATCH:
            users.bulk_write(updates, ordered=False)
            updates = []
    if updates:
        users.bulk_write(updates, ordered=False)
