"""The `verification_code` collection: at most one code for an address and a purpose, as a hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pymongo.errors import DuplicateKeyError

from chat.database.client import Database
from chat.repositories.documents import date_of
from chat.text.addresses import fold_address

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredCode:
    """What there is to compare a code with."""

    salt: bytes
    code_hash: bytes


class CodeRepository:
    """Stores codes; the TTL index removes those whose time is over."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, email: str, purpose: str, code: StoredCode, expires_at: int) -> None:
        """Store a code in place of an earlier one, no tries spent; `expires_at` in milliseconds."""
        new = {
            "salt": code.salt,
            "code_hash": code.code_hash,
            "tries": 0,
            "expires_at": date_of(expires_at),
        }
        update = {"$set": new}
        try:
            self._collection.update_one(_of(email, purpose), update, upsert=True)
        except DuplicateKeyError:  # another request made the document in the same moment
            self._collection.update_one(_of(email, purpose), update, upsert=True)

    def spend_try(
        self, email: str, purpose: str, max_tries: int, now: int, longest: int
    ) -> StoredCode | None:
        """Count a try and return what to compare with; None when there is no code good for one.

        A code that would be good for longer than `longest` milliseconds was made by a clock that
        was ahead; nobody knows how old it is.
        """
        only = {
            **_of(email, purpose),
            "tries": {"$lt": max_tries},
            # the TTL index deletes up to a minute late
            "expires_at": {"$gt": date_of(now), "$lt": date_of(now + longest)},
        }
        document = self._collection.find_one(only)
        if document is None:
            return None
        code = StoredCode(bytes(document["salt"]), bytes(document["code_hash"]))
        # The try is of the code that was read: one that has replaced it meanwhile is not tried.
        counted = self._collection.update_one(
            {**only, "code_hash": code.code_hash}, {"$inc": {"tries": 1}}
        )
        return code if counted.matched_count else None

    def give_back_try(self, email: str, purpose: str, code: StoredCode) -> None:
        """Take back the count of a try that was right."""
        self._collection.update_one(
            {**_of(email, purpose), "code_hash": code.code_hash}, {"$inc": {"tries": -1}}
        )

    def delete(self, email: str, purpose: str) -> bool:
        """Remove the code; tell whether this call was the one that did."""
        return bool(self._collection.delete_one(_of(email, purpose)).deleted_count)

    @property
    def _collection(self) -> Any:
        return self._database.db["verification_code"]


def _of(email: str, purpose: str) -> Document:
    return {"email": fold_address(email), "purpose": purpose}
