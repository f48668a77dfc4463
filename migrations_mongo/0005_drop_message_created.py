"""Drop an index of `message` that nothing asks for: each one makes storing a message slower."""

from typing import Any

from pymongo.database import Database


def migrate(db: Database[dict[str, Any]]) -> None:
    if "created" in db["message"].index_information():
        db["message"].drop_index("created")
