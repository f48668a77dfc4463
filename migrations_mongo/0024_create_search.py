"""Create the index by which messages are found: a small document for each message, with its terms.

The week stands first, so all that is written at one time lies together: the index of one week stays
in memory, and older ones are never written again. zstd makes it a third of its size, where the
engine has it. Larger pages compress better, and smaller units of allocation waste less.
"""

from typing import Any

from pymongo.database import Database
from pymongo.errors import OperationFailure

CONFIG = "block_compressor=zstd,leaf_page_max=32KB,allocation_size=512B"
ZSTD = {"storageEngine": {"wiredTiger": {"configString": CONFIG}}}
TERMS = [("week", 1), ("terms", 1), ("room", 1), ("at", -1)]


def migrate(db: Database[dict[str, Any]]) -> None:
    if "secantusVersion" in db.command("buildInfo"):
        compressed: dict[str, Any] = {}
    else:
        compressed = ZSTD
    try:
        _create(db, compressed)
    except OperationFailure:  # another storage engine than WiredTiger, or one without zstd
        _create(db, {})
    if "search_week" not in db.list_collection_names():
        db.create_collection("search_week")


def _create(db: Database[dict[str, Any]], options: dict[str, Any]) -> None:
    if "search" not in db.list_collection_names():
        db.create_collection("search", **options)
    db["search"].create_index(TERMS, name="terms", **options)
