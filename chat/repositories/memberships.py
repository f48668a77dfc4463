"""Members of rooms: collection `user_room`, unique by (room, user)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from chat.database.client import Database
from chat.database.dialects import Pacing
from chat.models import Membership, Notify, Role
from chat.repositories.documents import (
    STEP,
    delete_in_pieces,
    is_only_repeated,
    object_id,
    object_ids,
    with_ids,
)


class MembershipRepository:
    """Stores memberships, each with its read mark."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def pacing(self) -> Pacing:
        """Return how `advance_reads` is to be called for many marks."""
        return self._database.dialect.read_marks

    def find(self, room_id: str, user_id: str) -> Membership | None:
        """Return the membership, or None if the user is no member of the room."""
        document = self._database.db["user_room"].find_one(self._key(room_id, user_id))
        return membership_of(document) if document else None

    def list_of_user(self, user_id: str) -> list[Membership]:
        """Return all memberships of a user."""
        cursor = self._database.db["user_room"].find(
            {"user_identity": object_id(user_id)}, batch_size=STEP
        )
        return [membership_of(document) for document in cursor]

    def list_of_users(self, user_ids: Iterable[str]) -> dict[str, list[Membership]]:
        """Return all memberships of some users, by user; a user without any is left out."""
        found: dict[str, list[Membership]] = {}
        for some in with_ids(self._database, object_ids(user_ids), "user_identity"):
            for document in self._database.db["user_room"].find(some, batch_size=STEP):
                membership = membership_of(document)
                found.setdefault(membership.user_id, []).append(membership)
        return found

    def count_of_user(self, user_id: str) -> int:
        """Return the number of a user's rooms."""
        return self._database.db["user_room"].count_documents({"user_identity": object_id(user_id)})

    def list_rooms_of_users(self, user_ids: Iterable[str]) -> dict[str, list[str]]:
        """Return the ids of the rooms of some users, by user."""
        found: dict[str, list[str]] = {}
        for some in with_ids(self._database, object_ids(user_ids), "user_identity"):
            cursor = self._database.db["user_room"].find(
                some, {"room_identity": 1, "user_identity": 1}, batch_size=STEP
            )
            for one in cursor:
                found.setdefault(str(one["user_identity"]), []).append(str(one["room_identity"]))
        return found

    def list_of_room(self, room_id: str, limit: int = 0) -> list[Membership]:
        """Return memberships of a room sorted by age: all, or any `limit` of them."""
        cursor = self._database.db["user_room"].find(
            {"room_identity": object_id(room_id)}, limit=limit, batch_size=STEP
        )
        return sorted(map(membership_of, cursor), key=lambda found: found.created_at)

    def count_of_room(self, room_id: str) -> int:
        """Return the number of members of a room."""
        return self._database.db["user_room"].count_documents({"room_identity": object_id(room_id)})

    def count_pinned(self, user_id: str) -> int:
        """Return the number of rooms that a user has pinned."""
        return self._database.db["user_room"].count_documents(
            {"user_identity": object_id(user_id), "pinned": True}
        )

    def list_among(self, room_id: str, user_ids: Collection[str]) -> list[str]:
        """Return those of the users who are members of a room, unordered."""
        if not user_ids:
            return []
        if self._database.dialect.scans_for_lists:
            return [user_id for user_id in user_ids if self.find(room_id, user_id)]
        cursor = self._database.db["user_room"].find(
            {"room_identity": object_id(room_id), "user_identity": {"$in": object_ids(user_ids)}},
            {"user_identity": 1},
        )
        return [str(document["user_identity"]) for document in cursor]

    def list_wanting_all(self, room_ids: Collection[str]) -> list[tuple[str, str]]:
        """Return the rooms and the members who chose to be notified of all messages there."""
        wanting = {"wants_all": {"$gt": 0}}  # the condition of the index
        if self._database.dialect.scans_for_lists:
            queries = [{"room_identity": one} for one in object_ids(room_ids)]
        else:
            queries = [*with_ids(self._database, object_ids(room_ids), "room_identity")]
        return [
            (str(one["room_identity"]), str(one["user_identity"]))
            for query in queries
            for one in self._database.db["user_room"].find(
                query | wanting, {"room_identity": 1, "user_identity": 1}
            )
        ]

    def insert(self, membership: Membership) -> bool:
        """Store a membership; return False if there is one, which stays unchanged."""
        try:
            self._database.db["user_room"].insert_one(self._document(membership))
        except DuplicateKeyError:
            return False
        return True

    def insert_many(self, memberships: Sequence[Membership]) -> int:
        """Store memberships, skip existing ones, and return the number of new ones."""
        if not memberships:
            return 0
        documents = [self._document(membership) for membership in memberships]
        try:
            result = self._database.db["user_room"].insert_many(documents, ordered=False)
        except BulkWriteError as error:
            if not is_only_repeated(error):
                raise
            return int(error.details["nInserted"])
        return len(result.inserted_ids)

    def delete(self, room_id: str, user_id: str) -> bool:
        """Delete a membership; return whether there was one."""
        result = self._database.db["user_room"].delete_one(self._key(room_id, user_id))
        return result.deleted_count == 1

    def take(self, room_id: str, user_id: str) -> Membership | None:
        """Delete a membership and return it as it was, or None if there was none.

        Of several concurrent calls, one returns it.
        """
        found = self.find(room_id, user_id)
        return found if found is not None and self.delete(room_id, user_id) else None

    def delete_of_room(self, room_id: str) -> Iterator[int]:
        """Delete all memberships of a room in pieces; yield the count of each."""
        query = {"room_identity": object_id(room_id)}
        yield from delete_in_pieces(self._database, "user_room", query)

    def update_role(self, room_id: str, user_id: str, role: Role) -> bool:
        """Change a member's role; return False for a non-member."""
        return self._update(room_id, user_id, role=role)

    def update_notify(self, room_id: str, user_id: str, notify: Notify) -> None:
        """Change of which messages of a room a member is notified."""
        fields = {"notify": notify, "updated_at": self._database.now_ms()}
        # Remove the `muted` of older versions: beside `notify` it counts as newer.
        gone = {"muted": ""}
        if notify == "all":
            fields["wants_all"] = 1
        else:
            gone["wants_all"] = ""
        self._database.db["user_room"].update_one(
            self._key(room_id, user_id), {"$set": fields, "$unset": gone}
        )

    def update_pinned(self, room_id: str, user_id: str, pinned: bool) -> None:
        """Pin a room to the top of a member's list, or unpin it."""
        self._update(room_id, user_id, pinned=pinned)

    def update_hidden(self, room_id: str, user_id: str, seq: int) -> None:
        """Hide a room from its member's list while `last_seq` is `seq`; -1 shows it."""
        self._update(room_id, user_id, hidden_seq=seq)

    def advance_reads(self, marks: Iterable[tuple[str, str, int, str | None]]) -> None:
        """Write read marks `(room_id, user_id, seq, message_id)`; a mark never moves back."""
        now = self._database.now_ms()
        changes = [
            UpdateOne(
                {**self._key(room_id, user_id), "last_read_seq": {"$lt": seq}},
                {
                    "$set": {
                        "last_read_seq": seq,
                        "message_identity": ObjectId(message_id) if message_id else None,
                        "updated_at": now,
                    }
                },
            )
            for room_id, user_id, seq, message_id in marks
        ]
        if changes:
            self._database.db["user_room"].bulk_write(changes, ordered=False)

    def advance_mentions(self, marks: Mapping[tuple[str, str], int]) -> None:
        """Write by room and member the seq of the last message that mentions the member by name.

        A mark never moves back.
        """
        changes = [
            UpdateOne(
                {**self._key(room_id, user_id), "last_mention_seq": {"$not": {"$gte": seq}}},
                {"$set": {"last_mention_seq": seq}},
            )
            for (room_id, user_id), seq in marks.items()
        ]
        if changes:
            self._database.db["user_room"].bulk_write(changes, ordered=False)

    def _update(self, room_id: str, user_id: str, **changes: Any) -> bool:
        result = self._database.db["user_room"].update_one(
            self._key(room_id, user_id),
            {"$set": {**changes, "updated_at": self._database.now_ms()}},
        )
        return result.matched_count == 1

    @staticmethod
    def _key(room_id: str, user_id: str) -> dict[str, Any]:
        return {"room_identity": object_id(room_id), "user_identity": object_id(user_id)}

    @staticmethod
    def _document(membership: Membership) -> dict[str, Any]:
        return {
            "room_identity": ObjectId(membership.room_id),
            "user_identity": ObjectId(membership.user_id),
            "message_identity": None,
            "last_read_seq": membership.last_read_seq,
            "role": membership.role,
            "notify": membership.notify,
            "created_at": membership.created_at,
            "updated_at": membership.created_at,
        }


def membership_of(document: Mapping[str, Any]) -> Membership:
    """Return the model of a stored membership."""
    return Membership(
        room_id=str(document["room_identity"]),
        user_id=str(document["user_identity"]),
        role=document.get("role", "member"),
        last_read_seq=document.get("last_read_seq", 0),
        created_at=document["created_at"],
        hidden_seq=document.get("hidden_seq", -1),
        notify=_notify_of(document),
        pinned=document.get("pinned", False),
        last_mention_seq=document.get("last_mention_seq", 0),
        wants_all=bool(document.get("wants_all")),
    )


def _notify_of(document: Mapping[str, Any]) -> Notify:
    """Return of which messages the member is notified.

    `muted` is of older versions. `update_notify` removes it, so one beside `notify` was written
    later, by an older process beside this one.
    """
    notify: Notify = document.get("notify") or "all"
    muted = document.get("muted")
    if muted is None:
        return notify
    if muted:
        return "none"
    return "all" if notify == "none" else notify
