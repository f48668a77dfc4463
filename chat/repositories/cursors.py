"""How far each consumer has got in each room's logs: collection `cursor`.

The id names the consumer, its generation and the room. A consumer that starts over gets a new
generation, so a late write of an old holder touches no cursor that counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from chat.database.client import Database
from chat.database.dialects import Pacing
from chat.repositories.documents import delete_in_pieces, is_only_repeated, object_id, with_ids


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to `seq` and up to `rev` is handled."""

    seq: int = 0
    rev: int = 0


@dataclass(frozen=True, slots=True)
class Reader:
    """A consumer in one of its generations."""

    name: str
    generation: int

    def key(self, room_id: str) -> str:
        """Return the id of the cursor in a room."""
        return f"{self.name}:{self.generation:08d}:{room_id}"


class CursorRepository:
    """Stores cursors. A room without one was not handled yet."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def pacing(self) -> Pacing:
        """Return how `move` is to be called for many rooms."""
        return self._database.dialect.heads

    def find(self, reader: Reader, room_ids: Iterable[str]) -> dict[str, Cursor]:
        """Return the stored cursors in some rooms, by room."""
        keys = map(reader.key, room_ids)
        return {
            str(one["room_identity"]): Cursor(one["seq"], one["rev"])
            for query in with_ids(self._database, keys)
            for one in self._collection.find(query)
        }

    def move(self, reader: Reader, moves: Mapping[str, tuple[Cursor | None, Cursor]]) -> bool:
        """Move cursors, by room, each from where it was; return whether all were still there.

        None stands for a cursor that is not stored yet.
        """
        changes = [self._change(reader, room_id, *move) for room_id, move in moves.items()]
        if not changes:
            return True
        try:
            result = self._collection.bulk_write(changes, ordered=False)
        except BulkWriteError as error:
            if not is_only_repeated(error):
                raise
            return False
        return result.matched_count + result.upserted_count == len(moves)

    def delete_of_room(self, room_id: str) -> Iterator[int]:
        """Delete all cursors in a room in pieces; yield the count of each."""
        query = {"room_identity": object_id(room_id)}
        yield from delete_in_pieces(self._database, "cursor", query)

    def delete_before(self, reader: Reader) -> Iterator[int]:
        """Delete the cursors of earlier generations in pieces; yield the count of each."""
        query = {"consumer": reader.name, "generation": {"$lt": reader.generation}}
        yield from delete_in_pieces(self._database, "cursor", query)

    @staticmethod
    def _change(reader: Reader, room_id: str, old: Cursor | None, new: Cursor) -> UpdateOne:
        fields: dict[str, Any] = {"seq": new.seq, "rev": new.rev}
        if old is not None:
            key = {"_id": reader.key(room_id), "seq": old.seq, "rev": old.rev}
            return UpdateOne(key, {"$set": fields})
        # A stored cursor does not match, and its id is taken: so this never overwrites one.
        key = {"_id": reader.key(room_id), "seq": -1}
        fields |= {"consumer": reader.name, "generation": reader.generation}
        fields["room_identity"] = ObjectId(room_id)
        return UpdateOne(key, {"$set": fields}, upsert=True)

    @property
    def _collection(self) -> Any:
        return self._database.db["cursor"]
