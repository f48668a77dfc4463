"""The collection `file.chunks`: the bytes of files, in the format of GridFS.

PyMongo's own `GridIn` collects up to 48 MB before it writes, and `GridOut` reads batches of 16 MB.
A hundred transfers at once would take gigabytes. So this reads and writes the documented format
itself, one chunk at a time. Any program for GridFS reads these files.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from bson import ObjectId
from pymongo.errors import DuplicateKeyError
from pymongo.write_concern import WriteConcern

from chat.database.client import Database

CHUNK = 255 << 10  # bytes, as GridFS has it
# The pause after a chunk, as a multiple of its duration, so that messages go first.
PAUSE_FACTOR = 4.0
MAX_PAUSE = 0.1  # seconds
# Without a wait for the journal. The last write of a file, to its document, waits for it, and the
# journal is in the order of writes.
UNFLUSHED = WriteConcern("majority", j=False)


class FileChunkRepository:
    """Reads and writes chunk after chunk."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._write = threading.Lock()  # one at a time: a chunk is in memory twice meanwhile

    def insert(self, file_id: str, number: int, data: bytes) -> None:
        """Store chunk `number`, counted from 0; every chunk but the last one has CHUNK bytes."""
        document = {"_id": ObjectId(), "files_id": ObjectId(file_id), "n": number, "data": data}
        with self._write:
            began = time.monotonic()
            # A duplicate: the driver has tried twice, and the first try was stored.
            with suppress(DuplicateKeyError):
                self._collection.with_options(write_concern=UNFLUSHED).insert_one(document)
            time.sleep(min(PAUSE_FACTOR * (time.monotonic() - began), MAX_PAUSE))

    def find(self, file_id: str, number: int) -> bytes | None:
        """Return chunk `number`, or None when it is gone."""
        query = {"files_id": ObjectId(file_id), "n": number}
        found = self._collection.find_one(query, {"_id": 0, "data": 1})
        return None if found is None else bytes(found["data"])

    def delete(self, file_id: str, size: int) -> Iterator[int]:
        """Delete the chunks of a file of up to `size` bytes; yield the count of each piece."""
        piece = self._database.dialect.delete_piece
        for first in range(0, chunks_of(size), piece):
            numbers = {"$gte": first, "$lt": first + piece}
            query = {"files_id": ObjectId(file_id), "n": numbers}
            yield self._collection.delete_many(query).deleted_count
        # A file that turned out larger than it was meant to be.
        yield self._collection.delete_many({"files_id": ObjectId(file_id)}).deleted_count

    @property
    def _collection(self) -> Any:
        return self._database.db["file.chunks"]


def chunks_of(size: int) -> int:
    """Return the number of chunks of a file."""
    return -(-size // CHUNK)
