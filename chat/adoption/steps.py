"""Long work in steps, each with a time limit that is longer than the chat's usual one."""

from __future__ import annotations

from collections.abc import Iterator

import pymongo
from pymongo.collection import Collection

from chat.adoption.variants import Document

STEP_SECONDS = 120.0
BATCH = 2_000  # documents of one step


def scan(collection: Collection[Document], *fields: str) -> Iterator[Document]:
    """Yield all documents of a collection, with all their fields or only these."""
    cursor = collection.find({}, list(fields) or None, batch_size=BATCH)
    while True:
        with pymongo.timeout(STEP_SECONDS):
            document = next(cursor, None)
        if document is None:
            return
        yield document
