"""The `user` collection. Names and addresses are unique by keys, derived in `chat.text`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from chat.database.client import Database
from chat.errors import ChatError, Conflict, NotFound
from chat.models import User
from chat.repositories.documents import (
    avatar_of,
    between,
    in_pages,
    is_only_repeated,
    object_id,
    object_ids,
    with_ids,
)
from chat.repositories.name_parts import NAME_KEYS, NAME_PARTS, NameParts
from chat.repositories.prefixes import PrefixSearch
from chat.text.addresses import fold_address
from chat.text.name_parts import endings_of, is_searchable
from chat.text.normalization import fold

Document = dict[str, Any]

# Attributes that may change, with their fields in documents.
CHANGEABLE = {
    "nickname": "nicname",
    "sex": "sex",
    "avatar": "avatar",
    "locale": "locale",
    "password_hash": "password",
    "disabled_at": "disabled_at",
}
PUBLIC = {"nickname", "sex", "avatar"}  # those that others see


class UserRepository:
    """Stores users. Invalid ids and deleted accounts count as not found.

    The document of a deleted account keeps its id and times, so that the id is never reused.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._prefixes = PrefixSearch(database)
        self._name_parts = NameParts(database)

    def find(self, user_id: str) -> User | None:
        """Return the user, or None."""
        found = object_id(user_id)
        return None if found is None else self._find({"_id": found})

    def find_by_username(self, username: str) -> User | None:
        """Return the user of that name in any letter case and Unicode form, or None."""
        return self._find_by_key("username_key", username, fold(username))

    def find_by_email(self, email: str) -> User | None:
        """Return the user of that address in any equivalent spelling, or None."""
        return self._find_by_key("email_key", email, fold_address(email))

    def find_ids(self, username_keys: Collection[str]) -> dict[str, str]:
        """Return the ids of the users with these keys of usernames, by key."""
        queries: Iterable[Document] = with_ids(self._database, username_keys, "username_key")
        if self._database.dialect.scans_for_lists:
            queries = ({"username_key": key} for key in username_keys)
        return {
            found["username_key"]: str(found["_id"])
            for query in queries
            for found in self._collection.find(query, {"username_key": 1})
        }

    def list_by_ids(self, user_ids: Iterable[str]) -> dict[str, User]:
        """Return those of the users who exist, by id."""
        return {
            str(found["_id"]): _user(found)
            for query in with_ids(self._database, object_ids(user_ids))
            for found in self._collection.find(query)
            if not _is_deleted(found)
        }

    def list_all(self, disabled: bool = False) -> Iterator[User]:
        """Yield all users or only disabled ones, roughly from the oldest to the newest."""
        query: Document = {"disabled_at": {"$gt": 0}} if disabled else {}
        for document in in_pages(self._collection, query):
            if not _is_deleted(document):
                yield _user(document)

    def search(self, part: str, limit: int = 20) -> list[User]:
        """Return users with that part of the username or the nickname, in any spelling.

        First come those whose whole name it is, then those whose username begins so, then those
        whose nickname does, then the others. One letter is searched for at beginnings alone.
        Disabled users are left out.
        """
        key = fold(part)
        found: dict[ObjectId, Document] = {}
        for name in NAME_KEYS:
            for document in self._prefixes.find(
                self._collection, name, key, limit, {"disabled_at": None}
            ):
                found.setdefault(document["_id"], document)
        if len(found) < limit and is_searchable(key):
            for document in self._name_parts.find(key, limit + len(found)):
                found.setdefault(document["_id"], document)
        whole_first = sorted(
            found.values(), key=lambda one: all(one.get(name) != key for name in NAME_KEYS)
        )
        return [_user(document) for document in whole_first[:limit]]

    def index_names(self, after: str, limit: int) -> str | None:
        """Write the endings of the names of some users who lack them, in the order of their ids.

        Return the last id, or None when there are no users after `after`, or the engine needs no
        endings.
        """
        if self._database.dialect.reads_whole_ranges:
            return None
        query = {"_id": {"$gt": object_id(after)}} if after else {}
        shown = dict.fromkeys((*NAME_KEYS, NAME_PARTS), 1)
        users = list(self._collection.find(query, shown).sort("_id", 1).limit(limit))
        updates = []
        for user in users:
            named = {name: user[name] for name in NAME_KEYS if name in user}
            endings = endings_of(*named.values())
            if named and user.get(NAME_PARTS) != endings:
                only = {"_id": user["_id"], **named}  # a new name has its own endings
                updates.append(UpdateOne(only, {"$set": {NAME_PARTS: endings}}))
        if updates:
            self._collection.bulk_write(updates, ordered=False)
        return str(users[-1]["_id"]) if users else None

    def insert(self, user: User) -> User:
        """Store a new user and return it with its id; raise Conflict with the taken field."""
        document = _document(user)
        try:
            self._collection.insert_one(document)
        except DuplicateKeyError as error:
            raise _conflict(error.details) from None
        self._name_parts.record(document)
        return replace(user, id=str(document["_id"]))

    def insert_many(self, users: Sequence[User]) -> int:
        """Store the users whose username and e-mail are free, and return their number."""
        if not users:
            return 0
        documents = [_document(user) for user in users]
        try:
            result = self._collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            if not is_only_repeated(error):
                raise
            return int(error.details["nInserted"])
        finally:
            for document in documents:  # a name that is taken is not found in the database
                self._name_parts.record(document)
        return len(result.inserted_ids)

    def list_touched(self, since: datetime, until: datetime | None = None) -> list[User]:
        """Return users whose profile changed after `since` and, if given, before `until`.

        Both are by the database's clock.
        """
        found = self._collection.find({"touched_at": between(since, until)})
        return [_user(document) for document in found if not _is_deleted(document)]

    def update(self, user_id: str, changes: Mapping[str, Any], now: int) -> User:
        """Change the given attributes and return the changed user; raise NotFound.

        A change of a PUBLIC one sets `touched_at`, so that other processes notice it.
        """
        to_set: Document = {"updated_at": now}
        to_unset: Document = {}
        if "nickname" in changes:
            to_set |= self._name_keys(user_id, changes["nickname"])
        for name, value in changes.items():
            if value is None:
                to_unset[CHANGEABLE[name]] = ""
            else:
                to_set[CHANGEABLE[name]] = value
        self._collection.update_one(
            {"_id": object_id(user_id), "deleted_at": None},
            {
                "$set": to_set,
                **({"$unset": to_unset} if to_unset else {}),
                **({"$currentDate": {"touched_at": True}} if PUBLIC & changes.keys() else {}),
            },
        )
        document = self._collection.find_one({"_id": object_id(user_id), "deleted_at": None})
        if document is None:
            raise NotFound()
        self._name_parts.record(document)
        return _user(document)

    def replace_password(self, user: User, password_hash: str, now: int) -> bool:
        """Set a new password hash if the stored one is that of `user`; return whether it is set."""
        result = self._collection.update_one(
            _as_verified(user), {"$set": {"password": password_hash, "updated_at": now}}
        )
        return bool(result.matched_count)

    def has_password_of(self, user: User) -> bool:
        """Return whether the stored password hash is still that of `user`."""
        return self._collection.find_one(_as_verified(user), {"_id": 1}) is not None

    def erase(self, user_id: str, now: int) -> bool:
        """Erase all personal data atomically; return whether this call did.

        Then the username and the address are free.
        """
        user = self.find(user_id)
        if user is None:
            return False
        result = self._collection.replace_one(
            {"_id": object_id(user_id), "deleted_at": None},
            {
                "created_at": user.created_at,
                "updated_at": now,
                "deleted_at": now,
            },
        )
        return bool(result.modified_count)

    @property
    def _collection(self) -> Any:
        return self._database.db["user"]

    def _name_keys(self, user_id: str, nickname: str) -> Document:
        """Return the fields of a user's document that follow from a new nickname."""
        query = {"_id": object_id(user_id)}
        user = self._collection.find_one(query, {"username_key": 1}) or {}
        key = fold(nickname)
        return {"nickname_key": key, NAME_PARTS: endings_of(user.get("username_key", ""), key)}

    def _find_by_key(self, field: str, typed: str, key: str) -> User | None:
        """Find by a key, first by the lower-case key that migration 0010 left in some documents."""
        keys = dict.fromkeys((typed.lower(), key)) if typed else ()
        return next(filter(None, (self._find({field: one}) for one in keys)), None)

    def _find(self, query: Document) -> User | None:
        document = self._collection.find_one(query)
        return None if document is None or _is_deleted(document) else _user(document)


def _as_verified(user: User) -> Document:
    """Match the user while the stored password hash is still that of `user`."""
    return {"_id": object_id(user.id), "deleted_at": None, "password": user.password_hash}


def _is_deleted(document: Document) -> bool:
    return bool(document.get("deleted_at"))


def _user(document: Document) -> User:
    """Return the model of a document; one of an adopted database may lack fields."""
    username = document.get("username") or ""
    created_at = int(document.get("created_at") or 0)
    return User(
        id=str(document["_id"]),
        username=username,
        nickname=document.get("nicname") or username,
        sex=int(document.get("sex") or 0),
        email=document.get("email") or "",
        avatar=avatar_of(document),
        locale=document.get("locale"),
        created_at=created_at,
        updated_at=int(document.get("updated_at") or created_at),
        password_hash=document.get("password") or "",
        email_is_proven=bool(document.get("email_key")) or not document.get("email"),
        disabled_at=document.get("disabled_at"),
    )


def _document(user: User) -> Document:
    username_key, nickname_key = fold(user.username), fold(user.nickname)
    document: Document = {
        "_id": ObjectId(user.id) if user.id else ObjectId(),
        "username": user.username,
        "username_key": username_key,
        "password": user.password_hash,
        "nicname": user.nickname,
        "nickname_key": nickname_key,
        NAME_PARTS: endings_of(username_key, nickname_key),
        "sex": user.sex,
        "email": user.email,
        "avatar": user.avatar,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    }
    if user.email and user.email_is_proven:
        document["email_key"] = fold_address(user.email)
    if user.locale:
        document["locale"] = user.locale
    return document


def _conflict(details: Mapping[str, Any] | None) -> ChatError:
    names = {"username_key": "username", "email_key": "email"}
    pattern = (details or {}).get("keyPattern", {})
    return Conflict({names[name]: ["invalid.taken"] for name in pattern if name in names})
