"""Writes what servers of the known design wrote, in each of its shapes."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

from argon2 import PasswordHasher
from bson import ObjectId
from pymongo.database import Database as MongoDatabase

START = 1_600_000_000  # seconds, as such servers counted
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

Document = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """One way such a server names its collections and fields, and refers to documents."""

    basic: bool = False  # user_basic, room_basic, message_basic
    misspelt: bool = False  # crated_at, updated_t
    account: bool = False  # account, nickname
    refers_by: Literal["identity", "hex", "id"] = "identity"
    room_type: bool = True
    read_marks: bool = False  # message_identity

    def __str__(self) -> str:
        words = [
            "basic" if self.basic else "plain",
            *(["misspelt"] if self.misspelt else []),
            *(["account"] if self.account else []),
            self.refers_by,
            *(["room_type"] if self.room_type else []),
            *(["marks"] if self.read_marks else []),
        ]
        return "-".join(words)


class OldServer:
    """An old server on a database. What its methods return are the documents it wrote."""

    def __init__(self, db: MongoDatabase[Document], shape: Shape | None = None) -> None:
        self.db = db
        self.shape = shape or Shape()
        self._seconds = count(START, 60)

    def add_user(self, username: str, password: str | None = None, **fields: Any) -> Document:
        """Make an account; with a password one of argon2id, else a weak hash of a random one."""
        names = ("account", "nickname") if self.shape.account else ("username", "nicname")
        if password is None:
            hashed = hashlib.md5(secrets.token_bytes(8)).hexdigest()  # noqa: S324 (as they did)
        else:
            hashed = CHEAP.hash(password)
        document = {
            names[0]: username,
            names[1]: f"{username} 昵称",
            "password": hashed,
            "sex": 1,
            "email": f"{username}@example.org",
            "avatar": "",
            **self._identity(),
            **self._times(plain=True),
        }
        return self._insert("user", {**document, **fields})

    def add_room(self, creator: Document | None = None, **fields: Any) -> Document:
        """Make a room that has nobody in it yet."""
        document = {
            "number": f"{100_000_000 + secrets.randbelow(900_000_000)}",
            "name": "老友",
            "info": "",
            "user_identity": self.reference(creator) if creator else "",
            **self._identity(),
            **self._times(),
        }
        return self._insert("room", {**document, **fields})

    def add_member(
        self, room: Document, user: Document, room_type: int = 2, **fields: Any
    ) -> Document:
        """Put somebody into a room."""
        document = {
            "user_identity": self.reference(user),
            "room_identity": self.reference(room),
            **({"room_type": room_type} if self.shape.room_type else {}),
            **self._times(),
        }
        return self._insert("user_room", {**document, **fields})

    def add_group(self, *members: Document, **fields: Any) -> Document:
        """Make a group; the first of the members is its creator."""
        room = self.add_room(members[0], **fields)
        for member in members:
            self.add_member(room, member)
        return room

    def add_friends(self, one: Document, other: Document) -> Document:
        """Make the room that two friends share."""
        room = self.add_room(one, number="", name="")
        for member in (one, other):
            self.add_member(room, member, room_type=1)
        return room

    def say(self, room: Document, user: Document, data: str, **fields: Any) -> Document:
        """Write a message."""
        document = {
            "user_identity": self.reference(user),
            "room_identity": self.reference(room),
            "data": data,
            **self._times(),
        }
        return self._insert("message", {**document, **fields})

    def reference(self, document: Document) -> Any:
        """Return how other documents refer to this one."""
        if self.shape.refers_by == "identity":
            return document["identity"]
        return str(document["_id"]) if self.shape.refers_by == "hex" else document["_id"]

    def _identity(self) -> Document:
        if self.shape.refers_by != "identity":
            return {}
        digits = secrets.token_hex(16)
        return {"identity": f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:]}"}

    def _times(self, plain: bool = False) -> Document:
        now = next(self._seconds)
        if self.shape.misspelt and not plain:
            return {"crated_at": now, "updated_t": now}
        return {"created_at": now, "updated_at": now}

    def _insert(self, kind: str, document: Document) -> Document:
        name = f"{kind}_basic" if self.shape.basic and kind != "user_room" else kind
        document.setdefault("_id", ObjectId())
        self.db[name].insert_one(document)
        return document


SHAPES = [  # that were seen
    Shape(),
    Shape(basic=True, misspelt=True),
    Shape(account=True),
    Shape(misspelt=True, refers_by="hex"),
    Shape(refers_by="id", room_type=False, read_marks=True),
    Shape(basic=True, refers_by="id", account=True, read_marks=True),
]
