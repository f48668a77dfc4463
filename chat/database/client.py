"""The MongoDB client of this process, created at first use."""

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
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from chat.database.clock import SharedClock
from chat.database.dialects import SECANTUSDB, Dialect, dialect_of

DEFAULT_NAME = "chat"
# Of an operation without a `time_limit`. No other option works when the server hangs.
TIMEOUT_MS = 4000
CLOSE_SECONDS = 1.0  # for ending the sessions at a server that may be away
# An ack means: a majority has it on disk. Whatever the URI says.
WRITE_CONCERN = WriteConcern("majority", j=True)
# Reads see what a write collides with: the primary, and what no majority has yet. A secondary or a
# majority lags, so a writer would not find the message that has just refused its insert.
READ_PREFERENCE = ReadPreference.PRIMARY
READ_CONCERN = ReadConcern("local")

Document = dict[str, Any]
DatabaseError = PyMongoError  # for code that does not import PyMongo


def time_limit(seconds: float) -> AbstractContextManager[None]:
    """Limit all operations within this block together, instead of each to TIMEOUT_MS."""
    return pymongo.timeout(seconds)


class Database:
    """One MongoClient for this process.

    `uri` may be a callable, called at first use, because it may start the embedded database. A
    MongoClient is not safe across a fork: fork before the first use.
    """

    def __init__(self, uri: str | Callable[[], str]) -> None:
        self._uri = uri
        self._lock = threading.Lock()
        self._clock = SharedClock()
        self._client: MongoClient[Document] | None = None
        self._db: MongoDatabase[Document] | None = None
        self._dialect: Dialect | None = None

    @property
    def db(self) -> MongoDatabase[Document]:
        """Return the database named in the URI, or else `chat`."""
        db = self._db
        return db if db is not None else self._connect()

    @property
    def dialect(self) -> Dialect:
        """Return what the server's engine needs, as the server says once.

        Until it answers, return the dialect that is right on every engine.
        """
        if self._dialect is None:
            try:
                self._dialect = dialect_of(self.db.command("buildInfo"))
            except PyMongoError:  # the caller's own operation meets the same error
                return SECANTUSDB
        return self._dialect

    def now(self) -> datetime:
        """Return the time by the database's clock, which all processes share; costs a query."""
        asked_at = time.monotonic()
        told: datetime = self.db.command("hello")["localTime"].replace(tzinfo=UTC)
        self._clock.correct(round(told.timestamp() * 1000), asked_at)
        return told

    def now_ms(self) -> int:
        """Return the same in milliseconds since 1970 UTC, estimated from earlier answers if any."""
        found = self._clock.now_ms()
        return round(self.now().timestamp() * 1000) if found is None else found

    def close(self) -> None:
        """Close the connections; the next use opens new ones to the present URI."""
        with self._lock:
            client, self._client, self._db = self._client, None, None
        if client is not None:
            with pymongo.timeout(CLOSE_SECONDS):
                client.close()

    def renew(self, uri: str) -> None:
        """Change the URI; the next use opens new connections.

        The old ones are closed after the time limit of operations under way.
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
                    tz_aware=False,
                    uuidRepresentation="standard",
                )
                self._db = self._client.get_default_database(DEFAULT_NAME).with_options(
                    read_preference=READ_PREFERENCE,
                    read_concern=READ_CONCERN,
                    write_concern=WRITE_CONCERN,
                )
            return self._db
