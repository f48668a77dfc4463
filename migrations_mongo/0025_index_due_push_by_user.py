"""Replace an index of `push`: the users whose pushes are left out are read from it alone.

SecantusDB keeps the former one, because it would use none of two fields here.
"""

from typing import Any

from pymongo.database import Database


def migrate(db: Database[dict[str, Any]]) -> None:
    if "secantusVersion" in db.command("buildInfo"):
        return
    db["push"].create_index([("due_at", 1), ("user", 1)], name="due_by_user")
    if "due" in db["push"].index_information():
        db["push"].drop_index("due")
