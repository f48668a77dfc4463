"""The one way to MongoDB: a client made on first use; importing costs and touches nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pymongo
from pymongo import MongoClient
from pymongo.database import Database as MongoDatabase
from pymongo.errors import PyMongoError

from chat.database.clock import SharedClock

DEFAULT_NAME = "chat"
# Of an operation, where no `time_limit` says otherwise; the only option that holds when the server
# hangs.
TIMEOUT_MS = 4000
CLOSE_SECONDS = 1.0  # for a goodbye to the server, which may be gone

Document = dict[str, Any]
DatabaseError = PyMongoError  # its name for those who do not know PyMongo


def time_limit(seconds: float) -> AbstractContextManager[None]:
    """Let all operations within this block together take so long instead of each TIMEOUT_MS."""
    return pymongo.timeout(seconds)


class Database:
    """One MongoClient for this process.

    `uri` may be a callable: the embedded database tells where it listens only when asked, because
    asking may start it. A MongoClient is not safe across a fork: fork before the first use.
    """

    def __init__(self, uri: str | Callable[[], str]) -> None:
        self._uri = uri
        self._lock = threading.Lock()
        self._clock = SharedClock()
        self._client: MongoClient[Document] | None = None
        self._db: MongoDatabase[Document] | None = None

    @property
    def db(self) -> MongoDatabase[Document]:
        """Return the database named in the URI, `chat` when it names none."""
        db = self._db
        return db if db is not None else self._connect()

    def now(self) -> datetime:
        """Ask for the time by the database's own clock, the one that all processes share."""
        asked_at = time.monotonic()
        told: datetime = self.db.command("hello")["localTime"].replace(tzinfo=UTC)
        self._clock.learn(round(told.timestamp() * 1000), asked_at)
        return told

    def now_ms(self) -> int:
        """Return the same in milliseconds since 1970 UTC, from the last answer if there was one."""
        found = self._clock.now_ms()
        return round(self.now().timestamp() * 1000) if found is None else found

    def close(self) -> None:
        """Close the connections; the next use opens new ones, wherever the database is then."""
        with self._lock:
            client, self._client, self._db = self._client, None, None
        if client is not None:
            with pymongo.timeout(CLOSE_SECONDS):
                client.close()

    def renew(self, uri: str) -> None:
        """Open new connections on the next use: the database has moved to another address.

        The old ones are closed when nothing can be waiting for them any more.
        """
        with self._lock:
            self._uri = uri
            client, self._client, self._db = self._client, None, None
        if client is not None:
            timer = threading.Timer(2 * TIMEOUT_MS / 1000, client.close)
            timer.daemon = True
            timer.start()

    def _connect(self) -> MongoDatabase[Document]:
        with self._lock:
            if self._db is None:
                uri = self._uri if isinstance(self._uri, str) else self._uri()
                self._client = MongoClient(
                    uri,
                    appname="chat",
                    timeoutMS=TIMEOUT_MS,
                    w="majority",
                    journal=True,
                    uuidRepresentation="standard",
                )
                self._db = self._client.get_default_database(DEFAULT_NAME)
            return self._db
