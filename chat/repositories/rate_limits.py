"""Moving windows that all processes share and that outlive them: in the database, or in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from limits.storage import RedisStorage, Storage
from limits.storage.mongodb import MongoDBStorageBase

if TYPE_CHECKING:
    from chat.database.client import Database

TRIES = 3  # to count one where others make the window at the same moment


REDIS_SECONDS = 4  # for a connection, for an answer


def shared_windows(database: Database, queue_url: str) -> Storage:
    """Return where all processes count: in Redis where `queue_url` names one."""
    if not queue_url:
        return SharedWindows(database)
    return RedisStorage(
        queue_url,
        key_prefix="chat-limits",
        socket_connect_timeout=REDIS_SECONDS,
        socket_timeout=REDIS_SECONDS,
    )


class SharedWindows(MongoDBStorageBase):
    """The storage of the package `limits` in the collection `rate_limit`.

    On our own connections and with our own indexes.
    """

    STORAGE_SCHEME = None  # it is never made from a URI

    def __init__(self, database: Database) -> None:
        super().__init__("")
        self._chat = database

    @property
    def windows(self) -> Any:
        """Return the collection of the windows, each an id and the times of what was counted."""
        return self._chat.db["rate_limit"]

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count one (or `amount`); tell whether it was within the limit."""
        for _ in range(TRIES):
            if super().acquire_entry(key, limit, expiry, amount):
                return True
            # It says no as well when another process made the window at the same moment.
            if self.get_moving_window(key, limit, expiry)[1] + amount > limit:
                return False
        return False

    def _init_mongo_client(self, uri: str | None, **_: int | str | bool) -> Any:
        return self._chat.db.client

    def __del__(self) -> None:
        """Leave the connections open: they are the database's."""
