"""Persistent moving windows that all processes share: in the database, or in Redis.

Times are by the clock of the database or of Redis, so the clocks of processes may differ. A time in
the future was written before that clock was set back. It is replaced by the present, so that nobody
waits longer than the window.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from limits.storage import RedisStorage, Storage
from limits.storage.mongodb import MongoDBStorageBase
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from chat.database.client import Database

TRIES = 3  # of an update, because the window may be missing or be deleted at the same moment
REDIS_SECONDS = 4  # time limit of a connection attempt, and of an answer

NOW = {"$divide": [{"$toLong": "$$NOW"}, 1000]}
# The entries of a window, with times in the future replaced by the present.
ENTRIES = {
    "$map": {
        "input": {"$ifNull": ["$entries", []]},
        "as": "entry",
        "in": {"$min": ["$$entry", NOW]},
    }
}

# KEYS: the window. ARGV: its limit, its length in seconds, the amount to count (0 only reads).
# Returns {1 if the amount was counted, the number of entries, seconds since the oldest}.
REDIS_WINDOW = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local limit, seconds, amount = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local entries, changed, counted = {}, false, 0
for _, entry in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
    local at = tonumber(entry)
    if at > now then
        at, changed = now, true
    end
    if at > now - seconds then
        entries[#entries + 1] = at
    end
end
if amount > 0 and #entries + amount <= limit then
    for _ = 1, amount do
        table.insert(entries, 1, now)
    end
    changed, counted = true, 1
end
if changed then
    redis.call('DEL', KEYS[1])
    for _, at in ipairs(entries) do
        redis.call('RPUSH', KEYS[1], string.format('%.6f', at))
    end
    redis.call('EXPIRE', KEYS[1], seconds)
end
local oldest = entries[#entries] or now
return {counted, #entries, string.format('%.6f', now - oldest)}
"""


def shared_windows(database: Database, queue_url: str) -> Storage:
    """Return the storage of shared counts: Redis if `queue_url` is set, else the database."""
    if not queue_url:
        return DatabaseWindows(database)
    return RedisWindows(
        queue_url,
        key_prefix="chat-limits",
        socket_connect_timeout=REDIS_SECONDS,
        socket_timeout=REDIS_SECONDS,
    )


class DatabaseWindows(MongoDBStorageBase):
    """The storage of the package `limits` in the collection `rate_limit`.

    It uses the app's connections, and indexes from the migrations.
    """

    STORAGE_SCHEME = None  # it is never created from a URI

    def __init__(self, database: Database) -> None:
        super().__init__("")
        self._chat = database

    @property
    def windows(self) -> Any:
        """Return the collection of windows, each with an id and the times of its entries."""
        return self._chat.db["rate_limit"]

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count one (or `amount`) within the limit; return whether it was counted."""
        change = _counting(limit, expiry, amount)
        for _ in range(TRIES):
            # `find_one_and_update`, because a later read could show the result of another write.
            # An engine may read the whole collection for it: the windows of the last hour.
            found = self.windows.find_one_and_update(
                {"_id": key}, change, return_document=ReturnDocument.AFTER
            )
            if found is not None:
                return bool(found["acquired"])
            with suppress(DuplicateKeyError):  # another process inserted it at the same moment
                self.windows.insert_one({"_id": key, "entries": []})
        return False

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return when the oldest entry was counted, by this process's clock, and how many are."""
        look = [
            {"$match": {"_id": key}},
            {"$project": {"entries": 1, "now": NOW}},
        ]
        found = next(iter(self.windows.aggregate(look)), None)
        if found is None:
            return time.time(), 0
        now, entries = found["now"], found.get("entries", [])
        if any(entry > now for entry in entries):
            self.windows.update_one({"_id": key}, [{"$set": {"entries": ENTRIES}}])
        ages = [age for age in (now - min(entry, now) for entry in entries) if age < expiry]
        return time.time() - max(ages, default=0.0), len(ages)

    def _init_mongo_client(self, uri: str | None, **_: int | str | bool) -> Any:
        return self._chat.db.client

    def __del__(self) -> None:
        """Keep the connections open, because they belong to the database client."""


class RedisWindows(RedisStorage):
    """The storage of the package `limits` in Redis, with times by the clock of Redis."""

    def __init__(self, uri: str, **options: Any) -> None:
        super().__init__(uri, **options)
        self._window = self.storage.register_script(REDIS_WINDOW)

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count one (or `amount`) within the limit; return whether it was counted."""
        return bool(self._ask(key, limit, expiry, amount)[0])

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return when the oldest entry was counted, by this process's clock, and how many are."""
        _, count, age = self._ask(key, limit, expiry, 0)
        return time.time() - float(age), int(count)

    def _ask(self, key: str, limit: int, expiry: int, amount: int) -> Any:
        return self._window([self.prefixed_key(key)], [limit, expiry, amount])


def _counting(limit: int, expiry: int, amount: int) -> list[dict[str, Any]]:
    """Return the update that counts `amount` within the limit, and sets `acquired` accordingly."""
    in_window = {"$gt": ["$$entry", {"$subtract": [NOW, expiry]}]}
    new = {"$concatArrays": [[NOW] * amount, "$entries"]}
    return [
        {"$set": {"entries": {"$filter": {"input": ENTRIES, "as": "entry", "cond": in_window}}}},
        {"$set": {"acquired": {"$lte": [{"$size": "$entries"}, limit - amount]}}},
        {
            "$set": {
                "entries": {"$cond": ["$acquired", new, "$entries"]},
                "expireAt": {"$add": ["$$NOW", expiry * 1000]},
            }
        },
    ]
