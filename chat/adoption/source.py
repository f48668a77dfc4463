"""The data to adopt: in another database, or in the chat's own, in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pymongo
from bson import ObjectId
from pymongo import MongoClient
from pymongo.database import Database as MongoDatabase
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from chat.adoption.errors import AdoptionError
from chat.adoption.steps import scan
from chat.adoption.variants import Document

T = TypeVar("T")
Show = Callable[[Iterable[T], int, str], Iterable[T]]  # shows progress: items, total, label

NAMES = {
    "user": ("user", "user_basic"),
    "room": ("room", "room_basic"),
    "user_room": ("user_room",),
    "message": ("message", "message_basic"),
}
CONNECT_SECONDS = 10.0  # unless the address says serverSelectionTimeoutMS; reads have other limits


@dataclass(frozen=True, slots=True)
class Found:
    """A document to adopt. `replaces`: the new document overwrites it in place."""

    document: Document
    replaces: bool

    @property
    def id(self) -> Any:
        return self.document["_id"]


class Source:
    """A database of the known design. With `in_place` it is the chat's own."""

    def __init__(self, db: MongoDatabase[Document], name: str, in_place: bool) -> None:
        self._db = db
        self.name = name
        self.in_place = in_place

    def read(self, kind: str) -> Iterator[Found]:
        """Yield all documents of a kind, from all its collections, each id once."""
        seen: set[Any] = set()
        several = [name for name in NAMES[kind] if self._size(name)]
        for name in several:
            replaces = self.in_place and name == kind
            for document in scan(self._db[name]):
                id_ = document["_id"]
                if len(several) > 1:
                    if id_ in seen:
                        continue
                    seen.add(id_)
                if replaces and not isinstance(id_, ObjectId):
                    raise AdoptionError(
                        f"{name} has a document whose _id is no ObjectId ({id_!r}). That cannot be"
                        " adopted in place: give the chat a database of its own, and name this one"
                        " with --from."
                    )
                yield Found(document, replaces)

    def size(self, kind: str) -> int:
        """Return the approximate number of documents of a kind."""
        return sum(map(self._size, NAMES[kind]))

    def _size(self, name: str) -> int:
        return self._db[name].estimated_document_count()


@contextmanager
def open_source(uri: str | None, target: MongoDatabase[Document]) -> Iterator[Source]:
    """Open the database of `uri`; without one, or if it is the target, adopt in place."""
    if uri is None:
        yield _own(target)
        return
    name, seconds = _database_of(uri)
    client: MongoClient[Document] = MongoClient(
        uri, appname="chat adopt", uuidRepresentation="standard"
    )
    try:
        try:
            with pymongo.timeout(seconds):
                client.admin.command("ping")
        except PyMongoError as error:
            raise AdoptionError(
                f"The database to adopt does not answer: {type(error).__name__}."
            ) from None
        if name == target.name and client.nodes & target.client.nodes:
            yield _own(target)
            return
        where = ", ".join(sorted(f"{host}:{port}" for host, port in client.nodes))
        source = Source(client[name], f"{name} at {where}", in_place=False)
        if not any(source.size(kind) for kind in NAMES):
            raise AdoptionError(
                f"There is nothing to adopt in {source.name}: no collection has a known name."
            )
        yield source
    finally:
        client.close()


def _own(target: MongoDatabase[Document]) -> Source:
    return Source(target, f"the chat's own database {target.name}", in_place=True)


def _database_of(uri: str) -> tuple[str, float]:
    """Return the name of the database, and for how many seconds to wait for its server."""
    try:
        parsed = parse_uri(uri)
    except (PyMongoError, ValueError) as error:
        # Not the error's text, which may contain the URI with its password.
        raise AdoptionError(f"--from is no address of a MongoDB: {type(error).__name__}.") from None
    if not parsed["database"]:
        raise AdoptionError("--from must name a database: mongodb://HOST:PORT/DATABASE.")
    seconds = parsed["options"].get("serverSelectionTimeoutMS", CONNECT_SECONDS)
    return str(parsed["database"]), float(seconds)
