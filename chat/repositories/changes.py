"""The rooms' logs of changes: `change`, unique by (room, rev).

An entry holds the whole new value of one register of a message. To apply it is one guarded update,
which any process may do, late, repeatedly and in any order, because a newer value stays. Each
entry that takes effect increments the message's `version`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from chat.models import Change
from chat.repositories.appends import Appended, AppendingRepository
from chat.repositories.documents import (
    delete_in_pieces,
    is_only_repeated,
    object_id,
    object_ids,
    with_ids,
)
from chat.repositories.messages import mentions_document, mentions_of
from chat.repositories.outages import is_outage

if TYPE_CHECKING:
    from pymongo.collection import Collection as MongoCollection

# The message's id, in an edit whose text is still in the log.
TEXT_OF = "text_of_identity"
# What scrubbing takes from an entry.
VALUES = dict.fromkeys(("value", "emoji", TEXT_OF, "mentions", "mentions_all"), "")

log = logging.getLogger(__name__)


class ChangeRepository(AppendingRepository):
    """Appends entries, applies them to their messages, and scrubs outdated values."""

    name = "change"
    number = "rev"

    def append(self, changes: Sequence[Change]) -> Appended:
        """Insert the entries in order and stop at the first that cannot be stored."""
        return self._insert([_document_of(change) for change in changes])

    def find_stored(self, changes: Iterable[Change]) -> dict[str, Change]:
        """Return those of the entries that are stored, by id."""
        ids = [ObjectId(change.id) for change in changes]
        return {
            str(document["_id"]): _change_of(document)
            for query in with_ids(self._database, ids)
            for document in self._collection.find(query)
        }

    def list_range(self, room_id: str, first: int, last: int) -> list[Change]:
        """Return the entries with `first <= rev <= last`, ascending."""
        found = object_id(room_id)
        if found is None or last < first:
            return []
        cursor = self._collection.find(
            {"room_identity": found, "rev": {"$gte": first, "$lte": last}}
        )
        return [_change_of(document) for document in cursor.sort("rev", 1)]

    def apply(self, changes: Iterable[Change]) -> None:
        """Apply entries to their messages, then scrub outdated values from the log. Idempotent."""
        changes = list(changes)
        reactions = [change for change in changes if change.kind == "reaction"]
        self._update_each([change for change in changes if change.kind != "reaction"])
        # All reactions of a message in one update: the database rewrites the message each time.
        by_message = attrgetter("message_id")
        groups = groupby(sorted(reactions, key=by_message), by_message)
        merged = [update for _, group in groups for update in _updates_of(group)]
        if self._update(merged) < len(merged):  # one newer value holds back its whole group
            self._update_each(reactions)
        self._list_pins(changes)
        self._scrub(changes)

    def delete_of_room(self, room_id: str) -> Iterator[int]:
        """Delete all entries and pins of a room in pieces; yield the count of each."""
        query = {"room_identity": object_id(room_id)}
        yield from delete_in_pieces(self._database, self.name, query)
        yield from delete_in_pieces(self._database, "pin", query)

    def _list_pins(self, changes: Iterable[Change]) -> None:
        """Update the list of the room's pins, by which its pinned messages are found.

        A late entry may list a message that was deleted since: the message says what is true.
        """
        inserts, updates = [], []
        for change in changes:
            one = ObjectId(change.message_id)
            if change.kind == "deleted":
                updates.append(UpdateOne({"_id": one}, {"$set": {"pinned_at": 0}}))
            elif change.kind == "pinned" and change.value is not None:
                new = {"room_identity": ObjectId(change.room_id), "rev": 0, "pinned_at": 0}
                inserts.append(UpdateOne({"_id": one}, {"$setOnInsert": new}, upsert=True))
                pinned_at = change.created_at if change.value else 0
                newer = {"$set": {"rev": change.rev, "pinned_at": pinned_at}}
                updates.append(UpdateOne({"_id": one, "rev": {"$lt": change.rev}}, newer))
        for some in (inserts, updates):
            if some:
                try:
                    self._pins.bulk_write(some, ordered=False)
                except BulkWriteError as error:
                    if not is_only_repeated(error):  # another process has just inserted it
                        raise

    def _scrub(self, changes: Sequence[Change]) -> None:
        """Unset the texts before the last one, and all values of deleted messages."""
        edited = {change.message_id for change in changes if change.kind == "text"}
        for query in with_ids(
            self._database, object_ids({change.message_id for change in changes})
        ):
            for state in self._messages.find(query, {"edited_rev": 1, "deleted_rev": 1}):
                if state.get("deleted_rev") is not None:
                    self._scrub_all({"message_identity": state["_id"]})
                elif str(state["_id"]) in edited:
                    # The index has only edits that are not scrubbed yet.
                    self._scrub_all(
                        {TEXT_OF: state["_id"], "rev": {"$lt": state.get("edited_rev", 0)}}
                    )

    def _scrub_all(self, query: Mapping[str, Any]) -> None:
        """Scrub all matching entries, in pieces, because there may be very many."""
        found = self._collection.find(query, {"value": 1, "emoji": 1})
        holding = [entry["_id"] for entry in found if "value" in entry or "emoji" in entry]
        for some in with_ids(self._database, holding):
            self._collection.update_many(some, {"$unset": VALUES})

    def _update_each(self, changes: Iterable[Change]) -> None:
        """Apply each entry by an update of its own."""
        self._update([update for change in changes for update in _updates_of([change])])

    def _update(self, updates: list[UpdateOne]) -> int:
        """Do all updates; return how many found their message with older values.

        Updates that the database refuses are logged, and the others done.
        """
        if not updates:
            return 0
        try:
            return self._messages.bulk_write(updates, ordered=False).matched_count
        except BulkWriteError as error:
            if is_outage(error):
                raise
            codes = {failure.get("code") for failure in error.details["writeErrors"]}
            log.error("the database refuses changes of messages: codes %s", codes)
            return int(error.details["nMatched"])

    @property
    def _pins(self) -> MongoCollection[dict[str, Any]]:
        return self._database.db["pin"]

    @property
    def _messages(self) -> MongoCollection[dict[str, Any]]:
        return self._database.db["message"]


def _updates_of(changes: Iterable[Change]) -> list[UpdateOne]:
    """Return the guarded update that applies an entry, or several reactions to one message.

    None for scrubbed ones. Older messages lack these fields, so each guard also matches absence.
    """
    pending = [one for one in changes if one.kind == "deleted" or one.value is not None]
    if not pending:
        return []
    guard: dict[str, Any] = {"_id": ObjectId(pending[0].message_id), "deleted_rev": None}
    fields: dict[str, Any] = {}
    update: dict[str, Any] = {"$set": fields, "$inc": {"version": len(pending)}}
    for change in pending:
        older = {"$not": {"$gte": change.rev}}
        if change.kind == "text":
            guard["edited_rev"] = older
            fields |= {"data": change.value, "edited_rev": change.rev}
            fields |= {"edited_at": change.created_at, "updated_at": change.created_at}
            new = mentions_document(change.mentions)
            fields |= new
            gone = {name: "" for name in ("mentions", "mentions_all") if name not in new}
            if gone:
                update["$unset"] = gone
        elif change.kind == "pinned":
            guard["pinned_rev"] = older
            pinned_at = change.created_at if change.value else 0
            fields |= {"pinned_rev": change.rev, "pinned_at": pinned_at}
        elif change.kind == "reaction":
            # A removed reaction stays as a mark; otherwise a late older entry would restore it.
            mark = f"reactions.{change.emoji}.{change.user_id}"
            guard[f"{mark}.rev"] = older
            fields[mark] = {"rev": change.rev, "on": change.value}
        else:  # a deletion is final
            fields |= {"data": "", "deleted_rev": change.rev, "deleted_at": change.created_at}
            fields |= {"updated_at": change.created_at, "pinned_at": 0}
            lost = (
                "reactions",
                "reply_to",
                "reply_to_identity",
                "mentions",
                "mentions_all",
                "files",
            )
            update["$unset"] = dict.fromkeys(lost, "")
    return [UpdateOne(guard, update)]


def _document_of(change: Change) -> dict[str, Any]:
    document: dict[str, Any] = {
        "_id": ObjectId(change.id),
        "room_identity": ObjectId(change.room_id),
        "rev": change.rev,
        "message_identity": ObjectId(change.message_id),
        "seq": change.seq,
        "kind": change.kind,
        "user_identity": ObjectId(change.user_id),
        "created_at": change.created_at,
    }
    if change.value is not None:
        document["value"] = change.value
        if change.kind == "text":
            document[TEXT_OF] = document["message_identity"]
            document |= mentions_document(change.mentions)
    if change.emoji:
        document["emoji"] = change.emoji
    return document


def _change_of(document: Mapping[str, Any]) -> Change:
    return Change(
        id=str(document["_id"]),
        room_id=str(document["room_identity"]),
        rev=document["rev"],
        message_id=str(document["message_identity"]),
        seq=document["seq"],
        kind=document["kind"],
        user_id=str(document["user_identity"]),
        created_at=document["created_at"],
        value=document.get("value"),
        emoji=document.get("emoji", ""),
        mentions=mentions_of(document),
    )
