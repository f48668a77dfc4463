"""The `verification_code` collection: at most one hashed code for an address and a purpose."""

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
    """The salt and the hash with which a code is compared."""

    salt: bytes
    code_hash: bytes


class CodeRepository:
    """Stores codes; the TTL index deletes the expired ones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, email: str, purpose: str, code: StoredCode, expires_at: int) -> None:
        """Store a code with 0 tries in place of the earlier one; `expires_at` in milliseconds."""
        new = {
            "salt": code.salt,
            "code_hash": code.code_hash,
            "tries": 0,
            "expires_at": date_of(expires_at),
        }
        update = {"$set": new}
        try:
            self._collection.update_one(_key(email, purpose), update, upsert=True)
        except DuplicateKeyError:  # another request inserted it at the same moment
            self._collection.update_one(_key(email, purpose), update, upsert=True)

    def spend_try(
        self, email: str, purpose: str, max_tries: int, now: int, max_lifetime: int
    ) -> StoredCode | None:
        """Count a try and return the stored code; None if it is missing, expired or used up.

        A code that expires in more than `max_lifetime` milliseconds was stored while the clock was
        ahead. Its age is unknown, so it counts as expired.
        """
        only = {
            **_key(email, purpose),
            "tries": {"$lt": max_tries},
            # The TTL index deletes up to a minute late.
            "expires_at": {"$gt": date_of(now), "$lt": date_of(now + max_lifetime)},
        }
        document = self._collection.find_one(only)
        if document is None:
            return None
        code = StoredCode(bytes(document["salt"]), bytes(document["code_hash"]))
        # Count the try only for the code that was read, not for one that replaced it meanwhile.
        counted = self._collection.update_one(
            {**only, "code_hash": code.code_hash}, {"$inc": {"tries": 1}}
        )
        return code if counted.matched_count else None

    def restore_try(self, email: str, purpose: str, code: StoredCode) -> None:
        """Subtract a try that turned out right."""
        self._collection.update_one(
            {**_key(email, purpose), "code_hash": code.code_hash}, {"$inc": {"tries": -1}}
        )

    def delete(self, email: str, purpose: str) -> bool:
        """Delete the code; return whether this call deleted it."""
        return bool(self._collection.delete_one(_key(email, purpose)).deleted_count)

    @property
    def _collection(self) -> Any:
        return self._database.db["verification_code"]


def _key(email: str, purpose: str) -> Document:
    return {"email": fold_address(email), "purpose": purpose}
