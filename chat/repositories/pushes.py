"""The pushes that wait to be sent: collection `push`, at most one for a session and room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from chat.database.client import Database
from chat.models import Push
from chat.repositories.documents import date_of, is_only_repeated, milliseconds_of


class PushRepository:
    """Stores pushes until they are sent. Times are by the database's clock, in milliseconds.

    From `due_at` on a process may claim a push. When it dies, the push becomes due again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, pushes: Iterable[Push]) -> None:
        """Store pushes; those of one session and room become one, which is due when the first was.

        It begins where the first did, and ends where the last does.
        """
        changes = [
            UpdateOne(
                {"_id": _id_of(one), "seq": {"$lt": one.seq}},
                {
                    "$set": {"seq": one.seq, "expires_at": date_of(one.expires_at)},
                    "$setOnInsert": {
                        "user": one.user_id,
                        "from_seq": one.from_seq,
                        "due_at": one.due_at,
                        "tries": one.tries,
                    },
                },
                upsert=True,
            )
            for one in pushes
        ]
        if not changes:
            return
        try:
            self._collection.bulk_write(changes, ordered=False)
        except BulkWriteError as error:
            if not is_only_repeated(error):  # a newer one waits already
                raise

    def list_due(self, now: int, most: int, but_for: Sequence[str]) -> list[Push]:
        """Return at most `most` due pushes, but for some users, those first that wait longest."""
        key = {"due_at": {"$lte": now}, "user": {"$nin": but_for}}
        return [_push_of(one) for one in self._collection.find(key).sort("due_at", 1).limit(most)]

    def claim(self, push: Push, until: int) -> bool:
        """Take a due push, which no other process takes before `until`; False if one has."""
        key = {"_id": _id_of(push), "due_at": push.due_at}
        changed = self._collection.update_one(key, {"$set": {"due_at": until}})
        return bool(changed.matched_count)

    def finish(self, push: Push, now: int) -> None:
        """Delete a push; if it has grown meanwhile, what is new is due now."""
        key = {"_id": _id_of(push)}
        if not self._collection.delete_one({**key, "seq": push.seq}).deleted_count:
            rest = {"due_at": now, "from_seq": push.seq + 1}
            self._collection.update_one(key, {"$set": rest})

    def postpone(self, push: Push, due_at: int, tries: int) -> None:
        """Let a push be tried again later, after so many tries."""
        fields = {"due_at": due_at, "tries": tries}
        self._collection.update_one({"_id": _id_of(push)}, {"$set": fields})

    def postpone_session(self, session_id: str, now: int, due_at: int) -> None:
        """Let all pushes of a session that are due wait for longer."""
        of_session = {"$gt": f"{session_id}:", "$lt": f"{session_id};"}  # what comes after a colon
        self._collection.update_many(
            {"_id": of_session, "due_at": {"$lte": now}}, {"$set": {"due_at": due_at}}
        )

    @property
    def _collection(self) -> Any:
        return self._database.db["push"]


def _id_of(push: Push) -> str:
    return f"{push.session_id}:{push.room_id}"


def _push_of(document: dict[str, Any]) -> Push:
    session_id, _, room_id = document["_id"].partition(":")
    return Push(
        session_id=session_id,
        user_id=document["user"],
        room_id=room_id,
        from_seq=document.get("from_seq", document["seq"]),  # earlier versions wrote none
        seq=document["seq"],
        due_at=document["due_at"],
        expires_at=milliseconds_of(document["expires_at"]),
        tries=document["tries"],
    )
